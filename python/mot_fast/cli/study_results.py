"""Results of a study over all of its pairs: one table of pairs and methods, a picture, and a page of links."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import mot_fast as mot
from mot_fast.analysis.comparison import Comparison
from mot_fast.cli import output
from mot_fast.cli.kept_files import KeptFiles
from mot_fast.cli.studied_pair import StudiedPair
from mot_fast.cli.study_file import Study
from mot_fast.display.similarity_plots import plot_scores_of_pairs
from mot_fast.display.tables import dataset, markdown_table, with_sd

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

_FIGURES = ("scores", "hierarchies", "seconds", "peak_bytes")


def write_study(
    study: Study,
    pairs: Mapping[str, StudiedPair],
    alignments: Mapping[str, mot.Alignment],
    comparisons: Mapping[str, Comparison],
) -> None:
    """Write what a study has over all pairs, unless it is there: tables, a picture and a page that leads to reports."""
    store, compared = next(iter(pairs.values())).store, [pair.compared for pair in pairs.values()]
    files = KeptFiles(store, compared)
    files.make(study.folder / "summary.md", lambda path: output.write_text(path, f"{summary(comparisons)}\n"))
    for ending in study.tables:
        files.make(study.folder / f"scores.{ending}", partial(write_scores, comparisons))
    for ending in study.figures:
        picture = study.folder / f"matrix.{ending}"
        files.make(picture, lambda path: output.save_picture(_matrix(pairs, comparisons), path))
    if study.has_reports:
        entries = [
            mot.IndexEntry.of(
                alignments[name],
                {"report": pair.path("html"), "alignment": pair.path("mot")}
                | {f"table (.{ending})": pair.path(ending) for ending in study.tables},
            )
            for name, pair in pairs.items()
        ]
        pages = KeptFiles(store, [compared, study.tables])  # it links to the tables
        pages.make(study.folder / "index.html", partial(mot.write_index, entries))


def _matrix(pairs: Mapping[str, StudiedPair], comparisons: Mapping[str, Comparison]) -> Axes:
    """A picture of the held-out values of the first method, of every pair."""
    method = next(iter(comparisons.values())).methods[0]
    scores = {pair.names: comparisons[name].mean(method) for name, pair in pairs.items()}
    return plot_scores_of_pairs(scores, f"held-out value of {method}\nmean over splits")


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


def summary(comparisons: Mapping[str, Comparison]) -> str:
    """The table of all pairs and methods, and the tables of every pair, in Markdown."""
    return "\n\n".join([markdown(comparisons), *map(str, comparisons.values())])


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
