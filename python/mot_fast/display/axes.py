"""What all pictures share: axes to draw on, colours, names of layers short enough to stand beside them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mot_fast.system import optional
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

NAME_SIZE = 8.0
"""Of the layers' names, in points."""

# Okabe and Ito's colours, which colour-blind readers tell apart.
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"

ABOVE: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "frameon": False}
"""Where a legend hides nothing."""

AS_WRITTEN: dict[str, Any] = {"parse_math": False, "usetex": False}
"""How texts are drawn that hold names: "$", "_", "^" and the backslash are characters like others, not mathematics."""

_LONGEST_NAME = 24


def new_axes(figsize: tuple[float, float], n: int = 1) -> list[Axes]:
    """Axes side by side in a new figure, whose layout keeps texts apart."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise optional.missing("pictures need", "matplotlib", error=error) from error
    _, axes = plt.subplots(1, n, figsize=figsize, layout="constrained", squeeze=False)
    return list(axes[0])


def open_frame(ax: Axes) -> None:
    """Leave the axes without the lines at the top and the right."""
    ax.spines[["top", "right"]].set_visible(False)


def points(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes."""
    box = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    return 72.0 * box.width, 72.0 * box.height


@contextmanager
def measuring_texts() -> Iterator[None]:
    """For what measures texts: what the font lacks is told when the picture is drawn, not before as well."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def lay_out(ax: Axes) -> None:
    """Give all texts of the figure their places."""
    with measuring_texts():
        ax.figure.canvas.figure.draw_without_rendering()


def name_ticks(axis: Axis, places: npt.ArrayLike, names: Sequence[str]) -> None:
    """Write the names at their places along an axis, and along those that share its ticks."""
    axis.set_ticks(np.asarray(places), names, fontsize=NAME_SIZE, **AS_WRITTEN)
    which = "x" if axis is axis.axes.xaxis else "y"
    for ax in getattr(axis.axes, f"get_shared_{which}_axes")().get_siblings(axis.axes):
        for tick in getattr(ax, f"{which}axis").get_major_ticks(len(names)):
            tick.label1.set(**AS_WRITTEN)
            tick.label2.set(**AS_WRITTEN)


def thin_out(axis: Axis, length: float) -> None:
    """Leave out names that would overlap along an axis of so many points."""
    places, names = axis.get_ticklocs(), [label.get_text() for label in axis.get_ticklabels()]
    step = math.ceil(len(names) * 1.2 * NAME_SIZE / length)
    if step > 1:
        name_ticks(axis, places[::step], names[::step])


def short_names(names: Sequence[str]) -> list[str]:
    """The names, where some are long without what all share, and then without their middles, as long as they differ."""
    names = [printable(name) for name in names]
    if max(map(len, names)) <= _LONGEST_NAME:
        return names
    before = _shared(names) if len(names) > 1 else ""
    rest = [name[len(before) :] for name in names]
    after = _shared([name[::-1] for name in rest]) if len(names) > 1 else ""
    short = ["…" * bool(before) + name[: len(name) - len(after)] + "…" * bool(after) for name in rest]
    for shorter in ([short_name(name) for name in short], short):
        if len(set(shorter)) == len(names):
            return shorter
    return names


def _shared(names: Sequence[str]) -> str:
    """What all names begin with, up to the last separator, so that no number is torn."""
    first, last = min(names), max(names)
    n_equal = next((k for k, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    prefix = first[:n_equal]
    return prefix[: max(prefix.rfind(mark) for mark in "._/-: ") + 1]


def short_name(name: str) -> str:
    """The name, without its middle if it is long."""
    name, half = printable(name), (_LONGEST_NAME - 1) // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


def darkest(vmax: float | None) -> float:
    """The share that has the darkest colour: that which is given, or all."""
    if vmax is not None and not 0 < vmax < float("inf"):
        raise ValueError(f"vmax: expected a positive share, found {vmax!r}")
    return 1.0 if vmax is None else float(vmax)
