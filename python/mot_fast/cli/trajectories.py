"""Command `mot-fast trajectories`: aligns two training runs checkpoint by checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

import mot_fast as mot
from mot_fast.alignment.nested import NestedAlignment
from mot_fast.cli import arguments, output, terminal
from mot_fast.display.text_summary import certificate_text
from mot_fast.networks.files.label_order import natural_order
from mot_fast.networks.network import Network
from mot_fast.system.control_characters import printable

HELP = "align two training runs, checkpoint by checkpoint"
DESCRIPTION = (
    "Align two training runs at three levels: units, layers, checkpoints. Prints which checkpoint of the one run goes "
    "to which of the other. A run is a folder with one network for every checkpoint, in the natural order of their "
    "names, or one file whose layers are called CHECKPOINT/LAYER."
)
EXAMPLE = "mot-fast trajectories run1.npz run2.npz --separator _ -o runs.mot --plot plan.png"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument(
        "source", type=arguments.path, help="a run: folder of networks, or file with the layers of all checkpoints"
    )
    command.add_argument("target", type=arguments.path, help="the other run in either form, on the same stimuli")
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        metavar="FILE",
        help="write the alignment to this file, which ends in .mot, for plot and info",
    )
    command.add_argument(
        "--separator",
        type=arguments.words,
        default="/",
        metavar="CHARACTERS",
        help="characters between checkpoint and layer in the names of one file (default: %(default)s)",
    )
    arguments.add_picture(command, "--plot", "which checkpoint goes where, beside where the nearest is,")
    arguments.add_nan(command)
    arguments.add_json(command)
    arguments.add_limits(command)


def run(options: argparse.Namespace) -> None:
    """Align the runs, print the results, and write alignment and picture if files are named."""
    output.check_file(options.output, ".mot")
    output.check_file(options.plot)
    output.check_picture(options.plot)
    runs = [checkpoints(path, options.separator, options.nan) for path in (options.source, options.target)]
    arguments.remember_store(options, options.store)
    nested = mot.align_trajectories(
        *runs,
        n_jobs=options.n_jobs,
        memory_limit=options.memory_limit,
        store=options.store,
        progress=terminal.is_watched(),
    )
    try:
        output.show(options, _text(nested), _values(nested))
    finally:
        if options.output is not None:
            nested.save(options.output)
        if options.plot is not None:
            output.save_picture(nested.plot()[0], options.plot)


def checkpoints(path: Path, separator: str, nan: str = "raise") -> dict[str, Network]:
    """Networks of a run by their checkpoints, in the order of training."""
    if path.is_dir():
        names = natural_order([child.name for child in path.iterdir() if not child.name.startswith(".")])
        if not any(name.endswith(".npy") for name in names):
            return {name: mot.load(path / name, nan=nan) for name in names}
    run = mot.load(path, nan=nan)
    labels: dict[str, list[str]] = {}
    for label in run.labels:
        checkpoint, found, _ = label.rpartition(separator)
        if not found:
            raise ValueError(f"{path}: expected layers called CHECKPOINT{separator}LAYER, found '{label}'")
        labels.setdefault(checkpoint, []).append(label)
    return {checkpoint: run.select(names) for checkpoint, names in labels.items()}


def _text(nested: NestedAlignment) -> str:
    """Text about where each checkpoint goes, the hierarchy scores, cost and proof."""
    lines = ["checkpoint of the source: where most of its mass goes, and where pairwise matching sends it"]
    pairwise = nested.coupling("pairwise_best").argmax(1)
    labels, target = ([printable(label) for label in side.labels] for side in (nested.source, nested.target))
    for label, row, best in zip(labels, nested.plan, pairwise, strict=True):
        share = row / row.sum()
        lines.append(f"  {label}: {share.max():4.0%} to {target[int(share.argmax())]}; {target[int(best)]}")
    if min(nested.plan.shape) > 1:
        lines.append(
            f"\nhierarchy {nested.hierarchy():.3f}, pairwise {nested.hierarchy('pairwise_best'):.3f} "
            "(1: only checkpoints at the same relative time)"
        )
    lines += [f"\nAlignment cost {nested.cost:.6f} (0 is perfect)", ""]
    return "\n".join(lines) + certificate_text(nested.certificate, nested.n_transports)


def _values(nested: NestedAlignment) -> dict[str, object]:
    """Results of the alignment, for JSON."""
    return {
        "source": nested.source.labels,
        "target": nested.target.labels,
        "cost": nested.cost,
        "costs": nested.costs,
        "plan": nested.plan,
        "hierarchy": {
            name: nested.hierarchy(name) if min(nested.plan.shape) > 1 else None for name in ("mot", "pairwise_best")
        },
        "certificate": nested.certificate,
    }
