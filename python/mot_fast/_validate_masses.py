"""Masses of a network's layers and units, judged."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._dlpack import ArrayLike
from mot_fast._validate import F64, Array

LEAST_SHARE = 1e-100
"""Of the mass of a network or of a layer: what is divided by one, as predictions and tables are, stays finite."""
GivenMasses = Sequence[float] | Sequence[ArrayLike] | Array
"""One number a layer, or one array a layer."""


def network_masses(values: Any, widths: Sequence[int], what: str) -> tuple[F64, tuple[F64, ...] | None]:
    """Masses of a network's layers, with sum 1, and of each layer's units, with sum 1 each; None if those are uniform.

    Either one number a layer is given, or one array a layer, of its units: then a layer has the mass of its units.
    """
    if values is None:
        return np.full(len(widths), 1.0 / len(widths)), None
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, (Sequence, np.ndarray)):
        raise TypeError(f"{what}: expected one mass, or one array of masses, a layer, found {values!r}")
    if all(isinstance(value, numbers.Real) or getattr(value, "ndim", None) == 0 for value in values):
        return _shares(_validate.marginal(values, len(widths), what), what), None
    if len(values) != len(widths):
        raise ValueError(f"{what}: expected one array for each of {len(widths)} layers, found {len(values)}")
    names = [f"{what}[{l}]" for l in range(len(widths))]
    for value, name in zip(values, names, strict=True):
        if value is None:
            raise TypeError(f"{name}: expected an array of masses, found None")
    units = [_validate.marginal(value, width, name) for value, width, name in zip(values, widths, names, strict=True)]
    sums = np.array([masses.sum() for masses in units])
    return _shares(sums, what), tuple(_shares(masses, name) for masses, name in zip(units, names, strict=True))


def _shares(masses: F64, what: str) -> F64:
    """Masses with sum 1 of what takes part: leave out what has none."""
    shares = masses / masses.max()
    shares /= shares.sum()
    if not shares.min() >= LEAST_SHARE:
        i = int(np.argmin(shares))
        raise ValueError(f"{what}: expected positive masses, found {masses[i]} of {masses.max()} at {i}")
    return np.asarray(shares)
