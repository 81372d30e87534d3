"""Files that a study writes once: those that are there as they were written are left alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mot_fast._validate import Array
from mot_fast._version import __version__
from mot_fast.analysis.pieces import check_shapes, fingerprint
from mot_fast.layer_pairs.block_store import Store, block_key

_N_BYTES = 20


@dataclass(frozen=True)
class KeptFiles:
    """Files that follow from some values, with a note in a store of what each held when it was complete."""

    store: Store
    values: Any
    """All that the files depend on, but for this package: see `fingerprint`."""

    def is_made(self, path: Path) -> bool:
        """Whether the file is there, of these values, and as it was written."""
        found = self.store.get(self._key(path), _check, most_bytes=2**16, is_silent=True)
        return found is not None and path.is_file() and bool((found["digest"] == _digest(path)).all())

    def make(self, path: Path, write: Callable[[Path], object], *, beside: Path | None = None) -> None:
        """Write the file by a function of its path, unless it is there, and another one beside it if it needs one."""
        if not self.is_made(path) or (beside is not None and not beside.is_file()):
            write(path)
            self.note(path)

    def note(self, path: Path) -> None:
        """Note that the file is complete."""
        self.store.put(self._key(path), {"digest": _digest(path)})

    def _key(self, path: Path) -> str:
        values = {"work": "file", "name": path.name, "release": __version__, "values": fingerprint(self.values)}
        return block_key(values)


def _check(arrays: Mapping[str, Array]) -> None:
    """Raise `ValueError` unless arrays can be the digest of a file."""
    check_shapes(arrays, {"digest": (_N_BYTES,)})


def _digest(path: Path) -> Array:
    """A hash of a file's content, as numbers that a store can keep."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, partial(hashlib.blake2b, digest_size=_N_BYTES))
    return np.frombuffer(found.digest(), np.uint8).astype(np.float64)
