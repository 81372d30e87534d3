"""Networks without the units that are NaN for some stimuli."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from mot_fast._validate import Array, Index
from mot_fast._warnings import DroppedUnitsWarning, warn
from mot_fast.networks.network import Layer, Network
from mot_fast.networks.nonfinite import units_with_nan

_MOST_UNITS = 10
_MOST_LAYERS = 20
"""Units of a layer, and layers, that the warning names."""


def without_nan(network: Network) -> Network:
    """The network without units that are NaN for one of its stimuli; a warning names them.

    Every layer is read once, one after the other. Layers that lose units are read as before, without these.

    Raises
    ------
    ValueError
        If a layer has no other units.

    Warns
    -----
    DroppedUnitsWarning
        If there are such units.
    """
    layers, lost = [], []
    for l, layer in enumerate(network.layers):
        values, rows = network.stored(l)
        dropped = units_with_nan(values, rows)
        if len(dropped) == layer.shape[1]:
            raise ValueError(
                f"network '{network.name}', layer '{layer.label}': expected units without NaN, found NaN in each of "
                f"its {len(dropped)}{_empty_stimuli(values, rows)}"
            )
        original = network.original_units(l)
        if len(dropped):
            lost.append(f"layer '{layer.label}' {len(dropped)} of {layer.shape[1]} ({_shown(original[dropped])})")
        layers.append(_without(layer, dropped, original) if len(dropped) else layer)
    if not lost:
        return network
    others = [f"and units of {len(lost) - _MOST_LAYERS} more layers"] if len(lost) > _MOST_LAYERS else []
    warn(
        f"network '{network.name}': units with NaN are left out: {'; '.join(lost[:_MOST_LAYERS] + others)}",
        DroppedUnitsWarning,
    )
    return network.with_layers(layers)


def _without(layer: Layer, dropped: Index, original: Index) -> Layer:
    kept = np.delete(np.arange(layer.shape[1]), dropped)
    return replace(
        layer, shape=(layer.shape[0], len(kept)), read=partial(_columns, layer.read, kept), units=original[kept]
    )


def _columns(read: Callable[[], Array], kept: Index) -> Array:
    """Some units of a layer; a view where they lie side by side."""
    values = read()
    return values[:, kept[0] : kept[-1] + 1] if np.ptp(kept) + 1 == len(kept) else values[:, kept]


def _empty_stimuli(values: Array, rows: Index | None) -> str:
    """The end of the message where all units of some stimuli are NaN, so that these stimuli are at fault."""
    is_empty = np.array([np.isnan(values[t]).all() for t in (range(len(values)) if rows is None else rows)])
    if not is_empty.any():
        return "; leave out the layer"
    positions = np.flatnonzero(is_empty)
    return f"; leave out the stimuli that have no other numbers: {_shown(positions)}"


def _shown(positions: Index) -> str:
    more = f" and {len(positions) - _MOST_UNITS} more" if len(positions) > _MOST_UNITS else ""
    return ", ".join(map(str, positions[:_MOST_UNITS].tolist())) + more
