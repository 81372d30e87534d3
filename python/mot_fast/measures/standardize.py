"""Scaling and centring: the one place where activations become z-scores, unit vectors or centred columns.

Columns are units, rows are stimuli. All work is done in double precision and at any scale of the activations: powers of
two, which round nothing, bring values to order one before anything is squared, so that nothing over- or underflows.

The functions differ in two things, on purpose.

- Means. `centre` subtracts the mean and then the mean of what is left, which is the rounding error of the first.
  `centre_from_first` takes the differences from the first stimulus before it takes their mean: a constant unit becomes
  exactly zero without being looked for. `UnitVectorsInPasses` does the same on pieces, with halves of the numbers,
  since it has no power of two to scale by before it has seen all of them.
- Constant units. They have no z-score and no correlation, and are zeros in all of these results; `unit_deviations` says
  which they are, since scores leave them out. `mot_fast.baselines.rsa`, which correlates stimuli over units, instead
  refuses stimuli that have the same activation in all units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mot_fast._validate import F64

Exponents = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


def order_one(values: F64, axis: int | None = None, *, out: F64 | None = None) -> tuple[F64, Exponents]:
    """Values times the power of two that brings the largest magnitude along an axis into [1/2, 1).

    Parameters
    ----------
    values : array
        Finite. All zeros stay zeros.
    axis : int, optional
        0 scales each unit, 1 each stimulus; all values by one power of two by default.
    out : array, optional
        Where to write the result; `values` itself may be given.

    Returns
    -------
    scaled : array
    exponents : array of int
        ``values == scaled * 2.0**exponents``; it has length one along the axis.

    Examples
    --------
    >>> order_one(np.array([[3.0, -1e300], [1.0, 0.0]]), axis=0)[0].round(3)
    array([[ 0.75 , -0.747],
           [ 0.25 ,  0.   ]])
    """
    is_kept = axis is not None
    largest = np.maximum(values.max(axis=axis, keepdims=is_kept), -values.min(axis=axis, keepdims=is_kept))
    exponents = np.frexp(largest)[1]
    return np.ldexp(values, -exponents, out=out), exponents


def is_constant(values: F64, axis: int = 0) -> Mask:
    """Whether all values along an axis are equal: 0 asks of each unit, 1 of each stimulus."""
    return np.asarray(values.max(axis=axis) == values.min(axis=axis))


def centre(values: F64, axis: int = 0) -> tuple[F64, F64]:
    """Subtract the means along an axis, in place.

    Returns
    -------
    mean, rest : arrays
        The mean as rounded, and the mean of what it left: together they are closer to the mean than a double can be.
        They have length one along the axis.
    """
    mean = values.mean(axis=axis, keepdims=True)
    values -= mean
    rest = values.mean(axis=axis, keepdims=True)
    values -= rest
    return mean, rest


def centre_from_first(values: F64) -> F64:
    """Subtract each unit's mean, in place, so that a constant unit becomes exactly zero; return the means."""
    first = values[0].copy()
    values -= first
    mean = values.mean(axis=0)
    values -= mean
    return np.asarray(first + mean)


class UnitDeviations(NamedTuple):
    """Deviations of units from their means over stimuli, scaled to norm 1: the product of two is their correlation."""

    values: F64
    """Scaled deviations, `(..., n_stimuli, n_units)`; zeros where a unit is constant."""
    is_constant: Mask
    """Whether each unit is constant, `(..., n_units)`."""
    relative_norms: F64
    """Norms that the deviations had before, `(..., n_units)`, where `order_one` has brought the units to order one: the
    smaller a norm is, the more does rounding of the activations blur the scaled deviations."""


def unit_deviations(values: F64) -> UnitDeviations:
    """Deviations from each unit's mean, divided by their norms.

    Parameters
    ----------
    values : array, `(..., n_stimuli, n_units)`
        One layer, or a stack of layers. Each gives the same bits as by itself, unless they have one unit each, whose
        stimuli NumPy adds up in another order.

    Examples
    --------
    >>> unit_deviations(np.array([[1.0, 7.0], [4.0, 7.0], [1.0, 7.0]])).values.round(3)
    array([[-0.408,  0.   ],
           [ 0.816,  0.   ],
           [-0.408,  0.   ]])
    """
    values, _ = order_one(values, axis=-2)
    spread = np.ptp(values, axis=-2, keepdims=True)
    constant = spread == 0.0
    # Deviations are brought to order one too: those of values that hardly vary are as small as 1e-16.
    deviations = (values - values.mean(axis=-2, keepdims=True)) / np.where(constant, 1.0, spread)
    deviations -= deviations.mean(axis=-2, keepdims=True)
    norms = np.sqrt(np.einsum("...ti,...ti->...i", deviations, deviations))[..., None, :]
    deviations /= np.where(constant, 1.0, norms)
    np.copyto(deviations, 0.0, where=constant)
    return UnitDeviations(deviations, constant[..., 0, :], (norms * spread)[..., 0, :])


def unit_vector(values: F64) -> F64:
    """One vector of order one, such as ranks or dissimilarities, brought to mean 0 and norm 1 in place."""
    values -= values.mean()
    values /= np.linalg.norm(values)
    return values


def unit_layer(values: F64) -> F64:
    """A layer with centred units and of Frobenius norm 1, or all zeros where every unit is constant.

    `values` is overwritten.
    """
    values[:, is_constant(values)] = 0.0
    order_one(values, out=values)
    centre(values)
    norm = np.linalg.norm(values)
    if norm > 0.0:
        values /= norm
    return values


class ZScores:
    """Units in deviations from their means: means and deviations of the training stimuli, for these and for others.

    Parameters
    ----------
    training : array, `(n_stimuli, n_units)`
        Finite activations.
    """

    def __init__(self, training: F64) -> None:
        scaled, self._exponents = order_one(training, axis=0)
        self._is_constant = is_constant(scaled)
        self._mean, self._rest_of_mean = centre(scaled)
        deviations = np.sqrt(np.einsum("ti,ti->i", scaled, scaled) / len(scaled))
        self._deviations = np.where(self._is_constant, 1.0, deviations)
        scaled /= self._deviations
        scaled[:, self._is_constant] = 0.0
        self.training: F64 = scaled
        """`(n_stimuli, n_units)`; zeros where a unit is constant."""

    def of(self, values: F64) -> F64:
        """Other stimuli, by the same means and deviations; zeros where a unit is constant in training.

        A z-score beyond the range of doubles is infinite.
        """
        with np.errstate(over="ignore"):
            scaled: F64 = np.ldexp(values, -self._exponents)
            scaled -= self._mean
            scaled -= self._rest_of_mean
            scaled /= self._deviations
        scaled[:, self._is_constant] = 0.0
        return scaled


def z_scores(activations: F64, mean: F64, deviation: F64, what: str) -> F64:
    """Deviations from given means in units of given deviations; zeros where a deviation is zero.

    Parameters
    ----------
    activations : array, `(n_stimuli, n_units)`
    mean, deviation : arrays, `(n_units,)`
    what : str
        The argument that an error names.

    Raises
    ------
    ValueError
        If a z-score is beyond the range of doubles.
    """
    has_none = deviation == 0.0
    with np.errstate(over="ignore"):
        scores = np.asarray((activations - mean) / np.where(has_none, 1.0, deviation))
    scores[:, has_none] = 0.0
    if not np.isfinite(scores).all():
        unit = int(np.argmin(np.isfinite(scores).all(axis=0)))
        raise ValueError(
            f"{what}: expected activations of the scale aligned on, found z-scores beyond float64 at unit {unit}, "
            f"whose deviation was {deviation[unit]}"
        )
    return scores


def root_mean_square(values: F64) -> float:
    """Root of the mean square of non-negative values, at any scale of them."""
    largest = float(values.max())
    return largest * float(np.sqrt(np.mean((values / largest) ** 2))) if largest > 0 else 0.0


class UnitVectorsInPasses:
    """Means and deviations of units whose activations are never held all at once, and the way to their unit vectors.

    Two passes over the stimuli find them, by the rules of the core's `StandardizedLayer`: constant units have a
    deviation of exactly 0, and nothing over- or underflows at any scale of the activations.

    Parameters
    ----------
    first : array, `(n_units,)`
        Activations of the first stimulus.
    pieces : function
        Called for each pass: arrays `(k, n_units)` of consecutive stimuli, which may be written to.
    n_stimuli : int
    """

    mean: F64
    deviation: F64

    def __init__(self, first: F64, pieces: Callable[[], Iterable[F64]], n_stimuli: int) -> None:
        n_units, share = len(first), 1.0 / n_stimuli
        low, high, self._centre = _range_and_mean(first, pieces(), share)
        # Values are brought to order one before they are squared: large values before the mean is subtracted, small
        # ones afterwards.
        constant = low == high
        with np.errstate(over="ignore"):
            spread = high - low
        spread = np.where(np.isfinite(spread), spread, 0.5 * high - 0.5 * low)
        scale = np.where(constant, 0.0, np.ldexp(1.0, np.clip(-np.frexp(spread)[1], -1022, 1022)))
        self._before, self._after = np.minimum(scale, 1.0), np.maximum(scale, 1.0)
        self._error, self._to_unit_norm = np.zeros(n_units), np.ones(n_units)
        sums, squares = np.zeros(n_units), np.zeros(n_units)
        for values in pieces():
            self.standardize(values)
            sums += values.sum(axis=0)
            squares += np.einsum("ti,ti->i", values, values)
        # The second pass finds the rounding error of the mean, which cannot be closer than an ulp itself.
        error = sums * share
        norms = np.sqrt(np.where(constant, 1.0, squares - sums * error))
        divisor = np.where(constant, 1.0, scale)
        self._error, self._to_unit_norm = np.where(constant, 0.0, error), np.where(constant, 0.0, 1.0 / norms)
        self.mean = self._centre + self._error / divisor
        # A deviation of 0 means a constant unit: the deviation of a unit that varies is not rounded to it.
        deviation = np.maximum(norms * np.sqrt(share) / divisor, np.finfo(np.float64).smallest_subnormal)
        self.deviation = np.where(constant, 0.0, deviation)

    def standardize(self, values: F64) -> None:
        """Turn activations of some stimuli, in place, into entries of unit vectors; constant units become zeros."""
        values *= self._before
        values -= self._centre * self._before
        values *= self._after
        values -= self._error
        values *= self._to_unit_norm


def _range_and_mean(first: F64, pieces: Iterable[F64], share: float) -> tuple[F64, F64, F64]:
    """Least value, largest value and mean of each unit, in one pass."""
    low, high, half_mean = first.copy(), first.copy(), np.zeros(len(first))
    # The mean is that of the differences from the first stimulus: a plain sum would lose them where values hardly vary.
    # Halves are summed, as the difference of two doubles may overflow.
    for values in pieces:
        np.minimum(low, values.min(axis=0), out=low)
        np.maximum(high, values.max(axis=0), out=high)
        half_mean += (values * (0.5 * share) - first * (0.5 * share)).sum(axis=0)
    return low, high, 2.0 * (half_mean + 0.5 * first)
