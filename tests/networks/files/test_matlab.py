"""MATLAB's files: both kinds of them give the same network."""

from __future__ import annotations

import struct
import zlib

import h5py
import numpy as np
import pytest
import scipy.sparse
from scipy.io import loadmat, savemat

import mot_fast as mot
from mot_fast.system import memory

RNG = np.random.default_rng(0)
CELL = np.empty((1, 2), dtype=object)
CELL[0, 0], CELL[0, 1] = np.eye(3), np.eye(2)
NUMBERS = {
    "layer10": RNG.random((20, 4)),
    "layer2": RNG.random((20, 3)).astype(np.float32),
    "layer1": RNG.random((20, 2)) > 0.5,
    "counts": RNG.integers(0, 9, (20, 5)).astype(np.int16),
    "whole": RNG.integers(0, 9, (20, 2)).astype(np.float64),  # which version 5 keeps as bytes
}
REAL = {**NUMBERS, "s": {"b": RNG.random((20, 2)), "deep": {"a": RNG.random((20, 3))}}}
LABELS = ("counts", "layer1", "layer2", "layer10", "s/b", "s/deep/a", "whole")
CLASSES = {"f8": "double", "f4": "single", "b1": "logical", "i2": "int16"}


def write_5(path, arrays):
    savemat(path, arrays)


def write_packed(path, arrays):
    savemat(path, arrays, do_compression=True)


def write_7_3(path, arrays, text=np.bytes_, **options):
    """Write a file as MATLAB does: behind its own header, by column, with the class of every array."""
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_group("#refs#")["a"] = np.zeros((2, 1))
        _fill(file, arrays, text, options)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")


def _fill(group, arrays, text, options):
    for name, values in arrays.items():
        if isinstance(values, dict):
            inner = group.create_group(name)
            inner.attrs["MATLAB_class"] = text("struct")
            _fill(inner, values, text, options)
            continue
        is_bool = values.dtype == np.bool_
        dataset = group.create_dataset(name, data=values.T.astype("u1") if is_bool else values.T, **options)
        dataset.attrs["MATLAB_class"] = text(CLASSES[values.dtype.str[1:]])


def at(arrays, label):
    for name in label.split("/"):
        arrays = arrays[name]
    return arrays


WRITERS = pytest.mark.parametrize(
    "write", [write_5, write_packed, write_7_3, lambda path, arrays: write_7_3(path, arrays, str, compression="gzip")]
)


@WRITERS
def test_both_kinds_of_file_are_the_same_network(tmp_path, write):
    path = tmp_path / "v1.mat"
    write(path, REAL)
    network = mot.load(path)
    assert (network.labels, network.name, network.n_stimuli) == (LABELS, "v1", 20)
    for label in LABELS:
        np.testing.assert_array_equal(network.layer(label), at(REAL, label))
        np.testing.assert_array_equal(network[[7, 3]].layer(label), at(REAL, label)[[7, 3]])
    expected = mot.align({label: at(REAL, label) for label in LABELS}, NUMBERS)
    assert mot.align(path, NUMBERS).layer_costs.tobytes() == expected.layer_costs.tobytes()
    assert mot.load(path, layers=["s/*", "layer10"]).labels == ("s/b", "s/deep/a", "layer10")


def test_the_oldest_files_are_read(tmp_path):
    savemat(tmp_path / "old.mat", {"x": NUMBERS["layer10"]}, format="4")
    np.testing.assert_array_equal(mot.load(tmp_path / "old.mat").layer("x"), NUMBERS["layer10"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("text", "expected a full array of real numbers, found a char of MATLAB"),
        (CELL, "expected a full array of real numbers, found a cell of MATLAB"),
        (scipy.sparse.csc_array(np.eye(20)), "expected a full array of real numbers, found a sparse matrix of MATLAB"),
        (np.zeros((1, 2), [("a", object)]), "expected a full array of real numbers, found a struct of MATLAB"),
        ({"in": "text"}, "expected a full array of real numbers, found a char of MATLAB"),
        ({"in": CELL}, "expected a full array of real numbers, found a cell of MATLAB"),
        ({"in": np.eye(20) * 1j}, "expected real numbers, found complex128"),
        (
            {"in": scipy.sparse.csc_array(np.eye(20))},
            "expected a full array of real numbers, found a sparse matrix of MATLAB",
        ),
        (np.zeros((20, 2, 2)), r"expected shape \(n_stimuli, n_units\), found \(20, 2, 2\)"),
        (np.eye(20) * 1j, "expected real numbers, found complex128"),
        ((np.eye(20) * 1j).astype("c8"), "expected real numbers, found complex64"),
        (scipy.sparse.csc_array(np.eye(20) > 0), "expected a full array of real numbers, found a sparse matrix"),
        (np.zeros((20, 0)), "expected at least one unit"),
    ],
)
def test_what_are_no_layers_is_named(tmp_path, values, message):
    savemat(tmp_path / "v1.mat", {"x": values, "own": np.eye(20)})
    with pytest.raises((TypeError, ValueError), match=rf"v1.mat, layer 'x(/in)?': {message}"):
        mot.load(tmp_path / "v1.mat")
    assert mot.load(tmp_path / "v1.mat", layers="own").labels == ("own",)


def test_what_are_no_layers_in_newer_files_is_named(tmp_path):
    path = tmp_path / "v1.mat"
    write_7_3(path, {"own": np.eye(20)})

    def add(file, name, values, kind, **attributes):
        file[name] = values
        file[name].attrs["MATLAB_class"] = np.bytes_(kind)
        for key, value in attributes.items():
            file[name].attrs[key] = value

    with h5py.File(path, "a") as file:
        add(file, "text", np.zeros((4, 1), "u2"), "char")
        add(file, "table", np.zeros((6, 1), "u4"), "table", MATLAB_object_decode=3)
        file.create_dataset("cell", (2, 1), h5py.ref_dtype).attrs["MATLAB_class"] = np.bytes_("cell")
        file["complex"] = np.zeros((2, 20), [("real", "f8"), ("imag", "f8")])
        file["complex"].attrs["MATLAB_class"] = np.bytes_("double")
        add(file, "empty", np.array([20, 0], "u8"), "double", MATLAB_empty=1)
        add(file, "rows", np.array([0, 3], "u8"), "double", MATLAB_empty=1)
        sparse = file.create_group("sparse")
        sparse["data"], sparse["ir"], sparse["jc"] = np.ones(2), np.arange(2), np.arange(3)
        sparse.attrs["MATLAB_class"], sparse.attrs["MATLAB_sparse"] = np.bytes_("double"), 20
    for label, message in (
        ("text", "expected a full array of real numbers, found a char of MATLAB"),
        ("table", "expected a full array of real numbers, found a table of MATLAB"),
        ("cell", "expected a full array of real numbers, found a cell of MATLAB"),
        ("sparse", "expected a full array of real numbers, found a sparse matrix or an object of MATLAB"),
        ("complex", "expected real numbers, found .*real"),
        ("empty", "expected at least one unit"),
    ):
        with pytest.raises((TypeError, ValueError), match=f"v1.mat, layer '{label}': {message}"):
            mot.load(path, layers=label)
    assert mot.load(path, layers="rows").layer(0).shape == (0, 3)
    assert mot.load(path, layers="own").labels == ("own",)


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(0 if kind == 15 else -len(content) % 8)


def matrix(name, kept, numbers, kind=6, shape=(2, 2), flags=0):
    """Bytes of a variable as MATLAB writes it, with any class and any stored type."""
    parts = [(6, struct.pack("<II", kind | flags, 0)), (5, struct.pack("<ii", *shape)), (1, name), (kept, numbers)]
    return element(14, b"".join(element(*part) for part in parts))


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


@pytest.mark.parametrize(
    ("kept", "kind", "flags", "expected"),
    [
        ("u1", 6, 0, [[0, 2], [1, 3]]),
        ("i4", 7, 0, [[0, 2], [1, 3]]),
        ("u2", 12, 0, [[0, 2], [1, 3]]),
        ("u1", 9, 0x200, [[0, 1], [1, 1]]),
        ("f4", 6, 0x400, [[0, 2], [1, 3]]),
    ],
)
def test_numbers_are_what_their_class_says_however_they_are_kept(tmp_path, kept, kind, flags, expected):
    code = {"u1": 2, "u2": 4, "i4": 5, "f4": 7}[kept]
    path = tmp_path / "v1.mat"
    path.write_bytes(HEADER + matrix(b"x", code, np.arange(4, dtype=kept).tobytes(), kind, flags=flags))
    np.testing.assert_array_equal(mot.load(path).layer("x"), expected)
    np.testing.assert_array_equal(loadmat(path)["x"], np.arange(4).reshape(2, 2).T)


DOUBLES = np.arange(4.0).tobytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no MATLAB", "Unknown mat file type|Mat 4 mopt wrong format|.*"),
        (HEADER + matrix(b"x", 9, DOUBLES)[:-8], r"\(it has an element that is cut off"),
        (HEADER + matrix(b"x", 9, DOUBLES)[:-4], r"\(it has an element that is cut off"),
        (HEADER + element(9, DOUBLES), r"\(it has an element of type 9 in the place of a variable"),
        (
            HEADER + element(15, zlib.compress(element(9, DOUBLES))),
            r"\(it has an element of type 9 in the place of a v",
        ),
        (HEADER + element(15, b"not packed"), r"\(Error -3 while decompressing"),
        (HEADER + element(14, element(9, DOUBLES)), r"\(it has an element of type 9 where one of 6 belongs"),
        (HEADER + 2 * matrix(b"x", 9, DOUBLES), r"\(it holds two variables of one name, 'x'"),
        (HEADER + matrix(b"x", 9, DOUBLES, shape=(-2, -2)), r"\(its shape is \(-2, -2\)"),
        (
            HEADER + matrix(b"x", 5, struct.pack("<i", 0), 2, (1, 1)),
            r"\(it has an element of type 0 where one of 1 belo",
        ),
    ],
)
def test_damaged_files_are_named(tmp_path, content, message):
    (tmp_path / "v1.mat").write_bytes(content)
    with pytest.raises(ValueError, match=f"v1.mat: expected a complete MATLAB file, found a damaged one {message}"):
        mot.load(tmp_path / "v1.mat")


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (matrix(b"x", 14, DOUBLES), "it has an element of type 14 in the place of numbers"),
        (matrix(b"x", 2**16 - 1, DOUBLES), "it has an element of type 65535 in the place of numbers"),
        (matrix(b"x", 9, DOUBLES, shape=(2**20, 2**5)), r"it has 32 bytes of numbers where shape \(1048576, 32\) says"),
        (matrix(b"x", 9, (np.arange(4.0) + 0.5).tobytes(), 9), "it has numbers that are no uint8"),
        (
            element(15, zlib.compress(matrix(b"x", 9, DOUBLES))[:-4]),
            "it unpacks to other than the 88 bytes that it says",
        ),
        (element(15, zlib.compress(matrix(b"x", 9, DOUBLES) + b"more")), "it unpacks to other than the 88 bytes"),
    ],
)
def test_damaged_variables_are_named(tmp_path, variable, message):
    (tmp_path / "v1.mat").write_bytes(HEADER + variable)
    with pytest.raises(ValueError, match=rf"v1.mat: expected a complete MATLAB file, .*layer 'x': {message}"):
        mot.load(tmp_path / "v1.mat").layer("x")


def test_structures_with_names_that_lie_are_named(tmp_path):
    savemat(tmp_path / "v1.mat", {"s": {"one": np.eye(3), "two": np.eye(3)}})
    content = (tmp_path / "v1.mat").read_bytes()
    (tmp_path / "v1.mat").write_bytes(content.replace(b"two", b"one"))
    with pytest.raises(ValueError, match=r"v1.mat: .*it has a structure with two fields of one name"):
        mot.load(tmp_path / "v1.mat")
    length = content.index(b"one\0") - 12
    (tmp_path / "v1.mat").write_bytes(content[:length] + struct.pack("<i", 7) + content[length + 4 :])
    with pytest.raises(ValueError, match=r"v1.mat: .*it has names of 7 characters in"):
        mot.load(tmp_path / "v1.mat")


def test_variables_that_are_gone_are_named(tmp_path):
    savemat(tmp_path / "v1.mat", {"s": {"one": np.eye(3)}})
    network = mot.load(tmp_path / "v1.mat")
    savemat(tmp_path / "v1.mat", {"s": {"two": np.eye(3)}})
    with pytest.raises(ValueError, match=r"v1.mat: .*layer 's/one': it is not there any more"):
        network.layer("s/one")


@pytest.mark.parametrize(
    ("values", "message"),
    [("text", "found a char of MATLAB"), (np.eye(3) * 1j, "expected real numbers, found complex128")],
)
def test_what_are_no_layers_in_the_oldest_files_is_named(tmp_path, values, message):
    savemat(tmp_path / "old.mat", {"x": values}, format="4")
    with pytest.raises(TypeError, match=rf"old.mat, layer 'x': .*{message}"):
        mot.load(tmp_path / "old.mat").layer("x")
    savemat(tmp_path / "old.mat", {"x": np.eye(3)}, format="4")
    (tmp_path / "old.mat").write_bytes(2 * (tmp_path / "old.mat").read_bytes())
    with pytest.raises(ValueError, match=r"old.mat: .*it holds two variables of one name"):
        mot.load(tmp_path / "old.mat")


def test_structures_in_structures_end(tmp_path):
    inner = {"x": np.eye(3)}
    for _ in range(101):
        inner = {"s": inner}
    savemat(tmp_path / "v1.mat", {"own": np.eye(3), **inner})
    with pytest.raises(ValueError, match=r"v1.mat: .*it has structures in more than 100 others"):
        mot.load(tmp_path / "v1.mat")


def test_arrays_that_memory_has_no_room_for_are_refused(tmp_path, monkeypatch):
    savemat(tmp_path / "v1.mat", {"x": np.ones((2000, 500))}, do_compression=True)
    network = mot.load(tmp_path / "v1.mat")
    monkeypatch.setattr(memory, "available", lambda: 2**22)
    with pytest.raises(
        ValueError, match=r"v1.mat, layer 'x': expected an array that fits into the memory that is left"
    ):
        network.layer("x")
