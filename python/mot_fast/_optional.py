"""Libraries that not everybody needs, loaded on first use; a missing one is an error that names it.

The error tells how to install the library itself: this package need not have come from an index that has it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PACKAGES = {"sklearn": "scikit-learn"}
"""What an index calls a library, where that is not how it is imported."""


def library(module: str, whose: str) -> Any:
    """A module, or an error that says who needs its library, as "reports need".

    Raises
    ------
    ImportError
        If the library is not installed, or is and cannot be loaded.
    """
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        is_missing = isinstance(error, ModuleNotFoundError) and error.name == name
        why = "" if is_missing else f" (it could not be loaded: {error})"
        raise ImportError(f"{missing(whose, name)}{why}") from error


def missing(whose: str, *names: str) -> ImportError:
    """The error of one who needs libraries, of which at least one is missing."""
    packages = [_PACKAGES.get(name, name) for name in names]
    return ImportError(f"{whose} {' and '.join(packages)}: pip install {' '.join(packages)}")


def pandas() -> Any:
    """The library of data frames."""
    return library("pandas", "data frames need")


def xarray() -> Any:
    """The library of labelled arrays."""
    return library("xarray", "datasets need")
