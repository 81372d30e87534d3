"""What an alignment holds: the plans of every level, and what it remembers of the two networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    means: tuple[F64, ...]
    """Of each layer, `(n_units,)`: mean over the training stimuli."""
    deviations: tuple[F64, ...]
    """Of each layer, `(n_units,)`: standard deviation over the training stimuli, 0 for a constant unit."""
    layer_masses: F64
    """`(n_layers,)`: what share of the network's mass each layer has; sums to 1."""
    unit_masses: tuple[F64, ...] | None = None
    """Of each layer, `(n_units,)`: what share of the layer's mass each unit has; None where all have the same."""

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer."""
        return tuple(len(mean) for mean in self.means)

    def masses_of_units(self, layer: int) -> F64:
        """`(n_units,)`, with sum 1."""
        width = self.widths[layer]
        return np.full(width, 1.0 / width) if self.unit_masses is None else self.unit_masses[layer]


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
    unit_plans: tuple[tuple[UnitPlan, ...], ...]
    """Of every pair of layers, L tuples of M; with rotations, between the rotated units and the target's."""
    alternation: Alternation | None = None
    """How rotations were found; None without them."""
    traces: tuple[tuple[F64, ...], ...] | None = None
    """With rotations: of every pair, the residual after each alternation."""
    rotations: Mapping[tuple[int, int], F64] = field(default_factory=dict)
    """With rotations: `(n_l, n_l)`, orthogonal, of those pairs (by position) that a coupling uses."""
