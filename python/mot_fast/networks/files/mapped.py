"""Arrays that lie in one piece in a file: mapped, and held to a checksum where there is one, once for each file."""

from __future__ import annotations

import math
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mot_fast._validate import Array

try:
    from isal.isal_zlib import crc32 as _crc32  # the same numbers as zlib's, several times as fast
except ImportError:
    from zlib import crc32 as _crc32

crc32: Callable[..., int] = _crc32
"""CRC-32 of some bytes, going on from that of those before them."""

_CHUNK = 2**22
_SECONDS_OF_DOUBT = 2.0
"""A file that was written to so recently may be written to again without another time of its last change."""


@dataclass(frozen=True)
class Checksum:
    """The CRC-32 of a region of a file."""

    start: int
    n_bytes: int
    crc32: int
    what: str
    """Whose checksum it is, for messages."""


@dataclass(frozen=True)
class Mapped:
    """An array in a file: where its numbers are, and how they are read."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    is_by_columns: bool = False
    checksum: Checksum | None = None

    def read(self) -> Array:
        """The numbers, mapped; no more than those that are looked at are read."""
        if 0 in self.shape:
            return np.empty(self.shape, self.dtype)
        order = "F" if self.is_by_columns else "C"
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape, order)  # type: ignore[call-overload, no-any-return]

    def check(self) -> None:
        """Hold the numbers to their checksum, unless that was done and the file is still the same.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If the numbers are not those that the checksum was taken of.
        """
        if self.checksum is None:
            return
        found = self.path.stat()
        identity = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
        is_settled = time.time() - max(found.st_mtime, found.st_ctime) > _SECONDS_OF_DOUBT
        hold = _hold if is_settled else _hold.__wrapped__
        hold(self.path, self.checksum, identity)


@lru_cache(maxsize=2**14)
def _hold(path: Path, checksum: Checksum, _identity: tuple[int, ...]) -> None:
    """Only what was found to be right is remembered: an error is none of that."""
    found = 0
    if checksum.n_bytes:
        region = np.memmap(path, np.uint8, "r", checksum.start, (checksum.n_bytes,))
        for first in range(0, checksum.n_bytes, _CHUNK):
            found = crc32(region[first : first + _CHUNK].data, found)
    if found != checksum.crc32:
        raise ValueError(
            f"{checksum.what} was altered since it was written, or since it was loaded: its checksum is {found:08x}, "
            f"not {checksum.crc32:08x}"
        )


def n_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """What an array takes; `ValueError` where its shape is none."""
    if any(length < 0 for length in shape):
        raise ValueError(f"its shape is {shape}")
    return math.prod(shape) * dtype.itemsize


def size_of_regular_file(path: Path) -> int:
    """Bytes of a file; a device or a pipe, which may never end, is a `ValueError`."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is no regular file")
    return found.st_size
