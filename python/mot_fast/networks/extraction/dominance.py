"""How much of a layer's variance lies along one direction."""

from __future__ import annotations

import numpy as np

from mot_fast._validate import Array

MOST_STIMULI = 1000
"""Stimuli that are looked at, evenly spaced."""
MOST_NUMBERS = 2**22
"""Activations that are held at most: of very wide layers, fewer stimuli are looked at."""
_N_STEPS = 30
"""Steps of power iteration: more than enough for a direction that outweighs all others."""
_ROUNDING = 1e-12
"""Deviations from the mean, relative to the values, that float64 may make up where nothing varies."""


def largest_share(activations: Array) -> float:
    """The share of the first principal component in a layer's variance.

    Parameters
    ----------
    activations : array, shape (n_stimuli, n_units)
        It may be mapped from a file: some rows, 1,000 at most, are read.

    Returns
    -------
    float
        From 0 to 1; 0 where nothing varies.

    Examples
    --------
    >>> import numpy as np
    >>> round(largest_share(np.outer(np.arange(5.0), [1, 2, 3])), 6)
    1.0
    >>> largest_share(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
    0.5
    """
    n_stimuli, n_units = activations.shape
    n_rows = min(n_stimuli, MOST_STIMULI, max(2, MOST_NUMBERS // n_units))
    centred = activations[np.linspace(0, n_stimuli - 1, n_rows).astype(np.int64)].astype(np.float64)
    raw = float(np.vdot(centred, centred))
    centred -= centred.mean(axis=0)
    lengths = np.einsum("ij,ij->i", centred, centred)
    total = float(lengths.sum())
    if total <= _ROUNDING**2 * raw:
        return 0.0
    direction = centred[np.argmax(lengths)]  # the farthest stimulus: seldom at right angles to it
    for _ in range(_N_STEPS):
        direction = centred.T @ (centred @ (direction / np.linalg.norm(direction)))
    along = centred @ (direction / np.linalg.norm(direction))
    return float(np.vdot(along, along)) / total
