"""Libraries of tables, loaded on first use; a missing one is an error that names the extra that brings it."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def pandas() -> Any:
    """The library of data frames."""
    return _library("pandas", "data frames")


def xarray() -> Any:
    """The library of labelled arrays."""
    return _library("xarray", "datasets")


def _library(name: str, whose: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f'{whose} need {name}: pip install "mot_fast[interop]"') from error
