"""Values that chance gives, drawn for what they are: strokes where they are few, a histogram where they are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW = 50
"""Values that are too few for a histogram: each is drawn as a stroke of its own."""
_MOST_BINS = 40
_LEAST_SPAN = 0.01
"""Range of the values that bins span at least, so that rounding is not drawn as a spread."""
_STROKE = 0.3
"""Height of a stroke, as a share of the axes."""


def are_few(values: F64) -> bool:
    """Whether values are drawn as strokes, and need no axis of frequencies."""
    return len(values) < _FEW


def draw_values(ax: Axes, values: F64, *, what: str, color: str, hatch: str, edges: F64 | None = None) -> None:
    """Draw values on the axes, and label them for the legend; the height of a histogram is in percent of the values.

    `edges` are those of the histogram's bins, by default `bin_edges` of the values.
    """
    if are_few(values):
        place = ax.get_xaxis_transform()
        label = f"{what} (a stroke each)"
        ax.vlines(values, 0.0, _STROKE, color=color, linewidth=1.6, alpha=0.7, transform=place, label=label)
        return
    style: dict[str, Any] = {"histtype": "stepfilled", "facecolor": color, "edgecolor": color, "hatch": hatch}
    weights = np.full(len(values), 100.0 / len(values))
    bins = (bin_edges(values) if edges is None else edges).tolist()
    ax.hist(values, bins, weights=weights, alpha=0.5, label=what, **style)


def bin_edges(values: F64) -> F64:
    """Edges of the bins of a histogram: as many as the number and the spread of the values allow, forty at most."""
    low, high = float(values.min()), float(values.max())
    if high - low < _LEAST_SPAN:
        middle = (low + high) / 2
        return np.linspace(middle - _LEAST_SPAN / 2, middle + _LEAST_SPAN / 2, 11)
    # By Sturges' rule and that of Freedman and Diaconis, of which numpy takes the one with more bins.
    n_bins = len(np.histogram_bin_edges(values, "auto")) - 1
    return np.linspace(low, high, min(n_bins, _MOST_BINS) + 1)


def common_edges(samples: Sequence[F64]) -> F64 | None:
    """Edges of the bins of several histograms, as many as the coarsest has alone; None where all values are few."""
    many = [values for values in samples if not are_few(values)]
    if not many:
        return None
    joint = bin_edges(np.concatenate(many))
    n_bins = min(len(joint), *(len(bin_edges(values)) for values in many)) - 1
    return np.linspace(joint[0], joint[-1], n_bins + 1)


def share_edges(n: int, most: int) -> F64:
    """Edges of at most so many bins for the shares 0, 1 / n, ..., 1, each of which holds equally many of them.

    Examples
    --------
    >>> share_edges(4, most=10)
    array([-0.125,  0.125,  0.375,  0.625,  0.875,  1.125])
    >>> share_edges(5, most=3)
    array([-0.1,  0.3,  0.7,  1.1])
    """
    in_each = -(-(n + 1) // most)
    n_bins = -(-(n + 1) // in_each)
    return np.asarray((in_each * np.arange(n_bins + 1) - 0.5) / n)
