"""What a command does by default is what the function does that it calls."""

from __future__ import annotations

import argparse
import inspect

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.cli.parser import COMMANDS, command_parser, name_of
from mot_fast.cli.study_file import read_study
from support.commands import run_here

FUNCTIONS = {
    "demo": [mot.align],
    "extract": [mot.extract],
    "info": [],
    "align": [mot.align, mot.split, mot.load],
    "compare": [mot.compare, mot.load],
    "null": [mot.alignment_null, mot.hierarchy_null, mot.align, mot.load],
    "partial": [mot.partial_curve, mot.align, mot.load],
    "similarity": [mot.similarity_matrix, mot.load],
    "trajectories": [mot.align_trajectories, mot.load],
    "run": [mot.align, mot.compare],
    "ceiling": [mot.noise_ceiling, mot.load],
    "plot": [],
    "report": [],
    "completion": [],
}
"""The functions that each command calls with the values of its options."""
FILES_AND_FORM = {"output", "plot", "dendrogram", "json", "names", "help", "system", "what", "separator", "convergence"}
"""Options without a counterpart in Python: what is written where, and which of several functions is called."""
ALIASES = {"first_token": "skip_first_token", "labels": "stimuli", "source_layers": "layers", "target_layers": "layers"}
"""Options whose values are not kept under the name of the argument."""
SWITCHES = {("align", "n_permutations"), ("align", "n_splits"), ("compare", "n_splits")}
SWITCHES |= {("similarity", "n_splits"), ("partial", "n_splits")}
SWITCHES |= {(command, "gap") for command in ("align", "compare", "similarity", "partial")}
"""Options that ask for something which is not done without them: shuffles, blocks, and gaps beside these."""


def options_of(name):
    (commands,) = (each for each in command_parser()._actions if isinstance(each, argparse._SubParsersAction))
    return [action for action in commands.choices[name]._actions if action.option_strings]


def default_of(argument, functions):
    """The default of the first of the functions that has the argument."""
    for function in functions:
        parameter = inspect.signature(function).parameters.get(argument)
        if parameter is not None:
            return parameter.default
    raise KeyError(argument)


def test_no_command_is_left_out():
    assert list(FUNCTIONS) == [name_of(module) for module in COMMANDS]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_defaults_are_those_of_python(name):
    for action in options_of(name):
        if action.dest in FILES_AND_FORM or (name, action.dest) in SWITCHES or not FUNCTIONS[name]:
            continue
        argument = ALIASES.get(action.dest, action.dest)
        assert action.default == default_of(argument, FUNCTIONS[name]), (name, action.option_strings[-1])


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("align", "align"),
        ("compare", "compare"),
        ("null", "alignment_null"),
        ("null --what hierarchy", "hierarchy_null"),
        ("partial", "partial_curve"),
        ("similarity", "similarity_matrix"),
        ("trajectories", "align_trajectories"),
        ("ceiling", "noise_ceiling"),
    ],
)
def test_what_commands_hand_on_is_the_default(command, function, monkeypatch, tmp_path):
    for name in "ab":
        layers = {label: np.random.default_rng(ord(name)).random((20, 3)) for label in ("1/x", "1/y", "2/x", "2/y")}
        np.savez(tmp_path / f"{name}.npz", **layers)
    signature, handed_on = inspect.signature(getattr(mot, function)), {}

    def spy(*arguments, **options):
        handed_on.update(signature.bind(*arguments, **options).arguments)
        raise ValueError("enough")

    monkeypatch.setattr(mot, function, spy)
    name, *options = command.split()
    assert run_here(name, tmp_path / "a.npz", tmp_path / "b.npz", *options).stderr == "mot-fast: enough\n"
    handed_on |= handed_on.pop("options", {})
    networks = {"source", "target", "networks", "repeats"}
    assert {key: value for key, value in handed_on.items() if key not in networks} == {
        key: default_of(key, FUNCTIONS[name]) for key in handed_on if key not in networks
    }


def test_plots_and_blocks_have_the_defaults_of_python_too():
    (couplings,) = (action for action in options_of("plot") if action.dest == "couplings")
    plan, nested = (inspect.signature(f).parameters for f in (mot.plot.plot_layer_plan, mot.plot.plot_nested))
    of_runs = " and ".join(nested["couplings"].default)
    assert couplings.help.endswith(f"(default: {plan['coupling'].default}; of training runs {of_runs})")
    (gap,) = (action for action in options_of("compare") if action.dest == "gap")
    assert f"(default: {inspect.signature(mot.blocked_splits).parameters['gap'].default})" in gap.help


def test_a_study_has_the_defaults_of_python_too(tmp_path):
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", x=np.eye(4))
    tables = "".join(f'[networks.{name}]\nactivations = "{name}.npz"\n' for name in "ab")
    (tmp_path / "study.toml").write_text(tables)
    study = read_study(tmp_path / "study.toml")
    expected = {name: parameter.default for name, parameter in inspect.signature(mot.compare).parameters.items()}
    found = {"methods": study.methods, "splits": study.n_splits, "n_shuffles": study.n_shuffles}
    found |= {name: getattr(study, name) for name in ("test_size", "seed", "convention")}
    assert {name: expected[name] for name in found} == found
    assert study.rotate == inspect.signature(mot.align).parameters["rotate"].default
    assert study.gap == inspect.signature(mot.blocked_splits).parameters["gap"].default


def test_every_option_of_a_switch_is_off():
    for name, dest in SWITCHES:
        (action,) = (each for each in options_of(name) if each.dest == dest)
        assert action.default is None
