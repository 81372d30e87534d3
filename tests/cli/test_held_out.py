"""Groups and blocks of stimuli on the command line and in studies hold out what Python's arguments do."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.cli import main
from mot_fast.cli.held_out import read_groups
from mot_fast.cli.study_file import read_study
from support.commands import answer, run_here

GROUPS = np.repeat([f"story {k}" for k in range(10)], 6)


@pytest.fixture
def files(tmp_path, layers):
    np.savez(tmp_path / "a.npz", **{f"a{k}": x for k, x in enumerate(layers([5, 6], 60))})
    np.savez(tmp_path / "b.npz", **{f"b{k}": x for k, x in enumerate(layers([7, 4], 60, seed=4))})
    (tmp_path / "groups.txt").write_text("\n".join(GROUPS) + "\n")
    return tmp_path / "a.npz", tmp_path / "b.npz"


def aligned(files, train, test):
    source, target = map(mot.load, files)
    alignment = mot.align(source[train], target[train])
    return alignment.cost, alignment.score(source[test], target[test]).value


def test_align_holds_out_groups_and_the_last_block(files, tmp_path):
    for options, split in (
        (["--groups", tmp_path / "groups.txt", "--seed", 2], mot.split(60, 0.2, 2, groups=GROUPS)),
        (["--blocks", 4, "--gap", 3], mot.blocked_splits(60, 4, gap=3)[-1]),
        (["--blocks", 5, "--groups", tmp_path / "groups.txt", "--test-size", 0], mot.blocked_splits(60, 5)[-1]),
    ):
        found = answer("align", *files, *options)
        cost, score = aligned(files, *split)
        assert found["cost"] == cost
        assert found["evaluation"]["scores"]["mot"]["value"] == pytest.approx(score, abs=1e-12)
        assert found["evaluation"]["n_stimuli"] == len(split[1])


def test_align_shuffles_as_it_holds_out(files, tmp_path):
    """Single stimuli, whole groups, or the record in a circle; intervals and p-values are by groups or blocks too."""
    groups, (source, target) = np.array(GROUPS), map(mot.load, files)
    of_groups = mot.split(60, 0.4, groups=groups)
    for options, (train, test), how, together in (
        ([], mot.split(60), {}, {}),
        (
            ["--groups", tmp_path / "groups.txt", "--test-size", 0.4],
            of_groups,
            {"groups": groups[of_groups[0]]},
            {"groups": groups[of_groups[1]]},
        ),
        (["--blocks", 3], mot.blocked_splits(60, 3)[-1], {"shuffle": "circular"}, {"block_length": "auto"}),
    ):
        found = answer("align", *files, *options, "--shuffles", 9)["evaluation"]
        null = mot.hierarchy_null(source[train], target[train], n_permutations=9, **how)
        assert found["p_shuffled"] == null.p_stimuli
        expected = mot.evaluate(mot.align(source[train], target[train]), source[test], target[test], **together)
        for name, score in expected.evaluation.scores.items():
            assert found["scores"][name]["low"] == pytest.approx(score.low)
            assert found["scores"][name]["p_better"] == score.p_better


def test_intervals_of_align_are_over_what_is_held_out_together(files, tmp_path):
    source, target = map(mot.load, files)
    groups = tmp_path / "groups.txt"
    for options, split, how in (
        (["--groups", groups, "--test-size", 0.4], mot.split(60, 0.4, groups=GROUPS), "groups"),
        (["--blocks", 2], mot.blocked_splits(60, 2)[-1], "blocks"),
        (["--groups", groups], mot.split(60, groups=GROUPS), "nothing"),
    ):
        train, test = split
        together = {"groups": {"groups": GROUPS[test]}, "blocks": {"block_length": "auto"}}.get(how, {})
        alignment = mot.align(source[train], target[train])
        expected = mot.evaluate(alignment, source[test], target[test], **together).evaluation.scores
        found = answer("align", *files, *options)["evaluation"]["scores"]
        for name, score in found.items():
            assert score["value"] == pytest.approx(expected[name].value, abs=1e-12)
            for figure in ("low", "high", "p_better"):
                wanted = None if how == "nothing" else getattr(expected[name], figure)
                assert score[figure] == (None if wanted is None else pytest.approx(wanted, abs=1e-12))
        text = run_here("align", *files, *options).stdout
        assert {
            "groups": "intervals and p-values over 4 groups",
            "blocks": "intervals and p-values over blocks of neighbours",
            "nothing": "intervals and p-values need 3 held-out groups, and these are 2",
        }[how] in text


def test_compare_holds_out_groups_and_every_block(files, tmp_path):
    for options, how, kind in (
        (["--groups", tmp_path / "groups.txt", "--splits", 2], {"splits": 2, "groups": GROUPS}, "grouped"),
        (["--blocks", 3, "--gap", 2], {"splits": mot.blocked_splits(60, 3, 2)}, "blocked"),
    ):
        found = answer("compare", *files, "--methods", "mot", "cka", *options)
        expected = mot.compare(*files, ["mot", "cka"], **how)
        for name in ("mot", "cka"):
            np.testing.assert_array_equal(found["values_of_splits"][name], expected.scores[name])
        assert (found["split_kind"], found["n_test"]) == (kind, list(expected.n_test))
        assert found["n_train"] == list(expected.n_train)
    text = run_here("compare", *files, "--methods", "mot", "--blocks", 3, "--shuffles", 9).stdout
    assert "maps of shuffled stimuli (p = " in text
    table = run_here("compare", *files, "--methods", "cka", "--blocks", 3, "--gap", 2).stdout
    assert "contiguous blocks with gaps of 2 stimuli: 3" in table


def test_a_study_holds_out_blocks_or_groups(files, tmp_path):
    networks = "[networks.a]\nactivations = 'a.npz'\n[networks.b]\nactivations = 'b.npz'\n"
    output = "[output]\nfigures = []\nreports = false\n"
    head = "pairs = [['a', 'b']]\nmethods = ['cka']\n"
    for splits, how, split in (
        ("blocks = 3\ngap = 2", {"splits": mot.blocked_splits(60, 3, 2)}, mot.blocked_splits(60, 3, 2)[-1]),
        (
            "n = 2\ngroups = 'groups.txt'",
            {"splits": 2, "groups": GROUPS},
            mot.split(60, groups=GROUPS),
        ),
    ):
        (tmp_path / "study.toml").write_text(f"{head}{networks}[splits]\n{splits}\n{output}")
        found = answer("run", tmp_path / "study.toml")["a--b"]
        expected = mot.compare(*files, ["cka"], **how)
        np.testing.assert_array_equal(found["values_of_splits"]["cka"], expected.scores["cka"])
        assert mot.Alignment.load(tmp_path / "results" / "a--b.mot").cost == aligned(files, *split)[0]


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ("blocks = 1", "splits.blocks: expected a number between 2 and 10000, found 1"),
        ("blocks = '3'", "splits.blocks: expected a whole number, found '3'"),
        ("n = 3\nblocks = 3", "splits: expected either 'n' or 'blocks', found {'blocks': 3, 'n': 3}"),
        ("gap = 3", "splits.gap: expected 'blocks' beside it, found 3"),
        ("blocks = 3\ngap = -1", "splits.gap: expected a number between 0 and inf, found -1"),
        ("groups = 3", "splits.groups: expected text in quotes, found 3"),
        ("groups = 'none.txt'", "splits.groups: expected a file, found nothing at .*none.txt"),
    ],
)
def test_mistakes_in_the_splits_of_a_study_are_named(files, splits, message):
    path = files[0].with_name("study.toml")
    path.write_text(f"[networks.a]\nactivations = 'a.npz'\n[networks.b]\nactivations = 'b.npz'\n[splits]\n{splits}")
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_study(path)


def test_mistakes_are_named_by_the_options(files, tmp_path, capsys):
    (tmp_path / "short.txt").write_text("a\nb\n")
    (tmp_path / "one.txt").write_text("a\n" * 60)
    study = tmp_path / "study.toml"
    networks = "[networks.a]\nactivations = 'a.npz'\n[networks.b]\nactivations = 'b.npz'\n[splits]\n"
    for arguments, message in (
        (["--groups", tmp_path / "short.txt"], "--groups: expected one label for each of 60 stimuli, found 2"),
        (["--groups", tmp_path / "one.txt"], "--groups: expected at least 2 groups, found 1, 'a'"),
        (["--blocks", 61], "--blocks: expected at most 60, found 61"),
        (["--blocks", 3, "--gap", 60], "--gap: expected one that leaves training stimuli beside every block, found 60"),
        (["--blocks", 30], "held-out stimuli of splits[0]: expected at least 3 stimuli, found 2"),
        (["--blocks", 7, "--groups", tmp_path / "groups.txt"], "splits[0]: expected each group on one side, found"),
    ):
        for command in ("align", "compare"):
            assert main([command, *map(str, files), *map(str, arguments)]) == 1
            (line,) = capsys.readouterr().err.splitlines()
            assert line.startswith(f"mot-fast: {message}")
    for splits, message in (
        ("groups = 'short.txt'", "splits.groups: expected one label for each of 60 stimuli, found 2"),
        ("blocks = 61", "splits.blocks: expected at most 60, found 61"),
        ("blocks = 3\ngap = 60", "splits.gap: expected one that leaves training stimuli"),
    ):
        study.write_text(networks + splits)
        assert main(["run", str(study)]) == 1
        assert capsys.readouterr().err.startswith(f"mot-fast: {message}")
    for command, arguments, message in (
        ("align", ["--gap", 3], "argument --gap: expected --blocks as well"),
        ("compare", ["--gap", 3], "argument --gap: expected --blocks as well"),
        ("compare", ["--blocks", 3, "--splits", 2], "argument --splits: not allowed with argument --blocks"),
        ("align", ["--blocks", 1], "argument --blocks: expected a whole number of 2 or more, found '1'"),
    ):
        result = run_here(command, *files, *arguments)
        assert result.returncode == 2
        assert message in result.stderr


def test_groups_are_read_from_many_files(tmp_path):
    labels = ["a", "b, or c", "a", 'd "e"']
    for name, text in (
        ("plain.txt", 'a\nb, or c\na\nd "e"'),
        ("spaces.txt", 'a \nb, or c\n a\nd "e"\n'),
        ("mark.txt", '\ufeffa\r\nb, or c\r\na\r\nd "e"\r\n'),
        ("column.csv", 'a\n"b, or c"\na\n"d ""e"""\n'),
        ("head.csv", 'story\na\n"b, or c"\na\n"d ""e"""\n'),
    ):
        (tmp_path / name).write_bytes(text.encode())
        assert read_groups(tmp_path / name, 4) == labels
    np.save(tmp_path / "numbers.npy", np.array([3, 1, 3, 2]))
    assert read_groups(tmp_path / "numbers.npy", 4) == [3, 1, 3, 2]
    np.save(tmp_path / "texts.npy", np.array(labels))
    assert read_groups(tmp_path / "texts.npy", 4) == labels


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("groups.txt", b"a\n\nb\n", "groups.txt: expected a label in every line, found none in line 2"),
        ("groups.csv", b"a\n\nb\n", "groups.csv: expected a label in every line, found none in line 2"),
        ("groups.csv", b"a\nb,c\n", "groups.csv: expected a single column, found 2 in line 2"),
        ("groups.csv", b"story\na\n\na\n", "groups.csv: expected a label in every line, found none in line 3"),
        ("groups.csv", b"id;story\n1;a\n2;a\n3;b\n", "groups.csv: expected a single column, found ';' in line 2"),
        ("groups.txt", b"1\ta\n2\ta\n3\tb\n", r"groups.txt: expected a single column, found '\\t' in line 1"),
        (
            "groups.txt",
            b"a\nb\nc\n",
            "groups.txt: expected groups of several stimuli, found a label of its own for each",
        ),
        ("groups.csv", b"a" * 200_000, r"groups.csv: expected a table of one column, found none \(field larger"),
        ("groups.txt", b"\xff\xfe\xfa", "groups.txt: expected text in UTF-8, one label a line, found 'utf-8' codec"),
        ("groups.npy", b"a\nb\n", "groups.npy: expected numbers or texts in a file of NumPy, found none"),
        ("groups.npy", np.eye(2), r"groups.npy: expected one label for each stimulus, found shape \(2, 2\)"),
        ("groups.npy", np.array([None, 1]), "groups.npy: expected numbers or texts in a file of NumPy, found none"),
    ],
)
def test_bad_files_of_groups_are_named(tmp_path, name, content, message):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(ValueError, match=message):
        read_groups(path, 3)


def test_files_of_groups_that_are_none_or_endless(tmp_path, monkeypatch):
    for path, found in ((tmp_path, "no file"), (tmp_path / "gone.txt", "nothing")):
        with pytest.raises(FileNotFoundError, match=f"expected a file of groups, found {found}"):
            read_groups(path, 3)
    (tmp_path / "endless.txt").write_text("a\nb\nc\n")
    monkeypatch.setattr("mot_fast.cli.held_out._MOST_BYTES", 5)
    with pytest.raises(ValueError, match=r"endless.txt: expected a file of groups, found more than 5 bytes"):
        read_groups(tmp_path / "endless.txt", 3)


@pytest.mark.filterwarnings("always")
def test_random_splits_of_series_are_named(tmp_path, rng):
    series = np.cumsum(rng.standard_normal((60, 5)), axis=0)
    np.savez(tmp_path / "x.npz", x=series)
    files = [tmp_path / "x.npz"] * 2
    for command, *options in (["align"], ["compare", "--methods", "cka"]):
        result = run_here(command, *files, *options)
        assert result.returncode == 0, result.stderr
        (line,) = result.stderr.splitlines()
        assert line.startswith("mot-fast: note: consecutive stimuli are alike ('x' layer 'x': autocorrelation 0.")
        assert "--blocks and --gap" in line
        assert run_here(command, *files, *options, "--blocks", 3, "--gap", 5).stderr == ""
    assert run_here("align", *files, "--test-size", 0).stderr == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--blocks", "4", "--test-size", "0.7"], "argument --test-size: expected none with --blocks"),
        (["--test-size", "0", "--shuffles", "5"], "argument --shuffles: expected a --test-size above 0"),
        (["--test-size", "0", "--groups", "groups.txt"], "argument --groups: expected a --test-size above 0"),
    ],
)
def test_options_that_would_mean_nothing_are_refused(files, options, message, capsys):
    with pytest.raises(SystemExit):
        main(["align", *map(str, files), *options])
    assert message in capsys.readouterr().err


def test_groups_that_cannot_be_shuffled_are_refused_before_the_work(files, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mot, "align", None)
    (tmp_path / "unequal.txt").write_text("a\n" * 7 + "b\n" * 13 + "c\n" * 40)
    arguments = ["align", *map(str, files), "--groups", str(tmp_path / "unequal.txt"), "--shuffles", "3"]
    assert main(arguments) == 1
    assert "expected several groups of one size among the training stimuli" in capsys.readouterr().err
