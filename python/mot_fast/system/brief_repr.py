"""The `repr` of results: their figures in short, and the shape and range of arrays in place of their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from mot_fast.system.control_characters import printable

_WIDTH = 88
"""Columns of a terminal within which lines are broken."""
_MOST_SHOWN = 6
"""Items of a sequence that are shown; of longer ones the first, and their number."""


def brief_repr(result: Any) -> str:
    """Show a dataclass in a few lines; fields that are None, or whose names begin with an underscore, are left out.

    A result class has it as its `__repr__`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Found:
    ...     value: float
    ...     per_layer: np.ndarray
    ...     __repr__ = brief_repr
    >>> Found(2 / 3, np.linspace(0, 1, 12))
    Found(value=0.6667, per_layer=<(12,) from 0 to 1>)
    """
    return _shown(result, 0)


def brief_text(result: Any, parts: Sequence[str]) -> str:
    """The text of a result of the given parts, on lines as those of `brief_repr`."""
    name = type(result).__name__
    return f"{name}({_joined(parts, len(name) + 1)})"


def _shown(result: Any, indent: int) -> str:
    """The text of a result that begins in the given column."""
    name = type(result).__name__
    inside = indent + len(name) + 1
    found = {each.name: getattr(result, each.name) for each in fields(result) if not each.name.startswith("_")}
    parts = [f"{k}={_text(value, inside + len(k) + 1)}" for k, value in found.items() if value is not None]
    return f"{name}({_joined(parts, inside)})"


def _joined(parts: Sequence[str], indent: int) -> str:
    """Parts with commas between them, on as many lines as they take, from the given column on."""
    lines: list[str] = []
    for part in parts:
        fits = lines and "\n" not in part + lines[-1] and indent + len(lines[-1]) + len(part) + 4 <= _WIDTH
        lines[-1:] = [f"{lines[-1]}, {part}"] if fits else [*lines[-1:], part]
    return (",\n" + " " * indent).join(lines)


def _text(value: Any, indent: int) -> str:
    if isinstance(value, str):
        return f"'{printable(value)}'"
    if isinstance(value, np.ndarray):
        return f"<{value.shape}{_range([value])}>"
    if isinstance(value, Mapping):
        return "{" + _joined([f"{_key(key)}: {_headline(each)}" for key, each in value.items()], indent + 1) + "}"
    if isinstance(value, Sequence):
        return _sequence(value, indent + 1)
    if vars(type(value)).get("__repr__") is brief_repr:
        return _shown(value, indent)
    plain = value.item() if isinstance(value, np.generic) else value
    return f"{plain:.4g}" if isinstance(plain, float) else repr(plain)


def _sequence(values: Sequence[Any], indent: int) -> str:
    """The first of its items; of arrays their number, and the range of all numbers in them."""
    if len(values) and all(isinstance(each, np.ndarray) for each in values):
        n = sum(each.size for each in values)
        return f"<{len(values)} array{'s' * (len(values) > 1)}, {n} number{'s' * (n != 1)}{_range(values)}>"
    shown = [_text(each, indent) for each in values[:_MOST_SHOWN]]
    rest = [] if len(values) <= _MOST_SHOWN else [f"... {len(values)} in all"]
    return f"({_joined(shown + rest, indent)})"


def _key(key: Any) -> str:
    return printable(key) if isinstance(key, str) else repr(key)


def _headline(value: Any) -> str:
    """An item of a mapping: of a result its value, with the interval where it has one."""
    if not is_dataclass(value):
        return _text(value, 0)
    found = getattr(value, "value", None)
    if not isinstance(found, float):
        return type(value).__name__
    ends = getattr(value, "low", None), getattr(value, "high", None)
    return f"{found:.4g}" + ("" if None in ends else f" ({ends[0]:.4g} to {ends[1]:.4g})")


def _range(arrays: Sequence[np.ndarray[Any, Any]]) -> str:
    """The least and the largest number of arrays, and how many are NaN; nothing where there is no number."""
    values = np.concatenate([each.ravel() for each in arrays])
    if not values.size or values.dtype.kind not in "iuf":
        return ""
    is_undefined = np.isnan(values)
    if is_undefined.all():
        return ", all NaN"
    low, high = (_text(end, 0) for end in (np.nanmin(values), np.nanmax(values)))
    between = f" of {low}" if low == high else f" from {low} to {high}"
    return between + (f", {is_undefined.sum()} NaN" if is_undefined.any() else "")
