"""Virtual datasets of HDF5: arrays that are put together from those of other files.

The HDF5 library reads a fill value wherever a source is not there, or none is named. Here that is an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from mot_fast._validate import Array, Index
from mot_fast.networks.files.containers import Refused
from mot_fast.networks.files.hdf5_links import Files


class Part(NamedTuple):
    """What of a virtual dataset is taken from where."""

    source: Any
    at: Any
    """The selection of the virtual dataset."""
    taken: Any
    """The selection of the source, of as many numbers."""


def parts(files: Files, dataset: Any, check: Callable[[Any], None]) -> Iterator[Part]:
    """All parts of a virtual dataset; each source must pass the check."""
    n_numbers = 0
    for named in dataset.virtual_sources():
        what = f"'{named.dset_name}' of '{named.file_name}'"
        source = _source(files, dataset, named)
        if not isinstance(source, import_module("h5py").Dataset):
            raise Refused(f"expected all sources of a virtual dataset, found none where {what} is named")
        try:
            check(source)
        except Refused as error:
            raise Refused(f"{error}, in a source of a virtual dataset, {what}", error.error) from error
        part = Part(source, _of(named.vspace, dataset.shape), _of(named.src_space, source.shape))
        if part.at is None or part.taken is None or part.at.get_select_npoints() != part.taken.get_select_npoints():
            raise Refused(f"expected regular parts of a virtual dataset, found others of {what}, shape {source.shape}")
        n_numbers += part.at.get_select_npoints()
        yield part
    if n_numbers < math.prod(dataset.shape):
        raise Refused(f"expected sources for all {math.prod(dataset.shape)} numbers, found them for {n_numbers}")


def read(all_parts: Iterator[Part], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The numbers, put together."""
    h5t = import_module("h5py").h5t
    values, is_read = np.empty(shape, dtype), np.zeros(shape, dtype=bool)
    for part in all_parts:
        part.source.id.read(part.at, part.taken, values, h5t.py_create(dtype))
        is_read[np.ix_(*_indices(part.at))] = True
    if not is_read.all():
        raise Refused(f"expected sources for all {is_read.size} numbers, found them for {int(is_read.sum())}")
    return values


def _source(files: Files, dataset: Any, named: Any) -> Any:
    top = dataset.file["/"]
    return files.follow(top if named.file_name == "." else files.open_beside(top, named.file_name), named.dset_name)


def _of(selected: Any, shape: tuple[int, ...]) -> Any:
    """A selection as one of an array of this shape, or None if it reaches beyond or is irregular."""
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
