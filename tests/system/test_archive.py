"""Files that were tampered with are refused or make sense: they run no code, take no memory and crash nothing."""

from __future__ import annotations

import bz2
import copy
import io
import json
import os
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from mot_fast.system import archive, memory
from support.tampering import KINDS, checked_load, members_of, npy, packed


@pytest.fixture(params=KINDS)
def members(request, layers, tmp_path):
    return members_of(request.param, layers, tmp_path)


def tampered_bytes(rng, content):
    """Some bytes are others, or gone, or there twice, or somewhere else."""
    first, second, third = sorted(int(k) for k in rng.integers(0, len(content) + 1, 3))
    middle = content[first : first + int(rng.choice([1, 2, 4, 30, 500]))]
    before, after = content[:first], content[first + len(middle) :]
    choices = [
        before,
        before + after,
        before + rng.bytes(len(middle)) + middle + after,
        before + bytes(byte ^ 1 << int(rng.integers(8)) for byte in middle) + after,
        before + bytes(len(middle)) + after,
        before + b"\xff" * len(middle) + after,
        before + content[second:third] + content[first:second] + content[third:],
        content[:second] + middle + content[second + len(middle) :],
        content[second:] + content[:first],
    ]
    return choices[rng.integers(len(choices))]


def test_bytes_may_be_others_or_elsewhere(members, tmp_path):
    rng = np.random.default_rng(0)
    content = packed(members)
    directory, n_refused = content.index(b"PK\1\2"), 0
    for k in range(120):
        parts = [content[:directory], content[directory:]]
        parts[k % 2] = tampered_bytes(rng, parts[k % 2])  # the directory is short, yet decides most
        n_refused += checked_load(tmp_path / "run.mot", b"".join(parts)) is None
    assert n_refused > 100


def test_members_may_be_missing_or_others(members, tmp_path):
    rng = np.random.default_rng(1)
    names = ["x.npy", "x.txt", "rotation.npy", "../mass.npy", "/mass.npy", "HEADER.JSON", ".npy", "a/"]
    for _ in range(80):
        items = [list(item) for item in members.items()]
        one, other = (items[k] for k in rng.choice(len(items), 2, replace=False))
        match rng.integers(8):
            case 0:
                items.remove(one)
            case 1:
                items.append([one[0], other[1]])
            case 2:
                one[1], other[1] = other[1], one[1]
            case 3:
                one[0] = [*names, other[0]][rng.integers(len(names) + 1)]
            case 4:
                items.append([names[rng.integers(len(names))], one[1]])
            case 5:
                one[1] = one[1][: rng.integers(len(one[1]))]
            case 6:
                one[1] += other[1]
            case 7:
                rng.shuffle(items)
        has_same_arrays = dict(items) == members and len(items) == len(members)
        assert (checked_load(tmp_path / "run.mot", packed(items)) is not None) == has_same_arrays, items


LIES = [(size, lie) for size in ("file_size", "compress_size", "header_offset") for lie in (1, 7, 2**31, 2**33, 2**62)]
LIES += [("compress_type", 0), ("compress_type", 12), ("compress_type", 14), ("compress_type", 99), ("CRC", 0)]
LIES += [("flag_bits", 1), ("flag_bits", 64), ("flag_bits", 2**11), ("flag_bits", 2**16 - 1), ("extra", b"\1\0")]
LIES += [("extra", b"\1\0\x08\0" + b"\xff" * 8), ("filename", "Mass.npy"), ("filename", "\xe9.npy"), ("filename", "x")]


def test_the_directory_may_lie(members, tmp_path):
    rng = np.random.default_rng(2)
    for field, lie in LIES:
        k = rng.integers(len(members))
        content = packed(members, lambda whole, change=(field, lie), k=k: setattr(whole.filelist[k], *change))
        is_harmless = field in ("compress_size", "extra", "flag_bits")
        assert checked_load(tmp_path / "run.mot", content) is None or is_harmless, (field, lie)


class MakesFolder:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_loading_executes_no_code(members, tmp_path):
    stream = io.BytesIO()
    np.save(stream, np.array([MakesFolder(str(tmp_path / "made"))], dtype=object), allow_pickle=True)
    np.load(io.BytesIO(stream.getvalue()), allow_pickle=True)
    (tmp_path / "made").rmdir()  # it was there: this object is one to beware of
    call = f"__import__('os').mkdir({str(tmp_path / 'made')!r})"
    contents = [stream.getvalue(), stream.getvalue()[128:], npy(call), npy(shape=call), call.encode()]
    for name in [*members, "x.npy", "x.pkl", "__init__.py"]:
        for content in contents:
            assert checked_load(tmp_path / "run.mot", packed({**members, name: content})) is None
    assert not (tmp_path / "made").exists()


def deflated(head, mebibytes, byte=b"\0"):
    """A stream that goes on with one byte for so long, without the work of deflating it."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = deflate.compress(head) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(byte * 2**20) + deflate.flush(zlib.Z_FULL_FLUSH)
    return start + block * mebibytes + deflate.flush()


def with_stream(members, name, stream, n_bytes, method=zipfile.ZIP_DEFLATED):
    """An archive one of whose members is this compressed stream, said to be of so many bytes."""

    def claim(whole):
        whole.writestr(name, stream, zipfile.ZIP_STORED)
        whole.filelist[-1].compress_type, whole.filelist[-1].file_size = method, n_bytes

    return packed([item for item in members.items() if item[0] != name], claim)


def overlapping(members):
    """An archive that says to hold one stream a thousand times."""

    def repeat(whole):
        for k in range(1000):
            whole.filelist.append(copy.copy(whole.getinfo("u.npy")))
            whole.filelist[-1].filename, whole.filelist[-1].file_size = f"u{k}.npy", 2**24

    return packed(members, repeat)


LOAD_ALL = """
import json, pathlib, sys
import mot_fast as mot

peak = lambda: int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
mot.Alignment.load(sys.argv[1])
before = peak()
for path in sys.argv[2:]:
    try:
        mot.Alignment.load(path)
    except ValueError as error:
        print(json.dumps([str(error), peak() - before]))
"""


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a process's peak memory is read from there")
def test_bombs_are_refused_before_they_are_unpacked(layers, tmp_path):
    members = members_of("plain", layers, tmp_path)
    zeros = deflated(npy(shape=f"({2**27},)"), 1024)
    bombs = {
        "it says to hold 1 GiB in": with_stream(members, "u.npy", zeros, 2**30 + 128),
        "it says to hold 0.5 GiB in": with_stream(members, "header.json", deflated(b"{", 512, b" "), 2**29 + 1),
        "it says to hold 15.6 GiB in": overlapping(members),
        "'u.npy' says to have shape (1000000000000,)": packed({**members, "u.npy": npy(shape=f"({10**12},)")}),
        "its header is too large": packed({**members, "header.json": b" " * (3 * 2**20)}),
        "its header is [{}, ": packed({**members, "header.json": b"[{}" + b",{}" * 699_000 + b"]"}),
        "Bad CRC-32 for file 'u.npy'": with_stream(members, "u.npy", zeros, 1000),
        "Bad CRC-32 for file 'v.npy'": with_stream(members, "v.npy", deflated(b"\x93NUMPY\2\0" + b"\xff" * 4, 999), 99),
        "Bad CRC-32 for file 'header.json'": with_stream(members, "header.json", deflated(b"{", 1024, b" "), 1000),
        "'u.npy' is compressed in another": with_stream(members, "u.npy", bz2.compress(bytes(2**28)), 1000, 12),
    }
    for k, content in enumerate(bombs.values()):
        (tmp_path / f"{k}.mot").write_bytes(content)
    paths = [tmp_path / "whole.mot", *(tmp_path / f"{k}.mot" for k in range(len(bombs)))]
    result = subprocess.run([sys.executable, "-c", LOAD_ALL, *paths], capture_output=True, encoding="utf-8", check=True)
    for line, reason in zip(result.stdout.splitlines(), bombs, strict=True):
        message, mebibytes = json.loads(line)
        assert f".mot: expected a complete .mot file, found none ({reason}" in message
        assert mebibytes < 64, reason


def test_archives_that_are_not_whole_are_refused(tmp_path, monkeypatch):
    header = {"header.json": json.dumps({"format": "some", "version": 1}).encode()}
    short = packed({**header, "a.npy": bytes(2**20)}, lambda whole: setattr(whole.filelist[-1], "file_size", 2_000_000))
    contents = {
        "it holds two members of one name": packed([*header.items(), ("a.npy", b""), ("a.npy", b"")]),
        "it lacks 'header.json'": packed({"a.npy": b""}),
        "its header lacks 'version'": packed({"header.json": b'{"format": "some"}'}),
        "'a.npy' holds 1048576 bytes instead of 2000000": short,
    }
    for message, content in contents.items():
        (tmp_path / "run").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            archive.read(tmp_path / "run", "some", 1)
    monkeypatch.setattr(memory, "available", lambda: 2**20)
    with pytest.raises(MemoryError, match=r"it needs 1.91 MiB of memory, and 1 MiB are left"):
        archive.read(tmp_path / "run", "some", 1)


def test_whatever_is_written_can_be_read(tmp_path):
    """An archive that would look like a bomb is not compressed."""
    zeros = {"one": np.zeros((2**19, 3)), "two": np.arange(6.0).reshape(2, 3).T}
    archive.write(tmp_path / "run", {"format": "zeros", "version": 1}, zeros)
    assert (tmp_path / "run").stat().st_size > zeros["one"].nbytes
    _, arrays = archive.read(tmp_path / "run", "zeros", 1)
    for name, values in zeros.items():
        np.testing.assert_array_equal(arrays[name], values)
    with pytest.raises(ValueError, match="run: expected names that take 2 MiB at most, found 3 MiB"):
        archive.write(tmp_path / "run", {"format": " " * 3 * 2**20}, {})
