"""One study of two networks: every comparison in a table, the layer plans side by side, the values as bars."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

import mot_fast as mot
from mot_fast.networks.network import Network

mpl.use("Agg")


def study(
    name: str, source: Network, target: Network, folder: Path, methods: Sequence[str] | None = None, splits: int = 5
) -> mot.Comparison:
    """Compare two networks; write `NAME.md`, `NAME-scores.png`, `NAME-plans.png` and `NAME-convergence.png`."""
    comparison = mot.compare(source, target, methods, splits=splits, progress=True)
    write(folder / f"{name}.md", f"{source!r}\n\n{target!r}\n\n{comparison}")
    save(comparison.plot(), folder / f"{name}-scores.png")

    train, _ = mot.split(source.n_stimuli)
    plain = mot.align(source[train], target[train])
    plans = {"MOT": (plain, "mot"), "pairwise best": (plain, "pairwise_best")}
    if any(method.endswith("+r") for method in comparison.methods):
        rotated = mot.align(source[train], target[train], rotate=True)
        plans |= {"MOT+R": (rotated, "mot"), "pairwise best + R": (rotated, "pairwise_best")}
        save(mot.plot.plot_convergence(rotated), folder / f"{name}-convergence.png")
    save(mot.plot.plot_layer_plans(plans)[0], folder / f"{name}-plans.png")
    return comparison


def write(path: Path, text: str) -> None:
    """Write a text and say so."""
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{text}\n\nwritten to {path}\n", flush=True)


def save(axes: mpl.axes.Axes, path: Path) -> None:
    """Write the picture that the axes are part of."""
    figure = axes.get_figure(root=True)
    figure.savefig(path, dpi=110)
    mpl.pyplot.close(figure)


def folders(description: str) -> tuple[Path, Path]:
    """Folder of the recordings and folder to write to, from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("recordings", type=Path, help="folder of recorded activations, one .npz file a network")
    parser.add_argument("-o", "--output", type=Path, default=Path(), help="folder to write to (%(default)s)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    return options.recordings, options.output
