"""Files written beside their place and moved there in one step, so that nobody ever sees half of one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which is on the disk and at `path` once the block ends without an error.

    Raises
    ------
    OSError
        If it cannot be written; then what was at `path` is as it was.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        if path.exists() and not path.is_file():  # moved to its place, a file would take that of a folder or a device
            raise OSError("it is no file")
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OSError(f"{path}: could not be written, and is as it was ({error})") from error
    finally:
        with suppress(OSError):  # a disk that cannot be written to has no such file
            temporary.unlink()
