"""`NetworkSummary`, the part of a network that results keep: labels, masses, and statistics of the units."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mot_fast._validate import F64, Index
from mot_fast.system.brief_repr import brief_repr


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

    __repr__ = brief_repr

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


class Layered(Protocol):
    """A network, or the summary of one: it has a name, and layers with labels and widths."""

    @property
    def name(self) -> str:
        """Name of the network."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the layers."""

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of units of each layer."""

    @property
    def kept_units(self) -> tuple[Index | None, ...]:
        """Positions that the units of each layer had before some were left out; None where all are there."""


def same_layers(expected: Layered, found: Layered, argument: str, whose: str) -> None:
    """Check that a network has the same layers as another one: the same labels and widths."""
    if (found.labels, found.widths) != (expected.labels, expected.widths):
        shown = [
            ", ".join(f"'{label}' of {width}" for label, width in zip(each.labels, each.widths, strict=True))
            for each in (expected, found)
        ]
        raise ValueError(
            f"{argument}: expected the layers of {whose}, {shown[0]}, found '{found.name}' with {shown[1]}"
        )
    for label, width, *kept in zip(found.labels, found.widths, expected.kept_units, found.kept_units, strict=True):
        if all(units is None for units in kept):
            continue
        one, two = (np.arange(width) if units is None else units for units in kept)
        if (one != two).any():
            k = int(np.argmax(one != two))
            raise ValueError(
                f"{argument}: expected the units of {whose}, found '{found.name}', which lost others with NaN: unit "
                f"{k} of layer '{label}' was {one[k]} in the one and {two[k]} in the other; load all stimuli at once"
            )
