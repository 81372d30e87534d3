"""Files of many arrays: what is in them and how each is read, by libraries that are imported when such a file comes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from mot_fast._validate import Array


@dataclass(frozen=True)
class Stored:
    """An array in a file: its shape and type, and how to read it."""

    shape: Sequence[int]
    dtype: np.dtype[Any]
    read: Callable[[], Array]


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
SAFETENSORS = Container(".safetensors file", _safetensors, "safetensors", keeps_order=False)
OF_SUFFIX = {".npz": NPZ, ".safetensors": SAFETENSORS, ".h5": HDF5, ".hdf5": HDF5}
