"""Suite of transports between points, at costs that are not all held: ours, and POT's lazy one up to where it goes."""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
import ot

import mot_fast as mot
from harness.answers import TOLERANCE
from harness.report import Section
from harness.targets import OURS, Target, faster_than
from harness.turns import Timing, medians, time_in_turns
from mot_fast.system.resource_usage import ResourceUsage, measure_usage
from problems.layers import F64
from rivals import POT_ITERATIONS

POT = "POT emd2_lazy"
DIMENSIONS = 2, 50
SIZES = (1_000, 2_000, 5_000, 20_000)
QUICK = 300
LARGEST = 100_000
"""Points on each side with `--whole-runs`: minutes a run."""
RIVAL_UP_TO = {2: 5_000, 50: 2_000}
"""Points of each dimension up to which the rival takes less than a minute."""
MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class PointsTiming(Timing):
    """One number of points of one dimension, and the memory that they took."""

    peak_bytes: int
    gap: float
    """Duality gap: no plan is cheaper by more."""


def section(options: argparse.Namespace) -> Section:
    """Time all sizes in both dimensions; the costs found must be the rival's."""
    sizes = (QUICK,) if options.quick else (*SIZES, LARGEST) if options.whole_runs else SIZES
    timings = [timed(n, dimension, options.repeats) for dimension in DIMENSIONS for n in sizes]
    return Section([asdict(each) for each in timings], [rows(timings)], [], [v for t in timings for v in t.verdicts()])


def timed(n: int, dimension: int, n_repeats: int) -> PointsTiming:
    """Time random points in the unit cube, squared Euclidean, on one thread."""
    x, y = points(n, dimension)
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        usage, cost, gap = fresh.submit(measure, n, dimension).result()
    calls = {OURS: lambda: mot.solve_sample(x, y, n_jobs=1).cost}
    targets: list[Target] = []
    if n <= RIVAL_UP_TO[dimension]:
        calls[POT] = partial(_by_pot, x, y)
        targets.append(faster_than(POT, at_least=1, aim=2))
    if n == LARGEST:
        seconds, answers = {OURS: [usage.seconds]}, {OURS: cost}
    else:
        seconds, answers = time_in_turns(calls, n_repeats)
    for name, found in answers.items():
        assert abs(found - cost) <= TOLERANCE * cost, f"{n} points: {name} differs"
    return PointsTiming(
        work=f"{n:,} x {n:,} points, {dimension} dimensions",
        seconds=seconds,
        targets=tuple(targets),
        peak_bytes=usage.peak_bytes,
        gap=gap,
    )


def points(n: int, dimension: int) -> F64:
    """Two sets of random points in the unit cube, `(2, n, dimension)`."""
    return np.random.default_rng(0).random((2, n, dimension))


def measure(n: int, dimension: int) -> tuple[ResourceUsage, float, float]:
    """Usage, cost and duality gap of one run, in a process that has not used its memory before."""
    mot.solve_sample(*points(10, dimension), n_jobs=1)
    x, y = points(n, dimension)
    with measure_usage() as usage:
        found = mot.solve_sample(x, y, n_jobs=1)
    return usage, found.cost, found.certificate.duality_gap


def _by_pot(x: F64, y: F64) -> float:
    return float(ot.lp.emd2_lazy(x, y, numItermax=POT_ITERATIONS, return_matrix=False))


def rows(timings: list[PointsTiming]) -> list[list[str]]:
    """Table of median seconds, with the rival's ratio, our memory and our proof."""
    table = [["points", f"{OURS} s", "peak MiB over the inputs", "duality gap", f"{POT} s", "ratio"]]
    for timing in timings:
        figures = medians(timing.seconds)
        rival = [f"{figures[POT]:.2f}", f"{figures[POT] / figures[OURS]:.1f}"] if POT in figures else ["", ""]
        table.append(
            [timing.work, f"{figures[OURS]:.2f}", f"{timing.peak_bytes / MIB:.0f}", f"{timing.gap:.1e}", *rival]
        )
    return table
