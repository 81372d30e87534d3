"""Activations that are NaN or infinite: where they are, and which units of a layer have NaN."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Array, Index

_MOST_NAMED = 20
"""Layers that a message names."""


def counts(labels: Sequence[str], stored: Callable[[int], tuple[Array, Index | None]], l: int) -> str:
    """The end of a message about layer l: in how many of its units such numbers are, and where in other layers.

    Parameters
    ----------
    labels : sequence of str
        Labels of the network's layers.
    stored : function
        The activations of the layer at a position, and the indices of the stimuli that count.
    l : int
        The layer whose first place the message names.
    """
    found: list[str] = []
    has_nan = False
    for m in [l, *(m for m in range(len(labels)) if m != l)]:
        values, rows = stored(m)
        place = _validate.place_of_nonfinite(values, rows)
        if place is None:
            continue
        n_units = int(_validate.some_unit_has(_is_nonfinite, values, rows).sum())
        has_nan = has_nan or bool(_validate.some_unit_has(np.isnan, values, rows).any())
        share = f"{n_units} of {values.shape[1]} units"
        found.append(f"; such numbers are in {share}" if m == l else f"; in layer '{labels[m]}' {share}, {place}")
    if len(found) > _MOST_NAMED:
        found[_MOST_NAMED:] = [f"; and in {len(found) - _MOST_NAMED} more layers"]
    return "".join(found) + ('; loading with nan="drop" leaves out units with NaN' if has_nan else "")


def units_with_nan(values: Array, rows: Index | None) -> Index:
    """Positions of the units that are NaN for one of the stimuli that count."""
    if _validate.place_of_nonfinite(values, rows) is None:  # one quick pass
        return np.empty(0, np.int64)
    return np.flatnonzero(_validate.some_unit_has(np.isnan, values, rows))


def _is_nonfinite(values: Array) -> Array:
    return ~np.isfinite(values)
