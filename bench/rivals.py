"""Calls of the rivals: POT, SciPy and lap for one transport, and the plain way of an alignment with NumPy and POT."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import lap
import numpy as np
import ot
import scipy.linalg
import scipy.optimize

import mot_fast as mot
from harness.answers import Answer
from harness.targets import OURS
from problems.layers import F64, Array, correlation_cost, standardized

POT_ITERATIONS = 10**8
"""Iterations after which POT gives up: so many that it never does."""
SINGLE_PRECISION = 1e-5
"""Error that layer costs out of products in single precision may have."""


def uniform(cost: Array) -> list[F64]:
    """Uniform masses of the rows and of the columns."""
    return [np.full(n, 1 / n) for n in cost.shape]


def by_mot_fast(cost: F64) -> Answer:
    """Answer of our own solver."""
    transport = mot.solve_transport(cost)
    return Answer(transport.cost, transport, transport.u, transport.v)


def by_pot(cost: F64) -> Answer:
    """Answer of POT's network simplex."""
    plan, log = ot.emd(*uniform(cost), cost, numItermax=POT_ITERATIONS, log=True)
    return Answer(log["cost"], plan, log["u"], log["v"], log["warning"])


def by_scipy(cost: F64) -> Answer:
    """Answer of SciPy, for square costs."""
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    return Answer(cost[rows, columns].mean())


def by_lap(cost: F64) -> Answer:
    """Answer of lap, for square costs."""
    total, _, _ = lap.lapjv(cost)
    return Answer(total / len(cost))


SOLVERS: dict[str, Callable[[F64], Answer]] = {OURS: by_mot_fast, "POT": by_pot}
ASSIGNMENT_SOLVERS: dict[str, Callable[[F64], Answer]] = {"SciPy": by_scipy, "lap": by_lap}


def pot_cost(cost: Array) -> float:
    """Least cost by POT, with uniform masses."""
    return float(ot.emd2(*uniform(cost), cost, numItermax=POT_ITERATIONS))


def align_plainly(source: Sequence[Array], target: Sequence[Array]) -> F64:
    """Layer costs by NumPy and POT alone, from activations; the layer plan is solved too."""
    costs = standardized_costs(*([standardized(layer, np.float32) for layer in layers] for layers in (source, target)))
    ot.emd(*uniform(costs), costs, numItermax=POT_ITERATIONS)
    return costs


def standardized_costs(source: Sequence[Array], target: Sequence[Array]) -> F64:
    """Layer costs by NumPy and POT alone, from layers that are standardized in single precision."""
    return np.array([[pot_cost(1 - x.T @ y) for y in target] for x in source])


def alternate_directly(x: F64, y: F64, rotation: F64) -> tuple[float, F64]:
    """One alternation by NumPy, POT and SciPy: rotate, correlate, transport, carry over, and find the next rotation.

    Returns
    -------
    float, array
        Residual, and the next rotation.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan = ot.emd([], [], correlation_cost(x @ rotation, y), numItermax=POT_ITERATIONS)
    carried = y @ (plan * len(plan)).T
    rotation, fit = scipy.linalg.orthogonal_procrustes(x, carried)
    return 1.0 - fit**2 / ((x**2).sum() * (carried**2).sum()), rotation
