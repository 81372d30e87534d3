"""Suite of families: every family of costs and masses, many sizes, against the best of all rivals."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.answers import check_entries
from harness.cells import ASSIGNMENT, Cell, cell_name, remarks_on, tables, worst_verdicts
from harness.report import Section, is_wanted
from harness.targets import OURS
from harness.workers import Worker, WorkerError, Workers, save_problem, time_in_batches
from problems.families import COSTS, KINDS, SPARSE_COSTS, masses_of, problem

TRANSPORT_RIVALS = ("POT",)
ASSIGNMENT_RIVALS = ("SciPy", "lap", "lapjv", "LAP1015", "lapcpp")
LAPX = ("lapx r", "lapx h")
SPARSE_SOLVERS = (OURS, "POT", "SciPy")

SQUARES = (8, 32, 128, 512, 2048, 8192)
LARGE = 8192
LARGE_FAMILIES = (
    "uniform random",
    "points 2-D, squared",
    "points 16-D, squared",
    "clusters 3-D",
    "colours",
    "integers to 100",
    "correlations",
)
"""Families of dense costs that run at the largest size, with uniform masses; all sparse ones run."""
LENGTHS = (64, 1024, 16384)
SHAPES = tuple(shape for n in LENGTHS for shape in ((1, n), (n, 1), (2, n), (3, n), (10, n)))
SHAPE_MASSES = ("uniform", "power law", "random field")
"""Masses that run with few rows or columns, on which they have little influence."""
RECTANGLES = ((600, 400), (100, 1000))
RECTANGLE_MASSES = ("uniform", "Dirichlet", "random field")
QUICK_FAMILIES = ("points 2-D, squared", "correlations", "10 nearest, 2-D")
QUICK_MASSES = ("uniform", "spike")
QUICK_SQUARES, QUICK_SHAPES = ((8, 8), (32, 32)), ((2, 16), (16, 1))

SLOW = 5.0
"""Seconds after which a solver does not try larger problems of the family."""
BEHIND = {512: 8.0, 2048: 4.0}
"""Multiples of the fastest rival's time after which one does not try larger problems, by the units from which on."""


def section(options: argparse.Namespace) -> Section:
    """Time all solvers on all problems that are wanted, but for those that an earlier run has measured."""
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
        journal = Journal(options.resume)
        cells = [cell for chosen in series for cell in time_series(*chosen, workers, Path(folder), journal)]
    return Section(
        {"versions": versions, "cells": [cell.figures() for cell in cells]},
        tables(cells),
        [*remarks, *remarks_on(cells)],
        worst_verdicts(cells),
        [f"{cell.name}: {cell.failures[OURS]}" for cell in cells if cell.is_wrong()],
    )


class Journal:
    """File of cells, one a line, which an interrupted run leaves behind; without a file, nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        lines = file.read_text().splitlines() if file and file.exists() else []
        self._known = {cell.name: cell for cell in map(Cell.from_figures, map(json.loads, lines))}

    def find(self, name: str) -> Cell | None:
        """Cell that was measured before, if it was."""
        return self._known.get(name)

    def add(self, cell: Cell) -> None:
        """Write down a cell at once."""
        if self._file:
            with self._file.open("a") as file:
                file.write(json.dumps(cell.figures()) + "\n")


def wanted(options: argparse.Namespace) -> Iterator[tuple[str, str, list[tuple[int, int]]]]:
    """Families and masses with the shapes that are wanted, squares and others apart, in the order of their sizes."""
    for family in (name for names in KINDS.values() for name in names):
        for masses in masses_of(family):
            is_large = family in SPARSE_COSTS or (family in LARGE_FAMILIES and masses == "uniform")
            squares = [(n, n) for n in SQUARES if n < LARGE or is_large]
            others = [*(SHAPES if masses in SHAPE_MASSES else ()), *(RECTANGLES if masses in RECTANGLE_MASSES else ())]
            others = others if family in COSTS else []
            if options.quick:
                is_chosen = family in QUICK_FAMILIES and masses in QUICK_MASSES
                squares = list(QUICK_SQUARES) if is_chosen else []
                others = list(QUICK_SHAPES) if is_chosen and family in COSTS else []
            for shapes in (squares, others):
                chosen = [shape for shape in shapes if is_wanted(cell_name(family, masses, shape), options)]
                if chosen:
                    yield family, masses, chosen


def time_series(
    family: str,
    masses: str,
    shapes: Sequence[tuple[int, int]],
    workers: Mapping[str, Worker],
    folder: Path,
    journal: Journal,
) -> Iterator[Cell]:
    """Cells of one family and masses; a solver that has become slow does not try larger problems."""
    slow: dict[str, str] = {}
    for shape in shapes:
        cell = journal.find(cell_name(family, masses, shape))
        if cell is None:
            names = [name for name in workers if name in solvers_of(family, masses, shape)]
            tried = {name: workers[name] for name in names if name not in slow}
            cell = time_cell(family, masses, shape, tried, folder)
            cell.failures.update({name: slow[name] for name in names if name in slow})
            journal.add(cell)
            print(cell.progress(), file=sys.stderr, flush=True)
        slow |= dict.fromkeys(slow_ones(cell), f"left out after {shape[0]} x {shape[1]}")
        yield cell


def slow_ones(cell: Cell) -> list[str]:
    """Solvers that need not try a larger problem after this one, if it is square."""
    if not cell.is_square:
        return []
    limit = SLOW
    if cell.best:
        least = cell.seconds[cell.best]
        limit = min(limit, *(behind * least for units, behind in BEHIND.items() if cell.shape[0] >= units), SLOW)
    slow = [name for name, seconds in cell.seconds.items() if seconds > (SLOW if name == OURS else limit)]
    return [*slow, *(name for name, why in cell.failures.items() if not why.startswith("left out"))]


def solvers_of(family: str, masses: str, shape: tuple[int, int]) -> tuple[str, ...]:
    """Solvers that can solve such a problem: assignments are square, with uniform masses."""
    solvers = (OURS, *TRANSPORT_RIVALS)
    if masses == "uniform" and shape[0] == shape[1]:
        solvers = (OURS, ASSIGNMENT, *TRANSPORT_RIVALS, *ASSIGNMENT_RIVALS, *LAPX)
    return tuple(name for name in solvers if family in COSTS or name in SPARSE_SOLVERS)


def time_cell(family: str, masses: str, shape: tuple[int, int], workers: Mapping[str, Worker], folder: Path) -> Cell:
    """Time the workers on one problem, and check their answers; one that is wrong does not count."""
    cost, marginals = problem(family, masses, *shape)
    save_problem(folder, cost, marginals)
    failures: dict[str, str] = {}
    answers = {}
    for name, worker in workers.items():
        try:
            worker.load(folder)
        except WorkerError as error:
            failures[name] = str(error)
    seconds, failed = time_in_batches({name: worker for name, worker in workers.items() if name not in failures})
    failures |= failed
    for name in seconds:
        try:
            answers[name] = workers[name].answer(folder / "answer.npz")
        except WorkerError as error:
            failures[name] = str(error)
    failures |= check_entries(cost, marginals, answers)
    right = {name: time for name, time in seconds.items() if name not in failures}
    return Cell(family=family, masses=masses, shape=shape, seconds=right, failures=failures)
