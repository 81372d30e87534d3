"""Times transports with rotations against their direct form, which takes all stimuli through every step."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import ot
import scipy.linalg

import mot_fast as mot
from harness.targets import OURS, Target, Verdict, faster_than, judged
from harness.turns import turns
from mot_fast.layer_pairs.alternation import LayerPair
from mot_fast.layer_pairs.centred_layer import CentredLayer
from mot_fast.layer_pairs.procrustes import orthogonal_factor
from problems.layers import F64, GEMMA3, SMOLLM2, correlation_cost, recorded, synthetic
from suites.transports import POT_ITERATIONS

DIRECT, FACTOR, SCIPY_FACTOR = "direct form", "our orthogonal factor", "SciPy's"
GRID = "SmolLM2 x Gemma-3, 16 x 10 layers, rotated, 2 threads"
AGREEMENT = 1e-9
"""Relative difference of residuals."""
ONE_STEP = mot.Alternation(tol=0.0, max_iter=1)


@dataclass(frozen=True)
class Rotation:
    """One pair of layers: seconds of every run of one alternation in either form, and of the orthogonal factor."""

    work: str
    seconds: dict[str, list[float]]
    once: float
    """Seconds for what our form does once for all alternations of a pair."""
    targets: tuple[Target, ...] = ()

    def figures(self) -> dict[str, float]:
        """Medians."""
        return {name: statistics.median(runs) for name, runs in self.seconds.items()}


@dataclass(frozen=True)
class RotatedGrid:
    """A whole alignment with rotations."""

    seconds: float
    n_alternations: int
    certificate: mot.Certificate


def time_rotations(folder: Path | None, *, is_quick: bool, n_repeats: int) -> Iterator[Rotation]:
    """One alternation, on small, recorded and large layers."""
    for width, n_stimuli in ((64, 2042),) if is_quick else ((64, 2042), (1280, 16_000)):
        x, y = synthetic((width, width), n_stimuli, np.float64)
        targets = (faster_than(DIRECT, at_least=5, aim=12),) if width == 1280 else ()
        yield _timed(f"synthetic, {width} x {width}, T = {n_stimuli}", x, y, n_repeats, targets)
    if folder and not is_quick:
        x, y = recorded(folder / SMOLLM2)[7], recorded(folder / GEMMA3)[5]
        yield _timed("SmolLM2 7 x Gemma-3 5, 576 x 640", x, y, n_repeats)


def _timed(work: str, x: F64, y: F64, n_repeats: int, targets: tuple[Target, ...] = ()) -> Rotation:
    """The second alternation in both forms, which must agree."""
    x, y = (np.asarray(layer, dtype=np.float64) - np.mean(layer, axis=0, dtype=np.float64) for layer in (x, y))
    started = perf_counter()
    pair = LayerPair(CentredLayer(x), CentredLayer(y), ("x", "y"))
    _ = pair.source.gram, pair.target.gram
    once = perf_counter() - started
    start = pair.alternate(np.eye(x.shape[1]), ONE_STEP, lambda: None).rotation
    ours = pair.alternate(start, ONE_STEP, lambda: None)
    residual, _ = _alternate_directly(x, y, start)
    assert abs(ours.residual - residual) <= AGREEMENT * residual, (work, ours.residual, residual)
    carried = x.T @ (y @ ours.plan.toarray().T)
    calls: dict[str, Callable[[], object]] = {
        OURS: lambda: pair.alternate(start, ONE_STEP, lambda: None),
        DIRECT: lambda: _alternate_directly(x, y, start),
        FACTOR: lambda: orthogonal_factor(carried, start),
        SCIPY_FACTOR: lambda: scipy.linalg.orthogonal_procrustes(np.eye(len(carried)), carried),
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for name in turns(seconds, n_repeats):
        started = perf_counter()
        calls[name]()
        seconds[name].append(perf_counter() - started)
    return Rotation(work, seconds, once, targets)


def _alternate_directly(x: F64, y: F64, rotation: F64) -> tuple[float, F64]:
    """Rotate, correlate, transport, carry, rotate anew: NumPy, POT, SciPy."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan = ot.emd([], [], correlation_cost(x @ rotation, y), numItermax=POT_ITERATIONS)
    carried = y @ (plan * len(plan)).T
    rotation, fit = scipy.linalg.orthogonal_procrustes(x, carried)
    return 1.0 - fit**2 / ((x**2).sum() * (carried**2).sum()), rotation


def time_grid(folder: Path) -> RotatedGrid:
    """Every pair of layers of two language models, to convergence."""
    source, target = recorded(folder / SMOLLM2), recorded(folder / GEMMA3)
    started = perf_counter()
    alignment = mot.align(source, target, rotate=True, n_jobs=2)
    seconds = perf_counter() - started
    return RotatedGrid(seconds, sum(len(trace) for row in alignment.traces for trace in row), alignment.certificate)


def grid_verdicts(grid: RotatedGrid) -> list[Verdict]:
    """Two minutes are the aim; nothing less was asked for."""
    return judged(GRID, {"seconds": grid.seconds}, [Target(("seconds",), None, math.inf, 120)])


def rotation_rows(rotations: list[Rotation]) -> list[list[str]]:
    """A table of medians in milliseconds."""
    head = ["one alternation", "mot_fast ms", "direct ms", "ratio", "factor ms", "SciPy factor ms", "once a pair ms"]
    rows = [head]
    for rotation in rotations:
        figures = rotation.figures()
        columns = (OURS, DIRECT, None, FACTOR, SCIPY_FACTOR)
        ratio = f"{figures[DIRECT] / figures[OURS]:.2f}"
        cells = [f"{1e3 * figures[name]:.2f}" if name else ratio for name in columns]
        rows.append([rotation.work, *cells, f"{1e3 * rotation.once:.1f}"])
    return rows


def grid_rows(grid: RotatedGrid) -> list[list[str]]:
    """A table of one line."""
    figures = (grid.certificate.duality_gap, grid.certificate.dual_violation, grid.certificate.marginal_error)
    cells = [f"{grid.seconds:.1f}", str(grid.n_alternations), *(f"{figure:.1e}" for figure in figures)]
    return [["align", "s", "alternations", "duality gap", "dual violation", "marginals"], [GRID, *cells]]
