"""Results of a study over all of its pairs: one table of pairs and methods, in several formats."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mot_fast.analysis.comparison import Comparison
from mot_fast.cli import output
from mot_fast.display.tables import dataset, markdown_table, with_sd

if TYPE_CHECKING:
    import xarray

_FIGURES = ("scores", "hierarchies", "seconds", "peak_bytes")


def write_scores(comparisons: Mapping[str, Comparison], path: Path) -> None:
    """Write the table of all pairs and methods in the format that the name ends in.

    Parameters
    ----------
    comparisons : mapping
        The comparison of every pair, by its name.
    path : Path
    """
    if path.suffix == output.NETCDF:
        output.write_dataset(path, _dataset(comparisons))
        return
    rows = [
        {"source": each.source_name, "target": each.target_name, **row}
        for each in comparisons.values()
        for row in each.rows()
    ]
    values = {name: output.comparison_values(each) for name, each in comparisons.items()}
    output.write_rows(path, rows, markdown(comparisons), values)


def markdown(comparisons: Mapping[str, Comparison]) -> str:
    """A Markdown table with a row for every pair and a column for every method."""
    methods = next(iter(comparisons.values())).methods
    cells = [["source", "target", *methods]]
    for each in comparisons.values():
        values = [with_sd(row["value"], row["value_sd"]) for row in each.rows()]
        cells.append([each.source_name, each.target_name, *values])
    return "\n".join(
        [
            "Held-out values of all pairs and methods",
            "",
            *markdown_table(cells, n_left=2),
            "",
            "- +-: sd over splits; similarities are not comparable with scores",
        ]
    )


def _dataset(comparisons: Mapping[str, Comparison]) -> xarray.Dataset:
    """Values of every pair, method and split, with source and target of every pair."""
    every = list(comparisons.values())
    first = every[0].to_xarray()
    values = {name: np.stack([np.asarray(each.to_xarray()[name]) for each in every]) for name in _FIGURES}
    dimensions = {
        "pair": list(comparisons),
        "method_name": list(every[0].methods),
        "split": first["split"].to_numpy().tolist(),
    }
    found = dataset(dimensions, values, {"convention": every[0].convention, "test_size": every[0].test_size})
    names = {"source": [each.source_name for each in every], "target": [each.target_name for each in every]}
    return found.assign_coords({name: ("pair", of_pairs) for name, of_pairs in names.items()})
