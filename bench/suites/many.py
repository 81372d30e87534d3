"""Suite of many small problems in one call: ours on one thread and on two, and the batches of lapcpp."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import numpy as np

import mot_fast as mot
from harness.answers import TOLERANCE
from harness.report import Section
from harness.targets import OURS, Target, faster_than
from harness.turns import Timing, medians, time_in_turns
from problems.families import COSTS
from problems.layers import F64

LAPCPP, TWO_THREADS = "lapcpp", f"{OURS}, 2 threads"
FAMILIES = ("correlations", "uniform random", "points 16-D, squared")
SHAPE = 500, 64
"""Number of problems, and their units on each side: minibatches of flow matching, heads of a network."""


def section(options: argparse.Namespace) -> Section:
    """Time all families; every cost is compared with lapcpp's."""
    rng = np.random.default_rng(0)
    timings = [_timed(family, stack(family, *SHAPE, rng), options.repeats) for family in FAMILIES]
    remarks = [] if len(timings[0].seconds) == len(ways()) + 1 else ["lapcpp is not installed: no rival took part"]
    return Section(
        [asdict(each) for each in timings], [rows(timings)], remarks, [v for t in timings for v in t.verdicts()]
    )


def stack(family: str, k: int, n: int, rng: np.random.Generator) -> F64:
    """Cost matrices of one family, `(k, n, n)`."""
    return np.stack([COSTS[family](n, n, rng) for _ in range(k)])


def ways() -> dict[str, Callable[[F64], F64]]:
    """Our calls, from a stack of costs to least mean costs."""
    return {
        OURS: lambda costs: mot.solve_transports(costs, n_jobs=1).costs,
        TWO_THREADS: lambda costs: mot.solve_transports(costs, n_jobs=2).costs,
    }


def _by_lapcpp(costs: F64) -> F64:
    import lapcpp

    totals, _, _ = lapcpp.lapjv_batch(costs, n_threads=1)
    return np.asarray(totals) / costs.shape[1]


def _timed(family: str, costs: F64, n_repeats: int) -> Timing:
    calls = ways()
    targets = [Target((OURS,), TWO_THREADS, 1.9, 1.95)]
    try:
        _by_lapcpp(costs[:1])
        calls[LAPCPP] = _by_lapcpp
        targets.append(faster_than(LAPCPP, at_least=2.5, aim=4))
    except ImportError:
        pass
    seconds, answers = time_in_turns({name: partial(call, costs) for name, call in calls.items()}, 4 * n_repeats)
    for name, found in answers.items():
        difference = np.abs(found - answers[OURS]).max()
        assert difference <= TOLERANCE * np.abs(costs).max(), (
            f"{family}: {name} differs from {OURS} by {difference:.1e}"
        )
    k, n, _ = costs.shape
    return Timing(work=f"{k} of {n} x {n}, {family}", seconds=seconds, targets=tuple(targets))


def rows(timings: list[Timing]) -> list[list[str]]:
    """Table of median microseconds a problem."""
    names = list(timings[0].seconds)
    head = ["many problems", *(f"{name} µs" for name in names)]
    return [head, *([t.work, *(f"{1e6 * medians(t.seconds)[name] / SHAPE[0]:.1f}" for name in names)] for t in timings)]
