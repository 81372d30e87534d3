"""Records that an alignment carries beside its plans: the run that made it, and its scores on held-out stimuli."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mot_fast.display.verdict import verdict
from mot_fast.layer_pairs.goal import ALL, Goal
from mot_fast.system.brief_repr import brief_repr

CONVENTIONS = ("standardized", "paper")


@dataclass(frozen=True)
class Goals:
    """How much mass an alignment carries at either level."""

    units: Goal = ALL
    """Of the units' mass, in every pair of layers."""
    layers: Goal = ALL
    """Of the layers' mass."""

    @classmethod
    def of(cls, unit_mass: Any, unit_cost: Any, layer_mass: Any, layer_cost: Any) -> Goals:
        """The goals of the arguments of `mot_fast.align`, validated."""
        return cls(Goal.of(unit_mass, unit_cost, "unit"), Goal.of(layer_mass, layer_cost, "layer"))

    @property
    def are_all(self) -> bool:
        """Whether all mass is carried at both levels."""
        return self.units.is_all and self.layers.is_all


ALL_MASS = Goals()
"""All mass is carried at both levels."""


@dataclass(frozen=True)
class Run:
    """Time, machine and versions of the run that made an alignment; no result depends on them."""

    began: str
    """Time of the call of `mot_fast.align`, in UTC, as ISO 8601 writes it to the second."""
    seconds: float
    """Duration from the call of `mot_fast.align` to its result."""
    n_stimuli: int
    """Number of stimuli that both networks were aligned on."""
    n_threads: int
    """Number of threads that solved the pairs of layers; with an executor, that solved each block of them."""
    memory_limit: int | None
    """Memory limit in bytes, as given to `mot_fast.align`."""
    versions: Mapping[str, str]
    """Versions of mot_fast, python, numpy and scipy, in this order."""
    platform: str
    """Operating system and its release."""
    machine: str
    """Kind of processor."""

    __repr__ = brief_repr


@dataclass(frozen=True)
class CouplingScore:
    """Held-out score of one coupling of layers, with its uncertainty; None stands for what is not defined.

    A score is undefined where every unit is constant, a hierarchy where a network has one layer. For the coupling
    "permuted" all figures are means over all orders of the layer plan's rows.
    """

    value: float | None
    """Score: the mean over layers; see `Score`."""
    per_layer: tuple[float | None, ...]
    """Scores of the source layers, `(L,)`: means over a layer's units."""
    hierarchy: float | None
    """Hierarchy score of the coupling; see `mot_fast.hierarchy`."""
    low: float | None = None
    """Lower end of the confidence interval of the score; "permuted" has none."""
    high: float | None = None
    """Upper end of the confidence interval of the score; "permuted" has none."""
    sd: float | None = None
    """Standard deviation of the score over all orders, for "permuted" only: no uncertainty of its mean."""
    hierarchy_sd: float | None = None
    """Standard deviation of the hierarchy score over all orders, for "permuted" only."""
    over_units: float | None = None
    """Mean over all units alike, whatever their layers; None in files of version 3."""
    p_better: float | None = None
    """P-value of "mot scores higher than this coupling"; see `mot_fast.p_better`. None for "mot" itself."""

    __repr__ = brief_repr


@dataclass(frozen=True)
class Evaluation:
    """Scores of an alignment and of its baselines on held-out stimuli; made by `mot_fast.evaluate`."""

    n_stimuli: int
    """Number of held-out stimuli."""
    scores: Mapping[str, CouplingScore]
    """Scores by coupling: "mot", "single_best", "pairwise_best", "greedy", "uniform", "permuted". Files of version 3
    have neither "greedy" nor "uniform"."""
    confidence: float
    """Confidence level of the intervals."""
    n_resamples: int
    """Number of resamples of the stimuli, for the intervals and for the p-value of "permuted"."""
    seed: int
    """Seed of the resamples, for the intervals and for the p-values."""
    p_hierarchy: float | None = None
    """Share of the orders of the layer plan's rows whose hierarchy score is at least the plan's."""
    p_shuffled: float | None = None
    """P-value of the plan's hierarchy score among those of alignments with shuffled stimuli, where it was tested; see
    `mot_fast.hierarchy_null`."""
    n_draws: int | None = None
    """Number of random orders that "permuted" is the mean of, in files of version 3; None: of all orders."""

    __repr__ = brief_repr

    @property
    def p_better(self) -> float | None:
        """P-value of "mot scores higher than pairwise_best"."""
        return self.scores["pairwise_best"].p_better

    def verdict(self, *, is_rotated: bool = False) -> list[str]:
        """Sentences that say what the tests found: of the score, against controls, and of the order of the map.

        The p-values in them are adjusted for the number of tests by Holm's procedure. `is_rotated` says whether the
        alignment has rotations: it is then called MOT+R.
        """
        p_better = {name: score.p_better for name, score in self.scores.items()}
        is_one_layer = self.scores["mot"].hierarchy is None
        of_map = self.p_hierarchy, self.p_shuffled
        n_layers = len(self.scores["mot"].per_layer)
        return verdict(p_better, *of_map, n_layers=n_layers, is_rotated=is_rotated, is_one_layer=is_one_layer)
