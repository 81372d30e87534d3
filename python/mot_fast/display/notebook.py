"""What notebooks show of results: HTML that needs nothing from elsewhere, readable on light and on dark paper."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Sequence

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.axes import short_names
from mot_fast.system.control_characters import printable
from mot_fast.transport.transport import Certificate

_BLUE = "#0072B2"
_DEEPEST = 0.75
"""Opacity of the deepest colour: black on it over white, and white on it over black, are still readable."""
_FONT = 11
_CHARACTER = 0.62 * _FONT
"""Pixels that a character takes, on average; its line takes `_FONT`."""
_LARGEST_CELL, _SMALLEST_CELL = 28.0, 4.0
_WIDEST = 340.0
"""Pixels that cells together may take, as long as none is smaller than the smallest."""


def escape(text: str) -> str:
    """Text as HTML shows it, none of its characters hidden."""
    return html.escape(printable(text))


def block(title: str, lines: Sequence[str], *parts: str) -> str:
    """A title and lines of text, escaped here, above parts that are HTML already."""
    head, *rest = title.split(" ", 1)
    text = "<br/>".join([f"<strong>{escape(head)}</strong> {escape(' '.join(rest))}", *map(escape, lines)])
    return f'<div style="margin: 0.5em 0">{text}</div>' + "".join(parts)


def proof(certificate: Certificate) -> str:
    """A certificate in words."""
    return (
        "every transport is proven optimal: no plan could cost less by more than "
        f"{certificate.duality_gap:.1g} per unit of mass; masses are met to {certificate.marginal_error:.1g}"
    )


def percent(share: float) -> str:
    """As a cell has room for it."""
    return f"{100 * share:.0f}" if share >= 0.005 else "<1"


def heat_map(values: F64, rows: Sequence[str], columns: Sequence[str], *, form: Callable[[float], str]) -> str:
    """A picture of a matrix: cells the bluer the nearer to 1, none below 0, and their values if all have room.

    The square root of a value decides on its colour, or small ones would be hard to see. Whoever points at a cell reads
    its row, its column and its value.
    """
    size = min(_LARGEST_CELL, max(_SMALLEST_CELL, _WIDEST / max(values.shape)))
    names, heads = short_names(rows), short_names(columns)
    left, top = (_CHARACTER * max(map(len, texts)) + 12 for texts in (names, heads))
    height, width = (size * n for n in values.shape)
    numbers = {(int(l), int(m)): form(float(values[l, m])) for l, m in np.argwhere(values > 0)}
    has_room = all(_CHARACTER * len(number) <= size for number in numbers.values())
    cells = "".join(
        _square(left + size * m, top + size * l, size, values[l, m], f"{rows[l]}, {columns[m]}: {number}")
        + _number(left + size * (m + 0.5), top + size * (l + 0.5), number) * has_room
        for (l, m), number in numbers.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="heat map" font-size="{_FONT}" '
        f'font-family="sans-serif" fill="currentColor" width="{left + width:.0f}" height="{top + height:.0f}" '
        f'viewBox="0 0 {left + width:.0f} {top + height:.0f}" style="max-width: 100%; height: auto; overflow: visible">'
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill-opacity="0.06"/>'
        f"{cells}{_row_names(names, size, left, top)}{_column_names(heads, size, left, top)}</svg>"
    )


def _square(x: float, y: float, size: float, value: float, text: str) -> str:
    """A cell, and what it says when it is pointed at."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="{size:.1f}" fill="{_BLUE}" '
        f'fill-opacity="{_DEEPEST * np.sqrt(min(value, 1.0)):.2f}"><title>{escape(text)}</title></rect>'
    )


def _number(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y + _FONT / 3:.1f}" text-anchor="middle" pointer-events="none">{escape(text)}</text>'


def _row_names(names: Sequence[str], size: float, left: float, top: float) -> str:
    return "".join(
        f'<text x="{left - 4:.1f}" y="{top + size * (l + 0.5) + _FONT / 3:.1f}" text-anchor="end">{escape(name)}</text>'
        for l, name in _with_room(names, size)
    )


def _column_names(names: Sequence[str], size: float, left: float, top: float) -> str:
    """From bottom to top."""
    places = ((left + size * (m + 0.5) + _FONT / 3, top - 4, name) for m, name in _with_room(names, size))
    return "".join(
        f'<text x="{x:.1f}" y="{y:.1f}" transform="rotate(-90 {x:.1f} {y:.1f})">{escape(name)}</text>'
        for x, y, name in places
    )


def _with_room(names: Sequence[str], size: float) -> list[tuple[int, str]]:
    """Those of them that do not overlap."""
    step = int(np.ceil(_FONT / size))
    return list(enumerate(names))[::step]


def table(cells: Sequence[Sequence[str]], n_left: int, best: Collection[tuple[int, int]]) -> str:
    """A table whose first row is the head, all columns but the first few aligned to the right, the best cells marked.

    `best` are pairs of row and column, the head being row 0.
    """

    def one(tag: str, i: int, k: int, text: str) -> str:
        style = f"text-align: {'left' if k < n_left else 'right'}; padding: 0.2em 0.7em"
        if (i, k) not in best:
            return f'<{tag} style="{style}">{escape(text)}</{tag}>'
        return f'<{tag} style="{style}; background: {_BLUE}40"><strong>{escape(text)}</strong></{tag}>'

    lines = [
        "".join(one("th" if i == 0 else "td", i, k, text) for k, text in enumerate(row)) for i, row in enumerate(cells)
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines[1:])
    return f"<table><thead><tr>{lines[0]}</tr></thead><tbody>{body}</tbody></table>"


def notes(texts: Sequence[str]) -> str:
    """Lines below a table."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul style="margin: 0.5em 0; font-size: 90%">{items}</ul>'
