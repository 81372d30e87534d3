"""HDF5 files: which of their arrays are layers, where the numbers lie, and what they are.

Numbers that HDF5 would invent are refused: those of arrays and chunks that were never written, and of parts of virtual
datasets whose source is not there, all of which it reads as a fill value.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.files import hdf5_virtual
from mot_fast.networks.files.containers import Arrays, Container, Refused, Stored, with_room
from mot_fast.networks.files.hdf5_links import Files, class_of_matlab, labels

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_NUMBERS_OF_MATLAB = {
    "double",
    "single",
    "logical",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}
_MOST_AXES = 32
"""As HDF5 has it."""
_NO_NUMBERS = {
    "BITFIELD": "bit fields",
    "ENUM": "codes of an enumeration",
    "TIME": "times",
}
"""What has no type of numpy that says so, by HDF5's classes of types."""


def is_hdf5(path: Path) -> bool:
    """Whether a file says that it is: at its start, or after 512 bytes that are its user's, or 1024, 2048 and so on."""
    size, start = path.stat().st_size, 0
    with path.open("rb") as file:
        while start < size:
            file.seek(start)
            if file.read(len(_SIGNATURE)) == _SIGNATURE:
                return True
            start = max(512, 2 * start)
    return False


def _list(path: Path) -> Arrays:
    with Files() as files:
        found = labels(files, files.open(path))
    return {label: partial(_stored, path, label) for label in found}


def _stored(path: Path, label: str) -> Stored:
    with Files() as files:
        dataset = _find(files, path, label)
        _check(files, dataset)
        shape = _shape(dataset)
        return Stored(shape[::-1] if _is_turned(dataset) else shape, _dtype(dataset), partial(_read, path, label))


def _read(path: Path, label: str) -> Array:
    """Looked up anew, as the file may have been written again: nothing is taken from where it was before."""
    with Files() as files:
        dataset = _find(files, path, label)
        values = _values(files, dataset)
        return values.T if _is_turned(dataset) else values


def stored_by(dataset: Any) -> Stored:
    """A dataset in an open file, as h5py has it."""
    h5py = import_module("h5py")
    if isinstance(dataset, h5py.Empty):
        raise Refused("expected shape (n_stimuli, n_units), found an array of h5py that is empty and has no shape")
    if not isinstance(dataset, h5py.Dataset):
        raise Refused(
            f"expected an array, found a {type(dataset).__name__} of h5py; a whole file is loaded by its path"
        )
    with Files() as files:
        _check(files, dataset)
    return Stored(_shape(dataset), _dtype(dataset), partial(_values_of, dataset))


def _values_of(dataset: Any) -> Array:
    with Files() as files:
        return _values(files, dataset)


def _find(files: Files, path: Path, label: str) -> Any:
    h5py = import_module("h5py")
    try:
        label.encode()
    except UnicodeEncodeError:
        raise Refused("expected a name in UTF-8, found other bytes") from None
    found = files.follow(files.open(path), label)
    if found is None:
        raise Refused("expected an array, found a link that leads nowhere")
    if not isinstance(found, h5py.Dataset):
        raise Refused("expected a full array of real numbers, found a sparse matrix or an object of MATLAB", TypeError)
    kind = class_of_matlab(found)
    if kind is not None and kind not in _NUMBERS_OF_MATLAB:
        raise Refused(f"expected a full array of real numbers, found a {kind} of MATLAB", TypeError)
    return found


def _is_turned(dataset: Any) -> bool:
    """MATLAB writes column by column, and HDF5 reads row by row: shapes come out backwards."""
    return class_of_matlab(dataset) is not None


def _is_empty_of_matlab(dataset: Any) -> bool:
    """Whether its numbers are the shape of an array without any."""
    return _is_turned(dataset) and dataset.size <= _MOST_AXES and bool(dataset.attrs.get("MATLAB_empty", 0))


def _shape(dataset: Any) -> tuple[int, ...]:
    if _is_empty_of_matlab(dataset):
        return tuple(int(n) for n in dataset[...].ravel()[::-1])
    return cast("tuple[int, ...]", dataset.shape)


def _dtype(dataset: Any) -> np.dtype[Any]:
    """The type as numpy has it, which must be one of numbers if its numbers are to be read as such."""
    h5t = import_module("h5py").h5t
    kind = dataset.id.get_type()
    try:
        dtype = kind.dtype
    except (TypeError, ValueError) as error:
        raise Refused(f"expected real numbers, found a type that numpy lacks ({error})", TypeError) from error
    for name, found in _NO_NUMBERS.items():
        if kind.get_class() == getattr(h5t, name) and dtype != np.bool_:  # which h5py writes as an enumeration
            raise Refused(f"expected real numbers, found {found}", TypeError)
    return cast("np.dtype[Any]", dtype)


def _check(files: Files, dataset: Any) -> None:
    """Refuses what is not all there, in this file or, if it is virtual, in the sources that it names."""
    h5d = import_module("h5py").h5d
    if dataset.shape is None:
        raise Refused("expected shape (n_stimuli, n_units), found an array that is empty and has no shape")
    _dtype(dataset)
    made = dataset.id.get_create_plist()
    if made.get_external_count():
        name = made.get_external(0)[0].decode(errors="replace")
        raise Refused(f"expected numbers in an HDF5 file, found an array whose numbers are in another, '{name}'")
    _check_filters(made)
    layout, size = made.get_layout(), math.prod(dataset.shape)
    if layout == h5d.VIRTUAL:
        deque(_parts(files, dataset), maxlen=0)
    elif layout == h5d.CHUNKED and size:
        n_chunks = math.prod(-(-n // step) for n, step in zip(dataset.shape, made.get_chunk(), strict=True))
        written = dataset.id.get_num_chunks()
        if written < n_chunks:
            raise Refused(f"expected numbers in all of its {n_chunks} chunks, found {written} that were ever written")
    elif layout == h5d.CONTIGUOUS and size and not dataset.id.get_storage_size():
        raise Refused("expected numbers, found an array that was never written")


def _check_filters(made: Any) -> None:
    h5z = import_module("h5py").h5z
    for k in range(made.get_nfilters()):
        code, _, _, name = made.get_filter(k)
        if not h5z.filter_avail(code):
            raise Refused(
                f"expected filters that the HDF5 library here has, found {code} ({name.decode(errors='replace')}): put "
                "the folder of its plugin, as the package hdf5plugin brings, into HDF5_PLUGIN_PATH"
            )


def _values(files: Files, dataset: Any) -> Array:
    """The numbers, mapped if they lie in one piece as numpy has them, by row as HDF5 has it."""
    h5py = import_module("h5py")
    _check(files, dataset)
    shape, dtype = _shape(dataset), _dtype(dataset)
    if 0 in shape:
        return np.empty(shape, dtype)
    layout = dataset.id.get_create_plist().get_layout()
    is_plain = dtype.kind in "fiu" and dataset.id.get_type() == h5py.h5t.py_create(dtype)
    offset = dataset.id.get_offset() if is_plain and layout == h5py.h5d.CONTIGUOUS else None
    if offset is not None and dataset.file.driver != "core":
        return np.memmap(dataset.file.filename, dtype, "r", offset, shape)
    with_room(shape, dtype)
    if layout == h5py.h5d.VIRTUAL:
        return hdf5_virtual.read(_parts(files, dataset), shape, dtype)
    values = np.asarray(dataset[...])
    if dtype == np.bool_ and values.view(np.uint8).max() > 1:
        raise ValueError("it has booleans that are neither true nor false")
    return values


def _parts(files: Files, dataset: Any) -> Iterator[hdf5_virtual.Part]:
    def check(source: Any) -> None:
        if source.id.get_create_plist().get_layout() == import_module("h5py").h5d.VIRTUAL:
            raise Refused("expected numbers, found another virtual dataset")
        if _dtype(source).kind not in "fiu":
            raise Refused(f"expected real numbers, found {_dtype(source)}", TypeError)
        _check(files, source)

    return hdf5_virtual.parts(files, dataset, check)


HDF5 = Container("HDF5 file", _list, "h5py")
