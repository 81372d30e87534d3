"""The plotting library in a file of its own, which the pages of a folder share."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path

from mot_fast import _validate
from mot_fast.system import atomic_write

_NAME = b"* plotly.js v"
"""What the library says at its beginning."""
_BEGINNING = 1000


def write_library(script: str | os.PathLike[str], page: Path, text: str) -> str:
    """Write the library, unless its file has it already, and return the file's address from the page.

    Raises
    ------
    TypeError, ValueError
        If this is no path, the file is not in the page's folder or below, or holds anything but this library.
    OSError
        If the file cannot be written.
    """
    path = Path(_validate.path(script, "script"))
    place, folder = path.parent.resolve() / path.name, page.parent.resolve()
    if not place.is_relative_to(folder):
        raise ValueError(f"script: expected a file in the page's folder, {folder}, or below, found {path}")
    library, found = text.encode(), place.read_bytes() if place.is_file() else None
    if found is not None and _NAME not in found[:_BEGINNING]:
        raise ValueError(f"script: expected a file of plotly.js, or none yet, found another file at {path}")
    if not place.parent.is_dir():
        raise FileNotFoundError(f"script: expected a folder to write to, found none at {path.parent}")
    if found != library:
        with atomic_write.open_atomically(place) as file:
            file.write(library)
    return urllib.parse.quote(place.relative_to(folder).as_posix())
