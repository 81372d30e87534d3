"""Results of commands: printed as text or as one JSON object, and written as tables and pictures."""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import json
import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast.analysis.comparison import Comparison
from mot_fast.cli import terminal
from mot_fast.system import atomic_write, optional

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

TABLES = (".md", ".csv", ".json")
NETCDF = ".nc"


def show(options: argparse.Namespace, text: str, values: Mapping[str, Any]) -> None:
    """Print the results: as one JSON object with ``--json``, otherwise as text."""
    terminal.say(json_text(values) if options.json else text)


def json_text(values: Any) -> str:
    """Values as JSON in ASCII, without control characters: arrays become lists, NaN and infinities null."""
    return json.dumps(_plain(values), indent=1, allow_nan=False).replace("\x7f", "\\u007f")


def _plain(value: Any) -> Any:
    """Value made of dictionaries, lists, numbers and texts alone, which JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def check_file(path: Path | None, *endings: str) -> None:
    """Raise before the work begins if a file could not be written after it.

    Where endings are given, the name has one of them, so that a slip does not write over another kind of file.
    """
    if path is None:
        return
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none")
    if os.path.isdir(path):  # noqa: PTH112, as pathlib's raises where names are too long
        raise IsADirectoryError(f"{path}: expected a file to write to, found a folder")
    if endings and path.suffix.lower() not in endings:
        raise ValueError(f"{path}: expected a {' or '.join(endings)} file to write to, found '{path.suffix}'")
    atomic_write.check_writable(path)


def check_picture(path: Path | None) -> None:
    """Raise before the work begins if matplotlib is not installed, or does not write such a picture."""
    if path is None:
        return
    os.environ["MPLBACKEND"] = "agg"  # no picture is shown on a screen
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise optional.missing("pictures need", "matplotlib", error=error) from error
    if path.suffix.lower()[1:] not in FigureCanvasBase.get_supported_filetypes():
        raise ValueError(f"{path}: expected a picture as .png, .pdf, .svg or the like, found '{path.suffix}'")


def save_picture(axes: Axes, path: Path) -> None:
    """Write the figure that the axes are part of, completely or not at all, in the format that the name ends in."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            with atomic_write.open_atomically(path) as file:
                figure.savefig(file, dpi=150, format=path.suffix.removeprefix(".").lower() or None)
        except OSError as error:
            raise OSError(f"{path}: the picture could not be written ({error.__cause__ or error})") from error
    if any("missing from" in str(each.message) for each in found):  # there is one warning for each character
        terminal.note(f"note: {path}: shows boxes where its font lacks characters of the labels")


def check_table(path: Path | None, *, or_netcdf: bool = False) -> None:
    """Raise before the work begins if tables are not written in the format that the name ends in."""
    if path is None:
        return
    known = (*TABLES, NETCDF) if or_netcdf else TABLES
    if path.suffix not in known:
        raise ValueError(f"{path}: expected a table as {', '.join(known)}, found '{path.suffix}'")
    if path.suffix == NETCDF and importlib.util.find_spec("xarray") is None:
        raise optional.missing(f"{path}: NetCDF needs", "xarray")


def write_table(comparison: Comparison, path: Path) -> None:
    """Write the table of a comparison in the format that the name ends in, NetCDF included."""
    if path.suffix == NETCDF:
        write_dataset(path, comparison.to_xarray())
    else:
        write_rows(path, comparison.rows(), str(comparison), comparison_values(comparison))


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], text: str, values: Mapping[str, Any]) -> None:
    """Write a table in the format that the name ends in: rows as CSV, text as Markdown, or all values as JSON."""
    if path.suffix == ".csv":
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        content = file.getvalue()
    else:
        content = f"{text}\n" if path.suffix == ".md" else f"{json_text(values)}\n"
    write_text(path, content)


def write_dataset(path: Path, dataset: xarray.Dataset) -> None:
    """Write labelled arrays as NetCDF (version 3, which every reader knows), completely or not at all.

    Its whole numbers end at 2 GiB, so bytes are written in double precision, which holds them exactly.
    """
    wide = {name: each.astype(np.float64) for name, each in dataset.data_vars.items() if each.dtype == np.int64}
    with atomic_write.open_atomically(path) as file:
        file.write(bytes(dataset.assign(wide).to_netcdf(engine="scipy")))


def write_text(path: Path, text: str) -> None:
    """Write a text file, completely or not at all."""
    with atomic_write.open_atomically(path) as file:
        file.write(text.encode())


def comparison_values(comparison: Comparison) -> Mapping[str, Any]:
    """Results of a comparison, for JSON."""
    return {
        "source": {"name": comparison.source_name, "layers": comparison.source_labels},
        "target": {"name": comparison.target_name, "layers": comparison.target_labels},
        "convention": comparison.convention,
        "n_splits": comparison.n_splits,
        "test_size": comparison.test_size,
        "seed": comparison.seed,
        "split_kind": comparison.split_kind,
        "n_train": comparison.n_train,
        "n_test": comparison.n_test,
        "hierarchy_ceiling": comparison.hierarchy_ceiling,
        "methods": comparison.rows(),
        "values_of_splits": comparison.scores,
        "hierarchies_of_splits": comparison.hierarchies,
        "layer_maps": comparison.layer_maps,
    }
