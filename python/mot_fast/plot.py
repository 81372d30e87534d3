"""Pictures of layer plans; beside them stand the names of `mot_fast.plot_curves`, of scores and their like.

Every function draws on the axes given, or on a new figure, and returns them. matplotlib is loaded when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._axes import NAME_SIZE, darkest, new_axes, points, short_name, short_names, thin_out
from mot_fast._validate import F64
from mot_fast.coupling import coupling as named_coupling
from mot_fast.hierarchy import ceiling, hierarchy
from mot_fast.plot_curves import plot_convergence, plot_hierarchy_null, plot_scores, plot_subsample_curve
from mot_fast.record import Record, Side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.image import AxesImage

__all__ = [
    "plot_convergence",
    "plot_hierarchy_null",
    "plot_layer_plan",
    "plot_layer_plans",
    "plot_scores",
    "plot_subsample_curve",
]

Coupling = str | npt.ArrayLike
Item = Record | tuple[Record, Coupling]

_TITLE = 10.0
_MOST_NUMBERED = 12
"""Layers on a side up to which the shares stand in the cells."""


@dataclass
class _Plan:
    """A layer plan as it is drawn."""

    ax: Axes
    image: AxesImage
    shares: F64
    limit: float
    """The share that has the darkest colour."""
    masses: Axis | None = None
    """At the right edge, where every row has its mass."""


def plot_layer_plan(
    alignment: Record,
    ax: Axes | None = None,
    *,
    coupling: Coupling = "mot",
    vmax: float | None = None,
    colorbar: bool = True,
    show_mass: bool | None = None,
) -> Axes:
    """Draw which target layers each source layer is coupled with, as shares of the source layer.

    Parameters
    ----------
    alignment : Alignment
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.
    coupling : str or array `(L, M)`
        A name that `Alignment.coupling` knows ("permuted" is the order of seed 0), or layer weights.
    vmax : float, optional
        Share that has the darkest colour; by default 1, so that any two pictures are comparable. Colours follow the
        square root of the share, or the small ones would be hard to see.
    colorbar : bool
        Whether to add a colour bar.
    show_mass : bool, optional
        Whether to write at every row what share of the source network's mass it carries. By default only where layers
        differ in it; where they do not, it is said once.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If there is no such coupling, the weights are none of this alignment, or `vmax` is not positive.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> layers = [np.random.default_rng(k).random((50, 4)) for k in range(3)]
    >>> ax = plot_layer_plan(mot.align(layers, layers))
    >>> print(ax.get_title())
    MOT
    cost 0.00, H 1.00 (ceiling 1.00)
    """
    weights, limit = _weights(alignment, coupling), darkest(vmax)
    if ax is None:
        (ax,) = new_axes(_figure_size([alignment]))
    plan = _draw(alignment, weights, ax, limit)
    _say_masses(plan, alignment.source.layer_masses, show_mass)
    ax.set_title(f"{_name(alignment, coupling)}\n{_figures(alignment, weights)}", fontsize=_TITLE)
    if colorbar:
        _add_colorbar([plan])
    _fit([plan])
    return ax


def plot_layer_plans(
    alignments: Sequence[Item] | Mapping[str, Item],
    axes: Sequence[Axes] | npt.NDArray[np.object_] | None = None,
    *,
    couplings: Sequence[str] | None = None,
    vmax: float | None = None,
) -> list[Axes]:
    """Draw layer plans side by side on one scale of colours; see `plot_layer_plan`.

    Parameters
    ----------
    alignments : sequence, or mapping from titles
        Of alignments, or of pairs of an alignment and its coupling.
    axes : sequence of matplotlib axes, optional
        Where to draw, one for each plan; a new figure by default.
    couplings : sequence of str, optional
        Each alignment that comes without a coupling is drawn with each of these; by default with "mot" alone.
    vmax : float, optional
        Share that has the darkest colour; by default 1.

    Returns
    -------
    list of matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If there is nothing to draw, or not as many axes as plans; as `plot_layer_plan`.
    ImportError
        If matplotlib is not installed.
    """
    items = list(_items(alignments, ["mot"] if couplings is None else couplings))
    if not items:
        raise ValueError("alignments: expected something to draw, found nothing")
    limit = darkest(vmax)
    weights = [_weights(alignment, coupling) for _, alignment, coupling in items]
    sources = [alignment.source for _, alignment, _ in items]
    size = _figure_size([alignment for _, alignment, _ in items])
    is_strip = axes is None  # where neighbours of one source share its names, at the left, and masses, at the right
    axes = new_axes(size, len(items)) if axes is None else list(np.asarray(axes, dtype=object).ravel())
    if len(axes) != len(items):
        raise ValueError(f"axes: expected one for each of {len(items)} plans, found {len(axes)}")
    plans = []
    for k, (title, alignment, _) in enumerate(items):
        plan = _draw(alignment, weights[k], axes[k], limit)
        plan.ax.set_title(f"{title}\n{_figures(alignment, weights[k])}", fontsize=_TITLE)
        if is_strip and k > 0 and _is_same(sources[k - 1], sources[k]):
            plan.ax.tick_params(axis="y", labelleft=False)
            plan.ax.set_ylabel("")
        has_heir = is_strip and k + 1 < len(items) and _is_same(sources[k], sources[k + 1])
        _say_masses(plan, alignment.source.layer_masses, False if has_heir else None)
        plans.append(plan)
    _add_colorbar(plans)
    _fit(plans)
    return axes


def _items(
    alignments: Sequence[Item] | Mapping[str, Item], couplings: Sequence[str]
) -> Iterator[tuple[str, Record, Coupling]]:
    """Title, alignment and coupling of every plan."""
    pairs = alignments.items() if isinstance(alignments, Mapping) else [(None, item) for item in alignments]
    for title, item in pairs:
        alignment, given = item if isinstance(item, tuple) and len(item) == 2 else (item, None)
        if not isinstance(alignment, Record):
            raise TypeError(f"alignments: expected alignments, or pairs (alignment, coupling), found {item!r}")
        own: Sequence[Coupling] = couplings if given is None else [given]
        for coupling in own:
            name = _name(alignment, coupling)
            yield name if title is None else title if len(own) == 1 else f"{title}, {name}", alignment, coupling


def _is_same(first: Side, second: Side) -> bool:
    has_names = (first.name, first.labels) == (second.name, second.labels)
    return has_names and np.allclose(first.layer_masses, second.layer_masses)


def _weights(alignment: Record, coupling: Coupling) -> F64:
    if isinstance(coupling, str):
        return named_coupling(coupling, alignment.layer_plan, alignment.layer_costs)
    return _validate.layer_weights(coupling, alignment.layer_plan.shape, "coupling")


def _name(alignment: Record, coupling: Coupling) -> str:
    name = coupling if isinstance(coupling, str) else "given weights"
    return ("MOT" if name == "mot" else name) + ("" if alignment.alternation is None else "+R")


def _figures(alignment: Record, weights: F64) -> str:
    """Cost (or residual) and hierarchy score; the ceiling, where that is one: if all layers have the same weight."""
    what = "cost" if alignment.alternation is None else "residual"
    text = f"{what} {round((alignment.layer_costs * weights).sum(), 12):#.3g}"
    if min(weights.shape) > 1 and weights.any():
        text += f", H {hierarchy(weights):.2f}"
        if _is_uniform(weights.sum(axis=0)) and _is_uniform(weights.sum(axis=1)):
            text += f" (ceiling {ceiling(*weights.shape):.2f})"
    return text


def _is_uniform(masses: F64) -> bool:
    return bool(np.ptp(masses) <= 1e-6 * masses.max())


def _figure_size(alignments: Sequence[Record]) -> tuple[float, float]:
    """Inches; room for every name up to forty layers, less in a strip."""
    each, least, most = (0.25, 2.2, 7.5) if len(alignments) == 1 else (0.15, 2.8, 6.0)
    widths = [min(max(each * len(alignment.target.labels), least), most) for alignment in alignments]
    height = max(min(max(0.25 * len(alignment.source.labels), 2.4), 7.5) for alignment in alignments)
    rows, columns = (
        max(len(label) for alignment in alignments for label in short_names(side(alignment).labels))
        for side in (attrgetter("source"), attrgetter("target"))
    )
    inches = 0.6 * NAME_SIZE / 72
    return 2.0 + inches * rows + sum(widths), 1.2 + inches * columns + height


def _draw(alignment: Record, weights: F64, ax: Axes, limit: float) -> _Plan:
    from matplotlib.colors import PowerNorm

    shares = weights / alignment.source.layer_masses[:, None]
    scale = PowerNorm(0.5, vmin=0.0, vmax=limit)
    image = ax.imshow(shares, cmap="Blues", norm=scale, aspect="auto", interpolation="nearest")
    for axis, side in ((ax.yaxis, alignment.source), (ax.xaxis, alignment.target)):
        axis.set_ticks(np.arange(len(side.labels)), short_names(side.labels), fontsize=NAME_SIZE)
    ax.tick_params(axis="x", rotation=90)
    ax.set_ylabel(f"source: {short_name(alignment.source.name)}")
    ax.set_xlabel(f"target: {short_name(alignment.target.name)}")
    return _Plan(ax, image, shares, limit)


def _say_masses(plan: _Plan, masses: F64, at_every_row: bool | None) -> None:
    """At the right edge: what share of the source network each row carries."""
    if at_every_row is False or (at_every_row is None and len(masses) == 1):
        return
    edge = plan.ax.secondary_yaxis("right")
    edge.tick_params(length=0)
    if at_every_row or not _is_uniform(masses):
        edge.set_ticks(np.arange(len(masses)), [f"{_percent(mass)} %" for mass in masses], fontsize=NAME_SIZE)
        edge.set_ylabel("of the source's mass", fontsize=NAME_SIZE)
        plan.masses = edge.yaxis
    else:
        edge.set_ticks([])
        edge.set_ylabel(f"each row: {_percent(masses[0])} % of the mass", fontsize=NAME_SIZE)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.2g}"


def _add_colorbar(plans: Sequence[_Plan]) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    largest = max(plan.shares.max() for plan in plans)
    bar = plans[0].ax.figure.colorbar(
        plans[0].image,
        ax=[plan.ax for plan in plans],
        ticks=MaxNLocator(5),
        format=PercentFormatter(1.0, symbol=""),
        extend="max" if largest > plans[0].limit * (1 + 1e-9) else "neither",
        fraction=0.04,
        pad=0.02,
        aspect=30,
    )
    bar.set_label("% of the source layer (square-root scale)", fontsize=NAME_SIZE)


def _fit(plans: Sequence[_Plan]) -> None:
    """Leave out names that would overlap, and write shares into the cells where these have room."""
    plans[0].ax.figure.canvas.figure.draw_without_rendering()  # lays out
    for plan in plans:
        width, height = points(plan.ax)
        thin_out(plan.ax.xaxis, width)
        for axis in filter(None, (plan.ax.yaxis, plan.masses)):
            thin_out(axis, height)
        n_source, n_target = plan.shares.shape
        has_room = width >= 2.0 * NAME_SIZE * n_target and height >= 1.2 * NAME_SIZE * n_source
        if has_room and max(n_source, n_target) <= _MOST_NUMBERED:
            for (l, m), share in np.ndenumerate(plan.shares):
                if share >= 0.005:
                    color = "white" if share > 0.42 * plan.limit else "black"
                    plan.ax.text(m, l, f"{100 * share:.0f}", ha="center", va="center", color=color, fontsize=NAME_SIZE)
