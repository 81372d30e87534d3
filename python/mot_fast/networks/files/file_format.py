"""The file formats of networks: what each format lists of a file, and the errors and limits that all formats share.

Libraries that read a format are imported when a file of that format is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.files.mapped_array import MappedArray
from mot_fast.networks.files.numpy_files import npz_arrays
from mot_fast.networks.files.safetensors import tensors
from mot_fast.system import memory

INTEGER_TYPES = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
"""Names of the integer types, which HDF5 files of MATLAB and Zarr share with numpy."""
_MAX_DEPTH = 100
"""Largest number of groups, or structures, that are nested in each other."""


@dataclass(frozen=True)
class StoredArray:
    """An array in a file: its shape, its type, and the function that reads it."""

    shape: Sequence[int]
    dtype: np.dtype[Any]
    read: Callable[[], Array]
    check: Callable[[], None] | None = None
    """Compares the numbers with their checksum; None if the file has none, or if reading compares them anyway."""


class ReadableArray(Protocol):
    """The interface of the arrays that this package's own readers find in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the stored array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers that `read` returns."""

    def read(self) -> Array:
        """Read the numbers."""


class UnusableArray(Exception):
    """An intact array that cannot be a layer; the message says what was expected and what was found.

    Whoever knows the name of the array raises `error` with that name in front of the message.
    """

    def __init__(self, message: str, error: type[Exception] = ValueError) -> None:
        super().__init__(message)
        self.error = error


Arrays = dict[str, Callable[[], StoredArray]]
"""The arrays of a file by label, in the file's order; an array is opened when its function is called."""


@dataclass(frozen=True)
class FileFormat:
    """A file format that holds several arrays."""

    kind: str
    """Name of the format in messages."""
    list_arrays: Callable[[Path], Arrays]
    package: str | None = None
    """The package that reads the format; None if this package does."""
    keeps_order: bool = True
    """Whether the arrays may be listed in the order in which they were written."""


def _npz(path: Path) -> Arrays:
    return {label: partial(_stored, make) for label, make in npz_arrays(path).items()}


def _safetensors(path: Path) -> Arrays:
    return {label: partial(_stored, make) for label, make in tensors(path).items()}


def _stored(make: Callable[[], ReadableArray]) -> StoredArray:
    array = make()
    return StoredArray(array.shape, array.dtype, array.read, array.check if isinstance(array, MappedArray) else None)


def already_listed(stored: StoredArray) -> StoredArray:
    """Return the array itself, for formats whose arrays are all opened when they are listed."""
    return stored


def require_memory(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Raise `UnusableArray` if the array is larger than the memory that is available."""
    needed, left = math.prod(shape) * dtype.itemsize, memory.available()
    if needed > left:
        found = f"{memory.format_bytes(needed)}, shape {tuple(shape)}"
        raise UnusableArray(
            f"expected an array that fits into the memory that is left, {memory.format_bytes(left)}, found {found}"
        )


def require_depth(depth: int, what: str = "groups") -> None:
    """Raise `ValueError` if a file nests more groups, or structures, than any honest file does."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"it has {what} in more than {_MAX_DEPTH} others")


NPZ = FileFormat(".npz file", _npz)
SAFETENSORS = FileFormat(".safetensors file", _safetensors, keeps_order=False)
SHARDS = FileFormat("index of .safetensors files", _safetensors, keeps_order=False)
