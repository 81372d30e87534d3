"""Virtual datasets of HDF5: arrays that are assembled from arrays of other files.

The HDF5 library reads a fill value wherever a source is missing or none is named. Here that is an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from mot_fast._validate import Array, Index
from mot_fast.networks.files.file_format import UnusableArray
from mot_fast.networks.files.hdf5_links import OpenFiles


class SourceRegion(NamedTuple):
    """A region of a virtual dataset, and the region of the source dataset that its numbers come from."""

    source: Any
    target_space: Any
    """The selection of the virtual dataset."""
    source_space: Any
    """The selection of the source, with as many numbers."""


def source_regions(files: OpenFiles, dataset: Any, check: Callable[[Any], None]) -> Iterator[SourceRegion]:
    """Yield all regions of a virtual dataset; `check` raises an error for a source that cannot be used."""
    n_numbers = 0
    for named in dataset.virtual_sources():
        what = f"'{named.dset_name}' of '{named.file_name}'"
        source = _source(files, dataset, named)
        if not isinstance(source, import_module("h5py").Dataset):
            raise UnusableArray(f"expected all sources of a virtual dataset, found none where {what} is named")
        try:
            check(source)
        except UnusableArray as error:
            raise UnusableArray(f"{error}, in a source of a virtual dataset, {what}", error.error) from error
        target, taken = _selection(named.vspace, dataset.shape), _selection(named.src_space, source.shape)
        if target is None or taken is None or target.get_select_npoints() != taken.get_select_npoints():
            raise UnusableArray(
                f"expected regular parts of a virtual dataset, found others of {what}, shape {source.shape}"
            )
        n_numbers += target.get_select_npoints()
        yield SourceRegion(source, target, taken)
    if n_numbers < math.prod(dataset.shape):
        raise UnusableArray(f"expected sources for all {math.prod(dataset.shape)} numbers, found them for {n_numbers}")


def read(regions: Iterator[SourceRegion], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Assemble the numbers of a virtual dataset from its regions."""
    h5t = import_module("h5py").h5t
    values, is_read = np.empty(shape, dtype), np.zeros(shape, dtype=bool)
    for region in regions:
        region.source.id.read(region.target_space, region.source_space, values, h5t.py_create(dtype))
        is_read[np.ix_(*_indices(region.target_space))] = True
    if not is_read.all():
        raise UnusableArray(f"expected sources for all {is_read.size} numbers, found them for {int(is_read.sum())}")
    return values


def _source(files: OpenFiles, dataset: Any, named: Any) -> Any:
    top = dataset.file["/"]
    return files.follow(top if named.file_name == "." else files.open_beside(top, named.file_name), named.dset_name)


def _selection(selected: Any, shape: tuple[int, ...]) -> Any:
    """A selection within an array of this shape; None if it is irregular or reaches beyond the array."""
    h5s = import_module("h5py").h5s
    space = h5s.create_simple(shape)
    if selected.get_select_type() == h5s.SEL_ALL:
        return space
    if selected.get_select_type() != h5s.SEL_HYPERSLABS or not selected.is_regular_hyperslab():
        return None
    start, stride, count, block = selected.get_regular_hyperslab()
    if len(start) != len(shape) or h5s.UNLIMITED in (*count, *block):
        return None
    if any(s + d * (c - 1) + b > n for s, d, c, b, n in zip(start, stride, count, block, shape, strict=True)):
        return None
    space.select_hyperslab(start, count, stride, block)
    return space


def _indices(selected: Any) -> list[Index]:
    if selected.get_select_type() == import_module("h5py").h5s.SEL_ALL:
        return [np.arange(n, dtype=np.int64) for n in selected.shape]
    return [
        np.add.outer(start + stride * np.arange(count, dtype=np.int64), np.arange(block, dtype=np.int64)).ravel()
        for start, stride, count, block in zip(*selected.get_regular_hyperslab(), strict=True)
    ]
