from __future__ import annotations

import json

import numpy as np
import pytest

import mot_fast as mot
from commands import answer, is_png, run_here
from mot_fast.cli import study


@pytest.fixture
def folder(tmp_path, layers):
    for name, seed in (("one", 0), ("two", 4), ("three", 7)):
        np.savez(tmp_path / f"{name}.npz", **{f"layer{k}": x for k, x in enumerate(layers([5, 8, 6], 60, seed=seed))})
    return tmp_path


def write(folder, text):
    path = folder / "study.toml"
    path.write_text(text)
    return path


NETWORKS = """
[networks.one]
activations = "one.npz"
[networks.two]
activations = "two.npz"
layers = ["layer[01]"]
"""


def test_a_study_writes_what_it_asks_for_and_goes_on(folder):
    path = write(
        folder,
        'pairs = [["one", "two"], ["three", "one"]]\nmethods = ["mot", "pairwise_best", "cka"]\n'
        + NETWORKS
        + '[networks.three]\nactivations = "three.npz"\n'
        + "[splits]\nn = 2\ntest_size = 0.25\nseed = 3\n"
        + '[output]\nfolder = "out"\nfigures = ["png"]\ntables = ["md", "csv", "json"]\nreports = true\n',
    )
    found = answer("run", path)
    out = folder / "out"
    for name in ("one--two", "three--one"):
        assert {each.name.removeprefix(f"{name}.") for each in out.glob(f"{name}.*")} == {
            *("mot", "md", "csv", "json", "html", "plan.png", "scores.png")
        }
        assert is_png(out / f"{name}.plan.png")
        assert json.loads((out / f"{name}.json").read_text())["values_of_splits"] == found[name]["values_of_splits"]
    source, target = mot.load(folder / "one.npz"), mot.load(folder / "two.npz", layers="layer[01]")
    expected = mot.compare(source, target, ["mot", "pairwise_best", "cka"], n_splits=2, test_size=0.25, seed=3)
    np.testing.assert_array_equal(found["one--two"]["values_of_splits"]["mot"], expected.scores["mot"])
    train, test = mot.split(60, 0.25, 3)
    alignment = mot.Alignment.load(out / "one--two.mot")
    assert alignment.cost == mot.align(source[train], target[train]).cost
    assert alignment.evaluation.n_stimuli == len(test)
    blocks = {block: block.stat().st_mtime_ns for block in (out / "finished" / "blocks").iterdir()}
    again = run_here("run", path)
    assert again.returncode == 0, again.stderr
    assert f"Everything is in {out}" in again.stdout
    assert blocks == {block: block.stat().st_mtime_ns for block in (out / "finished" / "blocks").iterdir()}


def test_a_study_of_names_alone_takes_all_pairs_and_what_is_usual(folder):
    found = study.read(write(folder, NETWORKS))
    assert found.pairs == (("one", "two"), ("two", "one"))
    assert (found.n_splits, found.test_size, found.seed, found.rotate) == (5, 0.2, 0, False)
    assert found.folder == folder / "results"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", r"study.toml: expected a study as TOML, found what is none \(Invalid value"),
        ("", r"networks: expected a table \[networks.NAME\] for each of two networks or more, found None"),
        ("[networks]\none = 1\ntwo = 2", "networks.one: expected either 'activations' or 'model', found 1"),
        ("metods = []\n" + NETWORKS, "the study: expected some of .*methods.*, found 'metods'"),
        ("methods = ['cka', 'cca']\n" + NETWORKS, r"methods: expected a list of some of .*, found \['cka', 'cca'\]"),
        ("methods = 'cka'\n" + NETWORKS, "methods: expected a list of some of .*, found 'cka'"),
        ("pairs = [['one', 'four']]\n" + NETWORKS, r"pairs\[0\]: expected two of one, two, found \['one', 'four'\]"),
        ("pairs = []\n" + NETWORKS, r"pairs: expected a list of \[source, target\], found \[\]"),
        ("splits = 3\n" + NETWORKS, "splits: expected a table, found 3"),
        (NETWORKS + "[splits]\nn = 2.5", "splits.n: expected a int, found 2.5"),
        (NETWORKS + "[splits]\nm = 2", "splits: expected some of n, seed, test_size, found 'm'"),
        (NETWORKS + "[alignment]\nrotate = 'yes'", "alignment.rotate: expected a bool, found 'yes'"),
        (NETWORKS + "[alignment]\nconvention = 'raw'", "alignment.convention: expected one of standardized, paper"),
        (NETWORKS + "[output]\nfigures = ['gif']", r"output.figures: expected a list of some of png, .*\['gif'\]"),
        (NETWORKS + "[networks.three]\nactivations = 3", "networks.three.activations: expected a str, found 3"),
        (
            NETWORKS + "[networks.three]\nactivations = 'x.npz'\npool = 'cls'",
            "networks.three: expected some of .*'pool'",
        ),
        (NETWORKS + "[networks.three]\nmodel = 'x'", "networks.three.texts: expected a str, found None"),
        (
            NETWORKS + "[networks.'a/b']\nactivations = 'x.npz'",
            "expected names that may be part of file names",
        ),
    ],
)
def test_mistakes_in_a_study_are_named_by_their_place(folder, text, message):
    with pytest.raises(ValueError, match=message):
        study.read(write(folder, text))


def test_a_file_of_a_study_that_is_missing_is_named(folder):
    with pytest.raises(FileNotFoundError, match=r"three.activations: expected a file, found nothing at .*gone"):
        study.read(write(folder, NETWORKS + "[networks.three]\nactivations = 'gone.npz'"))


def test_networks_of_different_stimuli_are_refused_before_the_work(folder):
    np.savez(folder / "short.npz", layer=np.random.default_rng(0).random((50, 4)))
    path = write(folder, NETWORKS + "[networks.short]\nactivations = 'short.npz'")
    result = run_here("run", path)
    assert result.returncode == 1
    assert (
        "networks.one and networks.short: expected the same stimuli, found 60 in 'one' and 50 in 'short'"
        in result.stderr
    )
    assert not list((folder / "results").glob("*.mot"))
