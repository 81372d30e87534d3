"""Values of a file's JSON header, validated: each has the type and range that is expected, or is a `ValueError`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import fields
from reprlib import repr as short_repr
from typing import Any

_MOST = 2**63 - 1
"""Largest count where no other limit is given: the largest signed integer of 64 bits."""


def field(values: Mapping[str, Any], name: str, *kinds: type) -> Any:
    """The value of this name, of one of these types."""
    if name not in values:
        raise ValueError(f"its header lacks '{name}'")
    value = values[name]
    if type(value) not in kinds or (str in kinds and not is_text(value)):
        raise _refused(values, name)
    return value


def number(values: Mapping[str, Any], name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """The value of this name: a finite number between two bounds."""
    try:
        found = float(field(values, name, int, float))
    except OverflowError:
        found = math.inf
    if not (math.isfinite(found) and low <= found <= high):
        raise _refused(values, name)
    return found


def optional_number(values: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    """The value of this name: a number between two bounds, or None."""
    return None if values.get(name, "") is None else number(values, name, low, high)


def count(values: Mapping[str, Any], name: str, at_least: int, at_most: float = _MOST) -> int:
    """The value of this name: an integer between two bounds."""
    found: int = field(values, name, int)
    if not at_least <= found <= at_most:
        raise _refused(values, name)
    return found


def texts(values: Mapping[str, Any], name: str) -> list[str]:
    """The value of this name: a list of strings."""
    found: list[str] = field(values, name, list)
    if not all(map(is_text, found)):
        raise _refused(values, name)
    return found


def is_text(value: Any) -> bool:
    """Whether a value is a string that can be written: JSON may hold lone surrogates, which no file and no page can."""
    return type(value) is str and not any("\ud800" <= character <= "\udfff" for character in value)


def check_fields(
    values: Mapping[str, Any], kind: type, without: Collection[str] = (), also: Collection[str] = ()
) -> None:
    """Check that the names are exactly the fields of a dataclass, without some of them, and with others."""
    expected = ({each.name for each in fields(kind)} - set(without)) | set(also)
    if values.keys() != expected:
        raise ValueError(f"its header has {short_repr(sorted(values))} where {sorted(expected)} are expected")


def _refused(values: Mapping[str, Any], name: str) -> ValueError:
    return ValueError(f"'{name}' in its header is {short_repr(values[name])}")
