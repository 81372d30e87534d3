"""Axes to draw on, and what is written at them: ticks with names, texts measured so that none hides another."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from mot_fast.system import optional

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

GivenAxes = Sequence["Axes"] | npt.NDArray[np.object_] | None
"""Axes as callers give them, or None for a new figure."""

NAME_SIZE = 8.0
"""Font size of layers' names, in points."""

ABOVE: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "frameon": False}
"""Place of a legend above the axes, where it hides nothing."""

AS_WRITTEN: dict[str, Any] = {"parse_math": False, "usetex": False}
"""Options of matplotlib for texts that hold names: "$", "_", "^" and the backslash are characters, not mathematics."""


def new_axes(figsize: tuple[float, float], n: int = 1, n_rows: int = 1, *, is_square: bool = False) -> list[Axes]:
    """Axes side by side in a new figure, n in each row, whose layout keeps texts apart.

    Where cells are square, axes may be smaller than their place; then they stand close to each other.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise optional.missing("pictures need", "matplotlib", error=error) from error
    layout: Literal["compressed", "constrained"] = "compressed" if is_square else "constrained"
    _, axes = plt.subplots(n_rows, n, figsize=figsize, layout=layout, squeeze=False)
    return as_list(axes)


def as_list(axes: Sequence[Axes] | npt.NDArray[np.object_]) -> list[Axes]:
    """Axes out of a sequence, or out of an array as `matplotlib.pyplot.subplots` returns it."""
    return list(np.asarray(axes, dtype=object).ravel())


def open_frame(ax: Axes) -> None:
    """Remove the lines at the top and at the right of the axes."""
    ax.spines[["top", "right"]].set_visible(False)


def size_in_points(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes, in points."""
    box = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    return 72.0 * box.width, 72.0 * box.height


def inches_of_longest(names: Iterable[str]) -> float:
    """Inches that the longest of the names takes, about."""
    return 0.6 * NAME_SIZE / 72 * max(map(len, names))


@contextmanager
def measuring_texts() -> Iterator[None]:
    """Silence the warning about characters that the font lacks: it comes when the picture is drawn, once is enough."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def lay_out(ax: Axes) -> None:
    """Place all texts of the figure, so that they can be measured."""
    with measuring_texts():
        ax.figure.canvas.figure.draw_without_rendering()


def break_long_titles(axes: Iterable[Axes]) -> None:
    """Break the titles of axes that are longer than their axes before the name of the network, and lay out again.

    The figure must have been laid out.
    """
    is_broken = False
    for ax in axes:
        width, height = ax.bbox.size
        for axis, length in ((ax.xaxis, width), (ax.yaxis, height)):
            text, is_upright = axis.label.get_text(), axis is ax.yaxis
            with measuring_texts():
                box = axis.label.get_window_extent()
            if " (" in text and (box.height if is_upright else box.width) > length:
                axis.label.set_text("\n(".join(text.split(" (", 1)))
                is_broken = True
    if is_broken:
        lay_out(ax)


def name_ticks(axis: Axis, places: npt.ArrayLike, names: Sequence[str]) -> None:
    """Write the names at their places along an axis, and along the axes that share its ticks."""
    axis.set_ticks(np.asarray(places), names, fontsize=NAME_SIZE, **AS_WRITTEN)
    which = "x" if axis is axis.axes.xaxis else "y"
    for ax in getattr(axis.axes, f"get_shared_{which}_axes")().get_siblings(axis.axes):
        for tick in getattr(ax, f"{which}axis").get_major_ticks(len(names)):
            tick.label1.set(**AS_WRITTEN)
            tick.label2.set(**AS_WRITTEN)


def thin_out(axis: Axis, length: float) -> None:
    """Leave out names that would overlap along an axis, whose length is in points."""
    places, names = axis.get_ticklocs(), [label.get_text() for label in axis.get_ticklabels()]
    step = math.ceil(len(names) * 1.2 * NAME_SIZE / length)
    if step > 1:
        name_ticks(axis, places[::step], names[::step])
