from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import tracemalloc
import zipfile

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.alignment import mot_file
from mot_fast.networks.summary import NetworkSummary
from support.header_values import JUNK, places, with_json
from support.pages import blocks, text_of
from support.tampering import KINDS, checked_load, field, member_of_any_kind, members_of, npy, packed, rewrite


@pytest.fixture
def alignment(layers):
    source = mot.load(layers([6, 40], 50), name="one")
    return mot.align(source, mot.load(layers([7, 45, 8], 50, seed=2), name="two"), convention="paper")


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file that is none")
def test_what_is_no_file_is_not_replaced(alignment, tmp_path):
    os.mkfifo(tmp_path / "run.mot")
    with pytest.raises(OSError, match=r"run.mot: could not be written, and is as it was \(it is no file\)"):
        alignment.save(tmp_path / "run.mot")
    assert (tmp_path / "run.mot").is_fifo()


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


def test_files_of_version_2_are_read(layers, tmp_path):
    """They told nothing of the run, of digests, of held-out scores: such fields meant nothing then."""
    path = tmp_path / "run.mot"
    masses = {"source_mass": [1, 2], "target_mass": [np.ones(7), np.arange(1.0, 5.0)]}
    alignment = mot.align(layers([6, 5]), layers([7, 4], seed=2), rotate=True, **masses)
    alignment.save(path)

    def make_old(header, _):
        header.update({"version": 2, "run": 3})
        del header["evaluation"], header["source"]["digests"], header["target"]["digests"]

    rewrite(path, make_old)
    loaded = mot.Alignment.load(path)
    assert loaded.run is loaded.evaluation is loaded.source.digests is None
    assert loaded.alternation == alignment.alternation
    np.testing.assert_array_equal(loaded.target.unit_masses[1], alignment.target.unit_masses[1])
    for pair, rotation in alignment.rotations.items():
        np.testing.assert_array_equal(loaded.rotations[pair], rotation)


def member(name, content):
    return lambda _, members: members.__setitem__(name, content)


def array(name, change):
    def rewritten(_, members):
        members[f"{name}.npy"] = saved(change(np.load(io.BytesIO(members[f"{name}.npy"]))))

    return rewritten


def saved(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (field("version", 99), "its format version is 99, newer than 6: upgrade mot_fast"),
        (field("version", 1.5), "its format version is 1.5"),
        (field("format", "other"), "the format is 'other'"),
        (lambda header, _: header.pop("format"), "its header lacks 'format'"),
        (field("convention", "raw"), "its convention is 'raw'"),
        (field("convention", None), "'convention' in its header is None"),
        (field("cost", float("nan")), "its header holds NaN"),
        (field("cost", 10**400), "'cost' in its header is 1000"),
        (field("name", "\ud800", "source"), r"'name' in its header is '\\ud800'"),
        (field("labels", ["a", "\udfff"], "source"), r"'labels' in its header is \['a', '\\udfff'\]"),
        (field("cost", 0.1), "its cost is 0.1, and not that of its layer plan"),
        (lambda header, _: header.pop("cost"), "its header lacks 'cost'"),
        (field("alternation", None), "it holds 'alternations', which has no place in it"),
        (field("tol", -1, "alternation"), "tol: expected a number from 0 on"),
        (field("max_iter", 1, "alternation"), "it holds traces of more than 1 alternations"),
        (lambda header, _: header["certificate"].pop("slackness"), "its header has .* where .* are expected"),
        (field("slackness", 1.0, "certificate"), "it holds transports that are not proven optimal"),
        (field("tolerance", 1e-5, "certificate"), "it holds transports that are not proven optimal"),
        (field("tolerance", 1e-12, "certificate"), "its certificate is better than that of a transport"),
        (field("labels", ["one"], "source"), r"the source has 2 widths and the labels \['one'\]"),
        (field("widths", [6, 10], "source"), r"an array has shape \(15,\) where 16 entries are expected"),
        (field("widths", [15, 0], "source"), r"the source has the widths \[15, 0\]"),
        (lambda _, members: members.pop("mass.npy"), "it lacks 'mass'"),
        (lambda _, members: members.pop("source_layer_mass.npy"), "it lacks 'source_layer_mass'"),
        (member("x.npy", saved(np.zeros(3))), "it holds 'x', which has no place in it"),
        (member("read.me", b""), "it holds 'read.me'"),
        (member("u.npy", b""), "'u.npy' is no array of float64, int32 or int64 numbers"),
        (array("rotation", lambda v: v * 0), "it holds rotations that are not orthogonal"),
        (array("rotated_pair", lambda v: v + 5), "it holds rotations of layers that there are not"),
        (array("trace", lambda v: -v), "it holds residuals below 0"),
        (array("trace", lambda v: v + 5), "its layer costs are not the least residuals of its traces"),
        (array("alternations", lambda v: v[:-1]), r"'alternations' has shape \(5,\) instead of \(6,\)"),
        (array("alternations", lambda v: v.sum() * (v.cumsum() == v[0])), "it holds a trace of no alternations"),
        (array("source_layer_mass", lambda v: v * 7), "masses of layers or units are not positive with sum 1"),
        (
            array("source_unit_mass", lambda v: np.where(np.arange(15) == 0, 5e-324, v)),
            "units are not positive with sum 1",
        ),
        (array("source_layer_mass", lambda v: v * [0, 2] + [5e-324, 0]), "masses of layers or units are not positive"),
        (array("source_layer_mass", lambda v: v[::-1]), "'layer_plan' do not sum to the masses of layers"),
        (array("source_layer_mass", lambda v: v[:1]), r"'source_layer_mass' has shape \(1,\) for 2 layers"),
        (array("source_unit_mass", lambda v: v * 2), "masses of layers or units are not positive with sum 1"),
        (array("source_deviation", lambda v: -v), "'source_deviation' is negative"),
        (array("layer_plan", lambda v: v.T), r"'layer_plan' has shape \(3, 2\) instead of \(2, 3\)"),
        (array("layer_plan", lambda v: v - [[9, -9, 0], [-9, 9, 0]]), "'layer_plan' is negative"),
        (array("certificate", lambda v: v[:, :4]), r"'certificate' has shape \(6, 4\) instead of \(6, 5\)"),
        (array("certificate", lambda v: -v), "it holds transports that are not proven optimal"),
        (array("entries", lambda v: v + 2**62), "an array has shape"),
        (array("row", lambda v: v - 1), "a plan has entries outside its shape"),
        (array("row", lambda v: v * 0), "the entries of a plan are out of order"),
        (array("mass", lambda v: -v), "a plan has entries without mass"),
        (array("mass", lambda v: v * np.nan), "'mass' holds something else than finite float64 numbers"),
        (array("mass", lambda v: v * 2), "of the plan from .* do not sum to the masses of units"),
        (array("cost", lambda v: v + 1), "the plan from .* costs .* more than its potentials allow"),
        (array("u", lambda v: v + 1), "the plan from .* costs .* more than its potentials allow"),
    ],
)
def test_files_that_contradict_themselves_are_refused(layers, tmp_path, change, message):
    source, target = layers([6, 9], 50), layers([7, 5, 8], 50, seed=2)
    masses = [np.arange(1.0, 7.0), np.ones(9)]
    mot.align(source, target, rotate=True, source_mass=masses).save(tmp_path / "run.mot")
    mot.Alignment.load(tmp_path / "run.mot")
    rewrite(tmp_path / "run.mot", change)
    with pytest.raises(ValueError, match=rf"run.mot: expected a complete .mot file, found none \(.*({message})"):
        mot.Alignment.load(tmp_path / "run.mot")


def test_names_that_are_no_text_are_written_as_codes(layers, tmp_path):
    """As of files whose names are bytes of another encoding: no file could hold them, and no page."""
    source = mot.load({"V1\udce9": layers([4])[0], "V1": layers([5])[0]}, name="caf\udce9")
    alignment = mot.align(source, layers([3], seed=2))
    alignment.save(tmp_path / "run.mot")
    loaded = mot.Alignment.load(tmp_path / "run.mot")
    assert (loaded.source.name, loaded.source.labels) == (r"caf\udce9", (r"V1\udce9", "V1"))


def test_plans_of_a_file_are_rows_of_rows(alignment, tmp_path):
    alignment.save(tmp_path / "run.mot")
    loaded = mot.Alignment.load(tmp_path / "run.mot")
    assert [[plan.source for plan in row] for row in loaded.unit_plans] == [["layer0"] * 3, ["layer1"] * 3]
    assert [plan.target for plan in loaded.unit_plans[-1][1:]] == ["layer1", "layer2"]
    assert len(loaded.unit_plans[0]) == 3
    with pytest.raises(IndexError):
        loaded.unit_plans[0][3]
    assert [len(mean) for mean in loaded.source.means[::-1]] == [40, 6]
    assert pickle.loads(pickle.dumps(loaded)).unit_plan(1, 2).cost == alignment.unit_plan(1, 2).cost
    assert loaded.transpose().unit_plan(2, 1).cost == alignment.unit_plan(1, 2).cost


@pytest.mark.parametrize("shape", [(120, 120), (10_000, 1)])
def test_a_file_takes_memory_and_time_in_proportion(tmp_path, shape):
    """However small its layers are: no more than six times what it unpacks to, and not the square of their number."""
    plan = mot.align([np.arange(6.0)[:, None]], [np.arange(6.0)[:, None]]).unit_plan(0, 0)
    costs = np.full(shape, plan.cost)
    sides = []
    for n in shape:
        ones = [np.ones(1)] * n
        sides.append(NetworkSummary("net", tuple(map(str, range(n))), ones, ones, np.full(n, 1 / n)))
    alignment = mot.Alignment(
        *sides,
        "paper",
        plan.cost,
        costs,
        np.full(shape, 1 / costs.size),
        plan.certificate,
        [[plan] * shape[1]] * shape[0],
    )
    mot_file.save(alignment, tmp_path / "run.mot")
    with zipfile.ZipFile(tmp_path / "run.mot") as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    tracemalloc.start()
    loaded = mot.Alignment.load(tmp_path / "run.mot")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert loaded.layer_plan.shape == shape
    assert peak < 6 * unpacked


def test_without_rotations_layer_costs_are_those_of_unit_plans(alignment, tmp_path):
    alignment.save(tmp_path / "run.mot")
    unused = np.where(alignment.layer_plan == 0, 1e-3, 0.0)
    rewrite(tmp_path / "run.mot", array("layer_costs", lambda values: values + unused))
    with pytest.raises(ValueError, match="its layer costs are not those of its unit plans"):
        mot.Alignment.load(tmp_path / "run.mot")


def test_other_archives_are_refused(tmp_path):
    np.savez(tmp_path / "net.npz", layer=np.zeros((3, 3)))
    shutil.copy(tmp_path / "net.npz", tmp_path / "net.mot")
    with pytest.raises(ValueError, match=r"net.mot: expected a complete .mot file, found none .*header.json"):
        mot.Alignment.load(tmp_path / "net.mot")


@pytest.fixture(params=KINDS)
def members(request, layers, tmp_path):
    return members_of(request.param, layers, tmp_path)


def test_headers_may_hold_anything(members, tmp_path):
    rng = np.random.default_rng(4)
    header = json.loads(members["header.json"])
    cases = [(path, text) for path in places(header) for text in (*JUNK, None)]
    n_refused = 0
    for k in rng.choice(len(cases), 120, replace=False):
        content = packed({**members, "header.json": with_json(header, *cases[k])})
        n_refused += checked_load(tmp_path / "run.mot", content) is None
    assert 0 < n_refused < 120
    more = with_json({**header, "more": 1}, ("more",), "[2]")
    assert checked_load(tmp_path / "run.mot", packed({**members, "header.json": more})) is not None


DESCRIPTIONS = ["'<f8'", "'<i8'", "'>f8'", "'<f2'", "'<f16'", "'|u1'", "'|b1'", "'<c16'", "'|O'", "'<U4'", "'|V8'"]
DESCRIPTIONS += ["'<M8[s]'", "'\\d'", "[('a', '<f8')]", "[('a', '|O')]", "('<f8', (2,))", "None", "__import__('os')"]
SHAPES = ["()", "(-1,)", "(n, 1)", "(1, n)", "(n,)", "(nL,)", "(n)", "(0,)", "(1,)", "(10**12,)", "(1000000000000,)"]
SHAPES += ["(9223372036854775808,)", "(0, 9223372036854775808)", "(4294967296, 4294967296)", "(2, -1)", "(1.0,)", "(,)"]
SHAPES += ["(n,), 'a': 1", "(True,)", f"({'1, ' * 70})", f"({'9' * 5000},)", "(" * 150 + ")" * 150, f"({'-' * 9000}1,)"]


def test_headers_of_arrays_may_say_anything(members, tmp_path):
    rng, n_refused = np.random.default_rng(5), 0
    names = [name for name in members if name.endswith(".npy")]
    for _ in range(100):
        name = names[rng.integers(len(names))]
        numbers = members[name][128:]
        descr = DESCRIPTIONS[rng.integers(len(DESCRIPTIONS)) if rng.random() < 0.6 else 0]
        shape = SHAPES[rng.integers(len(SHAPES))].replace("n", str(len(numbers) // 8))
        is_by_columns = ["False", "True", "None", "2"][rng.integers(4) if rng.random() < 0.3 else 0]
        version = [b"\1\0", b"\2\0", b"\3\0", b"\0\0"][rng.integers(4) if rng.random() < 0.2 else 0]
        content = npy(descr, is_by_columns, shape, numbers, version)
        if checked_load(tmp_path / "run.mot", packed({**members, name: content})) is None:
            n_refused += 1
        else:  # then it is what NumPy reads, and nothing is left out
            values = np.load(io.BytesIO(content), allow_pickle=False)
            assert values.dtype in (np.float64, np.int32, np.int64)
            assert values.tobytes() == numbers
    assert 0 < n_refused < 100


def test_arrays_may_hold_any_numbers(members, tmp_path):
    rng = np.random.default_rng(6)
    names = [name for name in members if name.endswith(".npy")]
    for _ in range(100):
        name = names[rng.integers(len(names))]
        values = np.load(io.BytesIO(members[name]))
        changed = member_of_any_kind(rng, values)
        found = checked_load(tmp_path / "run.mot", packed({**members, name: saved(changed)}))
        is_same = changed.dtype == values.dtype and np.array_equal(changed, values)
        if name in ("layer_costs.npy", "layer_plan.npy", "cost.npy", "entries.npy"):  # which others tell as well
            assert (found is not None) == is_same, name


def test_the_page_of_the_format_reads_a_file_without_this_package(alignment, tmp_path, monkeypatch):
    alignment.save(tmp_path / "run.mot")
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("docs/format.md", "python")
    assert "mot_fast" not in code.replace("mot_fast alignment", "")
    found = {}
    exec(compile(code, "format.md", "exec"), found)
    for l, m in np.ndindex(2, 3):
        np.testing.assert_array_equal(found["plan"](l, m), alignment.unit_plan(l, m).toarray())
    assert found["header"]["cost"] == alignment.cost


def test_the_page_of_the_format_names_every_member(members):
    assert [name for name in members if f"`{name}`" not in text_of("docs/format.md")] == []
