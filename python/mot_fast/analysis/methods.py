"""Every method of a comparison, fitted on the training stimuli of a split and judged on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mot_fast import _validate_masses
from mot_fast._validate import F64
from mot_fast.alignment.align import align
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.comparison import ROTATED, SIMILARITIES, sd_of
from mot_fast.analysis.permutation_test import p_better
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.measures.linear import global_linear_predictivity, linear_predictivity
from mot_fast.measures.similarity import greedy_map
from mot_fast.networks.load import load
from mot_fast.networks.network import Network
from mot_fast.system.progress import progress_bar
from mot_fast.system.resource_usage import ResourceUsage, measure_usage

_GROUPS = (*((name,) for name in SIMILARITIES), COUPLINGS, ROTATED, ("global_ot",), ("global_linear",), ("linear",))
"""Methods that share their work, in the order in which it is done: those that refuse what others take come first."""

Pair = tuple[Network, Network]


@dataclass(frozen=True)
class Split:
    """Source and target on the training stimuli and on the held-out ones."""

    train: Pair
    test: Pair
    seed: int


@dataclass(frozen=True)
class Outcome:
    """Of one method on one split."""

    value: float
    usage: ResourceUsage
    layer_map: F64 | None = None
    sd_over_draws: float | None = None
    p_better: float | None = None


@dataclass(frozen=True)
class Masses:
    """Of one network's layers and units."""

    given: Any
    of_layers: F64
    as_one_layer: list[F64] | None
    """Of all units, as if they were one layer; None where all have the same."""

    @classmethod
    def judged(cls, given: Any, widths: tuple[int, ...], argument: str) -> Masses:
        """Those of a network whose layers have these widths."""
        of_layers, of_units = _validate_masses.network_masses(given, widths, argument)
        if of_units is None:
            of_units = tuple(np.full(width, 1.0 / width) for width in widths)
        shares = np.concatenate([layer * units for layer, units in zip(of_layers, of_units, strict=True)])
        return cls(given, of_layers, None if given is None else [shares])


@dataclass(frozen=True)
class Task:
    """A comparison, its arguments judged."""

    rotate: Alternation
    source_masses: Masses
    target_masses: Masses
    n_permutations: int
    n_resamples: int
    convention: str
    n_jobs: int | None
    memory_limit: int | None
    store: str | None = None
    n_threads: Mapping[str, int] = field(default_factory=dict)
    """Of methods that may not have all of them."""

    def run(self, splits: Sequence[Split], names: Sequence[str], progress: bool) -> list[dict[str, Outcome]]:
        """The outcomes of all methods on every split."""
        groups = [asked for group in _GROUPS if (asked := [name for name in group if name in names])]
        outcomes: list[dict[str, Outcome]] = []
        with progress_bar("methods on splits", is_shown=progress, total=len(splits) * len(groups)) as bar:
            for one in splits:
                outcomes.append({})
                for group in groups:
                    outcomes[-1].update(self._of_group(one, group))
                    bar.update()
        return outcomes

    def _of_group(self, split: Split, names: list[str]) -> dict[str, Outcome]:
        if names[0] in COUPLINGS or names[0] in ROTATED:
            return self._couplings(split, names)
        measure = {"global_ot": self._global_ot, "global_linear": self._global_linear, "linear": self._linear}
        with measure_usage() as usage:
            outcome = measure[names[0]](split) if names[0] in measure else self._similarity(split, names[0])
        value, layer_map = outcome
        return {names[0]: Outcome(value, usage, layer_map)}

    def _couplings(self, split: Split, names: list[str]) -> dict[str, Outcome]:
        """Plain ones, or those with rotations, from one alignment."""
        suffix = "+r" if names[0] in ROTATED else ""
        masses = self.source_masses.given, self.target_masses.given
        with measure_usage() as of_alignment:
            alignment = self._align(split.train, masses, self.rotate if suffix else False)
        outcomes = {}
        for name in names:
            coupling = name.removesuffix("+r")
            with measure_usage() as of_scores:
                draws = range(self.n_permutations if coupling == "permuted" else 1)
                weights = [alignment.coupling(coupling, seed=k) for k in draws]
                values = np.array([score.value for score in alignment.scores(*split.test, weights, self.n_jobs)])
            outcomes[name] = Outcome(
                float(values.mean()),
                of_alignment.then(of_scores),
                np.mean(weights, axis=0),  # whose hierarchy is the mean over draws, being linear in the weights
                sd_over_draws=sd_of(values) if coupling == "permuted" else None,
            )
        ours, others = f"mot{suffix}", f"pairwise_best{suffix}"
        if ours in names and others in names:
            p = p_better(alignment, *split.test, n_resamples=self.n_resamples, seed=split.seed)
            outcomes[ours] = replace(outcomes[ours], p_better=p)
        return outcomes

    def _align(self, networks: Pair, masses: tuple[Any, Any], rotate: bool | Alternation, beside: int = 0) -> Alignment:
        return align(
            *networks,
            rotate=rotate,
            source_mass=masses[0],
            target_mass=masses[1],
            convention=self.convention,
            n_jobs=self.n_jobs,
            memory_limit=None if self.memory_limit is None else max(1, self.memory_limit - beside),
            store=self.store,
        )

    def _global_ot(self, split: Split) -> tuple[float, None]:
        x, y, held_out_x, held_out_y = map(_as_one_layer, (*split.train, *split.test))
        masses = self.source_masses.as_one_layer, self.target_masses.as_one_layer
        copies = sum(network.layer(0).nbytes for network in (x, y, held_out_x, held_out_y))
        return self._align((x, y), masses, rotate=False, beside=copies).score(held_out_x, held_out_y).value, None

    def _global_linear(self, split: Split) -> tuple[float, None]:
        return global_linear_predictivity(*split.train, *split.test).value, None

    def _linear(self, split: Split) -> tuple[float, F64]:
        found = linear_predictivity(*split.train, *split.test, n_jobs=self.n_threads.get("linear", self.n_jobs))
        return self._mapped(found.train, found.test)

    def _similarity(self, split: Split, name: str) -> tuple[float, F64]:
        n_jobs = self.n_threads.get(name, self.n_jobs)
        train, test = (SIMILARITIES[name](*part, n_jobs=n_jobs) for part in (split.train, split.test))
        return self._mapped(train, test)

    def _mapped(self, train: F64, test: F64) -> tuple[float, F64]:
        """Mean of the held-out values where the training values are greatest, and the map of layers."""
        chosen = greedy_map(np.nan_to_num(train, nan=-1.0))  # a layer of constant units is like none: the first
        layers = np.arange(len(train))
        layer_map = np.zeros(train.shape)
        layer_map[layers, chosen] = self.source_masses.of_layers
        values = test[layers, chosen]
        is_defined = ~np.isnan(values)
        return float(values[is_defined].mean()) if is_defined.any() else float("nan"), layer_map


def _as_one_layer(network: Network) -> Network:
    return load([np.concatenate([network.layer(l) for l in range(len(network))], axis=1)], network.name)
