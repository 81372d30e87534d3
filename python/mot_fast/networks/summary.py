"""`NetworkSummary`, the part of a network that results keep: labels, masses, and statistics of the units."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mot_fast._validate import F64, Index


@dataclass(frozen=True)
class NetworkSummary:
    """Name, layers, masses and unit statistics of a network, which an alignment keeps instead of activations."""

    name: str
    labels: tuple[str, ...]
    means: Sequence[F64]
    """Means of the units over the training stimuli, one array `(n_units,)` for each layer."""
    deviations: Sequence[F64]
    """Standard deviations of the units over the training stimuli, one array for each layer; 0 for a constant unit."""
    layer_masses: F64
    """Masses of the layers, `(n_layers,)`, with sum 1."""
    unit_masses: Sequence[F64] | None = None
    """Masses of the units, one array `(n_units,)` with sum 1 for each layer; None if all units weigh the same."""
    digests: tuple[str, ...] | None = None
    """Hashes of the training activations, `block_store.layer_digest`, one for each layer; None if none were made."""
    kept: tuple[Index | None, ...] | None = None
    """See `kept_units`; None if no layer lost a unit."""

    @functools.cached_property
    def widths(self) -> tuple[int, ...]:
        """Number of units of each layer."""
        return tuple(len(mean) for mean in self.means)

    @property
    def kept_units(self) -> tuple[Index | None, ...]:
        """Positions that the units of each layer had before those with NaN were left out; None where none were."""
        return (None,) * len(self.labels) if self.kept is None else self.kept

    def original_units(self, layer: int) -> Index:
        """Positions that the units of one layer had before those with NaN were left out, `(n_units,)`."""
        kept = self.kept_units[layer]
        return np.arange(self.widths[layer]) if kept is None else kept

    def masses_of_units(self, layer: int) -> F64:
        """Masses of the units of one layer, `(n_units,)`, with sum 1."""
        width = self.widths[layer]
        return np.full(width, 1.0 / width) if self.unit_masses is None else self.unit_masses[layer]
