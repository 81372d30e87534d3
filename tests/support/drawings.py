"""Pictures as a reader would see them, drawn without a screen."""

from __future__ import annotations

import itertools

import matplotlib as mpl

mpl.use("Agg")


def names(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def overlaps(*axes):
    """Number of neighbouring names of layers that overlap in some axes of a figure when it is drawn."""
    axes[0].figure.draw_without_rendering()
    sides = [axis for ax in axes for axis in (ax.xaxis, ax.yaxis)]
    boxes = [[label.get_window_extent() for label in axis.get_ticklabels()] for axis in sides]
    return sum(one.overlaps(other) for side in boxes for one, other in itertools.pairwise(side))


def texts(ax):
    return [text.get_text() for text in ax.texts]
