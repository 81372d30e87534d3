"""Scores of an alignment and its baselines on held-out stimuli, kept with the alignment."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64, check_alignment
from mot_fast.alignment.held_out import HeldOut
from mot_fast.alignment.record import CouplingScore, Evaluation
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.bootstrap import intervals
from mot_fast.analysis.hierarchy_null import HierarchyNull
from mot_fast.analysis.layer_orders import LayerOrders, layer_orders, row_weights
from mot_fast.analysis.permutation_test import p_better_than_orders, p_value
from mot_fast.analysis.splits import Groups
from mot_fast.analysis.stimulus_sets import MIN_SETS, BlockLength, is_automatic
from mot_fast.layer_pairs.resources import Resources
from mot_fast.measures.coupling import COUPLINGS, UNSHUFFLED
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.measures.p_values import TIE
from mot_fast.measures.score import Score, mean_over_defined
from mot_fast.networks.load import Source
from mot_fast.networks.split import group_numbers
from mot_fast.transport.transport import MARGINAL_ERROR

CONFIDENCE = 0.95
"""Confidence level of the intervals."""


def evaluate(
    alignment: Alignment,
    source: Source,
    target: Source,
    *,
    n_resamples: int = 999,
    seed: int = 0,
    null: HierarchyNull | None = None,
    groups: Groups | None = None,
    block_length: BlockLength | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Alignment:
    """Score an alignment and every baseline on held-out stimuli, and keep the scores with it.

    Parameters
    ----------
    alignment : Alignment
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same held-out stimuli.
    n_resamples : int
        Number of resamples for the confidence intervals (95 %) and for the p-value of "permuted", at least 2.
    seed : int
        Seed of the resamples; see `mot_fast.bootstrap_score` and `mot_fast.p_better`.
    null : HierarchyNull, optional
        What `mot_fast.hierarchy_null` found for the activations aligned: the evaluation's verdict then says whether the
        map is more ordered than the maps of shuffled stimuli.
    groups, block_length : optional
        Held-out stimuli that belong together, as for `mot_fast.bootstrap_score` and `mot_fast.p_better`. If they are of
        fewer than three groups, there are neither intervals nor p-values.
    executor : concurrent.futures.Executor, optional
        An executor whose workers resample the stimuli, each of one source layer, which takes most of the time where
        layers are wide. They are sent the layer's held-out activations and their predictions.
    store : path, optional
        A folder that keeps what was found of every layer, as for `mot_fast.align`.

    Returns
    -------
    Alignment
        The same alignment with its `evaluation`: for each coupling the score with its confidence interval, the scores
        of every layer, the hierarchy, and the p-value of "mot scores higher", by `mot_fast.p_better` with the method
        "t", which holds its level where couplings are good at different units. For "permuted" these are the means and
        standard deviations over all orders of the layer plan's rows (`mot_fast.score_layer_orders`), and the p-value is
        the larger of two: over stimuli, of the mean over all orders; and the share of orders that score as high.

    Raises
    ------
    TypeError, ValueError
        As `Alignment.score` and `mot_fast.bootstrap_score`, or if the null is that of another alignment.
    OSError, RuntimeError
        If the store cannot be read or written; if the executor breaks down.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> train, test = mot.split(source.n_stimuli)
    >>> alignment = mot.align(source[train], target[train])
    >>> evaluation = mot.evaluate(alignment, source[test], target[test], n_resamples=99).evaluation
    >>> evaluation.n_stimuli
    240
    >>> for name, score in evaluation.scores.items():
    ...     print(f"{name:13s} {score.value:.2f}", score.p_better and round(score.p_better, 2))
    mot           0.66 None
    single_best   0.58 0.0
    pairwise_best 0.59 0.0
    greedy        0.67 1.0
    uniform       0.72 1.0
    permuted      0.56 0.01
    """
    check_alignment(alignment)
    n_resamples = _validate.whole_number(n_resamples, "n_resamples", at_least=2, at_most=_validate.MOST_RESAMPLES)
    seed = _validate.whole_number(seed, "seed", at_least=0)
    p_shuffled = None if null is None else _p_shuffled(null, alignment)
    is_automatic(groups, block_length)  # for its errors
    resources = Resources.of(len(alignment.source.labels), None, None, executor, store)
    weights = [alignment.coupling(name) for name in UNSHUFFLED]
    held_out = HeldOut.of(alignment, source, target)
    labels = None if groups is None else group_numbers(groups, held_out.n_stimuli, at_least=1).tolist()
    scores, layers, parts = held_out.scores_by_stimulus(weights + row_weights(alignment), n_kept=len(UNSHUFFLED))
    n = len(UNSHUFFLED)
    sets: dict[str, Any] = {"groups": labels, "block_length": block_length}
    orders = layer_orders(alignment, scores[n:])
    found = {name: _coupling_score(scores[k], weights[k]) for k, name in enumerate(UNSHUFFLED)}
    found["permuted"] = _permuted_score(orders, scores[n:])
    if labels is None or len(set(labels)) >= MIN_SETS:
        how = n_resamples, seed
        of_couplings = intervals(scores[:n], layers, n_resamples, CONFIDENCE, seed, **sets, resources=resources)
        for name, interval in zip(UNSHUFFLED, of_couplings, strict=True):
            found[name] = replace(found[name], low=_defined(interval.low), high=_defined(interval.high))
        of_orders = [0, *range(n, len(scores))]
        p_values = [
            p_value([each.predicted_by(0, k) for each in layers], *how, **sets, method="t", resources=resources)
            for k in range(1, n)
        ]
        p_values.append(p_better_than_orders([scores[k] for k in of_orders], parts[of_orders], how, **sets))
        for name, p in zip(COUPLINGS[1:], p_values, strict=True):
            found[name] = replace(found[name], p_better=_defined(p))
    evaluation = Evaluation(
        n_stimuli=held_out.n_stimuli,
        scores=found,
        confidence=CONFIDENCE,
        n_resamples=n_resamples,
        seed=seed,
        p_hierarchy=_defined(orders.p_hierarchy),
        p_shuffled=p_shuffled,
    )
    return replace(alignment, evaluation=evaluation)


def _p_shuffled(null: HierarchyNull, alignment: Alignment) -> float:
    """P-value of the map among those of shuffled stimuli, from the null of this alignment."""
    if not isinstance(null, HierarchyNull):
        raise TypeError(f"null: expected what mot_fast.hierarchy_null returns, found {type(null).__name__}")
    plan = alignment.layer_plan
    if null.stimuli_plan.shape != plan.shape:
        shape, found_shape = (" x ".join(map(str, each.shape)) for each in (plan, null.stimuli_plan))
        raise ValueError(f"null: expected that of {shape} layers, found that of {found_shape}")
    found = hierarchy(plan) if min(plan.shape) > 1 else math.nan
    if not abs(null.observed - found) <= TIE:
        raise ValueError(
            f"null: expected that of the activations aligned, whose hierarchy score is {found:.6g}, found that of an "
            f"alignment with {null.observed:.6g}"
        )
    if null.plan is not None and not np.allclose(null.plan, plan, rtol=0.0, atol=MARGINAL_ERROR):
        raise ValueError("null: expected that of the activations aligned, with the same options, found another plan")
    return null.p_stimuli


def _coupling_score(score: Score, weights: F64) -> CouplingScore:
    """Score and hierarchy score of one coupling."""
    return CouplingScore(
        value=_defined(score.value),
        per_layer=tuple(map(_defined, score.per_layer)),
        hierarchy=hierarchy(weights) if min(weights.shape) > 1 else None,
        over_units=_defined(score.over_units),
    )


def _permuted_score(orders: LayerOrders, scores: Sequence[Score]) -> CouplingScore:
    """Means and standard deviations over all orders of the layer plan's rows."""
    return CouplingScore(
        value=_defined(orders.value),
        per_layer=tuple(map(_defined, orders.per_layer)),
        hierarchy=_defined(orders.hierarchy),
        sd=_defined(orders.sd),
        hierarchy_sd=_defined(orders.hierarchy_sd),
        over_units=_defined(mean_over_defined(np.array([score.over_units for score in scores]))),
    )


def _defined(value: npt.ArrayLike) -> float | None:
    """The number, or None in the place of NaN."""
    number = float(np.asarray(value))
    return None if math.isnan(number) else number
