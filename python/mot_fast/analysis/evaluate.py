"""Scores of an alignment and its baselines on held-out stimuli, kept with the alignment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64, check_alignment
from mot_fast.alignment.held_out import HeldOut, VaryingUnits
from mot_fast.alignment.record import CouplingScore, Evaluation
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.bootstrap import Interval, intervals
from mot_fast.analysis.permutation_test import p_value
from mot_fast.analysis.splits import Groups
from mot_fast.analysis.stimulus_sets import BlockLength
from mot_fast.measures.coupling import COUPLINGS, UNSHUFFLED
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.measures.score import Score
from mot_fast.networks.load import Source

CONFIDENCE = 0.95
"""Confidence level of the intervals."""

N_DRAWS = 20
"""Number of draws of the permuted coupling, by the seeds from 0 on."""


def evaluate(
    alignment: Alignment,
    source: Source,
    target: Source,
    *,
    n_resamples: int = 999,
    seed: int = 0,
    groups: Groups | None = None,
    block_length: BlockLength | None = None,
) -> Alignment:
    """Score an alignment and every baseline on held-out stimuli, and keep the scores with it.

    Parameters
    ----------
    alignment : Alignment
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same held-out stimuli.
    n_resamples : int
        Number of resamples for the confidence intervals (95 %) and the p-value, at least 2.
    seed : int
        Seed of the resamples; see `mot_fast.bootstrap_score` and `mot_fast.p_better`.
    groups, block_length : optional
        Held-out stimuli that belong together, as for `mot_fast.bootstrap_score` and `mot_fast.p_better`.

    Returns
    -------
    Alignment
        The same alignment with its `evaluation`: for each coupling the score with its confidence interval, the scores
        of every layer, and the hierarchy; for "permuted" their means and standard deviations over 20 draws.

    Raises
    ------
    TypeError, ValueError
        As `Alignment.score` and `mot_fast.bootstrap_score`.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> train, test = mot.split(source.n_stimuli)
    >>> alignment = mot.align(source[train], target[train])
    >>> evaluation = mot.evaluate(alignment, source[test], target[test], n_resamples=99).evaluation
    >>> evaluation.n_stimuli, evaluation.p_better
    (240, 0.01)
    >>> [round(score.value, 2) for score in evaluation.scores.values()]
    [0.66, 0.58, 0.59, 0.56]
    """
    check_alignment(alignment)
    n_resamples = _validate.whole_number(n_resamples, "n_resamples", at_least=2, at_most=_validate.MOST_RESAMPLES)
    seed = _validate.whole_number(seed, "seed", at_least=0)
    draws = {
        name: [alignment.coupling(name, seed=k) for k in range(1 if name in UNSHUFFLED else N_DRAWS)]
        for name in COUPLINGS
    }
    weights = list(chain.from_iterable(draws.values()))
    scores, layers = HeldOut.of(alignment, source, target).scores_and_units(weights, n_kept=len(UNSHUFFLED))
    unshuffled = scores[: len(UNSHUFFLED)]
    found = intervals(unshuffled, layers, n_resamples, CONFIDENCE, seed, groups=groups, block_length=block_length)
    evaluation = Evaluation(
        n_stimuli=len(layers[0].truth),
        scores=_by_coupling(draws, scores, found),
        p_better=_p_better(layers, n_resamples, seed, groups, block_length),
        confidence=CONFIDENCE,
        n_resamples=n_resamples,
        n_draws=N_DRAWS,
        seed=seed,
    )
    return replace(alignment, evaluation=evaluation)


def _p_better(
    layers: Sequence[VaryingUnits],
    n_resamples: int,
    seed: int,
    groups: Groups | None,
    block_length: BlockLength | None,
) -> float | None:
    """P-value of "mot scores higher than pairwise_best"; None where it is not defined."""
    which = [UNSHUFFLED.index(name) for name in ("mot", "pairwise_best")]
    pairs = [layer.predicted_by(*which) for layer in layers]
    return _defined(p_value(pairs, n_resamples, seed, groups=groups, block_length=block_length))


def _by_coupling(
    draws: Mapping[str, Sequence[F64]], scores: Sequence[Score], unshuffled: Sequence[Interval]
) -> dict[str, CouplingScore]:
    """Scores of every coupling over its draws, with the intervals of those that are not shuffled."""
    unread = iter(scores)
    found = {name: _over_draws(each, list(islice(unread, len(each)))) for name, each in draws.items()}
    for name, interval in zip(UNSHUFFLED, unshuffled, strict=True):
        found[name] = replace(found[name], low=_defined(interval.low), high=_defined(interval.high))
    return found


def _over_draws(weights: Sequence[F64], scores: Sequence[Score]) -> CouplingScore:
    """Means and standard deviations over the draws of one coupling."""
    values = np.array([score.value for score in scores])
    hierarchies = np.array([hierarchy(each) if min(each.shape) > 1 else np.nan for each in weights])
    return CouplingScore(
        value=_defined(values.mean()),
        per_layer=tuple(map(_defined, np.mean([score.per_layer for score in scores], axis=0))),
        hierarchy=_defined(hierarchies.mean()),
        sd=_sd(values),
        hierarchy_sd=_sd(hierarchies),
    )


def _sd(values: F64) -> float | None:
    """Standard deviation; None of a single value, and where it is not defined."""
    return _defined(values.std(ddof=1)) if len(values) > 1 else None


def _defined(value: npt.ArrayLike) -> float | None:
    """The number, or None in the place of NaN."""
    number = float(np.asarray(value))
    return None if math.isnan(number) else number
