"""Draws how many times faster than the fastest rival ours is, family by family, from the JSON file of `run.py --json`.

python bench/family_picture.py FILE.json FILE.png
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.cells import Cell
from harness.workers import LONGEST
from problems.families import IMAGES, KINDS

# Colours of Okabe and Ito, which colour-blind readers tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = {"POT": "o", "SciPy": "s", "lap": "^", "lapjv": "v", "LAP1015": "D", "lapcpp": "P", "lapx": "*"}
"""Mark of the fastest rival at a point."""
MARK_SIZES = {"*": 12, "P": 8.5, "D": 6}
"""Sizes at which these marks look as large as the others."""
ENDED = "$\\uparrow$"
"""Mark of a point where all rivals took too long."""
MASSES = ("Dirichlet", "power law", "spike", "images")
ROWS = ("1 x n", "n x 1", "2 x n", "3 x n", "10 x n")
RATIOS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
TITLE = """The fastest rival's time for an exact transport, over mot_fast's, on one thread

Above the black line mot_fast is faster. A mark says which rival is the fastest one there:"""
SIZES = (8, 32, 128, 512, 2048, 8192)
LOWEST, HIGHEST = 0.02, 1000
SIDES = (6, 18_000)
LABEL_DISTANCE = 0.075
"""Least distance of two labels that can both be read, as a part of the height."""

Point = tuple[int, float, str]
"""Size, ratio, and the fastest rival."""


def main() -> None:
    """Read the JSON file, and write the picture."""
    source, target = map(Path, sys.argv[1:])
    cells = [Cell.from_figures(figures) for figures in json.loads(source.read_text())["families"]["cells"]]
    draw(cells).savefig(target, dpi=120)


def draw(cells: Sequence[Cell]) -> Figure:
    """Picture of a panel for each kind of families with uniform masses, and one each for other masses and few rows."""
    figure, grid = plt.subplots(6, 2, figsize=(9, 15), layout="constrained", sharey=True)
    panels = iter(grid.ravel())
    squares = [cell for cell in cells if cell.is_square]
    uniform = [cell for cell in squares if cell.masses == "uniform"]
    ratios = [ratio for _, ratio, _ in points_of(cells)]
    grid[0, 0].set(yscale="log", ylim=(max(0.8 * min(ratios), LOWEST), min(1.3 * max(ratios), HIGHEST)))
    for kind, families in KINDS.items():
        lines = {family: points_of([cell for cell in uniform if cell.family == family]) for family in families}
        _draw_lines(next(panels), kind, {family: points for family, points in lines.items() if points})
    by_masses = {name: [cell for cell in squares if masses_of(cell) == name] for name in MASSES}
    _draw_summaries(next(panels), "unequal masses, against POT", by_masses)
    by_rows = {name: [cell for cell in cells if not cell.is_square and rows_of(cell) == name] for name in ROWS}
    _draw_summaries(next(panels), "few rows or columns, against POT", by_rows)
    _add_titles(figure)
    return figure


def points_of(cells: Sequence[Cell]) -> list[Point]:
    """Points of a line, by size; where all rivals took too long, the ratio is the least that it can be."""
    points = []
    for cell in sorted(cells, key=lambda cell: cell.shape):
        if not math.isnan(cell.ratio) and cell.best:
            points.append((max(cell.shape), max(cell.ratio, LOWEST), cell.best.split()[0]))
        elif not math.isnan(cell.least_ratio):
            points.append((max(cell.shape), cell.least_ratio, ""))
    return points


def rows_of(cell: Cell) -> str:
    """Shape of a problem with few rows or columns, in words."""
    n, m = cell.shape
    return f"{n} x n" if n < m else f"n x {m}"


def masses_of(cell: Cell) -> str:
    """Kind of masses of a problem."""
    return "images" if cell.masses in IMAGES else cell.masses


def _draw_lines(axes: Axes, title: str, lines: Mapping[str, Sequence[Point]]) -> None:
    """Draw a line for every family, and name it at its end."""
    _dress(axes, title)
    for points, colour in zip(lines.values(), cycle(COLOURS), strict=False):
        axes.plot([size for size, _, _ in points], [ratio for _, ratio, _ in points], color=colour, linewidth=1.6)
        for size, ratio, rival in points:
            marker = MARKERS.get(rival, ENDED)
            axes.plot(size, ratio, marker, color=colour, markersize=MARK_SIZES.get(marker, 7), markeredgecolor="white")
    _name_ends(axes, {family: points[-1] for family, points in lines.items()})


def _draw_summaries(axes: Axes, title: str, groups: Mapping[str, Sequence[Cell]]) -> None:
    """Draw the median family of every group of cells against the size, and dotted the worst one."""
    _dress(axes, title)
    note = "median of all families, dotted: the worst"
    axes.text(0.02, 0.04, note, transform=axes.transAxes, fontsize=8, color="0.4")
    ends = {}
    for (name, cells), colour in zip(groups.items(), COLOURS, strict=False):
        by_size: dict[int, list[float]] = {}
        for size, ratio, _ in sorted(points_of(cells)):
            by_size.setdefault(size, []).append(ratio)
        # Lines of few families would not be comparable with those of all.
        most = max(map(len, by_size.values()), default=0)
        by_size = {size: ratios for size, ratios in by_size.items() if 2 * len(ratios) >= most}
        if by_size:
            axes.plot(
                list(by_size), list(map(median, by_size.values())), "o-", color=colour, linewidth=1.6, markersize=4
            )
            axes.plot(list(by_size), list(map(min, by_size.values())), ":", color=colour, linewidth=1.8)
            ends[name] = list(by_size)[-1], median(by_size[list(by_size)[-1]]), ""
    _name_ends(axes, ends)


def _name_ends(axes: Axes, ends: Mapping[str, Point]) -> None:
    """Write the names of the lines, one above the other, and lead from the lines' ends to them."""
    low, high = np.log(axes.get_ylim())
    left, right = np.log(SIDES)
    wanted = {name: min((math.log(ratio) - low) / (high - low), 1.0) for name, (_, ratio, _) in ends.items()}
    heights = _apart(wanted)
    for (name, (size, _, _)), colour in zip(ends.items(), cycle(COLOURS), strict=False):
        place = (math.log(size) - left) / (right - left)
        leader = Line2D((place, 1.02), (wanted[name], heights[name]), color=colour, linewidth=0.7, clip_on=False)
        axes.add_artist(leader).set_transform(axes.transAxes)
        axes.text(1.03, heights[name], name, color=colour, va="center", fontsize=9, transform=axes.transAxes)


def _apart(wanted: Mapping[str, float]) -> dict[str, float]:
    """Heights of labels near those that are wanted, far enough apart, between 0 and 1."""
    names = sorted(wanted, key=wanted.__getitem__)
    heights = np.array([wanted[name] for name in names])
    steps = LABEL_DISTANCE * np.arange(len(names))
    # Labels that are pushed up by those below, and those that are pushed down by those above, meet half-way.
    up = np.maximum.accumulate(heights - steps) + steps
    down = np.minimum.accumulate((heights - steps)[::-1])[::-1] + steps
    found = np.clip((up + down) / 2 - steps, 0.03, 0.97 - steps[-1]) + steps if names else heights
    return dict(zip(names, found.tolist(), strict=True))


def _dress(axes: Axes, title: str) -> None:
    """Give the axes a title, a line at 1, a shade where we are slower, and ticks."""
    axes.set_title(title[0].upper() + title[1:], loc="left", fontsize=11, weight="bold")
    axes.set(xscale="log", xlim=SIDES)
    axes.set_xticks(SIZES, [f"{size:,}" for size in SIZES], fontsize=8)
    low, high = axes.get_ylim()
    axes.set_yticks([ratio for ratio in RATIOS if low < ratio < high])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.axhspan(1e-9, 1, color="0.95", zorder=0)
    axes.axhline(1, color="black", linewidth=1.4)
    axes.spines[["top", "right"]].set_visible(False)


def _add_titles(figure: Figure) -> None:
    """Say what is drawn, and which mark stands for which rival."""
    named = MARKERS | {f"none within {LONGEST:g} s": ENDED}
    marks = [
        Line2D([], [], marker=mark, linestyle="", color="0.3", markersize=MARK_SIZES.get(mark, 7), label=name)
        for name, mark in named.items()
    ]
    legend = figure.legend(
        handles=marks,
        loc="outside upper center",
        ncols=len(marks),
        frameon=False,
        fontsize=10,
        handletextpad=0.1,
        columnspacing=1.2,
    )
    legend.set_title(TITLE, {"size": 11})
    legend.get_title().set_multialignment("center")
    figure.supylabel("times faster than the fastest rival", fontsize=11)
    figure.supxlabel("units of the longer side", fontsize=11)


if __name__ == "__main__":
    main()
