"""Pictures of a stability: the consensus plan, plans of single resamples, and how confident matches of units are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.display import heat_map
from mot_fast.display.axes import (
    ABOVE,
    AS_WRITTEN,
    NAME_SIZE,
    GivenAxes,
    as_list,
    break_long_titles,
    inches_of_longest,
    lay_out,
    name_ticks,
    new_axes,
    open_frame,
)
from mot_fast.display.colours import BLUE, MORE_IS_DARKER, ORANGE, PALE_GREY
from mot_fast.display.distributions import share_edges
from mot_fast.display.names import axis_title, short_name, short_names
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mot_fast.analysis.stability.result import Stability
    from mot_fast.analysis.stability.unit_matches import UnitMatches

_LARGEST_SIDE = 0.92
"""Side of the largest square, where that of a cell is 1."""
_MOST_IN_A_ROW = 4
"""Plans of single resamples that stand side by side."""
_MOST_BINS = 25
"""Bars of a histogram."""
_TITLE_SIZE = 10.0


def plot_stability(stability: Stability, ax: Axes | None = None) -> Axes:
    """Draw the consensus plan: squares as large as the mass, fainter where fewer resamples use the pair of layers.

    Parameters
    ----------
    stability : Stability
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> layers = [np.random.default_rng(k).random((50, 4)) for k in range(3)]
    >>> ax = plot_stability(mot.stability(layers, layers, n_resamples=4, n_decoys=0))
    >>> print(ax.get_title())
    mean plan of 4 bootstrap resamples
    1.00 of the mass in common (0.33 by chance)
    """
    shares = _shares(stability, stability.consensus_plan)
    sides = (stability.alignment.source, stability.alignment.target)
    if ax is None:
        rows, columns = (inches_of_longest(short_names(side.labels)) for side in sides)
        size = heat_map.cell_size([shares.shape], 0.27, 7.5, 7.5)
        width, height = size.width * shares.shape[1], size.height * shares.shape[0]
        (ax,) = new_axes((2.2 + rows + max(width, 3.0), 1.2 + columns + height), is_square=size.is_square)
        ax.set_aspect("equal" if size.is_square else "auto")
    _draw_squares(ax, shares, stability.confidence)
    for axis, side in ((ax.yaxis, sides[0]), (ax.xaxis, sides[1])):
        name_ticks(axis, np.arange(len(side.labels)), short_names(side.labels))
    ax.tick_params(axis="x", rotation=90)
    ax.set_ylabel(axis_title("source", sides[0].name), **AS_WRITTEN)
    ax.set_xlabel(axis_title("target", sides[1].name), **AS_WRITTEN)
    common = (
        f"{stability.mass_in_common:.2f} of the mass in common ({stability.mass_in_common_by_chance:.2f} by chance)"
    )
    ax.set_title(f"mean plan of {stability.description}\n{common}", fontsize=_TITLE_SIZE)
    _add_opacity_bar(ax, float(shares.max()))
    lay_out(ax)
    break_long_titles([ax])
    heat_map.leave_out_names(ax)
    return ax


def _shares(stability: Stability, plan: F64) -> F64:
    """A plan as shares of the source layers."""
    return np.asarray(plan / stability.alignment.source.layer_masses[:, None])


def _draw_squares(ax: Axes, shares: F64, opacities: F64) -> None:
    """Draw a square in every cell, whose area is the share, and fills the cell where that is the largest."""
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    used = np.argwhere(shares > 0)
    sides = _LARGEST_SIDE * np.sqrt(shares / shares.max())
    squares = [
        Rectangle((m - sides[l, m] / 2, l - sides[l, m] / 2), sides[l, m], sides[l, m]) for l, m in used.tolist()
    ]
    colours = [to_rgba(BLUE, float(opacities[l, m])) for l, m in used]
    ax.add_collection(PatchCollection(squares, facecolors=colours, linewidths=0, zorder=2))
    n_rows, n_columns = shares.shape
    ax.set(xlim=(-0.5, n_columns - 0.5), ylim=(n_rows - 0.5, -0.5))
    for places, draw in ((range(n_rows + 1), ax.axhline), (range(n_columns + 1), ax.axvline)):
        for place in places:
            draw(place - 0.5, color=PALE_GREY, linewidth=0.5, zorder=1)


def _add_opacity_bar(ax: Axes, largest: float) -> None:
    """Add a colour bar that says what opacity and area mean."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
    from matplotlib.ticker import PercentFormatter

    faint = LinearSegmentedColormap.from_list("opacity", [to_rgba(BLUE, 0.0), to_rgba(BLUE, 1.0)])
    bar = ax.figure.colorbar(
        ScalarMappable(Normalize(0.0, 1.0), faint),
        ax=ax,
        format=PercentFormatter(1.0, symbol=""),
        fraction=0.04,
        pad=0.02,
        aspect=30,
    )
    bar.set_label(
        f"% of the resamples that use the pair\narea: share of the source layer,\nfull cell: {100 * largest:.0f} %",
        fontsize=NAME_SIZE,
    )


def plot_resampled_plans(stability: Stability, axes: GivenAxes = None, *, n_plans: int = 7) -> list[Axes]:
    """Draw the layer plan of all stimuli and those of the first resamples side by side, on one scale of colours.

    Parameters
    ----------
    stability : Stability
    axes : sequence of matplotlib axes, optional
        Where to draw, one for all stimuli and one for each resample; a new figure by default.
    n_plans : int
        Number of resamples to draw, or of those there are.

    Returns
    -------
    list of matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If there are not as many axes as plans, or `n_plans` is no positive integer.
    ImportError
        If matplotlib is not installed.
    """
    n_plans = min(_validate.whole_number(n_plans, "n_plans", at_least=1), stability.n_resamples)
    plans = {"all stimuli": stability.alignment.layer_plan}
    plans |= {f"resample {k + 1}": stability.layer_plans[k] for k in range(n_plans)}
    shares = {title: _shares(stability, plan) for title, plan in plans.items()}
    n_columns = min(len(plans), _MOST_IN_A_ROW)
    is_square = False
    if axes is None:
        size = heat_map.cell_size([stability.consensus_plan.shape], 0.1, 2.8, 2.8)
        axes, is_square = _grid(stability, len(plans), n_columns, size), size.is_square
    axes = as_list(axes)
    if len(axes) != len(plans):
        raise ValueError(f"axes: expected one for each of {len(plans)} plans, found {len(axes)}")
    from matplotlib.colors import PowerNorm

    scale = PowerNorm(0.5, vmin=0.0, vmax=max(float(each.max()) for each in shares.values()))
    source, target = stability.alignment.source, stability.alignment.target
    for k, (ax, (title, values)) in enumerate(zip(axes, shares.items(), strict=True)):
        heat_map.draw(ax, values, source.labels, target.labels, is_square=is_square, cmap=MORE_IS_DARKER, norm=scale)
        ax.set_title(title, fontsize=_TITLE_SIZE)
        is_left, is_lowest = k % n_columns == 0, k + n_columns >= len(plans)
        ax.tick_params(left=is_left, labelleft=is_left, bottom=is_lowest, labelbottom=is_lowest)
        ax.set_ylabel(axis_title("source", source.name) if is_left else "", **AS_WRITTEN)
        ax.set_xlabel(axis_title("target", target.name) if is_lowest else "", **AS_WRITTEN)
    _add_share_bar(axes)
    lay_out(axes[0])
    break_long_titles(axes)
    for ax in axes:
        heat_map.leave_out_names(ax)
    return axes


def _grid(stability: Stability, n_plans: int, n_columns: int, size: heat_map.CellSize) -> list[Axes]:
    """Axes for small pictures of plans in a new figure, those without a plan removed."""
    n_rows = math.ceil(n_plans / n_columns)
    rows, columns = (
        inches_of_longest(short_names(side.labels)) for side in (stability.alignment.source, stability.alignment.target)
    )
    n, m = stability.consensus_plan.shape
    width, height = 1.6 + rows + n_columns * size.width * m, 0.8 + columns + n_rows * (size.height * n + 0.3)
    axes = new_axes((width, height), n_columns, n_rows, is_square=size.is_square)
    for ax in axes[n_plans:]:
        ax.remove()
    return axes[:n_plans]


def _add_share_bar(axes: list[Axes]) -> None:
    """Add the colour bar of the plans."""
    (image, *_), figure = axes[0].images, axes[0].figure
    ticks = heat_map.share_ticks(image.get_clim()[1])
    form = heat_map.percent_of
    bar = figure.colorbar(image, ax=axes, ticks=ticks, format=form, fraction=0.04, pad=0.02, aspect=30)
    bar.set_label("% of the source layer\n(square-root scale)", fontsize=NAME_SIZE)


def plot_unit_confidence(
    stability: Stability,
    source_layer: int | str | None = None,
    target_layer: int | str | None = None,
    ax: Axes | None = None,
    *,
    q: float = 0.05,
) -> Axes:
    """Draw how confident the matches of a pair's units are, beside those of decoys, which chance makes.

    Parameters
    ----------
    stability : Stability
    source_layer, target_layer : int or str, optional
        Two layers, by position or label; by default, of the pairs whose units were followed, that of most mass.
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.
    q : float
        False discovery rate at which the threshold is drawn.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    IndexError, KeyError
        If there is no such layer, or the pair's units were not followed.
    ValueError
        If one layer is given without the other, or no units were followed.
    ImportError
        If matplotlib is not installed.
    """
    matches = _chosen_matches(stability, source_layer, target_layer)
    (ax,) = new_axes((6.4, 3.8)) if ax is None else (ax,)
    from matplotlib.ticker import MaxNLocator

    bins = share_edges(stability.n_resamples, _MOST_BINS).tolist()
    shown = [(matches.confidence, 1.0, f"as observed: {len(matches.confidence):,} units", BLUE, "....")]
    n_decoys = len(matches.decoy_confidence)
    if n_decoys:
        label = f"decoys, stimuli shuffled: mean of {n_decoys:,}"
        shown.append((matches.decoy_confidence.ravel(), 1.0 / n_decoys, label, ORANGE, "////"))
    for values, weight, label, color, hatch in shown:
        style: dict[str, Any] = {"histtype": "stepfilled", "facecolor": color, "edgecolor": color, "hatch": hatch}
        ax.hist(values, bins, weights=np.full(len(values), weight), alpha=0.5, label=label, **style)
    found = matches.discoveries(q)
    if len(found):
        threshold = matches.confidence[found].min() - 0.5 / stability.n_resamples
        label = f"q-value up to {q:g}: {len(found):,} units"
        ax.axvline(threshold, color="black", linewidth=1.2, linestyle="--", label=label)
    ax.set_xlabel(f"confidence: share of {stability.n_resamples:,} resamples in which the main partner is the same")
    ax.set_ylabel("source units")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    title = " to ".join(short_name(printable(label)) for label in (matches.source, matches.target))
    ax.set_title(title, fontsize=_TITLE_SIZE, loc="right", **AS_WRITTEN)
    ax.legend(**ABOVE, fontsize=NAME_SIZE)
    open_frame(ax)
    return ax


def _chosen_matches(
    stability: Stability, source_layer: int | str | None, target_layer: int | str | None
) -> UnitMatches:
    """The matches of the pair of layers given; by default, of the pairs followed, that of most mass."""
    if source_layer is not None and target_layer is not None:
        return stability.units(source_layer, target_layer)
    if source_layer is not None or target_layer is not None:
        raise ValueError("source_layer and target_layer: expected both or none, found one")
    if not stability.unit_matches:
        raise ValueError("stability: expected one whose units were followed, found none, as with rotations")
    plan = stability.consensus_plan
    return stability.unit_matches[max(stability.unit_matches, key=lambda pair: float(plan[pair]))]
