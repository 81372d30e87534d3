"""Entry point of the command line: runs a command, and turns warnings and errors into lines for its user."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mot_fast.cli import terminal
from mot_fast.cli.arguments import options_of, with_option_names
from mot_fast.cli.parser import command_parser, parse
from mot_fast.system.control_characters import printable

EXIT_FAILED = 1
EXIT_WRONG_USAGE = 2
EXIT_INTERRUPTED = 130

_UNSURPRISING = (ValueError, TypeError, KeyError, OSError, ImportError, RuntimeError, Warning)
"""Errors whose message alone is enough for the user; other errors are shown with their traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = argparse.Namespace()
    terminal.open_closed_streams()
    try:
        try:
            if not arguments:
                command_parser().print_help(sys.stderr)
                return EXIT_WRONG_USAGE
            parse(arguments, options)
            with _notes(options_of(options.command)):
                options.run(options)
        finally:  # also after --help, which ends here
            terminal.end_output()
    except BrokenPipeError:  # the reader of the output, such as `head`, has closed it
        return EXIT_FAILED
    except KeyboardInterrupt:
        terminal.note(f"interrupted{_how_to_go_on(options, arguments)}", keep="\n")
        return EXIT_INTERRUPTED
    except Exception as error:
        _explain(error, options)
        return EXIT_FAILED
    return 0


@contextmanager
def _notes(names: dict[str, str]) -> Iterator[None]:
    """Show warnings and log messages of the package as notes, each text once, with the names of options."""
    said: set[str] = set()

    def say(text: str) -> None:
        if text not in said:
            said.add(text)
            terminal.note(f"note: {text}")

    def show(message: Warning | str, *_: object, **__: object) -> None:
        say(with_option_names(str(message), names))

    logger, handler = logging.getLogger("mot_fast"), terminal.Notes(say)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show
            yield
    finally:
        logger.removeHandler(handler)


def _explain(error: Exception, options: argparse.Namespace) -> None:
    """Print in one line why a command failed, after the traceback of an unexpected error."""
    # The text of a KeyError would be quoted.
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if isinstance(error, MemoryError):
        text = f"there is not enough memory{f' ({text})' if text else ''}"
    elif not isinstance(error, _UNSURPRISING):
        terminal.note(f"an unexpected error, please report it\n{traceback.format_exc()}", keep="\n")
        text = f"{type(error).__name__}: {text}"
    names = options_of(options.command) if hasattr(options, "command") else {}
    terminal.note(with_option_names(text, names) or type(error).__name__)


def _how_to_go_on(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """End of the sentence about an interrupted run: what was kept of it, and the command that goes on from there."""
    kept = getattr(options, "kept", None)
    if kept is None:
        return ", and nothing is kept; with --store it would be" if hasattr(options, "store") else ""
    again = printable(shlex.join(arguments))
    return f"; what is done is kept in {printable(str(kept))}, and this goes on from there:\n  mot-fast {again}"
