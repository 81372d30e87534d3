"""Predicts one network's activations from the other's through plans; compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mot_fast._validate import F64
from mot_fast.system.jit import compiled

if TYPE_CHECKING:
    import scipy.sparse


def add_prediction(prediction: F64, activations: F64, plan: scipy.sparse.csr_array, weight: float) -> None:
    """Add ``weight * activations @ plan.T`` to `prediction`.

    Parameters
    ----------
    prediction : array, `(n_stimuli, n_source_units)`
        Prediction, changed in place.
    activations : array, `(n_stimuli, n_target_units)`
    plan : sparse array, `(n_source_units, n_target_units)`
    weight : float
    """
    _add_prediction(prediction, activations, plan.indptr, plan.indices, plan.data, weight)


def rows_to_one(plan: scipy.sparse.csr_array, row_sums: F64) -> scipy.sparse.csr_array:
    """A plan with these row sums, each row scaled to sum to 1."""
    import scipy.sparse

    entries = plan.data / np.repeat(row_sums, np.diff(plan.indptr))
    return scipy.sparse.csr_array((entries, plan.indices, plan.indptr), shape=plan.shape)


@compiled
def _add_prediction(
    prediction: F64,
    activations: F64,
    row_starts: npt.NDArray[np.int32],
    columns: npt.NDArray[np.int32],
    masses: F64,
    weight: float,
) -> None:
    for t in range(prediction.shape[0]):
        for i in range(prediction.shape[1]):
            total = 0.0
            for k in range(row_starts[i], row_starts[i + 1]):
                total += masses[k] * activations[t, columns[k]]
            prediction[t, i] += weight * total
