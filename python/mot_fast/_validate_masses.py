"""Masses of units and layers, validated: marginals of one transport, masses of a network."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._dlpack import ArrayLike
from mot_fast._validate import F64, Array

LEAST_SHARE = 1e-100
"""Smallest share of a layer in its network, or of a unit in its layer: predictions, divided by it, stay finite."""

MARGINAL_SUM_TOLERANCE = 1e-6
"""Relative difference of the marginals' sums that rounding (to single precision, say) explains."""

GivenMasses = Sequence[float] | Sequence[ArrayLike] | Array
"""Masses of a network as they are given: one number a layer, or one array a layer."""


def marginals(a: Any, b: Any, shape: tuple[int, ...]) -> tuple[F64, F64]:
    """Both marginals of a transport, with sums that are equal up to rounding; None means uniform."""
    a = marginal(a, shape[0], "a")
    b = marginal(b, shape[1], "b")
    sum_a, sum_b = float(a.sum()), float(b.sum())
    if abs(sum_a - sum_b) > MARGINAL_SUM_TOLERANCE * max(sum_a, sum_b):
        raise ValueError(f"a and b: expected equal sums, found {sum_a} and {sum_b}")
    return a, b


def marginal(values: Any, n: int, what: str) -> F64:
    """One marginal of n units, non-negative and finite with a positive sum; None means uniform."""
    if values is None:
        return np.full(n, 1.0 / n)
    marginal = _validate.array(values, what)
    if marginal.shape != (n,):
        raise ValueError(f"{what}: expected shape ({n},), found {marginal.shape}")
    marginal = np.array(_validate.activations(marginal, what), dtype=np.float64)
    if not np.isfinite(marginal).all():
        i = int(np.argmin(np.isfinite(marginal)))
        raise ValueError(f"{what}: expected finite masses, found {marginal[i]} first at {i}")
    if (marginal < 0).any():
        i = int(np.argmax(marginal < 0))
        raise ValueError(f"{what}: expected non-negative masses, found {marginal[i]} first at {i}")
    with np.errstate(over="ignore"):
        total = marginal.sum()
    if not 0 < total < np.inf:
        raise ValueError(f"{what}: expected some mass and a finite sum, found the sum {total}")
    return marginal


def network_masses(values: Any, widths: Sequence[int], what: str) -> tuple[F64, tuple[F64, ...] | None]:
    """Masses of a network's layers, with sum 1, and of each layer's units, with sum 1 each or None where uniform.

    Either one number a layer is given, or the masses of its units, whose sum then is the layer's mass.
    """
    if values is None:
        return np.full(len(widths), 1.0 / len(widths)), None
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, (Sequence, np.ndarray)):
        raise TypeError(f"{what}: expected one mass, or one array of masses, a layer, found {values!r}")
    if all(isinstance(value, numbers.Real) or getattr(value, "ndim", None) == 0 for value in values):
        return _shares(marginal(values, len(widths), what), what), None
    if len(values) != len(widths):
        raise ValueError(f"{what}: expected one array for each of {len(widths)} layers, found {len(values)}")
    names = [f"{what}[{l}]" for l in range(len(widths))]
    for value, name in zip(values, names, strict=True):
        if value is None:
            raise TypeError(f"{name}: expected an array of masses, found None")
    units = [marginal(value, width, name) for value, width, name in zip(values, widths, names, strict=True)]
    sums = np.array([masses.sum() for masses in units])
    return _shares(sums, what), tuple(_shares(masses, name) for masses, name in zip(units, names, strict=True))


def _shares(masses: F64, what: str) -> F64:
    """Masses divided by their sum; all must be positive, as a layer or unit without mass cannot take part."""
    shares = masses / masses.max()
    shares /= shares.sum()
    if not shares.min() >= LEAST_SHARE:
        i = int(np.argmin(shares))
        raise ValueError(f"{what}: expected positive masses, found {masses[i]} of {masses.max()} at {i}")
    return np.asarray(shares)
