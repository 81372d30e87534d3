"""Files written beside their place and moved there in one step, so that nobody ever sees half of one.

What is left behind is removed whatever happens, interrupts that arrive meanwhile included.
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
"""Of the random names that files have until they are whole."""


def is_temporary(path: Path) -> bool:
    """Whether a process that was killed may have left this file as it wrote another one in its folder."""
    return re.fullmatch(rf"\.[0-9a-f]{{{2 * _N_BYTES}}}", path.name) is not None


@contextmanager
def written(path: Path, *, is_replaced: bool = False) -> Iterator[IO[bytes]]:
    """A file to write to, which is on the disk and at `path` once the block ends without an error.

    A link stays and the file that it leads to is written; a file that was there keeps its mode, and its owner where
    that is allowed. The folder must be one that can be written to, and not the file alone.

    Parameters
    ----------
    path : Path
    is_replaced : bool
        For folders that others write to: whatever stands at `path`, but a folder, makes room for a new file, and a link
        is not followed.

    Raises
    ------
    OSError
        If it cannot be written; then what was at `path` is as it was.
    """
    try:
        place, before = (path, None) if is_replaced else _place(path)
        # Short, as the name itself may be as long as names can be.
        temporary = place.with_name(f".{secrets.token_hex(_N_BYTES)}")
        with _gone_afterwards(partial(_unlinked, temporary)):
            with temporary.open("xb") as file:
                yield file
                file.flush()
                if before is not None:
                    _give_mode(file.fileno(), before)
                os.fsync(file.fileno())
            temporary.replace(place)
    except OSError as error:
        raise OSError(f"{path}: could not be written, and is as it was ({error})") from error


def check(path: Path) -> None:
    """What can be told before a file is written to `path`: that links lead to a folder, and names are none of devices.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    try:
        place, _ = _place(path)
        place.parent.stat()
    except OSError as error:
        raise OSError(f"{path}: expected a file to write to, found none that can be written ({error})") from error


def _place(path: Path) -> tuple[Path, os.stat_result | None]:
    """Where links lead to, and the file that is there; None if there is none yet."""
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


def _unlinked(path: Path) -> None:
    with suppress(OSError):  # moved to its place; or on a disk that cannot be written to
        path.unlink()


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A folder of this process's own, which is gone when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    with _gone_afterwards(partial(shutil.rmtree, folder, ignore_errors=True)):
        yield folder


@contextmanager
def _gone_afterwards(remove: Callable[[], None]) -> Iterator[None]:
    """Calls a function that removes something, again after every interrupt, which is raised once it is done."""
    interrupt: KeyboardInterrupt | None = None
    try:
        yield
    finally:
        is_gone = False
        while not is_gone:
            try:
                remove()
                is_gone = True
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt
