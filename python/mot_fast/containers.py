"""Files of many arrays: what is in them and how each is read, by libraries that are imported when such a file comes."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from mot_fast import memory
from mot_fast._validate import Array


@dataclass(frozen=True)
class Stored:
    """An array in a file: its shape and type, and how to read it."""

    shape: Sequence[int]
    dtype: np.dtype[Any]
    read: Callable[[], Array]


class Refused(Exception):
    """An array that is whole and is none that can be taken: what was expected, and what was found."""

    def __init__(self, message: str, error: type[Exception] = ValueError) -> None:
        super().__init__(message)
        self.error = error
        """What to raise where the array's name is known."""


Arrays = dict[str, Callable[[], Stored]]
"""By label, in the file's order; of each array only what is asked for is looked at."""


@dataclass(frozen=True)
class Container:
    """A kind of file."""

    kind: str
    list_arrays: Callable[[Path], Arrays]
    package: str | None = None
    """That reads it, if it is none of ours."""
    keeps_order: bool = True
    """Whether the order in which arrays come out can be that in which they were written."""


def _npz(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    return {member.filename.removesuffix(".npy"): partial(_stored_in_npz, path, member) for member in members}


def _stored_in_npz(path: Path, member: zipfile.ZipInfo) -> Stored:
    shape, is_fortran, dtype, offset = _npz_header(path, member)
    read: Callable[[], Array] = partial(_read_npz, path, member.filename.removesuffix(".npy"))
    if member.compress_type == zipfile.ZIP_STORED:
        order = "F" if is_fortran else "C"
        read = partial(np.memmap, path, dtype=dtype, mode="r", offset=offset, shape=shape, order=order)
    return Stored(shape, dtype, read)


def _npz_header(path: Path, member: zipfile.ZipInfo) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order and type of one array of the archive, and where its numbers start in the file if it is stored."""
    with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        shape, is_fortran, dtype = _npy_header(stream)
        header_length = stream.tell()
    # The local header repeats the name and has an extra field of its own length (PKWARE's APPNOTE, 4.3.7).
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        name_length = int.from_bytes(file.read(2), "little")
        extra_length = int.from_bytes(file.read(2), "little")
    start = member.header_offset + 30 + name_length + extra_length
    return shape, is_fortran, dtype, start + header_length


def _npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"unknown version {version} of the .npy format")
    return readers[version](stream)


def _read_npz(path: Path, label: str) -> Array:
    with np.load(path, allow_pickle=False) as archive:
        return cast(Array, archive[label])


def _safetensors(path: Path) -> Arrays:
    return {label: partial(_stored_in_safetensors, path, label) for label in _open_safetensors(path).keys()}  # noqa: SIM118


def _open_safetensors(path: Path) -> Any:
    return import_module("safetensors").safe_open(path, framework="numpy")


def _stored_in_safetensors(path: Path, label: str) -> Stored:
    found = _open_safetensors(path).get_slice(label)
    shape = found.get_shape()
    dtype = found[:0].dtype if shape else np.dtype(np.float64)  # a lone number cannot be cut
    return Stored(shape, dtype, partial(_read_safetensors, path, label))


def _read_safetensors(path: Path, label: str) -> Array:
    return cast(Array, _open_safetensors(path).get_tensor(label))


def itself(stored: Stored) -> Stored:
    """For readers that know all arrays when they list them."""
    return stored


def with_room(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Refuses an array that is larger than the memory that is left, whatever its file says."""
    needed, left = math.prod(shape) * dtype.itemsize, memory.available()
    if needed > left:
        found = f"{memory.shown(needed)}, shape {tuple(shape)}"
        raise Refused(f"expected an array that fits into the memory that is left, {memory.shown(left)}, found {found}")


def natural(labels: Sequence[str]) -> list[str]:
    """Sorted with `layer2` before `layer10`, and with all that is in a group, `group/...`, side by side."""

    def number(digits: str) -> tuple[int, str]:
        digits = digits.lstrip("0")  # compared as text: `int` refuses very long ones
        return len(digits), digits

    def key(name: str) -> list[tuple[int, str]]:
        parts = [part for part in re.split(r"(\d+)", name) if part]
        return [number(part) if part.isdecimal() else (-1, part) for part in parts]

    return sorted(labels, key=lambda label: ([key(name) for name in label.split("/")], label))


def is_alphabetical(labels: Sequence[str]) -> bool:
    """Whether their order is no more than that: what is in `group/` may come before or after `group.norm`."""
    return list(labels) in (sorted(labels), sorted(labels, key=lambda label: label.split("/")))


NPZ = Container(".npz file", _npz)
SAFETENSORS = Container(".safetensors file", _safetensors, "safetensors", keeps_order=False)
