"""Values of a file's JSON header, each of the kind that is expected there, or refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from reprlib import repr as shown
from typing import Any


def field(values: Mapping[str, Any], name: str, *kinds: type) -> Any:
    """A value of one of these types."""
    if name not in values:
        raise ValueError(f"its header lacks '{name}'")
    if type(values[name]) not in kinds:
        raise _refused(values, name)
    return values[name]


def number(values: Mapping[str, Any], name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number between two others."""
    found = float(field(values, name, int, float))
    if not (math.isfinite(found) and low <= found <= high):
        raise _refused(values, name)
    return found


def optional_number(values: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    """The same, or None."""
    return None if values.get(name, "") is None else number(values, name, low, high)


def count(values: Mapping[str, Any], name: str, at_least: int) -> int:
    """An integer."""
    found: int = field(values, name, int)
    if found < at_least:
        raise _refused(values, name)
    return found


def texts(values: Mapping[str, Any], name: str) -> list[str]:
    """A list of strings."""
    found: list[str] = field(values, name, list)
    if not all(type(text) is str for text in found):
        raise _refused(values, name)
    return found


def check_fields(values: Mapping[str, Any], kind: type) -> None:
    """They are those of a dataclass."""
    expected = {each.name for each in fields(kind)}
    if values.keys() != expected:
        raise ValueError(f"its header has {shown(sorted(values))} where {sorted(expected)} are expected")


def _refused(values: Mapping[str, Any], name: str) -> ValueError:
    return ValueError(f"'{name}' in its header is {shown(values[name])}")
