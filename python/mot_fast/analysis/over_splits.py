"""Intervals and p-values of scores over random splits, with Nadeau and Bengio's correction for overlapping splits."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.measures.p_values import TIE


def corrected_interval(
    values: npt.ArrayLike, n_train: float, n_test: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Confidence interval of the expected score, from the scores of several random splits of the same stimuli.

    Splits share training stimuli, and held-out ones too, so that their scores are correlated: ``sd / sqrt(J)`` is too
    small a standard error. Nadeau and Bengio (Machine Learning 52, 2003) take ``sqrt(1 / J + n_test / n_train) * sd``
    and Student's t with J - 1 degrees of freedom, for J splits. The expected score is that of an alignment fitted to
    `n_train` stimuli, over training and held-out stimuli drawn anew.

    Parameters
    ----------
    values : array, `(n_splits,)`
        Held-out scores, one a split.
    n_train, n_test : float
        Numbers of training and of held-out stimuli in each split; their means, where splits differ.
    confidence : float
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : float
        Ends of the interval; NaN for a single split, or if a value is NaN.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the values above.

    Examples
    --------
    >>> low, high = corrected_interval([0.66, 0.65, 0.67, 0.66, 0.64], n_train=960, n_test=240)
    >>> round(low, 3), round(high, 3)
    (0.635, 0.677)
    """
    from scipy.special import stdtrit

    scores = _one_per_split(values, "values")
    confidence = _validate.fraction(confidence, "confidence")
    error = _corrected_error(scores, n_train, n_test)
    reach = float(stdtrit(max(len(scores) - 1, 1), (1 + confidence) / 2)) * error
    return float(scores.mean()) - reach, float(scores.mean()) + reach


def corrected_p_value(differences: npt.ArrayLike, n_train: float, n_test: float) -> float:
    """One-sided p-value of "the expected difference of two scores is above zero", over random splits.

    The corrected resampled t-test of Nadeau and Bengio (Machine Learning 52, 2003): the mean difference over
    ``sqrt(1 / J + n_test / n_train) * sd`` is compared with Student's t with J - 1 degrees of freedom, for J splits.

    Parameters
    ----------
    differences : array, `(n_splits,)`
        Score of the one method less the score of the other on the same split, one difference a split.
    n_train, n_test : float
        Numbers of training and of held-out stimuli in each split; their means, where splits differ.

    Returns
    -------
    float
        P-value; 1 if all differences are zero; NaN for a single split, or if a difference is NaN.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the values above.

    Examples
    --------
    >>> round(corrected_p_value([0.03, 0.04, 0.02, 0.03, 0.05], n_train=960, n_test=240), 4)
    0.0056
    """
    from scipy.special import stdtr

    scores = _one_per_split(differences, "differences")
    mean, error = float(scores.mean()), _corrected_error(scores, n_train, n_test)
    if math.isnan(error):
        return math.nan
    if error <= TIE:
        return float(mean <= TIE)
    return float(stdtr(len(scores) - 1, -mean / error))


def _one_per_split(values: npt.ArrayLike, what: str) -> F64:
    numbers_of_splits = _validate.array(values, what)
    if numbers_of_splits.ndim != 1 or numbers_of_splits.size == 0:
        raise ValueError(f"{what}: expected one number a split, found shape {numbers_of_splits.shape}")
    if np.isinf(numbers_of_splits).any():
        raise ValueError(f"{what}: expected finite numbers or NaN, found {values!r}")
    return numbers_of_splits.astype(np.float64)


def _corrected_error(scores: F64, n_train: float, n_test: float) -> float:
    """Standard error of the mean over splits; NaN for a single split."""
    n_train, n_test = _positive(n_train, "n_train"), _positive(n_test, "n_test")
    if len(scores) == 1:
        return math.nan
    return math.sqrt(1 / len(scores) + n_test / n_train) * float(scores.std(ddof=1))


def _positive(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{what}: expected a number, found {value!r}")
    if not 0 < float(value) < math.inf:
        raise ValueError(f"{what}: expected a number of stimuli, found {value!r}")
    return float(value)
