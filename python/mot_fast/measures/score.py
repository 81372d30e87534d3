"""Held-out reconstruction scores: correlation of each unit with its prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mot_fast._validate import F64, Array
from mot_fast.measures.standardize import UnitDeviations, unit_deviations
from mot_fast.system.brief_repr import brief_repr


@dataclass(frozen=True, eq=False)
class Score:
    """Correlation of one network's held-out units with their reconstruction from the other; 1 where it is perfect.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> train, test = mot.split(source.n_stimuli)
    >>> mot.align(source[train], target[train]).score(source[test], target[test])
    Score(value=0.661, per_layer=<(10,) from 0.5238 to 0.8118>,
          per_unit=<10 arrays, 352 numbers from 0.09668 to 0.9859, 5 NaN>, n_undefined=5,
          matched=1)
    """

    value: float
    """Score of the network: the mean over layers."""
    per_layer: F64
    """Scores of the source layers, `(L,)`: means over a layer's units; NaN where every unit is undefined."""
    per_unit: tuple[F64, ...]
    """Pearson correlations over stimuli of every unit with its prediction, one array `(n_l,)` a source layer; NaN where
    undefined."""
    n_undefined: int
    """Number of units that are constant over the held-out stimuli, or have no counterpart: they have no correlation and
    are left out of the means."""
    matched: float = 1.0
    """Share of the source's mass that the coupling carries: 1 unless units or layers may be left behind."""

    __repr__ = brief_repr

    @property
    def over_units(self) -> float:
        """Mean over all units alike, whatever their layers: wide layers count for more than in `value`."""
        return mean_of_defined(np.concatenate(self.per_unit))

    @classmethod
    def of_units(cls, per_unit: list[F64]) -> Score:
        """The score that follows from the correlations of every unit, one array a layer."""
        per_layer = np.array([mean_of_defined(units) for units in per_unit])
        n_undefined = sum(int(np.isnan(units).sum()) for units in per_unit)
        return cls(mean_of_defined(per_layer), per_layer, tuple(per_unit), n_undefined)

    @classmethod
    def of_joined_layers(cls, units: F64, widths: Sequence[int]) -> Score:
        """The score that follows from the correlations of the units of all layers, end to end."""
        return cls.of_units(np.split(units, np.cumsum(widths)[:-1]))


def mean_of_defined(values: F64) -> float:
    """The mean of the values that are not NaN; NaN if all are."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def mean_over_defined(values: F64, axis: int = 0) -> F64:
    """Mean over one axis of the values that are not NaN; NaN where all are."""
    is_defined = ~np.isnan(values)
    n = is_defined.sum(axis=axis)
    return np.where(n > 0, np.where(is_defined, values, 0.0).sum(axis=axis) / np.maximum(n, 1), np.nan)


def means_of_defined(values: F64) -> F64:
    """The mean of each row, as `mean_of_defined` finds it."""
    means = np.asarray(values.mean(axis=1))
    for k in np.flatnonzero(np.isnan(means)):
        means[k] = mean_of_defined(values[k])
    return means


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
    return correlate_deviations(unit_deviations(truth.astype(np.float64)), unit_deviations(prediction))


def correlate_deviations(truth: UnitDeviations, prediction: UnitDeviations) -> F64:
    """Pearson correlation of each unit with its prediction, as `correlate_units`, from the deviations of both.

    They may be those of stacks of layers, or of one layer and a stack of its predictions.
    """
    r = np.clip(np.einsum("...ti,...ti->...i", truth.values, prediction.values), -1.0, 1.0)
    np.copyto(r, 0.0, where=prediction.is_constant)
    np.copyto(r, np.nan, where=truth.is_constant)
    return np.asarray(r)
