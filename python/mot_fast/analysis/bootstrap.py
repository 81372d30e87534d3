"""Confidence intervals of held-out scores, by the bootstrap over held-out stimuli."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment.held_out import VaryingUnits
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.resampling import TIE, Drawn, LeftOut, Resamples, correlations, in_batches, predicted_units
from mot_fast.measures.score import Score
from mot_fast.networks.load import Source


@dataclass(frozen=True)
class Interval:
    """A score and its confidence interval; made by `mot_fast.bootstrap_score`."""

    value: float
    """Score on all held-out stimuli."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    standard_error: float
    """Standard deviation of the score over the resamples."""
    confidence: float
    """Confidence level of the interval, between 0 and 1."""


def bootstrap_score(
    alignment: Alignment,
    source: Source,
    target: Source,
    coupling: str | npt.ArrayLike = "mot",
    *,
    n_resamples: int = 999,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Confidence interval of a held-out score by the bootstrap: stimuli are drawn anew, with replacement.

    The bias-corrected and accelerated interval (BCa; Efron, J. Am. Stat. Assoc. 82, 1987). The plans are fixed: this is
    uncertainty over held-out stimuli, which count as independent draws, and not over training stimuli, units or
    networks. The interval is too narrow with few stimuli, or with units that only few stimuli drive.

    Parameters
    ----------
    alignment : Alignment
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same held-out stimuli.
    coupling : str or array `(L, M)`
        Coupling or layer weights, as for `Alignment.score`; "permuted" is the order of seed 0.
    n_resamples : int
        Number of resamples, at least 2.
    confidence : float
        Confidence level, between 0 and 1.
    seed : int
        Seed of `numpy.random.default_rng`, whose `multinomial` says how often each stimulus is drawn.

    Returns
    -------
    Interval
        The score, as `Alignment.score` has it, and its interval. A unit that is constant over a resample is left out of
        the means of that resample. A resample in which no unit varies is left out; if fewer than two are left, the ends
        and the standard error are NaN.

    Raises
    ------
    TypeError, ValueError
        As `Alignment.score`, or if another argument is none of the values above.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> train, test = mot.split(source.n_stimuli)
    >>> alignment = mot.align(source[train], target[train])
    >>> interval = mot.bootstrap_score(alignment, source[test], target[test], n_resamples=99)
    >>> bool(interval.low < interval.value < interval.high < interval.low + 0.1)
    True
    """
    _validate.check_alignment(alignment)
    n_resamples = _validate.whole_number(n_resamples, "n_resamples", at_least=2, at_most=_validate.MOST_RESAMPLES)
    confidence = _validate.fraction(confidence, "confidence")
    seed = _validate.whole_number(seed, "seed", at_least=0)
    scores, layers = predicted_units(alignment, source, target, [coupling])
    (interval,) = intervals(scores, layers, n_resamples, confidence, seed)
    return interval


def intervals(
    scores: Sequence[Score], layers: Sequence[VaryingUnits], n_resamples: int, confidence: float, seed: int
) -> list[Interval]:
    """Confidence intervals of several scores on the same resamples; see `bootstrap_score`.

    Parameters
    ----------
    scores : sequence of Score
        Scores on all held-out stimuli, one for each prediction of a layer.
    layers : sequence of VaryingUnits
        Units of every source layer, with their predictions.
    n_resamples, confidence, seed
        Arguments of `bootstrap_score`.
    """
    rng = np.random.default_rng(seed)
    n = len(layers[0].truth)

    def draw(n_rows: int, _: int) -> Resamples:
        return Drawn(rng.multinomial(n, np.full(n, 1.0 / n), size=n_rows).astype(np.float64))

    def leave_one_out(n_rows: int, first: int) -> Resamples:
        return LeftOut(n, first, n_rows)

    resampled, without_one = (
        np.concatenate([_scores(layers, resamples) for resamples in in_batches(n_rows, layers, make)], axis=1)
        for n_rows, make in ((n_resamples, draw), (n, leave_one_out))
    )
    values = [score.value for score in scores]
    return [_interval(*each, confidence) for each in zip(values, resampled, without_one, strict=True)]


def _interval(value: float, resampled: F64, without_one: F64, confidence: float) -> Interval:
    """The interval of one score, from its values in the resamples and without each stimulus in turn."""
    resampled, without_one = _defined(resampled), _defined(without_one)
    if np.isnan(value) or min(len(resampled), len(without_one)) < 2:
        return Interval(value, np.nan, np.nan, np.nan, confidence)
    low, high = np.quantile(resampled, _bca_levels(value, resampled, without_one, confidence))
    return Interval(value, float(low), float(high), float(resampled.std(ddof=1)), confidence)


def _scores(layers: Sequence[VaryingUnits], resamples: Resamples) -> F64:
    """Scores of every prediction in every resample, `(n_predictions, n_rows)`."""
    per_layer = [
        [_mean_of_defined(r) for r in correlations(layer.truth, layer.predictions, resamples)] for layer in layers
    ]
    return _mean_of_defined(np.moveaxis(np.array(per_layer), 0, -1))


def _mean_of_defined(values: F64) -> F64:
    """Mean over the last axis of the values that are not NaN; NaN where all are."""
    is_defined = ~np.isnan(values)
    n = is_defined.sum(axis=-1)
    return np.where(n > 0, np.where(is_defined, values, 0.0).sum(axis=-1) / np.maximum(n, 1), np.nan)


def _defined(values: F64) -> F64:
    """The values that are not NaN."""
    return values[~np.isnan(values)]


def _bca_levels(value: float, resampled: F64, without_one: F64, confidence: float) -> F64:
    """The two levels at which the bootstrap distribution is cut, corrected for bias and for skewness."""
    from scipy.special import ndtr, ndtri

    n = len(resampled)
    share_below = ((resampled < value).sum() + (resampled <= value).sum()) / (2 * n)
    bias = ndtri(np.clip(share_below, 1 / (n + 1), n / (n + 1)))
    influence = without_one.mean() - without_one
    squares = (influence**2).sum()
    acceleration = (influence**3).sum() / (6 * squares**1.5) if squares > TIE**2 else 0.0
    z = bias + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    return np.asarray(ndtr(bias + z / np.maximum(1 - acceleration * z, TIE)))
