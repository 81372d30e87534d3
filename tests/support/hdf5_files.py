"""HDF5 files that tests write, and the check that one damaged array leaves the others readable."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import mot_fast as mot

RNG = np.random.default_rng(0)
A, B = RNG.random((20, 4)), RNG.random((20, 3))


def written(path, arrays, **options):
    with h5py.File(path, "w", **options) as file:
        for label, values in arrays.items():
            file[label] = values
    return path


def add(path, change):
    with h5py.File(path, "a") as file:
        change(file)


def raw(path, label, kind, values, change=lambda _: None):
    """Write an array of any type of HDF5's, with these bytes or numbers."""
    with h5py.File(path, "a") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        change(made)
        space = h5py.h5s.create_simple(values.shape)
        dataset = h5py.h5d.create(file.id, label.encode(), kind, space, made)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values, None if values.dtype.kind in "fiu" else kind)


def assert_refused(path, label, message):
    """Check that reading the array is an error that names file and layer, and that the others are read without it."""
    with pytest.raises((TypeError, ValueError), match=rf"{path.name}, layer '{label}': {message}"):
        mot.load(path)
    assert mot.load(path, layers=["own"]).labels == ("own",)
