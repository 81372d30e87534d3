"""Command `mot-fast info`: prints what a file or folder holds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mot_fast as mot
from mot_fast.cli import align, arguments, output, terminal
from mot_fast.display.tables import aligned_table
from mot_fast.display.text_summary import certificate_text, score_table
from mot_fast.networks.files.activation_index import INDEX, read_index
from mot_fast.system.control_characters import printable

HELP = "print what a file or folder holds"
DESCRIPTION = (
    "Print the layers, units and stimuli of a network in files, or what a .mot file holds and how it was made."
)
EXAMPLE = "mot-fast info minilm/"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("path", type=arguments.path, help=".mot file, or a network in any form that align takes")
    arguments.add_json(command)


def run(options: argparse.Namespace) -> None:
    """Read the file or folder, and print what it holds."""
    text, values = (
        _describe_alignment(options.path) if options.path.suffix == ".mot" else describe_network(options.path)
    )
    output.show(options, text, values)


def _describe_alignment(path: Path) -> tuple[str, Mapping[str, Any]]:
    """Text about a .mot file, and the same for JSON."""
    alignment = mot.Alignment.load(path)
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
