"""The methods of a comparison on all of its splits, piece by piece: here or by workers, kept in a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mot_fast._validate import Array, Index
from mot_fast.analysis.comparison import ROTATED, SIMILARITIES, MethodResult
from mot_fast.analysis.hierarchy_null import hierarchy_null
from mot_fast.analysis.method_outcomes import MethodOutcome, method_result
from mot_fast.analysis.methods import ComparisonPlan, SplitPair
from mot_fast.analysis.permutation_test import sign_flip_p_value
from mot_fast.analysis.pieces import BESIDE_THE_POINT, Piece, check_shapes, in_memory, results_of, shared_networks
from mot_fast.analysis.splits import Splits
from mot_fast.analysis.stimulus_sets import Together
from mot_fast.layer_pairs.layer_cache import StoredNetwork
from mot_fast.layer_pairs.resources import Resources
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.networks.network import Network
from mot_fast.system.progress import progress_bar

_GROUPS = (
    *((name,) for name in SIMILARITIES),
    COUPLINGS,
    ROTATED,
    ("partial",),
    ("global_ot",),
    ("global_linear",),
    ("linear",),
)
"""Groups of methods that share their work, in the order in which they are run. The similarities are first, since they
refuse activations that all others take."""


@dataclass(frozen=True, eq=False)
class MethodsOnSplit(Piece):
    """Methods that share their work, on one split."""

    plan: ComparisonPlan
    source: StoredNetwork
    target: StoredNetwork
    target_repeats: tuple[StoredNetwork, ...]
    train: Index
    test: Index
    seed: int
    together: Mapping[str, Any] | None
    """See `SplitPair`."""
    names: tuple[str, ...]

    def run(self) -> dict[str, Array]:
        """Outcomes of the methods, packed."""
        source, target = in_memory(self.source), in_memory(self.target)
        train, test = ((source[rows], target[rows]) for rows in (self.train, self.test))
        repeats = [in_memory(repeat)[self.test] for repeat in self.target_repeats]
        outcomes = self.plan.outcomes(SplitPair(train, test, self.seed, self.together, repeats), self.names)
        return {f"{name}/{key}": values for name, each in outcomes.items() for key, values in each.packed().items()}

    def check(self, arrays: Mapping[str, Array]) -> None:
        """See `Piece`."""
        shape = len(self.source.network), len(self.target.network)
        if unknown := sorted({key.partition("/")[0] for key in arrays} - set(self.names)):
            raise ValueError(f"it holds results of {unknown}")
        for name in self.names:
            MethodOutcome.check(_of_method(arrays, name), shape, len(self.test))

    def unpacked(self, arrays: Mapping[str, Array]) -> Iterator[tuple[str, MethodOutcome]]:
        """The outcome of every method, by its name."""
        for name in self.names:
            yield name, MethodOutcome.unpacked(_of_method(arrays, name))


@dataclass(frozen=True, eq=False)
class ShuffledHierarchy(Piece):
    """The hierarchy of "mot" or "mot+r", fitted to all stimuli, among those of shuffled stimuli."""

    plan: ComparisonPlan
    source: StoredNetwork
    target: StoredNetwork
    is_rotated: bool
    n_shuffles: int
    together: Together
    seed: int
    executor: Executor | None = field(metadata=BESIDE_THE_POINT)
    has_progress: bool = field(metadata=BESIDE_THE_POINT)

    def run(self) -> dict[str, Array]:
        """The p-value."""
        plan, networks = self.plan, (self.source.network, self.target.network)
        null = hierarchy_null(
            *networks,
            n_permutations=self.n_shuffles,
            n_layer_permutations=1,
            shuffle=self.together.shuffle(networks[1].n_stimuli).kind,
            groups=self.together.labels,
            seed=self.seed,
            progress=self.has_progress,
            rotate=plan.alternation if self.is_rotated else False,
            source_mass=plan.source_masses.given,
            target_mass=plan.target_masses.given,
            convention=plan.convention,
            n_jobs=plan.n_jobs,
            memory_limit=plan.memory_limit,
            executor=self.executor,
            store=plan.store,
        )
        return {"p": np.array(null.p_stimuli)}

    def check(self, arrays: Mapping[str, Array]) -> None:
        """See `Piece`."""
        check_shapes(arrays, {"p": ()})
        if not 0.0 < float(arrays["p"]) <= 1.0:
            raise ValueError(f"its p-value is {arrays['p']}")


def results_of_methods(
    plan: ComparisonPlan,
    networks: tuple[Network, Network],
    target_repeats: Sequence[Network],
    splits: Splits,
    together: Together,
    seed: int,
    names: Sequence[str],
    n_shuffles: int,
    resources: Resources,
    *,
    has_progress: bool,
) -> dict[str, MethodResult]:
    """Run all methods on every split, and collect the results of each method.

    With `n_shuffles`, the hierarchies of "mot" and "mot+r" are compared with those of so many shuffles of all stimuli.
    """
    resampled = [together.of(test) for _, test in splits.rows]
    with shared_networks([*networks, *target_repeats], resources) as (source, target, *repeats):
        on_splits = {
            (s, group): MethodsOnSplit(
                *(plan, source, target, tuple(repeats), train, test, seed + s, resampled[s], group)
            )
            for s, (train, test) in enumerate(splits.rows)
            for group in _groups(names)
        }
        outcomes = _outcomes(on_splits, names, resources, has_progress=has_progress)
        of_shuffles = {
            name: ShuffledHierarchy(
                *(plan, source, target, name in ROTATED, n_shuffles, together, seed), resources.executor, has_progress
            )
            for name in ("mot", "mot+r")
            if n_shuffles and name in names and min(map(len, networks)) > 1
        }
        here = replace(resources, executor=None)  # their alignments go to the workers
        p_shuffled = {name: float(arrays["p"]) for name, arrays in results_of(of_shuffles, here)}
    if "mot" in names and "mot+r" in names:
        how = [(plan.n_resamples, seed + s, sets) for s, sets in enumerate(resampled)]
        outcomes["mot+r"] = [_compared(*each) for each in zip(outcomes["mot+r"], outcomes["mot"], how, strict=True)]
    results = {name: method_result(each) for name, each in outcomes.items()}
    return results | {name: replace(results[name], p_shuffled=p) for name, p in p_shuffled.items()}


def _groups(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The names, those that share their work together."""
    return [asked for group in _GROUPS if (asked := tuple(name for name in group if name in names))]


def _outcomes(
    pieces: Mapping[tuple[int, tuple[str, ...]], MethodsOnSplit],
    names: Sequence[str],
    resources: Resources,
    *,
    has_progress: bool,
) -> dict[str, list[MethodOutcome]]:
    """The outcomes of every method, one a split."""
    found: dict[str, dict[int, MethodOutcome]] = {name: {} for name in names}
    with progress_bar("methods on splits", is_shown=has_progress, total=len(pieces)) as bar:
        for place, arrays in results_of(pieces, resources):
            for name, outcome in pieces[place].unpacked(arrays):
                found[name][place[0]] = outcome
            bar.update()
    return {name: [of_splits[s] for s in sorted(of_splits)] for name, of_splits in found.items()}


def _compared(
    rotated: MethodOutcome, plain: MethodOutcome, how: tuple[int, int, Mapping[str, Any] | None]
) -> MethodOutcome:
    """The outcome of "mot+r", with the p-value of its scoring higher than "mot" on the same split."""
    n_resamples, seed, together = how
    if together is None or rotated.parts is None or plain.parts is None:
        return rotated
    p = sign_flip_p_value(rotated.parts - plain.parts, n_resamples, seed, **together)
    return replace(rotated, p_better={**(rotated.p_better or {}), "mot": p})


def _of_method(arrays: Mapping[str, Array], name: str) -> dict[str, Array]:
    """The arrays of one method."""
    start = f"{name}/"
    return {key.removeprefix(start): np.asarray(values) for key, values in arrays.items() if key.startswith(start)}
