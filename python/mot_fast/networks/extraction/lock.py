"""A folder that one run at a time writes to; a run that was killed keeps nobody out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

LOCK = ".lock"
"""The file in the folder that is locked by the operating system, which lets go of it when the process ends."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Nobody else is in such a block for the same folder, in this process or another; there is a folder.

    Where it cannot be written to, or its file system knows no locks (some network file systems), nobody is kept out.

    Raises
    ------
    BlockingIOError
        If somebody else is.
    """
    try:
        descriptor = _locked(folder / LOCK)
    except BlockingIOError as error:
        raise BlockingIOError(
            f"folder: expected a folder that no other extraction is writing to, found one at work in {folder}; wait "
            "for it, or give another folder"
        ) from error
    except OSError:
        yield
        return
    try:
        yield
    finally:
        if fcntl is not None:  # while it is locked, so that nobody else's is removed; on Windows no open file can be
            _remove(folder / LOCK)
        os.close(descriptor)
        if fcntl is None:
            _remove(folder / LOCK)


def _locked(path: Path) -> int:
    """A descriptor of the file, which is locked and lies at the path."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # whoever had it locked removed it in between


def _lock(descriptor: int) -> None:
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except PermissionError as error:
        raise BlockingIOError(str(error)) from error


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
