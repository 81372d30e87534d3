"""Suite of rotations: our transports with rotations against a direct form, in which all stimuli take every step."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import scipy.linalg

import mot_fast as mot
from harness.report import Section
from harness.targets import OURS, Target, Verdict, faster_than, verdicts_on
from harness.turns import Timing, time_in_turns
from mot_fast.layer_pairs.alternation import LayerPair
from mot_fast.layer_pairs.centred_layer import CentredLayer
from mot_fast.layer_pairs.procrustes import orthogonal_factor
from problems.layers import F64, GEMMA3, SMOLLM2, recorded, synthetic
from rivals import alternate_directly

DIRECT, FACTOR, SCIPY_FACTOR = "direct form", "our orthogonal factor", "SciPy's"
GRID = "SmolLM2 x Gemma-3, 16 x 10 layers, rotated, 2 threads"
AGREEMENT = 1e-9
"""Relative difference that residuals may have."""
ONE_STEP = mot.Alternation(tol=0.0, max_iter=1)


@dataclass(frozen=True, kw_only=True)
class Rotation(Timing):
    """Timing of one alternation of one pair of layers in either form, and of its orthogonal factor."""

    once: float
    """Seconds that our form takes once for all alternations of a pair."""


@dataclass(frozen=True)
class RotatedGrid:
    """Alignment of two networks with rotations."""

    seconds: float
    n_alternations: int
    certificate: mot.Certificate


def section(options: argparse.Namespace) -> Section:
    """Time alternations, and one alignment if there are recordings."""
    rotations = [*time_rotations(options.data, is_quick=options.quick, n_repeats=min(options.repeats, 3))]
    verdicts = [verdict for rotation in rotations for verdict in rotation.verdicts()]
    figures, tables = [asdict(rotation) for rotation in rotations], [rotation_rows(rotations)]
    if options.data and not options.quick:
        grid = time_grid(options.data)
        figures.append(asdict(grid))
        tables.append(grid_rows(grid))
        verdicts += grid_verdicts(grid)
    return Section(figures, tables, (), verdicts)


def time_rotations(folder: Path | None, *, is_quick: bool, n_repeats: int) -> Iterator[Rotation]:
    """Timings of one alternation, on small, large and recorded layers."""
    for width, n_stimuli in ((64, 2042),) if is_quick else ((64, 2042), (1280, 16_000)):
        x, y = synthetic((width, width), n_stimuli, np.float64)
        targets = (faster_than(DIRECT, at_least=5, aim=12),) if width == 1280 else ()
        yield _timed(f"synthetic, {width} x {width}, T = {n_stimuli}", x, y, n_repeats, targets)
    if folder and not is_quick:
        x, y = recorded(folder / SMOLLM2)[7], recorded(folder / GEMMA3)[5]
        yield _timed("SmolLM2 7 x Gemma-3 5, 576 x 640", x, y, n_repeats)


def _timed(work: str, x: F64, y: F64, n_repeats: int, targets: tuple[Target, ...] = ()) -> Rotation:
    """Timing of the second alternation in both forms, whose residuals must agree."""
    x, y = (np.asarray(layer, dtype=np.float64) - np.mean(layer, axis=0, dtype=np.float64) for layer in (x, y))
    started = perf_counter()
    pair = LayerPair(CentredLayer(x), CentredLayer(y), ("x", "y"))
    _ = pair.source.gram, pair.target.gram
    once = perf_counter() - started
    start = pair.alternate(np.eye(x.shape[1]), ONE_STEP, lambda: None).rotation
    ours = pair.alternate(start, ONE_STEP, lambda: None)
    residual, _ = alternate_directly(x, y, start)
    assert abs(ours.residual - residual) <= AGREEMENT * residual, (work, ours.residual, residual)
    carried = x.T @ (y @ ours.plan.toarray().T)
    calls: dict[str, Callable[[], object]] = {
        OURS: lambda: pair.alternate(start, ONE_STEP, lambda: None),
        DIRECT: lambda: alternate_directly(x, y, start),
        FACTOR: lambda: orthogonal_factor(carried, start),
        SCIPY_FACTOR: lambda: scipy.linalg.orthogonal_procrustes(np.eye(len(carried)), carried),
    }
    seconds, _ = time_in_turns(calls, n_repeats)
    return Rotation(work=work, seconds=seconds, targets=targets, once=once)


def time_grid(folder: Path) -> RotatedGrid:
    """Align two language models with rotations, every pair of layers to convergence."""
    source, target = recorded(folder / SMOLLM2), recorded(folder / GEMMA3)
    started = perf_counter()
    alignment = mot.align(source, target, rotate=True, n_jobs=2)
    seconds = perf_counter() - started
    return RotatedGrid(seconds, sum(len(trace) for row in alignment.traces for trace in row), alignment.certificate)


def grid_verdicts(grid: RotatedGrid) -> list[Verdict]:
    """Verdict on the seconds: two minutes are the aim, and there is no lower bound."""
    return verdicts_on(GRID, {"seconds": grid.seconds}, [Target(("seconds",), None, math.inf, 120)])


def rotation_rows(rotations: list[Rotation]) -> list[list[str]]:
    """Table of medians in milliseconds."""
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
    """Table of the one alignment."""
    figures = (grid.certificate.duality_gap, grid.certificate.dual_violation, grid.certificate.marginal_error)
    cells = [f"{grid.seconds:.1f}", str(grid.n_alternations), *(f"{figure:.1e}" for figure in figures)]
    return [["align", "s", "alternations", "duality gap", "dual violation", "marginals"], [GRID, *cells]]
