"""Every method of a comparison: fitted on the training stimuli of a split, and evaluated on the held-out ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from mot_fast import _validate, _validate_masses
from mot_fast._validate import F64
from mot_fast.alignment.align import align
from mot_fast.alignment.held_out import HeldOut
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.comparison import ROTATED, SIMILARITIES
from mot_fast.analysis.layer_orders import layer_orders, p_hierarchy, row_weights, validated_permutations
from mot_fast.analysis.method_memory import threads_within
from mot_fast.analysis.method_outcomes import Figures, MethodOutcome
from mot_fast.analysis.permutation_test import p_better_than_orders, p_value
from mot_fast.analysis.pieces import BESIDE_THE_POINT
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.resources import Resources
from mot_fast.measures.coupling import COUPLINGS, FAVOURITES
from mot_fast.measures.hierarchy import ceiling
from mot_fast.measures.linear import global_linear_predictivity, linear_predictivity
from mot_fast.measures.noise_ceiling import NoiseCeiling, noise_ceiling, of_both
from mot_fast.measures.score import Score, mean_of_defined
from mot_fast.measures.similarity import greedy_map
from mot_fast.measures.standardize import is_constant
from mot_fast.networks.load import load
from mot_fast.networks.network import Network
from mot_fast.system.resource_usage import measure_usage

Pair = tuple[Network, Network]
"""A source and a target network."""


@dataclass(frozen=True)
class SplitPair:
    """Source and target network on the training stimuli of a split, and on the held-out ones."""

    train: Pair
    test: Pair
    seed: int
    together: Mapping[str, Any] | None
    """Held-out stimuli that are resampled together, as arguments of `p_value`; None if there are too few sets of them.
    """
    target_repeats: Sequence[Network] = ()
    """Repeated measurements of the target on the held-out stimuli, if there are any."""


@dataclass(frozen=True)
class ComparedMasses:
    """Masses of one of the compared networks: layer by layer, and as one layer for the global transport."""

    given: Any = field(metadata=BESIDE_THE_POINT)
    """The argument of the caller, which every alignment takes; the masses below follow from it."""
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
    memory_limit: int | None
    n_jobs: int = field(metadata=BESIDE_THE_POINT)
    store: str | None = field(metadata=BESIDE_THE_POINT)
    n_threads: Mapping[str, int] = field(metadata=BESIDE_THE_POINT, default_factory=dict)
    """Number of threads for each method that may not use all of them within the memory limit."""
    of_source: NoiseCeiling | None = None
    """Noise ceiling of the source; None where it has no repeats."""

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
        resources: Resources,
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
            n_permutations=validated_permutations(n_permutations),
            n_resamples=_validate.whole_number(
                n_resamples, "n_resamples", at_least=1, at_most=_validate.MOST_RESAMPLES
            ),
            convention=_validate.choice(convention, CONVENTIONS, "convention"),
            memory_limit=resources.memory_limit,
            n_jobs=resources.n_threads,
            store=None if resources.store is None else str(resources.store.folder),
        )

    def hierarchy_ceiling(self) -> float:
        """Hierarchy score of the monotone coupling of these masses; NaN where a network has one layer."""
        masses = self.source_masses.layers, self.target_masses.layers
        n_source, n_target = map(len, masses)
        return ceiling(n_source, n_target, *masses) if min(n_source, n_target) > 1 else float("nan")

    def within_memory(self, names: Sequence[str], networks: Pair, sizes: Iterable[tuple[int, int]]) -> ComparisonPlan:
        """The plan with so few threads for each method that all of them keep to the memory limit.

        `sizes` are the numbers of training and held-out stimuli of the splits.

        Raises
        ------
        ValueError
            If a method needs more memory even on one thread.
        """
        if self.memory_limit is None:
            return self
        limit = _validate.memory_limit(self.memory_limit, 0)
        threads = [threads_within(limit, names, networks, size, self.n_jobs) for size in sizes]
        return replace(self, n_threads={name: min(each[name] for each in threads) for name in names})

    def outcomes(self, split: SplitPair, names: Sequence[str]) -> dict[str, MethodOutcome]:
        """Outcomes of methods that share their work."""
        if names[0] in COUPLINGS or names[0] in ROTATED:
            return self._couplings(split, names)
        if names[0] == "partial":
            return {names[0]: self._partial(split)}
        measure = {"global_ot": self._global_ot, "global_linear": self._global_linear, "linear": self._linear}
        with measure_usage() as usage:
            outcome = measure[names[0]](split) if names[0] in measure else self._similarity(split, names[0])
        return {names[0]: MethodOutcome(*outcome, usage)}

    def _couplings(self, split: SplitPair, names: Sequence[str]) -> dict[str, MethodOutcome]:
        """Outcomes of couplings, all of them without rotations or all of them with, from one alignment."""
        suffix = "+r" if names[0] in ROTATED else ""
        masses = self.source_masses.given, self.target_masses.given
        with measure_usage() as alignment_usage:
            alignment = self._align(split.train, masses, self.alternation if suffix else False)
        outcomes = {}
        for name in names:
            with measure_usage() as scores_usage:
                outcome = self._coupling(alignment, split.test, name.removesuffix("+r"))
            outcomes[name] = replace(
                outcome,
                usage=alignment_usage.then(scores_usage),
                noise_ceiling=self._noise_ceiling(alignment, split, name.removesuffix("+r")),
            )
        best = f"mot{suffix}"
        if best in names:
            p_better, parts = self._p_better(alignment, split, names)
            outcomes[best] = replace(
                outcomes[best],
                p_better=p_better,
                p_hierarchy=p_hierarchy(alignment, self._drawn(split)),
                parts=parts,
            )
        return outcomes

    def _coupling(self, alignment: Alignment, networks: Pair, coupling: str) -> MethodOutcome:
        """Outcome of one coupling, as yet without its usage."""
        if coupling != "permuted":
            weights = alignment.coupling(coupling)
            (score,) = alignment.scores(*networks, [weights], self.n_jobs)
            has_axes = alignment.alternation is not None and coupling in FAVOURITES
            turned = alignment.score(*networks, weights, axes="rotated").value if has_axes else None
            return MethodOutcome(score.value, score.over_units, weights, in_rotated_units=turned)
        of_rows = row_weights(alignment)
        scores = alignment.scores(*networks, of_rows, self.n_jobs)
        orders = layer_orders(alignment, scores)
        # The hierarchy is linear in the weights, so that of the mean map is the mean of the hierarchies.
        layer_map, over_units = np.mean(of_rows, axis=0), float(np.mean([score.over_units for score in scores]))
        return MethodOutcome(orders.value, over_units, layer_map, order_sds=(orders.sd, orders.hierarchy_sd))

    def _noise_ceiling(self, alignment: Alignment, split: SplitPair, coupling: str) -> float | None:
        """Noise ceiling of a coupling's predictions, and of the source if it has one; None without repeats."""
        if not split.target_repeats or coupling == "permuted":
            return None
        of_predictions = noise_ceiling(
            target_repeats=split.target_repeats, alignment=alignment, coupling=coupling, seed=split.seed
        )
        return (of_predictions if self.of_source is None else of_both(self.of_source, of_predictions)).value

    def _p_better(
        self, alignment: Alignment, split: SplitPair, names: Sequence[str]
    ) -> tuple[dict[str, float], F64 | None]:
        """P-values of "mot scores higher" than the other couplings, and the parts of the stimuli in its score."""
        suffix = "+r" if names[0] in ROTATED else ""
        best, others = f"mot{suffix}", [name for name in names if name not in (f"mot{suffix}", f"permuted{suffix}")]
        weights = [alignment.coupling(name.removesuffix("+r")) for name in (best, *others)]
        rows = row_weights(alignment) if f"permuted{suffix}" in names else []
        if split.together is None:
            return dict.fromkeys([name for name in names if name != best], float("nan")), None
        held_out = HeldOut.of(alignment, *split.test, self.n_jobs)
        scores, layers, found = held_out.scores_by_stimulus(weights + rows, n_kept=len(weights) if others else 0)
        how = self.n_resamples, split.seed
        p_better = {
            name: p_value([layer.predicted_by(0, k) for layer in layers], *how, **split.together, method="t")
            for k, name in enumerate(others, start=1)
        }
        if rows:
            of_orders = [0, *range(len(weights), len(scores))]
            p_better[f"permuted{suffix}"] = p_better_than_orders(
                [scores[k] for k in of_orders],
                found[of_orders],
                how,
                self._drawn(split),
                **split.together,
            )
        return p_better, found[0]

    def _drawn(self, split: SplitPair) -> tuple[int, int]:
        """Number of random orders of layers, and their seed."""
        return self.n_permutations, split.seed

    def _align(
        self,
        networks: Pair,
        masses: tuple[Any, Any],
        rotate: bool | Alternation,
        held_bytes: int = 0,
        unit_mass: Literal["path"] | None = None,
    ) -> Alignment:
        """Align two networks within what `held_bytes` leave of the memory limit."""
        return align(
            *networks,
            rotate=rotate,
            source_mass=masses[0],
            target_mass=masses[1],
            unit_mass=unit_mass,
            convention=self.convention,
            n_jobs=self.n_jobs,
            memory_limit=None if self.memory_limit is None else max(1, self.memory_limit - held_bytes),
            store=self.store,
        )

    def _partial(self, split: SplitPair) -> MethodOutcome:
        """Outcome of the alignment that matches the share of the units at the knee of their curve."""
        masses = self.source_masses.given, self.target_masses.given
        with measure_usage() as usage:
            alignment = self._align(split.train, masses, rotate=False, unit_mass="path")
            score = alignment.score(*split.test)
        return MethodOutcome(score.value, score.over_units, alignment.layer_plan, usage, matched=alignment.matched)

    def _global_ot(self, split: SplitPair) -> Figures:
        """Held-out score of one transport between all units of both networks."""
        x, y, held_out_x, held_out_y = map(_as_one_layer, (*split.train, *split.test))
        masses = self.source_masses.as_one_layer, self.target_masses.as_one_layer
        copies = sum(network.layer(0).nbytes for network in (x, y, held_out_x, held_out_y))
        of_one_layer = self._align((x, y), masses, rotate=False, held_bytes=copies).score(held_out_x, held_out_y)
        score = Score.of_joined_layers(of_one_layer.per_unit[0], split.test[0].widths)
        return score.value, score.over_units, None

    def _global_linear(self, split: SplitPair) -> Figures:
        """Held-out score of one ridge regression from all units of the target."""
        score = global_linear_predictivity(*split.train, *split.test)
        return score.value, score.over_units, None

    def _linear(self, split: SplitPair) -> Figures:
        """Held-out score of ridge regressions between layers, and the map of layers."""
        found = linear_predictivity(*split.train, *split.test, n_jobs=self.n_threads.get("linear", self.n_jobs))
        values, layer_map = self._mapped(found.train, found.test)
        source = split.test[0]
        n_varying = [np.count_nonzero(~is_constant(source.layer(l))) for l in range(len(source))]
        over_units = np.nansum(values * n_varying) / max(1, sum(n_varying)) if sum(n_varying) else float("nan")
        return mean_of_defined(values), float(over_units), layer_map

    def _similarity(self, split: SplitPair, name: str) -> Figures:
        """Held-out similarity of the layers that are most similar in training, and the map of layers."""
        n_jobs = self.n_threads.get(name, self.n_jobs)
        train, test = (SIMILARITIES[name](*networks, n_jobs=n_jobs) for networks in (split.train, split.test))
        values, layer_map = self._mapped(train, test)
        return mean_of_defined(values), None, layer_map

    def _mapped(self, train: F64, test: F64) -> tuple[F64, F64]:
        """Held-out values of the source layers where the training values are greatest, and the map of layers."""
        chosen = greedy_map(np.nan_to_num(train, nan=-1.0))  # a layer of constant units is like none: the first
        layers = np.arange(len(train))
        layer_map = np.zeros(train.shape)
        layer_map[layers, chosen] = self.source_masses.layers
        return test[layers, chosen], layer_map


def validated_alternation(alternation: Any) -> Alternation:
    """The alternation that methods with rotations take; anything else is an error."""
    if not isinstance(alternation, Alternation):
        raise TypeError(
            f"alternation: expected an Alternation, found {alternation!r}; rotations are asked for by methods such as "
            "'mot+r'"
        )
    return alternation


def _as_one_layer(network: Network) -> Network:
    """The network with all of its units in a single layer."""
    return load([np.concatenate([network.layer(l) for l in range(len(network))], axis=1)], network.name)
