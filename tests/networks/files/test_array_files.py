"""Files of arrays that say one thing here and another there, or hold more than arrays."""

from __future__ import annotations

import io
import os
import runpy
import struct
import sys
import time
import zipfile
import zlib

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file

import mot_fast as mot
from mot_fast.networks.files import checksum, mapped_array
from support import array_damage
from support.tampering import npy, packed


@pytest.fixture
def values(rng):
    return rng.random((20, 4))


def write_npz(path, members, packing=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def assert_refused(path, message):
    with pytest.raises(ValueError, match=rf"{path.name}: expected a complete .*{message}"):
        mot.load(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("shape", ["(21, 4)", "(19, 4)", "(20, 5)", "(-20, -4)"])
def test_a_member_holds_what_its_header_says(tmp_path, values, packing, shape):
    members = {"x.npy": npy(shape=shape, numbers=values.tobytes()), "y.npy": npy(shape="(99, 4)", numbers=bytes(3168))}
    assert_refused(
        write_npz(tmp_path / "a.npz", members, packing), r"its (member 'x.npy' has the header|shape is \(-20)"
    )


@pytest.mark.parametrize("shape", ["(21, 4)", "(19, 4)", "(0, 4)", "(-20, -4)"])
def test_an_npy_file_holds_what_its_header_says(tmp_path, values, shape):
    (tmp_path / "x.npy").write_bytes(npy(shape=shape, numbers=values.tobytes()))
    with pytest.raises(ValueError, match=r"x.npy: expected a complete .npy file, .*its (header, .* asks for|shape is)"):
        mot.load(tmp_path)


@pytest.mark.parametrize("kind", ["plain", "zip64", "streamed", "prefixed", "by columns", "packed", "no stimuli"])
def test_archives_are_read_however_they_were_written(tmp_path, values, kind):
    stream, path = io.BytesIO(b"#!/bin/sh\n" if kind == "prefixed" else b""), tmp_path / "a.npz"
    stream.seek(0, 2)
    if kind == "by columns":
        values = np.asfortranarray(values)
    elif kind == "no stimuli":
        values = values[:0]
    if kind == "streamed":
        stream.seekable = lambda: False
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA if kind == "packed" else zipfile.ZIP_STORED) as archive:
        for label in ("x", "y"):
            with archive.open(f"{label}.npy", "w", force_zip64=kind == "zip64") as member:
                np.save(member, values)
    path.write_bytes(stream.getvalue())
    network = mot.load(path)
    for label in ("x", "y"):
        np.testing.assert_array_equal(network.layer(label), values)


def altered(content, at, new):
    return content[:at] + new + content[at + len(new) :]


@pytest.mark.parametrize("lie", ["crc", "packed size", "size", "method", "encrypted", "signature", "place"])
def test_local_headers_say_what_the_directory_says(tmp_path, values, lie):
    path = write_npz(tmp_path / "a.npz", {"x.npy": npy(shape="(20, 4)", numbers=values.tobytes())})
    content = path.read_bytes()
    central = content.rindex(b"PK\1\2")
    at, new = {
        "crc": (14, b"\1\2\3\4"),
        "packed size": (18, struct.pack("<L", 100)),
        "size": (22, struct.pack("<L", 100)),
        "method": (8, b"\x08"),
        "encrypted": (6, b"\1"),
        "signature": (0, b"QK"),
        "place": (central + 42, struct.pack("<L", 2**20)),
    }[lie]
    path.write_bytes(altered(content, at, new))
    with pytest.raises(ValueError, match=r"a\.npz: expected a complete .npz file, found a damaged one"):
        mot.load(path)


def test_members_do_not_share_bytes(tmp_path, values):
    inner = npy(shape="(20, 4)", numbers=values.tobytes())
    path = write_npz(tmp_path / "a.npz", {"x.npy": inner, "y.npy": inner})
    content = path.read_bytes()
    first, second = (content.index(b"PK\1\2", at) for at in (0, content.index(b"PK\1\2") + 1))
    path.write_bytes(altered(content, second + 42, content[first + 42 : first + 46]))
    assert_refused(path, "its member 'y.npy' lies where another does")
    # The first member is said to be longer, in the directory and in its own header, and to hold the second one.
    longer = struct.pack("<2L", *[len(inner) + 40] * 2)
    path.write_bytes(altered(altered(content, first + 20, longer), 18, longer))
    assert_refused(path, "its member 'x.npy' .*reaches into the next")


def test_names_stand_once_in_an_archive(tmp_path, values):
    inner = npy(shape="(20, 4)", numbers=values.tobytes())
    assert_refused(write_npz(tmp_path / "a.npz", {"x.npy": inner, "x": inner}), "two members 'x'")
    (tmp_path / "b.npz").write_bytes(packed([("x.npy", inner), ("x.npy", inner)]))
    assert_refused(tmp_path / "b.npz", "two members 'x'")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_bit_that_flipped_is_noticed(tmp_path, rng, save):
    values = rng.random((200, 40))
    save(tmp_path / "a.npz", x=values, y=values)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[len(content) // 4] ^= 0x10
    (tmp_path / "a.npz").write_bytes(content)
    network = mot.load(tmp_path / "a.npz")
    for read in (lambda: network.layer("x"), lambda: network[50:].read("x"), lambda: mot.align(network, network)):
        with pytest.raises(
            ValueError, match=r"a\.npz: expected a complete .npz file, .*(its member 'x.npy' was|CRC|decom)"
        ):
            read()
    np.testing.assert_array_equal(network.layer("y"), values)


def test_few_stimuli_do_not_cost_the_checksum_of_all(tmp_path, values, monkeypatch):
    np.savez(tmp_path / "a.npz", x=values)
    monkeypatch.setattr(mapped_array.MappedArray, "check", lambda _: pytest.fail("the whole layer was read"))
    network = mot.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(network[:9].layer("x"), values[:9])
    with pytest.raises(pytest.fail.Exception, match="the whole layer was read"):
        network[:10].layer("x")


def test_a_checksum_is_taken_once_of_each_state_of_a_file(tmp_path, rng, monkeypatch):
    path, values, sums, real = tmp_path / "a.npz", rng.random((200, 40)), [], checksum.crc32
    monkeypatch.setattr(checksum, "crc32", lambda part, found: sums.append(len(part)) or real(part, found))
    np.savez(path, x=values)
    later = time.time() + 10
    monkeypatch.setattr(checksum.time, "time", lambda: later)
    for _ in range(3):
        mot.load(path).layer("x")
    assert sums == [values.nbytes + 128]
    content = path.read_bytes()
    path.write_bytes(altered(content, content.index(values[-1].tobytes()), bytes(16)))
    os.utime(path, (1, 1))  # whoever alters it may set the clock back
    with pytest.raises(ValueError, match=r"its member 'x.npy' was altered since it was written"):
        mot.load(path).layer("x")


@pytest.mark.parametrize("has_isal", [True, False])
def test_checksums_are_the_archive_s_with_isal_and_without(tmp_path, rng, monkeypatch, has_isal):
    if has_isal:
        assert checksum.crc32 is pytest.importorskip("isal.isal_zlib").crc32
    else:
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    without = runpy.run_path(checksum.__file__)["crc32"]
    assert (without is zlib.crc32) != has_isal
    monkeypatch.setattr(checksum, "crc32", without)
    values = rng.random((700_000, 1))  # more than one piece
    np.savez(tmp_path / "a.npz", x=values)
    np.testing.assert_array_equal(mot.load(tmp_path / "a.npz").layer("x"), values)


@pytest.mark.parametrize(
    "dtype", ["<f8", ">f8", "f4", "f2", "i1", ">i2", "u8", "?", "longdouble", "c8", "O", "V2", "U3", "M8[s]", "a", "F8"]
)
@pytest.mark.parametrize("place", ["folder", "npz", "packed npz"])
def test_types_in_numpys_files_are_read_or_named(tmp_path, dtype, place):
    kind = {"a": [("a", "f4")], "F8": ml_dtypes.float8_e5m2}.get(dtype, dtype)
    values = np.arange(24).reshape(6, 4).astype("?" if dtype == "?" else "f4").astype(kind)
    if place == "folder":
        np.save(tmp_path / "x.npy", values)
        path = tmp_path
    else:
        path = tmp_path / "a.npz"
        (np.savez if place == "npz" else np.savez_compressed)(path, x=values)
    if dtype in ("longdouble", "c8", "O", "V2", "U3", "M8[s]", "a", "F8"):
        message = "expected real numbers, found|expected float16, float32 or float64|holds Python objects|valid dtype"
        with pytest.raises((TypeError, ValueError), match=message):
            mot.load(path).layer("x")
    else:
        np.testing.assert_array_equal(mot.load(path).layer("x"), values)


@pytest.mark.parametrize("shape", [(), (4,), (3, 2, 2), (3, 0)])
def test_other_shapes_in_numpys_files_are_named(tmp_path, shape):
    np.savez(tmp_path / "a.npz", x=np.zeros(shape))
    with pytest.raises(
        ValueError, match=r"a\.npz, layer 'x': expected (shape \(n_stimuli, n_units\)|at least one unit)"
    ):
        mot.load(tmp_path / "a.npz")


def test_what_finders_leave_is_passed_over(tmp_path, values):
    inner = npy(shape="(20, 4)", numbers=values.tobytes())
    strays = [
        "__MACOSX/._x.npy",
        "._x.npy",
        ".DS_Store",
        "sub/.DS_Store",
        ".ipynb_checkpoints/x-checkpoint.npy",
        "sub/",
    ]
    path = write_npz(tmp_path / "a.npz", {"x.npy": inner, **dict.fromkeys(strays, b"\0\5\26\7"), ".own.npy": inner})
    assert mot.load(path).labels == ("x", ".own")  # a name that begins with a dot is somebody's choice all the same
    folder = tmp_path / "net"
    (folder / "sub").mkdir(parents=True)
    (folder / "x.npy").write_bytes(inner)
    for name in ("._x.npy", ".x.npy", ".DS_Store", "notes.txt"):
        (folder / name).write_bytes(b"\0\5\26\7")
    assert mot.load(folder).labels == ("x",)
    assert_refused(write_npz(tmp_path / "b.npz", dict.fromkeys(strays, b"")), "it holds no array")
    (folder / "x.npy").unlink()
    with pytest.raises(
        ValueError, match=r"net: expected a folder of .npy files, found none in it; 'sub' in it may be a"
    ):
        mot.load(folder)
    (folder / "config.json").touch()
    with pytest.raises(ValueError, match=r"found none in it; it has the config.json of a model, whose .* extract rec"):
        mot.load(folder)


def test_pipes_and_folders_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"a\.npz: expected a .npz, .*, found neither a file nor a folder"):
        mot.load(tmp_path / "a.npz")
    (tmp_path / "net").mkdir()
    os.mkfifo(tmp_path / "net" / "x.npy")
    with pytest.raises(ValueError, match=r"x\.npy: expected a complete .npy file, .*it is no regular file"):
        mot.load(tmp_path / "net")


def read_npz(path):
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


@pytest.mark.parametrize(
    ("make", "name", "oracle"),
    [
        (array_damage.an_npz, "net.npz", read_npz),
        (array_damage.a_safetensors, "net.safetensors", load_file),
        (array_damage.an_npy, "layer.npy", lambda path: {"layer": np.load(path / "layer.npy", allow_pickle=False)}),
    ],
)
def test_damaged_files_are_refused_or_are_what_they_say(tmp_path, make, name, oracle):
    rng, n_read = np.random.default_rng(8), 0
    for _ in range(80):
        (tmp_path / name).write_bytes(array_damage.damaged(make(rng), rng))
        path = tmp_path if name == "layer.npy" else tmp_path / name
        n_read += array_damage.outcome(path, oracle) is not None
    assert 0 < n_read < 80


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_that_are_called_as_strays_are_layers(tmp_path, values, save):
    save(tmp_path / "a.npz", **{"._x": values, "__MACOSX/y": values + 1, "z": values + 2})
    network = mot.load(tmp_path / "a.npz")
    assert set(network.labels) == {"._x", "__MACOSX/y", "z"}
    np.testing.assert_array_equal(network.layer("__MACOSX/y"), values + 1)


def test_suffixes_may_be_in_capitals(tmp_path, values):
    with (tmp_path / "A.NPZ").open("wb") as file:
        np.savez(file, x=values)
    np.testing.assert_array_equal(mot.load(tmp_path / "A.NPZ").layer("x"), values)
