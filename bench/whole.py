"""Times whole alignments against the plain way, each in a process of its own, and weighs their memory."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import ot

import mot_fast as mot
from cases import F64, Array, networks, standardized
from solvers import OURS, POT_ITERATIONS, uniform

WAYS = {
    "1": f"{OURS}.align, 1 thread",
    "2": f"{OURS}.align, 2 threads",
    "POT": "NumPy and POT, float32, 1 thread",
}
SINGLE_PRECISION = 1e-5
"""What layer costs out of float32 products may differ by."""


@dataclass(frozen=True)
class Whole:
    """One alignment: layer costs, seconds, those of the processor over all threads, those in products, and memory.

    Processor seconds below those of the clock, on one thread, tell that other work held the machine up.
    """

    layer_costs: list[list[float]]
    seconds: float
    cpu_seconds: float
    product_seconds: float | None
    peak: float
    """The most memory held, in MB, over what was held with the inputs loaded."""


def time_align(child: Sequence[str], n_repeats: int) -> dict[str, list[Whole]]:
    """Run the command `child` with every way in turn, several times, and compare the answers.

    On Linux a process inherits its parent's peak memory: call this before the parent holds any problem.
    """
    runs: dict[str, list[Whole]] = {way: [] for way in WAYS}
    for _ in range(n_repeats):
        for way, label in WAYS.items():
            print(f"{label} ...", file=sys.stderr)
            runs[way].append(Whole(**json.loads(subprocess.check_output([*child, way]))))
    ours = runs["1"][0].layer_costs
    assert all(run.layer_costs == ours for way in "12" for run in runs[way]), "runs of align differ"
    assert _difference(runs) <= SINGLE_PRECISION, f"layer costs differ from the plain way's by {_difference(runs):.1e}"
    return runs


def _difference(runs: dict[str, list[Whole]]) -> float:
    return float(np.abs(np.subtract(runs["1"][0].layer_costs, runs["POT"][0].layer_costs)).max())


def align_here(way: str, folder: Path | None) -> Whole:
    """Align in this process, which must be a fresh one; the way is "POT" or a number of threads."""

    def align(source: Sequence[Array], target: Sequence[Array]) -> tuple[F64, float | None]:
        if way == "POT":
            return align_plainly(source, target)
        return mot.align(source, target, n_jobs=int(way)).layer_costs, None

    warnings.simplefilter("error")  # a plan that POT could not prove optimal
    warnings.filterwarnings("ignore", message="some units are constant")
    source, target = networks(folder)
    align([source[0][:99, :9]], [target[0][:99, :9]])  # what is loaded or set up once is neither timed nor weighed
    memory, start, cpu_start = _peak_memory(), perf_counter(), process_time()
    costs, product_seconds = align(source, target)
    seconds, cpu_seconds = perf_counter() - start, process_time() - cpu_start
    return Whole(costs.tolist(), seconds, cpu_seconds, product_seconds, _peak_memory() - memory)


def align_plainly(source: Sequence[Array], target: Sequence[Array]) -> tuple[F64, float]:
    """Layer costs by NumPy and POT alone, and the seconds spent in products."""
    source, target = ([standardized(layer, np.float32) for layer in layers] for layers in (source, target))
    costs, product_seconds = np.empty((len(source), len(target))), 0.0
    for l, x in enumerate(source):
        for m, y in enumerate(target):
            start = perf_counter()
            correlation = x.T @ y
            product_seconds += perf_counter() - start
            costs[l, m] = ot.emd2(*uniform(correlation), 1 - correlation, numItermax=POT_ITERATIONS)
    ot.emd(*uniform(costs), costs, numItermax=POT_ITERATIONS)
    return costs, product_seconds


def _peak_memory() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def align_rows(name: str, runs: dict[str, list[Whole]]) -> list[list[str]]:
    """A table of medians, with ratios to ours on one thread."""

    def median(way: str, figure: str) -> float:
        return statistics.median(getattr(run, figure) for run in runs[way])

    ours, products = median("1", "seconds"), median("POT", "product_seconds")
    rows = [[name, "s", "ratio", "processor s", "peak MB over the inputs"]]
    for way, label in WAYS.items():
        seconds, cpu_seconds, peak = (median(way, figure) for figure in ("seconds", "cpu_seconds", "peak"))
        rows.append([label, f"{seconds:.3f}", f"{seconds / ours:.2f}", f"{cpu_seconds:.3f}", f"{peak:.0f}"])
    return [*rows, ["  its float32 products alone", f"{products:.3f}", f"{products / ours:.2f}", "", ""]]


def agreement(runs: dict[str, list[Whole]]) -> str:
    """How the answers compare."""
    n_pairs = sum(map(len, runs["1"][0].layer_costs))
    return f"{n_pairs} layer costs, equal to the last bit on 1 and 2 threads, within {_difference(runs):.1e} of POT's\n"
