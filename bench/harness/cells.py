"""Cells of the tables of families: seconds of all solvers on one problem, beside the target of their ratio."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from harness.targets import OURS, Target, Verdict, verdicts_on
from harness.workers import LONGEST

ASSIGNMENT = f"{OURS} assignment"
TOO_LONG = ("took", "left out")
"""Beginnings of what is said where a solver took too long, or would have."""
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

    @classmethod
    def from_figures(cls, figures: Mapping[str, Any]) -> Cell:
        """Cell of its figures in a JSON file."""
        known = {name: figures[name] for name in ("family", "masses", "seconds", "failures")}
        return cls(**known, shape=tuple(figures["shape"]))

    def figures(self) -> dict[str, Any]:
        """Figures for a JSON file."""
        verdict = self.verdict()
        ratio = None if math.isnan(self.ratio) else self.ratio
        return {**asdict(self), "best": self.best, "ratio": ratio, "met": verdict and verdict.met}

    @property
    def name(self) -> str:
        """Name of the problem, by which it is chosen."""
        return cell_name(self.family, self.masses, self.shape)

    @property
    def is_square(self) -> bool:
        """Whether both sides have as many units."""
        return self.shape[0] == self.shape[1]

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

    @property
    def least_ratio(self) -> float:
        """Ratio to the time after which rivals were ended; not a number unless all rivals took too long."""
        if self.best or OURS not in self.seconds or not any(why.startswith("took") for why in self.failures.values()):
            return math.nan
        return LONGEST / self.seconds[OURS]

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

    def is_missed(self) -> bool:
        """Whether the cell has a target that its ratio misses."""
        verdict = self.verdict()
        return verdict is not None and verdict.met == "no"

    def is_wrong(self) -> bool:
        """Whether ours failed, and not because it would take too long."""
        return OURS in self.failures and not self.failures[OURS].startswith(TOO_LONG)

    def text(self, *, is_rival_named: bool = True) -> str:
        """Ratio and best rival; "!" marks a missed target."""
        if math.isnan(self.ratio):
            return "-" if math.isnan(self.least_ratio) else f">{self.least_ratio:.0f}"
        mark = "!" if self.is_missed() else ""
        rival = f" {self.best}" if self.best and is_rival_named else ""
        return f"{self.ratio:.{2 if self.ratio < 10 else 0}f}{mark}{rival}"

    def progress(self) -> str:
        """Line that says what every solver took."""
        times = ", ".join(f"{name} {1e3 * seconds:.3g}" for name, seconds in self.seconds.items())
        failures = "".join(f"; {name}: {why}" for name, why in self.failures.items())
        return f"{self.name}: {self.text()} (ms: {times}{failures})"


def cell_name(family: str, masses: str, shape: tuple[int, int]) -> str:
    """Name of a problem."""
    return f"families, {family}, {masses}, {shape[0]} x {shape[1]}"


def worst(cells: Iterable[Cell]) -> Cell:
    """Cell whose ratio is the least in units of its target."""

    def rank(cell: Cell) -> float:
        if math.isnan(cell.ratio):
            return math.inf if math.isnan(cell.least_ratio) else cell.least_ratio
        target = cell.target()
        return cell.ratio / (target.at_least if target else 1.0)

    return min(cells, key=rank)


def tables(cells: Sequence[Cell]) -> list[list[list[str]]]:
    """Tables of ratios, families by rows and sizes by columns, and a table of the cells that miss their targets."""
    equal, squares = [c for c in cells if c.masses == "uniform" and c.is_square], [c for c in cells if c.is_square]
    found = [
        _table("uniform masses, best rival", equal, is_rival_named=True),
        _table("worst of other masses, POT", [c for c in squares if c.masses != "uniform"], is_rival_named=False),
        _table("worst of all masses, POT", [c for c in cells if not c.is_square], is_rival_named=False),
    ]
    missed = [
        [c.name.removeprefix("families, "), c.text(), *(f"{1e3 * c.seconds[s]:.3g}" for s in (OURS, c.best))]
        for c in cells
        if c.is_missed() and c.best and OURS in c.seconds
    ]
    if missed:
        found.append([["missed targets", "ratio", f"{OURS} ms", "rival ms"], *missed])
    return [table for table in found if table]


def _table(title: str, cells: Sequence[Cell], *, is_rival_named: bool) -> list[list[str]]:
    """Table of the worst cells of every family and shape, empty if there is none."""
    groups: dict[tuple[str, tuple[int, int]], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.family, cell.shape), []).append(cell)
    shapes = sorted({cell.shape for cell in cells}, key=lambda shape: (max(shape), shape))
    texts = {key: worst(group).text(is_rival_named=is_rival_named) for key, group in groups.items()}
    rows = [[f, *(texts.get((f, shape), "") for shape in shapes)] for f in dict.fromkeys(c.family for c in cells)]
    return [[title, *(f"{n} x {m}" for n, m in shapes)], *rows] if rows else []


def remarks_on(cells: Sequence[Cell]) -> list[str]:
    """How many targets are missed, how our assignment compares, and which answers were wrong."""
    aimed = [cell for cell in cells if cell.target() is not None]
    remarks = []
    if aimed:
        ratios = [cell.ratio for cell in aimed]
        won, twice = (sum(ratio >= least for ratio in ratios) for least in (1, 2))
        remarks.append(
            f"families: {sum(cell.is_missed() for cell in aimed)} of {len(aimed)} cells with a target miss it (!); "
            f"{won} ratios are 1 or more, {twice} are 2 or more, and the median is {np.median(ratios):.1f}"
        )
    gains = [c.seconds[OURS] / c.seconds[ASSIGNMENT] for c in cells if {OURS, ASSIGNMENT} <= c.seconds.keys()]
    if gains:
        remarks.append(
            "families: ratios are those of solve_transport, plan and potentials; the rivals but POT return a matching "
            f"alone, as ot.linear_sum_assignment does, which takes {1 / np.exp(np.mean(np.log(gains))):.2f} of its time"
        )
    failures: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        for name, why in cell.failures.items():
            if not why.startswith(TOO_LONG):
                failures.setdefault((name, why.split(" by ")[0]), []).append(cell.name.removeprefix("families, "))
    for (name, why), names in failures.items():
        others = f" and {len(names) - 3} more" if len(names) > 3 else ""
        remarks.append(f"families: {name} {why}: {'; '.join(names[:3])}{others}")
    return remarks


def worst_verdicts(cells: Sequence[Cell]) -> list[Verdict]:
    """Verdict on the worst cell of every family."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.target():
            groups.setdefault(cell.family, []).append(cell)
    return [verdict for group in groups.values() if (verdict := worst(group).verdict())]
