"""Libraries that only some functions need, imported when they are called; an error names a missing one.

The error says how to install the library itself, and not an extra of this package, which may not come from an index.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PACKAGES = {"sklearn": "scikit-learn", "dask_jobqueue": "dask-jobqueue", "PIL.Image": "pillow"}
"""Names of libraries on package indexes, where they differ from the names by which they are imported."""


def library(name: str, whose: str) -> Any:
    """Import a library that a part of the package needs.

    Parameters
    ----------
    name : str
        The name by which the library is imported.
    whose : str
        The beginning of the error message, such as "data frames need".

    Raises
    ------
    ImportError
        If the library is missing or cannot be loaded.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise missing(whose, name, error=error) from error


def missing(whose: str, *names: str, error: ImportError | None = None) -> ImportError:
    """The exception to raise where one of some libraries is missing, or raised `error` when it was imported."""
    packages = [_PACKAGES.get(name, name) for name in names]
    is_there = error is not None and not isinstance(error, ModuleNotFoundError)
    why = f" (it could not be loaded: {error})" if is_there else ""
    return ImportError(f"{whose} {' and '.join(packages)}: pip install {' '.join(packages)}{why}")


def pandas() -> Any:
    """The library pandas, for data frames."""
    return library("pandas", "data frames need")


def xarray() -> Any:
    """The library xarray, for labelled arrays."""
    return library("xarray", "datasets need")
