"""Draws the time of one transport against its size, from the JSON file that `compare.py` wrote.

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

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cases import ALIKE, REAL, SYNTHETIC
from targets import OURS

# Okabe and Ito's colours, which the colour-blind tell apart.
COLOURS = {OURS: "#0072B2", "POT": "#D55E00", "SciPy": "#009E73", "lap": "#CC79A7"}
SMALL = "drop-in emd"
STYLES: dict[str, dict[str, Any]] = {
    SMALL: {"marker": ".", "linestyle": "-", "markersize": 5},
    SYNTHETIC: {"marker": "o", "linestyle": "-", "markersize": 5.5, "markerfacecolor": "white"},
    REAL: {"marker": "s", "linestyle": "", "markersize": 5.5},
    ALIKE: {"marker": "x", "linestyle": "", "markersize": 6, "markeredgewidth": 1.8},
}
KEYS = {
    SMALL: "small ones, through the drop-in for ot.emd",
    SYNTHETIC: "synthetic",
    REAL: "recorded layers",
    ALIKE: "recorded layers, nearly the same ones",
}
SECONDS = {1e-5: "10 µs", 1e-4: "0.1 ms", 1e-3: "1 ms", 1e-2: "10 ms", 0.1: "0.1 s", 1: "1 s", 10: "10 s", 100: "100 s"}
SIDES = (2, 8, 32, 128, 512, 2048, 8192)

Points = list[tuple[int, float]]
"""Number of costs, and seconds."""


def main() -> None:
    """Read, draw, write."""
    source, target = map(Path, sys.argv[1:])
    draw(json.loads(source.read_text())).savefig(target, dpi=160)


def draw(found: dict[str, Any]) -> Figure:
    """One mark for every problem and solver; lines join the synthetic ones of equal sides, and the small ones."""
    figure, axes = plt.subplots(figsize=(8, 5.2), layout="constrained")
    series = medians(found)
    for (family, solver), points in series.items():
        width = 2.4 if solver == OURS else 1.4
        axes.plot(*zip(*sorted(points), strict=True), color=COLOURS[solver], linewidth=width, **STYLES[family])
    for solver, colour in COLOURS.items():
        last = max(series[SYNTHETIC, solver])
        weight = "bold" if solver == OURS else "normal"
        axes.annotate(solver, last, (7, 0), textcoords="offset points", color=colour, va="center", weight=weight)
    _dress(axes)
    families = [family for family in STYLES if (family, OURS) in series]
    handles = [Line2D([], [], color="0.3", label=KEYS[family], **STYLES[family]) for family in families]
    axes.legend(handles=handles, loc="upper left", frameon=False)
    return figure


def medians(found: dict[str, Any]) -> dict[tuple[str, str], Points]:
    """Median seconds by family and solver."""
    series: dict[tuple[str, str], Points] = defaultdict(list)
    for timing in found["transports"]:
        n, m = timing["shape"]
        for solver, seconds in timing["seconds"].items():
            series[timing["family"], solver].append((n * m, median(seconds)))
    small: dict[tuple[int, str], list[float]] = defaultdict(list)
    for timing in found["drop-ins"]:
        if timing["function"] == "emd":
            for solver, seconds in timing["seconds"].items():
                small[timing["size"], solver] += seconds
    for (size, solver), seconds in small.items():
        series[SMALL, solver].append((size * size, median(seconds)))
    return series


def _dress(axes: Axes) -> None:
    """Logarithmic axes with units, the side of a square problem on top."""
    axes.set(
        xscale="log", yscale="log", xlabel="number of costs, n × m", ylabel="time of one exact transport, one thread"
    )
    axes.set_xlim(2, 5e8)
    axes.set_yticks(list(SECONDS), list(SECONDS.values()))
    axes.minorticks_off()
    axes.grid(color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    top = axes.secondary_xaxis("top", functions=(np.sqrt, np.square))
    top.set_xticks(SIDES, [f"{side} × {side}" for side in SIDES])
    top.minorticks_off()
    top.tick_params(length=0)
    top.spines["top"].set_visible(False)


if __name__ == "__main__":
    main()
