"""Warnings of activations that may spoil an alignment: too large for float16, or dominated by one direction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mot_fast._validate import Array
from mot_fast._warnings import warn

DOMINANT_SHARE = 0.9
"""Share of the variance along one direction that causes a warning.

In SmolLM2-135M with its first tokens the share is 0.97 and more in blocks 11 to 27; early layers of vision models,
which are as they should be, reach 0.78.
"""
_MIN_SIZE = 10
"""With fewer stimuli or units, one direction always holds much of the variance."""
_HALF_OF_FLOAT16 = 65504.0 / 2
_MAX_NAMED = 3
"""Largest number of layers that a warning names."""
MAX_STIMULI = 1000
"""Largest number of stimuli, evenly spaced, that the share is computed from."""
MAX_NUMBERS = 2**22
"""Largest number of activations in memory, which limits the stimuli of very wide layers."""
_N_STEPS = 30
"""Steps of power iteration: more than enough for a direction that dominates all others."""
_ROUNDING = 1e-12
"""Deviations from the mean, relative to the values, that float64 rounding may cause in constant activations."""


def warn_of_activations(labels: Sequence[str], layers: Iterable[Array], largest: Sequence[float]) -> None:
    """Warn the caller of layers that come near the largest float16, and of layers dominated by one direction.

    Parameters
    ----------
    labels : sequence of str
    layers : iterable of array, shape (n_stimuli, n_units)
    largest : sequence of float
        Largest magnitude in each layer.
    """
    shares = [first_component_share(values) if min(values.shape) >= _MIN_SIZE else 0.0 for values in layers]
    if near := [f"'{label}' {x:,.0f}" for label, x in zip(labels, largest, strict=True) if x > _HALF_OF_FLOAT16]:
        warn(f"float16, which ends at 65,504, would overflow or nearly so: largest values {_listed(near)}")
    if dominated := [f"'{label}' {x:.0%}" for label, x in zip(labels, shares, strict=True) if x > DOMINANT_SHARE]:
        warn(
            f"one direction holds most of a layer's variance: {_listed(dominated)}; its units then say little else, "
            f"often because one token or a few stimuli outweigh all others"
        )


def first_component_share(activations: Array) -> float:
    """Share of the variance of a layer that lies along its first principal component.

    Parameters
    ----------
    activations : array, shape (n_stimuli, n_units)
        Activations, which may be mapped from a file: at most 1,000 rows are read.

    Returns
    -------
    float
        A share from 0 to 1; 0 for constant activations.

    Examples
    --------
    >>> import numpy as np
    >>> round(first_component_share(np.outer(np.arange(5.0), [1, 2, 3])), 6)
    1.0
    >>> first_component_share(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
    0.5
    """
    n_stimuli, n_units = activations.shape
    n_rows = min(n_stimuli, MAX_STIMULI, max(2, MAX_NUMBERS // n_units))
    centred = activations[np.linspace(0, n_stimuli - 1, n_rows).astype(np.int64)].astype(np.float64)
    raw = float(np.vdot(centred, centred))
    centred -= centred.mean(axis=0)
    lengths = np.einsum("ij,ij->i", centred, centred)
    total = float(lengths.sum())
    if total <= _ROUNDING**2 * raw:
        return 0.0
    direction = centred[np.argmax(lengths)]  # the farthest stimulus is hardly orthogonal to the first component
    for _ in range(_N_STEPS):
        direction = centred.T @ (centred @ (direction / np.linalg.norm(direction)))
    along = centred @ (direction / np.linalg.norm(direction))
    return float(np.vdot(along, along)) / total


def _listed(found: list[str]) -> str:
    others = f", and {len(found) - _MAX_NAMED} more layers" if len(found) > _MAX_NAMED else ""
    return ", ".join(found[:_MAX_NAMED]) + others
