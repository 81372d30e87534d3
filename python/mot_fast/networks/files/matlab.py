"""MATLAB files (`.mat`) of versions 4 to 7 as networks; files of version 7.3 are HDF5 files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.files.file_format import (
    Arrays,
    FileFormat,
    StoredArray,
    UnusableArray,
    already_listed,
    require_depth,
    require_memory,
)
from mot_fast.networks.files.matlab_elements import Matrix, fields, is_of_version_5, numbers, variables


def _list(path: Path) -> Arrays:
    if not is_of_version_5(path):
        return _of_version_4(path)
    found = [names for variable in variables(path) for names in _arrays(variable)]
    arrays: Arrays = {}
    for names, shape, dtype, what in found:
        label = "/".join(names)
        if label in arrays:
            raise ValueError(f"it holds two variables of one name, '{label}'")
        if dtype is None:
            arrays[label] = partial(_refuse, what, shape)
        else:
            arrays[label] = partial(already_listed, StoredArray(shape, dtype, partial(_read, path, names)))
    return arrays


def _arrays(variable: Matrix, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any, str]]:
    """Names, shape, type (None unless it is an array of numbers) and class of every array in a variable."""
    if not variable.name and not above:
        return  # data of functions and objects
    require_depth(len(above), "structures")
    names = above or (variable.name,)
    inside = fields(variable)
    if inside is None:
        yield names, variable.shape, variable.dtype, variable.class_name
        return
    for name, field in inside:
        yield from _arrays(field, (*names, name))


def _read(path: Path, names: tuple[str, ...]) -> Array:
    for variable in variables(path):
        if variable.name == names[0]:
            found: Matrix | None = variable
            for name in names[1:]:
                found = None if found is None else dict(fields(found) or ()).get(name)
            if found is not None and found.dtype is not None and found.dtype.kind != "c":
                return numbers(found)
    raise ValueError("it is not there any more")


def _refuse(what: str, shape: tuple[int, ...]) -> StoredArray:
    raise UnusableArray(f"expected a full array of real numbers, found a {what} of MATLAB, shape {shape}", TypeError)


def _of_version_4(path: Path) -> Arrays:
    """List the matrices of a file of version 4, by means of SciPy."""
    from scipy.io import whosmat

    listed = whosmat(str(path), appendmat=False)
    if len({name for name, _, _ in listed}) < len(listed):
        raise ValueError("it holds two variables of one name")
    arrays: Arrays = {}
    for name, shape, kind in listed:
        if kind == "double":
            stored = StoredArray(shape, np.dtype(np.float64), partial(_read_version_4, path, name, tuple(shape)))
            arrays[name] = partial(already_listed, stored)
        else:
            arrays[name] = partial(_refuse, kind.replace("sparse", "sparse matrix"), tuple(shape))
    return arrays


def _read_version_4(path: Path, name: str, shape: tuple[int, ...]) -> Array:
    from scipy.io import loadmat

    require_memory(shape, np.dtype(np.float64))
    value = loadmat(str(path), variable_names=[name], appendmat=False)[name]
    if value.dtype.kind not in "fiub":
        raise UnusableArray(f"expected real numbers, found {value.dtype}", TypeError)
    return cast(Array, value)


MATLAB = FileFormat("MATLAB file", _list, keeps_order=False)
