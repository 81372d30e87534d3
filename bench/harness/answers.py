"""Answers of solvers to one transport, and whether they agree and are proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.targets import OURS
from problems.layers import F64

TOLERANCE = 1e-9
"""Errors that are allowed: of costs relative to the largest cost, of masses relative to the mean mass."""

ROUNDING = 1e-13
"""Errors of costs that rounding explains, relative to the largest cost."""
BLOCK = 1 << 22
"""Costs that are checked at a time."""


@dataclass(frozen=True)
class Answer:
    """Least cost that a solver finds, perhaps with a plan (an array, or our own), its potentials, and a warning."""

    cost: float
    plan: Any = None
    u: F64 | None = None
    v: F64 | None = None
    warning: str | None = None


def check_answers(work: str, cost: F64, masses: Sequence[F64], answers: dict[str, Answer]) -> list[str]:
    """Assert that our answer is proven and that no other differs; return remarks on what others leave unproven."""
    remarks = []
    for name, answer in answers.items():
        difference = abs(answer.cost - answers[OURS].cost)
        agrees = difference <= TOLERANCE * np.abs(cost).max()
        assert agrees or answer.warning, f"{work}: {name} differs from {OURS} by {difference:.1e}"
        error = 0.0 if answer.plan is None else shortfall(cost, masses, answer)
        assert name != OURS or error <= TOLERANCE, f"{work}: {OURS} falls short of a proof by {error:.1e}"
        if answer.warning:
            remarks.append(f"{work}: {name} admits to be off, by {difference:.1e} in cost: {answer.warning}")
        elif error > TOLERANCE:
            remarks.append(f"{work}: {name} falls short of a proof by {error:.1e}")
    return remarks


def shortfall(cost: F64, masses: Sequence[F64], answer: Answer) -> float:
    """Largest error of the proof that plan and potentials give, relative to the largest cost and the mean mass."""
    a, b = masses
    plan = answer.plan if isinstance(answer.plan, np.ndarray) else answer.plan.toarray()
    primal, dual = (plan * cost).sum(), a @ answer.u + b @ answer.v
    largest = (
        max((answer.u[:, None] + answer.v - cost).max(), abs(primal - dual), abs(primal - answer.cost))
        / np.abs(cost).max()
    )
    rows, columns = abs(plan.sum(axis=1) - a).max() / a.mean(), abs(plan.sum(axis=0) - b).max() / b.mean()
    return float(max(largest, -plan.min() / a.mean(), rows, columns))


def check_entries(cost: Any, masses: Sequence[F64], answers: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What is wrong with answers that are given by the entries of their plans: rows, columns, mass; empty if nothing.

    Ours has potentials u and v too, which prove it. A plan errs if a marginal does, or if it costs more than ours by a
    billionth of the mean cost that ours pays, or what rounding does to the largest costs.
    """
    wrong = {}
    ours = answers.get(OURS)
    for name, answer in (({OURS: ours} if ours else {}) | dict(answers)).items():
        rows, columns, mass = answer["rows"], answer["columns"], answer["mass"]
        error = _marginal_error(masses, rows, columns, mass)
        if not error <= TOLERANCE:
            wrong[name] = f"misses the masses by {error:.1e}"
            continue
        paid = _entries_of(cost, rows, columns)
        scale = TOLERANCE * (abs(paid) * mass).sum() + ROUNDING * abs(_values(cost)).max()
        primal = (paid * mass).sum()
        if name == OURS:
            least, tolerance = primal, scale
            dual = masses[0] @ answer["u"] + masses[1] @ answer["v"]
            doubt = max(_violation(cost, answer["u"], answer["v"]), abs(primal - dual))
            if not doubt <= tolerance:
                wrong[name] = f"falls short of a proof by {doubt:.1e}"
        elif ours and not abs(primal - least) <= tolerance:
            wrong[name] = f"differs from {OURS} by {primal - least:.1e}"
    return wrong


def _marginal_error(masses: Sequence[F64], rows: Any, columns: Any, mass: Any) -> float:
    """Largest error of a marginal or of a negative mass, relative to the mean mass; infinite if an index is none."""
    sides = list(zip(masses, (rows, columns), strict=True))
    if any(index.min() < 0 or index.max() >= len(side) for side, index in sides):
        return np.inf
    errors = [abs(np.bincount(index, mass, len(side)) - side).max() / side.mean() for side, index in sides]
    return float(max(*errors, -mass.min()))


def _values(cost: Any) -> F64:
    return cost if isinstance(cost, np.ndarray) else cost.data


def _entries_of(cost: Any, rows: Any, columns: Any) -> F64:
    """Costs of some pairs, which sparse costs must hold."""
    if isinstance(cost, np.ndarray):
        return cost[rows, columns]
    keys = np.repeat(np.arange(cost.shape[0]), np.diff(cost.indptr)) * np.int64(cost.shape[1]) + cost.indices
    wanted = rows * np.int64(cost.shape[1]) + columns
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, cost.data[at], np.inf)


def _violation(cost: Any, u: F64, v: F64) -> float:
    """Largest excess of the potentials over the costs."""
    if not isinstance(cost, np.ndarray):
        return float((np.repeat(u, np.diff(cost.indptr)) + v[cost.indices] - cost.data).max())
    step = max(1, BLOCK // cost.shape[1])
    return float(max((u[i : i + step, None] + v - cost[i : i + step]).max() for i in range(0, len(u), step)))
