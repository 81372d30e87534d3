"""Answers of solvers to one transport, and whether they agree and are proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.targets import OURS
from problems.layers import F64

TOLERANCE = 1e-9
"""Errors that are allowed: of costs relative to the largest cost, of masses relative to the mean mass."""


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
