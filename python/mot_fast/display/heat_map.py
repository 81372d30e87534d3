"""A heat map: coloured cells, the names of their rows and columns, and numbers in the cells if there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.axes import NAME_SIZE, name_ticks, size_in_points, thin_out
from mot_fast.display.names import short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_CHARACTER = NAME_SIZE * 2 / 3
"""Points that a digit takes, with some air; every number is given the room of three digits at least."""
_LINE = 1.2 * NAME_SIZE
_SMALL_MAP, _THIN_MAP = 2.4, 1.2
"""Inches of the longer side of a map of few cells, and of the shorter side of one of few rows or columns."""
SHARES = (0.0, 0.05, 0.25, 0.5, 1.0)
"""Shares of the limit that stand at a colour bar, or a key, whose colours follow the square root."""
LEAST_SPAN = 0.05
"""Range of costs or scores that the colours span at least, so that small differences are not made to look large."""
_THINNEST = 0.7
"""Inches of the shorter side of a map, below which its cells are not square."""
_WEIGHTS = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the lightness that the eye perceives."""
_DARK = 0.47
"""Lightness below which white is easier to read than black."""


@dataclass(frozen=True)
class CellSize:
    """Width and height of all cells of a new picture, in inches, and whether the cells are square."""

    width: float
    height: float
    is_square: bool


def cell_size(
    shapes: Sequence[tuple[int, ...]], usual: float, widest: float, tallest: float, title: float = 0.0
) -> CellSize:
    """Size of the cells of heat maps, none of which becomes wider or taller than so many inches.

    Cells are square, unless a map with few rows or few columns would become too thin to be read, or for its title,
    which takes so many inches. They have the usual size, but are larger where a map has few of them.
    """
    rows, columns = (max(shape[axis] for shape in shapes) for axis in range(2))
    width, height = (
        min(max(usual, title / columns, _SMALL_MAP / max(rows, columns)), most / n)
        for most, n in ((widest, columns), (tallest, rows))
    )
    side, thinnest = min(width, height), min(min(shape) for shape in shapes)
    if side * thinnest >= _THINNEST and side * columns >= min(title, widest):
        return CellSize(side, side, is_square=True)
    return CellSize(max(width, _THIN_MAP / columns), max(height, _THIN_MAP / rows), is_square=False)


def share_ticks(limit: float) -> list[float]:
    """Places of the ticks of a colour bar whose colours follow the square root of the share, up to a limit."""
    return [limit * share for share in SHARES]


def percent_of(share: float, _position: int | None = None) -> str:
    """Text of a tick of a colour bar: a share in percent, without the sign."""
    return f"{100 * share:.2g}" if share < 0.995 else f"{100 * share:.0f}"


def draw(
    ax: Axes, values: F64, rows: Sequence[str], columns: Sequence[str], *, is_square: bool = False, **style: Any
) -> AxesImage:
    """Draw a coloured cell for each value, and write the names of rows and columns."""
    image = ax.imshow(values, aspect="equal" if is_square else "auto", interpolation="nearest", **style)
    for axis, labels in ((ax.yaxis, rows), (ax.xaxis, columns)):
        name_ticks(axis, np.arange(len(labels)), short_names(labels))
    ax.tick_params(axis="x", rotation=90)
    return image


def leave_out_names(ax: Axes) -> None:
    """Leave out names that would overlap; the figure must have been laid out."""
    width, height = size_in_points(ax)
    thin_out(ax.xaxis, width)
    thin_out(ax.yaxis, height)


def write_numbers(image: AxesImage, values: F64, form: Callable[[float], str]) -> bool:
    """Write every value into its cell if all have room, and return whether they have.

    The figure must have been laid out. `form` makes a value's text, which may be empty.
    """
    texts = {place: form(float(value)) for place, value in np.ndenumerate(values)}
    width, height = size_in_points(image.axes)
    has_room = width >= _CHARACTER * max(3, *map(len, texts.values())) * values.shape[1]
    if not has_room or height < _LINE * values.shape[0]:
        return False
    colours = image.to_rgba(np.ma.asarray(image.get_array()))
    lightness = colours[..., :3] @ _WEIGHTS + 1.0 - colours[..., 3]  # the paper is light where there is no colour
    for (row, column), text in texts.items():
        if text:
            color = "white" if lightness[row, column] < _DARK else "black"
            image.axes.text(column, row, text, ha="center", va="center", color=color, fontsize=NAME_SIZE)
    return True
