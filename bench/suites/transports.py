"""Times one transport in every solver, the same cost matrix to all, and checks every answer."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import lap
import numpy as np
import ot
import scipy.optimize

import mot_fast as mot
from harness.targets import OURS
from harness.turns import run_counts, turns
from problems.cases import Case
from problems.layers import F64, Array

POT_ITERATIONS = 10**8
SMALL_SIZE, SMALL_REPEATS = 10_000, 20
"""Problems of so many costs at most take less than a millisecond: they are run so many times as often."""
TOLERANCE = 1e-9
"""Of costs, relative to the largest one; of masses, relative to one unit's."""


@dataclass(frozen=True)
class Answer:
    """What a solver says: the least cost, and perhaps a plan (dense, or its entries) with potentials, and a warning."""

    cost: float
    plan: Any = None
    u: F64 | None = None
    v: F64 | None = None
    warning: str | None = None


def uniform(cost: Array) -> list[F64]:
    """Uniform masses of the rows and of the columns."""
    return [np.full(n, 1 / n) for n in cost.shape]


def by_mot_fast(cost: F64) -> Answer:
    transport = mot.solve_transport(cost)
    return Answer(transport.cost, transport, transport.u, transport.v)


def by_pot(cost: F64) -> Answer:
    plan, log = ot.emd(*uniform(cost), cost, numItermax=POT_ITERATIONS, log=True)
    return Answer(log["cost"], plan, log["u"], log["v"], log["warning"])


def by_scipy(cost: F64) -> Answer:
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    return Answer(cost[rows, columns].mean())


def by_lap(cost: F64) -> Answer:
    total, _, _ = lap.lapjv(cost)
    return Answer(total / len(cost))


SOLVERS: dict[str, Callable[[F64], Answer]] = {OURS: by_mot_fast, "POT": by_pot}
ASSIGNMENT_SOLVERS: dict[str, Callable[[F64], Answer]] = {"SciPy": by_scipy, "lap": by_lap}


@dataclass(frozen=True)
class Timing:
    """Seconds of every run of every solver on one problem, the share of a core that they had, and remarks."""

    case: str
    family: str
    shape: tuple[int, int]
    seconds: dict[str, list[float]]
    core_share: float
    remarks: list[str]

    def figures(self) -> dict[str, float]:
        """Median seconds of every solver."""
        return {name: statistics.median(seconds) for name, seconds in self.seconds.items()}

    def work(self) -> str:
        """The problem and its size."""
        return f"{self.case}, {self.size()}"

    def size(self) -> str:
        """Rows and columns."""
        return " x ".join(map(str, self.shape))


def time_solvers(case: Case, n_repeats: int) -> Timing:
    """Run all solvers in turn, several times, and hold every answer to ours, which must be proven."""
    cost = case.cost()
    solvers = SOLVERS | (ASSIGNMENT_SOLVERS if cost.shape[0] == cost.shape[1] else {})
    seconds: dict[str, list[float]] = {name: [] for name in solvers}
    answers: dict[str, Answer] = {}
    wall_start, cpu_start = perf_counter(), process_time()
    for name in turns(seconds, n_repeats * (SMALL_REPEATS if cost.size <= SMALL_SIZE else 1)):
        answers.pop(name, None)  # to free it takes time too
        start = perf_counter()
        answers[name] = solvers[name](cost)
        seconds[name].append(perf_counter() - start)
    core_share = (process_time() - cpu_start) / (perf_counter() - wall_start)
    remarks = checked(case.name, cost, uniform(cost), answers)
    return Timing(case.name, case.family, cost.shape, seconds, core_share, remarks)


def checked(what: str, cost: F64, masses: Sequence[F64], answers: dict[str, Answer]) -> list[str]:
    """Assert that our answer is proven and no other differs; what the others admit or leave unproven."""
    remarks = []
    for name, answer in answers.items():
        difference = abs(answer.cost - answers[OURS].cost)
        agrees = difference <= TOLERANCE * np.abs(cost).max()
        assert agrees or answer.warning, f"{what}: {name} differs from {OURS} by {difference:.1e}"
        error = 0.0 if answer.plan is None else shortfall(cost, masses, answer)
        assert name != OURS or error <= TOLERANCE, f"{what}: {OURS} falls short of a proof by {error:.1e}"
        if answer.warning:
            remarks.append(f"{what}: {name} admits to be off, by {difference:.1e} in cost: {answer.warning}")
        elif error > TOLERANCE:
            remarks.append(f"{what}: {name} falls short of a proof by {error:.1e}")
    return remarks


def shortfall(cost: F64, masses: Sequence[F64], answer: Answer) -> float:
    """How far plan and potentials are from proving each other optimal, relative to the largest cost and a mass."""
    a, b = masses
    plan = answer.plan if isinstance(answer.plan, np.ndarray) else answer.plan.toarray()
    primal, dual = (plan * cost).sum(), a @ answer.u + b @ answer.v
    largest = (
        max((answer.u[:, None] + answer.v - cost).max(), abs(primal - dual), abs(primal - answer.cost))
        / np.abs(cost).max()
    )
    rows, columns = abs(plan.sum(axis=1) - a).max() / a.mean(), abs(plan.sum(axis=0) - b).max() / b.mean()
    return float(max(largest, -plan.min() / a.mean(), rows, columns))


def solver_rows(timings: Sequence[Timing]) -> list[list[str]]:
    """A table of medians in ms, with ratios to ours."""
    rivals = [name for name in SOLVERS | ASSIGNMENT_SOLVERS if name != OURS]
    heads = [f"{name} {what}" for name in rivals for what in ("ms", "ratio")]
    rows = [["problem", "size", f"{OURS} ms", *heads, "runs", "share of a core"]]
    for timing in timings:
        figures, cells = timing.figures(), []
        for name in rivals:
            if name in figures:
                cells += [f"{1e3 * figures[name]:.2f}", f"{figures[name] / figures[OURS]:.2f}"]
            else:
                cells += ["", ""]
        cells += [run_counts(timing.seconds), f"{timing.core_share:.0%}"]
        rows.append([timing.case, timing.size(), f"{1e3 * figures[OURS]:.2f}", *cells])
    return rows
