"""Suite of alignments: ours against NumPy and POT, each in a process of its own, with the memory that they take."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import perf_counter, process_time

import numpy as np
import psutil

import mot_fast as mot
from harness.report import Section, is_wanted
from harness.targets import OURS, verdicts_on
from harness.turns import medians, run_counts, turns
from problems.cases import GIB, PEAK, PLAIN, PRODUCTS, THREADS, Grid, grids, grids_beyond_memory, small_grid
from problems.layers import Array, standardized
from rivals import SINGLE_PRECISION, align_plainly

MAX_REPEATS = 3
TOUCHED = 2**29
"""Bytes of memory that are in use before a run."""


@dataclass(frozen=True)
class AlignmentRun:
    """One alignment: layer costs, proof, seconds of the clock and of the processor over all threads, and memory.

    On one thread, fewer processor seconds than seconds of the clock mean that other work held the machine up.
    """

    layer_costs: list[list[float]] | None
    certificate: dict[str, float] | None
    seconds: float
    cpu_seconds: float
    peak: int
    """Most bytes held, above those held with the inputs loaded."""


@dataclass(frozen=True)
class AlignmentTiming:
    """Runs of every way of aligning two networks."""

    grid: str
    runs: dict[str, list[AlignmentRun]]

    def seconds(self) -> dict[str, list[float]]:
        """Seconds of every run of every way."""
        return {way: [run.seconds for run in runs] for way, runs in self.runs.items()}

    def figures(self) -> dict[str, float]:
        """Median seconds of every way, and the most GiB that any run of ours took."""
        return medians(self.seconds()) | {PEAK: max(run.peak for runs in self.ours().values() for run in runs) / GIB}

    def ours(self) -> dict[str, list[AlignmentRun]]:
        """Runs of our own ways."""
        return {way: runs for way, runs in self.runs.items() if way in THREADS.values()}

    def difference(self) -> float:
        """Largest difference between a layer cost of ours and of the plain way."""
        (ours, *_), *_ = self.ours().values()
        return float(np.abs(np.subtract(ours.layer_costs, self.runs[PLAIN][0].layer_costs)).max())


def section(options: argparse.Namespace) -> Section:
    """Time every alignment that is wanted."""
    data = ["--data", str(options.data)] if options.data else []
    child = [sys.executable, sys.argv[0], *data, "--child"]
    wanted: list[Grid] = [small_grid()] if options.quick else [*grids(options.data)]
    if options.beyond_memory:
        wanted += grids_beyond_memory()
    timings, verdicts = [], []
    for grid in wanted:
        if is_wanted(f"aligns, align {grid.name}", options):
            timings.append(time_align(grid, child, min(options.repeats, MAX_REPEATS)))
            verdicts += verdicts_on(f"align {grid.name}", timings[-1].figures(), grid.targets)
    compared = [timing for timing in timings if PLAIN in timing.runs]
    alone = [timing for timing in timings if PLAIN not in timing.runs]
    tables = [align_rows(timing) for timing in compared] + ([memory_rows(alone)] if alone else [])
    remarks = [f"{timing.grid}: {remark(timing)}" for timing in compared]
    return Section([asdict(timing) for timing in timings], tables, remarks, verdicts)


def run_child(options: argparse.Namespace) -> None:
    """Align in this process, which another one started for it, and print the run as JSON."""
    name, way = options.child
    grid = next(grid for grid in (*grids(options.data), *grids_beyond_memory()) if grid.name == name)
    print(json.dumps(asdict(align_here(grid, way))))


def time_align(grid: Grid, child: Sequence[str], n_repeats: int) -> AlignmentTiming:
    """Run the command `child` with every way in turn, several times, and compare the answers.

    On Linux a process inherits its parent's peak memory: call this before the parent holds any problem.
    """
    runs: dict[str, list[AlignmentRun]] = {way: [] for way in grid.ways}
    seconds: dict[str, list[float]] = {way: [] for way in grid.ways}
    for way in turns(seconds, n_repeats):
        print(f"align {grid.name}: {way} ...", file=sys.stderr)
        run = AlignmentRun(**json.loads(subprocess.check_output([*child, grid.name, way])))
        runs[way].append(run)
        seconds[way].append(run.seconds)
    compared = AlignmentTiming(grid.name, runs)
    answers = [run.layer_costs for ours in compared.ours().values() for run in ours]
    assert all(answer == answers[0] for answer in answers), f"{grid.name}: runs of align differ"
    if PLAIN in runs:
        difference = compared.difference()
        assert difference <= SINGLE_PRECISION, f"{grid.name}: layer costs differ from the plain way's by {difference}"
    return compared


def align_here(grid: Grid, way: str) -> AlignmentRun:
    """Align in this process, which must be a fresh one."""
    warnings.simplefilter("error")  # POT warns of a plan that it could not prove optimal
    warnings.filterwarnings("ignore", message="some units are constant")
    warnings.filterwarnings("ignore", message="all layers of .* rows and .* columns")  # wide on purpose
    source, target = grid.networks()
    _align([source[0][:99, :9]], [target[0][:99, :9]], grid, way)  # loads and compiles what is needed once
    _touch_memory()
    memory, cpu_start = psutil.Process().memory_info().rss, process_time()
    costs, certificate, seconds = _align(source, target, grid, way)
    return AlignmentRun(costs, certificate, seconds, process_time() - cpu_start, _peak_memory() - memory)


def _align(
    source: Sequence[Array], target: Sequence[Array], grid: Grid, way: str
) -> tuple[list[list[float]] | None, dict[str, float] | None, float]:
    """Layer costs and proof, as far as the way gives them, and seconds."""
    if way == PRODUCTS:
        return None, None, products_alone(source, target)
    start = perf_counter()
    if way == PLAIN:
        costs = align_plainly(source, target)
        return costs.tolist(), None, perf_counter() - start
    n_threads = next(n for n, label in THREADS.items() if label == way)
    alignment = mot.align(source, target, n_jobs=n_threads, memory_limit=grid.memory_limit)
    seconds = perf_counter() - start
    proof = alignment.certificate
    errors = proof.dual_violation, proof.slackness, proof.duality_gap, proof.marginal_error
    assert max(errors) <= proof.tolerance, f"{grid.name}: {proof}"
    return alignment.layer_costs.tolist(), asdict(proof), seconds


def products_alone(source: Sequence[Array], target: Sequence[Array]) -> float:
    """Seconds that the products of standardized layers take, written into memory that is allocated before."""
    source, target = ([standardized(layer, np.float32) for layer in layers] for layers in (source, target))
    room = {(x.shape[1], y.shape[1]): np.zeros((x.shape[1], y.shape[1]), np.float32) for x in source for y in target}
    start = perf_counter()
    for x in source:
        for y in target:
            np.matmul(x.T, y, out=room[x.shape[1], y.shape[1]])
    return perf_counter() - start


def _touch_memory() -> None:
    """Let another process fill and free memory, so that the next one to use it finds it backed.

    A virtual machine gets its memory when it first touches it: 2.5 seconds for a gigabyte where it was measured, twenty
    times what the pages take that were in use before. No way of aligning can help that.
    """
    subprocess.run([sys.executable, "-c", f"import numpy; numpy.ones({TOUCHED}, 'u1')"], check=True)


def _peak_memory() -> int:
    """Most bytes that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def align_rows(compared: AlignmentTiming) -> list[list[str]]:
    """Table of medians, with ratios to ours on one thread."""
    figures = compared.figures()
    rows = [[compared.grid, "s", "ratio", "processor s", "peak MB over the inputs"]]
    for way, runs in compared.runs.items():
        cpu_seconds, peak = (statistics.median(getattr(run, name) for run in runs) for name in ("cpu_seconds", "peak"))
        ratio = figures[way] / figures[THREADS[1]]
        label = f"{OURS}.align, {way}" if way in THREADS.values() else way
        measured = ["", ""] if way == PRODUCTS else [f"{cpu_seconds:.3f}", f"{peak / 1e6:.0f}"]
        rows.append([label, f"{figures[way]:.3f}", f"{ratio:.2f}", *measured])
    return rows


def remark(compared: AlignmentTiming) -> str:
    """Sentence about the difference of the answers and the number of runs."""
    n_pairs = sum(map(len, compared.runs[PLAIN][0].layer_costs))
    return (
        f"{n_pairs} layer costs, equal to the last bit on 1 and 2 threads, within {compared.difference():.1e} of "
        f"POT's; runs: {run_counts(compared.seconds())}"
    )


def memory_rows(timings: Sequence[AlignmentTiming]) -> list[list[str]]:
    """Table of alignments without a rival: seconds, memory and proof."""
    rows = [
        ["align", "s", "runs", "peak GiB over the inputs", "duality gap", "dual violation", "slackness", "marginals"]
    ]
    for timing in timings:
        (runs,) = timing.runs.values()
        (seconds,) = (statistics.median(seconds) for seconds in timing.seconds().values())
        names = ("duality_gap", "dual_violation", "slackness", "marginal_error")
        proof = [f"{runs[0].certificate[name]:.1e}" for name in names]
        rows.append([timing.grid, f"{seconds:.1f}", f"{len(runs)}", f"{timing.figures()[PEAK]:.2f}", *proof])
    return rows
