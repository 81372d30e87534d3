"""Digests that identify a sequence of stimuli, and do not depend on how it was divided into batches."""

from __future__ import annotations

import hashlib
import numbers
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

NO_STIMULI = ""
"""Digest of the empty sequence."""
_DIGEST_BYTES = 20


def identity(value: Any, what: str) -> bytes:
    """Encode the identifier of a stimulus, a sentence, a file name or a number, as bytes.

    Raises
    ------
    TypeError
        If the identifier is of another type, whose text might differ in another process.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, (str, numbers.Real, np.bool_)):
        raise TypeError(f"{what}: expected a text, a path or a number, found {type(value).__name__}")
    return str(value).encode("utf-8", "surrogatepass")


def chained(digest: str, identities: Iterable[bytes]) -> str:
    """Digest of a sequence of stimuli that continues the sequence with digest `digest`.

    Every stimulus is hashed alone, then together with the digest of all stimuli before it.

    Examples
    --------
    >>> chained(chained(NO_STIMULI, [b"a"]), [b"b"]) == chained(NO_STIMULI, [b"a", b"b"])
    True
    """
    known = bytes.fromhex(digest)
    for stimulus in identities:
        alone = hashlib.blake2b(stimulus, digest_size=_DIGEST_BYTES).digest()
        known = hashlib.blake2b(known + alone, digest_size=_DIGEST_BYTES).digest()
    return known.hex()
