"""Confidence intervals of held-out scores, by the bootstrap or the jackknife over held-out stimuli."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment.held_out import VaryingUnits
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.pieces import IN_THIS_PROCESS
from mot_fast.analysis.resampling import (
    Draws,
    defined,
    jackknife_error,
    predicted_units,
    scores_of_resamples,
    scores_without_each,
)
from mot_fast.analysis.splits import Groups
from mot_fast.analysis.stimulus_sets import (
    BlockLength,
    automatic_length,
    influences,
    is_automatic,
    stimulus_sets,
)
from mot_fast.layer_pairs.resources import Resources
from mot_fast.measures.p_values import TIE
from mot_fast.measures.score import Score
from mot_fast.networks.load import Source
from mot_fast.system.brief_repr import brief_repr

Method = Literal["bca", "t"]
METHODS: tuple[Method, ...] = get_args(Method)


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
    """Standard deviation of the score over the resamples; the jackknife's estimate of it for `method="t"`."""
    confidence: float
    """Confidence level of the interval, between 0 and 1."""
    block_length: int | None = None
    """Length of the blocks of stimuli that were drawn or left out together; None without blocks."""

    __repr__ = brief_repr


def bootstrap_score(
    alignment: Alignment,
    source: Source,
    target: Source,
    coupling: str | npt.ArrayLike = "mot",
    *,
    n_resamples: int = 999,
    confidence: float = 0.95,
    seed: int = 0,
    groups: Groups | None = None,
    block_length: BlockLength | None = None,
    method: Method | None = None,
) -> Interval:
    """Confidence interval of a held-out score, by the bootstrap or the jackknife over held-out stimuli.

    The plans are fixed: this is uncertainty over held-out stimuli, and not over training stimuli, units or networks.
    Stimuli count as independent draws, unless `groups` or `block_length` says which belong together: those of one
    subject, film or session, or those that follow each other in time.

    Simulations counted how often intervals of 95 % cover (the documentation's page "Calibration"). "bca" covers as it
    says for 50 or more independent stimuli without heavy tails; "t" for 20 or more, with heavy tails too; groups from
    four of them on; blocks of automatic length for time series whose neighbours correlate by 0.5, from 20 stimuli on,
    or by 0.9, from 200 on. With units that fire for few stimuli every interval is too narrow.

    Parameters
    ----------
    alignment : Alignment
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same held-out stimuli.
    coupling : str or array `(L, M)`
        Coupling or layer weights, as for `Alignment.score`; "permuted" is the order of seed 0.
    n_resamples : int
        Number of resamples of the bootstrap, at least 2.
    confidence : float
        Confidence level, between 0 and 1.
    seed : int
        Seed of `numpy.random.default_rng`, whose `multinomial` says how often each stimulus, group or block is drawn.
    groups : sequence, optional
        One label for each held-out stimulus: stimuli of equal labels are drawn or left out together. At least three
        groups.
    block_length : int or "auto", optional
        Length of blocks of consecutive held-out stimuli, which are drawn or left out together; what is left over is
        shared out among them. At least three blocks. "auto" finds the length from the autocorrelation of the stimuli's
        influences on the score: three times that of Politis & White (Econometric Reviews 23, 2004; corrected in 28,
        2009), at least the square root of the number of stimuli, and a fifth of it at most. The held-out stimuli must
        then be in the order of time, without gaps.
    method : "bca" or "t", optional
        "bca", the default for single stimuli, is the bias-corrected and accelerated bootstrap (Efron, J. Am. Stat.
        Assoc. 82, 1987). "t", the default for groups and blocks, goes as many standard errors to either side of the
        score as Student's t says, with one degree of freedom less than there are sets of stimuli; the standard error is
        the jackknife's, which leaves out one set at a time (Tukey, Ann. Math. Stat. 29, 1958). `n_resamples` and `seed`
        do nothing there.

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
    >>> mot.bootstrap_score(alignment, source[test], target[test], block_length="auto").block_length
    16
    """
    _validate.check_alignment(alignment)
    n_resamples = _validate.whole_number(n_resamples, "n_resamples", at_least=2, at_most=_validate.MOST_RESAMPLES)
    confidence = _validate.fraction(confidence, "confidence")
    seed = _validate.whole_number(seed, "seed", at_least=0)
    scores, layers = predicted_units(alignment, source, target, [coupling])
    return intervals(
        scores, layers, n_resamples, confidence, seed, groups=groups, block_length=block_length, method=method
    )[0]


def intervals(
    scores: Sequence[Score],
    layers: Sequence[VaryingUnits],
    n_resamples: int,
    confidence: float,
    seed: int,
    *,
    groups: Groups | None = None,
    block_length: BlockLength | None = None,
    method: Method | None = None,
    resources: Resources = IN_THIS_PROCESS,
) -> list[Interval]:
    """Confidence intervals of several scores on the same resamples; see `bootstrap_score`.

    Blocks of automatic length have a length for each score.

    Parameters
    ----------
    scores : sequence of Score
        Scores on all held-out stimuli, one for each prediction of a layer.
    layers : sequence of VaryingUnits
        Units of every source layer, with their predictions.
    n_resamples, confidence, seed, groups, block_length, method
        Arguments of `bootstrap_score`.
    resources : Resources
        Who resamples the layers, and where what they found is kept.
    """
    default = "bca" if groups is None and block_length is None else "t"
    is_t = _validate.choice(default if method is None else method, METHODS, "method") == "t"

    def of(scores: Sequence[Score], layers: Sequence[VaryingUnits], length: BlockLength | None) -> list[Interval]:
        sets = stimulus_sets(len(layers[0].truth), groups, length)
        values = [score.value for score in scores]
        without_one = scores_without_each(layers, sets, resources)
        if is_t:
            found = [_t_interval(*each, confidence) for each in zip(values, without_one, strict=True)]
        else:
            resampled = scores_of_resamples(layers, Draws(sets, n_resamples, seed), resources)
            found = [_bca_interval(*each, confidence) for each in zip(values, resampled, without_one, strict=True)]
        return [replace(each, block_length=sets.block_length) for each in found]

    if not is_automatic(groups, block_length):
        return of(scores, layers, block_length)
    alone = [[layer.predicted_by(k) for layer in layers] for k in range(len(scores))]
    lengths = [automatic_length(influences(each)) for each in alone]
    return [of([score], each, length)[0] for score, each, length in zip(scores, alone, lengths, strict=True)]


def _bca_interval(value: float, resampled: F64, without_one: F64, confidence: float) -> Interval:
    """The interval of one score, from its values in the resamples and without each set of stimuli in turn."""
    resampled, without_one = defined(resampled), defined(without_one)
    if np.isnan(value) or min(len(resampled), len(without_one)) < 2:
        return Interval(value, np.nan, np.nan, np.nan, confidence)
    low, high = np.quantile(resampled, _bca_levels(value, resampled, without_one, confidence))
    return Interval(value, float(low), float(high), float(resampled.std(ddof=1)), confidence)


def _t_interval(value: float, without_one: F64, confidence: float) -> Interval:
    """The interval of one score, from its values without each set of stimuli in turn; no end is beyond -1 or 1."""
    from scipy.special import stdtrit

    error, n = jackknife_error(without_one)
    if np.isnan(value) or n < 2:
        return Interval(value, np.nan, np.nan, np.nan, confidence)
    reach = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    return Interval(value, max(value - reach, -1.0), min(value + reach, 1.0), error, confidence)


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
