"""Suite of warm starts: the same transport from nothing, and from potentials of it, or of one like it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial

import numpy as np

import mot_fast as mot
from harness.answers import TOLERANCE
from harness.report import Section
from harness.targets import Target
from harness.turns import Timing, medians, time_in_turns
from problems.families import COSTS, MASSES
from problems.layers import F64

COLD, EXACT = "cold", "own potentials"
LIKE_IT_COLD, LIKE_IT = "1 % of noise, cold", "1 % of noise, potentials without"
FAMILIES = ("uniform random", "points 16-D, squared", "points 2-D, squared", "correlations")
PROBLEMS = ((1000, 1000, "uniform"), (1000, 1200, "uniform"), (1000, 1000, "Dirichlet"))
"""Rows, columns and masses."""


def section(options: argparse.Namespace) -> Section:
    """Time all families; the costs found must be those of the cold start."""
    timings = [timed(family, n, m, masses, options.repeats) for n, m, masses in PROBLEMS for family in FAMILIES]
    return Section([asdict(each) for each in timings], [rows(timings)], [], [v for t in timings for v in t.verdicts()])


def timed(family: str, n: int, m: int, masses: str, n_repeats: int) -> Timing:
    """Time one problem from nothing and from its potentials, and one like it."""
    rng = np.random.default_rng(0)
    cost, a, b = COSTS[family](n, m, rng), MASSES[masses](n, rng), MASSES[masses](m, rng)
    a, b = a / a.sum(), b / b.sum()
    like_it = cost * (1 + 0.01 * rng.normal(size=cost.shape))
    cold = mot.solve_transport(cost, a, b)
    start = cold.u, cold.v
    calls = {
        COLD: partial(_cost, cost, a, b),
        EXACT: partial(_cost, cost, a, b, start),
        LIKE_IT_COLD: partial(_cost, like_it, a, b),
        LIKE_IT: partial(_cost, like_it, a, b, start),
    }
    seconds, answers = time_in_turns(calls, 4 * n_repeats)
    for warm, of in ((EXACT, COLD), (LIKE_IT, LIKE_IT_COLD)):
        assert abs(answers[warm] - answers[of]) <= TOLERANCE * np.abs(cost).max(), f"{family}: {warm} differs from {of}"
    targets = (Target((COLD,), EXACT, 3, 4),)
    return Timing(work=f"{n} x {m}, {masses} masses, {family}", seconds=seconds, targets=targets)


def _cost(cost: F64, a: F64, b: F64, potentials: tuple[F64, F64] | None = None) -> float:
    return mot.solve_transport(cost, a, b, potentials=potentials).cost


def rows(timings: list[Timing]) -> list[list[str]]:
    """Table of median milliseconds, with the ratios of cold to warm."""
    table = [["warm starts", COLD, EXACT, "ratio", LIKE_IT_COLD, LIKE_IT, "ratio"]]
    for timing in timings:
        found = medians(timing.seconds)
        cells = [timing.work]
        for cold, warm in ((COLD, EXACT), (LIKE_IT_COLD, LIKE_IT)):
            cells += [f"{1e3 * found[cold]:.2f}", f"{1e3 * found[warm]:.2f}", f"{found[cold] / found[warm]:.1f}"]
        table.append(cells)
    return table
