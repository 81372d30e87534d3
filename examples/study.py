"""One study of two networks: every comparison in a table with its verdict, plans side by side, values as bars."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

import mot_fast as mot
from mot_fast.networks.network import Network

mpl.use("Agg")

COUPLINGS = ("mot", "greedy", "uniform", "permuted", "pairwise_best", "single_best")
ROTATED = tuple(f"{name}+r" for name in COUPLINGS)


def study(
    name: str,
    source: Network,
    target: Network,
    folder: Path,
    methods: Sequence[str] | str = "all",
    *,
    n_shuffles: int = 99,
    shuffle: str = "stimuli",
    **options: Any,
) -> mot.Comparison:
    """Compare two networks; write `NAME.md`, `NAME-null.md`, `NAME-scores.png`, `NAME-plans.png` and the like.

    `n_shuffles`, 0 for none, and `shuffle` are those of `mot.hierarchy_null`, and options go to `mot.compare`.
    """
    comparison = mot.compare(source, target, methods, progress=True, **options)
    write(folder / f"{name}.md", f"{source!r}\n\n{target!r}\n\n{comparison}")
    save(comparison.plot(), folder / f"{name}-scores.png")
    if n_shuffles and min(len(source), len(target)) > 1:
        null = mot.hierarchy_null(source, target, n_permutations=n_shuffles, shuffle=shuffle, progress=True)
        write(folder / f"{name}-null.md", about(null))
        save(null.plot(), folder / f"{name}-null.png")

    splits, store = options.get("splits", 5), options.get("store")
    train, _ = mot.split(source.n_stimuli) if isinstance(splits, int) else splits[0]
    is_rotated = any(method.endswith("+r") for method in comparison.methods)
    draw_plans(folder / name, source[train], target[train], is_rotated=is_rotated, store=store)
    return comparison


def draw_plans(start: Path, source: Network, target: Network, *, is_rotated: bool, store: Path | None = None) -> None:
    """Draw the layer plan of MOT beside those of couplings without balance, and with rotations."""
    plain = mot.align(source, target, store=store)
    plans = {name: (plain, name) for name in ("mot", "greedy", "pairwise_best")}
    if is_rotated:
        rotated = mot.align(source, target, rotate=True, store=store)
        plans["mot+r"] = rotated, "mot"
        save(mot.plot.plot_convergence(rotated), start.with_name(f"{start.name}-convergence.png"))
    save(mot.plot.plot_layer_plans(plans)[0], start.with_name(f"{start.name}-plans.png"))


def about(null: mot.HierarchyNull) -> str:
    """What chance gives for the hierarchy score of all stimuli, in a sentence."""
    ways = {
        "stimuli": "after the stimuli of one network are shuffled",
        "circular": "after circular shifts of one record",
    }
    return (
        f"All stimuli: hierarchy {null.observed:.3f} of at most {null.ceiling:.3f}; {ways[null.shuffle]} "
        f"{null.stimuli.mean():.3f} +- {np.std(null.stimuli, ddof=1):.3f} ({len(null.stimuli)} times), "
        f"p = {null.p_stimuli:.2g}; after its layers are shuffled {null.layers.mean():.3f} +- "
        f"{np.std(null.layers, ddof=1):.3f}, p = {null.p_layers:.2g}."
    )


def table(compared: Mapping[str, mot.Comparison], what: str, methods: Sequence[str]) -> str:
    """Mean and standard deviation over the splits, a line a pair of networks."""
    lines = ["| networks | " + " | ".join(methods) + " |", "| --- |" + " ---: |" * len(methods)]
    for names, comparison in compared.items():
        values = (getattr(comparison, what)[method] for method in methods)
        cells = (f"{value.mean():.3f} ({value.std(ddof=1):.3f})" for value in values)
        lines.append(f"| {names} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdicts(compared: Mapping[str, mot.Comparison]) -> str:
    """The verdicts of all comparisons, each of which is given once, with the pairs of networks that have it."""
    return "\n".join(f"- {names}: {' '.join(each.verdict())}" for names, each in compared.items())


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
