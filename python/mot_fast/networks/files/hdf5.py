"""HDF5 files as networks: lists their arrays, checks that all numbers were written, and reads them.

HDF5 reads a fill value for arrays and chunks that were never written, and for regions of virtual datasets whose source
is missing. Such numbers are refused here.
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
from mot_fast.networks.files.file_format import (
    INTEGER_TYPES,
    Arrays,
    FileFormat,
    StoredArray,
    UnusableArray,
    require_memory,
)
from mot_fast.networks.files.hdf5_links import OpenFiles, array_labels, matlab_class

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MATLAB_NUMBERS = INTEGER_TYPES | {"double", "single", "logical"}
"""MATLAB's classes of numbers."""
_MAX_AXES = 32
"""Largest number of axes of an HDF5 array."""
_NOT_NUMBERS = {
    "BITFIELD": "bit fields",
    "ENUM": "codes of an enumeration",
    "TIME": "times",
}
"""HDF5's classes of types that numpy reads as numbers although they are none."""


def is_hdf5(path: Path) -> bool:
    """Whether a file has the HDF5 signature: at its start, or behind a user block of 512, 1024, 2048, ... bytes."""
    size, start = path.stat().st_size, 0
    with path.open("rb") as file:
        while start < size:
            file.seek(start)
            if file.read(len(_SIGNATURE)) == _SIGNATURE:
                return True
            start = max(512, 2 * start)
    return False


def _list(path: Path) -> Arrays:
    with OpenFiles() as files:
        found = array_labels(files, files.open(path))
    return {label: partial(_stored, path, label) for label in found}


def _stored(path: Path, label: str) -> StoredArray:
    with OpenFiles() as files:
        dataset = _find(files, path, label)
        _check(files, dataset)
        shape = _shape(dataset)
        return StoredArray(
            shape[::-1] if _is_transposed(dataset) else shape, _dtype(dataset), partial(_read, path, label)
        )


def _read(path: Path, label: str) -> Array:
    """Read an array, which is looked up again, since the file may have been rewritten after it was listed."""
    with OpenFiles() as files:
        dataset = _find(files, path, label)
        values = _values(files, dataset)
        return values.T if _is_transposed(dataset) else values


def stored_dataset(dataset: Any) -> StoredArray:
    """Check a dataset that the caller opened with h5py."""
    h5py = import_module("h5py")
    if isinstance(dataset, h5py.Empty):
        raise UnusableArray(
            "expected shape (n_stimuli, n_units), found an array of h5py that is empty and has no shape"
        )
    if not isinstance(dataset, h5py.Dataset):
        raise UnusableArray(
            f"expected an array, found a {type(dataset).__name__} of h5py; a whole file is loaded by its path"
        )
    with OpenFiles() as files:
        _check(files, dataset)
    return StoredArray(_shape(dataset), _dtype(dataset), partial(_values_of, dataset))


def _values_of(dataset: Any) -> Array:
    with OpenFiles() as files:
        return _values(files, dataset)


def _find(files: OpenFiles, path: Path, label: str) -> Any:
    h5py = import_module("h5py")
    try:
        label.encode()
    except UnicodeEncodeError:
        raise UnusableArray("expected a name in UTF-8, found other bytes") from None
    found = files.follow(files.open(path), label)
    if found is None:
        raise UnusableArray("expected an array, found a link that leads nowhere")
    if not isinstance(found, h5py.Dataset):
        raise UnusableArray(
            "expected a full array of real numbers, found a sparse matrix or an object of MATLAB", TypeError
        )
    kind = matlab_class(found)
    if kind is not None and kind not in _MATLAB_NUMBERS:
        raise UnusableArray(f"expected a full array of real numbers, found a {kind} of MATLAB", TypeError)
    return found


def _is_transposed(dataset: Any) -> bool:
    """Whether the axes are reversed: MATLAB writes column by column, and HDF5 reads row by row."""
    return matlab_class(dataset) is not None


def _is_empty_of_matlab(dataset: Any) -> bool:
    """Whether MATLAB wrote an empty array, whose stored numbers are its shape."""
    return _is_transposed(dataset) and dataset.size <= _MAX_AXES and bool(dataset.attrs.get("MATLAB_empty", 0))


def _shape(dataset: Any) -> tuple[int, ...]:
    if _is_empty_of_matlab(dataset):
        return tuple(int(n) for n in dataset[...].ravel()[::-1])
    return cast("tuple[int, ...]", dataset.shape)


def _dtype(dataset: Any) -> np.dtype[Any]:
    """Type of the dataset in numpy; `UnusableArray` if it is not a type of numbers."""
    h5t = import_module("h5py").h5t
    kind = dataset.id.get_type()
    try:
        dtype = kind.dtype
    except (TypeError, ValueError) as error:
        raise UnusableArray(f"expected real numbers, found a type that numpy lacks ({error})", TypeError) from error
    for name, found in _NOT_NUMBERS.items():
        if kind.get_class() == getattr(h5t, name) and dtype != np.bool_:  # h5py writes booleans as an enumeration
            raise UnusableArray(f"expected real numbers, found {found}", TypeError)
    return cast("np.dtype[Any]", dtype)


def _check(files: OpenFiles, dataset: Any) -> None:
    """Raise `UnusableArray` unless all numbers were written, to this file or to the sources of a virtual dataset."""
    h5d = import_module("h5py").h5d
    if dataset.shape is None:
        raise UnusableArray("expected shape (n_stimuli, n_units), found an array that is empty and has no shape")
    _dtype(dataset)
    made = dataset.id.get_create_plist()
    if made.get_external_count():
        name = made.get_external(0)[0].decode(errors="replace")
        raise UnusableArray(f"expected numbers in an HDF5 file, found an array whose numbers are in another, '{name}'")
    _check_filters(made)
    layout, size = made.get_layout(), math.prod(dataset.shape)
    if layout == h5d.VIRTUAL:
        deque(_source_regions(files, dataset), maxlen=0)
    elif layout == h5d.CHUNKED and size:
        n_chunks = math.prod(-(-n // step) for n, step in zip(dataset.shape, made.get_chunk(), strict=True))
        written = dataset.id.get_num_chunks()
        if written < n_chunks:
            raise UnusableArray(
                f"expected numbers in all of its {n_chunks} chunks, found {written} that were ever written"
            )
    elif layout == h5d.CONTIGUOUS and size and not dataset.id.get_storage_size():
        raise UnusableArray("expected numbers, found an array that was never written")


def _check_filters(made: Any) -> None:
    h5z = import_module("h5py").h5z
    for k in range(made.get_nfilters()):
        code, _, _, name = made.get_filter(k)
        if not h5z.filter_avail(code):
            raise UnusableArray(
                f"expected filters that the HDF5 library here has, found {code} ({name.decode(errors='replace')}): put "
                "the folder of its plugin, as the package hdf5plugin brings, into HDF5_PLUGIN_PATH"
            )


def _values(files: OpenFiles, dataset: Any) -> Array:
    """Read the numbers row by row; they are mapped if they lie in one piece and in a type of numpy."""
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
    require_memory(shape, dtype)
    if layout == h5py.h5d.VIRTUAL:
        return hdf5_virtual.read(_source_regions(files, dataset), shape, dtype)
    values = np.asarray(dataset[...])
    if dtype == np.bool_ and values.view(np.uint8).max() > 1:
        raise ValueError("it has booleans that are neither true nor false")
    return values


def _source_regions(files: OpenFiles, dataset: Any) -> Iterator[hdf5_virtual.SourceRegion]:
    def check(source: Any) -> None:
        if source.id.get_create_plist().get_layout() == import_module("h5py").h5d.VIRTUAL:
            raise UnusableArray("expected numbers, found another virtual dataset")
        if _dtype(source).kind not in "fiu":
            raise UnusableArray(f"expected real numbers, found {_dtype(source)}", TypeError)
        _check(files, source)

    return hdf5_virtual.source_regions(files, dataset, check)


HDF5 = FileFormat("HDF5 file", _list, "h5py")
