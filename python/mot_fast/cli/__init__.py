"""The command line, `mot-fast COMMAND`: one module a command.

Results go to the standard output, as text or as one JSON object, progress and notes to the standard error.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import mot_fast as mot
from mot_fast.cli import align, compare, completion, demo, extract, info, plot, report, run, terminal, trajectories
from mot_fast.system.control_characters import printable

COMMANDS = (demo, extract, info, align, compare, trajectories, plot, report, run, completion)

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

_EXPECTED = (ValueError, TypeError, KeyError, OSError, ImportError, RuntimeError, Warning)

_EPILOG = """\
`mot-fast COMMAND --help` tells what a command takes, with an example.

exit status: 0 done, 1 failed (the last line of the standard error says why), 2 wrong usage, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = argparse.Namespace()
    terminal.open_closed_streams()
    try:
        try:
            parser().parse_args(arguments, options)
            with _notes(terminal.options_of(options.command)):
                options.run(options)
        finally:  # after the help too
            terminal.end_output()
    except BrokenPipeError:  # whoever read our output has seen enough
        return EXIT_FAILED
    except KeyboardInterrupt:
        terminal.note(f"interrupted{_how_to_go_on(options, arguments)}", keep="\n")
        return EXIT_INTERRUPTED
    except Exception as error:
        _tell(error, options)
        return EXIT_FAILED
    return 0


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    whole = terminal.Parser(
        prog="mot-fast",
        description="Align two networks layer by layer and unit by unit, exactly, by multi-level optimal transport.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"mot_fast {mot.__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for module in COMMANDS:
        command = commands.add_parser(
            module.__name__.rpartition(".")[2],
            help=module.HELP,
            description=module.DESCRIPTION,
            epilog=f"example:\n  {module.EXAMPLE}\n",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, parser=whole, command=command)
    return whole


@contextmanager
def _notes(names: dict[str, str]) -> Iterator[None]:
    """Warnings and messages of the package as notes."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        terminal.note(f"note: {terminal.with_option_names(str(message), names)}")

    logger, handler = logging.getLogger("mot_fast"), terminal.Notes()
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show
            yield
    finally:
        logger.removeHandler(handler)


def _tell(error: Exception, options: argparse.Namespace) -> None:
    """Say in one line why a command failed; of what nobody expected, say where it comes from before."""
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)  # others would be quoted
    if isinstance(error, MemoryError):
        text = f"there is not enough memory{f' ({text})' if text else ''}"
    elif not isinstance(error, _EXPECTED):
        terminal.note(f"an error of its own, please report it\n{traceback.format_exc()}", keep="\n")
        text = f"{type(error).__name__}: {text}"
    names = terminal.options_of(options.command) if hasattr(options, "command") else {}
    terminal.note(terminal.with_option_names(text, names) or type(error).__name__)


def _how_to_go_on(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """What was kept of an interrupted run, and how to go on from there."""
    kept = getattr(options, "kept", None)
    if kept is None:
        return ", and nothing is kept; with --store it would be" if hasattr(options, "store") else ""
    again = printable(shlex.join(arguments))
    return f"; what is done is kept in {printable(str(kept))}, and this goes on from there:\n  mot-fast {again}"
