"""The hierarchy score: how well a coupling of layers keeps their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
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
        far, for uniform masses. A map that leaves target layers out may exceed that.

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


def ceiling(n_source: int, n_target: int) -> float:
    """Hierarchy score of the monotone coupling (the staircase) of two networks: the best that uniform masses allow.

    Parameters
    ----------
    n_source, n_target : int
        Numbers of layers.

    Examples
    --------
    >>> round(ceiling(12, 24), 3)
    0.978
    """
    plan = np.zeros((n_source, n_target))
    for l in range(n_source):
        for m in range(n_target):
            overlap = min((l + 1) / n_source, (m + 1) / n_target) - max(l / n_source, m / n_target)
            plan[l, m] = max(overlap, 0.0)
    return hierarchy(plan)


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
