"""Members of zip archives that were compressed by the usual method, DEFLATE (RFC 1951), inflated piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any
from zlib import MAX_WBITS

from mot_fast.networks.files.checksum import crc32

decompressobj: Callable[..., Any]
"""Makes an object that inflates a stream as `zlib.decompressobj` does."""
try:
    from isal.isal_zlib import decompressobj  # takes about half of zlib's time
except ImportError:
    from zlib import decompressobj

_PIECE_BYTES = 2**16
"""Bytes read and inflated at once: they stay in cache, and are too few for memory that is fresh each time."""


def inflated(file: IO[bytes], n_packed: int, expected_crc32: int) -> Iterator[bytes]:
    """Yield the content of a member, piece by piece.

    Parameters
    ----------
    file : binary file
        Stands at the first of the member's `n_packed` compressed bytes.
    n_packed : int
    expected_crc32 : int
        The checksum of the content.

    Raises
    ------
    ValueError, or an error of the library that inflates
        If the member is damaged. The last piece comes before the checksum is compared.
    """
    stream, found = decompressobj(-MAX_WBITS), 0
    while not stream.eof:
        packed = stream.unconsumed_tail
        if not packed:
            packed = file.read(min(_PIECE_BYTES, n_packed))
            n_packed -= len(packed)
        piece = stream.decompress(packed, _PIECE_BYTES)
        if not packed and not piece and not stream.eof:
            raise ValueError("the compressed bytes end early")
        found = crc32(piece, found)
        yield piece
    if found != expected_crc32:
        raise ValueError(f"its checksum is {found:08x}, not {expected_crc32:08x}")
