"""Files of many arrays: what is in them and how each is read, by libraries that are imported when such a file comes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.files.mapped import Mapped
from mot_fast.networks.files.npz import npz_arrays
from mot_fast.networks.files.safetensors import tensors
from mot_fast.system import memory


@dataclass(frozen=True)
class Stored:
    """An array in a file: its shape and type, and how to read it."""

    shape: Sequence[int]
    dtype: np.dtype[Any]
    read: Callable[[], Array]
    check: Callable[[], None] | None = None
    """Holds the numbers to their checksum, where the file has one that reading does not hold to."""


class InFile(Protocol):
    """An array in a file of this package's own readers."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As stored."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """As read."""

    def read(self) -> Array:
        """The numbers."""


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
    return {label: partial(_stored, make) for label, make in npz_arrays(path).items()}


def _safetensors(path: Path) -> Arrays:
    return {label: partial(_stored, make) for label, make in tensors(path).items()}


def _stored(make: Callable[[], InFile]) -> Stored:
    array = make()
    return Stored(array.shape, array.dtype, array.read, array.check if isinstance(array, Mapped) else None)


def itself(stored: Stored) -> Stored:
    """For readers that know all arrays when they list them."""
    return stored


def with_room(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Refuses an array that is larger than the memory that is left, whatever its file says."""
    needed, left = math.prod(shape) * dtype.itemsize, memory.available()
    if needed > left:
        found = f"{memory.format_bytes(needed)}, shape {tuple(shape)}"
        raise Refused(
            f"expected an array that fits into the memory that is left, {memory.format_bytes(left)}, found {found}"
        )


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
SAFETENSORS = Container(".safetensors file", _safetensors, keeps_order=False)
SHARDS = Container("index of .safetensors files", _safetensors, keeps_order=False)
