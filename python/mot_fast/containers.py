"""Files of many arrays: what is in them and how each is read, by libraries that are imported when such a file comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from mot_fast._validate import Array
from mot_fast.mapped import Mapped
from mot_fast.npz import npz_arrays
from mot_fast.tensors import tensors


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


def _hdf5(path: Path) -> Arrays:
    with import_module("h5py").File(path, "r") as file:
        stored = {dataset.name.removeprefix("/"): _stored_in_hdf5(path, dataset) for dataset in _datasets(file)}
    return {label: partial(_itself, each) for label, each in stored.items()}


def _datasets(group: Any, seen: tuple[Any, ...] = ()) -> Iterator[Any]:
    """All arrays in a group, and in those in it, as the file orders them."""
    h5py = import_module("h5py")
    for child in group.values():
        if isinstance(child, h5py.Dataset):
            yield child
        elif isinstance(child, h5py.Group) and child not in (*seen, group):  # links may lead round in circles
            yield from _datasets(child, (*seen, group))


def _stored_in_hdf5(path: Path, dataset: Any) -> Stored:
    # Numbers that are all there in one piece are mapped; those in chunks or in other files have no one place here.
    is_whole = not dataset.external and 0 < dataset.id.get_storage_size() == dataset.nbytes
    offset = dataset.id.get_offset() if is_whole else None
    read: Callable[[], Array] = partial(_read_hdf5, path, dataset.name)
    if offset is not None:
        read = partial(np.memmap, path, dtype=dataset.dtype, mode="r", offset=offset, shape=dataset.shape)
    return Stored(dataset.shape, dataset.dtype, read)


def _read_hdf5(path: Path, label: str) -> Array:
    with import_module("h5py").File(path, "r") as file:
        return cast(Array, file[label][...])


def _zarr(path: Path) -> Arrays:
    zarr = import_module("zarr")
    members = zarr.open_group(path, mode="r").members(max_depth=None)
    return {
        label: partial(_itself, Stored(array.shape, array.dtype, partial(_read_zarr, path, label)))
        for label, array in members
        if isinstance(array, zarr.Array)
    }


def _read_zarr(path: Path, label: str) -> Array:
    return cast(Array, import_module("zarr").open_array(path / label, mode="r")[...])


def _itself(stored: Stored) -> Stored:
    return stored


NPZ = Container(".npz file", _npz)
HDF5 = Container("HDF5 file", _hdf5, "h5py")
ZARR = Container("Zarr group", _zarr, "zarr", keeps_order=False)
SAFETENSORS = Container(".safetensors file", _safetensors, keeps_order=False)
SHARDS = Container("index of .safetensors files", _safetensors, keeps_order=False)
OF_SUFFIX = {".npz": NPZ, ".safetensors": SAFETENSORS, ".h5": HDF5, ".hdf5": HDF5}
