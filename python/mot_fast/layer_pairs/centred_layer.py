"""A layer's activations centred in double precision, with their Gram matrix, to which rotations are fitted."""

from __future__ import annotations

import functools

import numpy as np

from mot_fast._validate import F64, Array, Index
from mot_fast.measures.standardize import centre_from_first, order_one


class CentredLayer:
    """Activations less their mean over the stimuli, times a power of two that brings them to order one.

    Parameters
    ----------
    activations : array, `(n_stored_stimuli, n_units)`
        Finite activations.
    rows : array of int, optional
        The stimuli that count; all by default.
    """

    def __init__(self, activations: Array, rows: Index | None = None) -> None:
        values = np.array(activations if rows is None else activations[rows], dtype=np.float64, order="C")
        self.exponent = int(order_one(values, out=values)[1])
        """Centred activations are `values` times 2 to this power."""
        self.mean: F64 = np.ldexp(centre_from_first(values), self.exponent)
        self.values: F64 = values
        squares = np.einsum("ti,ti->i", values, values)
        self.deviation: F64 = np.ldexp(np.sqrt(squares / len(values)), self.exponent)
        self.squared_norm = float(squares.sum())

    @functools.cached_property
    def gram(self) -> F64:
        """``values^T values``, `(n_units, n_units)`."""
        return np.asarray(self.values.T @ self.values)

    @staticmethod
    def n_bytes(n_stimuli: int, n_units: int) -> int:
        """Bytes that such a layer takes."""
        return 8 * (n_stimuli + n_units) * n_units
