"""How much of a layer's variance lies along one direction."""

from __future__ import annotations

import numpy as np

from mot_fast._validate import Array

MOST_STIMULI = 1000
"""Stimuli that are looked at, evenly spaced."""
_N_STEPS = 30
"""Steps of power iteration: more than enough for a direction that outweighs all others."""
_ROUNDING = 1e-12
"""Deviations from the mean, relative to the values, that float64 may make up where nothing varies."""


def largest_share(activations: Array) -> float:
    """The share of the first principal component in a layer's variance.

    Parameters
    ----------
    activations : array, shape (n_stimuli, n_units)
        It may be mapped from a file: evenly spaced rows, 1,000 at most, are read.

    Returns
    -------
    float
        From 0 to 1; 0 where nothing varies.

    Examples
    --------
    >>> import numpy as np
    >>> largest_share(np.outer(np.arange(5.0), [1, 2, 3]))
    1.0
    >>> largest_share(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
    0.5
    """
    rows = np.unique(np.linspace(0, len(activations) - 1, min(len(activations), MOST_STIMULI)).astype(np.int64))
    values = np.asarray(activations[rows], dtype=np.float64)
    centred = values - values.mean(axis=0)
    total = float(np.vdot(centred, centred))
    if total <= _ROUNDING**2 * float(np.vdot(values, values)):
        return 0.0
    direction = centred[np.argmax((centred**2).sum(axis=1))]  # the farthest stimulus: seldom at right angles to it
    for _ in range(_N_STEPS):
        direction = centred.T @ (centred @ (direction / np.linalg.norm(direction)))
    along = centred @ (direction / np.linalg.norm(direction))
    return float(np.vdot(along, along)) / total
