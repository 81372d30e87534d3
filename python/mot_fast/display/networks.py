"""Pictures of nested alignments and of many networks.

Every function draws on the axes given, or on a new figure, and returns them. matplotlib is loaded when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mot_fast._validate import F64
from mot_fast.display import heat_map, plan_maps
from mot_fast.display.axes import (
    BLUE,
    NAME_SIZE,
    lay_out,
    name_ticks,
    new_axes,
    open_frame,
    points,
    short_names,
    thin_out,
)
from mot_fast.display.plan_maps import GivenAxes, Named, Plan
from mot_fast.display.point_labels import name_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_LEAST_SPAN = 0.05
"""Of costs or scores, from the lightest colour to the darkest: smaller differences are not made to look large."""


class Nested(Protocol):
    """Two systems whose parts are aligned, as a `NestedAlignment`."""

    @property
    def source(self) -> Named:
        """Has n parts."""

    @property
    def target(self) -> Named:
        """Has m parts."""

    @property
    def costs(self) -> F64:
        """`(n, m)`."""

    @property
    def plan(self) -> F64:
        """`(n, m)`."""

    @property
    def n_levels(self) -> int:
        """2 where the parts are layers."""

    def coupling(self, name: str, /) -> F64:
        """`(n, m)`: weights of the plan or of a baseline."""


class Matrix(Protocol):
    """All pairs of n networks, as a `SimilarityMatrix`."""

    @property
    def labels(self) -> Sequence[str]:
        """Of the networks."""

    @property
    def costs(self) -> F64:
        """`(n, n)`."""

    @property
    def scores(self) -> F64:
        """`(n, n)`: of the row's network from the column's."""

    @property
    def n_train(self) -> int:
        """Stimuli that costs are of."""

    @property
    def n_test(self) -> int:
        """Stimuli that scores are of."""

    @property
    def distances(self) -> F64:
        """`(n, n)`."""

    def linkage(self, method: str, /) -> F64:
        """Hierarchical clustering."""

    def embedding(self, n_dimensions: int, /) -> F64:
        """Coordinates `(n, n_dimensions)`."""


def plot_nested(
    nested: Nested, axes: GivenAxes = None, *, couplings: Sequence[str] = ("mot", "pairwise_best")
) -> list[Axes]:
    """Draw plans between the parts of two systems side by side, by default that of MOT and the pairwise-best map.

    Of two training runs, whose parts are checkpoints, this is Figure 5 of Shah & Khosla (arXiv 2510.01706): rows are
    source parts, columns target parts, colours shares of the row on one scale.

    Parameters
    ----------
    nested : NestedAlignment
        With n source parts and m target parts.
    axes : sequence of matplotlib axes, optional
        Where to draw, one for each coupling; a new figure by default.
    couplings : sequence of str
        Names that `NestedAlignment.coupling` knows; each gives weights `(n, m)`.

    Returns
    -------
    list of matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If `couplings` is no sequence of couplings that there are, or there are not as many axes.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import mot_fast as mot
    >>> left, right = plot_nested(mot.align_trajectories(*mot.data.training_runs()))
    >>> print(left.get_title())
    MOT
    cost 0.601, H 0.97 (ceiling 1.00)
    """
    if isinstance(couplings, str):
        raise TypeError(f"couplings: expected several names, found {couplings!r}; one alone is [{couplings!r}]")
    if not len(couplings):
        raise ValueError("couplings: expected something to draw, found nothing")
    masses = nested.plan.sum(axis=1)
    part = "layer" if nested.n_levels == 2 else "part"
    plans = []
    for name in couplings:
        sides, weights = (nested.source, nested.target), nested.coupling(name)
        plans.append(Plan(plan_maps.title(name), *sides, weights, masses, nested.costs, part=part))
    return plan_maps.draw_strip(plans, axes, 1.0)


def plot_similarity(matrix: Matrix, axes: GivenAxes = None) -> list[Axes]:
    """Draw costs and scores of all pairs of networks as heat maps, in the order of the dendrogram's leaves.

    The darker, the more alike. Colours span what pairs of different networks have, though no less than 0.05; a network
    with itself is grey. Numbers stand in the cells where all have room.

    Parameters
    ----------
    matrix : SimilarityMatrix
        With costs and scores `(n, n)`.
    axes : two matplotlib axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    list of two matplotlib axes

    Raises
    ------
    ValueError
        If there are not two axes.
    ImportError
        If matplotlib is not installed.
    """
    axes = _new_maps(matrix.labels) if axes is None else list(np.asarray(axes, dtype=object).ravel())
    if len(axes) != 2:
        raise ValueError(f"axes: expected two, for costs and for scores, found {len(axes)}")
    from scipy.cluster.hierarchy import leaves_list

    order = leaves_list(matrix.linkage("average"))
    labels = [matrix.labels[k] for k in order]
    costs, scores = (values[np.ix_(order, order)] for values in (matrix.costs, matrix.scores))
    images = [
        _draw_pairs(axes[0], costs, labels, "Blues_r", (0.0, np.inf)),
        _draw_pairs(axes[1], scores, labels, "Blues", (-np.inf, 1.0)),
    ]
    axes[0].set(title=f"alignment cost\n{matrix.n_train} training stimuli", ylabel="source", xlabel="target")
    axes[1].set(title=f"held-out score\n{matrix.n_test} other stimuli", ylabel="reconstructed", xlabel="predicted from")
    for image, label in zip(images, ("lower: more alike", "higher: better reconstructed"), strict=True):
        image.axes.title.set_fontsize(plan_maps.TITLE_SIZE)
        bar = image.axes.figure.colorbar(image, ax=image.axes, fraction=0.05, pad=0.02, aspect=30)
        bar.set_label(label, fontsize=NAME_SIZE)
    lay_out(axes[0])
    for image, values in zip(images, (costs, scores), strict=True):
        heat_map.leave_out_names(image.axes)
        any(heat_map.write_numbers(image, values, form.format) for form in ("{:.3f}", "{:.2f}"))
    return axes


def plot_dendrogram(matrix: Matrix, ax: Axes | None = None, method: str = "average") -> Axes:
    """Draw which networks are alike as a tree, whose forks lie at the distance of what they join.

    Names stand in the order of `plot_similarity`, if clusters are made by the same method.

    Parameters
    ----------
    matrix : SimilarityMatrix
        With distances `(n, n)`.
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.
    method : str
        How the distance of two clusters is made up; see `SimilarityMatrix.linkage`.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ValueError
        If there is no such method.
    ImportError
        If matplotlib is not installed.
    """
    from scipy.cluster.hierarchy import dendrogram

    names = short_names(matrix.labels)
    tree = dendrogram(matrix.linkage(method), labels=names, no_plot=True)
    if ax is None:
        (ax,) = new_axes((5.0 + _inches(names), 0.9 + min(max(0.16 * len(names), 1.0), 16.0)))
    for heights, places in zip(tree["dcoord"], tree["icoord"], strict=True):
        ax.plot(heights, places, color=BLUE)
    name_ticks(ax.yaxis, 5.0 + 10.0 * np.arange(len(names)), tree["ivl"])  # where dendrogram has leaves
    ax.set_ylim(10.0 * len(names), 0.0)
    ax.set_xlim(0.0, 1.05 * max(map(max, tree["dcoord"])) or 1.0)
    ax.set_xlabel("distance (square root of twice the cost)")
    ax.tick_params(axis="y", length=0)
    open_frame(ax)
    lay_out(ax)
    thin_out(ax.yaxis, points(ax)[1])
    return ax


def plot_embedding(matrix: Matrix, ax: Axes | None = None) -> Axes:
    """Draw the networks as points in a plane, whose distances come near those of the networks.

    Axes say what share of the squared distances they have. Where distances are not those of points in any space, all
    axes together would have more than 100 %. A name is left out if it has no room beside its point.

    Parameters
    ----------
    matrix : SimilarityMatrix
        With distances `(n, n)`.
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    places = matrix.embedding(2)
    if ax is None:
        size = max(1.0, (len(places) / 30) ** 0.5)
        (ax,) = new_axes((5.6 * size, 4.4 * size))
    ax.plot(*places.T, "o", color=BLUE, markersize=5)
    total = np.square(matrix.distances).sum()
    shares = 2.0 * len(places) * np.square(places).sum(axis=0) / (total or 1.0)
    ax.set_xlabel(f"first axis: {100 * shares[0]:.0f} % of the squared distances")
    ax.set_ylabel(f"second axis: {100 * shares[1]:.0f} %")
    ax.margins(0.25)
    ax.set_aspect("equal", adjustable="datalim")
    open_frame(ax)
    name_points(ax, places, short_names(matrix.labels))
    return ax


def _draw_pairs(ax: Axes, values: F64, labels: Sequence[str], cmap: str, bounds: tuple[float, float]) -> AxesImage:
    """Colours are of pairs of different networks alone."""
    others = np.ma.masked_invalid(np.where(np.eye(len(values), dtype=bool), np.nan, values))
    least, greatest = (others.min(), others.max()) if others.count() else (0.0, 1.0)
    margin = max(_LEAST_SPAN - (greatest - least), 0.0) / 2
    vmin, vmax = np.clip([least - margin, greatest + margin], *bounds)
    ax.set_facecolor("0.88")
    return heat_map.draw(ax, others, labels, labels, cmap=cmap, vmin=vmin, vmax=vmax)


def _new_maps(labels: Sequence[str]) -> list[Axes]:
    """Two, with room for numbers of up to sixteen networks."""
    side, names = min(max(0.4 * len(labels), 2.2), 6.5), _inches(short_names(labels))
    axes = new_axes((2 * (side + names + 1.3), side + names + 1.0), 2)
    axes[0].figure.canvas.figure.set_layout_engine("constrained", w_pad=0.12)  # so that a name is not its neighbour's
    return axes


def _inches(names: Sequence[str]) -> float:
    return 0.6 * NAME_SIZE / 72 * max(map(len, names))
