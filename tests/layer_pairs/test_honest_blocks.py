"""Blocks of a store are used only if they agree with themselves, with the masses of the run, and with a sample of its
activations: a digest that fits is no proof, as whoever can write to a store can write one."""

from __future__ import annotations

import json
import os
import re
import socket
import warnings
import zipfile
from contextlib import chdir

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.layer_pairs import block_store, spot_check
from mot_fast.layer_pairs.block_store import FORMAT
from support.faults import bits
from support.tampering import member_of_any_kind, rewrite_block

WIDTHS = [6, 9], [7, 5, 8]
MASSES = {"source_mass": [np.arange(1.0, 7.0), np.ones(9)]}
RUNS = {
    "plain": {},
    "masses": MASSES,
    "rotated": {"rotate": True},
    "printed": {"rotate": True, "convention": "paper", **MASSES},
}


def networks(layers):
    return layers(WIDTHS[0], 50), layers(WIDTHS[1], 50, seed=2)


def block_of(store):
    (path,) = (store / "blocks").glob("*.block")
    return path


def found_again(run, store):
    """The alignment that a run gets with a store, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = run()
    name = re.escape(str(block_of(store)))
    for warning in caught:
        assert re.fullmatch(rf"{name}: this block is damaged and is computed again \(.+\)", str(warning.message))
    return found, [str(warning.message) for warning in caught]


def scale(*names, by=0.5):
    def change(arrays):
        for name in names:
            arrays[name] *= by

    return change


def make_better(arrays):
    """Halve the cost of a block, and its proof accordingly."""
    scale("cost", "u", "v")(arrays)
    arrays["certificate"][:, :4] = 2e-16


def swap_units(arrays):
    """Put another plan in place of the first pair's, at the cost that its potentials then give."""
    n = arrays["entries"][0]
    arrays["column"][:n] = 6 - arrays["column"][:n]
    order = np.lexsort((arrays["column"][:n], arrays["row"][:n]))
    for name in ("row", "column", "mass"):
        arrays[name][:n] = arrays[name][:n][order]
    arrays["v"][:7] = arrays["v"][:7][::-1]


def halve_residuals(arrays):
    arrays["trace"] *= 0.5


def lengthen(arrays):
    """Make the first pair's trace endless, all at its first residual."""
    arrays["trace"] = np.concatenate([np.full(30, arrays["trace"][0]), arrays["trace"]])
    arrays["alternations"][0] += 30


def nudge(name, by):
    def change(arrays):
        arrays[name].flat[0] += by

    return change


@pytest.mark.parametrize(
    ("run", "change", "message"),
    [
        ("plain", make_better, "the plan from layer 'layer0' to 'layer0' is not that of the activations"),
        ("plain", swap_units, "the plan from layer 'layer0' to 'layer0' is not that of the activations"),
        ("masses", make_better, "is not that of the activations"),
        (
            "plain",
            scale("cost"),
            r"the plan from layer 'layer0' to 'layer0' costs 0\..* more than its potentials allow",
        ),
        ("plain", nudge("cost", 1e-5), "costs .* more than its potentials allow"),
        ("plain", nudge("mass", 1e-6), "the rows or columns of the plan .* do not sum to the masses of units"),
        ("masses", scale("mass", by=1.001), "do not sum to the masses of units"),
        ("plain", scale("mass", by=-1.0), "a plan has entries without mass"),
        ("plain", nudge("u", np.nan), "'u' holds something else than finite float64 numbers"),
        ("plain", nudge("v", 1e-4), "more than its potentials allow"),
        ("plain", nudge("certificate", 1e-5), "it holds transports that are not proven optimal"),
        ("plain", scale("certificate", by=10.0), "it holds transports that are not proven optimal"),
        ("plain", lambda arrays: arrays.pop("u"), "it lacks 'u'"),
        ("plain", lambda arrays: arrays.update(more=np.ones(3)), "it holds 'more', which has no place in it"),
        ("plain", lambda arrays: arrays.update(cost=arrays["cost"][:-1]), r"'cost' has shape \(5,\) instead of \(6,\)"),
        ("plain", nudge("column", 2**30), "a plan has entries outside its shape"),
        ("plain", scale("row", by=0), "the entries of a plan are out of order"),
        ("plain", nudge("entries", 2**62), "an array has shape"),
        ("plain", lambda arrays: arrays.update(row=arrays["row"].astype(float)), "'row' holds something else than fin"),
        ("rotated", halve_residuals, "the residual of the transport from layer .* is not that of the activations"),
        ("printed", halve_residuals, "the residual of the transport from layer .* is not that of the activations"),
        ("rotated", make_better, "a pair's certificate is better than that of its plan|are not proven optimal"),
        ("rotated", lengthen, "it holds traces of more than 20 alternations"),
        ("rotated", scale("trace", by=-1.0), "it holds residuals below 0"),
        ("rotated", scale("pair_certificate", by=0), "a pair's certificate is better than that of its plan"),
        ("rotated", scale("pair_certificate", by=1e9), "it holds transports that are not proven optimal"),
        ("rotated", lambda arrays: arrays.update(alternations=arrays["alternations"] * 99), "an array has shape"),
    ],
)
def test_blocks_that_lie_are_told_and_computed_again(layers, tmp_path, run, change, message):
    source, target = networks(layers)

    def align():
        return mot.align(source, target, store=tmp_path, **RUNS[run])

    expected = bits(align())
    rewrite_block(block_of(tmp_path), change)
    found, told = found_again(align, tmp_path)
    assert bits(found) == expected
    assert len(told) == 1
    assert re.search(message, told[0])
    assert found_again(align, tmp_path)[1] == [], "it was not written anew"


def test_potentials_no_plan_can_have_are_refused(layers, tmp_path):
    """Such blocks are refused without reading any activations."""
    source, target = networks(layers)
    alignment = mot.align(source, target)
    alignment.save(tmp_path / "run.mot")

    def shift(arrays, by):
        arrays["u"][:6] += np.where(np.arange(6) == 0, 5 * by, -by)
        return arrays

    mot.align(source, target, store=tmp_path)
    for by, message in ((1.0, "has potentials that exceed every cost"), (-0.5, "moves mass at a cost below 0")):
        rewrite_block(block_of(tmp_path), lambda arrays, by=by: shift(arrays, by))
        _, told = found_again(lambda: mot.align(source, target, store=tmp_path), tmp_path)
        assert message in told[0]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "trajectories",
            scale("cost"),
            "the cost of the transport from layer '.*' to layer '.*' is not that of the act",
        ),
        ("trajectories", scale("cost", by=9.0), "it holds costs that are not between 0 and 2"),
        ("trajectories", scale("certificate", by=-1.0), "it holds transports that are not proven optimal"),
        ("trajectories", lambda arrays: arrays.pop("certificate"), "it lacks 'certificate'"),
        (
            "similarity",
            lambda arrays: arrays.update(figures=arrays["figures"][:2]),
            r"its figures are float64 numbers of",
        ),
        ("similarity", lambda arrays: arrays.pop("figures"), "it lacks 'figures'"),
        ("similarity", lambda arrays: arrays["figures"].__setitem__(0, np.inf), "its cost is inf"),
        ("similarity", lambda arrays: arrays["figures"].__setitem__(1, 3.0), r"its scores are \[3.0, "),
    ],
)
def test_blocks_of_costs_alone_that_lie_are_told(layers, tmp_path, name, change, message):
    source, target = (mot.load(each, name) for each, name in zip(networks(layers), ("one", "two"), strict=True))
    runs = {
        "trajectories": lambda: mot.align_trajectories([source], [target], store=tmp_path).layer_costs,
        "similarity": lambda: mot.similarity_matrix([source, target], store=tmp_path).costs,
    }
    expected = runs[name]()
    for path in list((tmp_path / "blocks").iterdir())[1:]:
        path.unlink()
    rewrite_block(block_of(tmp_path), change)
    with pytest.warns(UserWarning, match=rf"this block is damaged and is computed again \(.*({message})"):
        found = runs[name]()
    np.testing.assert_array_equal(found, expected)


def test_figures_of_networks_that_lie_are_told(layers, tmp_path):
    source, target = (mot.load(each, name) for each, name in zip(networks(layers), ("one", "two"), strict=True))
    expected = mot.similarity_matrix([source, target], store=tmp_path)
    for path in (tmp_path / "blocks").iterdir():
        rewrite_block(path, scale("figures"))
    message = r"store: its figures of '\w+' and '\w+' are not those of the activations, and are replaced"
    with pytest.warns(UserWarning, match=message) as caught:
        found = mot.similarity_matrix([source, target], store=tmp_path)
    told = [str(warning.message) for warning in caught]
    assert len(told) == 3
    assert re.fullmatch(message, told[0])
    assert {warning.filename for warning in caught} == {__file__}
    np.testing.assert_array_equal(found.costs, expected.costs)
    np.testing.assert_array_equal(found.scores, expected.scores)
    with warnings.catch_warnings(action="error"):
        mot.similarity_matrix([source, target], store=tmp_path)


def test_workers_look_at_blocks_as_well(layers, tmp_path, monkeypatch):
    """A block that another process has written in the meantime is checked as well."""
    source, target = networks(layers)
    expected = bits(mot.align(source, target, store=tmp_path))
    rewrite_block(block_of(tmp_path), make_better)
    get = block_store.Store.get
    monkeypatch.setattr(
        "mot_fast.layer_pairs.block_store.Store.get",
        lambda self, *block, is_silent, **most: get(self, *block, is_silent=True, **most) if is_silent else None,
    )
    assert bits(mot.align(source, target, store=tmp_path)) == expected


def test_only_some_units_of_wide_layers_are_looked_at(layers, tmp_path, monkeypatch):
    """As many units are checked as there is memory for."""
    seen = []
    real = spot_check._units
    monkeypatch.setattr(
        spot_check, "_units", lambda values, rows, units: (seen.append(len(units)), real(values, rows, units))[1]
    )
    source, target = layers([100], 50), layers([120], 50, seed=2)
    for _ in range(2):
        mot.align(source, target, store=tmp_path)
    assert seen[0] == 32
    assert seen[1] <= 64
    monkeypatch.setattr(spot_check, "_MOST_BYTES", 0)
    mot.align(source, target, store=tmp_path)
    assert seen[2] == 4


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "bfloat16"])
def test_honest_blocks_of_any_activations_are_believed(rng, tmp_path, dtype):
    """Activations of any type and scale, with constant units and units that hardly vary, pass the check."""
    if dtype == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    values = rng.standard_normal((60, 12)) * 20
    values[:, 3] = 7
    values[:, 4] = np.eye(60)[5]
    values[:, 5] = values[:, 6]
    scales = [1.0] if dtype == "i1" else [1.0, 1e-4] if dtype == "f2" else [1e-30, 1.0, 1e30]
    layer_list = [(values * size).astype(dtype) for size in scales]
    if dtype == "f8":
        layer_list += [values * 1e-310, values * 1e300, values + 1e9, values * 1e-3 + 1e12]
    for options in ({}, {"rotate": True}) if dtype == "f4" else ({},):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "some units are constant")
            warnings.filterwarnings("error", "this block")
            for rows in (slice(None), rng.permutation(60)[:40]):
                network = mot.load(layer_list)[rows]
                first, again = (mot.align(network, network, store=tmp_path, **options) for _ in range(2))
                assert bits(again) == bits(first)


def sparse_directory(path):
    """A sparse file with a zip directory of 100 GB."""
    size = 10**11
    end = b"PK\6\6" + (44).to_bytes(8, "little") + bytes(4) + bytes(8) + bytes(16)
    end += size.to_bytes(8, "little") + (0).to_bytes(8, "little")
    locator = b"PK\6\7" + bytes(4) + size.to_bytes(8, "little") + (1).to_bytes(4, "little")
    last = b"PK\5\6" + b"\0\0\0\0" + b"\xff" * 12 + bytes(2)
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(end + locator + last)


def sparse_member(path):
    """A valid archive, a sparse file, whose one array takes 64 GiB."""
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as whole:
        whole.writestr("header.json", json.dumps({"format": FORMAT, "version": 1, "key": path.stem, "digest": ""}))
        member = zipfile.ZipInfo("cost.npy")
        member.header_offset, member.CRC = file.tell(), 0
        member.file_size = member.compress_size = 2**36
        file.write(member.FileHeader(zip64=True))
        file.seek(2**36, os.SEEK_CUR)
        whole.filelist.append(member)
        whole.start_dir, whole._didModify = file.tell(), True


def bound_socket(path):
    with chdir(path.parent), socket.socket(socket.AF_UNIX) as end:  # socket names must be short
        end.bind(path.name)


STRANGE = {
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path.name),
    "link to a folder": lambda path: path.symlink_to("."),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link through a file": lambda path: path.symlink_to("/dev/null/nothing"),
    "link to a long name": lambda path: path.symlink_to(300 * "x"),
    "socket": bound_socket,
    "holes": sparse_directory,
    "holes of a member": sparse_member,
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and devices")
@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
def test_what_is_no_block_neither_stops_nor_hangs_a_run(layers, tmp_path, make):
    source, target = networks(layers)
    expected = bits(mot.align(source, target, store=tmp_path))
    path = block_of(tmp_path)
    path.unlink()
    make(path)
    found, told = found_again(lambda: mot.align(source, target, store=tmp_path), tmp_path)
    assert bits(found) == expected
    reason = (
        "Too many levels|it is no file|its directory is said to take 93.1 GiB|No such file|Not a directory|"
        r"name too long|it says to hold 64 GiB, where 0.0\d+ MiB are enough"
    )
    assert re.search(reason, told[0])
    assert path.is_dir() or (path.is_file() and not path.is_symlink())
    make(tmp_path / "run.mot")
    with pytest.raises((ValueError, FileNotFoundError), match=r"run\.mot: expected a (complete )?\.mot file, found no"):
        mot.Alignment.load(tmp_path / "run.mot")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links")
def test_links_in_a_store_are_replaced_and_not_written_through(layers, tmp_path):
    source, target = networks(layers)
    mot.align(source, target, store=tmp_path)
    path = block_of(tmp_path)
    (tmp_path / "mine").write_text("not yours")
    path.unlink()
    path.symlink_to(tmp_path / "mine")
    with pytest.warns(UserWarning, match="this block is damaged"):
        mot.align(source, target, store=tmp_path)
    assert not path.is_symlink()
    assert (tmp_path / "mine").read_text() == "not yours"


@pytest.mark.parametrize("run", RUNS)
def test_arrays_of_blocks_may_hold_anything(layers, tmp_path, run):
    """Blocks that are accepted give right costs, up to what certificates leave open."""
    source, target = networks(layers)
    expected = mot.align(source, target, store=tmp_path, **RUNS[run])
    path, rng, n_told = block_of(tmp_path), np.random.default_rng(7), 0
    sound = path.read_bytes()
    for _ in range(25):
        path.write_bytes(sound)

        def change(arrays):
            name = sorted(arrays)[rng.integers(len(arrays))]
            arrays[name] = np.asarray(member_of_any_kind(rng, arrays[name]))

        rewrite_block(path, change)
        found, told = found_again(lambda: mot.align(source, target, store=tmp_path, **RUNS[run]), tmp_path)
        np.testing.assert_allclose(found.layer_costs, expected.layer_costs, rtol=2e-6)
        n_told += len(told)
    assert 8 < n_told <= 25


def test_a_block_with_two_members_of_one_name_is_refused(layers, tmp_path):
    source, target = networks(layers)
    mot.align(source, target, store=tmp_path)
    with warnings.catch_warnings(), zipfile.ZipFile(block_of(tmp_path), "a") as archive:
        warnings.filterwarnings("ignore", "Duplicate name")
        archive.writestr("cost.npy", b"")
    with pytest.warns(UserWarning, match="it holds two members of one name"):
        mot.align(source, target, store=tmp_path)
