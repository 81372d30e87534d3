"""Suite of many problems in one call: small ones on one thread and on two, beside the batches of lapcpp; and one cost
with many masses, far from one another and near, beside POT's way to ask for them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import numpy as np
import ot

import mot_fast as mot
from harness.answers import TOLERANCE
from harness.report import Section
from harness.targets import OURS, Target, faster_than
from harness.turns import Timing, medians, time_in_turns
from problems.families import COSTS, MASSES
from problems.layers import F64

LAPCPP, TWO_THREADS = "lapcpp", f"{OURS}, 2 threads"
FAMILIES = ("correlations", "uniform random", "points 16-D, squared")
SHAPE = 500, 64
"""Number of problems, and their units on each side: minibatches of flow matching, heads of a network."""

ONE_BY_ONE, POT = "one by one", "POT emd2"
SHARED_FAMILIES = ("points 2-D, squared", "correlations", "colours")
SHARED_SHAPES = ((256, 256), (100, 1000), (1000, 1000))
N_MASSES = 32
STEPS = {"independent": None, "2 % apart": 0.02, "drifting by 4 %": 0.05}
"""How far masses of the columns are from one another: what the logarithms of those that follow one another differ by,
where they drift, and of all from the same masses, where they do not."""


def section(options: argparse.Namespace) -> Section:
    """Time all families; every cost is compared with those of another way."""
    rng = np.random.default_rng(0)
    timings = [_timed(family, stack(family, *SHAPE, rng), options.repeats) for family in FAMILIES]
    remarks = [] if len(timings[0].seconds) == len(ways()) + 1 else ["lapcpp is not installed: no rival took part"]
    shared = [
        _timed_shared(family, shape, masses, options.repeats)
        for family in SHARED_FAMILIES
        for shape in SHARED_SHAPES
        for masses in STEPS
    ]
    every = timings + shared
    return Section(
        [asdict(each) for each in every],
        [rows(timings), shared_rows(shared)],
        remarks,
        [v for t in every for v in t.verdicts()],
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


def many_masses(kind: str, n: int, rng: np.random.Generator) -> F64:
    """Masses of n columns in all problems, `(k, n)`."""
    step = STEPS[kind]
    if step is None:
        masses = np.stack([MASSES["Dirichlet"](n, rng) for _ in range(N_MASSES)])
    else:
        changes = step * rng.normal(size=(N_MASSES, n))
        masses = MASSES["Dirichlet"](n, rng) * np.exp(changes.cumsum(axis=0) if "drifting" in kind else changes)
    return np.asarray(masses / masses.sum(axis=1, keepdims=True))


def _timed_shared(family: str, shape: tuple[int, int], kind: str, n_repeats: int) -> Timing:
    rng = np.random.default_rng(0)
    cost, a = COSTS[family](*shape, rng), MASSES["Dirichlet"](shape[0], rng)
    a, b = a / a.sum(), many_masses(kind, shape[1], rng)
    calls: dict[str, Callable[[], F64]] = {
        OURS: lambda: mot.solve_transports(cost, a, b, n_jobs=1).costs,
        ONE_BY_ONE: lambda: np.array([mot.solve_transport(cost, a, each).cost for each in b]),
        POT: lambda: np.array(ot.emd2(a, b.T, cost, processes=1, numItermax=10**9)),
    }
    seconds, answers = time_in_turns(calls, n_repeats)
    for name, found in answers.items():
        difference = np.abs(found - answers[ONE_BY_ONE]).max()
        assert difference <= TOLERANCE * np.abs(cost).max(), f"{family}: {name} differs by {difference:.1e}"
    targets = (faster_than(ONE_BY_ONE, at_least=0.95 if kind == "independent" else 1.5, aim=3),)
    return Timing(work=f"{shape[0]} x {shape[1]}, {family}, {kind}", seconds=seconds, targets=targets)


def shared_rows(timings: list[Timing]) -> list[list[str]]:
    """Table of median milliseconds a problem, and of what the neighbours' potentials and all of it are worth."""
    table = [[f"one cost, {N_MASSES} masses", *(f"{name} ms" for name in timings[0].seconds), ONE_BY_ONE, POT]]
    for timing in timings:
        found = medians(timing.seconds)
        cells = [f"{1e3 * seconds / N_MASSES:.2f}" for seconds in found.values()]
        table.append([timing.work, *cells, *(f"{found[name] / found[OURS]:.1f} x" for name in (ONE_BY_ONE, POT))])
    return table


def rows(timings: list[Timing]) -> list[list[str]]:
    """Table of median microseconds a problem."""
    names = list(timings[0].seconds)
    head = ["many problems", *(f"{name} µs" for name in names)]
    return [head, *([t.work, *(f"{1e6 * medians(t.seconds)[name] / SHAPE[0]:.1f}" for name in names)] for t in timings)]
