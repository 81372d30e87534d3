"""Slow twins of partial transport: linear programs, and all matchings; nothing here imports the package."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.optimize
import scipy.sparse


def partial_by_linear_programming(cost, a, b, mass=None, kept=None):
    """Least cost of carrying a mass, or at prices for mass left behind, and a plan, by HiGHS; infinite costs forbid.

    What is paid for mass left behind is part of the cost. None where so much mass cannot be carried.
    """
    n, m = cost.shape
    is_allowed = np.isfinite(cost)
    prices = np.where(is_allowed, cost, 0.0)
    constant = 0.0
    if kept is not None:
        constant = kept[0] @ a + kept[1] @ b
        prices = prices - kept[0][:, None] - kept[1][None, :]
    scale = np.abs(prices).max(initial=0) or 1.0
    sums = scipy.sparse.csr_array(np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))]))
    result = scipy.optimize.linprog(
        prices.ravel() / scale,
        bounds=[(0, None if allowed else 0) for allowed in is_allowed.ravel()],
        A_ub=sums,
        b_ub=np.concatenate([a, b]),
        A_eq=None if mass is None else np.ones((1, n * m)),
        b_eq=None if mass is None else [mass],
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status == 2:
        return None, None
    assert result.status == 0, result.message
    return result.fun * scale + constant, result.x.reshape(n, m)


def matchings_by_brute_force(cost):
    """Least total costs of matching 0, 1, 2, ... rows with as many columns."""
    n, m = cost.shape
    return [
        min(
            sum(cost[i, j] for i, j in zip(rows, columns, strict=True))
            for rows in itertools.combinations(range(n), k)
            for columns in itertools.permutations(range(m), k)
        )
        for k in range(min(n, m) + 1)
    ]


def assert_partial_optimal(answer, cost, a, b, kept=None, tolerance=1e-9):
    """Proves an answer by the definitions: what is carried and left adds up, potentials are feasible and tight."""
    cost = np.asarray(cost, dtype=np.float64)
    kept = (np.zeros(len(a)), np.zeros(len(b))) if kept is None else kept
    plan, total = answer.toarray(), max(np.sum(a), np.sum(b))
    scale = max(np.abs(cost[np.isfinite(cost)]).max(initial=0), np.abs(np.concatenate(kept)).max(), 1e-300)
    assert (plan >= 0).all()
    assert (answer.left_rows >= 0).all()
    assert (answer.left_columns >= 0).all()
    np.testing.assert_allclose(plan.sum(axis=1) + answer.left_rows, a, atol=1e-9 * total, rtol=0)
    np.testing.assert_allclose(plan.sum(axis=0) + answer.left_columns, b, atol=1e-9 * total, rtol=0)
    reduced = cost - answer.u[:, None] - answer.v[None, :] - answer.price
    assert reduced.min() >= -tolerance * scale
    assert np.abs(reduced[plan > 0]).max(initial=0) <= tolerance * scale
    for potentials, prices, left in zip(
        (answer.u, answer.v), kept, (answer.left_rows, answer.left_columns), strict=True
    ):
        assert (potentials <= prices + tolerance * scale).all()
        assert np.abs((prices - potentials)[left > 1e-12 * total]).max(initial=0) <= tolerance * scale
    primal = plan[plan > 0] @ cost[plan > 0]
    paid = kept[0] @ answer.left_rows + kept[1] @ answer.left_columns
    dual = np.asarray(a) @ answer.u + np.asarray(b) @ answer.v + answer.price * plan.sum()
    assert abs(primal + paid - dual) <= tolerance * scale * total
    assert abs(answer.cost - primal) <= tolerance * scale * total
    assert abs(answer.unmatched_cost - paid) <= tolerance * scale * total
    certificate = answer.certificate
    for figure in ("dual_violation", "slackness", "duality_gap"):
        assert getattr(certificate, figure) <= certificate.tolerance
    assert certificate.marginal_error <= 1e-9
