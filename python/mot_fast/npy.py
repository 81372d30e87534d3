"""What the header of a `.npy` file says of the array in it."""

from __future__ import annotations

from typing import IO, Any

import numpy as np


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type; the numbers follow in the stream.

    Raises
    ------
    ValueError
        If it is none, or of an unknown version.
    """
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"unknown version {version} of the .npy format")
    return readers[version](stream)
