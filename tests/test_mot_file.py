from __future__ import annotations

import io
import json
import shutil
import zipfile

import numpy as np
import pytest

import mot_fast as mot


@pytest.fixture
def alignment(layers):
    source = mot.load(layers([6, 40], 50), name="one")
    return mot.align(source, mot.load(layers([7, 45, 8], 50, seed=2), name="two"), convention="paper")


def rewrite(path, change):
    """Rewrite the header of a .mot file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members["header.json"])
    change(header, members)
    members["header.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_everything_comes_back_to_the_last_bit(alignment, layers, tmp_path):
    alignment.save(tmp_path / "run.mot")
    loaded = mot.Alignment.load(str(tmp_path / "run.mot"))
    assert repr(loaded) == repr(alignment)
    assert loaded.cost == alignment.cost
    assert loaded.certificate == alignment.certificate
    assert (loaded.source.labels, loaded.target.name) == (alignment.source.labels, "two")
    np.testing.assert_array_equal(loaded.layer_costs, alignment.layer_costs)
    np.testing.assert_array_equal(loaded.layer_plan, alignment.layer_plan)
    for l in range(2):
        for m in range(3):
            ours, theirs = loaded.unit_plan(l, m), alignment.unit_plan(l, m)
            np.testing.assert_array_equal(ours.toarray(), theirs.toarray())
            np.testing.assert_array_equal(ours.u, theirs.u)
            np.testing.assert_array_equal(ours.v, theirs.v)
            assert (ours.cost, ours.certificate, ours.source) == (theirs.cost, theirs.certificate, theirs.source)
    held_out = layers([6, 40], 50), layers([7, 45, 8], 50, seed=2)
    assert loaded.score(*held_out).value == alignment.score(*held_out).value


def test_only_the_file_itself_is_left(alignment, tmp_path):
    alignment.save(tmp_path / "run.mot")
    alignment.save(tmp_path / "run.mot")
    assert [path.name for path in tmp_path.iterdir()] == ["run.mot"]
    with pytest.raises(FileNotFoundError, match=r"run.mot: expected a folder to write to, found none at"):
        alignment.save(tmp_path / "no" / "run.mot")


def test_a_failed_write_leaves_the_old_file(alignment, tmp_path, monkeypatch):
    alignment.save(tmp_path / "run.mot")
    before = (tmp_path / "run.mot").read_bytes()
    monkeypatch.setattr(np.lib.format, "write_array", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match=r"run.mot: could not be written, and is as it was \(disk full\)"):
        alignment.save(tmp_path / "run.mot")
    assert (tmp_path / "run.mot").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.mot"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.mot: expected a .mot file, found nothing"):
        mot.Alignment.load(tmp_path / "none.mot")


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.7, 0.99])
def test_truncated_files_are_refused(alignment, tmp_path, kept):
    path = tmp_path / "run.mot"
    alignment.save(path)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"run.mot: expected a complete .mot file, found none"):
        mot.Alignment.load(path)


def npy(value, members):
    """As many equal masses as the file holds entries."""
    stream = io.BytesIO()
    np.save(stream, np.full(len(np.load(io.BytesIO(members["mass.npy"]))), value))
    return stream.getvalue()


def set_header(key, value):
    return lambda header, _: header.__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_header("version", 99), "its format version is 99, newer than 2: upgrade mot_fast"),
        (set_header("version", 1.5), "its format version is 1.5"),
        (set_header("version", 0), "its format version is 0"),
        (set_header("format", "other"), "the format is 'other'"),
        (set_header("convention", "raw"), "its convention is 'raw'"),
        (lambda header, _: header.pop("cost"), "'cost'"),
        (lambda _, members: members.__setitem__("layer_plan.npy", members["u.npy"]), "'layer_plan' has shape"),
        (lambda _, members: members.__setitem__("u.npy", members["row.npy"]), "'u' holds something else than finite"),
        (lambda _, members: members.__setitem__("mass.npy", npy(-1.0, members)), "a plan has entries without mass"),
        (lambda _, members: members.__setitem__("mass.npy", npy(np.nan, members)), "'mass' holds something else"),
        (lambda _, members: members.pop("mass.npy"), "'mass'"),
        (lambda header, _: header["source"].__setitem__("widths", [6, 41]), "an array has 46 entries where 47"),
        (lambda header, _: header["source"].__setitem__("widths", [46]), "it holds masses of 2 layers of 1"),
        (lambda _, members: members.__setitem__("row.npy", members["column.npy"]), "a plan has entries outside|order"),
        (lambda _, members: members.__setitem__("column.npy", members["row.npy"]), "a plan has entries outside|order"),
    ],
)
def test_files_that_contradict_themselves_are_refused(alignment, tmp_path, change, message):
    alignment.save(tmp_path / "run.mot")
    rewrite(tmp_path / "run.mot", change)
    with pytest.raises(ValueError, match=rf"run.mot: expected a complete .mot file, found none \(.*({message})"):
        mot.Alignment.load(tmp_path / "run.mot")


def test_files_of_version_1_are_read(alignment, layers, tmp_path):
    """They had neither masses nor rotations."""
    path = tmp_path / "run.mot"
    alignment.save(path)

    def make_old(header, members):
        header["version"] = 1
        del header["alternation"], members["source_layer_mass.npy"], members["target_layer_mass.npy"]

    rewrite(path, make_old)
    loaded = mot.Alignment.load(path)
    np.testing.assert_array_equal(loaded.source.layer_masses, [0.5, 0.5])
    held_out = layers([6, 40], 50), layers([7, 45, 8], 50, seed=2)
    assert loaded.score(*held_out).value == alignment.score(*held_out).value


def array(change):
    """Rewrites one array of the file."""

    def rewritten(name, members):
        stream = io.BytesIO()
        np.save(stream, change(np.load(io.BytesIO(members[f"{name}.npy"]))))
        members[f"{name}.npy"] = stream.getvalue()

    return rewritten


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("rotation", lambda values: values * 0, "it holds rotations that are not orthogonal"),
        ("rotation", lambda values: values[:-1], "an array has .* entries where"),
        ("rotated_pair", lambda values: values + 5, "it holds rotations of layers that there are not"),
        ("rotated_pair", lambda values: values + 0.7, "'rotated_pair' holds something else than integers"),
        ("trace", lambda values: values + 5, "its layer costs are not the least residuals of its traces"),
        ("alternations", lambda values: values[:-1], "an array has|it holds"),
        ("source_layer_mass", lambda values: values * 7, "masses of layers or units are not positive with sum 1"),
        ("source_layer_mass", lambda values: values - 1, "masses of layers or units are not positive with sum 1"),
        ("source_unit_mass", lambda values: values[:, None], "an array has"),
        ("source_unit_mass", lambda values: values * 2, "masses of layers or units are not positive with sum 1"),
    ],
)
def test_rotations_and_masses_that_contradict_themselves_are_refused(layers, tmp_path, name, change, message):
    source, target = layers([6, 9], 50), layers([7, 5, 8], 50, seed=2)
    masses = [np.arange(1.0, 7.0), np.ones(9)]
    mot.align(source, target, rotate=True, source_mass=masses).save(tmp_path / "run.mot")
    mot.Alignment.load(tmp_path / "run.mot")
    rewrite(tmp_path / "run.mot", lambda _, members: array(change)(name, members))
    with pytest.raises(ValueError, match=rf"run.mot: expected a complete .mot file, found none \(.*({message})"):
        mot.Alignment.load(tmp_path / "run.mot")


@pytest.mark.parametrize("alternation", [None, {"tol": -1}, {"unknown": 1}])
def test_headers_that_say_otherwise_of_rotations_are_refused(layers, tmp_path, alternation):
    mot.align(layers([6]), layers([7]), rotate=True).save(tmp_path / "run.mot")
    rewrite(tmp_path / "run.mot", set_header("alternation", alternation))
    with pytest.raises(ValueError, match=r"run.mot: expected a complete .mot file, found none"):
        mot.Alignment.load(tmp_path / "run.mot")


def test_other_archives_are_refused(tmp_path):
    np.savez(tmp_path / "net.npz", layer=np.zeros((3, 3)))
    shutil.copy(tmp_path / "net.npz", tmp_path / "net.mot")
    with pytest.raises(ValueError, match=r"net.mot: expected a complete .mot file, found none .*header.json"):
        mot.Alignment.load(tmp_path / "net.mot")
