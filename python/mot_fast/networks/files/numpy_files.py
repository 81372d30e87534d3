"""numpy's file formats: `.npy` files and `.npz` archives, whose sizes and checksums are checked."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.files.checksum import Checksum
from mot_fast.networks.files.deflated import inflated
from mot_fast.networks.files.mapped_array import MappedArray, n_bytes, size_of_regular_file

_PIECE_BYTES = 2**16
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
"""PKWARE's APPNOTE, 4.3.7: signature, version, flags, method, time, date, CRC, sizes, lengths of name and extra."""
_IS_ENCRYPTED, _HAS_DESCRIPTOR = 0x1, 0x8
_ZIP64, _IN_ZIP64 = 0x0001, 0xFFFFFFFF
_LEFT_BEHIND = "__MACOSX", ".DS_Store", ".ipynb_checkpoints"


@dataclass(frozen=True)
class CompressedArray:
    """A compressed member of an `.npz` archive."""

    path: Path
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self) -> Array:
        """Decompress all numbers, and compare them with the checksum in the archive."""
        with zipfile.ZipFile(self.path) as archive:
            member = archive.getinfo(self.member)
            if member.compress_type == zipfile.ZIP_DEFLATED:
                # Where something is wrong, zipfile finds out what: it checks more, and takes up to twice as long.
                with suppress(Exception), self.path.open("rb") as file:
                    file.seek(_start(self.path, member, archive.start_dir, self._name))
                    return self._numbers(inflated(file, member.compress_size, member.CRC))
            with archive.open(self.member) as stream:
                return self._numbers(iter(partial(stream.read, _PIECE_BYTES), b""))

    @property
    def _name(self) -> str:
        return f"its member '{self.member}'"

    def _numbers(self, pieces: Iterator[bytes]) -> Array:
        """The array whose header and numbers come in pieces, the header within the first."""
        stream = io.BytesIO(next(pieces, b""))
        shape, is_by_columns, dtype = _header(stream)
        if (shape, dtype) != (self.shape, self.dtype) or dtype.hasobject:
            raise ValueError(f"{self._name} is another than when it was loaded")
        values, end = np.empty(n_bytes(shape, dtype), np.uint8), 0
        for piece in chain([stream.read()], pieces):
            start, end = end, end + len(piece)
            if end > len(values):
                raise ValueError(f"{self._name} has bytes behind its numbers")
            values[start:end] = np.frombuffer(piece, np.uint8)
        if end < len(values):
            raise ValueError(f"{self._name} ends early")
        return values.view(dtype).reshape(shape, order="F" if is_by_columns else "C")


def npy_file(path: Path, crc32: int | None = None) -> MappedArray:
    """Open the array of a `.npy` file; `crc32` is the expected checksum of its numbers."""
    size = size_of_regular_file(path)
    with path.open("rb") as stream:
        shape, is_by_columns, dtype = _header(stream)
        start = stream.tell()
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not unpickled")
    expected = n_bytes(shape, dtype)
    if size != start + expected:
        raise ValueError(f"its header, {shape} of {dtype}, asks for {start + expected} bytes, and it has {size}")
    checksum = None if crc32 is None else Checksum(start, expected, crc32, "it")
    return MappedArray(path, shape, dtype, start, is_by_columns, checksum)


def npz_arrays(path: Path) -> dict[str, Callable[[], MappedArray | CompressedArray]]:
    """List the arrays of an archive by label, in its order; files that macOS or an editor left in it are skipped."""
    size_of_regular_file(path)
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        strays = {member.filename for member in members if _is_stray_member(archive, member)}
        ends = sorted({member.header_offset for member in members} | {archive.start_dir})
    after = dict(pairwise(ends))
    arrays: dict[str, Callable[[], MappedArray | CompressedArray]] = {}
    places = set()
    for member in members:
        if member.header_offset in places:
            raise ValueError(f"its member '{member.filename}' lies where another does")
        places.add(member.header_offset)
        label = member.filename.removesuffix(".npy")
        if member.is_dir() or member.filename in strays:
            continue
        if label in arrays:
            raise ValueError(f"it has two members '{label}'")
        arrays[label] = partial(_array, path, member, after.get(member.header_offset, 0))
    if not arrays:
        raise ValueError("it holds no array")
    return arrays


def _is_stray_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Whether a member has the name of a stray file and holds no array."""
    if not is_stray(member.filename) or member.is_dir() or member.flag_bits & _IS_ENCRYPTED:
        return is_stray(member.filename)
    with archive.open(member) as stream:
        return stream.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX


def is_stray(name: str) -> bool:
    """Whether a name is that of a file that macOS or an editor leaves beside others."""
    path = PurePosixPath(name)
    if path.name.startswith("._") or any(part in _LEFT_BEHIND for part in path.parts):
        return True
    return path.name.startswith(".") and path.suffix != ".npy"


def _array(path: Path, member: zipfile.ZipInfo, end: int) -> MappedArray | CompressedArray:
    """Open one array of the archive; the next member, or the archive's directory, begins at `end`."""
    what = f"its member '{member.filename}'"
    with zipfile.ZipFile(path) as archive:
        start = _start(path, member, end, what)
        with archive.open(member) as stream:
            shape, is_by_columns, dtype = _header(stream)
            header_length = stream.tell()
    expected = header_length + n_bytes(shape, dtype)
    if member.file_size != expected and not dtype.hasobject:
        raise ValueError(
            f"{what} has the header of an array {shape} of {dtype}, which takes {expected} bytes, and has "
            f"{member.file_size}"
        )
    if member.compress_type != zipfile.ZIP_STORED:
        return CompressedArray(path, member.filename, shape, dtype)
    checksum = Checksum(start, member.file_size, member.CRC, what)
    return MappedArray(path, shape, dtype, start + header_length, is_by_columns, checksum)


def _start(path: Path, member: zipfile.ZipInfo, end: int, what: str) -> int:
    """Offset of the bytes of a member, whose local header must agree with the archive's directory."""
    with path.open("rb") as file:
        file.seek(member.header_offset)
        signature, _, flags, method, _, _, *sums, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        file.seek(name, 1)
        fields = file.read(extra)
    if (flags | member.flag_bits) & _IS_ENCRYPTED:
        raise ValueError(f"{what} is encrypted")
    crc32, packed, size = sums
    if _IN_ZIP64 in (packed, size):
        size, packed = _zip64_sizes(fields, size, packed)
    expected = member.compress_type, member.CRC, member.compress_size, member.file_size
    has_sizes_behind = flags & _HAS_DESCRIPTOR and (packed, size) in ((0, 0), (_IN_ZIP64, _IN_ZIP64))
    found = (method, *expected[1:]) if has_sizes_behind else (method, crc32, packed, size)
    start: int = member.header_offset + _LOCAL_HEADER.size + name + extra
    has_one_size = method != zipfile.ZIP_STORED or member.compress_size == member.file_size
    if signature != b"PK\3\4" or found != expected or not has_one_size or start + member.compress_size > end:
        raise ValueError(f"{what} is not what the archive's directory says, or reaches into the next")
    return start


def _zip64_sizes(fields: bytes, size: int, packed: int) -> tuple[int, int]:
    """Sizes of a member; a size that needs more than four bytes stands in an extra field (4.5.3)."""
    while len(fields) >= 4:
        kind, length = struct.unpack_from("<2H", fields)
        if kind == _ZIP64:
            numbers = iter(struct.unpack_from(f"<{length // 8}Q", fields, 4))
            return (next(numbers) if size == _IN_ZIP64 else size), (next(numbers) if packed == _IN_ZIP64 else packed)
        fields = fields[4 + length :]
    return size, packed


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read a `.npy` header: shape, whether the numbers are stored by columns, and type."""
    version = np.lib.format.read_magic(stream)
    # Version 3 differs from 2 only in the encoding of field names, and arrays with fields are not numbers.
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
        (3, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"unknown version {version} of the .npy format")
    return readers[version](stream)
