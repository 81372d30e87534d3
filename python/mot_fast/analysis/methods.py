"""Every method of a comparison: fitted on the training stimuli of a split, and evaluated on the held-out ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mot_fast import _validate, _validate_masses
from mot_fast._validate import F64
from mot_fast.alignment.align import align
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.comparison import ROTATED, SIMILARITIES, MethodResult, sd_of
from mot_fast.analysis.method_memory import threads_within
from mot_fast.analysis.permutation_test import p_better
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.measures.linear import global_linear_predictivity, linear_predictivity
from mot_fast.measures.similarity import greedy_map
from mot_fast.networks.load import load
from mot_fast.networks.network import Network
from mot_fast.system.progress import progress_bar
from mot_fast.system.resource_usage import ResourceUsage, measure_usage

_GROUPS = (*((name,) for name in SIMILARITIES), COUPLINGS, ROTATED, ("global_ot",), ("global_linear",), ("linear",))
"""Groups of methods that share their work, in the order in which they are run. The similarities are first, since they
refuse activations that all others take."""

Pair = tuple[Network, Network]
"""A source and a target network."""


@dataclass(frozen=True)
class SplitPair:
    """Source and target network on the training stimuli of a split, and on the held-out ones."""

    train: Pair
    test: Pair
    seed: int


@dataclass(frozen=True)
class MethodOutcome:
    """Held-out value of one method on one split, and the time and memory that it took."""

    value: float
    usage: ResourceUsage
    layer_map: F64 | None = None
    permuted_sd: float | None = None
    p_better: float | None = None


@dataclass(frozen=True)
class ComparedMasses:
    """Masses of one of the compared networks: layer by layer, and as one layer for the global transport."""

    given: Any
    """The argument of the caller, which every alignment takes."""
    layers: F64
    """Masses of the layers, with sum 1."""
    as_one_layer: list[F64] | None
    """Masses of all units, as those of one layer; None where the caller gave none, so that they are uniform."""

    @classmethod
    def validated(cls, given: Any, widths: tuple[int, ...], argument: str) -> ComparedMasses:
        """Masses as the caller gave them, for a network whose layers have these widths."""
        layers, units = _validate_masses.network_masses(given, widths, argument)
        if units is None:
            units = tuple(np.full(width, 1.0 / width) for width in widths)
        shares = np.concatenate([layer * of_layer for layer, of_layer in zip(layers, units, strict=True)])
        return cls(given, layers, None if given is None else [shares])


@dataclass(frozen=True)
class ComparisonPlan:
    """Validated arguments of a comparison, and the work of its methods on every split."""

    alternation: Alternation
    source_masses: ComparedMasses
    target_masses: ComparedMasses
    n_permutations: int
    n_resamples: int
    convention: str
    n_jobs: int
    memory_limit: int | None
    store: str | None
    n_threads: Mapping[str, int] = field(default_factory=dict)
    """Number of threads for each method that may not use all of them within the memory limit."""

    @classmethod
    def validated(
        cls,
        networks: Pair,
        masses: tuple[Any, Any],
        *,
        alternation: Alternation,
        n_permutations: int,
        n_resamples: int,
        convention: str,
        n_jobs: int | None,
        memory_limit: int | None,
        store: str | os.PathLike[str] | None,
    ) -> ComparisonPlan:
        """The plan for two networks, from the arguments of `mot_fast.compare`.

        Raises
        ------
        TypeError, ValueError
            If an argument is none of those that `mot_fast.compare` takes.
        """
        source, target = networks
        return cls(
            alternation=validated_alternation(alternation),
            source_masses=ComparedMasses.validated(masses[0], source.widths, "source_mass"),
            target_masses=ComparedMasses.validated(masses[1], target.widths, "target_mass"),
            n_permutations=_validate.whole_number(
                n_permutations, "n_permutations", at_least=1, at_most=_validate.MOST_REPEATS
            ),
            n_resamples=_validate.whole_number(
                n_resamples, "n_resamples", at_least=1, at_most=_validate.MOST_RESAMPLES
            ),
            convention=_validate.choice(convention, CONVENTIONS, "convention"),
            n_jobs=_validate.n_threads(n_jobs),
            memory_limit=memory_limit,
            store=None if store is None else _validate.path(store, "store"),
        )

    def within_memory(self, names: Sequence[str], networks: Pair, n_held_out: int) -> ComparisonPlan:
        """The plan with so few threads for each method that all of them keep to the memory limit.

        Raises
        ------
        ValueError
            If a method needs more memory even on one thread.
        """
        if self.memory_limit is None:
            return self
        limit = _validate.memory_limit(self.memory_limit, 0)
        threads = threads_within(limit, names, networks, n_held_out, self.n_permutations, self.n_jobs)
        return replace(self, n_threads=threads)

    def results(self, splits: Sequence[SplitPair], names: Sequence[str], progress: bool) -> dict[str, MethodResult]:
        """Run all methods on every split, and collect the results of each method."""
        groups = [asked for group in _GROUPS if (asked := [name for name in group if name in names])]
        outcomes: dict[str, list[MethodOutcome]] = {name: [] for name in names}
        with progress_bar("methods on splits", is_shown=progress, total=len(splits) * len(groups)) as bar:
            for split in splits:
                for group in groups:
                    for name, outcome in self._run_group(split, group).items():
                        outcomes[name].append(outcome)
                    bar.update()
        return {name: _method_result(each) for name, each in outcomes.items()}

    def _run_group(self, split: SplitPair, names: list[str]) -> dict[str, MethodOutcome]:
        """Outcomes of methods that share their work."""
        if names[0] in COUPLINGS or names[0] in ROTATED:
            return self._couplings(split, names)
        measure = {"global_ot": self._global_ot, "global_linear": self._global_linear, "linear": self._linear}
        with measure_usage() as usage:
            outcome = measure[names[0]](split) if names[0] in measure else self._similarity(split, names[0])
        value, layer_map = outcome
        return {names[0]: MethodOutcome(value, usage, layer_map)}

    def _couplings(self, split: SplitPair, names: list[str]) -> dict[str, MethodOutcome]:
        """Outcomes of couplings, all of them without rotations or all of them with, from one alignment."""
        suffix = "+r" if names[0] in ROTATED else ""
        masses = self.source_masses.given, self.target_masses.given
        with measure_usage() as alignment_usage:
            alignment = self._align(split.train, masses, self.alternation if suffix else False)
        outcomes = {}
        for name in names:
            coupling = name.removesuffix("+r")
            with measure_usage() as scores_usage:
                seeds = range(self.n_permutations if coupling == "permuted" else 1)
                weights = [alignment.coupling(coupling, seed=k) for k in seeds]
                values = np.array([score.value for score in alignment.scores(*split.test, weights, self.n_jobs)])
            outcomes[name] = MethodOutcome(
                float(values.mean()),
                alignment_usage.then(scores_usage),
                # The hierarchy is linear in the weights, so that of the mean map is the mean of the hierarchies.
                np.mean(weights, axis=0),
                permuted_sd=sd_of(values) if coupling == "permuted" else None,
            )
        better, worse = f"mot{suffix}", f"pairwise_best{suffix}"
        if better in names and worse in names:
            p = p_better(alignment, *split.test, n_resamples=self.n_resamples, seed=split.seed)
            outcomes[better] = replace(outcomes[better], p_better=p)
        return outcomes

    def _align(
        self, networks: Pair, masses: tuple[Any, Any], rotate: bool | Alternation, held_bytes: int = 0
    ) -> Alignment:
        """Align two networks within what `held_bytes` leave of the memory limit."""
        return align(
            *networks,
            rotate=rotate,
            source_mass=masses[0],
            target_mass=masses[1],
            convention=self.convention,
            n_jobs=self.n_jobs,
            memory_limit=None if self.memory_limit is None else max(1, self.memory_limit - held_bytes),
            store=self.store,
        )

    def _global_ot(self, split: SplitPair) -> tuple[float, None]:
        """Held-out score of one transport between all units of both networks."""
        x, y, held_out_x, held_out_y = map(_as_one_layer, (*split.train, *split.test))
        masses = self.source_masses.as_one_layer, self.target_masses.as_one_layer
        copies = sum(network.layer(0).nbytes for network in (x, y, held_out_x, held_out_y))
        return self._align((x, y), masses, rotate=False, held_bytes=copies).score(held_out_x, held_out_y).value, None

    def _global_linear(self, split: SplitPair) -> tuple[float, None]:
        """Held-out score of one ridge regression from all units of the target."""
        return global_linear_predictivity(*split.train, *split.test).value, None

    def _linear(self, split: SplitPair) -> tuple[float, F64]:
        """Held-out score of ridge regressions between layers, and the map of layers."""
        found = linear_predictivity(*split.train, *split.test, n_jobs=self.n_threads.get("linear", self.n_jobs))
        return self._mapped(found.train, found.test)

    def _similarity(self, split: SplitPair, name: str) -> tuple[float, F64]:
        """Held-out similarity of the layers that are most similar in training, and the map of layers."""
        n_jobs = self.n_threads.get(name, self.n_jobs)
        train, test = (SIMILARITIES[name](*networks, n_jobs=n_jobs) for networks in (split.train, split.test))
        return self._mapped(train, test)

    def _mapped(self, train: F64, test: F64) -> tuple[float, F64]:
        """Mean of the held-out values where the training values are greatest, and the map of layers."""
        chosen = greedy_map(np.nan_to_num(train, nan=-1.0))  # a layer of constant units is like none: the first
        layers = np.arange(len(train))
        layer_map = np.zeros(train.shape)
        layer_map[layers, chosen] = self.source_masses.layers
        values = test[layers, chosen]
        is_defined = ~np.isnan(values)
        return float(values[is_defined].mean()) if is_defined.any() else float("nan"), layer_map


def validated_alternation(alternation: Any) -> Alternation:
    """The alternation that methods with rotations take; anything else is an error."""
    if not isinstance(alternation, Alternation):
        raise TypeError(
            f"alternation: expected an Alternation, found {alternation!r}; rotations are asked for by methods such as "
            "'mot+r'"
        )
    return alternation


def _method_result(outcomes: Sequence[MethodOutcome]) -> MethodResult:
    """The result of one method from its outcomes on all splits."""
    layer_maps = tuple(each.layer_map for each in outcomes if each.layer_map is not None)
    sds = [each.permuted_sd for each in outcomes if each.permuted_sd is not None]
    p_values = [each.p_better for each in outcomes if each.p_better is not None]
    hierarchies = [_hierarchy_or_nan(layer_map) for layer_map in layer_maps]
    return MethodResult(
        scores=np.array([each.value for each in outcomes]),
        hierarchies=np.array(hierarchies or np.full(len(outcomes), np.nan)),
        seconds=np.array([each.usage.seconds for each in outcomes]),
        peak_bytes=np.array([each.usage.peak_bytes for each in outcomes]),
        permuted_sds=np.array(sds) if sds else None,
        layer_maps=layer_maps or None,
        p_better=_combined_p_value(p_values) if p_values else None,
    )


def _combined_p_value(p_values: Sequence[float]) -> float:
    """One p-value from those of splits that may depend on each other in any way."""
    return p_values[0] if len(p_values) == 1 else min(1.0, 2.0 * float(np.median(p_values)))


def _hierarchy_or_nan(layer_map: F64) -> float:
    """Hierarchy score of a layer map; NaN where a network has one layer."""
    return hierarchy(layer_map) if min(layer_map.shape) > 1 else float("nan")


def _as_one_layer(network: Network) -> Network:
    """The network with all of its units in a single layer."""
    return load([np.concatenate([network.layer(l) for l in range(len(network))], axis=1)], network.name)
