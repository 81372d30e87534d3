"""Times whole alignments against the plain way, each in a process of its own, and weighs their memory."""

from __future__ import annotations

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
import ot
import psutil

import mot_fast as mot
from harness.targets import OURS
from harness.turns import run_counts, turns
from problems.cases import GIB, PEAK, PLAIN, PRODUCTS, THREADS, Grid
from problems.layers import F64, Array, standardized
from suites.transports import POT_ITERATIONS, uniform

SINGLE_PRECISION = 1e-5
"""What layer costs out of float32 products may differ by."""


@dataclass(frozen=True)
class Whole:
    """One alignment: layer costs, proof, seconds, those of the processor over all threads, and memory.

    Processor seconds below those of the clock, on one thread, tell that other work held the machine up.
    """

    layer_costs: list[list[float]] | None
    certificate: dict[str, float] | None
    seconds: float
    cpu_seconds: float
    peak: int
    """The most bytes held over what was held with the inputs loaded."""


@dataclass(frozen=True)
class Compared:
    """The runs of every way of aligning two networks."""

    grid: str
    runs: dict[str, list[Whole]]

    def seconds(self) -> dict[str, list[float]]:
        """Of every run of every way."""
        return {way: [run.seconds for run in runs] for way, runs in self.runs.items()}

    def figures(self) -> dict[str, float]:
        """Median seconds of every way, and the most GiB of any run of ours."""
        medians = {way: statistics.median(seconds) for way, seconds in self.seconds().items()}
        return medians | {PEAK: max(run.peak for runs in self.ours().values() for run in runs) / GIB}

    def ours(self) -> dict[str, list[Whole]]:
        """Without the rivals' runs."""
        return {way: runs for way, runs in self.runs.items() if way in THREADS.values()}

    def difference(self) -> float:
        """The largest between a layer cost of ours and of the plain way."""
        (ours, *_), *_ = self.ours().values()
        return float(np.abs(np.subtract(ours.layer_costs, self.runs[PLAIN][0].layer_costs)).max())


def time_align(grid: Grid, child: Sequence[str], n_repeats: int) -> Compared:
    """Run the command `child` with every way in turn, several times, and compare the answers.

    On Linux a process inherits its parent's peak memory: call this before the parent holds any problem.
    """
    runs: dict[str, list[Whole]] = {way: [] for way in grid.ways}
    seconds: dict[str, list[float]] = {way: [] for way in grid.ways}
    for way in turns(seconds, n_repeats):
        print(f"align {grid.name}: {way} ...", file=sys.stderr)
        run = Whole(**json.loads(subprocess.check_output([*child, grid.name, way])))
        runs[way].append(run)
        seconds[way].append(run.seconds)
    compared = Compared(grid.name, runs)
    answers = [run.layer_costs for ours in compared.ours().values() for run in ours]
    assert all(answer == answers[0] for answer in answers), f"{grid.name}: runs of align differ"
    if PLAIN in runs:
        difference = compared.difference()
        assert difference <= SINGLE_PRECISION, f"{grid.name}: layer costs differ from the plain way's by {difference}"
    return compared


def align_here(grid: Grid, way: str) -> Whole:
    """Align in this process, which must be a fresh one."""
    warnings.simplefilter("error")  # a plan that POT could not prove optimal
    warnings.filterwarnings("ignore", message="some units are constant")
    source, target = grid.networks()
    _align([source[0][:99, :9]], [target[0][:99, :9]], grid, way)  # what is set up once is neither timed nor weighed
    memory, cpu_start = psutil.Process().memory_info().rss, process_time()
    costs, certificate, seconds = _align(source, target, grid, way)
    return Whole(costs, certificate, seconds, process_time() - cpu_start, _peak_memory() - memory)


def _align(
    source: Sequence[Array], target: Sequence[Array], grid: Grid, way: str
) -> tuple[list[list[float]] | None, dict[str, float] | None, float]:
    """Layer costs and proof, where the way gives them, and seconds."""
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


def align_plainly(source: Sequence[Array], target: Sequence[Array]) -> F64:
    """Layer costs by NumPy and POT alone."""
    source, target = ([standardized(layer, np.float32) for layer in layers] for layers in (source, target))
    costs = np.empty((len(source), len(target)))
    for l, x in enumerate(source):
        for m, y in enumerate(target):
            correlation = x.T @ y
            costs[l, m] = ot.emd2(*uniform(correlation), 1 - correlation, numItermax=POT_ITERATIONS)
    ot.emd(*uniform(costs), costs, numItermax=POT_ITERATIONS)
    return costs


def products_alone(source: Sequence[Array], target: Sequence[Array]) -> float:
    """Seconds of the products of standardized layers, into memory that is there."""
    source, target = ([standardized(layer, np.float32) for layer in layers] for layers in (source, target))
    room = {(x.shape[1], y.shape[1]): np.zeros((x.shape[1], y.shape[1]), np.float32) for x in source for y in target}
    start = perf_counter()
    for x in source:
        for y in target:
            np.matmul(x.T, y, out=room[x.shape[1], y.shape[1]])
    return perf_counter() - start


def _peak_memory() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def align_rows(compared: Compared) -> list[list[str]]:
    """A table of medians, with ratios to ours on one thread."""
    figures = compared.figures()
    rows = [[compared.grid, "s", "ratio", "processor s", "peak MB over the inputs"]]
    for way, runs in compared.runs.items():
        cpu_seconds, peak = (statistics.median(getattr(run, name) for run in runs) for name in ("cpu_seconds", "peak"))
        ratio = figures[way] / figures[THREADS[1]]
        label = f"{OURS}.align, {way}" if way in THREADS.values() else way
        measured = ["", ""] if way == PRODUCTS else [f"{cpu_seconds:.3f}", f"{peak / 1e6:.0f}"]
        rows.append([label, f"{figures[way]:.3f}", f"{ratio:.2f}", *measured])
    return rows


def remark(compared: Compared) -> str:
    """How the answers compare, and how many runs there were."""
    n_pairs = sum(map(len, compared.runs[PLAIN][0].layer_costs))
    return (
        f"{n_pairs} layer costs, equal to the last bit on 1 and 2 threads, within {compared.difference():.1e} of "
        f"POT's; runs: {run_counts(compared.seconds())}"
    )


def memory_rows(wholes: Sequence[Compared]) -> list[list[str]]:
    """A table of alignments that have no rival: seconds, memory and proof."""
    rows = [
        ["align", "s", "runs", "peak GiB over the inputs", "duality gap", "dual violation", "slackness", "marginals"]
    ]
    for whole in wholes:
        (runs,) = whole.runs.values()
        (seconds,) = (statistics.median(seconds) for seconds in whole.seconds().values())
        names = ("duality_gap", "dual_violation", "slackness", "marginal_error")
        proof = [f"{runs[0].certificate[name]:.1e}" for name in names]
        rows.append([whole.grid, f"{seconds:.1f}", f"{len(runs)}", f"{whole.figures()[PEAK]:.2f}", *proof])
    return rows
