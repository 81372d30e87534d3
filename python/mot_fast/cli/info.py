"""Command `mot-fast info`: prints what a file or folder holds, or the machine and libraries that are found."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mot_fast as mot
from mot_fast.alignment.nested import load_either
from mot_fast.cli import align, arguments, output, terminal
from mot_fast.cli.machine import describe_machine
from mot_fast.display.tables import aligned_table
from mot_fast.display.text_summary import certificate_text, score_table
from mot_fast.networks.files.activation_index import INDEX, read_index
from mot_fast.system.control_characters import printable

HELP = "print what a file or folder holds, or what this machine offers"
DESCRIPTION = (
    "Print the layers, units and stimuli of a network in files, or what a .mot file holds and how it was made. With "
    "--system, print the versions, processors, memory and instruction sets that are used on this machine."
)
EXAMPLE = "mot-fast info minilm/"
_MOST_LABELS = 8
"""Number of labels up to which all are printed."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument(
        "path", type=arguments.path, nargs="?", help=".mot file, or a network in any form that align takes"
    )
    command.add_argument(
        "--system",
        action="store_true",
        help="print, in place of a file's content, what mot-fast finds on this machine: its version, the number of "
        "threads and the memory that commands take by default, the instructions and libraries that compute products, "
        "and which optional packages are installed; add it to reports of problems and of timings",
    )
    arguments.add_json(command)


def run(options: argparse.Namespace) -> None:
    """Print what the file or folder holds, or what the machine offers."""
    if options.system == (options.path is not None):
        options.command.error("expected either a file or folder, or --system")
    output.show(options, *(describe_machine() if options.system else _describe_file(options.path)))


def _describe_file(path: Path) -> tuple[str, Mapping[str, Any]]:
    """Text about a file or folder, and the same for JSON."""
    if path.suffix != ".mot":
        return describe_network(path)
    alignment = load_either(path)
    if isinstance(alignment, mot.NestedAlignment):
        return _describe_nested(alignment)
    return _describe_alignment(alignment, path)


def _describe_nested(nested: mot.NestedAlignment) -> tuple[str, Mapping[str, Any]]:
    """Text about an alignment of many levels, and the same for JSON."""
    is_ordered = min(nested.plan.shape) > 1
    hierarchies = {name: nested.hierarchy(name) if is_ordered else None for name in ("mot", "pairwise_best")}
    sides = {"source": nested.source, "target": nested.target}
    lines = [repr(nested), ""]
    lines += [f"{name}: {_shown(side.labels)}; {side.n_layers} layers in all" for name, side in sides.items()]
    lines.append(f"aligned on {nested.n_stimuli} stimuli")
    if is_ordered:
        shown = (f"{name} {value:.3f}" for name, value in hierarchies.items())
        lines.append(f"hierarchy: {', '.join(shown)} (1: only parts at the same relative position)")
    lines += ["", certificate_text(nested.certificate, nested.n_transports)]
    values = {
        **{name: {"name": side.name, "parts": side.labels, "n_layers": side.n_layers} for name, side in sides.items()},
        "n_levels": nested.n_levels,
        "n_stimuli": nested.n_stimuli,
        "goals": None if nested.goals.are_all else nested.goals,
        "cost": nested.cost,
        "costs": nested.costs,
        "plan": nested.plan,
        "hierarchy": hierarchies,
        "certificate": nested.certificate,
    }
    return "\n".join(lines), values


def _shown(labels: Sequence[str]) -> str:
    """Labels of parts, of many the first and the last ones."""
    some = labels if len(labels) <= _MOST_LABELS else [*labels[: _MOST_LABELS // 2], "...", *labels[-2:]]
    return printable(", ".join(some), encoding=terminal.encoding())


def _describe_alignment(alignment: mot.Alignment, path: Path) -> tuple[str, Mapping[str, Any]]:
    """Text about an alignment of two networks, and the same for JSON."""
    lines = [repr(alignment)]
    if alignment.evaluation is not None:
        lines += [
            f"\nScores on {alignment.evaluation.n_stimuli} held-out stimuli:",
            score_table(alignment),
        ]
    if alignment.run is not None:
        made = alignment.run
        lines.append(
            f"\nMade {made.began} in {made.seconds:.2f} s on {made.n_stimuli} stimuli and {made.n_threads} threads, by "
            + ", ".join(f"{name} {version}" for name, version in made.versions.items())
        )
    lines += ["", certificate_text(alignment.certificate, alignment.layer_plan.size + 1)]
    return "\n".join(lines), align.values(alignment, path)


def describe_network(path: Path) -> tuple[str, Mapping[str, Any]]:
    """Text about a network in a file or folder, and the same for JSON."""
    network = mot.load(path)
    index = read_index(path / INDEX) if (path / INDEX).exists() else None
    dtype = None if index is None else index.dtype  # an index spares reading all numbers for their type
    layers = [(layer.label, layer.shape[1], dtype or str(layer.read().dtype)) for layer in network.layers]
    encoding = terminal.encoding()
    cells = [
        ["layer", "units", "type"],
        *([printable(str(cell), encoding=encoding) for cell in each] for each in layers),
    ]
    lines = [repr(network), "", *aligned_table(cells, n_left=1)]
    if index is not None:
        lines.append("")
        for name in ("model", "pooling", "stimuli"):
            values_of = index.fields.get(name, {}).items()
            lines.append(f"{name}: " + ", ".join(printable(f"{key} {value}") for key, value in values_of))
    values = {
        "name": network.name,
        "n_stimuli": network.n_stimuli,
        "layers": [dict(zip(("label", "n_units", "dtype"), each, strict=True)) for each in layers],
        "index": None if index is None else index.fields,
    }
    return "\n".join(lines), values
