"""Pictures of many networks, by their similarity matrix: heat maps, a dendrogram, and points in a plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mot_fast._validate import F64
from mot_fast.display import heat_map, plan_maps
from mot_fast.display.axes import (
    NAME_SIZE,
    GivenAxes,
    as_list,
    break_long_titles,
    inches_of_longest,
    lay_out,
    name_ticks,
    new_axes,
    open_frame,
    size_in_points,
    thin_out,
)
from mot_fast.display.colours import BLUE, LESS_IS_DARKER, MORE_IS_DARKER, PALE_GREY
from mot_fast.display.names import short_names
from mot_fast.display.point_labels import name_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    from mot_fast.analysis.similarity_matrix import SimilarityMatrix


def plot_similarity(matrix: SimilarityMatrix, axes: GivenAxes = None) -> list[Axes]:
    """Draw costs and scores of all pairs of networks as two heat maps, in the order of the dendrogram's leaves.

    Darker cells are pairs that are more alike. The colours span the values of pairs of different networks, and a range
    of 0.05 at least; the pair of a network with itself is grey. Numbers stand in the cells if all of them have room.

    Parameters
    ----------
    matrix : SimilarityMatrix
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
    axes, is_square = _new_maps(matrix.labels, matrix.labels) if axes is None else (as_list(axes), False)
    if len(axes) != 2:
        raise ValueError(f"axes: expected two, for costs and for scores, found {len(axes)}")
    from scipy.cluster.hierarchy import leaves_list

    order = leaves_list(matrix.linkage("average"))
    labels = [matrix.labels[k] for k in order]
    costs, scores = (values[np.ix_(order, order)] for values in (matrix.costs, matrix.scores))
    images = [
        _draw_pairs(axes[0], costs, labels, labels, LESS_IS_DARKER, (0.0, np.inf), is_square=is_square),
        _draw_pairs(axes[1], scores, labels, labels, MORE_IS_DARKER, (-np.inf, 1.0), is_square=is_square),
    ]
    axes[0].set(title=f"alignment cost\n{matrix.n_train} training stimuli")
    axes[1].set(title=f"held-out score\n{matrix.n_test} other stimuli")
    axes[0].set(ylabel="source network", xlabel="target network")
    axes[1].set(ylabel="source network (reconstructed)", xlabel="target network (predicted from)")
    _finish_maps(images, (costs, scores), ("lower: more alike", "higher: better reconstructed"))
    return axes


def plot_scores_of_pairs(scores: Mapping[tuple[str, str], float], title: str) -> Axes:
    """Draw the held-out scores of some pairs of networks as a heat map in a new figure; other pairs are grey.

    Parameters
    ----------
    scores : mapping
        Score of a source network from a target network, by their names. Rows are sources and columns targets, in the
        order in which they come; where these are the same networks, they have the same order.
    title : str
    """
    rows, columns = (list(dict.fromkeys(names)) for names in zip(*scores, strict=True))
    if set(rows) == set(columns):
        columns = rows
    values = np.array([[scores.get((row, column), np.nan) for column in columns] for row in rows])
    (ax,), is_square = _new_maps(rows, columns, n=1)
    image = _draw_pairs(ax, values, rows, columns, MORE_IS_DARKER, (-np.inf, 1.0), is_square=is_square)
    ax.set(title=title, ylabel="source network (reconstructed)", xlabel="target network (predicted from)")
    _finish_maps([image], [values], ["higher: better\nreconstructed"], undefined="")
    return ax


def _finish_maps(
    images: Sequence[AxesImage], values: Sequence[F64], bar_labels: Sequence[str], undefined: str = "nan"
) -> None:
    """Add the colour bars of heat maps side by side, lay them out, and write numbers where they have room.

    `undefined` stands in the place of NaN.
    """
    for image, label in zip(images, bar_labels, strict=True):
        image.axes.title.set_fontsize(plan_maps.TITLE_SIZE)
        bar = image.axes.figure.colorbar(image, ax=image.axes, fraction=0.05, pad=0.02, aspect=30)
        bar.set_label(label, fontsize=NAME_SIZE)
    lay_out(images[0].axes)
    break_long_titles([image.axes for image in images])
    for image, of_image in zip(images, values, strict=True):
        heat_map.leave_out_names(image.axes)
        forms = [f"{{:.{k}f}}" for k in (_decimals(np.ma.asarray(image.get_array())), 3, 2)]
        any(heat_map.write_numbers(image, of_image, partial(_number, form, undefined)) for form in forms)


def _number(form: str, undefined: str, value: float) -> str:
    """The text of a number, or of NaN."""
    return undefined if np.isnan(value) else form.format(value)


def _decimals(others: np.ma.MaskedArray) -> int:
    """Decimals that tell the values of pairs of different networks apart: three, or more where all are very small."""
    largest = np.abs(others.compressed()).max(initial=0.0)
    return int(np.clip(1 - np.floor(np.log10(largest)), 3, 5)) if 0 < largest < np.inf else 3


def plot_dendrogram(matrix: SimilarityMatrix, ax: Axes | None = None, method: str = "average") -> Axes:
    """Draw which networks are alike as a tree, whose forks lie at the distances of the clusters that they join.

    Names stand in the order of `plot_similarity`, if clusters are made by the same method.

    Parameters
    ----------
    matrix : SimilarityMatrix
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.
    method : str
        How the distance of two clusters is computed; see `SimilarityMatrix.linkage`.

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
        (ax,) = new_axes((5.0 + inches_of_longest(names), 0.9 + min(max(0.16 * len(names), 1.0), 16.0)))
    for heights, places in zip(tree["dcoord"], tree["icoord"], strict=True):
        ax.plot(heights, places, color=BLUE)
    name_ticks(ax.yaxis, 5.0 + 10.0 * np.arange(len(names)), tree["ivl"])  # where dendrogram has leaves
    ax.set_ylim(10.0 * len(names), 0.0)
    ax.set_xlim(0.0, 1.05 * max(map(max, tree["dcoord"])) or 1.0)
    ax.set_xlabel("distance (square root of twice the cost)")
    ax.tick_params(axis="y", length=0)
    open_frame(ax)
    lay_out(ax)
    thin_out(ax.yaxis, size_in_points(ax)[1])
    return ax


def plot_embedding(matrix: SimilarityMatrix, ax: Axes | None = None) -> Axes:
    """Draw the networks as points in a plane, whose distances come near the distances of the networks.

    The axes' labels say what share of the squared distances each axis shows. Where no points in any space have these
    distances, the shares of all axes would sum to more than 100 %. A name without room beside its point is left out.

    Parameters
    ----------
    matrix : SimilarityMatrix
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


def _draw_pairs(
    ax: Axes,
    values: F64,
    rows: Sequence[str],
    columns: Sequence[str],
    cmap: str,
    bounds: tuple[float, float],
    *,
    is_square: bool,
) -> AxesImage:
    """Draw one heat map; its colours span the values of pairs of different networks alone."""
    is_itself = np.equal.outer(np.asarray(rows, dtype=object), np.asarray(columns, dtype=object))
    others = np.ma.masked_invalid(np.where(is_itself, np.nan, values))
    least, greatest = (others.min(), others.max()) if others.count() else (0.0, 1.0)
    margin = max(heat_map.LEAST_SPAN - (greatest - least), 0.0) / 2
    vmin, vmax = np.clip([least - margin, greatest + margin], *bounds)
    ax.set_facecolor(PALE_GREY)
    return heat_map.draw(ax, others, rows, columns, is_square=is_square, cmap=cmap, vmin=vmin, vmax=vmax)


def _new_maps(rows: Sequence[str], columns: Sequence[str], n: int = 2) -> tuple[list[Axes], bool]:
    """Axes of n heat maps in a new figure, with room for numbers of sixteen networks, and whether cells are square."""
    cell = heat_map.cell_size([(len(rows), len(columns))], 0.4, 6.5, 6.5)
    of_rows, of_columns = (inches_of_longest(short_names(names)) for names in (rows, columns))
    width, height = len(columns) * cell.width + of_rows + 2.0, len(rows) * cell.height + of_columns + 1.0
    axes = new_axes((n * width, height), n, is_square=cell.is_square)
    axes[0].figure.canvas.figure.set_layout_engine("compressed", w_pad=0.12)  # names stay away from the neighbour's
    return axes, cell.is_square
