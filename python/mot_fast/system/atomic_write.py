"""Files written beside their place and moved there in one step, so that nobody ever sees half of one.

Temporary files and folders are removed whatever happens, even if Ctrl-C arrives while they are removed.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

_N_BYTES = 8
"""Length of the random names that files have until they are complete."""


def is_temporary(path: Path) -> bool:
    """Whether a file has the name of a temporary one, which a killed process may have left behind."""
    return re.fullmatch(rf"\.[0-9a-f]{{{2 * _N_BYTES}}}", path.name) is not None


@contextmanager
def open_atomically(path: Path, *, is_replaced: bool = False) -> Iterator[IO[bytes]]:
    """Open a file to write to, which is on the disk and at `path` once the block ends without an error.

    A link stays, and the file that it leads to is written; a file that is replaced keeps its mode, and its owner where
    that is allowed. Not only the file but its folder too must be writable.

    Parameters
    ----------
    path : Path
    is_replaced : bool
        Whether anything at `path` other than a folder is replaced by a new file, and a link is not followed: for
        folders that others write to.

    Raises
    ------
    OSError
        If the file cannot be written; then a file that was at `path` has not changed.
    """
    try:
        place, before = (path, None) if is_replaced else _place(path)
        # Short, as the name itself may be as long as names can be.
        temporary = place.with_name(f".{secrets.token_hex(_N_BYTES)}")
        with _removed_afterwards(partial(_unlink, temporary)):
            with temporary.open("xb") as file:
                yield file
                file.flush()
                if before is not None:
                    _give_mode(file.fileno(), before)
                os.fsync(file.fileno())
            temporary.replace(place)
    except OSError as error:
        raise OSError(f"{path}: could not be written, and is as it was ({error})") from error


def check_writable(path: Path) -> None:
    """Check, before a file is written to `path`, that links lead to an existing folder and `path` is no device.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    try:
        place, _ = _place(path)
        place.parent.stat()
    except OSError as error:
        raise OSError(f"{path}: expected a file to write to, found none that can be written ({error})") from error


def _place(path: Path) -> tuple[Path, os.stat_result | None]:
    """The path that links lead to, and the status of the file there; None if there is none yet."""
    place = Path(os.path.realpath(path)) if path.is_symlink() else path
    try:
        before = path.stat()
    except FileNotFoundError:
        return place, None
    if not stat.S_ISREG(before.st_mode):  # moved to its place, a file would take that of a folder or a device
        raise OSError("it is no file")
    if not os.access(place, os.W_OK):
        raise OSError("it may not be written to")
    return place, before


def _give_mode(file: int, before: os.stat_result) -> None:
    now = os.fstat(file)
    if hasattr(os, "fchown") and (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with suppress(OSError):  # not everybody may give files away
            os.fchown(file, before.st_uid, before.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(file, stat.S_IMODE(before.st_mode))


def _unlink(path: Path) -> None:
    with suppress(OSError):  # moved to its place; or on a disk that cannot be written to
        path.unlink()


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A folder of this process's own, which is removed when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    with _removed_afterwards(partial(shutil.rmtree, folder, ignore_errors=True)):
        yield folder


@contextmanager
def _removed_afterwards(remove: Callable[[], None]) -> Iterator[None]:
    """Call `remove` when the block ends, again after every interrupt; the interrupt is raised once `remove` is done."""
    interrupt: KeyboardInterrupt | None = None
    try:
        yield
    finally:
        is_removed = False
        while not is_removed:
            try:
                remove()
                is_removed = True
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt
