"""Values of a file's JSON header, each of the kind that is expected there, or refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from reprlib import repr as shown
from typing import Any

_MOST = 2**63 - 1
"""Of a count, unless another is named: what 64 bits hold."""


def field(values: Mapping[str, Any], name: str, *kinds: type) -> Any:
    """A value of one of these types."""
    if name not in values:
        raise ValueError(f"its header lacks '{name}'")
    value = values[name]
    if type(value) not in kinds or (str in kinds and not is_text(value)):
        raise _refused(values, name)
    return value


def number(values: Mapping[str, Any], name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number between two others."""
    try:
        found = float(field(values, name, int, float))
    except OverflowError:
        found = math.inf
    if not (math.isfinite(found) and low <= found <= high):
        raise _refused(values, name)
    return found


def optional_number(values: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    """The same, or None."""
    return None if values.get(name, "") is None else number(values, name, low, high)


def count(values: Mapping[str, Any], name: str, at_least: int, at_most: float = _MOST) -> int:
    """An integer."""
    found: int = field(values, name, int)
    if not at_least <= found <= at_most:
        raise _refused(values, name)
    return found


def texts(values: Mapping[str, Any], name: str) -> list[str]:
    """A list of strings."""
    found: list[str] = field(values, name, list)
    if not all(map(is_text, found)):
        raise _refused(values, name)
    return found


def is_text(value: Any) -> bool:
    """Whether it is a string that can be written: JSON may hold halves of characters, which no file and no page can."""
    return type(value) is str and not any("\ud800" <= character <= "\udfff" for character in value)


def check_fields(values: Mapping[str, Any], kind: type) -> None:
    """They are those of a dataclass."""
    expected = {each.name for each in fields(kind)}
    if values.keys() != expected:
        raise ValueError(f"its header has {shown(sorted(values))} where {sorted(expected)} are expected")


def _refused(values: Mapping[str, Any], name: str) -> ValueError:
    return ValueError(f"'{name}' in its header is {shown(values[name])}")
