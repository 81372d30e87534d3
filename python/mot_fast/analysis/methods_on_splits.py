"""The methods of a comparison on all of its splits, piece by piece: here or by workers, kept in a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mot_fast._validate import Array, Index
from mot_fast.analysis.comparison import ROTATED, SIMILARITIES, MethodResult
from mot_fast.analysis.method_outcomes import MethodOutcome, method_result
from mot_fast.analysis.methods import ComparisonPlan, SplitPair
from mot_fast.analysis.permutation_test import sign_flip_p_value
from mot_fast.analysis.pieces import Piece, in_memory, results_of, shared_networks
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
        outcomes = self.plan.outcomes(SplitPair(train, test, self.seed, self.together), self.names)
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


def results_of_methods(
    plan: ComparisonPlan,
    networks: tuple[Network, Network],
    splits: Splits,
    together: Together,
    seed: int,
    names: Sequence[str],
    resources: Resources,
    *,
    has_progress: bool,
) -> dict[str, MethodResult]:
    """Run all methods on every split, and collect the results of each method."""
    groups = [asked for group in _GROUPS if (asked := tuple(name for name in group if name in names))]
    resampled = [together.of(test) for _, test in splits.rows]
    outcomes: dict[str, dict[int, MethodOutcome]] = {name: {} for name in names}
    n_pieces = len(splits.rows) * len(groups)
    with (
        progress_bar("methods on splits", is_shown=has_progress, total=n_pieces) as bar,
        shared_networks(networks, resources) as (source, target),
    ):
        pieces = {
            (s, group): MethodsOnSplit(plan, source, target, train, test, seed + s, resampled[s], group)
            for s, (train, test) in enumerate(splits.rows)
            for group in groups
        }
        positions = {id(piece): s for (s, _), piece in pieces.items()}
        for piece, arrays in results_of(pieces.values(), resources):
            for name, outcome in piece.unpacked(arrays):
                outcomes[name][positions[id(piece)]] = outcome
            bar.update()
    of_splits = {name: [found[s] for s in range(len(splits.rows))] for name, found in outcomes.items()}
    if "mot" in names and "mot+r" in names:
        how = [(plan.n_resamples, seed + s, sets) for s, sets in enumerate(resampled)]
        of_splits["mot+r"] = [_compared(*each) for each in zip(of_splits["mot+r"], of_splits["mot"], how, strict=True)]
    return {name: method_result(each) for name, each in of_splits.items()}


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
