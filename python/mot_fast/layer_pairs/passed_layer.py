"""A layer that does not hold its activations, but reads them again, some stimuli at a time, when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mot_fast._validate import F64, Array, Index
from mot_fast.measures.standardize import UnitVectorsInPasses
from mot_fast.system.memory import BYTES_PER_UNIT

_VALUES_AT_ONCE = 2**17
"""Activations of a layer, in double precision, that are in memory at the same time."""
_LEAST_AT_ONCE = 64
"""Stimuli whose activations are in memory at the same time at least."""
_N_VECTORS = 6
"""Numbers for each unit that are kept of a layer."""
_N_COPIES = 4
"""Copies of the activations read at once that are in memory: as they are read, widened, and in computations."""


class PassedLayer(UnitVectorsInPasses):
    """Means and deviations of a layer's units, and the numbers that turn its activations into unit vectors.

    The size of the pieces in which activations are read depends on the number of units alone.

    Parameters
    ----------
    activations : array, `(n_stored_stimuli, n_units)`
        Finite activations; not kept.
    rows : array of int, optional
        The stimuli that count; all by default.
    """

    def __init__(self, activations: Array, rows: Index | None = None) -> None:
        first = np.asarray(activations[0 if rows is None else rows[0]], dtype=np.float64)
        step = stimuli_at_once(activations.shape[1])
        n_stimuli = len(activations) if rows is None else len(rows)
        super().__init__(first, lambda: pieces(activations, rows, step), n_stimuli)

    @staticmethod
    def n_bytes(n_stimuli: int, n_units: int) -> int:  # noqa: ARG004
        """Bytes that such a layer takes, however many stimuli there are."""
        return 8 * _N_VECTORS * n_units


def stimuli_at_once(n_units: int) -> int:
    """Number of stimuli read at once of a layer, or of two layers the wider of which has so many units."""
    return max(_LEAST_AT_ONCE, _VALUES_AT_ONCE // n_units)


def needed_in_passes(n: int, m: int) -> int:
    """Bytes that the transport between two layers takes if neither is held: costs, pieces, and what finds the plan."""
    return 8 * (n * m + _N_COPIES * stimuli_at_once(max(n, m)) * (n + m)) + BYTES_PER_UNIT * (n + m)


def pieces(activations: Array, rows: Index | None, step: int) -> Iterator[F64]:
    """Yield the activations of the stimuli that count, some at a time, in double precision, as arrays of their own."""
    n_stimuli = len(activations) if rows is None else len(rows)
    for first in range(0, n_stimuli, step):
        some = slice(first, first + step)
        yield np.array(activations[some if rows is None else rows[some]], dtype=np.float64, order="C")


def costs_in_passes(
    layers: tuple[PassedLayer, PassedLayer],
    activations: tuple[tuple[Array, Index | None], tuple[Array, Index | None]],
    check: Callable[[], None],
) -> tuple[F64, float]:
    """One minus the correlations of two layers' units, `(n, m)`, and the largest of them.

    Parameters
    ----------
    layers : two PassedLayer
    activations : two pairs of an array and of stimuli
        Activations of either layer, and the stimuli that count.
    check : function
        Called before every piece of stimuli; it may raise.
    """
    from scipy.linalg.blas import dgemm

    source, target = layers
    n, m = len(source.mean), len(target.mean)
    step = stimuli_at_once(max(n, m))
    costs = np.zeros((n, m))
    for x, y in zip(*(pieces(*each, step) for each in activations), strict=True):
        check()
        source.standardize(x)
        target.standardize(y)
        # BLAS counts by columns: the transposed costs are Y^T X, and it adds to them where they are.
        dgemm(1.0, y.T, x.T, beta=1.0, c=costs.T, trans_b=True, overwrite_c=True)
    np.clip(costs, -1.0, 1.0, out=costs)
    np.subtract(1.0, costs, out=costs)
    return costs, float(costs.max())
