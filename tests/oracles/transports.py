"""Slow twins: everything that the package computes, written once more from the definitions, with numpy and scipy alone.

Nothing here imports the package.
"""

from __future__ import annotations

import itertools

import numpy as np
import scipy.linalg
import scipy.optimize


def correlation_cost(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 - Pearson correlation of every column of x with every column of y; a constant column has r = 0."""

    def unit_columns(z: np.ndarray) -> np.ndarray:
        z = z.astype(np.float64)
        deviations = z - z.mean(axis=0)
        norms = np.linalg.norm(deviations, axis=0)
        is_constant = z.min(axis=0) == z.max(axis=0)
        return np.where(is_constant, 0.0, deviations / np.where(is_constant, 1.0, norms))

    return 1.0 - np.clip(unit_columns(x).T @ unit_columns(y), -1.0, 1.0)


def _masses(a, b, shape):
    """Float64 masses, uniform by default, b scaled to the sum of a."""
    a = np.full(shape[0], 1 / shape[0]) if a is None else np.asarray(a, dtype=np.float64)
    b = np.full(shape[1], 1 / shape[1]) if b is None else np.asarray(b, dtype=np.float64)
    return a, b * (a.sum() / b.sum())


def transport_by_linear_programming(cost: np.ndarray, a: np.ndarray | None = None, b: np.ndarray | None = None):
    """Least cost and a plan, by HiGHS; infinite costs are forbidden, and (None, None) says that they leave no plan."""
    n, m = cost.shape
    a, b = _masses(a, b, cost.shape)
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    is_allowed = np.isfinite(cost)
    scale = np.abs(cost[is_allowed]).max(initial=0) or 1.0
    result = scipy.optimize.linprog(
        np.where(is_allowed, cost, 0).ravel() / scale,
        bounds=[(0, None if allowed else 0) for allowed in is_allowed.ravel()],
        A_eq=scipy.sparse.csr_array(np.vstack([rows, columns])),
        b_eq=np.concatenate([a, b]),
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status == 2 and not is_allowed.all():
        return None, None
    assert result.status == 0, result.message
    return result.fun * scale, result.x.reshape(n, m)


def assignment_by_brute_force(cost: np.ndarray) -> float:
    """Least mean cost over all permutations."""
    n = len(cost)
    return min(sum(cost[i, p[i]] for i in range(n)) for p in itertools.permutations(range(n))) / n


def assert_optimal(transport, cost, a=None, b=None, tolerance: float = 1e-9) -> None:
    """Proves an answer: marginals, non-negativity, dual feasibility, slackness, no gap; at most n + m - 1 entries."""
    assert_potentials_prove(transport.toarray(), transport.u, transport.v, transport.cost, cost, a, b, tolerance)
    assert transport.plan.nnz <= sum(transport.shape) - 1
    certificate = transport.certificate
    for figure in ("dual_violation", "slackness", "duality_gap"):
        assert getattr(certificate, figure) <= certificate.tolerance
    assert certificate.marginal_error <= 1e-9


def assert_least(plan, u, v, cost, b=None, tolerance: float = 1e-11) -> None:
    """No plan with the same marginals is cheaper by more than rounding, relative to what this one pays.

    In long doubles, by potentials that are lowered until they are feasible. Their own rounding is allowed for: the plan
    may have to use arcs that are dear beside the rest.
    """
    cost, plan = np.asarray(cost, dtype=np.longdouble), np.asarray(plan, dtype=np.longdouble)
    _, b = _masses(None, b, cost.shape)
    u, v = np.asarray(u, dtype=np.longdouble), np.asarray(v, dtype=np.longdouble)
    feasible = (cost - v)[:, b > 0].min(axis=1)
    gap = (plan * cost).sum() - plan.sum(axis=1) @ feasible - plan.sum(axis=0) @ v
    paid = (plan * np.abs(cost)).sum()
    has_mass = plan.sum(axis=1) > 0
    highest = max(np.abs(u[has_mass]).max(), np.abs(v[b > 0]).max())
    assert gap <= tolerance * paid + 1e-14 * highest * plan.sum() + np.finfo(float).tiny


def assert_potentials_prove(plan, u, v, value, cost, a=None, b=None, tolerance: float = 1e-9) -> None:
    """Marginals, non-negativity, dual feasibility, slackness and no gap of a dense plan with these potentials."""
    cost = np.asarray(cost, dtype=np.float64)
    a, b = _masses(a, b, cost.shape)
    mass, scale = a.sum(), max(np.abs(cost).max(), np.finfo(float).tiny)
    assert plan.shape == cost.shape
    assert (plan >= 0).all()
    np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-9 * mass, rtol=0)
    np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-9 * mass, rtol=0)
    reduced_cost = cost - u[:, None] - v[None, :]
    assert reduced_cost.min() >= -tolerance * scale
    assert np.abs(reduced_cost[plan > 0]).max() <= tolerance * scale
    primal, dual = (plan * cost).sum(), a @ u + b @ v
    assert abs(primal - dual) <= tolerance * scale * mass
    assert abs(value - primal) <= tolerance * scale * mass


def hierarchy(plan: np.ndarray) -> float:
    """The hierarchy score by its formula."""
    n_source, n_target = plan.shape
    depth_source = np.arange(n_source) / (n_source - 1)
    depth_target = np.arange(n_target) / (n_target - 1)
    weights = np.abs(plan) / np.abs(plan).sum()
    return 1 - (weights * np.abs(depth_source[:, None] - depth_target[None, :])).sum()


def best_hierarchy(a: np.ndarray, b: np.ndarray) -> float:
    """The highest hierarchy score of any plan with these marginals, by linear programming."""
    n, m = len(a), len(b)
    costs = np.abs(np.arange(n)[:, None] / (n - 1) - np.arange(m)[None, :] / (m - 1))
    sums = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    return 1 - scipy.optimize.linprog(costs.ravel(), A_eq=sums, b_eq=np.concatenate([a, b])).fun


class Twin:
    """Two-level alignment and scores, dense and slow."""

    def __init__(self, source: list[np.ndarray], target: list[np.ndarray], convention: str = "standardized") -> None:
        self.convention = convention
        self.target = target
        pairs = [[correlation_cost(x, y) for y in target] for x in source]
        solved = [[transport_by_linear_programming(cost) for cost in row] for row in pairs]
        self.layer_costs = np.array([[cost for cost, _ in row] for row in solved])
        self.unit_plans = [[plan for _, plan in row] for row in solved]
        self.cost, self.layer_plan = transport_by_linear_programming(self.layer_costs)

    def coupling(self, name: str) -> np.ndarray:
        n_source = len(self.layer_plan)
        weights = np.zeros_like(self.layer_plan)
        for l in range(n_source):
            # Uniform masses tie often; the linear program leaves ties to its last digits.
            best = {"single_best": self.layer_plan[l].round(9).argmax(), "pairwise_best": self.layer_costs[l].argmin()}
            if name == "mot":
                weights[l] = self.layer_plan[l]
            else:
                weights[l, best[name]] = 1 / n_source
        return weights

    def reconstruct(self, held_out_target: list[np.ndarray], weights: np.ndarray) -> list[np.ndarray]:
        predictions = []
        for l in range(len(weights)):
            total = 0
            for m, y in enumerate(held_out_target):
                inputs, plan = y.astype(np.float64), self.unit_plans[l][m]
                if self.convention == "standardized":
                    training = self.target[m].astype(np.float64)
                    is_constant = training.min(axis=0) == training.max(axis=0)
                    deviation = np.where(is_constant, 1.0, training.std(axis=0))
                    inputs = np.where(is_constant, 0.0, (inputs - training.mean(axis=0)) / deviation)
                    plan = plan / plan.sum(axis=1, keepdims=True)
                total = total + weights[l, m] * inputs @ plan.T
            predictions.append(len(weights) * total)
        return predictions

    def score(self, source: list[np.ndarray], target: list[np.ndarray], coupling: str = "mot"):
        """Value, per layer, per unit."""
        predictions = self.reconstruct(target, self.coupling(coupling))
        per_unit = []
        for x, prediction in zip(source, predictions, strict=True):
            units = []
            for i in range(x.shape[1]):
                truth = x[:, i].astype(np.float64)
                if np.ptp(truth) == 0:
                    units.append(np.nan)
                elif np.ptp(prediction[:, i]) == 0:
                    units.append(0.0)
                else:
                    units.append(np.corrcoef(truth, prediction[:, i])[0, 1])
            per_unit.append(np.array(units))
        per_layer = np.array([np.nanmean(units) for units in per_unit])
        return per_layer.mean(), per_layer, per_unit


def orthogonal_transport(x, y, start=None, tol=1e-4, max_iter=20, convention="standardized"):
    """MOT+R of one pair of layers, all stimuli in every step: trace, best residual, its plan and rotation."""
    x, y = (z - z.mean(axis=0) for z in (x.astype(np.float64), y.astype(np.float64)))
    rotation = np.eye(x.shape[1]) if start is None else start
    trace, best = [], None
    for _ in range(max_iter):
        _, plan = transport_by_linear_programming(correlation_cost(x @ rotation, y))
        weights = plan / plan.sum(axis=1, keepdims=True) if convention == "standardized" else plan
        carried = y @ weights.T
        rotation, _ = scipy.linalg.orthogonal_procrustes(x, carried)
        if convention == "standardized":
            fit = (carried * (x @ rotation)).sum()
            residual = 1 - fit**2 / ((x**2).sum() * (carried**2).sum())
        else:
            residual = ((x @ rotation - carried) ** 2).sum()
        if best is None or residual < best[0]:
            best = residual, plan, rotation
        trace.append(residual)
        if len(trace) > 1 and abs(trace[-2] - trace[-1]) <= tol * trace[-2]:
            break
    return np.array(trace), *best
