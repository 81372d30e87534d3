"""CRC-32 checksums of the numbers in files: computed in pieces, and compared once for each state of a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

try:
    from isal.isal_zlib import crc32 as _crc32  # the same checksums as zlib's, several times as fast
except ImportError:
    from zlib import crc32 as _crc32

crc32: Callable[..., int] = _crc32
"""CRC-32 of some bytes, continued from the checksum of the bytes before them."""

_PIECE_BYTES = 2**22
_SETTLING_SECONDS = 2.0
"""A file that was changed this recently may be changed again without another modification time."""


@dataclass(frozen=True)
class Checksum:
    """The expected CRC-32 of a region of a file."""

    start: int
    n_bytes: int
    crc32: int
    what: str
    """Name of the region, for messages."""

    def check(self, path: Path) -> None:
        """Compare the region of this file with the checksum, unless this file passed before and has not changed since.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If the region has another checksum.
        """
        found = path.stat()
        identity = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
        is_settled = time.time() - max(found.st_mtime, found.st_ctime) > _SETTLING_SECONDS
        compare = _compare if is_settled else _compare.__wrapped__
        compare(path, self, identity)


@lru_cache(maxsize=2**14)
def _compare(path: Path, expected: Checksum, _identity: tuple[int, ...]) -> None:
    """Raise `ValueError` if the checksums differ; the cache holds files that passed, since errors are not cached."""
    found = crc32_of_region(path, expected.start, expected.n_bytes)
    if found != expected.crc32:
        raise ValueError(
            f"{expected.what} was altered since it was written, or since it was loaded: its checksum is {found:08x}, "
            f"not {expected.crc32:08x}"
        )


def crc32_of_region(path: Path, start: int, n_bytes: int) -> int:
    """CRC-32 of a region of a file, or of the part of the region before the end of the file."""
    found, n_bytes = 0, min(n_bytes, path.stat().st_size - start)
    if n_bytes > 0:
        region = np.memmap(path, np.uint8, "r", start, (n_bytes,))
        for first in range(0, n_bytes, _PIECE_BYTES):
            found = crc32(region[first : first + _PIECE_BYTES].data, found)
    return found
