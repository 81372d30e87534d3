"""Libraries that not everybody needs, loaded on first use; a missing one is an error that names it.

The error tells how to install the library itself: this package need not have come from an index that has it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PACKAGES = {"sklearn": "scikit-learn"}
"""What an index calls a library, where that is not how it is imported."""


def library(name: str, whose: str) -> Any:
    """A library, or the error that says who needs it, as "data frames need"."""
    try:
        return import_module(name)
    except ImportError as error:
        raise missing(whose, name, error=error) from error


def missing(whose: str, *names: str, error: ImportError | None = None) -> ImportError:
    """What to raise where libraries are needed of which one is missing, or is there and raised this error."""
    packages = [_PACKAGES.get(name, name) for name in names]
    is_there = error is not None and not isinstance(error, ModuleNotFoundError)
    why = f" (it could not be loaded: {error})" if is_there else ""
    return ImportError(f"{whose} {' and '.join(packages)}: pip install {' '.join(packages)}{why}")


def pandas() -> Any:
    """The library of data frames."""
    return library("pandas", "data frames need")


def xarray() -> Any:
    """The library of labelled arrays."""
    return library("xarray", "datasets need")
