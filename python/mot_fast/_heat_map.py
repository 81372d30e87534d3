"""One heat map: coloured cells, names of their rows and columns, numbers in the cells where these have room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._axes import NAME_SIZE, points, short_names, thin_out
from mot_fast._validate import F64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_CHARACTER = 0.65 * NAME_SIZE
"""Points that a digit takes, with some air."""
_LINE = 1.2 * NAME_SIZE


def draw(ax: Axes, values: F64, rows: Sequence[str], columns: Sequence[str], **style: Any) -> AxesImage:
    """Colour a cell for each value, and name rows and columns."""
    image = ax.imshow(values, aspect="auto", interpolation="nearest", **style)
    for axis, labels in ((ax.yaxis, rows), (ax.xaxis, columns)):
        axis.set_ticks(np.arange(len(labels)), short_names(labels), fontsize=NAME_SIZE)
    ax.tick_params(axis="x", rotation=90)
    return image


def leave_out_names(ax: Axes) -> None:
    """Leave out names that would overlap; the figure must have been laid out."""
    width, height = points(ax)
    thin_out(ax.xaxis, width)
    thin_out(ax.yaxis, height)


def write_numbers(image: AxesImage, form: Callable[[float], str]) -> bool:
    """Write every value into its cell, or none if there is no room, and say which.

    The figure must have been laid out; `form` makes the text, which may be empty.
    """
    values = image.get_array()
    texts = {place: form(float(value)) for place, value in np.ndenumerate(values)}
    width, height = points(image.axes)
    has_room = width >= _CHARACTER * (1 + max(map(len, texts.values()))) * values.shape[1]
    if not has_room or height < _LINE * values.shape[0]:
        return False
    for (row, column), text in texts.items():
        if text:
            color = "white" if _lightness(image, values[row, column]) < 0.5 else "black"
            image.axes.text(column, row, text, ha="center", va="center", color=color, fontsize=NAME_SIZE)
    return True


def _lightness(image: AxesImage, value: float) -> float:
    """Of a value's colour, as the eye weighs its parts."""
    return float(np.dot(image.cmap(image.norm(value))[:3], (0.299, 0.587, 0.114)))
