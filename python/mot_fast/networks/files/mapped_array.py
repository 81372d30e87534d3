"""Arrays that lie in one piece in a file: memory-mapped when read, compared with their checksum where there is one."""

from __future__ import annotations

import math
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.files.checksum import Checksum


@dataclass(frozen=True)
class MappedArray:
    """An array in a file, with the offset of its numbers."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    is_by_columns: bool = False
    """Whether the numbers are stored column by column, as in Fortran."""
    checksum: Checksum | None = None

    def read(self) -> Array:
        """Map the numbers into memory; the operating system reads those that are used."""
        if 0 in self.shape:
            return np.empty(self.shape, self.dtype)
        order = "F" if self.is_by_columns else "C"
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape, order)  # type: ignore[call-overload, no-any-return]

    def check(self) -> None:
        """Compare the numbers with their checksum, if there is one.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If the numbers have another checksum.
        """
        if self.checksum is not None:
            self.checksum.check(self.path)


def n_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Number of bytes of an array; a negative length in its shape raises `ValueError`."""
    require_lengths(shape)
    return math.prod(shape) * dtype.itemsize


def require_lengths(shape: tuple[int, ...]) -> None:
    """Raise `ValueError` if the shape has a negative length."""
    if any(length < 0 for length in shape):
        raise ValueError(f"its shape is {shape}")


def size_of_regular_file(path: Path) -> int:
    """Number of bytes of a file; a device or a pipe, which may never end, raises `ValueError`."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is no regular file")
    return found.st_size
