"""What results remember of a network: its layers and their masses, and what the units' values were like."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mot_fast._validate import F64


@dataclass(frozen=True)
class NetworkSummary:
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
    """Of each layer, a hash of the training activations, `block_store.layer_digest`; None where none was taken."""

    @functools.cached_property
    def widths(self) -> tuple[int, ...]:
        """Units of each layer."""
        return tuple(len(mean) for mean in self.means)

    def masses_of_units(self, layer: int) -> F64:
        """`(n_units,)`, with sum 1."""
        width = self.widths[layer]
        return np.full(width, 1.0 / width) if self.unit_masses is None else self.unit_masses[layer]
