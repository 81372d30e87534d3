"""Predicts networks' activations from other networks' through plans; compiled."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from mot_fast._validate import F64, Array, Index
from mot_fast.system.jit import compiled
from mot_fast.transport.transport import I32, Transport


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms of predictions, each of a layer's units from another layer's through the plan between both layers.

    All arrays are `(n_terms,)`.
    """

    slots: Index
    """The prediction that each is a term of."""
    weights: F64
    unit_masses: F64
    """The number that masses are divided by: 1 / n_units for weights of each unit that sum to 1, 1 for raw plans."""
    starts: Index
    """Where the predicting layer's activations `(n_stimuli, n_units)` begin, in an array of many layers end to end."""
    widths: Index
    """Numbers of units of the predicting layers."""
    is_back: npt.NDArray[np.bool_]
    """Whether the plan's columns are predicted from its rows, instead of its rows from its columns."""
    first_entries: Index
    last_entries: Index
    """Entries of each plan, in the arrays of many plans end to end."""

    @property
    def arrays(self) -> list[Array]:
        """All arrays, in the order of the fields."""
        return [getattr(self, field.name) for field in fields(self)]

    def select(self, some: slice) -> Terms:
        """Some of the terms."""
        return Terms(*(each[some] for each in self.arrays))


def add_terms(predictions: F64, terms: Terms, activations: F64, plans: tuple[Array, Array, F64]) -> None:
    """Add terms to predictions, which are the same bits as those of `add_prediction`.

    Parameters
    ----------
    predictions : array, `(n_slots, n_stimuli, n_units)`
        Predictions of layers of one width, changed in place.
    terms : Terms
    activations : array
        Activations of all predicting layers, end to end.
    plans : three arrays, `(n_entries,)`
        Rows, columns and masses of all plans, end to end.
    """
    _add_terms(predictions, activations, *plans, *terms.arrays)


def rows_to_one(plan: Transport, row_sums: F64) -> F64:
    """The masses of a plan with these row sums, scaled so that each row sums to 1."""
    return np.asarray(plan.mass / row_sums[plan.rows])


@compiled
def add_prediction(
    prediction: F64, activations: F64, row_starts: I32, columns: I32, masses: F64, weight: float
) -> None:
    """Add ``weight * activations @ Q.T`` to `prediction`, in place.

    Parameters
    ----------
    prediction : array, `(n_stimuli, n_source_units)`
    activations : array, `(n_stimuli, n_target_units)`
    row_starts, columns, masses : arrays
        The plan Q, `(n_source_units, n_target_units)`: where the entries of each row begin, their columns and masses.
    weight : float
    """
    for t in range(prediction.shape[0]):
        for i in range(prediction.shape[1]):
            total = 0.0
            for k in range(row_starts[i], row_starts[i + 1]):
                total += masses[k] * activations[t, columns[k]]
            prediction[t, i] += weight * total


@compiled
def _add_terms(
    predictions: F64,
    activations: F64,
    rows: I32,
    columns: I32,
    masses: F64,
    slots: Index,
    weights: F64,
    unit_masses: F64,
    starts: Index,
    widths: Index,
    is_back: npt.NDArray[np.bool_],
    first_entries: Index,
    last_entries: Index,
) -> None:
    totals = np.empty(predictions.shape[2])
    for k in range(len(slots)):
        predicted, predicting = (columns, rows) if is_back[k] else (rows, columns)
        first, last = first_entries[k], last_entries[k]
        shares = masses[first:last] / unit_masses[k]
        for t in range(predictions.shape[1]):
            start = starts[k] + t * widths[k]
            totals[:] = 0.0
            for e in range(first, last):
                totals[predicted[e]] += shares[e - first] * activations[start + predicting[e]]
            for i in range(len(totals)):
                predictions[slots[k], t, i] += weights[k] * totals[i]
