"""What a command says, made fit for the standard streams: for what they can show, and whether they are there or not."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any, NoReturn

from mot_fast.system.control_characters import printable


def open_closed_streams() -> None:
    """Give standard streams that are closed a place that takes everything.

    Python has none of those that the shell has closed, and files that are opened later would get their numbers.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None or getattr(stream, "closed", False):
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def say(text: str) -> None:
    """Print results, of one line or several, on the standard output.

    Raises
    ------
    OSError
        If the standard output does not take them; from then on it takes everything.
    """
    with _given_up_on_errors():
        _write(sys.stdout, text)
        sys.stdout.flush()


def end_output() -> None:
    """Write what is still held back, and raise as `say` does."""
    with _given_up_on_errors():
        sys.stdout.flush()


def note(text: str, *, keep: str = "") -> None:
    """Print one line for people on the standard error; where that cannot be done there is nobody to read it."""
    with suppress(OSError, ValueError):
        _write(sys.stderr, f"mot-fast: {printable(text, keep)}")


def is_watched() -> bool:
    """Whether somebody sees the progress."""
    return sys.stderr.isatty()


def encoding() -> str:
    """Of the standard output."""
    return getattr(sys.stdout, "encoding", None) or "ascii"


def _write(stream: IO[str], text: str) -> None:
    print(printable(text, "\n\t", getattr(stream, "encoding", None)), file=stream)


@contextmanager
def _given_up_on_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        with suppress(OSError, ValueError):  # Python writes what is left when it ends, and would complain of it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise OSError(f"the standard output could not be written to ({error})") from error


class Parser(argparse.ArgumentParser):
    """A parser whose messages are fit for a terminal, whatever it was given."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end the process."""
        super().error(printable(message))

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is not sys.stdout:
            super()._print_message(message, file)
            return
        with _given_up_on_errors():  # which argparse would keep to itself
            sys.stdout.write(message)


class Notes(logging.Handler):
    """The package's own messages as notes."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say one."""
        note(f"note: {record.getMessage()}")


def options_of(command: argparse.ArgumentParser) -> dict[str, str]:
    """The options of a command by the names of Python's arguments, under which it keeps their values.

    What a command takes from elsewhere it tells as its default `names`.
    """
    actions: list[Any] = command._actions
    options = {each.dest: each.option_strings[-1] for each in actions if each.option_strings and each.dest != "help"}
    return options | (command.get_default("names") or {})


def with_option_names(message: str, options: Mapping[str, str]) -> str:
    """A message of Python's, which calls arguments ``n_jobs: ...`` and ``rotate=True``, with the command's options.

    Examples
    --------
    >>> with_option_names("n_jobs: expected 1 or more, found n_jobs=0; see rotate=True", {"n_jobs": "--jobs"})
    '--jobs: expected 1 or more, found --jobs 0; see rotate=True'
    """
    names = "|".join(map(re.escape, options))
    # "name:" begins a message, or one in another; "name=" is no part of a path, of "splits.seed=", or of a quotation.
    pattern = rf"(?:(?:(?<=\A)|(?<=: ))({names})(?=:\s))|(?<![\w.'\"/\\-])({names})(=True\b|=(?=\S))"

    def option(found: re.Match[str]) -> str:
        return options[found[1] or found[2]] + (" " if found[3] == "=" else "")

    return re.sub(pattern, option, message) if options else message
