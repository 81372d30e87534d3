"""Names beside points, at places where they hide neither points nor other names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mot_fast._validate import F64
from mot_fast.display.axes import AS_WRITTEN, NAME_SIZE, lay_out, measuring_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation
    from matplotlib.transforms import BboxBase

_DOT = 4.0
"""Distance from a dot's centre that is kept free, in points."""
_DISTANCE = 6.0
"""Distance from a dot's centre to its name, in points."""


def name_points(ax: Axes, places: F64, names: Sequence[str]) -> None:
    """Give each name the first place beside its point that hides no other point, and no name before it.

    Names that have no such place in the axes are left out.
    """
    from matplotlib.transforms import Bbox

    lay_out(ax)
    dot = ax.figure.dpi / 72 * _DOT
    taken = [Bbox.from_extents(x - dot, y - dot, x + dot, y + dot) for x, y in ax.transData.transform(places)]
    for (x, y), name in zip(places, names, strict=True):
        for text in _candidates(ax, (x, y), name):
            with measuring_texts():
                box = text.get_window_extent()
            if _is_inside(box, ax.bbox) and not box.count_overlaps(taken):
                taken.append(box)
                break
            text.remove()


def _is_inside(box: BboxBase, outer: BboxBase) -> bool:
    """Whether the box lies within the outer one."""
    return outer.x0 < box.x0 and box.x1 < outer.x1 and outer.y0 < box.y0 and box.y1 < outer.y1


def _candidates(ax: Axes, place: tuple[float, float], name: str) -> Iterator[Annotation]:
    """Draw the name at the right of its point, at the left, above, below, and at the corners, one after the other."""
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)):
        yield ax.annotate(
            name,
            place,
            xytext=(_DISTANCE * x, _DISTANCE * y),
            textcoords="offset points",
            ha=("right", "center", "left")[x + 1],
            va=("top", "center", "bottom")[y + 1],
            fontsize=NAME_SIZE,
            **AS_WRITTEN,
        )
