"""Results on the standard output: as text, or as one JSON object."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast.analysis.comparison import Comparison
from mot_fast.cli import terminal
from mot_fast.system import atomic_write, optional

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TABLES = (".md", ".csv", ".json")


def show(options: argparse.Namespace, text: str, values: Mapping[str, Any]) -> None:
    """Print the results in the form that was asked for."""
    terminal.say(json_text(values) if options.json else text)


def json_text(values: Any) -> str:
    """Arrays as lists, and null for what is not a number; all in ASCII, and without any control character."""
    return json.dumps(_plain(values), indent=1, allow_nan=False).replace("\x7f", "\\u007f")


def _plain(value: Any) -> Any:
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


def check_picture(path: Path | None) -> None:
    """A picture of a kind that is not written, or by a library that is not there, is told before the work."""
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
    """Write the figure that the axes are part of, whole or not at all; the end of the name says in which format."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            with atomic_write.open_atomically(path) as file:
                figure.savefig(file, dpi=150, format=path.suffix.removeprefix(".").lower() or None)
        except OSError as error:
            raise OSError(f"{path}: the picture could not be written ({error.__cause__ or error})") from error
    if any("missing from" in str(each.message) for each in found):  # one for each character
        terminal.note(f"note: {path}: shows boxes where its font lacks characters of the labels")


def check_table(path: Path | None) -> None:
    """A table of a kind that we do not write is told before the work."""
    if path is not None and path.suffix not in TABLES:
        raise ValueError(f"{path}: expected a table as {', '.join(TABLES)}, found '{path.suffix}'")


def write_table(comparison: Comparison, path: Path) -> None:
    """A comparison as a file, of the kind that its name tells."""
    if path.suffix == ".csv":
        text = io.StringIO(newline="")
        rows = comparison.rows()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue()
    else:
        content = f"{comparison}\n" if path.suffix == ".md" else f"{json_text(comparison_values(comparison))}\n"
    write_text(path, content)


def write_text(path: Path, text: str) -> None:
    """Whole or not at all."""
    with atomic_write.open_atomically(path) as file:
        file.write(text.encode())


def comparison_values(comparison: Comparison) -> Mapping[str, Any]:
    """The results as JSON has them."""
    return {
        "source": {"name": comparison.source_name, "layers": comparison.source_labels},
        "target": {"name": comparison.target_name, "layers": comparison.target_labels},
        "convention": comparison.convention,
        "n_splits": comparison.n_splits,
        "test_size": comparison.test_size,
        "seed": comparison.seed,
        "hierarchy_ceiling": comparison.hierarchy_ceiling,
        "methods": comparison.rows(),
        "values_of_splits": comparison.scores,
        "hierarchies_of_splits": comparison.hierarchies,
        "layer_maps": comparison.layer_maps,
    }
