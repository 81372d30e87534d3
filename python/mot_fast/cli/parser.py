"""Parser of the command line: all commands, and what is said about wrong usage."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

import mot_fast as mot
from mot_fast.cli import align, compare, completion, demo, extract, info, plot, report, run, terminal, trajectories
from mot_fast.system.control_characters import printable

COMMANDS = (demo, extract, info, align, compare, trajectories, plot, report, run, completion)

_EPILOG = """\
`mot-fast COMMAND --help` tells what a command takes, with an example.

exit status: 0 done, 1 failed (the last line of the standard error says why), 2 wrong usage, 130 interrupted
"""


class Parser(argparse.ArgumentParser):
    """Parser of a command line, whose messages show control characters of the arguments as escapes."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and end the process."""
        super().error(printable(message))

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is not sys.stdout:
            super()._print_message(message, file)
            return
        with terminal.output_errors():  # argparse would hide them
            sys.stdout.write(message)


def command_parser() -> argparse.ArgumentParser:
    """The parser of `mot-fast`, with all commands and their options."""
    program = Parser(
        prog="mot-fast",
        description="Align two networks layer by layer and unit by unit, exactly, by multi-level optimal transport.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    program.add_argument("--version", action="version", version=f"mot_fast {mot.__version__}")
    commands = program.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for module in COMMANDS:
        command = commands.add_parser(
            module.__name__.rpartition(".")[2],
            help=module.HELP,
            description=module.DESCRIPTION,
            epilog=f"example:\n  {module.EXAMPLE}\n",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, parser=program, command=command)
    return program
