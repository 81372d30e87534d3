"""Pictures of an alignment; matplotlib is loaded here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mot_fast.record import Record

_LARGEST_LABELLED = 40


def plot_layer_plan(alignment: Record, ax: Axes | None = None) -> Axes:
    """Heat map of the layer plan, source layers downwards, each row in shares of its layer; see `Alignment.plot`."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError('pictures need matplotlib: pip install "mot_fast[plot]"') from error

    n_source, n_target = alignment.layer_plan.shape
    if ax is None:
        size = (2.6 + 0.3 * min(n_target, _LARGEST_LABELLED), 2.0 + 0.3 * min(n_source, _LARGEST_LABELLED))
        _, ax = plt.subplots(figsize=size, layout="constrained")
    image = ax.imshow(alignment.layer_plan * n_source, cmap="Blues", vmin=0.0, aspect="auto", interpolation="nearest")
    ax.figure.colorbar(image, ax=ax, label="share of the source layer", fraction=0.04, pad=0.02)
    for axis, labels in ((ax.yaxis, alignment.source.labels), (ax.xaxis, alignment.target.labels)):
        step = -(-len(labels) // _LARGEST_LABELLED)
        axis.set_ticks(np.arange(0, len(labels), step), labels[::step])
    ax.tick_params(axis="x", rotation=90)
    ax.set_ylabel(f"source: {alignment.source.name}")
    ax.set_xlabel(f"target: {alignment.target.name}")
    ax.set_title(f"Layer plan, alignment cost {alignment.cost:.3f}")
    return ax
