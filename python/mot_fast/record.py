"""What an alignment holds: the plans of every level, and what it remembers of the two networks."""

from __future__ import annotations

from dataclasses import dataclass

from mot_fast._validate import F64
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

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer."""
        return tuple(len(mean) for mean in self.means)


@dataclass(frozen=True, eq=False)
class Record:
    """The fields of an `Alignment`; L and M are the numbers of source and target layers."""

    source: Side
    target: Side
    convention: str
    cost: float
    """Alignment cost: ``sum(layer_costs * layer_plan)``."""
    layer_costs: F64
    """`(L, M)`: least cost of carrying the units of one layer onto those of the other, 1 - correlation each."""
    layer_plan: F64
    """`(L, M)`: rows sum to 1 / L, columns to 1 / M."""
    certificate: Certificate
    """The worst of every figure over all transports solved."""
    unit_plans: tuple[tuple[UnitPlan, ...], ...]
    """Of every pair of layers, L tuples of M."""
