"""Command `mot-fast completion`: prints a script by which a shell completes commands and options."""

from __future__ import annotations

import argparse
from pathlib import Path

from mot_fast.cli import arguments, terminal
from mot_fast.system import optional

HELP = "let your shell complete commands, options and file names"
DESCRIPTION = (
    "Print a script by which a shell completes commands, options and file names. In the example bash finds it when it "
    "starts the next time. Needs the package shtab."
)
EXAMPLE = "mot-fast completion bash > ~/.local/share/bash-completion/completions/mot-fast"

SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("shell", choices=SHELLS, help="the shell that the script is for")


def run(options: argparse.Namespace) -> None:
    """Print the script."""
    shtab = optional.library("shtab", "completion needs")
    for action in _actions(options.parser):
        if action.type in (Path, arguments.path):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    terminal.say(shtab.complete(options.parser, options.shell))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Arguments of a parser, and of the commands in it."""
    found = []
    for action in parser._actions:
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                found += _actions(command)
    return found
