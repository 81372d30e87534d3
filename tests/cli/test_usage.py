"""What somebody reads who does not know the commands: the list of them, help, and what is said of wrong usage."""

from __future__ import annotations

import logging
import re
import warnings

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.cli.parser import COMMANDS, SECTIONS, command_parser, name_of
from support.commands import run_here


def test_without_arguments_all_commands_are_shown():
    result = run_here()
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == run_here("--help").stdout
    listed = re.findall(r"^  (\w+)  +\w", result.stderr, re.MULTILINE)
    assert listed == [name_of(module) for module in COMMANDS]
    assert [title for title in SECTIONS if f"\n{title}:\n" not in result.stderr] == []


def test_help_fits_a_terminal_of_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in ([], *([name_of(module)] for module in COMMANDS)):
        text = run_here(*arguments, "--help").stdout
        example = text.rpartition("example:")[2] if arguments else ""
        assert max(map(len, text.removesuffix(example).splitlines())) <= 80


def test_every_option_has_help():
    for module in COMMANDS:
        command = command_parser().parse_known_args([name_of(module), *_REQUIRED.get(name_of(module), "ab")])[0].command
        assert [action.dest for action in command._actions if not action.help] == []


_REQUIRED = {
    "demo": [],
    "info": [],
    "extract": ["a", "b", "-o", "c"],
    "plot": "a",
    "report": "a",
    "run": "a",
    "completion": ["bash"],
}


def test_usage_names_what_must_be_given():
    for command, usage in {
        "align": "mot-fast align source target [OPTION ...]",
        "similarity": "mot-fast similarity network [network ...] [OPTION ...]",
        "extract": "mot-fast extract model stimuli -o FOLDER [OPTION ...]",
        "info": "mot-fast info [path] [OPTION ...]",
        "completion": "mot-fast completion {bash,zsh,tcsh} [OPTION ...]",
    }.items():
        assert run_here(command, "--help").stdout.startswith(f"usage: {usage}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["algin", "a", "b"], "found 'algin'; did you mean 'align'?"),
        (["Compare", "a", "b"], "found 'Compare'; did you mean 'compare'?"),
        (["fly"], "expected one of demo, extract, info, align,"),
        (["align", "a", "b", "--rotations"], "expected options of this command, found --rotations; did you mean '--"),
        (["align", "a", "b", "--sede=3"], "expected options of this command, found --sede; did you mean '--seed'?"),
        (["align", "a", "b", "c"], "mot-fast align: error: expected no more arguments, found c"),
        (["align", "a", "b", "--xyz"], "mot-fast align: error: expected options of this command, found --xyz\n"),
        (["compare", "a", "b", "--methods", "pairwise"], "found 'pairwise'; did you mean 'pairwise_best'?"),
        (["compare", "a", "b", "--convention", "Paper"], "expected one of standardized, paper, found 'Paper'; did you"),
        (["similarity", "a"], "argument network: expected two or more, found 1"),
        (["similarity", "a", "b", "--names", "x"], "argument --names: expected one for each of 2 networks, found 1"),
        (
            ["similarity", "a", "b", "--plot", "x.png", "--dendrogram", "x.png"],
            "--dendrogram: expected another file than",
        ),
        (["ceiling", "a"], "argument repeat: expected two or more, found 1"),
        (["null", "a", "b", "--layer-shuffles", "5"], "--layer-shuffles: expected none with --what alignment"),
        (["null", "a", "b", "--what", "hierarchy", "--adjust", "holm"], "--adjust: expected none with --what hier"),
        (["partial", "a", "b", "--shares", "0"], "argument --shares: expected a share of the mass, above 0"),
    ],
)
def test_wrong_usage_is_told_and_what_may_be_meant(arguments, said):
    result = run_here(*arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert result.stderr.startswith("usage: mot-fast")


@pytest.mark.filterwarnings("default:some units are constant")
def test_constant_units_of_a_network_are_noted_once_in_a_study(tmp_path):
    rng = np.random.default_rng(0)
    tables = ['methods = ["mot"]\nsplits.n = 1\noutput = {figures = [], reports = false}\n']
    for name in "abc":
        np.savez(tmp_path / f"{name}.npz", x=rng.random((30, 3)) * [1, 1, name != "b"], y=rng.random((30, 2)) * [0, 1])
        tables.append(f'[networks.{name}]\nactivations = "{name}.npz"\n')
    (tmp_path / "study.toml").write_text("".join(tables))
    result = run_here("run", tmp_path / "study.toml")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("some units are constant") == 1
    assert re.findall(r"'(\w)' layer '(\w)': (\d of \d)", result.stderr) == [
        ("a", "y", "1 of 2"),
        ("b", "x", "1 of 3"),
        ("b", "y", "1 of 2"),
        ("c", "y", "1 of 2"),
    ]


def test_the_same_note_is_printed_once(monkeypatch):
    def load(*_, **__):
        for k in range(3):
            warnings.warn_explicit("odd units", UserWarning, "somewhere.py", k)
            logging.getLogger("mot_fast").warning("compiling")
        warnings.warn_explicit("other units", UserWarning, "somewhere.py", 9)
        raise ValueError("enough")

    monkeypatch.setattr(mot, "load", load)
    with warnings.catch_warnings(action="always"):
        notes = run_here("align", "a", "b").stderr.splitlines()
    assert notes == [
        "mot-fast: note: odd units",
        "mot-fast: note: compiling",
        "mot-fast: note: other units",
        "mot-fast: enough",
    ]
