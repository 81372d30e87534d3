"""Command `mot-fast ceiling`: how well noisy measurements can be predicted at best, from repeats in files."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

import mot_fast as mot
from mot_fast.cli import arguments, output
from mot_fast.display.tables import markdown_table
from mot_fast.measures.noise_ceiling import NoiseCeiling
from mot_fast.networks.network import Network, same_stimuli

HELP = "find how well noisy measurements can be predicted at best"
DESCRIPTION = (
    "Estimate from repeated measurements, such as several presentations of the same stimuli to a brain, how well their "
    "mean can be predicted at best (the noise ceiling): noise that differs between the repeats cannot be predicted. "
    "Prints the ceiling of each layer, or region, which is a correlation. Where the source of compare is the mean of "
    "the repeats, its --source-repeats gives scores relative to the ceiling."
)
EXAMPLE = "mot-fast ceiling repeat1.npz repeat2.npz repeat3.npz"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument(
        "repeats",
        type=arguments.path,
        nargs="+",
        metavar="repeat",
        help="two or more measurements of the same layers, each in any form that align takes, for the same stimuli in "
        "the same order",
    )
    command.add_argument(
        "--splits",
        dest="n_splits",
        type=arguments.whole_number(1),
        default=100,
        metavar="N",
        help="number of times that the repeats are split into two halves, which are compared (default: %(default)s)",
    )
    arguments.add_seed(command, "the random halves")
    arguments.add_table(command)
    arguments.add_json(command)
    section = command.add_argument_group("layers and stimuli")
    section.add_argument(
        "--layers",
        nargs="+",
        metavar="PATTERN",
        help="use only the layers with these names or patterns, such as 'V*'; info lists the names",
    )
    arguments.add_ignore_stimuli(section)
    arguments.add_nan(section)


def run(options: argparse.Namespace) -> None:
    """Estimate the ceiling, print it, and write a table if a file is named."""
    output.check_table(options.output)
    output.check_file(options.output)
    if len(options.repeats) < 2:
        options.command.error(f"argument repeat: expected two or more, found {len(options.repeats)}")
    repeats = [arguments.loaded(path, options, "layers") for path in options.repeats]
    same_stimuli(repeats, "repeats")
    try:
        ceiling = mot.noise_ceiling(repeats, n_splits=options.n_splits, seed=options.seed)
    except ValueError as error:  # its message counts the repeats
        text = re.sub(r"repeats\[(\d+)\]", lambda found: str(options.repeats[int(found[1])]), str(error))
        raise ValueError(text) from error
    rows = _rows(ceiling, repeats[0])
    text, values = _text(ceiling, rows, len(repeats)), _values(ceiling, repeats[0])
    try:
        output.show(options, text, values)
    finally:
        if options.output is not None:
            output.write_rows(options.output, rows, text, values)


def _rows(ceiling: NoiseCeiling, repeat: Network) -> list[dict[str, Any]]:
    """Rows of the table, one a layer."""
    return [
        {
            "layer": label,
            "n_units": len(units),
            "n_constant": int(np.isnan(units).sum()),
            "ceiling": float(value),
            "reliability": float(np.nanmean(units)) if np.isfinite(units).any() else float("nan"),
        }
        for label, value, units in zip(repeat.labels, ceiling.per_layer, ceiling.reliability, strict=True)
    ]


def _text(ceiling: NoiseCeiling, rows: list[dict[str, Any]], n_repeats: int) -> str:
    """The table of the layers, and the ceiling of all."""
    cells = [["layer", "units", "ceiling", "reliability"]]
    cells += [[row["layer"], str(row["n_units"]), f"{row['ceiling']:.3f}", f"{row['reliability']:.3f}"] for row in rows]
    notes = [
        f"- ceiling: the highest correlation with the mean of {n_repeats} repeats that noise allows; mean over units",
        "- reliability: share of the mean's variance that is not noise; mean over units",
    ]
    if n_constant := sum(row["n_constant"] for row in rows):
        n_units = sum(row["n_units"] for row in rows)
        notes.append(f"- constant units, which have no ceiling: {n_constant} of {n_units}")
    head = f"Noise ceiling, the mean over layers: {ceiling.value:.3f}"
    return "\n".join([head, "", *markdown_table(cells, n_left=1), "", *notes])


def _values(ceiling: NoiseCeiling, repeat: Network) -> Mapping[str, Any]:
    """Results, for JSON."""
    return {
        "value": ceiling.value,
        "layers": repeat.labels,
        "per_layer": ceiling.per_layer,
        "per_unit": ceiling.per_unit,
        "reliability": ceiling.reliability,
    }
