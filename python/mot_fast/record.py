"""What an alignment holds: the plans of every level, and what it remembers of the two networks and of its making."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mot_fast._validate import F64
from mot_fast.rotation import Alternation
from mot_fast.transport import Certificate, UnitPlan

CONVENTIONS = ("standardized", "paper")


@dataclass(frozen=True)
class Side:
    """What an alignment remembers of one network."""

    name: str
    labels: tuple[str, ...]
    means: Sequence[F64]
    """Of each layer, `(n_units,)`: mean over the training stimuli."""
    deviations: Sequence[F64]
    """Of each layer, `(n_units,)`: standard deviation over the training stimuli, 0 for a constant unit."""
    layer_masses: F64
    """`(n_layers,)`: what share of the network's mass each layer has; sums to 1."""
    unit_masses: Sequence[F64] | None = None
    """Of each layer, `(n_units,)`: what share of the layer's mass each unit has; None where all have the same."""
    digests: tuple[str, ...] | None = None
    """Of each layer, a hash of the training activations, `store.layer_digest`; None where none was taken."""

    @functools.cached_property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer."""
        return tuple(len(mean) for mean in self.means)

    def masses_of_units(self, layer: int) -> F64:
        """`(n_units,)`, with sum 1."""
        width = self.widths[layer]
        return np.full(width, 1.0 / width) if self.unit_masses is None else self.unit_masses[layer]


@dataclass(frozen=True)
class Run:
    """When an alignment was made, on what and by what; no result depends on it."""

    began: str
    """When, in UTC, as ISO 8601 writes it to the second."""
    seconds: float
    """From the call of `mot_fast.align` to its result."""
    n_stimuli: int
    """That both networks were aligned on."""
    n_threads: int
    """That solved the pairs of layers, or with an executor each block of them."""
    memory_limit: int | None
    """Bytes, as given to `mot_fast.align`."""
    versions: Mapping[str, str]
    """Of mot_fast, python, numpy and scipy, in this order."""
    platform: str
    """The operating system and its release."""
    machine: str
    """The kind of processor."""


@dataclass(frozen=True)
class CouplingScore:
    """How well a coupling of layers reconstructs held-out activations; None stands for what is not defined.

    A score is undefined where every unit is constant, a hierarchy where a network has one layer. Of the coupling
    "permuted" all figures are means over draws.
    """

    value: float | None
    """Mean over layers; see `Score`."""
    per_layer: tuple[float | None, ...]
    """`(L,)`: mean over a layer's units."""
    hierarchy: float | None
    low: float | None = None
    """Where the confidence interval of the score begins; "permuted" has none."""
    high: float | None = None
    """Where it ends."""
    sd: float | None = None
    """Of "permuted": standard deviation of the score over draws."""
    hierarchy_sd: float | None = None
    """Of "permuted": standard deviation of the hierarchy over draws."""


@dataclass(frozen=True)
class Evaluation:
    """What an alignment scores on held-out stimuli; made by `mot_fast.evaluate`."""

    n_stimuli: int
    """That were held out."""
    scores: Mapping[str, CouplingScore]
    """Of every coupling: "mot", "single_best", "pairwise_best", "permuted"."""
    p_better: float | None
    """That "mot" scores higher than "pairwise_best" by chance alone; see `mot_fast.p_better`."""
    confidence: float
    """Of the intervals."""
    n_resamples: int
    """Of the stimuli, for the intervals and for `p_better`."""
    n_draws: int
    """Of "permuted"."""
    seed: int


@dataclass(frozen=True, eq=False)
class Record:
    """The fields of an `Alignment`; L and M are the numbers of source and target layers."""

    source: Side
    target: Side
    convention: str
    cost: float
    """Alignment cost: ``sum(layer_costs * layer_plan)``."""
    layer_costs: F64
    """`(L, M)`: least cost of carrying the units of one layer onto those of the other, 1 - correlation each; with
    rotations the least residual."""
    layer_plan: F64
    """`(L, M)`: rows sum to the masses of the source layers, 1 / L, columns to those of the target layers, 1 / M."""
    certificate: Certificate
    """The worst of every figure over all transports solved."""
    unit_plans: Sequence[Sequence[UnitPlan]]
    """Of every pair of layers, L rows of M; with rotations, between the rotated units and the target's."""
    alternation: Alternation | None = None
    """How rotations were found; None without them."""
    traces: Sequence[Sequence[F64]] | None = None
    """With rotations: of every pair, the residual after each alternation."""
    rotations: Mapping[tuple[int, int], F64] = field(default_factory=dict)
    """With rotations: `(n_l, n_l)`, orthogonal, of those pairs (by position) that a coupling uses."""
    run: Run | None = None
    """How it was made, where that is known."""
    evaluation: Evaluation | None = None
    """What it scores on held-out stimuli, once `mot_fast.evaluate` has found it out."""


def check_alignment(value: Any) -> None:
    """`TypeError` for what is no alignment, as its activations or its path."""
    if not isinstance(value, Record):
        hint = "; mot_fast.Alignment.load reads a .mot file" if isinstance(value, (str, os.PathLike)) else ""
        raise TypeError(f"alignment: expected what mot_fast.align returns, found {type(value).__name__}{hint}")
