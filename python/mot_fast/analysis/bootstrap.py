"""How much a held-out score, or the difference of two, owes to the choice of the held-out stimuli."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.resampling import Drawn, LeftOut, Resamples, correlations
from mot_fast.measures.standardize import unit_deviations
from mot_fast.networks.load import Source, load

Made = TypeVar("Made")

VALUES_AT_ONCE = 2**20
"""Entries of a product of resamples with one layer: 8 MB, a few of which are held."""

CONSTANT = 1e-12
"""Sum of squared deviations of a mixture of z-scores (of unit norm) that are equal but for rounding."""

TIE = 1e-12
"""Differences of scores that are equal but for rounding; scores are of order one."""


@dataclass(frozen=True)
class Interval:
    """A score and the interval that covers it with some confidence."""

    value: float
    """The score itself."""
    low: float
    high: float
    standard_error: float
    """Standard deviation over the resamples."""
    confidence: float


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
    """Confidence interval of a held-out score by the bootstrap: stimuli drawn anew with replacement.

    The bias-corrected and accelerated interval (BCa; Efron, J. Am. Stat. Assoc. 82, 1987). The plans are fixed: this is
    uncertainty over held-out stimuli, which count as independent draws, and not over training stimuli, units or
    networks. With few stimuli, or units that only few of them drive, it is too narrow.

    Parameters
    ----------
    alignment : Alignment
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same held-out stimuli.
    coupling : str or array `(L, M)`
        As for `Alignment.score`; "permuted" is the order of seed 0.
    n_resamples : int
        At least 2.
    confidence : float
        Between 0 and 1.
    seed : int
        Of `numpy.random.default_rng`, whose `multinomial` says how often each stimulus is drawn.

    Returns
    -------
    Interval
        Its value is that of `Alignment.score`. A unit that is constant over a resample is left out of its means, a
        resample in which no unit varies is left out altogether, and without any other all is NaN.

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
    (interval,) = bootstrap_scores(
        alignment, source, target, [coupling], n_resamples=n_resamples, confidence=confidence, seed=seed
    )
    return interval


def bootstrap_scores(
    alignment: Alignment,
    source: Source,
    target: Source,
    couplings: Sequence[str | npt.ArrayLike],
    *,
    n_resamples: int,
    confidence: float,
    seed: int,
) -> list[Interval]:
    """As `bootstrap_score`, of several couplings on the same resamples."""
    n_resamples = _validate.whole_number(n_resamples, "n_resamples", at_least=2, at_most=_validate.MOST_RESAMPLES)
    confidence = _fraction(confidence, "confidence")
    rng = np.random.default_rng(_validate.whole_number(seed, "seed", at_least=0))
    values, predictions, truths = _held_out(alignment, source, target, *couplings)
    layers = [(x, of_layer) for x, *of_layer in zip(truths, *predictions, strict=True)]
    n = len(truths[0])

    def draw(n_rows: int, _: int) -> Resamples:
        return Drawn(rng.multinomial(n, np.full(n, 1.0 / n), size=n_rows).astype(np.float64))

    def leave_one_out(n_rows: int, first: int) -> Resamples:
        return LeftOut(n, first, n_rows)

    scores, without_one = (
        np.concatenate([_scores(layers, resamples) for resamples in _batches(n_rows, truths, make)], axis=1)
        for n_rows, make in ((n_resamples, draw), (n, leave_one_out))
    )
    return [_interval(*each, confidence) for each in zip(values, scores, without_one, strict=True)]


def _interval(value: float, scores: F64, without_one: F64, confidence: float) -> Interval:
    scores, without_one = _defined(scores), _defined(without_one)
    if np.isnan(value) or min(len(scores), len(without_one)) < 2:
        return Interval(value, np.nan, np.nan, np.nan, confidence)
    low, high = np.quantile(scores, _bca_levels(value, scores, without_one, confidence))
    return Interval(value, float(low), float(high), float(scores.std(ddof=1)), confidence)


def p_better(
    alignment: Alignment,
    source: Source,
    target: Source,
    coupling: str | npt.ArrayLike = "mot",
    than: str | npt.ArrayLike = "pairwise_best",
    *,
    n_resamples: int = 999,
    seed: int = 0,
) -> float:
    """One-sided p-value of "the coupling scores higher than the other", by a paired permutation test over stimuli.

    Every unit's two predictions are z-scored over the held-out stimuli. Were neither better, the two predictions of a
    stimulus, of all units together, might as well be exchanged: each resample does so with probability 1/2, stimulus by
    stimulus, and ``p = (1 + #{difference >= observed}) / (1 + n_resamples)``, the difference being that of the scores.
    The plans are fixed, and the stimuli count as independent.

    Parameters
    ----------
    alignment : Alignment
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same held-out stimuli.
    coupling, than : str or array `(L, M)`
        As for `Alignment.score`; "permuted" is the order of seed 0.
    n_resamples : int
    seed : int
        Of `numpy.random.default_rng`; a stimulus is exchanged where its `random` is below 1/2.

    Returns
    -------
    float
        At least ``1 / (1 + n_resamples)``; 1 if the predictions are the same; NaN if every unit is constant.

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
    >>> mot.p_better(alignment, source[test], target[test], n_resamples=99)
    0.01
    """
    n_resamples = _validate.whole_number(n_resamples, "n_resamples", at_least=1, at_most=_validate.MOST_RESAMPLES)
    rng = np.random.default_rng(_validate.whole_number(seed, "seed", at_least=0))
    _, (ours, others), truths = _held_out(alignment, source, target, coupling, than)
    if not any(x.shape[1] for x in truths):
        return float("nan")
    layers = [_Exchange(x, p, q) for x, p, q in zip(truths, ours, others, strict=True) if x.shape[1]]

    def difference(is_exchanged: F64) -> F64:
        return np.asarray(np.mean([layer.difference(is_exchanged) for layer in layers], axis=0))

    n = len(truths[0])
    observed = difference(np.zeros((1, n)))[0]
    masks = _batches(n_resamples, truths, lambda n_rows, _: (rng.random((n_rows, n)) < 0.5).astype(np.float64))
    n_as_large = sum(int((difference(mask) >= observed - TIE).sum()) for mask in masks)
    return (1 + n_as_large) / (1 + n_resamples)


def _fraction(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{what}: expected a number, found {value!r}")
    if not 0 < float(value) < 1:
        raise ValueError(f"{what}: expected a number between 0 and 1, found {value}")
    return float(value)


def _held_out(
    alignment: Alignment, source: Source, target: Source, *couplings: str | npt.ArrayLike
) -> tuple[list[float], list[list[F64]], list[F64]]:
    """Each coupling's score, and deviations from the mean, of unit norm: each coupling's predictions, and truths.

    Units whose truth is constant are left out.
    """
    source, target = load(source).in_memory(), load(target).in_memory()
    values = [alignment.score(source, target, coupling).value for coupling in couplings]  # which judges networks too
    truths, kept = [], []
    for l in range(source.n_layers):
        deviations, is_constant, _ = unit_deviations(source.layer(l).astype(np.float64))
        truths.append(deviations[:, ~is_constant])
        kept.append(~is_constant)
    predictions = [
        [unit_deviations(p[:, k])[0] for p, k in zip(alignment.reconstruct(target, coupling), kept, strict=True)]
        for coupling in couplings
    ]
    return values, predictions, truths


def _batches(n_rows: int, truths: list[F64], make: Callable[[int, int], Made]) -> Iterator[Made]:
    """What `make` returns for so many rows from the first one on, a few rows at a time."""
    step = max(1, VALUES_AT_ONCE // max(max(x.shape) for x in truths))
    for first in range(0, n_rows, step):
        yield make(min(step, n_rows - first), first)


def _scores(layers: list[tuple[F64, list[F64]]], resamples: Resamples) -> F64:
    """The score of each coupling in each resample, `(n_couplings, n_rows)`, from layers' truths and predictions."""
    per_layer = [[_mean_of_defined(r) for r in correlations(x, predictions, resamples)] for x, predictions in layers]
    return _mean_of_defined(np.moveaxis(np.array(per_layer), 0, -1))


def _mean_of_defined(values: F64) -> F64:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    is_defined = ~np.isnan(values)
    n = is_defined.sum(axis=-1)
    return np.where(n > 0, np.where(is_defined, values, 0.0).sum(axis=-1) / np.maximum(n, 1), np.nan)


def _defined(values: F64) -> F64:
    return values[~np.isnan(values)]


def _bca_levels(value: float, scores: F64, without_one: F64, confidence: float) -> F64:
    """The two levels at which the bootstrap distribution is cut: corrected for bias, and for skewness."""
    from scipy.special import ndtr, ndtri

    n = len(scores)
    share_below = ((scores < value).sum() + (scores <= value).sum()) / (2 * n)
    bias = ndtri(np.clip(share_below, 1 / (n + 1), n / (n + 1)))
    influence = without_one.mean() - without_one
    squares = (influence**2).sum()
    acceleration = (influence**3).sum() / (6 * squares**1.5) if squares > TIE**2 else 0.0
    z = bias + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    return np.asarray(ndtr(bias + z / np.maximum(1 - acceleration * z, TIE)))


class _Exchange:
    """One layer's difference of two scores after the two predictions of some stimuli are exchanged.

    Parameters
    ----------
    truth, prediction, other : arrays, `(n_stimuli, n_units)`
        Deviations from each unit's mean, scaled to unit norm; zeros where a prediction is constant.
    """

    def __init__(self, truth: F64, prediction: F64, other: F64) -> None:
        self._start = [(p.sum(axis=0), (p * p).sum(axis=0), (truth * p).sum(axis=0)) for p in (prediction, other)]
        shift = other - prediction
        self._changes = (shift, other * other - prediction * prediction, truth * shift)
        self._n = len(truth)

    def difference(self, is_exchanged: F64) -> F64:
        """For each row of ones, where a stimulus is exchanged, and zeros: `(n_rows,)`."""
        change = [is_exchanged @ of_one for of_one in self._changes]
        return self._score(self._start[0], change, 1.0) - self._score(self._start[1], change, -1.0)

    def _score(self, start: tuple[F64, F64, F64], change: list[F64], sign: float) -> F64:
        total, square, product = (a + sign * b for a, b in zip(start, change, strict=True))
        spread = square - total * total / self._n
        is_constant = spread <= CONSTANT
        r = np.where(is_constant, 0.0, product / np.sqrt(np.where(is_constant, 1.0, spread)))
        return np.asarray(r.mean(axis=1))
