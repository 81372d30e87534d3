"""Suite of partial transports: one mass beside POT's extended problem, and all masses beside one full solve."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import ot

import mot_fast as mot
from harness.answers import TOLERANCE
from harness.report import Section
from harness.targets import OURS, Target, faster_than
from harness.turns import Timing, medians, time_in_turns
from problems.families import COSTS
from problems.layers import F64, N_STIMULI, correlation_cost, synthetic
from rivals import POT_ITERATIONS

POT = "POT partial_wasserstein"
SIZES = (512, 1024, 2048)
"""Units on each side."""
MASSES = (0.3, 0.6, 0.9)

PATH, FULL = "partial_path", "solve_transport"
SHAPES = ((576, 640), (2048, 3072))


@dataclass(frozen=True, kw_only=True)
class PathTiming(Timing):
    """Timing of a whole path, which bends so many times."""

    n_breakpoints: int


def section(options: argparse.Namespace) -> Section:
    """Time all costs; those found must be the rival's, and the end of a path that of the full solve."""
    sizes, shapes = (SIZES[:1], SHAPES[:1]) if options.quick else (SIZES, SHAPES)
    masses = [
        timed(name, make(n, n), mass, options.repeats) for n in sizes for name, make in KINDS.items() for mass in MASSES
    ]
    ties = [
        timed(name, _of_family(name, n, n), mass, options.repeats, targets=(faster_than(POT, at_least=1, aim=10),))
        for n in sizes[:2]
        for name in TIES
        for mass in MASSES
    ]
    paths = [timed_path(name, make(*shape), options.repeats) for shape in shapes for name, make in KINDS.items()]
    every = [*masses, *ties, *paths]
    return Section(
        [asdict(each) for each in every],
        [rows([*masses, *ties]), path_rows(paths)],
        [],
        [v for t in every for v in t.verdicts()],
    )


def _of_family(family: str, n: int, m: int) -> F64:
    return COSTS[family](n, m, np.random.default_rng(0))


def _correlations(n: int, m: int) -> F64:
    return correlation_cost(*synthetic([n, m], N_STIMULI, np.float64))


TIES = ("integers to 10", "all equal", "Machol-Wien", "rank 1", "sums of rows and columns")
"""Families on which so many pairs are tight at once that a walk along the masses is long."""

KINDS: dict[str, Callable[[int, int], F64]] = {
    "random costs": partial(_of_family, "uniform random"),
    "points 16-D, squared": partial(_of_family, "points 16-D, squared"),
    "correlations of layers": _correlations,
}


def timed(
    name: str,
    cost: F64,
    mass: float,
    n_repeats: int,
    targets: tuple[Target, ...] = (faster_than(POT, at_least=10, aim=30),),
) -> Timing:
    """Time the plan of one mass, with uniform masses; both plans must carry it at the same cost."""
    calls = {
        OURS: partial(mot.ot.partial_wasserstein, [], [], cost, m=mass),
        POT: partial(ot.partial.partial_wasserstein, [], [], cost, m=mass, numItermax=POT_ITERATIONS),
    }
    seconds, plans = time_in_turns(calls, n_repeats)
    work = f"{len(cost)} x {len(cost)}, {name}, mass {mass}"
    for of, plan in plans.items():
        assert abs(plan.sum() - mass) <= TOLERANCE, f"{work}: {of} carries {plan.sum()}"
    difference = abs(np.vdot(plans[OURS], cost) - np.vdot(plans[POT], cost))
    assert difference <= TOLERANCE * np.abs(cost).max(), f"{work}: POT differs from {OURS} by {difference:.1e}"
    return Timing(work=work, seconds=seconds, targets=targets)


def timed_path(name: str, cost: F64, n_repeats: int) -> PathTiming:
    """Time the path from nothing to all mass, and the plan of all mass alone; their costs must be the same."""
    calls: dict[str, Callable[[], mot.PartialPath | mot.Transport]] = {
        PATH: partial(mot.partial_path, cost),
        FULL: partial(mot.solve_transport, cost),
    }
    seconds, answers = time_in_turns(calls, 4 * n_repeats)
    path, full = answers[PATH], answers[FULL]
    work = f"{' x '.join(map(str, cost.shape))}, {name}"
    difference = abs(path.costs[-1] - full.cost)
    assert difference <= TOLERANCE * np.abs(cost).max(), f"{work}: the path ends off by {difference:.1e}"
    return PathTiming(
        work=f"path, {work}", seconds=seconds, targets=(Target((PATH,), FULL, 3, 2),), n_breakpoints=len(path.prices)
    )


def rows(timings: list[Timing]) -> list[list[str]]:
    """Table of median milliseconds, with the rival's ratio."""
    table = [["one mass", f"{OURS} ms", f"{POT} ms", "ratio"]]
    for timing in timings:
        found = medians(timing.seconds)
        cells = [f"{1e3 * found[OURS]:.2f}", f"{1e3 * found[POT]:.1f}", f"{found[POT] / found[OURS]:.1f}"]
        table.append([timing.work, *cells])
    return table


def path_rows(timings: list[PathTiming]) -> list[list[str]]:
    """Table of median milliseconds, with the number of full solves that a path takes."""
    table = [["every mass", "breakpoints", f"{PATH} ms", f"{FULL} ms", "full solves"]]
    for timing in timings:
        found = medians(timing.seconds)
        cells = [f"{1e3 * found[name]:.2f}" for name in (PATH, FULL)]
        table.append(
            [timing.work.removeprefix("path, "), str(timing.n_breakpoints), *cells, f"{found[PATH] / found[FULL]:.2f}"]
        )
    return table
