"""MATLAB's files of versions 4 to 7, which SciPy reads; those of version 7.3 are HDF5 files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mot_fast._validate import Array
from mot_fast.containers import Arrays, Container, Refused, Stored, itself, with_room

_TYPES = {
    "double": "f8",
    "single": "f4",
    "logical": "?",
    **{
        f"{sign}int{bits}": f"{sign[:1]}i{bits // 8}".replace("ui", "u")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}
"""MATLAB's classes of numbers, as numpy has them."""
_MOST_DEPTH = 100
"""Structures in structures."""


def _list(path: Path) -> Arrays:
    from scipy.io import whosmat

    # MATLAB's own names begin with letters: underscores are SciPy's, for what belongs to functions.
    variables = [each for each in whosmat(str(path), appendmat=False) if not each[0].startswith("__")]
    names = [name for name, _, _ in variables]
    if len(set(names)) < len(names):
        raise ValueError(f"it holds two variables of one name, {', '.join(map(repr, names))}")
    arrays: Arrays = {}
    for name, shape, kind in variables:
        if kind in _TYPES:
            arrays[name] = partial(itself, _stored(path, (name,), shape, np.dtype(_TYPES[kind])))
        elif kind == "struct" and tuple(shape) == (1, 1):
            arrays.update(_fields(path, (name,), _variable(path, name)))
        else:
            arrays[name] = partial(_refuse, kind.replace("sparse", "sparse matrix"), shape)
    return arrays


def _fields(path: Path, names: tuple[str, ...], value: Any) -> Iterator[tuple[str, Any]]:
    """The arrays in a structure, with those in the structures in it, by names that join theirs."""
    if len(names) > _MOST_DEPTH:
        raise ValueError(f"it has structures in more than {_MOST_DEPTH} others")
    label = "/".join(names)
    if not isinstance(value, np.ndarray):
        yield label, partial(_refuse, type(value).__name__, ())
    elif value.dtype.names is not None and value.shape == (1, 1):
        for field in value.dtype.names:
            yield from _fields(path, (*names, field), value[0, 0][field])
    elif value.dtype.kind in "fiubc":
        yield label, partial(itself, _stored(path, names, value.shape, value.dtype))
    else:
        kind = "struct" if value.dtype.names is not None else {"U": "char", "O": "cell"}.get(value.dtype.kind, "object")
        yield label, partial(_refuse, kind, value.shape)


def _stored(path: Path, names: tuple[str, ...], shape: Sequence[int], dtype: np.dtype[Any]) -> Stored:
    return Stored(shape, dtype, partial(_read, path, names, tuple(shape), dtype))


def _refuse(kind: str, shape: Sequence[int]) -> Stored:
    raise Refused(f"expected a full array of real numbers, found a {kind} of MATLAB, shape {tuple(shape)}", TypeError)


def _read(path: Path, names: tuple[str, ...], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    with_room(shape, dtype)
    value = _variable(path, names[0])
    for field in names[1:]:
        value = value[0, 0][field]
    if hasattr(value, "toarray"):
        _refuse("sparse matrix", shape)
    if not isinstance(value, np.ndarray) or value.shape != shape:
        raise ValueError(f"it holds {value if isinstance(value, str) else type(value).__name__} where it said {shape}")
    if value.dtype.kind not in "fiub":
        raise Refused(f"expected real numbers, found {value.dtype}", TypeError)
    return value.astype(dtype, copy=False)  # MATLAB keeps whole numbers as integers, whatever their class


def _variable(path: Path, name: str) -> Any:
    from scipy.io import loadmat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it cannot read SciPy warns, and puts the reason in its place
        # Not as MATLAB's own classes, `mat_dtype=True`: that casts complex numbers to real ones.
        return loadmat(str(path), variable_names=[name], appendmat=False)[name]


MATLAB = Container("MATLAB file", _list, keeps_order=False)
