"""HDF5 files: virtual datasets, which are assembled from arrays of other files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import mot_fast as mot
from support.hdf5_files import A, B, add, assert_refused, written


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.h5"


def virtual(path, sources, shape=(20, 4)):
    """Add a virtual dataset; `sources` are pairs of a selection of it and a selection of a source."""
    layout = h5py.VirtualLayout(shape, "f8")
    for where, source in sources:
        layout[where] = source
    add(path, lambda file: file.create_virtual_dataset("x", layout))


def test_virtual_datasets_are_put_together(tmp_path, path):
    written(tmp_path / "one.h5", {"x": A, "g/y": B.astype("f4")})
    written(path, {"own": A})
    one = h5py.VirtualSource("one.h5", "x", (20, 4))
    virtual(
        path,
        [
            (np.s_[:10], one[5:15]),
            (np.s_[10:20:2], one[:5]),
            (np.s_[11:20:2, :3], h5py.VirtualSource("one.h5", "g/y", (20, 3))[::4]),
            (np.s_[11:20:2, 3:], h5py.VirtualSource(".", "own", (20, 4))[15:, :1]),
        ],
    )
    expected = np.empty((20, 4))
    expected[:10], expected[10::2], expected[11::2, :3], expected[11::2, 3] = (
        A[5:15],
        A[:5],
        B.astype("f4")[::4],
        A[15:, 0],
    )
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["x"], expected)
        np.testing.assert_array_equal(mot.load({"x": file["x"]}).layer("x"), expected)
    np.testing.assert_array_equal(mot.load(path).layer("x"), expected)


def source_of(shape, name="one.h5", label="x"):
    return h5py.VirtualSource(name, label, shape)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([], "expected sources for all 80 numbers, found them for 0"),
        ([(np.s_[:], source_of((20, 4), "gone.h5"))], "expected an array, found a link to another file, 'gone.h5'"),
        (
            [(np.s_[:], source_of((20, 4), label="y"))],
            "expected all sources of a virtual dataset, found none where 'y'",
        ),
        ([(np.s_[:12], source_of((20, 4))[:12])], "expected sources for all 80 numbers, found them for 48"),
        ([(np.s_[:], source_of((30, 4))[10:])], "expected regular parts of a virtual dataset, found others of 'x'"),
        (
            [(np.s_[:], source_of((20, 4), label="unwritten"))],
            "expected numbers, found an array that was never written, in",
        ),
        (
            [(np.s_[:], source_of((20, 4), "net.h5", "x"))],
            "expected numbers, found another virtual dataset, in a source",
        ),
        ([(np.s_[:], source_of((20, 4), label="text"))], "expected real numbers, found .S4, in a source of a virtual"),
    ],
)
def test_virtual_datasets_without_all_their_sources_are_refused(tmp_path, path, sources, message):
    written(tmp_path / "one.h5", {"x": A, "text": np.full((20, 4), b"text")})
    add(tmp_path / "one.h5", lambda file: file.create_dataset("unwritten", (20, 4), "f8"))
    written(path, {"own": A})
    virtual(path, sources)
    assert_refused(path, "x", message)


def test_sources_that_overlap_leave_no_hole(tmp_path, path):
    written(tmp_path / "one.h5", {"x": A})
    written(path, {"own": A})
    virtual(path, [(np.s_[:12], source_of((20, 4))[:12]), (np.s_[4:12], source_of((20, 4))[:8])])
    with pytest.raises(ValueError, match=r"layer 'x': expected sources for all 80 numbers, found them for 48"):
        mot.load(path).layer("x")
