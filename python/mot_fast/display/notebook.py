"""Results as notebooks show them: HTML that needs no other file, and can be read on a light or a dark background."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.colours import BLUE
from mot_fast.display.escaping import html_text
from mot_fast.display.names import short_names
from mot_fast.display.text_summary import matched_text
from mot_fast.transport.transport import Certificate

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment

_DEEPEST = 0.75
"""Opacity of the deepest colour, on which black text over white and white text over black can still be read."""
_FONT = 11
_CHARACTER = 0.62 * _FONT
"""Width of a character on average, in pixels; its height is `_FONT`."""
_LARGEST_CELL, _SMALLEST_CELL = 28.0, 4.0
_WIDEST = 340.0
"""Width that all cells together may take, in pixels, unless they would become smaller than the smallest cell."""


def block(title: str, lines: Sequence[str], *parts: str) -> str:
    """A title and lines of text, which are escaped here, above parts that are HTML already."""
    head, *rest = title.split(" ", 1)
    text = "<br/>".join([f"<strong>{html_text(head)}</strong> {html_text(' '.join(rest))}", *map(html_text, lines)])
    return f'<div style="margin: 0.5em 0">{text}</div>' + "".join(parts)


def proof(certificate: Certificate) -> str:
    """Sentence that says how closely a certificate proves its answer."""
    return (
        "every transport is proven optimal: no plan could cost less by more than "
        f"{certificate.duality_gap:.1g} per unit of mass; masses are met to {certificate.marginal_error:.1g}"
    )


def of_alignment(alignment: Alignment) -> str:
    """An alignment: its cost, its proof, and what share of each layer goes where."""
    source, target = alignment.source, alignment.target
    sides = [f"{side.name} ({len(side.labels)} layers, {sum(side.widths)} units)" for side in (source, target)]
    rotated = "" if alignment.alternation is None else ", source layers rotated"
    return block(
        f"Alignment of {sides[0]} with {sides[1]}",
        [
            f"cost {alignment.cost:.4f}, {alignment.convention}{rotated}",
            *([] if alignment.goals.are_all else [f"matched: {matched_text(alignment)}"]),
            proof(alignment.certificate),
            "what percentage of each source layer (row) goes to which target layer (column):",
        ],
        heat_map(alignment.layer_plan / source.layer_masses[:, None], source.labels, target.labels, form=percent),
    )


def percent(share: float) -> str:
    """A share as a percentage without its sign, short enough for a cell."""
    return f"{100 * share:.0f}" if share >= 0.005 else "<1"


def heat_map(
    values: F64,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    form: Callable[[float], str],
    shades: F64 | None = None,
    links: Mapping[tuple[int, int], str] | None = None,
    cell: float | None = None,
    has_names: bool = True,
) -> str:
    """A picture of a matrix: a blue cell for every positive value, darkest at 1, with the values if all have room.

    The colour follows the square root of the value, so that small values can be seen. A cell that is pointed at shows
    its row, its column and its value, as `form` writes it.

    Parameters
    ----------
    values : array, `(n, m)`
    rows, columns : sequences of str
    form : callable
        Makes the text of a value.
    shades : array, `(n, m)`, optional
        Depths of the cells' colours, from 0 to 1, in place of square roots; there is no cell where it is NaN.
    links : mapping, optional
        Addresses to which cells lead, by their places.
    cell : float, optional
        Side of a cell in pixels; by default such that all cells together are not too wide.
    has_names : bool
        Whether the names of rows and columns stand beside the cells.
    """
    size = min(_LARGEST_CELL, max(_SMALLEST_CELL, _WIDEST / max(values.shape))) if cell is None else cell
    names, heads = short_names(rows) if has_names else [], short_names(columns) if has_names else []
    left, top = (_CHARACTER * max(map(len, texts)) + 12 if texts else 1 for texts in (names, heads))
    height, width = (size * n for n in values.shape)
    if shades is None:
        shades = np.where(values > 0, np.sqrt(np.clip(values, 0.0, 1.0)), np.nan)
    numbers = {(int(l), int(m)): form(float(values[l, m])) for l, m in np.argwhere(~np.isnan(shades))}
    has_room = has_names and all(_CHARACTER * len(number) <= size for number in numbers.values())
    cells = "".join(
        _linked(
            _square(left + size * m, top + size * l, size, shades[l, m], f"{rows[l]}, {columns[m]}: {number}")
            + _number(left + size * (m + 0.5), top + size * (l + 0.5), number) * has_room,
            None if links is None else links.get((l, m)),
        )
        for (l, m), number in numbers.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="heat map" font-size="{_FONT}" '
        f'font-family="sans-serif" fill="currentColor" width="{left + width:.0f}" height="{top + height:.0f}" '
        f'viewBox="0 0 {left + width:.0f} {top + height:.0f}" style="max-width: 100%; height: auto; overflow: visible">'
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill-opacity="0.06"/>'
        f"{cells}{_row_names(names, size, left, top)}{_column_names(heads, size, left, top)}</svg>"
    )


def _linked(cell: str, address: str | None) -> str:
    """A cell, as a link where there is an address."""
    return cell if address is None else f'<a href="{html_text(address)}">{cell}</a>'


def _square(x: float, y: float, size: float, shade: float, text: str) -> str:
    """A cell, with the text that it shows when it is pointed at."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="{size:.1f}" fill="{BLUE}" '
        f'fill-opacity="{_DEEPEST * shade:.2f}"><title>{html_text(text)}</title></rect>'
    )


def _number(x: float, y: float, text: str) -> str:
    """A value in the middle of its cell."""
    return (
        f'<text x="{x:.1f}" y="{y + _FONT / 3:.1f}" text-anchor="middle" pointer-events="none">{html_text(text)}</text>'
    )


def _row_names(names: Sequence[str], size: float, left: float, top: float) -> str:
    """Names of the rows, at the left of them."""
    return "".join(
        f'<text x="{left - 4:.1f}" y="{top + size * (l + 0.5) + _FONT / 3:.1f}" text-anchor="end">'
        f"{html_text(name)}</text>"
        for l, name in _with_room(names, size)
    )


def _column_names(names: Sequence[str], size: float, left: float, top: float) -> str:
    """Names of the columns above them, each read from bottom to top."""
    places = ((left + size * (m + 0.5) + _FONT / 3, top - 4, name) for m, name in _with_room(names, size))
    return "".join(
        f'<text x="{x:.1f}" y="{y:.1f}" transform="rotate(-90 {x:.1f} {y:.1f})">{html_text(name)}</text>'
        for x, y, name in places
    )


def _with_room(names: Sequence[str], size: float) -> list[tuple[int, str]]:
    """Names that do not overlap at this distance of the cells, with their places."""
    step = int(np.ceil(_FONT / size))
    return list(enumerate(names))[::step]


def table(cells: Sequence[Sequence[str]], n_left: int, best: Collection[tuple[int, int]]) -> str:
    """A table whose first row is the head; the first `n_left` columns are aligned left, the others right.

    `best` holds row and column of the cells that are marked as the best, where the head is row 0.
    """

    def one(tag: str, i: int, k: int, text: str) -> str:
        style = f"text-align: {'left' if k < n_left else 'right'}; padding: 0.2em 0.7em"
        if (i, k) not in best:
            return f'<{tag} style="{style}">{html_text(text)}</{tag}>'
        return f'<{tag} style="{style}; background: {BLUE}40"><strong>{html_text(text)}</strong></{tag}>'

    lines = [
        "".join(one("th" if i == 0 else "td", i, k, text) for k, text in enumerate(row)) for i, row in enumerate(cells)
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines[1:])
    return f"<table><thead><tr>{lines[0]}</tr></thead><tbody>{body}</tbody></table>"


def notes(texts: Sequence[str]) -> str:
    """Notes below a table, one a line."""
    items = "".join(f"<li>{html_text(text)}</li>" for text in texts)
    return f'<ul style="margin: 0.5em 0; font-size: 90%">{items}</ul>'
