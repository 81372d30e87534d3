"""Held-out reconstruction scores: correlation of each unit with its prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mot_fast._validate import F64, Array
from mot_fast.measures.standardize import unit_deviations


@dataclass(frozen=True, eq=False)
class Score:
    """How well one network's held-out activations are reconstructed from the other's; higher is better, 1 perfect."""

    value: float
    """Mean over layers."""
    per_layer: F64
    """`(L,)`: mean over a layer's units; NaN where every unit is undefined."""
    per_unit: tuple[F64, ...]
    """Of each layer, `(n_l,)`: Pearson correlation over stimuli of a unit with its prediction; NaN where undefined."""
    n_undefined: int
    """Units that are constant over the held-out stimuli: they have no correlation and are left out of the means."""

    @classmethod
    def of_units(cls, per_unit: list[F64]) -> Score:
        """The score of the correlations of every unit."""
        per_layer = np.array([_mean_of_defined(units) for units in per_unit])
        n_undefined = sum(int(np.isnan(units).sum()) for units in per_unit)
        return cls(_mean_of_defined(per_layer), per_layer, tuple(per_unit), n_undefined)


def _mean_of_defined(values: F64) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def correlate_units(truth: Array, prediction: F64) -> F64:
    """Pearson correlation of each column of `truth` with the same column of `prediction`.

    NaN where the truth is constant; 0 where only the prediction is.

    Parameters
    ----------
    truth, prediction : arrays, `(n_stimuli, n_units)`

    Returns
    -------
    array, `(n_units,)`
    """
    return next(correlate_with_each(truth, [prediction]))


def correlate_with_each(truth: Array, predictions: Iterable[F64]) -> Iterator[F64]:
    """As `correlate_units`, for many predictions of the same truth."""
    truth_deviations, truth_is_constant, _ = unit_deviations(truth.astype(np.float64))
    for prediction in predictions:
        prediction_deviations, prediction_is_constant, _ = unit_deviations(prediction)
        r = np.clip(np.einsum("ti,ti->i", truth_deviations, prediction_deviations), -1.0, 1.0)
        r[prediction_is_constant] = 0.0
        r[truth_is_constant] = np.nan
        yield r
