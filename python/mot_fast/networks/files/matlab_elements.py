"""A reader for the elements of MATLAB files of versions 5 to 7 that validates every element.

The format is MathWorks' "MAT-File Format". A file is a header of 128 bytes and one element for each variable: a
matrix, or a matrix that zlib has compressed. An element is its type, its size and its content; a matrix holds elements
for its class, its shape, its name and its numbers, or for the matrices inside it. SciPy reads these files too, but uses
the types of elements as indices into a table without validating them: a damaged type crashes the process.
"""

from __future__ import annotations

import math
import mmap
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, cast

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.files.file_format import require_memory
from mot_fast.networks.files.mapped_array import require_lengths

ByteOrder = Literal["little", "big"]

_HEADER_BYTES = 128
_ORDERS: dict[bytes, ByteOrder] = {b"IM": "little", b"MI": "big"}
"""Byte order of a file by the last two bytes of its header."""
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED, _UTF8 = 1, 5, 6, 14, 15, 16
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Stored types of numbers by type of element."""
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""Types of numbers by class of matrix; whole numbers may be stored in fewer bytes than their type has."""
_OTHERS = {1: "cell", 2: "struct", 3: "object", 4: "char", 5: "sparse matrix", 16: "function", 17: "object"}
_STRUCT, _OPAQUE = 2, 17
_COMPLEX, _LOGICAL = 0x800, 0x200
_START_BYTES = 2**12
"""Number of decompressed bytes that are sure to hold the name of a matrix."""


class Matrix(NamedTuple):
    """A matrix whose head has been read; `rest` yields the elements behind it."""

    name: str
    kind: int
    shape: tuple[int, ...]
    is_complex: bool
    is_logical: bool
    rest: Iterator[tuple[int, memoryview]]
    order: ByteOrder

    @property
    def dtype(self) -> np.dtype[np.generic] | None:
        """Type of the numbers; None if the matrix holds something else."""
        if self.kind not in _CLASSES:
            return None
        dtype = np.dtype(bool if self.is_logical else _CLASSES[self.kind])
        return np.result_type(dtype, np.complex64) if self.is_complex else dtype

    @property
    def class_name(self) -> str:
        """Name of a class of matrices that hold no numbers."""
        return _OTHERS.get(self.kind, f"matrix of the unknown class {self.kind}")


def is_of_version_5(path: Path) -> bool:
    """Whether a file is of versions 5 to 7, by its header."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    return header[126:] in _ORDERS and 0 not in header[:4]  # version 4 has small integers there


def variables(path: Path) -> Iterator[Matrix]:
    """Yield all variables; their contents are decompressed when they are read."""
    with path.open("rb") as file:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    order = _ORDERS[bytes(content[126:_HEADER_BYTES])]
    for kind, inside in _elements(content[_HEADER_BYTES:], order):
        if kind == _COMPRESSED:
            yield _start(inside, order)
        elif kind == _MATRIX:
            yield _matrix(inside, order)
        else:
            raise ValueError(f"it has an element of type {kind} in the place of a variable")


def fields(matrix: Matrix) -> list[tuple[str, Matrix]] | None:
    """Fields of a structure by name; None unless the matrix is a single structure."""
    if matrix.kind != _STRUCT or math.prod(matrix.shape) != 1:
        return None
    length = int.from_bytes(_next(matrix.rest, _INT32), matrix.order)
    text = bytes(_next(matrix.rest, _INT8))
    if length <= 0 or len(text) % length:
        raise ValueError(f"it has names of {length} characters in {len(text)}")
    names = [text[k : k + length].split(b"\0")[0].decode("latin-1") for k in range(0, len(text), length)]
    if len(set(names)) < len(names):
        raise ValueError("it has a structure with two fields of one name")
    return [(name, _matrix(_next(matrix.rest, _MATRIX), matrix.order)) for name in names]


def numbers(matrix: Matrix) -> Array:
    """Numbers of a real matrix; not copied if they are stored in the type that they have."""
    dtype = cast("np.dtype[np.generic]", matrix.dtype)
    require_memory(matrix.shape, dtype)
    kind, content = next(matrix.rest, (0, memoryview(b"")))
    if kind not in _NUMBERS:
        raise ValueError(f"it has an element of type {kind} in the place of numbers")
    kept = np.dtype(_NUMBERS[kind]).newbyteorder("<" if matrix.order == "little" else ">")
    if len(content) != math.prod(matrix.shape) * kept.itemsize:
        raise ValueError(f"it has {len(content)} bytes of numbers where shape {matrix.shape} says otherwise")
    found = np.frombuffer(content, kept).reshape(matrix.shape, order="F")
    with np.errstate(invalid="ignore"):
        values = found.astype(dtype, copy=False)
    if not np.can_cast(kept, dtype) and not (matrix.is_logical or np.array_equal(values, found)):
        raise ValueError(f"it has numbers that are no {dtype}")
    return values


def _elements(content: memoryview, order: ByteOrder) -> Iterator[tuple[int, memoryview]]:
    """Yield types and contents of consecutive elements."""
    at = 0
    while at < len(content):
        kind = int.from_bytes(content[at : at + 4], order)
        size, start = int.from_bytes(content[at + 4 : at + 8], order), at + 8
        if kind >> 16:  # a small element, whose content takes the place of the size
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
        end = start + size
        if end > len(content) or (start == at + 4 and size > 4):
            raise ValueError("it has an element that is cut off")
        yield kind, content[start:end]
        at = end if kind == _COMPRESSED else end + (at - end) % 8


def _next(elements: Iterator[tuple[int, memoryview]], *kinds: int) -> memoryview:
    kind, content = next(elements, (0, memoryview(b"")))
    if kind not in kinds:
        raise ValueError(f"it has an element of type {kind} where one of {' or '.join(map(str, kinds))} belongs")
    return content


def _matrix(content: memoryview, order: ByteOrder, rest: Iterator[tuple[int, memoryview]] | None = None) -> Matrix:
    if not content:
        return Matrix("", 6, (0, 0), False, False, iter([(9, content)]), order)
    elements = _elements(content, order)
    flags = int.from_bytes(_next(elements, _UINT32)[:4], order)
    shape: tuple[int, ...] = ()
    if flags & 0xFF != _OPAQUE:
        lengths = _next(elements, _INT32, _UINT32)
        shape = tuple(int.from_bytes(lengths[k : k + 4], order, signed=True) for k in range(0, len(lengths), 4))
    require_lengths(shape)
    name = bytes(_next(elements, _INT8, _UTF8)).decode()
    is_complex, is_logical = bool(flags & _COMPLEX), bool(flags & _LOGICAL)
    return Matrix(name, flags & 0xFF, shape, is_complex, is_logical, elements if rest is None else rest, order)


def _start(packed: memoryview, order: ByteOrder) -> Matrix:
    """The head of a compressed matrix, the rest of which is decompressed when it is read."""
    start = memoryview(zlib.decompressobj().decompress(packed, _START_BYTES))
    kind, size = int.from_bytes(start[:4], order), int.from_bytes(start[4:8], order)
    if kind != _MATRIX:
        raise ValueError(f"it has an element of type {kind} in the place of a variable")

    def rest() -> Iterator[tuple[int, memoryview]]:
        matrix = _matrix(_unpacked(packed, size), order)
        yield from matrix.rest

    return _matrix(start[8 : 8 + size], order, rest())


def _unpacked(packed: memoryview, size: int) -> memoryview:
    """Decompress the content of a matrix, which must have exactly the size that its head gives."""
    require_memory((size + 8,), np.dtype("u1"))
    stream = zlib.decompressobj()
    content = stream.decompress(packed, size + 9)
    if len(content) != size + 8 or not stream.eof:
        raise ValueError(f"it unpacks to other than the {size} bytes that it says")
    return memoryview(content)[8:]
