"""HDF5 files: types, places of numbers, and what was never written."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import mot_fast as mot
from mot_fast.system import memory
from support.hdf5_files import RNG, A, B, add, assert_refused, raw, written


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.h5"


@pytest.mark.parametrize("order", ["LE", "BE"])
@pytest.mark.parametrize(("precision", "offset", "sign"), [(12, 0, "I"), (12, 3, "I"), (9, 7, "U"), (16, 0, "I")])
def test_integers_of_any_precision_are_what_hdf5_says(path, order, precision, offset, sign):
    kind = getattr(h5py.h5t, f"STD_{sign}16{order}").copy()
    kind.set_precision(precision)
    kind.set_offset(offset)
    values = np.arange(80, dtype="i2").reshape(20, 4) - (40 if sign == "I" else 0)
    raw(path, "adc", kind, values)
    np.testing.assert_array_equal(mot.load(path).layer(0), values)


def test_floats_of_any_precision_are_what_hdf5_says(path):
    values = RNG.integers(-100, 100, (20, 4)).astype(np.float32) / 8
    brain = h5py.h5t.IEEE_F32LE.copy()  # bfloat16: sign, 8 bits of exponent, 7 of mantissa
    brain.set_fields(15, 7, 8, 0, 7)
    brain.set_size(2)
    brain.set_ebias(127)
    raw(path, "brain", brain, values)
    raw(path, "half", h5py.h5t.IEEE_F16BE, values)
    raw(path, "double", h5py.h5t.IEEE_F64BE, values)
    network = mot.load(path)
    assert network.labels == ("brain", "double", "half")
    for label in network.labels:
        np.testing.assert_array_equal(network.layer(label), values)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (h5py.h5t.STD_B8LE, np.zeros((20, 4), "u1"), "found bit fields"),
        (
            h5py.h5t.py_create(h5py.enum_dtype({"A": 0, "B": 1}), logical=True),
            np.zeros((20, 4), "i8"),
            "found codes of an enumer",
        ),
        (h5py.h5t.UNIX_D32LE, None, "found a type that numpy lacks"),
        (h5py.h5t.C_S1, None, "found .S1"),
        (h5py.h5t.py_create(np.dtype("c16")), None, "found complex128"),
        (h5py.h5t.py_create(np.dtype([("a", "f8")])), None, "found .*'a'"),
        (h5py.h5t.py_create(np.dtype(("f8", (3,)))), None, "found .*'<f8'"),
        (h5py.h5t.STD_REF_OBJ, None, "found object"),
        (h5py.h5t.py_create(h5py.string_dtype(), logical=True), None, "found object"),
    ],
)
def test_what_are_no_numbers_is_named(path, kind, values, message):
    written(path, {"own": A})
    with h5py.File(path, "a") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_layout(h5py.h5d.COMPACT)
        dataset = h5py.h5d.create(file.id, b"x", kind, h5py.h5s.create_simple((20, 4)), made)
        if values is not None:
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values, kind)
    with pytest.raises(TypeError, match=f"net.h5, layer 'x': expected real numbers, {message}"):
        mot.load(path)
    assert mot.load(path, layers="own").labels == ("own",)


def test_booleans_are_true_or_false(path):
    written(path, {"x": A > 0.5})
    np.testing.assert_array_equal(mot.load(path).layer("x"), A > 0.5)
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        content[file["x"].id.get_offset()] = 7
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"layer 'x': it has booleans that are neither true nor false"):
        mot.load(path).layer("x")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((), r"expected shape \(n_stimuli, n_units\), found \(\)"),
        ((4,), r"expected shape \(n_stimuli, n_units\), found \(4,\)"),
        ((4, 2, 2), r"expected shape \(n_stimuli, n_units\), found \(4, 2, 2\)"),
        ((4, 0), "expected at least one unit"),
        (None, "expected shape .* found an array that is empty and has no shape"),
    ],
)
def test_other_shapes_are_named(path, shape, message):
    written(path, {"own": A, "x": h5py.Empty("f8") if shape is None else np.zeros(shape)})
    assert_refused(path, "x", message)
    with h5py.File(path) as file, pytest.raises(ValueError, match=f"layer 'x': {message}"):
        mot.load({"x": file["x"]})


def test_empty_arrays_of_h5py_are_named():
    with pytest.raises(ValueError, match=r"layer 'x': expected shape .*, found an array of h5py that is empty"):
        mot.load({"x": h5py.Empty("f8")})


def test_open_files_are_mappings(path):
    with h5py.File(written(path, {"own": A, "g/x": B})) as file:
        network = mot.load(file, layers="own")
        np.testing.assert_array_equal(network.layer("own"), A)
        with pytest.raises(
            ValueError, match=r"layer 'g': expected an array, found a Group of h5py; a whole file is loade"
        ):
            mot.load(file)
        in_memory = h5py.File("memory", "w", driver="core", backing_store=False)
        in_memory["x"] = B
        np.testing.assert_array_equal(mot.load(in_memory).layer("x"), B)
        in_memory.close()
    with pytest.raises(ValueError, match="layer 'own': expected an array of numbers, found Dataset"):
        network.layer("own")


@pytest.mark.parametrize("userblock_size", [0, 2048])
def test_numbers_are_read_wherever_they_lie(path, userblock_size):
    with h5py.File(path, "w", userblock_size=userblock_size) as file:
        file["whole"] = A
        file.create_dataset("chunks", data=A, chunks=(7, 3))
        file.create_dataset("packed", data=A, compression="gzip", shuffle=True, fletcher32=True)
        file["none"] = A[:0]
        file["turned"] = A.astype(">f4")
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_layout(h5py.h5d.COMPACT)
        file.create_dataset("compact", data=A, dcpl=made)
    network = mot.load(path, layers=["whole", "chunks", "packed", "compact", "turned"])
    is_mapped = [isinstance(layer.read(), np.memmap) for layer in network.layers]
    assert is_mapped == [True, False, False, False, True]
    for label in network.labels:
        expected = A.astype("f4") if label == "turned" else A
        np.testing.assert_array_equal(network.layer(label), expected)
        np.testing.assert_array_equal(network[::3].layer(label), expected[::3])
    assert mot.load(path, layers="none").layer(0).shape == (0, 4)


def test_a_file_that_is_written_again_is_read_where_its_numbers_are_now(path):
    network = mot.load(written(path, {"x": A}))
    written(path, {"before": np.zeros((50, 50)), "x": 2 * A})
    np.testing.assert_array_equal(network.layer("x"), 2 * A)
    written(path, {"x": A[:5]})
    with pytest.raises(ValueError, match=r"layer 'x': expected shape \(20, 4\) as before, found \(5, 4\)"):
        network.layer("x")
    written(path, {"y": A})
    with pytest.raises(ValueError, match=r"net.h5, layer 'x': expected an array, found a link that leads nowhere"):
        network.layer("x")


def test_what_was_never_written_is_no_numbers(path):
    written(path, {"own": A})
    add(path, lambda file: file.create_dataset("x", (20, 4), "f8"))
    assert_refused(path, "x", "expected numbers, found an array that was never written")
    with (
        h5py.File(path) as file,
        pytest.raises(ValueError, match=r"layer 'x': expected numbers, found an array that was"),
    ):
        mot.load({"x": file["x"]})

    def in_part(file):
        del file["x"]
        file.create_dataset("x", (20, 4), "f8", chunks=(4, 4), fillvalue=1.0)[4:12] = 2
        file.create_dataset("zeros", data=np.zeros((20, 4)), chunks=(4, 4))

    add(path, in_part)
    assert_refused(path, "x", "expected numbers in all of its 5 chunks, found 2 that were ever written")
    assert mot.load(path, layers="zeros").layer(0).sum() == 0


def test_numbers_in_files_of_other_kinds_are_refused(tmp_path, path):
    written(path, {"own": A})
    A.tofile(tmp_path / "numbers.raw")
    add(path, lambda file: file.create_dataset("x", (20, 4), "f8", external=[("numbers.raw", 0, A.nbytes)]))
    assert_refused(
        path, "x", "expected numbers in an HDF5 file, found an array whose numbers are in another, 'numbers.raw'"
    )


def test_filters_that_are_missing_are_named(path):
    written(path, {"own": A})
    with h5py.File(path, "a") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((20, 4))
        made.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, (1,))
        dataset = h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((20, 4)), made)
        dataset.write_direct_chunk((0, 0), A.tobytes())
    assert_refused(
        path, "x", r"expected filters that the HDF5 library here has, found 32999 \(.*\): put the folder of its plugin"
    )


@pytest.mark.parametrize("name", ["net.nwb", "net.nc", "net.mat", "net"])
@pytest.mark.parametrize("userblock_size", [0, 512])
def test_hdf5_is_known_by_what_it_holds(tmp_path, name, userblock_size):
    written(tmp_path / name, {"x": A}, userblock_size=userblock_size)
    np.testing.assert_array_equal(mot.load(tmp_path / name).layer("x"), A)


def test_what_has_its_suffix_and_is_none_is_named(path):
    path.write_text("no HDF5")
    with pytest.raises(ValueError, match=r"net.h5: expected a complete HDF5 file, found a damaged one \(.*signature"):
        mot.load(path)


def test_arrays_that_memory_has_no_room_for_are_refused(path, monkeypatch):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.ones((2000, 500)), compression="gzip")
    network = mot.load(path)
    monkeypatch.setattr(memory, "available", lambda: 2**22)
    message = (
        r"net.h5, layer 'x': expected an array that fits into the memory that is left, 4 MiB, found 7.63 MiB, shape \(2"
    )
    with pytest.raises(ValueError, match=message):
        network.layer("x")
