"""Draws the time of one transport against its size, from the JSON file that `run.py --json` wrote.

python bench/picture.py FILE.json FILE.png
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.targets import OURS
from problems.cases import ALIKE, REAL, SYNTHETIC

# Colours of Okabe and Ito, which colour-blind readers tell apart.
COLOURS = {OURS: "#0072B2", "POT": "#D55E00", "SciPy": "#009E73", "lap": "#CC79A7"}
SMALL = "random, small"
STYLES: dict[str, dict[str, Any]] = {
    REAL: {"marker": "s", "linestyle": "", "markersize": 6.5, "markeredgecolor": "white"},
    ALIKE: {"marker": "x", "linestyle": "", "markersize": 6.5, "markeredgewidth": 1.8},
    SMALL: {"marker": ".", "linestyle": "-", "markersize": 5},
    SYNTHETIC: {"marker": "o", "linestyle": "-", "markersize": 5.5, "markerfacecolor": "white"},
}
KEYS = {
    REAL: "different layers",
    ALIKE: "nearly the same layers",
    SMALL: "small ones, through the drop-in emd",
    SYNTHETIC: "correlation costs",
}
PANELS = {"Recorded layers": (REAL, ALIKE), "Synthetic": (SMALL, SYNTHETIC)}
SECONDS = {1e-5: "10 µs", 1e-4: "0.1 ms", 1e-3: "1 ms", 1e-2: "10 ms", 0.1: "0.1 s", 1: "1 s", 10: "10 s", 100: "100 s"}
SIDES = (2, 8, 32, 128, 512, 2048, 8192)
LABEL_DISTANCE = 2.2
"""Least ratio of heights at which two labels can both be read."""

Points = list[tuple[int, float]]
"""Pairs of the number of costs and the seconds."""


def main() -> None:
    """Read the JSON file, and write the picture."""
    source, target = map(Path, sys.argv[1:])
    draw(json.loads(source.read_text())).savefig(target, dpi=160)


def draw(found: dict[str, Any]) -> Figure:
    """Picture with one mark for every problem and solver, recorded problems at the left; lines join synthetic ones."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 4.6), sharey=True, layout="constrained", width_ratios=(1, 1.4))
    series = medians(found)
    if not {(SMALL, OURS), *((SYNTHETIC, solver) for solver in COLOURS)} <= series.keys():
        sys.exit("expected the figures of all problems, of a run without --quick and --only")
    for axes, (title, families) in zip(panels, PANELS.items(), strict=True):
        for (family, solver), points in series.items():
            if family in families:
                width = 2.4 if solver == OURS else 1.4
                axes.plot(*zip(*sorted(points), strict=True), color=COLOURS[solver], linewidth=width, **STYLES[family])
        _dress(axes, title)
        present = [family for family in families if (family, OURS) in series]
        handles = [Line2D([], [], color="0.3", label=KEYS[family], **STYLES[family]) for family in present]
        axes.legend(handles=handles, loc="upper left", frameon=False)
    panels[0].set_ylabel("time of one exact transport, one thread")
    _name_lines(panels[1], {solver: max(series[SYNTHETIC, solver]) for solver in COLOURS})
    return figure


def _name_lines(axes: Axes, ends: dict[str, tuple[int, float]]) -> None:
    """Write the solvers' names at the ends of their lines, one above the other."""
    lowest = 0.0
    for solver, (size, seconds) in sorted(ends.items(), key=lambda end: end[1][1]):
        lowest = max(seconds, lowest * LABEL_DISTANCE)
        weight = "bold" if solver == OURS else "normal"
        axes.text(1.5 * size, lowest, solver, color=COLOURS[solver], va="center", weight=weight)


def medians(found: dict[str, Any]) -> dict[tuple[str, str], Points]:
    """Median seconds by family and solver."""
    series: dict[tuple[str, str], Points] = defaultdict(list)
    for timing in found.get("transports", []):
        n, m = timing["shape"]
        for solver, seconds in timing["seconds"].items():
            series[timing["family"], solver].append((n * m, median(seconds)))
    small: dict[tuple[int, str], list[float]] = defaultdict(list)
    for timing in found.get("drop-ins", []):
        if timing["function"] == "emd":
            for solver, seconds in timing["seconds"].items():
                small[timing["size"], solver] += seconds
    for (size, solver), seconds in small.items():
        series[SMALL, solver].append((size * size, median(seconds)))
    return series


def _dress(axes: Axes, title: str) -> None:
    """Give the axes a title, logarithmic scales, and ticks with units."""
    axes.set(xscale="log", yscale="log", xlabel="number of costs, n × m")
    axes.set_title(title, loc="left", fontsize="medium", weight="bold")
    axes.set_xticks([side**2 for side in SIDES], [f"{side}²" for side in SIDES])
    axes.set_yticks(list(SECONDS), list(SECONDS.values()))
    axes.margins(x=0.16)
    axes.minorticks_off()
    axes.grid(color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
