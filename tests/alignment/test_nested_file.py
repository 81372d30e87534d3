"""Files of nested alignments: what is written comes back, and what contradicts itself is refused."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from dataclasses import fields

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.alignment.nested import load_either
from mot_fast.networks.nesting import NetworkGroup
from support.header_values import JUNK, places, with_json
from support.pages import text_of
from support.tampering import field, member_of_any_kind, packed, rewrite

KINDS = {
    "checkpoints": mot.align_trajectories,
    "shares": lambda a, b: mot.align_trajectories(a, b, unit_mass=0.7, layer_mass=0.8),
    "prices": lambda a, b: mot.align_trajectories(a, b, unit_cost=0.6, layer_cost=0.5),
    "labelled": lambda a, b: mot.align_trajectories({f"step{k}": x for k, x in enumerate(a)}, b),
    "four levels": lambda a, b: mot.align_nested([a, a[:1]], {"run": b}),
    "a part of four levels": lambda a, b: mot.align_nested([a, a[:1]], [b]).between(1, 0),
    "layers": lambda a, b: mot.align_trajectories(a, b).between(0, 1),
    "layers, shares": lambda a, b: mot.align_trajectories(a, b, layer_mass=0.8).between(0, 1),
    "layers, prices": lambda a, b: mot.align_trajectories(a, b, layer_cost=0.5).between(0, 1),
}


@pytest.fixture
def runs(layers):
    """Three and two checkpoints, of two or three layers each."""
    a = [layers([4, 5, 3][: 2 + k % 2], 40, seed=k) for k in range(3)]
    return a, [layers([5, 4], 40, seed=7 + k) for k in range(2)]


@pytest.fixture(params=KINDS)
def nested(request, runs):
    return KINDS[request.param](*runs)


def shape_of(tree):
    """All that is told of a tree of networks."""
    if isinstance(tree, NetworkGroup):
        return tree.name, tree.labels, [shape_of(child) for child in tree.children]
    return tree.name, tree.labels, tree.widths, tree.n_stimuli


def assert_same(found, expected):
    assert repr(found) == repr(expected)
    for each in fields(expected):
        ours, theirs = getattr(found, each.name), getattr(expected, each.name)
        if isinstance(theirs, np.ndarray):
            np.testing.assert_array_equal(ours, theirs)
        elif each.name in ("source", "target"):
            assert shape_of(ours) == shape_of(theirs)
        else:
            assert ours == theirs
    assert (found.n_levels, found.n_stimuli) == (expected.n_levels, expected.n_stimuli)


def test_everything_comes_back_to_the_last_bit(nested, tmp_path):
    nested.save(tmp_path / "runs.mot")
    loaded = mot.NestedAlignment.load(str(tmp_path / "runs.mot"))
    assert_same(loaded, nested)
    assert [path.name for path in tmp_path.iterdir()] == ["runs.mot"]
    for name in ("mot", "pairwise_best"):
        np.testing.assert_array_equal(loaded.coupling(name), nested.coupling(name))
    assert loaded.to_pandas().equals(nested.to_pandas())
    if nested.n_levels > 2:
        assert_same(loaded.between(0, -1), nested.between(0, -1))
    loaded.save(tmp_path / "again.mot")
    assert_same(mot.NestedAlignment.load(tmp_path / "again.mot"), nested)
    assert_same(pickle.loads(pickle.dumps(loaded)), nested)
    assert_same(load_either(tmp_path / "again.mot"), nested)


def test_transports_are_counted_at_every_level(runs):
    a, b = runs  # checkpoints of 2, 3, 2 layers, and of 2, 2
    assert mot.align_trajectories(a, b).n_transports == 7 * 4 + 3 * 2 + 1
    assert mot.align_nested([a, a[:1]], [b]).n_transports == 9 * 4 + 4 * 2 + 2 * 1 + 1
    assert mot.align_trajectories(a, b).between(1, 0).n_transports == 3 * 2 + 1


def test_what_needs_activations_says_that_a_file_has_none(runs, tmp_path):
    mot.align_trajectories(*runs).save(tmp_path / "runs.mot")
    loaded = mot.NestedAlignment.load(tmp_path / "runs.mot")
    message = r"network 'source/0', layer 'layer1': expected activations, found none, .* align the networks again, with"
    for call in (lambda: loaded.between(0, 0).between(1, 0), lambda: loaded.source.children[0].layer(1)):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match=r"layer 'layer[01]': expected activations, found none"):
        loaded.alignment(0, 0)


def test_files_of_the_other_kind_are_named(runs, alignment, tmp_path):
    mot.align_trajectories(*runs).save(tmp_path / "runs.mot")
    alignment.save(tmp_path / "two.mot")
    with pytest.raises(
        ValueError, match=r"runs.mot: expected an alignment of two networks, found a nested alignment, wh"
    ):
        mot.Alignment.load(tmp_path / "runs.mot")
    with pytest.raises(ValueError, match=r"found an alignment of two networks, which mot_fast.Alignment.load reads"):
        mot.NestedAlignment.load(tmp_path / "two.mot")
    assert repr(load_either(tmp_path / "two.mot")) == repr(alignment)
    for load in (mot.NestedAlignment.load, load_either):
        with pytest.raises(FileNotFoundError, match=r"none.mot: expected a .mot file, found nothing"):
            load(tmp_path / "none.mot")


def test_files_that_cannot_be_written_are_refused(runs, tmp_path):
    nested = mot.align_trajectories(*runs)
    with pytest.raises(FileNotFoundError, match=r"runs.mot: expected a folder to write to, found none at"):
        nested.save(tmp_path / "no" / "runs.mot")
    deep = [runs[0][0]]
    for _ in range(13):
        deep = [deep]
    mot.align_nested(deep, deep).save(tmp_path / "deep.mot")
    assert mot.NestedAlignment.load(tmp_path / "deep.mot").n_levels == 16
    with pytest.raises(ValueError, match=r"deeper.mot: expected at most 16 levels to write, found 17"):
        mot.align_nested([deep], [deep]).save(tmp_path / "deeper.mot")
    assert not (tmp_path / "deeper.mot").exists()


def test_names_that_are_no_text_are_written_as_codes(layers, tmp_path):
    networks = {"st\udce9p": {"V1\udce9": layers([4])[0]}, "b": {"x": layers([5])[0]}}
    mot.align_trajectories(networks, networks).save(tmp_path / "runs.mot")
    loaded = mot.NestedAlignment.load(tmp_path / "runs.mot")
    assert loaded.source.labels == (r"st\udce9p", "b")
    assert loaded.source.children[0].labels == (r"V1\udce9",)


def array(name, change):
    """Change an array, and the digest of all as whoever changes a file can."""

    def rewritten(header, members):
        arrays = {each: np.load(io.BytesIO(content)) for each, content in members.items() if each.endswith(".npy")}
        arrays[f"{name}.npy"] = change(arrays[f"{name}.npy"].copy())
        members.update({each: npy_of(values) for each, values in arrays.items()})
        header["digest"] = digest(arrays)

    return rewritten


def npy_of(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def digest(arrays):
    """As docs/format.md says: of every array in the order of their names, preceded by name, type and shape."""
    from hashlib import blake2b

    text = b"".join(
        f"{name.removesuffix('.npy')} {values.dtype.str} {values.shape} ".encode()
        + np.ascontiguousarray(values).tobytes()
        for name, values in sorted(arrays.items())
    )
    return blake2b(text, digest_size=20).hexdigest()


def deeper(header, _):
    for side in ("source", "target"):
        tree = header[side]
        for _ in range(14):
            tree = {"labels": ["0"], "parts": [tree]}
        header[side] = {"name": side, **tree}


def swapped(values):
    return values[::-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (field("version", 2), "its format version is 2, newer than 1: upgrade mot_fast"),
        (field("format", "other"), "the format is 'other'"),
        (field("format", ["mot_fast nested alignment"]), "the format is "),
        (field("digest", "0" * 40), "its arrays are not those that were written"),
        (lambda header, _: header.pop("digest"), "its header lacks 'digest'"),
        (field("n_stimuli", 2), "'n_stimuli' in its header is 2"),
        (field("cost", 0.1), "its cost is 0.1, and not that of its plan"),
        (field("cost", float("nan")), "its header holds NaN"),
        (field("goals", {}), "its header has .* are expected"),
        (
            field("goals", {"units": {"mass": None, "price": None}, "layers": {"mass": None, "price": None}}),
            "'goals' in",
        ),
        (field("source", 3), "'source' in its header is 3"),
        (field("name", "\ud800", "source"), "'name' in its header is"),
        (
            field("labels", ["0", "0", "1"], "source"),
            r"'source' has 3 parts or layers and the labels \['0', '0', '1'\]",
        ),
        (field("labels", [], "source"), r"'source' has 3 parts or layers and the labels \[\]"),
        (field("parts", [], "source"), "'source' has 0 parts or layers and the labels"),
        (field("parts", [1, 2, 3], "source"), r"'parts' in its header is \[1, 2, 3\]"),
        (field("parts", 3, "source"), "'parts' in its header is 3"),
        (field("widths", [4, 0], "source", "parts", 0), r"'source/0' has layers of the widths \[4, 0\]"),
        (field("widths", [4, True], "source", "parts", 0), r"'source/0' has layers of the widths \[4, True\]"),
        (field("widths", [4, 2**31], "source", "parts", 0), "'source/0' has layers of the widths"),
        (lambda header, _: header["source"]["parts"][0].pop("widths"), "its header lacks 'widths'"),
        (
            lambda header, _: header.update(source=header["source"]["parts"][0] | {"name": "x"}),
            "the source has 0 levels",
        ),
        (
            lambda header, _: header["source"]["parts"].__setitem__(
                0, {"labels": ["x"], "parts": header["source"]["parts"][:1]}
            ),
            "'source' has parts of different numbers of levels",
        ),
        (deeper, "it has more than 16 levels"),
        (
            lambda header, _: header["source"]["parts"].insert(0, header["source"]["parts"].pop(1)),
            "its costs of parts are not those of the layers in them",
        ),
        (lambda _, members: members.pop("plan.npy"), "it lacks 'plan'"),
        (lambda _, members: members.update({"x.npy": npy_of(np.zeros(2))}), "it holds 'x', which has no place in it"),
        (array("plan", lambda v: v.T), r"'plan' has shape \(2, 3\) instead of \(3, 2\)"),
        (array("plan", lambda v: v * np.nan), "'plan' holds something else than finite float64 numbers"),
        (array("plan", lambda v: v * 2), "the rows or columns of 'plan' do not sum to the masses of parts"),
        (array("plan", lambda v: v + np.outer([9, -9, 0], [1, -1])), "'plan' is negative"),
        (array("plan", lambda _: np.full((3, 2), 1 / 6)), "its cost is .*, and not that of its plan"),
        (array("costs", lambda v: v + 0.1), "its cost is .*, and not that of its plan"),
        (array("costs", swapped), "its cost is .*, and not that of its plan"),
        (array("layer_costs", lambda v: v[:-1]), r"'layer_costs' has shape \(6, 4\) instead of \(7, 4\)"),
        (array("layer_costs", lambda v: v + 2), "it holds costs of layers that are not between 0 and 2"),
        (array("layer_costs", lambda v: v - 1), "it holds costs of layers that are not between 0 and 2"),
        (array("layer_costs", swapped), "its costs of parts are not those of the layers in them"),
        (array("layer_costs", lambda v: v.astype(np.int64)), "'layer_costs' holds something else than finite float64"),
        (field("duality_gap", 1.0, "certificate"), "it holds transports that are not proven optimal"),
        (field("tolerance", 1e-3, "certificate"), "it holds transports that are not proven optimal"),
        (field("slackness", -1e-9, "certificate"), "it holds transports that are not proven optimal"),
        (lambda header, _: header["certificate"].pop("slackness"), "its header has .* where .* are expected"),
    ],
)
def test_files_that_contradict_themselves_are_refused(runs, tmp_path, change, message):
    mot.align_trajectories(*runs).save(tmp_path / "runs.mot")
    rewrite(tmp_path / "runs.mot", lambda *_: None)
    mot.NestedAlignment.load(tmp_path / "runs.mot")
    rewrite(tmp_path / "runs.mot", change)
    with pytest.raises(ValueError, match=rf"runs.mot: expected a complete .mot file, found none \(.*({message})"):
        mot.NestedAlignment.load(tmp_path / "runs.mot")


def test_a_plan_that_is_not_the_best_is_refused(runs, tmp_path):
    """Even if its cost is stated as it is."""
    nested = mot.align_trajectories(*runs)
    nested.save(tmp_path / "runs.mot")
    uniform = np.full((3, 2), 1 / 6)

    def change(header, members):
        array("plan", lambda _: uniform)(header, members)
        header["cost"] = float((nested.costs * uniform).sum())

    rewrite(tmp_path / "runs.mot", change)
    with pytest.raises(ValueError, match=r"its cost is \d.\d+, where \d.\d+ is the least"):
        mot.NestedAlignment.load(tmp_path / "runs.mot")


def test_layers_left_behind_must_be_as_many_as_the_goal_says(runs, tmp_path):
    KINDS["layers, shares"](*runs).save(tmp_path / "runs.mot")
    rewrite(tmp_path / "runs.mot", field("mass", 0.7, "goals", "layers"))
    with pytest.raises(ValueError, match=r"'plan' carries 0.8\d*, and not 0.7 of the mass"):
        mot.NestedAlignment.load(tmp_path / "runs.mot")


@pytest.fixture
def members(nested, tmp_path):
    nested.save(tmp_path / "whole.mot")
    with zipfile.ZipFile(tmp_path / "whole.mot") as whole:
        return {name: whole.read(name) for name in whole.namelist()}


def checked_load(path, content):
    """The alignment in a file of this content; None where it is refused, as it must be unless it makes sense."""
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            nested = mot.NestedAlignment.load(path)
        except ValueError as error:
            nested, message = None, str(error)
    if nested is None:
        assert message.startswith(
            (f"{path}: expected a complete .mot file, found none (", f"{path}: expected a nested ")
        )
        return None
    assert nested.plan.shape == (len(nested.source.labels), len(nested.target.labels)) == nested.costs.shape
    masses = 1 / len(nested.plan) - nested.plan.sum(axis=1)
    assert (masses > -1e-8).all()
    assert nested.plan.min() >= 0
    assert 0 <= nested.cost <= 2
    return nested


def test_headers_may_hold_anything(members, tmp_path):
    rng = np.random.default_rng(4)
    header = json.loads(members["header.json"])
    cases = [(path, text) for path in places(header) for text in (*JUNK, None)]
    n_refused = 0
    for k in rng.choice(len(cases), 60, replace=False):
        content = packed({**members, "header.json": with_json(header, *cases[k])})
        n_refused += checked_load(tmp_path / "runs.mot", content) is None
    assert n_refused > 30
    more = with_json({**header, "more": 1}, ("more",), "[2]")
    assert checked_load(tmp_path / "runs.mot", packed({**members, "header.json": more})) is not None


def test_arrays_may_hold_any_numbers(members, tmp_path):
    rng = np.random.default_rng(6)
    header = json.loads(members["header.json"])
    arrays = {name: np.load(io.BytesIO(content)) for name, content in members.items() if name.endswith(".npy")}
    for _ in range(40):
        name = sorted(arrays)[rng.integers(len(arrays))]
        changed = {**arrays, name: member_of_any_kind(rng, arrays[name])}
        is_same = changed[name].dtype == arrays[name].dtype and np.array_equal(changed[name], arrays[name])
        for stated in (header["digest"], digest(changed)):
            text = json.dumps({**header, "digest": stated})
            content = {each: npy_of(values) for each, values in changed.items()}
            found = checked_load(tmp_path / "runs.mot", packed({"header.json": text, **content}))
            assert found is None or is_same or stated != header["digest"]


def test_no_part_of_a_file_is_a_file(members, tmp_path):
    whole = packed(members)
    for n in np.random.default_rng(0).integers(0, len(whole), 40):
        assert checked_load(tmp_path / "runs.mot", whole[:n]) is None
        damaged = bytearray(whole)
        damaged[n] ^= 0xFF
        checked_load(tmp_path / "runs.mot", bytes(damaged))


def test_the_page_of_the_format_names_every_member_and_field(members):
    page = text_of("docs/format.md")
    header = json.loads(members["header.json"])
    names = [*members, *header, "parts", "widths", "labels", header["format"]]
    assert [name for name in names if f"`{name}`" not in page] == []
