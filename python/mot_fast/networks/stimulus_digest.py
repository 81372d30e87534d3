"""One short text that stands for a sequence of stimuli, the same however they were cut into batches."""

from __future__ import annotations

import hashlib
import numbers
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

NO_STIMULI = ""
"""The digest before the first stimulus."""
_SIZE = 20


def identity(value: Any, what: str) -> bytes:
    """What tells one stimulus from others: a sentence, a file's name or a number, as bytes.

    Raises
    ------
    TypeError
        If it is anything else, which need not look the same in another process.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, (str, numbers.Real, np.bool_)):
        raise TypeError(f"{what}: expected a text, a path or a number, found {type(value).__name__}")
    return str(value).encode("utf-8", "surrogatepass")


def chained(digest: str, identities: Iterable[bytes]) -> str:
    """The digest once these stimuli have come after those that `digest` stands for.

    Every stimulus is hashed alone, then with the digest of all before it, so that a prefix has a digest of its own.

    Examples
    --------
    >>> chained(chained(NO_STIMULI, [b"a"]), [b"b"]) == chained(NO_STIMULI, [b"a", b"b"])
    True
    """
    known = bytes.fromhex(digest)
    for stimulus in identities:
        alone = hashlib.blake2b(stimulus, digest_size=_SIZE).digest()
        known = hashlib.blake2b(known + alone, digest_size=_SIZE).digest()
    return known.hex()
