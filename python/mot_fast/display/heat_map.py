"""A heat map: coloured cells, the names of their rows and columns, and numbers in the cells if there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
_WEIGHTS = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the lightness that the eye perceives."""
_DARK = 0.47
"""Lightness below which white is easier to read than black."""


def draw(ax: Axes, values: F64, rows: Sequence[str], columns: Sequence[str], **style: Any) -> AxesImage:
    """Draw a coloured cell for each value, and write the names of rows and columns."""
    image = ax.imshow(values, aspect="auto", interpolation="nearest", **style)
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
