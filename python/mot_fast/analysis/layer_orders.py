"""Scores of a layer plan whose rows are in any order: their mean and deviation over all orders, without drawing any."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Index
from mot_fast.alignment.held_out import HeldOut
from mot_fast.alignment.result import Alignment
from mot_fast.measures.p_values import TIE
from mot_fast.measures.score import Score, mean_over_defined
from mot_fast.networks.load import Source

_MOST_LAYERS_IN_ALL_ORDERS = 8
"""Number of layers up to which p-values go through all orders, at most 40,320."""
N_ORDERS = 9999
"""Number of random orders for the p-values of more layers."""


@dataclass(frozen=True, eq=False, repr=False)
class LayerOrders:
    """Held-out scores and hierarchy scores of a layer plan over all orders of its rows.

    Made by `mot_fast.score_layer_orders`. L is the number of source layers.
    """

    layer_scores: F64
    """`(L, L)`: score of source layer l predicted from the target layers of row k of the plan. The diagonal is MOT's;
    a row is NaN where the layer's score is undefined, a column where a layer is left behind."""
    value: float
    """Mean score over all orders: the expected score of a random order of layers. NaN where a layer would have a score
    in some orders only: at a price, the units of two layers may have nothing in common."""
    sd: float
    """Standard deviation of the score over all orders. It is no uncertainty of `value`, which is exact."""
    hierarchy: float
    """Mean hierarchy score over all orders; NaN where a network has one layer."""
    hierarchy_sd: float
    """Standard deviation of the hierarchy score over all orders."""
    p_score: float
    """Share of the orders, the plan's own among them, whose score is at least MOT's."""
    p_hierarchy: float
    """Share of the orders, the plan's own among them, whose hierarchy score is at least the plan's."""

    @property
    def per_layer(self) -> F64:
        """Mean score of each source layer over all orders, `(L,)`."""
        return mean_over_defined(self.layer_scores, axis=1)

    def __repr__(self) -> str:
        return (
            f"LayerOrders of {len(self.layer_scores)} layers (p: share of orders as good as MOT's)\n"
            f"  score      {self.value:.3f}, sd over orders {self.sd:.3f}, p = {self.p_score:.3g}\n"
            f"  hierarchy  {self.hierarchy:.3f}, sd over orders {self.hierarchy_sd:.3f}, p = {self.p_hierarchy:.3g}"
        )


def score_layer_orders(
    alignment: Alignment, source: Source, target: Source, *, n_permutations: int = N_ORDERS, seed: int = 0
) -> LayerOrders:
    """Score a layer plan with its rows in every order: the coupling "permuted", exactly.

    A score is a mean over source layers of numbers that depend only on the layer and on the row of the plan that it
    has, and so is a hierarchy score. All L! orders together therefore have the mean and the variance that follow from
    the L x L numbers (Hoeffding, Ann. Math. Stat. 22, 1951): with d the numbers less the means of their rows and
    columns, plus the mean of all, the variance of the sum over a random order is ``sum d^2 / (L - 1)``. Only the shares
    of orders are found by going through them.

    Parameters
    ----------
    alignment : Alignment
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same held-out stimuli.
    n_permutations : int
        Number of random orders that the shares of orders go through, beside the plan's own. Up to 8 layers they go
        through all orders.
    seed : int
        Seed of `numpy.random.default_rng`, which permutes.

    Returns
    -------
    LayerOrders

    Raises
    ------
    TypeError, ValueError
        As `Alignment.score`, or if another argument is none of the values above.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> train, test = mot.split(source.n_stimuli)
    >>> mot.score_layer_orders(mot.align(source[train], target[train]), source[test], target[test])
    LayerOrders of 10 layers (p: share of orders as good as MOT's)
      score      0.557, sd over orders 0.024, p = 0.0001
      hierarchy  0.643, sd over orders 0.074, p = 0.0001
    """
    _validate.check_alignment(alignment)
    drawn = validated_permutations(n_permutations), _validate.whole_number(seed, "seed", at_least=0)
    return layer_orders(alignment, HeldOut.of(alignment, source, target).scores(row_weights(alignment)), drawn)


def validated_permutations(n_permutations: int) -> int:
    """Number of random orders of layers, validated."""
    return _validate.whole_number(n_permutations, "n_permutations", at_least=1, at_most=_validate.MOST_RESAMPLES)


def row_weights(alignment: Alignment) -> list[F64]:
    """Layer weights `(L, M)` that give one row of the layer plan to every source layer, for each of the L rows.

    Rows are scaled to the layer's mass, or stay as they are where layers may be left behind.
    """
    if not alignment.goals.layers.is_all:
        return [np.tile(row, (len(alignment.layer_plan), 1)) for row in alignment.layer_plan]
    masses = alignment.source.layer_masses
    return [np.outer(masses / mass, row) for row, mass in zip(alignment.layer_plan, masses, strict=True)]


def layer_orders(alignment: Alignment, scores: Sequence[Score], drawn: tuple[int, int] = (N_ORDERS, 0)) -> LayerOrders:
    """Figures over all orders, from the scores of `row_weights`; `drawn`: number of random orders, and their seed."""
    layer_scores, parts = _parts(scores)
    value, sd = (np.nan, np.nan) if parts is None else _moments(parts)
    distance, hierarchy_sd = _moments(_distances(alignment))
    p_score = np.nan if parts is None else _share(parts, drawn)
    return LayerOrders(layer_scores, value, sd, 1.0 - distance, hierarchy_sd, p_score, p_hierarchy(alignment, drawn))


def share_of_orders(score: Score, scores: Sequence[Score], drawn: tuple[int, int]) -> float:
    """Share of the orders, and the one of the score given, that score as high as this; NaN if scores are undefined."""
    _, parts = _parts(scores)
    if parts is None:
        return float("nan")
    is_of_plan = abs(score.value - np.trace(parts)) <= TIE
    return _share(parts, drawn, None if is_of_plan else score.value)


def _parts(scores: Sequence[Score]) -> tuple[F64, F64 | None]:
    """Scores of the layers with each row, `(L, L)`, and what they add to the mean of a score.

    A layer without varying units never has a score, and a row without any mass gives none: the mean is over the others.
    The second is None where nothing has a score, or where the number of those that have depends on the order.
    """
    layer_scores = np.array([score.per_layer for score in scores]).T
    is_defined = ~np.isnan(layer_scores)
    layers, rows = is_defined.any(axis=1), is_defined.any(axis=0)
    is_fixed = (is_defined == np.outer(layers, rows)).all() and (layers.all() or rows.all())
    n = min(layers.sum(), rows.sum())
    return layer_scores, np.where(is_defined, layer_scores, 0.0) / n if n and is_fixed else None


def p_hierarchy(alignment: Alignment, drawn: tuple[int, int] = (N_ORDERS, 0)) -> float:
    """Share of the orders whose hierarchy score is at least the plan's; NaN where a network has one layer."""
    return _share(-_distances(alignment), drawn) if min(alignment.layer_plan.shape) > 1 else float("nan")


def _distances(alignment: Alignment) -> F64:
    """Shortfall of the hierarchy score from 1 that source layer l has with row k of the plan, `(L, L)`."""
    masses, plan = alignment.source.layer_masses, alignment.layer_plan
    if min(plan.shape) < 2:
        return np.full((len(plan), len(plan)), np.nan)
    of_depths = np.abs(np.subtract.outer(*(np.linspace(0.0, 1.0, n) for n in plan.shape)))
    if not alignment.goals.layers.is_all:
        return np.asarray(of_depths @ plan.T / plan.sum())
    return np.asarray(masses[:, None] * (of_depths @ (plan / masses[:, None]).T))


def _moments(parts: F64) -> tuple[float, float]:
    """Mean and standard deviation, over all orders, of the sum of one number from each row, each of another column."""
    n = len(parts)
    mean = float(parts.mean() * n)
    interaction = parts - parts.mean(axis=0) - parts.mean(axis=1, keepdims=True) + parts.mean()
    return mean, float(np.sqrt((interaction**2).sum() / (n - 1))) if n > 1 else 0.0 * mean


def _orders(n: int, n_random: int, seed: int) -> Index:
    """Orders of n layers, one a row: all of them, or the given one and random ones."""
    if n <= _MOST_LAYERS_IN_ALL_ORDERS:
        return np.array(list(itertools.permutations(range(n))))
    given = np.arange(n)
    return np.concatenate([given[None], np.random.default_rng(seed).permuted(np.tile(given, (n_random, 1)), axis=1)])


def _share(parts: F64, drawn: tuple[int, int], observed: float | None = None) -> float:
    """Share of the orders whose sum of one number from each row is at least that observed, or that of the given order.

    An observed sum that is not that of an order counts as one more order.
    """
    sums = parts[np.arange(len(parts)), _orders(len(parts), *drawn)].sum(axis=1)
    if observed is not None:
        sums = np.concatenate([[observed], sums])
    return float((sums >= sums[0] - TIE).mean())
