"""Suite of families: every family of costs and masses, many sizes, against the best of all rivals."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.answers import check_entries
from harness.report import Section, is_wanted
from harness.targets import OURS, Target, Verdict, verdicts_on
from harness.workers import LONGEST, Worker, WorkerError, Workers, save_problem, time_in_batches
from problems.families import COSTS, KINDS, MASSES, SPARSE_COSTS, problem
from problems.layers import F64

ASSIGNMENT = f"{OURS} assignment"
TRANSPORT_RIVALS = ("POT",)
ASSIGNMENT_RIVALS = ("SciPy", "lap", "lapjv", "LAP1015", "lapcpp")
LAPX = ("lapx r", "lapx h")
SQUARES = (8, 32, 128, 512, 2048, 8192)
LARGE = 8192
LARGE_FAMILIES = (
    "uniform random",
    "points 2-D, squared",
    "points 16-D, squared",
    "clusters 3-D",
    "pixels, squared",
    "integers to 100",
    "correlations",
    *SPARSE_COSTS,
)
LARGE_MASSES = ("uniform", "Dirichlet")
"""Families and masses that run at the largest size."""
LENGTHS = (1024, 16384)
SHAPES = tuple(shape for n in LENGTHS for shape in ((1, n), (n, 1), (2, n), (3, n), (10, n)))
QUICK_FAMILIES = ("uniform random", "points 2-D, squared", "0 or 1", "correlations", "10 nearest, 2-D")
QUICK_MASSES = ("uniform", "spike")
QUICK_SHAPES = ((8, 8), (32, 32), (2, 16), (16, 1))
SLOW = 5.0
"""Seconds after which a solver does not try larger problems of the family."""
UNITS = 64
"""Units from which a target holds."""
QUICK_CALL = 1e-3
"""Seconds below which ours may be a little slower than the best rival."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Least seconds of every solver at one problem, and what went wrong."""

    family: str
    masses: str
    shape: tuple[int, int]
    seconds: dict[str, float]
    failures: dict[str, str]

    @property
    def name(self) -> str:
        """Name of the problem, by which it is chosen."""
        return cell_name(self.family, self.masses, self.shape)

    @property
    def best(self) -> str | None:
        """Fastest rival, if one has answered."""
        rivals = {name: seconds for name, seconds in self.seconds.items() if name not in (OURS, ASSIGNMENT)}
        return min(rivals, key=rivals.__getitem__, default=None)

    @property
    def ratio(self) -> float:
        """Best rival's time over ours; not a number if one of them is missing, and 0 if ours did not answer."""
        if OURS not in self.seconds:
            return 0.0 if OURS in self.failures else math.nan
        return self.seconds[self.best] / self.seconds[OURS] if self.best else math.nan

    def target(self) -> Target | None:
        """Target of the ratio, if there is one."""
        if max(self.shape) < UNITS or math.isnan(self.ratio):
            return None
        is_quick = self.seconds.get(OURS, math.inf) < QUICK_CALL
        at_least = 3.0 if self.family == "correlations" and min(self.shape) >= 2048 else 0.8 if is_quick else 1.0
        return Target((f"{self.best or 'none'} / {OURS}",), None, at_least, max(2.0, at_least))

    def verdict(self) -> Verdict | None:
        """Ratio beside its target."""
        target = self.target()
        return target and verdicts_on(self.name, {target.of[0]: self.ratio}, [target])[0]


def cell_name(family: str, masses: str, shape: tuple[int, int]) -> str:
    """Name of a problem."""
    return f"families, {family}, {masses}, {shape[0]} x {shape[1]}"


def section(options: argparse.Namespace) -> Section:
    """Time all solvers on all problems that are wanted."""
    series = list(wanted(options))
    if not series:
        return Section([])
    pythons = dict.fromkeys((OURS, ASSIGNMENT, *TRANSPORT_RIVALS, *ASSIGNMENT_RIVALS), sys.executable)
    if options.lapx:
        pythons |= dict.fromkeys(LAPX, str(options.lapx))
    with Workers(pythons) as workers, tempfile.TemporaryDirectory() as folder:
        remarks = [f"families: {name} is not there and was left out: {why}" for name, why in workers.missing.items()]
        if not options.lapx:
            remarks.append("families: lapx was left out, since no --lapx PYTHON is given")
        versions = {name: worker.version for name, worker in workers.items()}
        cells = [cell for chosen in series for cell in time_series(*chosen, workers, Path(folder))]
    return Section(
        {"versions": versions, "cells": [as_figures(cell) for cell in cells]},
        tables(cells),
        [*remarks, *cell_remarks(cells)],
        worst_verdicts(cells),
    )


def wanted(options: argparse.Namespace) -> Iterator[tuple[str, str, list[tuple[int, int]]]]:
    """Families and masses with the shapes that are wanted, each in the order of its size."""
    for family in (name for names in KINDS.values() for name in names):
        for masses in MASSES:
            is_large = family in LARGE_FAMILIES and masses in LARGE_MASSES
            shapes = [(n, n) for n in SQUARES if n < LARGE or is_large]
            shapes += SHAPES if family in COSTS else ()
            if options.quick:
                is_chosen = family in QUICK_FAMILIES and masses in QUICK_MASSES
                shapes = [shape for shape in QUICK_SHAPES if is_chosen and (family in COSTS or shape[0] == shape[1])]
            shapes = [shape for shape in shapes if is_wanted(cell_name(family, masses, shape), options)]
            if shapes:
                yield family, masses, shapes


def time_series(
    family: str, masses: str, shapes: Sequence[tuple[int, int]], workers: Workers, folder: Path
) -> Iterator[Cell]:
    """Cells of one family and masses; a solver that has become slow does not try larger problems."""
    slow: dict[str, str] = {}
    for shape in shapes:
        names = [name for name in workers if name in solvers_of(masses, shape)]
        tried = {name: workers[name] for name in names if name not in slow}
        cell = time_cell(family, masses, shape, tried, folder)
        cell.failures.update({name: slow[name] for name in names if name in slow})
        if shape[0] == shape[1]:
            for name in names:
                if cell.seconds.get(name, 0) > SLOW or name in cell.failures and name in tried:
                    slow[name] = f"left out after {shape[0]} x {shape[1]}"
        print(progress(cell), file=sys.stderr, flush=True)
        yield cell


def solvers_of(masses: str, shape: tuple[int, int]) -> tuple[str, ...]:
    """Solvers that can solve a problem of these masses and shape: assignments are square, with uniform masses."""
    if masses == "uniform" and shape[0] == shape[1]:
        return (OURS, ASSIGNMENT, *TRANSPORT_RIVALS, *ASSIGNMENT_RIVALS, *LAPX)
    return (OURS, *TRANSPORT_RIVALS)


SPARSE_SOLVERS = (OURS, "POT", "SciPy")


def time_cell(family: str, masses: str, shape: tuple[int, int], workers: Mapping[str, Worker], folder: Path) -> Cell:
    """Time the workers on one problem, and check their answers; one that is wrong does not count."""
    cost, marginals = problem(family, masses, *shape)
    if family in SPARSE_COSTS:
        workers = {name: worker for name, worker in workers.items() if name in SPARSE_SOLVERS}
    save_problem(folder, cost, marginals)
    failures, ready = {}, {}
    for name, worker in workers.items():
        try:
            worker.load(folder)
            ready[name] = worker
        except WorkerError as error:
            failures[name] = str(error)
    seconds, failed = time_in_batches(ready)
    failures |= failed
    answers = {name: ready[name].answer(folder / "answer.npz") for name in seconds}
    wrong = check_entries(cost, marginals, answers)
    assert OURS not in wrong, f"{cell_name(family, masses, shape)}: {OURS} {wrong[OURS]}"
    for name, why in wrong.items():
        failures[name] = why
        del seconds[name]
    return Cell(family=family, masses=masses, shape=shape, seconds=seconds, failures=failures)


def progress(cell: Cell) -> str:
    """One line on a cell."""
    times = ", ".join(f"{name} {1e3 * seconds:.3g}" for name, seconds in cell.seconds.items())
    failures = "".join(f"; {name}: {why}" for name, why in cell.failures.items())
    return f"{cell.name}: {cell_text(cell)} (ms: {times}{failures})"


def cell_text(cell: Cell) -> str:
    """Ratio and best rival; "!" marks a missed target."""
    if math.isnan(cell.ratio):
        if OURS in cell.seconds and cell.failures:
            return f">{LONGEST / cell.seconds[OURS]:.0f}" if any("took" in why for why in cell.failures.values()) else "-"
        return "-"
    verdict = cell.verdict()
    mark = "!" if verdict and verdict.met == "no" else ""
    return f"{cell.ratio:.{2 if cell.ratio < 10 else 0}f}{mark} {cell.best or ''}".rstrip()


def tables(cells: Sequence[Cell]) -> list[list[list[str]]]:
    """Tables of the ratios: families by rows and sizes by columns, for all masses, squares apart from the others."""
    found = []
    for masses in dict.fromkeys(cell.masses for cell in cells):
        for is_square in (True, False):
            chosen = [c for c in cells if c.masses == masses and (c.shape[0] == c.shape[1]) == is_square]
            shapes = sorted({cell.shape for cell in chosen}, key=lambda shape: (max(shape), shape))
            texts = {(cell.family, cell.shape): cell_text(cell) for cell in chosen}
            rows = [[family, *(texts.get((family, shape), "") for shape in shapes)] for family in dict.fromkeys(c.family for c in chosen)]
            if rows:
                found.append([[f"{masses} masses", *(f"{n} x {m}" for n, m in shapes)], *rows])
    return found


def cell_remarks(cells: Sequence[Cell]) -> list[str]:
    """How many targets are missed, how our assignment compares, and which answers were wrong."""
    verdicts = [verdict for cell in cells if (verdict := cell.verdict())]
    missed = [verdict for verdict in verdicts if verdict.met == "no"]
    remarks = [f"families: {len(missed)} of {len(verdicts)} cells with a target miss it"]
    gains = [cell.seconds[OURS] / cell.seconds[ASSIGNMENT] for cell in cells if {OURS, ASSIGNMENT} <= cell.seconds.keys()]
    if gains:
        remarks.append(
            "families: ratios are those of solve_transport, plan and potentials; the rivals but POT return a matching "
            f"alone, as ot.linear_sum_assignment does, which takes {1 / np.exp(np.mean(np.log(gains))):.2f} of its time"
        )
    failures: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        for name, why in cell.failures.items():
            if not why.startswith(("took", "left out")):
                failures.setdefault((name, why.split(" by ")[0]), []).append(cell.name.removeprefix("families, "))
    for (name, why), names in failures.items():
        others = f" and {len(names) - 3} more" if len(names) > 3 else ""
        remarks.append(f"families: {name} {why}: {'; '.join(names[:3])}{others}")
    return remarks


def worst_verdicts(cells: Sequence[Cell]) -> list[Verdict]:
    """Verdict on the worst cell of every family."""
    worst: dict[str, Verdict] = {}
    for cell in cells:
        verdict = cell.verdict()
        if verdict and (
            cell.family not in worst
            or verdict.value / verdict.at_least < worst[cell.family].value / worst[cell.family].at_least
        ):
            worst[cell.family] = verdict
    return list(worst.values())


def as_figures(cell: Cell) -> dict[str, Any]:
    """Figures of a cell for the JSON file."""
    verdict = cell.verdict()
    return {**asdict(cell), "best": cell.best, "ratio": None if math.isnan(cell.ratio) else cell.ratio, "met": verdict and verdict.met}
