"""What an alignment holds: the plans of every level, and what it remembers of the two networks and of its making."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mot_fast._validate import F64
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.networks.summary import NetworkSummary
from mot_fast.transport.transport import Certificate, UnitPlan

CONVENTIONS = ("standardized", "paper")


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

    source: NetworkSummary
    target: NetworkSummary
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
