"""Tells what a path or a list of stimuli holds: texts, or files of images or sounds with their names and identities."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

SUFFIXES = {
    "images": (
        *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"),
        *(".tif", ".tiff", ".webp"),
    ),
    "sounds": (".wav",),
}
"""Suffixes of the files of every kind, in lower case."""
_EXPECTED = "images (.jpg, .png, .tif, ...) or sounds (.wav)"
_CHUNK = 2**20


@dataclass(frozen=True)
class StimulusFiles:
    """Files that hold one stimulus each, in the order of the stimuli."""

    kind: str
    """Kind of the stimuli: "images" or "sounds"."""
    paths: tuple[Path, ...]
    names: tuple[str, ...]
    """Paths relative to the deepest folder that holds all files, with slashes on every system."""

    def __len__(self) -> int:
        return len(self.paths)

    def select(self, rows: slice) -> StimulusFiles:
        """Select some of the files."""
        return StimulusFiles(self.kind, self.paths[rows], self.names[rows])

    def identities(self) -> list[bytes]:
        """The names of the files with digests of their contents, which identify the stimuli.

        Raises
        ------
        OSError
            If a file cannot be read.
        """
        return [f"{name}\0".encode("utf-8", "surrogatepass") + _digest(path) for name, path in self._pairs()]

    def _pairs(self) -> Iterator[tuple[str, Path]]:
        return zip(self.names, self.paths, strict=True)


def find_stimuli(path: str | os.PathLike[str]) -> list[str] | StimulusFiles:
    r"""Texts or files of stimuli that a path leads to.

    Parameters
    ----------
    path : path
        A text file with one text a line; a folder of images or of sounds, in folders of any depth, which are taken in
        the order of their relative paths, as Python sorts paths; or a text file whose lines are paths of images or of
        sounds, relative to the text file.

    Returns
    -------
    list of str or StimulusFiles

    Raises
    ------
    OSError, ValueError
        If there is no such file or folder, it cannot be read, it is empty, or it holds anything else.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "sentences.txt").write_text("A dog runs.\nTwo men play.\n")
    ...     texts = find_stimuli(f"{folder}/sentences.txt")
    ...     _ = pathlib.Path(folder, "sentences.txt").rename(f"{folder}/dog.png")
    ...     images = find_stimuli(folder)
    >>> texts
    ['A dog runs.', 'Two men play.']
    >>> images.kind, images.names
    ('images', ('dog.png',))
    """
    path = Path(path)
    if path.is_dir():
        return _files(_files_within(path), str(path))
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a text file, or a folder of {_EXPECTED}, found nothing")
    if _kind_of(path.name) is not None:
        raise ValueError(f"{path}: expected a folder of {_EXPECTED}, or a text file with their paths, found one file")
    lines = read_lines(path, "text")
    if _kind_of(lines[0].strip()) is None:
        return lines
    return _files([path.parent / line.strip() for line in lines], f"{path}, line")


def files_in(values: Any) -> StimulusFiles | None:
    """Files in a list whose first entry is a path, or a text that ends as names of images or sounds do; else None.

    What `find_stimuli` found is returned as it is.

    Raises
    ------
    FileNotFoundError, ValueError
        If other entries are none, or files of different kinds.
    """
    if isinstance(values, StimulusFiles):
        return values
    if not isinstance(values, (list, tuple)) or not values:
        return None
    first = values[0]
    if not isinstance(first, PurePath) and not (isinstance(first, str) and _kind_of(first) is not None):
        return None
    if wrong := [value for value in values if not isinstance(value, (str, PurePath))]:
        raise TypeError(f"batches: expected paths as the first one is, found {type(wrong[0]).__name__} among them")
    return _files([Path(value) for value in values], "batches")


def read_lines(path: Path, what: str) -> list[str]:
    """Lines of a text file in UTF-8, none of which may be empty.

    Parameters
    ----------
    path : Path
    what : str
        What a line is, such as "text", for messages.

    Raises
    ------
    OSError, ValueError
        If there is no such file, it is no text in UTF-8, or a line is empty.
    """
    try:
        # Line ends become "\n" whatever system the file is from, and a byte order mark is no part of the first line.
        content = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: expected a text file, found nothing") from None
    except IsADirectoryError:
        raise IsADirectoryError(f"{path}: expected a text file, found a folder") from None
    except OSError as error:
        raise OSError(f"{path}: expected a text file, found one that cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected a text file in UTF-8, found another ({error})") from None
    lines = content.removesuffix("\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise ValueError(f"{path}: expected one {what} a line, found line {number} empty")
    return lines


def _files(paths: Sequence[Path], where: str) -> StimulusFiles:
    """The files at some paths, which must all be there and of one kind."""
    if not paths:
        raise ValueError(f"{where}: expected {_EXPECTED}, found none in the folder")
    kinds = [_kind_of(path.name) for path in paths]
    for number, (path, kind) in enumerate(zip(paths, kinds, strict=True), start=1):
        place = f"{where} {number}" if where.endswith("line") else where
        if kind is None:
            hint = "" if place != where or where == "batches" else "; name those that are stimuli in a text file"
            raise ValueError(f"{place}: expected {_EXPECTED}, found {path}{hint}")
        if not path.is_file():
            found = "a folder" if path.is_dir() else "nothing"
            raise FileNotFoundError(f"{place}: expected a file at {path}, found {found}")
        if kind != kinds[0]:
            raise ValueError(f"{place}: expected {kinds[0]} as {paths[0]} is one of them, found {path}")
    absolute = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  # links are not followed
    common = os.path.commonpath([path.parent for path in absolute]) if _share_a_root(absolute) else ""
    names = tuple(path.relative_to(common).as_posix() if common else path.as_posix() for path in absolute)
    return StimulusFiles(str(kinds[0]), tuple(absolute), names)


def _share_a_root(paths: Sequence[Path]) -> bool:
    """Whether the paths are on one drive, as they are on all systems but Windows."""
    return len({path.drive for path in paths}) == 1


def _files_within(folder: Path) -> list[Path]:
    """All files within a folder that are not hidden, in the order of their relative paths."""
    found = _walked(folder, ())
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def _walked(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[Path]:
    """Yield the files within a folder, also behind links, without those whose names begin with a dot."""
    try:
        status, entries = folder.stat(), list(folder.iterdir())
    except OSError as error:
        raise OSError(f"{folder}: expected a folder of {_EXPECTED}, found one that cannot be read ({error})") from error
    itself = status.st_dev, status.st_ino
    if itself in above:
        raise ValueError(f"{folder}: expected a folder of {_EXPECTED}, found a link to a folder that it is in")
    for path in entries:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walked(path, (*above, itself))
        else:
            yield path


def _kind_of(name: str) -> str | None:
    """Kind of the stimulus in a file, by the end of its name; None if it is none."""
    suffix = PurePath(name).suffix.casefold()
    return next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def _digest(path: Path) -> bytes:
    """Digest of the content of a file."""
    found = hashlib.blake2b(digest_size=20)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    except OSError as error:
        raise OSError(f"{path}: expected a file that can be read, found {error.strerror or error}") from error
    return found.digest()
