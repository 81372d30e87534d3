"""A layer that does not hold its activations, but reads them again, some stimuli at a time, when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mot_fast._validate import F64, Array, Index
from mot_fast.system.memory import BYTES_PER_UNIT

_VALUES_AT_ONCE = 2**17
"""Activations of a layer, in double precision, that are in memory at the same time."""
_LEAST_AT_ONCE = 64
"""Stimuli whose activations are in memory at the same time at least."""
_N_VECTORS = 6
"""Numbers for each unit that are kept of a layer."""
_N_COPIES = 4
"""Copies of the activations read at once that are in memory: as they are read, widened, and in computations."""


class PassedLayer:
    """Means and deviations of a layer's units, and the numbers that turn its activations into unit vectors.

    They are found in two passes over the stimuli, in double precision and in pieces whose size depends on the number of
    units alone, by the rules of the core's `StandardizedLayer`: constant units have a deviation of exactly 0, and
    nothing over- or underflows at any scale of the activations.

    Parameters
    ----------
    activations : array, `(n_stored_stimuli, n_units)`
        Finite activations; not kept.
    rows : array of int, optional
        The stimuli that count; all by default.
    """

    def __init__(self, activations: Array, rows: Index | None = None) -> None:
        n_stimuli, n_units = len(activations) if rows is None else len(rows), activations.shape[1]
        reference = np.asarray(activations[0 if rows is None else rows[0]], dtype=np.float64)
        share, step = 1.0 / n_stimuli, stimuli_at_once(n_units)
        low, high, half_mean = reference.copy(), reference.copy(), np.zeros(n_units)
        # The mean is that of the differences from the first stimulus: a plain sum would lose them where values hardly
        # vary. Halves are summed, as the difference of two doubles may overflow.
        for values in pieces(activations, rows, step):
            np.minimum(low, values.min(axis=0), out=low)
            np.maximum(high, values.max(axis=0), out=high)
            half_mean += (values * (0.5 * share) - reference * (0.5 * share)).sum(axis=0)
        self._centre = 2.0 * (half_mean + 0.5 * reference)
        # Values are brought to order one before they are squared: large values before the mean is subtracted, small
        # ones afterwards.
        is_constant = low == high
        with np.errstate(over="ignore"):
            spread = high - low
        spread = np.where(np.isfinite(spread), spread, 0.5 * high - 0.5 * low)
        scale = np.where(is_constant, 0.0, np.ldexp(1.0, np.clip(-np.frexp(spread)[1], -1022, 1022)))
        self._before, self._after = np.minimum(scale, 1.0), np.maximum(scale, 1.0)
        self._error, self._to_unit_norm = np.zeros(n_units), np.ones(n_units)
        sums, squares = np.zeros(n_units), np.zeros(n_units)
        for values in pieces(activations, rows, step):
            self.standardize(values)
            sums += values.sum(axis=0)
            squares += np.einsum("ti,ti->i", values, values)
        # The second pass finds the rounding error of the mean, which cannot be closer than an ulp itself.
        error = sums * share
        norms = np.sqrt(np.where(is_constant, 1.0, squares - sums * error))
        divisor = np.where(is_constant, 1.0, scale)
        self._error, self._to_unit_norm = np.where(is_constant, 0.0, error), np.where(is_constant, 0.0, 1.0 / norms)
        self.mean: F64 = self._centre + self._error / divisor
        # A deviation of 0 means a constant unit: the deviation of a unit that varies is not rounded to it.
        deviation = np.maximum(norms * np.sqrt(share) / divisor, np.finfo(np.float64).smallest_subnormal)
        self.deviation: F64 = np.where(is_constant, 0.0, deviation)

    def standardize(self, values: F64) -> None:
        """Turn some of the layer's activations, in place, into entries of unit vectors; constant units become zeros."""
        values *= self._before
        values -= self._centre * self._before
        values *= self._after
        values -= self._error
        values *= self._to_unit_norm

    @staticmethod
    def n_bytes(n_stimuli: int, n_units: int) -> int:  # noqa: ARG004
        """Bytes that such a layer takes, however many stimuli there are."""
        return 8 * _N_VECTORS * n_units


def stimuli_at_once(n_units: int) -> int:
    """Number of stimuli read at once of a layer, or of two layers the wider of which has so many units."""
    return max(_LEAST_AT_ONCE, _VALUES_AT_ONCE // n_units)


def needed_in_passes(n: int, m: int) -> int:
    """Bytes that the transport between two layers takes if neither is held: costs, pieces, and what finds the plan."""
    return 8 * (n * m + _N_COPIES * stimuli_at_once(max(n, m)) * (n + m)) + BYTES_PER_UNIT * (n + m)


def pieces(activations: Array, rows: Index | None, step: int) -> Iterator[F64]:
    """Yield the activations of the stimuli that count, some at a time, in double precision, as arrays of their own."""
    n_stimuli = len(activations) if rows is None else len(rows)
    for first in range(0, n_stimuli, step):
        some = slice(first, first + step)
        yield np.array(activations[some if rows is None else rows[some]], dtype=np.float64, order="C")


def costs_in_passes(
    layers: tuple[PassedLayer, PassedLayer],
    activations: tuple[tuple[Array, Index | None], tuple[Array, Index | None]],
    check: Callable[[], None],
) -> tuple[F64, float]:
    """One minus the correlations of two layers' units, `(n, m)`, and the largest of them.

    Parameters
    ----------
    layers : two PassedLayer
    activations : two pairs of an array and of stimuli
        Activations of either layer, and the stimuli that count.
    check : function
        Called before every piece of stimuli; it may raise.
    """
    from scipy.linalg.blas import dgemm

    source, target = layers
    n, m = len(source.mean), len(target.mean)
    step = stimuli_at_once(max(n, m))
    costs = np.zeros((n, m))
    for x, y in zip(*(pieces(*each, step) for each in activations), strict=True):
        check()
        source.standardize(x)
        target.standardize(y)
        # BLAS counts by columns: the transposed costs are Y^T X, and it adds to them where they are.
        dgemm(1.0, y.T, x.T, beta=1.0, c=costs.T, trans_b=True, overwrite_c=True)
    np.clip(costs, -1.0, 1.0, out=costs)
    np.subtract(1.0, costs, out=costs)
    return costs, float(costs.max())
