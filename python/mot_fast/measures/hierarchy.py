"""The hierarchy score: how well a coupling of layers keeps their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mot_fast import _validate, _validate_masses
from mot_fast._validate import F64
from mot_fast.system.jit import compiled


def hierarchy(layer_plan: npt.ArrayLike) -> float:
    """Hierarchy score of a layer plan: 1 when all weight lies between layers of equal relative depth.

    ``H = 1 - sum_lm w_lm |(l-1)/(L-1) - (m-1)/(M-1)|`` with ``w = |P| / sum |P|`` (Shah & Khosla, arXiv 2510.01706).

    Parameters
    ----------
    layer_plan : array, `(L, M)`
        Weights of pairs of layers, in depth order.

    Returns
    -------
    float
        Score in [0, 1]. For L != M even a monotone plan stays below 1; ``mot_fast.measures.hierarchy.ceiling`` says how
        far, given the masses. A map that leaves target layers out may exceed that.

    Raises
    ------
    TypeError, ValueError
        If the plan is not a finite matrix with at least two rows and two columns, or is all zero.

    Examples
    --------
    >>> hierarchy([[0.5, 0.0], [0.0, 0.5]])
    1.0
    """
    plan = _validate.matrix(layer_plan, "layer_plan")
    if min(plan.shape) < 2:
        raise ValueError(f"layer_plan: expected at least two layers on each side, found shape {plan.shape}")
    if not plan.any():
        raise ValueError("layer_plan: expected some weight, found only zeros")
    return float(_hierarchy(plan / np.abs(plan).max()))


def ceiling(
    n_source: int,
    n_target: int,
    source_masses: npt.ArrayLike | None = None,
    target_masses: npt.ArrayLike | None = None,
) -> float:
    """Hierarchy score of the monotone coupling (the staircase) of two networks: the best that their masses allow.

    The score falls with the distance of relative depths, a convex function of their difference, so no plan with these
    masses scores higher than the one that fills rows and columns in order (Hoeffding 1940).

    Parameters
    ----------
    n_source, n_target : int
        Numbers of layers, at least 2.
    source_masses, target_masses : arrays `(n_source,)` and `(n_target,)`, optional
        Masses of the layers, of which only ratios count; uniform by default. An alignment has them as
        ``alignment.source.layer_masses``.

    Raises
    ------
    TypeError, ValueError
        If a number of layers is not an integer of at least 2, or masses are not one number a layer, finite and
        non-negative with some mass.

    Examples
    --------
    >>> round(ceiling(12, 24), 3)
    0.978
    >>> round(ceiling(2, 3, [1, 1], [3, 2, 3]), 3)
    0.875
    """
    n_source = _validate.whole_number(n_source, "n_source", at_least=2)
    n_target = _validate.whole_number(n_target, "n_target", at_least=2)
    source = _edges(source_masses, n_source, "source_masses")[:, None]
    target = _edges(target_masses, n_target, "target_masses")
    return hierarchy(np.maximum(np.minimum(source[1:], target[1:]) - np.maximum(source[:-1], target[:-1]), 0.0))


def _edges(masses: npt.ArrayLike | None, n_layers: int, what: str) -> F64:
    """Where each layer's share of the mass begins, in the order of depth, and where the last one ends."""
    shares = _validate_masses.marginal(masses, n_layers, what)
    if (shares == shares[0]).all():
        return np.arange(n_layers + 1) / n_layers
    edges = np.concatenate([[0.0], np.cumsum(shares)])
    return np.asarray(edges / edges[-1])


@compiled
def _hierarchy(plan: F64) -> float:
    n_source, n_target = plan.shape
    total = 0.0
    distance = 0.0
    for l in range(n_source):
        for m in range(n_target):
            weight = abs(plan[l, m])
            total += weight
            distance += weight * abs(l / (n_source - 1) - m / (n_target - 1))
    return 1.0 - distance / total
