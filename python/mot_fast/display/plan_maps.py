"""Heat maps of plans, side by side on one colour scale, with costs, hierarchy scores and masses written at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mot_fast._validate import F64
from mot_fast.display import heat_map
from mot_fast.display.axes import (
    AS_WRITTEN,
    NAME_SIZE,
    GivenAxes,
    as_list,
    break_long_titles,
    inches_of_longest,
    lay_out,
    new_axes,
    size_in_points,
    thin_out,
)
from mot_fast.display.colours import LEFT_IS_DARKER, MORE_IS_DARKER
from mot_fast.display.names import axis_title, short_names
from mot_fast.measures.hierarchy import ceiling, hierarchy
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.image import AxesImage

TITLE_SIZE = 10.0
_WIDEST_STRIP = 14.0
"""Inches that all plans of a strip take together, at most, without the texts beside them."""
_CHARACTER = 0.5 * TITLE_SIZE / 72
"""Inches that a character of a title takes, about."""
_LEAST_WIDTH = 2.2
"""Inches that a figure has for a plan and its title, at least."""
_MOST_NUMBERED = 12
"""Parts on a side up to which the shares stand in the cells."""


LEFT_BEHIND = "left behind"
"""Name of the row and the column that say what share of a part has no counterpart."""


class Named(Protocol):
    """One side of a plan: a network, its summary, or a group of networks."""

    @property
    def name(self) -> str:
        """Name of the network or group."""

    @property
    def labels(self) -> Sequence[str]:
        """Names of its layers, or of the networks in it."""


@dataclass(frozen=True)
class Plan:
    """A plan between n source parts and m target parts, with the texts of its picture."""

    title: str
    source: Named
    target: Named
    weights: F64
    """Mass between every pair of parts, `(n, m)`."""
    masses: F64
    """Masses of the source's parts, `(n,)`."""
    costs: F64
    """Cost of every pair of parts, `(n, m)`."""
    what: str = "cost"
    """Name of the costs."""
    part: str = "layer"
    """Word for a part."""
    target_masses: F64 | None = None
    """Masses of the target's parts, `(m,)`, where parts may be left behind; None where all mass is carried."""
    cost: float | None = None
    """Cost of the plan, where it is not the sum over the pairs."""

    @property
    def caption(self) -> str:
        """Title, cost and hierarchy score; also the highest score possible, where all parts weigh the same."""
        title = printable(str(self.title), keep="\n")
        cost = (self.costs * self.weights).sum() if self.cost is None else self.cost
        text = f"{title}\n{self.what} {round(cost, 12):#.3g}"
        if min(self.weights.shape) > 1 and self.weights.any():
            text += f"\nhierarchy {hierarchy(self.weights):.2f}"
            if self.target_masses is not None:
                text += f", {_percent(self.weights.sum())} % matched"
            elif _is_uniform(self.weights.sum(axis=0)) and _is_uniform(self.weights.sum(axis=1)):
                text += f" (at most {ceiling(*self.weights.shape):.2f})"
        return text

    @property
    def shown_shape(self) -> tuple[int, int]:
        """Numbers of rows and columns of the picture, that of what is left behind included."""
        n, m = self.weights.shape
        return (n, m) if self.target_masses is None else (n + 1, m + 1)

    def shares(self) -> F64:
        """Shares of the source's parts, `(n, m)`.

        Where parts may be left behind, a last column says what share of each is, and a last row what share of each of
        the target's parts.
        """
        shares = self.weights / self.masses[:, None]
        if self.target_masses is None:
            return shares
        left = 1.0 - shares.sum(axis=1, keepdims=True)
        left_at_target = 1.0 - self.weights.sum(axis=0) / self.target_masses
        framed = np.block([[shares, left], [left_at_target, np.full(1, np.nan)]])
        return np.where(np.abs(framed) < 1e-9, 0.0, framed)

    def has_source_of(self, other: Plan) -> bool:
        """Whether the rows of both plans have the same names and masses."""
        has_names = (self.source.name, self.source.labels) == (other.source.name, other.source.labels)
        return has_names and np.allclose(self.masses, other.masses)


@dataclass
class _Drawn:
    """A plan that has been drawn, before names and numbers without room are left out."""

    ax: Axes
    image: AxesImage
    shares: F64
    masses: Axis | None = None
    """Axis at the right edge, if every row has its mass written there."""


def darkest_share(vmax: float | None) -> float:
    """The share that has the darkest colour: the one that is given, or 1."""
    if vmax is not None and not 0 < vmax < float("inf"):
        raise ValueError(f"vmax: expected a positive share, found {vmax!r}")
    return 1.0 if vmax is None else float(vmax)


def draw_one(plan: Plan, ax: Axes | None, limit: float, *, colorbar: bool, show_mass: bool | None) -> Axes:
    """Draw a plan, the share `limit` darkest, on the axes given or on new ones."""
    is_square = False
    if ax is None:
        size = heat_map.cell_size([plan.shown_shape], 0.25, 7.5, 7.5)
        (ax,), is_square = new_axes(_figure_size([plan], size), is_square=size.is_square), size.is_square
    drawn = _draw(plan, ax, limit, is_square=is_square)
    _write_masses(drawn, plan.masses, show_mass)
    _finish([drawn], plan.part if colorbar else None)
    return ax


def draw_strip(plans: Sequence[Plan], axes: GivenAxes, limit: float) -> list[Axes]:
    """Draw plans side by side in a new figure, or on the axes given.

    Raises
    ------
    ValueError
        If there are not as many axes as plans.
    """
    is_strip = axes is None  # then neighbours of one source share its names, at the left, and masses, at the right
    is_square = False
    if axes is None:
        n = len(plans)
        title = max(len(line) for plan in plans for line in plan.caption.split("\n")) * _CHARACTER
        shapes = [plan.shown_shape for plan in plans]
        usual = 0.25 if max(map(max, shapes)) <= _MOST_NUMBERED else 0.2
        size = heat_map.cell_size(shapes, usual, max(title, min(6.0, _WIDEST_STRIP / n)), 7.5, title)
        axes, is_square = new_axes(_figure_size(plans, size), n, is_square=size.is_square), size.is_square
    axes = as_list(axes)
    if len(axes) != len(plans):
        raise ValueError(f"axes: expected one for each of {len(plans)} plans, found {len(axes)}")
    drawn = []
    for k, (plan, ax) in enumerate(zip(plans, axes, strict=True)):
        drawn.append(_draw(plan, ax, limit, is_square=is_square))
        if is_strip and k > 0 and plan.has_source_of(plans[k - 1]):
            ax.tick_params(axis="y", labelleft=False)
            ax.set_ylabel("")
        has_heir = is_strip and k + 1 < len(plans) and plan.has_source_of(plans[k + 1])
        _write_masses(drawn[k], plan.masses, False if has_heir else None)
    _finish(drawn, plans[0].part)
    return axes


def _is_uniform(masses: F64) -> bool:
    return bool(np.ptp(masses) <= 1e-6 * masses.max())


def _figure_size(plans: Sequence[Plan], size: heat_map.CellSize) -> tuple[float, float]:
    """Width and height in inches, with room for names, masses and the colour bar."""
    width = sum(size.width * plan.shown_shape[1] for plan in plans)
    height = max(size.height * plan.shown_shape[0] for plan in plans)
    rows, columns = (
        inches_of_longest([label for plan in plans for label in short_names(side(plan).labels)])
        for side in (attrgetter("source"), attrgetter("target"))
    )
    return 2.0 + rows + max(width, _LEAST_WIDTH * len(plans)), 1.2 + columns + height


def _draw(plan: Plan, ax: Axes, limit: float, *, is_square: bool) -> _Drawn:
    from matplotlib.colors import PowerNorm

    scale = PowerNorm(0.5, vmin=0.0, vmax=limit)
    shares = plan.shares()
    margin = [] if plan.target_masses is None else [LEFT_BEHIND]
    labels = ([*side.labels, *margin] for side in (plan.source, plan.target))
    image = heat_map.draw(ax, shares, *labels, is_square=is_square, cmap=MORE_IS_DARKER, norm=scale)
    if margin:
        is_margin = np.zeros(shares.shape, np.bool_)
        is_margin[-1] = is_margin[:, -1] = True
        ax.imshow(
            np.where(is_margin, shares, np.nan),
            aspect=ax.get_aspect(),
            interpolation="nearest",
            cmap=LEFT_IS_DARKER,
            norm=scale,
        )
    ax.set_ylabel(axis_title("source", plan.source.name, plan.part), **AS_WRITTEN)
    ax.set_xlabel(axis_title("target", plan.target.name, plan.part), **AS_WRITTEN)
    ax.set_title(plan.caption, fontsize=TITLE_SIZE, **AS_WRITTEN)
    return _Drawn(ax, image, shares)


def _write_masses(drawn: _Drawn, masses: F64, at_every_row: bool | None) -> None:
    """Write at the right edge what share of the source's mass each row carries."""
    if at_every_row is False or (at_every_row is None and len(masses) == 1):
        return
    edge = drawn.ax.secondary_yaxis("right")
    edge.tick_params(length=0)
    if at_every_row or not _is_uniform(masses):
        edge.set_ticks(np.arange(len(masses)), [f"{_percent(mass)} %" for mass in masses], fontsize=NAME_SIZE)
        edge.set_ylabel("of the source's mass", fontsize=NAME_SIZE)
        drawn.masses = edge.yaxis
    else:
        edge.set_ticks([])
        edge.set_ylabel(f"each row: {_percent(masses[0])} % of the mass", fontsize=NAME_SIZE)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.2g}"


def _whole_percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.005 else ""


def _finish(drawn: Sequence[_Drawn], part: str | None) -> None:
    """Add a colour bar whose label calls parts `part`, leave out names that would overlap, write shares into cells."""
    if part is not None:
        _add_colorbar(drawn, part)
    lay_out(drawn[0].ax)
    break_long_titles([each.ax for each in drawn])
    for each in drawn:
        heat_map.leave_out_names(each.ax)
        if each.masses is not None:
            thin_out(each.masses, size_in_points(each.ax)[1])
        if max(each.shares.shape) <= _MOST_NUMBERED:
            heat_map.write_numbers(each.image, each.shares, _whole_percent)


def _add_colorbar(drawn: Sequence[_Drawn], part: str) -> None:
    image, largest = drawn[0].image, max(np.nanmax(each.shares) for each in drawn)
    bar = drawn[0].ax.figure.colorbar(
        image,
        ax=[each.ax for each in drawn],
        ticks=heat_map.share_ticks(image.get_clim()[1]),
        format=heat_map.percent_of,
        extend="max" if largest > image.get_clim()[1] * (1 + 1e-9) else "neither",
        fraction=0.04,
        pad=0.02,
        aspect=30,
    )
    bar.set_label(f"% of the source {part}\n(square-root scale)", fontsize=NAME_SIZE)
