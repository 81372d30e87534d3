"""Compressed members of `.npz` files: read fast where nothing is wrong, and else as `zipfile` reads them."""

from __future__ import annotations

import io
import runpy
import sys
import zipfile
import zlib

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.networks.files import deflated, numpy_files
from support.tampering import npy

KINDS = {
    "recorded": lambda rng: rng.standard_normal((900, 100)).astype(np.float16),
    "no pattern": lambda rng: rng.integers(0, 2**53, (300, 100)).view(np.float64),
    "zeros": lambda _: np.zeros((3000, 100)),
    "few": lambda rng: rng.random((3, 2)),
    "no stimuli": lambda _: np.zeros((0, 4)),
    "by columns": lambda rng: np.asfortranarray(rng.random((200, 90))),
}


@pytest.fixture(params=["isal", "zlib"])
def library(request, monkeypatch):
    """The library that inflates."""
    make = pytest.importorskip("isal.isal_zlib").decompressobj if request.param == "isal" else zlib.decompressobj
    monkeypatch.setattr(deflated, "decompressobj", make)
    return request.param


@pytest.fixture
def without_zipfile(monkeypatch):
    """Loads a network whose layers must be read without `zipfile`."""

    def load(path):
        network = mot.load(path)
        monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("zipfile reads the member"))
        return network

    return load


def test_isal_inflates_where_it_is_installed(monkeypatch):
    assert deflated.decompressobj is pytest.importorskip("isal.isal_zlib").decompressobj
    monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    assert runpy.run_path(deflated.__file__)["decompressobj"] is zlib.decompressobj


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_those_that_were_written(tmp_path, rng, without_zipfile, kind, level):
    values = KINDS[kind](rng)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for label in "xy":
            with archive.open(f"{label}.npy", "w") as member:
                np.save(member, values)
    network = without_zipfile(tmp_path / "a.npz")
    for label in "xy":
        found = network.layer(label)
        np.testing.assert_array_equal(found, values)
        assert found.dtype == values.dtype


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("kind", ["zip64", "streamed", "prefixed"])
def test_members_are_found_however_the_archive_was_written(tmp_path, rng, without_zipfile, kind):
    values, stream = rng.random((200, 40)), io.BytesIO(b"#!/bin/sh\n" if kind == "prefixed" else b"")
    stream.seek(0, 2)
    if kind == "streamed":
        stream.seekable = lambda: False
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=kind == "zip64") as member,
    ):
        np.save(member, values)
    (tmp_path / "a.npz").write_bytes(stream.getvalue())
    np.testing.assert_array_equal(without_zipfile(tmp_path / "a.npz").layer("x"), values)


@pytest.fixture
def damaged(tmp_path, rng):
    """Writes a layer that is loaded before its file is damaged."""

    def write(damage):
        path = tmp_path / "a.npz"
        np.savez_compressed(path, x=rng.standard_normal((300, 20)).astype(np.float32), y=np.zeros((300, 3)))
        network = mot.load(path)
        path.write_bytes(damage(bytearray(path.read_bytes())))
        return network

    return write


def message_of(network):
    try:
        network.layer("x")
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.usefixtures("library")
def test_what_is_wrong_is_said_as_zipfile_says_it(damaged, monkeypatch):
    messages = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)

        def flip(content, rng=rng):
            content[rng.integers(0, len(content) if rng.random() < 0.3 else 20000)] ^= 1 << rng.integers(8)
            return content

        network = damaged(flip)
        found = message_of(network)
        with monkeypatch.context() as patched:
            patched.setattr(numpy_files, "inflated", lambda *_: iter(()))
            assert message_of(network) == found
        messages.add(found)
    assert any("Bad CRC-32 for file 'x.npy'" in str(message) for message in messages)
    assert any("while decompressing" in str(message) for message in messages)


@pytest.mark.usefixtures("library")
def test_a_checksum_in_both_headers_is_compared(damaged):
    def lie(content):
        for signature, place in ((b"PK\3\4", 14), (b"PK\1\2", 16)):
            content[content.index(signature) + place] ^= 1
        return content

    with pytest.raises(ValueError, match=r"a\.npz: expected a complete .npz file, .*Bad CRC-32 for file 'x.npy'"):
        damaged(lie).layer("x")


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("shape", "n_numbers", "message"),
    [
        ("(20, 4)", 80, None),
        ("(21, 4)", 84, "another than when it was loaded"),
        ("(20, 4)", 79, "its member 'x.npy' ends early"),
        ("(20, 4)", 81, "its member 'x.npy' has bytes behind its numbers"),
    ],
)
def test_an_archive_that_was_replaced_is_read_or_refused(tmp_path, rng, shape, n_numbers, message):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=rng.random((20, 4)))
    network, numbers = mot.load(path), rng.random(n_numbers)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("other.npy", b"1234")
        archive.writestr("x.npy", npy(shape=shape, numbers=numbers.tobytes()))
    if message is None:
        np.testing.assert_array_equal(network.layer("x"), numbers.reshape(20, 4))
    else:
        with pytest.raises(ValueError, match=rf"a\.npz: expected a complete .npz file, .*{message}"):
            network.layer("x")


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("n_bytes", [0, 1, 100, 65536, 65537, 500_000])
def test_pieces_make_up_the_content(rng, n_bytes):
    for content in (rng.bytes(n_bytes), bytes(n_bytes)):
        packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(content) + packer.flush()
        file = io.BytesIO(packed + b"the next member")
        assert b"".join(deflated.inflated(file, len(packed), zlib.crc32(content))) == content
        with pytest.raises(ValueError, match="its checksum is"):
            list(deflated.inflated(io.BytesIO(packed), len(packed), zlib.crc32(content) ^ 1))
        with pytest.raises(ValueError, match="the compressed bytes end early"):
            list(deflated.inflated(io.BytesIO(packed), len(packed) - 1, zlib.crc32(content)))
