"""P-values of differences between held-out scores, by paired tests over held-out stimuli."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment.held_out import HeldOut, VaryingUnits
from mot_fast.alignment.predict import layer_weights
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.layer_orders import N_ORDERS, row_weights, share_of_orders
from mot_fast.analysis.pieces import IN_THIS_PROCESS
from mot_fast.analysis.resampling import (
    VALUES_AT_ONCE,
    jackknife_error,
    n_at_once,
    predicted_units,
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
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.measures.p_values import TIE
from mot_fast.measures.score import Score, mean_over_defined
from mot_fast.networks.load import Source

Method = Literal["exchange", "t"]
METHODS: tuple[Method, ...] = get_args(Method)

CONSTANT = 1e-12
"""Largest sum of squared deviations of a unit that is constant but for rounding, its values being of unit norm."""


def p_better(
    alignment: Alignment,
    source: Source,
    target: Source,
    coupling: str | npt.ArrayLike = "mot",
    than: str | npt.ArrayLike = "pairwise_best",
    *,
    n_resamples: int = 999,
    seed: int = 0,
    groups: Groups | None = None,
    block_length: BlockLength | None = None,
    method: Method | None = None,
) -> float:
    """One-sided p-value of "one coupling scores higher than another", by a paired test over held-out stimuli.

    The plans are fixed. Where units or layers are left behind, the test is over the units that both couplings predict,
    like for like, though either score is a mean over all that it predicts. Stimuli count as independent, unless
    `groups` or `block_length` says which belong together. There are two tests; simulations counted how often each errs
    (the documentation's page "Calibration").

    "exchange" is a permutation test. Every unit's two predictions are z-scored over the held-out stimuli. If neither
    coupling were better, the two predictions of a stimulus, of all units together, could be exchanged. Each resample
    exchanges them with probability 1/2, stimulus by stimulus, and ``p = (1 + #{difference >= observed}) / (1 +
    n_resamples)``, where the difference is between the two scores. Couplings that score alike, but are better at
    different units, cannot quite be exchanged: it then rejects too often, and with heavy tails or sparse units too.

    "t" divides the difference by the jackknife's standard error, which leaves out one stimulus, group or block at a
    time, and compares it with Student's t, of one degree of freedom less than there are of these. It supposes only that
    the scores are alike.

    Parameters
    ----------
    alignment : Alignment
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same held-out stimuli.
    coupling, than : str or array `(L, M)`
        Couplings or layer weights, as for `Alignment.score`. "permuted" as the second is all orders of layers at once:
        the p-value is then the larger of two, the one over stimuli for the difference from the mean over all orders
        (by random changes of sign), and the share of the orders that score as high; see `mot_fast.score_layer_orders`.
        As the first it is the order of seed 0.
    n_resamples : int
        Number of resamples of "exchange", at least 1.
    seed : int
        Seed of `numpy.random.default_rng`; the predictions of a stimulus, group or block are exchanged where its
        `random` is below 1/2.
    groups : sequence, optional
        One label for each held-out stimulus; those of equal labels are exchanged or left out together. At least three
        groups.
    block_length : int or "auto", optional
        Length of blocks of consecutive held-out stimuli that are exchanged or left out together, as for
        `mot_fast.bootstrap_score`; "auto" finds it from the influences on the difference of the two scores.
    method : "exchange" or "t", optional
        By default "exchange" for single stimuli, and "t" for groups and blocks. There is no "t" for all orders.

    Returns
    -------
    float
        P-value; 1 if the predictions are the same; NaN if every unit is constant. By "exchange" it is at least ``1 / (1
        + n_resamples)``, and with k groups or blocks hardly below ``2 ** -k``.

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
    >>> mot.p_better(alignment, source[test], target[test], block_length="auto") < 0.001
    True
    """
    _validate.check_alignment(alignment)
    n_resamples = _validate.whole_number(n_resamples, "n_resamples", at_least=1, at_most=_validate.MOST_RESAMPLES)
    seed = _validate.whole_number(seed, "seed", at_least=0)
    if method is not None:
        _validate.choice(method, METHODS, "method")
    if isinstance(than, str):
        _validate.choice(than, COUPLINGS, "than")
    else:
        _validate.layer_weights(than, alignment.layer_plan.shape, "than")
    if isinstance(than, str) and than == "permuted":
        if method == "t":
            raise ValueError("method: expected None or 'exchange' where than is 'permuted', found 't'")
        weights = [layer_weights(alignment, coupling), *row_weights(alignment)]
        scores, _, parts = HeldOut.of(alignment, source, target).scores_by_stimulus(weights)
        how = n_resamples, seed
        return p_better_than_orders(scores, parts, how, groups=groups, block_length=block_length)
    _, layers = predicted_units(alignment, source, target, [coupling, than])
    return p_value(layers, n_resamples, seed, groups=groups, block_length=block_length, method=method)


def p_value(
    layers: Sequence[VaryingUnits],
    n_resamples: int,
    seed: int,
    *,
    groups: Groups | None = None,
    block_length: BlockLength | None = None,
    method: Method | None = None,
    resources: Resources = IN_THIS_PROCESS,
) -> float:
    """P-value of "the first of two predictions of every layer scores higher than the second"; see `p_better`.

    It is over the units that both predict.
    """
    layers = [layer.predicted_by(0, 1) for layer in layers]
    default = "exchange" if groups is None and block_length is None else "t"
    is_t = (default if method is None else method) == "t"
    if is_automatic(groups, block_length):
        block_length = automatic_length(influences(layers, 0) - influences(layers, 1))
    sets = stimulus_sets(len(layers[0].truth), groups, block_length)
    if not any(layer.truth.size for layer in layers):
        return float("nan")
    exchanges = [_Exchange(layer.truth, *layer.predictions) for layer in layers if layer.truth.size]

    def difference(is_exchanged: F64) -> F64:
        return np.asarray(np.mean([layer.difference(is_exchanged) for layer in exchanges], axis=0))

    observed = float(difference(np.zeros((1, len(sets.numbers))))[0])
    if is_t:
        return _p_by_t(observed, *jackknife_error(np.subtract(*scores_without_each(layers, sets, resources))))
    rng = np.random.default_rng(seed)
    n_rows, n_as_large = n_at_once(layers), 0
    for first in range(0, n_resamples, n_rows):
        mask = rng.random((min(n_rows, n_resamples - first), sets.n)) < 0.5
        n_as_large += int((difference(sets.spread(mask.astype(np.float64))) >= observed - TIE).sum())
    return (1 + n_as_large) / (1 + n_resamples)


def _p_by_t(observed: float, error: float, n: int) -> float:
    """One-sided p-value of a difference with this standard error, from n sets of stimuli."""
    from scipy.special import stdtr

    if n < 2:
        return float("nan")
    return float(stdtr(n - 1, -observed / error)) if error > TIE else float(observed <= TIE)


def p_better_than_orders(
    scores: Sequence[Score],
    parts: F64,
    how: tuple[int, int],
    drawn: tuple[int, int] = (N_ORDERS, 0),
    **sets: Any,
) -> float:
    """P-value of "a coupling scores higher than the layer plan with its rows in any order"; see `p_better`.

    Parameters
    ----------
    scores : sequence of Score
        Score of the coupling, followed by those of `row_weights`.
    parts : array, `(1 + L, n_stimuli)`
        Parts of the stimuli in these scores.
    how : tuple
        Number of resamples of the stimuli, and their seed.
    drawn : tuple
        Number of random orders, and their seed.
    **sets
        Stimuli that belong together, as for `p_value`.
    """
    over_stimuli = sign_flip_p_value(parts[0] - mean_over_defined(parts[1:]), *how, **sets)
    return float(np.maximum(over_stimuli, share_of_orders(scores[0], scores[1:], drawn)))  # NaN if either is


def sign_flip_p_value(
    parts: F64, n_resamples: int, seed: int, *, groups: Groups | None = None, block_length: BlockLength | None = None
) -> float:
    """One-sided p-value of "the mean of these numbers, one a stimulus, is above 0", by random changes of their signs.

    The parts that the stimuli have in a difference of two scores are such numbers; see `HeldOut.scores_by_stimulus`.
    The difference need not be one of two predictions of the same unit. Stimuli that belong together, as for `p_better`,
    change their signs together.
    """
    if is_automatic(groups, block_length):
        block_length = automatic_length(parts)
    sets = stimulus_sets(len(parts), groups, block_length)
    if np.isnan(parts).any():
        return float("nan")
    sums = np.bincount(sets.numbers, parts) / len(parts)
    rng, n_at_once, n_as_large = np.random.default_rng(seed), max(1, VALUES_AT_ONCE // sets.n), 0
    for first in range(0, n_resamples, n_at_once):
        is_flipped = rng.random((min(n_at_once, n_resamples - first), sets.n)) < 0.5
        n_as_large += int((sums.sum() - 2.0 * (is_flipped @ sums) >= sums.sum() - TIE).sum())
    return (1 + n_as_large) / (1 + n_resamples)


class _Exchange:
    """Difference of two scores of one layer after the two predictions of some stimuli are exchanged.

    Parameters
    ----------
    truth, prediction, other : arrays, `(n_stimuli, n_units)`
        Deviations from each unit's mean, of unit norm; zeros where a prediction is constant.
    """

    def __init__(self, truth: F64, prediction: F64, other: F64) -> None:
        self._start = [(p.sum(axis=0), (p * p).sum(axis=0), (truth * p).sum(axis=0)) for p in (prediction, other)]
        shift = other - prediction
        self._changes = (shift, other * other - prediction * prediction, truth * shift)
        self._n = len(truth)

    def difference(self, is_exchanged: F64) -> F64:
        """The differences, `(n_rows,)`, for rows of ones, where a stimulus is exchanged, and zeros."""
        change = [is_exchanged @ by_stimulus for by_stimulus in self._changes]
        return self._score(self._start[0], change, 1.0) - self._score(self._start[1], change, -1.0)

    def _score(self, start: tuple[F64, F64, F64], change: list[F64], sign: float) -> F64:
        total, square, product = (a + sign * b for a, b in zip(start, change, strict=True))
        spread = square - total * total / self._n
        is_constant = spread <= CONSTANT
        r = np.where(is_constant, 0.0, product / np.sqrt(np.where(is_constant, 1.0, spread)))
        return np.asarray(r.mean(axis=1))
