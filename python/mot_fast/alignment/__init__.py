"""The alignment of two networks: `align`, its result, its file, and alignments at higher levels."""

from typing import Any

from mot_fast._moved import moved


def __getattr__(name: str) -> Any:
    return moved("alignment", name)
