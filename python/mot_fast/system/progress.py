"""Progress bars on the standard error, which stop no work when they cannot be shown."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any


def progress_bar(
    what: str, *, is_shown: bool, total: int | None = None, pieces: Iterable[Any] | None = None, unit: str = "it"
) -> Any:
    """A bar of tqdm that counts to a known total, or that counts pieces while it yields them."""
    from tqdm import tqdm

    is_shown = is_shown and sys.stderr is not None
    return tqdm(pieces, total=total, desc=what, unit=unit, disable=not is_shown, file=_Forgiving(sys.stderr))


class _Forgiving:
    """A stream whose errors are ignored: it may be closed, or full, or its reader may have ended."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write the text if the stream takes it."""
        try:
            self._stream.write(text)
        except (OSError, ValueError):
            return

    def flush(self) -> None:
        """Flush the stream if it can be."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
