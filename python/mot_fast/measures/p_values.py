"""P-values of permutation tests, and their adjustment where there are many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64

TIE = 1e-12
"""Largest difference of scores that are equal but for rounding; scores are of order one."""
ADJUSTMENTS = ("holm", "bh")


def share_as_extreme(observed: npt.ArrayLike, null: F64) -> F64:
    """One-sided p-values ``(1 + #{null >= observed}) / (1 + n)``: how often chance gives as much as was observed.

    Values that differ by rounding are as large. A p-value is NaN where the observed value is; values of the null that
    are NaN count as large, so that they make no p-value smaller.

    Parameters
    ----------
    observed : float or array
        Values observed, large ones speaking against chance.
    null : array, `(n, ...)`
        Values that chance gave, n for each of those observed.

    Examples
    --------
    >>> share_as_extreme(0.9, np.array([0.2, 0.4, 0.3])).item()
    0.25
    """
    observed = np.asarray(observed, dtype=np.float64)
    n_as_large = (~(null < observed - TIE)).sum(axis=0)
    return np.where(np.isnan(observed), np.nan, (1 + n_as_large) / (1 + len(null)))


def adjust(p_values: npt.ArrayLike, method: str = "holm") -> F64:
    """Adjust p-values for their number: each may be compared with the level that is meant to hold for all together.

    Parameters
    ----------
    p_values : array
        P-values of any shape, all of one family of tests. NaN stands for a test that was not made: it is not counted,
        and stays NaN.
    method : {"holm", "bh"}
        "holm": the step-down procedure of Holm (Scandinavian Journal of Statistics 6, 1979). Tests whose adjusted
        p-value is at most alpha hold a false one with probability at most alpha, whatever the tests have in common.
        "bh": the step-up procedure of Benjamini & Hochberg (Journal of the Royal Statistical Society B 57, 1995). Among
        the tests whose adjusted p-value is at most alpha, the expected share of false ones is at most alpha, where the
        tests are independent or depend on each other positively; a procedure for many tests, which finds more.

    Returns
    -------
    array
        Adjusted p-values, in the shape given.

    Raises
    ------
    TypeError, ValueError
        If a p-value is not a number in [0, 1], or the method is none of those above.

    Examples
    --------
    >>> adjust([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    >>> adjust([0.01, 0.04, 0.03], method="bh")
    array([0.03, 0.04, 0.04])
    """
    _validate.choice(method, ADJUSTMENTS, "method")
    validated = _validate.array(p_values, "p_values").astype(np.float64)
    is_bad = (validated < 0) | (validated > 1)
    if is_bad.any():
        raise ValueError(f"p_values: expected numbers from 0 to 1, found {validated[is_bad][0]}")
    result = np.full(validated.shape, np.nan)
    is_made = ~np.isnan(validated)
    if is_made.any():
        result[is_made] = _holm(validated[is_made]) if method == "holm" else _benjamini_hochberg(validated[is_made])
    return result


def _holm(p_values: F64) -> F64:
    """The k-th smallest of n, counted from 0, times n - k; none smaller than that of a smaller p-value."""
    n = len(p_values)
    order = np.argsort(p_values)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(np.maximum.accumulate((n - np.arange(n)) * p_values[order]), 1.0)
    return adjusted


def _benjamini_hochberg(p_values: F64) -> F64:
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p_values, method="bh"))
