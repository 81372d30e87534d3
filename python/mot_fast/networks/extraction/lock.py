"""A lock that lets one run at a time write to a folder; it is released when the run ends, even if it is killed."""

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

LOCK_FILE = ".lock"
"""Name of the file in the folder that the operating system locks, and unlocks when the process ends."""


@contextmanager
def exclusive_access(folder: Path) -> Iterator[None]:
    """Hold the lock of an existing folder until the `with` block ends.

    If the folder cannot be written to, or its file system has no locks (some network file systems), nothing is locked.

    Raises
    ------
    BlockingIOError
        If another `with` block holds the lock, in this process or in another.
    """
    try:
        descriptor = _locked(folder / LOCK_FILE)
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
        # Removed before unlocking, so that no other run's lock is removed; Windows cannot remove open files.
        if fcntl is not None:
            _remove(folder / LOCK_FILE)
        os.close(descriptor)
        if fcntl is None:
            _remove(folder / LOCK_FILE)


def _locked(path: Path) -> int:
    """Lock the file at the path, and return its descriptor."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the run that held the lock removed the file in between


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
