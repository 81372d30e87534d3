"""Zip archives of one JSON header and plain `.npy` arrays: written completely or not at all, read without trust.

Nothing is pickled and nothing evaluated: reading cannot execute code. The size that a file claims to unpack to is
compared with its own size and with the memory that is left before any of it is unpacked, and no more than the claimed
size is unpacked, whatever the file's streams hold.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import stat
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from reprlib import repr as short_repr
from typing import IO, Any, NoReturn

import numpy as np

from mot_fast._validate import Array
from mot_fast.system import atomic_write, memory

_HEADER = "header.json"
_MOST_HEADER_BYTES = 2**21
"""Largest size of the header in bytes: the objects that JSON makes of it can take thirty times as much."""
_MOST_EXPANSION = 8
"""Largest factor between the unpacked size and the file's; for alignments of real activations it stays below 4."""
_ALWAYS_UNPACKED = 2**22
"""Unpacked size in bytes that is allowed to a file of any size."""
_CHUNK = 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Compression methods that `zipfile` can unpack in parts of a given size."""
_ARRAY_MAGIC = b"\x93NUMPY\x01\x00"
_ARRAY_HEADER = re.compile(
    rb"\{'descr': '(<f8|<i4|<i8)', 'fortran_order': (True|False), 'shape': \(((?:\d+, ?)*\d*)\), \} *\n"
)
"""Header of an `.npy` file as numpy writes it."""


class NewerFormat(ValueError):
    """The file was written by a later release."""


class OtherFormat(ValueError):
    """The file has another format than the one expected."""

    def __init__(self, found: Any) -> None:
        super().__init__(f"the format is {short_repr(found)}")
        self.found = found if isinstance(found, str) else None
        """The format; None where it is no text."""


class NoFile(ValueError):
    """A folder, a pipe or a device stands where a file is expected."""


def write(
    path: Path,
    header: Mapping[str, Any],
    arrays: Mapping[str, Array],
    stored: Collection[str] = (),
    *,
    is_replaced: bool = False,
) -> None:
    """Write an archive beside `path` and move it there in one step.

    Parameters
    ----------
    path : Path
    header : mapping
        Values that JSON can hold; "format" and "version" are among them.
    arrays : mapping
        Arrays of float64, int32 or int64 by their names.
    stored : collection of str
        Names of the arrays that are stored without compression.
    is_replaced : bool
        Whether a link is replaced rather than followed; see `atomic_write.open_atomically`.

    Raises
    ------
    OSError
        If the archive cannot be written; then nothing has changed.
    ValueError
        If the header is longer than `read` accepts.
    """
    text = json.dumps(header, indent=1, allow_nan=False)
    if len(text) > _MOST_HEADER_BYTES:
        size = memory.format_bytes(len(text))
        raise ValueError(
            f"{path}: expected names that take {memory.format_bytes(_MOST_HEADER_BYTES)} at most, found {size}"
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none at {path.parent}")
    with atomic_write.open_atomically(path, is_replaced=is_replaced) as file:
        if _pack(file, text, arrays, stored) > _most_unpacked(file.tell()):
            file.truncate(0)
            file.seek(0)
            _pack(file, text, arrays, stored=arrays)


def _pack(file: IO[bytes], header: str, arrays: Mapping[str, Array], stored: Collection[str]) -> int:
    """Write the archive into an open file; return its unpacked size in bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_HEADER, header)
        for name, values in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            member.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, values, version=(1, 0), allow_pickle=False)
    return sum(member.file_size for member in archive.infolist())


def _most_unpacked(n_bytes: int) -> int:
    return max(_ALWAYS_UNPACKED, _MOST_EXPANSION * n_bytes)


def read(
    path: Path, file_format: str, newest: int, most_bytes: float = math.inf
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read the header and the arrays of a file of a given format, of a version up to `newest`.

    Raises
    ------
    MemoryError
        If the arrays do not fit into the memory that is left.
    NewerFormat
        If the file has a newer version.
    OtherFormat
        If the file has another format.
    ValueError
        If the file is damaged, or unpacks to more than `most_bytes`.
    """
    with _opened(path) as file, zipfile.ZipFile(file) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if len(members) < len(archive.infolist()):
            raise ValueError("it holds two members of one name")
        if _HEADER not in members:
            raise ValueError(f"it lacks '{_HEADER}'")
        _check_sizes(members, os.fstat(file.fileno()).st_size, most_bytes)
        header = json.loads(_unpacked(archive, members.pop(_HEADER)), parse_constant=_refuse_constant)
        _check_format(header, file_format, newest)
        for name in members:
            if not name.endswith(".npy"):
                raise ValueError(f"it holds {short_repr(name)}")
        return header, {name.removesuffix(".npy"): _array(archive, member) for name, member in members.items()}


class _InPieces(io.FileIO):
    """A file read in pieces of a limited size, so that no zip directory, whatever its size claims, fills the memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = os.fstat(self.fileno()).st_size - self.tell() if size is None or size < 0 else size
        if wanted > _CHUNK:
            raise ValueError(f"its directory is said to take {memory.format_bytes(wanted)}")
        return super().read(wanted) or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_SET and offset < 0:
            raise ValueError("its directory leads to places before its beginning")
        return super().seek(offset, whence)


def _opened(path: Path) -> _InPieces:
    """Open a regular file; a pipe would be waited for, and a device may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise NoFile("it is no file")
    # Another file may have taken its place since: it is opened without waiting, and checked again.
    file = _InPieces(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NoFile("it is no file")
    return file


def _check_sizes(members: Mapping[str, zipfile.ZipInfo], n_bytes: int, most_bytes: float) -> None:
    unpacked = sum(member.file_size for member in members.values())
    if unpacked > _most_unpacked(n_bytes):
        raise ValueError(f"it says to hold {memory.format_bytes(unpacked)} in {n_bytes} bytes")
    if unpacked > most_bytes:
        most = memory.format_bytes(int(most_bytes))
        raise ValueError(f"it says to hold {memory.format_bytes(unpacked)}, where {most} are enough")
    if unpacked > memory.available():
        left = memory.format_bytes(memory.available())
        raise MemoryError(f"it needs {memory.format_bytes(unpacked)} of memory, and {left} are left")
    if members[_HEADER].file_size > _MOST_HEADER_BYTES:
        raise ValueError("its header is too large")


def _check_format(header: Any, file_format: str, newest: int) -> None:
    if not isinstance(header, dict):
        raise ValueError(f"its header is {short_repr(header)}")
    for name in ("format", "version"):
        if name not in header:
            raise ValueError(f"its header lacks '{name}'")
    if header["format"] != file_format:
        raise OtherFormat(header["format"])
    version = header["version"]
    if type(version) is not int or version < 1:
        raise ValueError(f"its format version is {short_repr(version)}")
    if version > newest:
        raise NewerFormat(f"its format version is {short_repr(version)}, newer than {newest}: upgrade mot_fast")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"its header holds {name}")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytearray:
    """The content of a member, which must have exactly the size that the directory claims."""
    if member.compress_type not in _METHODS:
        raise ValueError(f"{short_repr(member.filename)} is compressed in another way than by deflate")
    content = bytearray()
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):  # without a size `zipfile` unpacks up to 2 GiB at once
            content += chunk
    if len(content) != member.file_size:
        raise ValueError(f"{short_repr(member.filename)} holds {len(content)} bytes instead of {member.file_size}")
    return content


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    content = _unpacked(archive, member)
    start = 10 + int.from_bytes(content[8:10], "little")
    found = _ARRAY_HEADER.fullmatch(content, 10, start)
    if not content.startswith(_ARRAY_MAGIC) or found is None or start % 16:
        raise ValueError(f"{short_repr(member.filename)} is no array of float64, int32 or int64 numbers")
    dtype = np.dtype(found[1].decode())
    shape = tuple(int(n) for n in found[3].split(b",") if n.strip())
    if math.prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(f"{short_repr(member.filename)} says to have shape {short_repr(shape)}")
    values = np.frombuffer(content, dtype, offset=start)
    return values.reshape(shape, order="F" if found[2] == b"True" else "C")
