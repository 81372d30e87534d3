"""Output to the standard streams, which may be closed or full, and lack some characters."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from mot_fast.system.control_characters import printable


def open_closed_streams() -> None:
    """Open the null device in place of standard streams that are closed.

    Python has no object for a stream that the shell has closed, and a file opened later would get its number.
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
        If the standard output cannot be written to; after that, it is the null device.
    """
    with output_errors():
        _write(sys.stdout, text)
        sys.stdout.flush()


def end_output() -> None:
    """Write what is left in the buffer of the standard output; raises as `say` does."""
    with output_errors():
        sys.stdout.flush()


def note(text: str, *, keep: str = "") -> None:
    """Print one line for people on the standard error; nothing is raised if that fails."""
    with suppress(OSError, ValueError):
        _write(sys.stderr, f"mot-fast: {printable(text, keep)}")


def is_watched() -> bool:
    """Whether the standard error is a terminal, where a user can see the progress."""
    return sys.stderr.isatty()


def encoding() -> str:
    """Encoding of the standard output; ASCII if it has none."""
    return getattr(sys.stdout, "encoding", None) or "ascii"


def _write(stream: IO[str], text: str) -> None:
    """Print text on a stream, with escapes in place of characters that it cannot show."""
    print(printable(text, "\n\t", getattr(stream, "encoding", None)), file=stream)


@contextmanager
def output_errors() -> Iterator[None]:
    """Turn errors of the standard output into ones that say so; after the first one, it is the null device."""
    try:
        yield
    except OSError as error:
        with suppress(OSError, ValueError):  # at its end Python writes what is left in the buffer, which must not fail
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise OSError(f"the standard output could not be written to ({error})") from error


class Notes(logging.Handler):
    """Handler of the package's log messages, which hands their text to what prints notes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Print one message."""
        self._say(record.getMessage())
