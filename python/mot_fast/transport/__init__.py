"""One optimal transport problem: solved, proven, and offered under the signatures of POT and SciPy."""

from typing import Any

from mot_fast._moved import moved


def __getattr__(name: str) -> Any:
    return moved("transport", name)
