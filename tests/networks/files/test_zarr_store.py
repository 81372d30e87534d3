"""Zarr groups: what is in their folders, which codecs are let near it, and chunks that are not there."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
import zarr

import mot_fast as mot
from mot_fast.system import memory

RNG = np.random.default_rng(0)
A, B = RNG.random((20, 4)), RNG.random((20, 3))
FORMATS = pytest.mark.parametrize("version", [2, 3])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.zarr"


def written(path, arrays, version=3, **options):
    group = zarr.open_group(path, mode="w", zarr_format=version)
    for label, values in arrays.items():
        group.create_array(label, data=values, **options)
    return path


def metadata(path, label, change):
    """Change the metadata of an array."""
    for name in (".zarray", "zarr.json"):
        file = path / label / name
        if file.exists():
            found = json.loads(file.read_text())
            change(found)
            file.write_text(json.dumps(found))


def set_to(*keys):
    *way, last, value = keys

    def change(found):
        for key in way:
            found = found[key]
        found[last] = value

    return change


def assert_refused(path, label, message, error=ValueError):
    with pytest.raises(error, match=rf"net.zarr.*layer '{label}': {message}"):
        mot.load(path)
    assert mot.load(path, layers="own").labels == ("own",)


@FORMATS
def test_consolidated_metadata_are_no_evidence(path, version):
    written(path, {"l0": A, "l2": A, "g/l1": A}, version)
    with pytest.warns(UserWarning, match="Consolidated") if version == 3 else np.errstate():
        zarr.consolidate_metadata(path)
    zarr.open_group(path, mode="a", use_consolidated=False).create_array("l10", data=B)
    shutil.rmtree(path / "l0")
    network = mot.load(path)
    assert network.labels == ("g/l1", "l2", "l10")
    np.testing.assert_array_equal(network.layer("l10"), B)


@FORMATS
@pytest.mark.parametrize(
    "options", [{}, {"chunks": (7, 2)}, {"compressors": None}, {"chunks": (5, 2), "shards": (10, 4)}]
)
def test_chunks_of_any_kind_are_read(path, version, options):
    if version == 2 and "shards" in options:
        pytest.skip("format 2 has no shards")
    written(path, {"own": A, "deep/er/x": A.astype(">f4")}, version, **options)
    network = mot.load(path)
    for label, expected in (("own", A), ("deep/er/x", A.astype("f4"))):
        np.testing.assert_array_equal(network.layer(label), expected)
        np.testing.assert_array_equal(network[[9, 2]].layer(label), expected[[9, 2]])


def in_itself(found):
    """Nest the codecs of shards in each other."""
    for _ in range(6):
        found["codecs"] = [json.loads(json.dumps(found["codecs"][0]))]
        found["codecs"][0]["configuration"]["codecs"] = json.loads(json.dumps(found["codecs"]))


@pytest.mark.parametrize(
    ("version", "change", "message"),
    [
        (2, set_to("compressor", {"id": "pickle"}), "expected one of the codecs .*, found 'pickle'"),
        (2, set_to("filters", [{"id": "pickle"}]), "expected one of the codecs .*, found 'pickle'"),
        (2, set_to("filters", [{"id": "delta", "dtype": "<f8"}, {"id": "json2"}]), "expected one of .*, found 'json2'"),
        (2, set_to("filters", [{"id": "delta", "dtype": "|O"}]), r"expected real numbers, found '\|O'"),
        (2, set_to("filters", [{"id": "fixedscaleoffset", "astype": "O"}]), "expected real numbers, found 'O'"),
        (2, set_to("compressor", {"id": ["pickle"]}), "expected one of the codecs"),
        (2, set_to("dtype", "|O"), r"expected real numbers, found '\|O'"),
        (2, set_to("dtype", "<U8"), "expected real numbers, found '<U8'"),
        (2, set_to("dtype", "<c16"), "expected real numbers, found '<c16'"),
        (2, set_to("dtype", [["a", "<f8"]]), "expected real numbers, found"),
        (3, set_to("codecs", [{"name": "pickle"}]), "expected one of the codecs .*, found 'pickle'"),
        (
            3,
            set_to("codecs", [{"name": "numcodecs.pickle"}]),
            "expected one of the codecs .*, found 'numcodecs.pickle'",
        ),
        (3, set_to("codecs", ["vlen-utf8"]), "expected one of the codecs .*, found 'vlen-utf8'"),
        (
            3,
            set_to("codecs", [{"name": "numcodecs.delta", "configuration": {"dtype": "|O"}}]),
            "expected real numbers, fo",
        ),
        (
            3,
            set_to("codecs", 0, "configuration", "codecs", [{"name": "numcodecs.pickle"}]),
            "expected one of the codecs",
        ),
        (3, set_to("codecs", 0, "configuration", "index_codecs", [{"name": "x"}]), "expected one of the codecs .*'x'"),
        (
            3,
            in_itself,
            "expected shards in up to 4 others, found more",
        ),
        (3, set_to("data_type", "string"), "expected real numbers, found 'string'"),
        (3, set_to("data_type", {"name": "null_terminated_bytes"}), "expected real numbers, found"),
        (3, set_to("storage_transformers", [{"name": "x"}]), "expected chunks as they are, found storage transformers"),
        (3, set_to("chunk_grid", "name", "rectilinear"), "expected a regular grid of chunks with usual names"),
        (3, set_to("chunk_key_encoding", "name", "x"), "expected a regular grid of chunks with usual names"),
    ],
)
def test_what_is_not_known_to_make_numbers_is_refused_before_zarr_sees_it(path, version, change, message, monkeypatch):
    written(path, {"own": A, "x": A}, version, **({"chunks": (5, 4), "shards": (20, 4)} if version == 3 else {}))
    metadata(path, "x", change)
    monkeypatch.setattr(zarr, "open_array", None)
    monkeypatch.setattr(zarr, "open_group", None)
    assert_refused(path, "x", message, (TypeError, ValueError))


def test_metadata_that_change_after_loading_are_validated_again(path):
    network = mot.load(written(path, {"own": A}, 2))
    metadata(path, "own", set_to("filters", [{"id": "pickle"}]))
    with pytest.raises(ValueError, match=r"net.zarr, layer 'own': expected one of the codecs .*, found 'pickle'"):
        network.layer("own")


@pytest.mark.parametrize(
    ("version", "change", "message"),
    [
        (2, set_to("shape", [-20, 4]), r"its shape is \[-20, 4\]"),
        (2, set_to("shape", [2**63, 4]), "its shape is"),
        (2, set_to("shape", [20.0, 4]), "its shape is"),
        (2, set_to("shape", "20"), "its shape is '20'"),
        (2, set_to("chunks", [0, 4]), r"its shape of chunks is \[0, 4\]"),
        (2, set_to("chunks", [20]), r"its shape is \[20, 4\], in chunks \[20\]"),
        (2, set_to("dimension_separator", "x"), ".* whose places 'x' parts"),
        (2, set_to("zarr_format", 3), "the format of .zarray is 3"),
        (3, set_to("chunk_grid", "configuration", "chunk_shape", [True, 4]), "its shape of chunks is"),
        (3, set_to("zarr_format", 4), "zarr.json is of format 4, a 'array'"),
        (3, set_to("node_type", "x"), "zarr.json is of format 3, a 'x'"),
    ],
)
def test_metadata_that_make_no_sense_are_named(path, version, change, message):
    written(path, {"own": A, "x": A}, version)
    metadata(path, "x", change)
    assert_refused(path, "x", message)


@FORMATS
@pytest.mark.parametrize(
    "content", ["{", "[]", "[" * 100_000, '{"zarr_format": 2}', '{"x": "' + "x" * 2**20 + '"}', "1" * 9999]
)
def test_metadata_of_any_form_are_named(path, version, content):
    written(path, {"own": A, "x": A}, version)
    (path / "x" / ("zarr.json" if version == 3 else ".zarray")).write_text(content)
    assert_refused(path, "x", "")
    if version == 2:
        written(path, {"own": A, "x": A}, version)
        (path / "x" / ".zattrs").write_text("[]")
        assert_refused(path, "x", r".zattrs holds \[\]")
    (path / ("zarr.json" if version == 3 else ".zgroup")).unlink()
    with pytest.raises(ValueError, match=r"net.zarr: expected a complete Zarr group, .*it lacks .zgroup or zarr.json"):
        mot.load(path)


def test_one_array_is_no_group(tmp_path):
    for version in (2, 3):
        zarr.save_array(tmp_path / f"{version}.zarr", A, zarr_format=version)
        with pytest.raises(
            ValueError, match=r".zarr: expected a complete Zarr group, .*it is an array instead of a group"
        ):
            mot.load(tmp_path / f"{version}.zarr")


@FORMATS
def test_chunks_that_are_not_there_are_warned_of(path, version):
    sparse = A.copy()
    sparse[5:15] = 0
    written(path, {"own": A, "x": sparse, "y": np.zeros((20, 4))}, version, chunks=(5, 4))
    with pytest.warns(
        UserWarning, match=r"net.zarr, layer 'x': expected all of its 4 chunks, found 2; the others are read"
    ):
        np.testing.assert_array_equal(mot.load(path, layers="x").layer("x"), sparse)
    with pytest.raises(ValueError, match=r"net.zarr, layer 'y': expected all of its 4 chunks, found 0"):
        mot.load(path, layers="y")
    metadata(path, "y", set_to("shape", [0, 4]))
    assert mot.load(path, layers="y").layer(0).shape == (0, 4)
    if version == 2:
        metadata(path, "x", set_to("fill_value", None))
        assert_refused(path, "[xy]", "expected all of its 4 chunks, found 2")


@FORMATS
def test_chunks_that_are_left_of_a_larger_array_do_not_count(path, version):
    written(path, {"own": A, "x": A}, version, chunks=(5, 4))
    metadata(path, "x", set_to("shape", [10, 4]))
    (path / "x" / ("1.0" if version == 2 else "c/1/0")).unlink()
    with pytest.warns(UserWarning, match="layer 'x': expected all of its 2 chunks, found 1"):
        mot.load(path, layers="x")


@FORMATS
def test_folders_that_were_copied_in_part_are_named(path, version):
    written(path, {"own": A, "g/x": A}, version)
    (path / "g" / "x" / ("zarr.json" if version == 3 else ".zarray")).unlink()
    assert_refused(path, "g/x.*", "expected an array, found files without .zarray or zarr.json")


def test_groups_need_no_metadata_of_their_own(path):
    written(path, {"own": A, "g/x": A}, 2)
    (path / "g" / ".zgroup").unlink()
    (path / "g" / ".zattrs").unlink()
    (path / ".DS_Store").touch()
    (path / "__MACOSX" / "x").mkdir(parents=True)
    assert mot.load(path).labels == ("g/x", "own")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_linked_folders_are_entered_once(path, tmp_path):
    written(path, {"g/x": A})
    written(tmp_path / "other.zarr", {"y": B})
    for name, target in (
        ("alias", path / "g" / "x"),
        ("later", path / "g"),
        ("g/up", path),
        ("b", tmp_path / "other.zarr"),
    ):
        (path / name).symlink_to(target)
    network = mot.load(path)
    assert network.labels == ("alias", "b/y", "g/x")
    for label, expected in zip(network.labels, (A, B, A), strict=True):
        np.testing.assert_array_equal(network.layer(label), expected)
    (path / "gone").symlink_to(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"layer 'gone': expected an array, found files without .*, or nothing"):
        mot.load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
@FORMATS
def test_pipes_in_the_place_of_files_do_not_hang(path, version):
    written(path, {"own": A, "x": A}, version)
    chunk = path / "x" / ("c/0/0" if version == 3 else "0.0")
    chunk.unlink()
    os.mkfifo(chunk)
    assert_refused(path, "x", "expected a file as chunk .*, found none")
    (name,) = (path / "x" / each for each in ("zarr.json", ".zarray") if (path / "x" / each).exists())
    name.unlink()
    os.mkfifo(name)
    assert_refused(path, "x", f"{name.name} is no file of up to 1 MiB")


def test_folders_in_folders_end(path):
    written(path, {"own": A})
    (path / "/".join("g" * 110)).mkdir(parents=True)
    with pytest.raises(ValueError, match=r"net.zarr: .*it has groups in more than 100 others"):
        mot.load(path)


def test_what_memory_has_no_room_for_is_refused(path, monkeypatch):
    written(path, {"own": A, "x": np.ones((1000, 1000)), "y": A}, 2)
    metadata(path, "y", set_to("chunks", [10**6, 10**3]))
    network = mot.load(path, layers=["x"])
    other = mot.load(path, layers=["y"])
    monkeypatch.setattr(memory, "available", lambda: 2**22)
    for each, found in ((network, "7.63 MiB"), (other, "7.45 GiB")):
        with pytest.raises(
            ValueError, match=f"expected an array that fits into the memory that is left, 4 MiB, found {found}"
        ):
            each.layer(0)


def test_archives_of_groups_are_to_be_unpacked(tmp_path):
    (tmp_path / "net.zarr.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"net.zarr.zip: expected .*, found a '.zip' file; unpack it"):
        mot.load(tmp_path / "net.zarr.zip")
