from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.cli import main
from mot_fast.cli.study_file import read_study
from support.commands import answer, is_png, run_here


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


@pytest.mark.slow
def test_a_study_writes_what_it_asks_for_and_goes_on(folder):
    path = write(
        folder,
        'pairs = [["one", "two"], ["three", "one"]]\nmethods = ["mot", "pairwise_best", "cka"]\nshuffles = 4\n'
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
    how = {"splits": 2, "test_size": 0.25, "seed": 3, "n_shuffles": 4}
    expected = mot.compare(source, target, ["mot", "pairwise_best", "cka"], **how)
    np.testing.assert_array_equal(found["one--two"]["values_of_splits"]["mot"], expected.scores["mot"])
    train, test = mot.split(60, 0.25, 3)
    alignment = mot.Alignment.load(out / "one--two.mot")
    assert alignment.cost == mot.align(source[train], target[train]).cost
    assert alignment.evaluation.n_stimuli == len(test)
    null = mot.hierarchy_null(source[train], target[train], n_permutations=4)
    assert alignment.evaluation.p_shuffled == null.p_stimuli
    assert "maps of shuffled stimuli" in expected.verdict()[-1]
    assert expected.verdict()[-1] in (out / "one--two.md").read_text()
    blocks = {block: block.stat().st_mtime_ns for block in (out / "finished" / "blocks").iterdir()}
    again = run_here("run", path)
    assert again.returncode == 0, again.stderr
    assert f"Everything is in {out}; begin with index.html, then summary.md" in again.stdout
    assert again.stdout.count("verdict:") == 0 < (out / "summary.md").read_text().count("verdict:")
    assert blocks == {block: block.stat().st_mtime_ns for block in (out / "finished" / "blocks").iterdir()}


def test_a_study_of_names_alone_takes_all_pairs_and_what_is_usual(folder):
    found = read_study(write(folder, NETWORKS))
    assert found.pairs == (("one", "two"), ("two", "one"))
    assert (found.n_splits, found.test_size, found.seed, found.rotate) == (5, 0.2, 0, False)
    assert found.folder == folder / "results"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", r"study.toml: expected a study as TOML, found what is none \(Invalid value"),
        ("", r"networks: expected a table \[networks.NAME\] for each of two networks or more, found nothing"),
        ("[networks]\none = 1\ntwo = 2", "networks.one: expected either 'activations' or 'model', found 1"),
        ("metods = []\n" + NETWORKS, "the study: expected some of .*methods.*, found 'metods'"),
        ("methods = ['cka', 'cca']\n" + NETWORKS, r"methods: expected a list of some of .*, found \['cka', 'cca'\]"),
        ("methods = 'cka'\n" + NETWORKS, "methods: expected a list of some of .*, found 'cka'"),
        ("pairs = [['one', 'four']]\n" + NETWORKS, r"pairs\[0\]: expected two of one, two, found \['one', 'four'\]"),
        ("pairs = []\n" + NETWORKS, r"pairs: expected a list of \[source, target\], found \[\]"),
        ("shuffles = -1\n" + NETWORKS, "shuffles: expected a number between 0 and 10000, found -1"),
        ("splits = 3\n" + NETWORKS, "splits: expected a table, found 3"),
        (NETWORKS + "[splits]\nn = 2.5", "splits.n: expected a whole number, found 2.5"),
        (NETWORKS + "[splits]\nm = 2", "splits: expected some of blocks, gap, groups, n, seed, test_size, found 'm'"),
        (NETWORKS + "[alignment]\nrotate = 'yes'", "alignment.rotate: expected true or false, found 'yes'"),
        (NETWORKS + "[alignment]\nconvention = 'raw'", "alignment.convention: expected one of standardized, paper"),
        (NETWORKS + "[output]\nfigures = ['gif']", r"output.figures: expected a list of some of png, .*\['gif'\]"),
        (
            NETWORKS + "[networks.three]\nactivations = 3",
            "networks.three.activations: expected text in quotes, found 3",
        ),
        (
            NETWORKS + "[networks.three]\nactivations = 'x.npz'\npool = 'cls'",
            "networks.three: expected some of .*'pool'",
        ),
        (NETWORKS + "[networks.three]\nmodel = 'x'", "networks.three.stimuli: expected text in quotes, found nothing"),
        ("x = " + "[" * 100_000, "expected a study as TOML, found what is none"),
        ("x = " + "9" * 5000, "expected a study as TOML, found what is none"),
        ("#" * 2**20 + "\n", "expected a study as TOML, found more than 1048576 bytes"),
        ("methods = []\n" + NETWORKS, r"methods: expected a list of some of .*, found \[\]"),
        ("methods = [['cka']]\n" + NETWORKS, r"methods: expected a list of some of .*, found \[\['cka'\]\]"),
        (
            "pairs = [[['one'], 'two']]\n" + NETWORKS,
            r"pairs\[0\]: expected two of one, two, found \[\['one'\], 'two'\]",
        ),
        ("pairs = [['one', 'two'], ['one', 'two']]\n" + NETWORKS, r"pairs\[1\]: expected another one than pairs\[0\]"),
        (
            NETWORKS + "[splits]\nn = 1000000000000",
            "splits.n: expected a number between 1 and 10000, found 1000000000000",
        ),
        (NETWORKS + "[splits]\nn = 0", "splits.n: expected a number between 1 and 10000, found 0"),
        (NETWORKS + "[splits]\nseed = -1", "splits.seed: expected a number between 0 and inf, found -1"),
        (NETWORKS + "[splits]\ntest_size = nan", "splits.test_size: expected a number between 0 and 1, found nan"),
        (NETWORKS + "[splits]\ntest_size = 1", "splits.test_size: expected a number between 0 and 1, found 1.0"),
        (NETWORKS + f"[splits]\ntest_size = 1{'0' * 400}", "splits.test_size: expected a number, found 1000"),
        (NETWORKS + "[output]\nfolder = ''", "output.folder: expected a path, found ''"),
        (NETWORKS + '[output]\nfolder = "a\\u0000"', r"output.folder: expected a path, found 'a\\x00'"),
        (
            f"[networks.{'n' * 121}]\nactivations = 'one.npz'\n" + NETWORKS,
            "networks: expected names of 120 bytes at mo",
        ),
        (NETWORKS + "check_stimuli = 1", "networks.two.check_stimuli: expected true or false, found 1"),
        (NETWORKS.replace('["layer[01]"]', "2.5"), "networks.two.layers: expected names of layers, found 2.5"),
        (
            NETWORKS + "[networks.ONE]\nactivations = 'one.npz'",
            "names that differ in more than case .*'one', 'ONE'",
        ),
        (
            NETWORKS + "[networks.ｏne]\nactivations = 'one.npz'".replace("ｏne", "'ｏne'"),
            "differ in more than case or form",
        ),
        (NETWORKS + "[networks.'']\nactivations = 'one.npz'", "names that may be part of file names.* found ''"),
        (
            NETWORKS + "[networks.'one-']\nactivations = 'one.npz'",
            "names that may be part of file names.* found 'one-'",
        ),
        (NETWORKS + '[networks."a\\u001b"]\nactivations = "one.npz"', r"part of file names.* found 'a\\x1b'"),
        (
            "\n".join(f"[networks.n{k}]\nactivations = 'one.npz'" for k in range(102)),
            "at most 10000 pairs, found '102 netw",
        ),
        (
            NETWORKS + "[networks.'a/b']\nactivations = 'x.npz'",
            "expected names that may be part of file names",
        ),
    ],
)
def test_mistakes_in_a_study_are_named_by_their_place(folder, text, message):
    with pytest.raises(ValueError, match=message):
        read_study(write(folder, text))


def test_a_mark_of_the_encoding_is_no_part_of_a_study(folder):
    assert read_study(write(folder, "\ufeff" + NETWORKS)).networks.keys() == {"one", "two"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NETWORKS.replace('["layer[01]"]', "[]"), r"study.toml, networks.two.layers: expected at least one pattern"),
        (NETWORKS.replace('["layer[01]"]', "[7]"), r"study.toml, networks.two.layers: expected a pattern of labels"),
        (
            NETWORKS + "[output]\nfolder = 'one.npz'",
            r"study.toml, output.folder: expected a folder to write to, found no",
        ),
        (NETWORKS + f"[output]\nfolder = '{300 * 'x'}'", r"study.toml, output.folder: expected a folder .*too long"),
    ],
)
def test_mistakes_that_only_the_run_sees_are_named_by_their_place(folder, capsys, text, message):
    write(folder, text)
    assert main(["run", str(folder / "study.toml")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)


def test_what_reports_need_is_told_before_the_work(folder, capsys, monkeypatch):
    write(folder, NETWORKS)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    assert main(["run", str(folder / "study.toml")]) == 1
    assert capsys.readouterr().err == "mot-fast: reports need plotly and jinja2: pip install plotly jinja2\n"
    assert not (folder / "results").exists()


def test_a_file_of_a_study_that_is_missing_is_named(folder):
    with pytest.raises(FileNotFoundError, match=r"three.activations: expected a file, found nothing at .*gone"):
        read_study(write(folder, NETWORKS + "[networks.three]\nactivations = 'gone.npz'"))


def test_a_path_of_a_study_that_is_no_file_is_named(folder):
    with pytest.raises(FileNotFoundError, match=r"expected a study as TOML, found no file"):
        read_study(folder)
    with pytest.raises(FileNotFoundError, match=r"three.activations: expected a file, found nothing at"):
        read_study(write(folder, NETWORKS + "[networks.three]\nactivations = ''"))


def test_any_text_is_a_study_or_an_error_that_names_its_file(folder):
    """Lines and characters of a sound one changed at random."""
    sound = "pairs = [['one', 'two']]\nmethods = ['mot']\n" + NETWORKS + "[splits]\nn = 2\n[output]\nfolder = 'out'\n"
    rng, n_refused = np.random.default_rng(0), 0
    for _ in range(300):
        path = write(folder, changed_text(sound, rng))
        found, message = None, ""
        try:
            found = read_study(path)
        except (ValueError, FileNotFoundError) as error:
            message = str(error)
        if found is None:
            assert message.startswith(str(path))
            n_refused += 1
        else:
            assert len(set(found.pairs)) == len(found.pairs) > 0
            assert 1 <= found.n_splits <= 10_000
    assert 0 < n_refused < 300


def changed_text(text, rng):
    junk = ["[", "]", "'", '"', "=", "\n", ".", "-", "0", "1e999", "nan", "[[]]", "{}", "é", "\0", "true", "1979-05-27"]
    for _ in range(rng.integers(1, 4)):
        first, last = sorted(rng.integers(0, len(text), 2))
        last = min(last, first + 12)
        pieces = [text[:first], junk[rng.integers(len(junk))] * rng.integers(0, 3), text[last:]]
        text = "".join(pieces) if rng.random() < 0.7 else text[:last] + text[first:]
    return text


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
