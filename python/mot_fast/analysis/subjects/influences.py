"""What each subject does to the scores of the others, where the subjects predict each other.

A subject that predicts others well, or is predicted well, is in the scores of all: these are not independent, and their
standard deviation is too small for the error of their mean (Chen et al., NeuroImage 142, 2016, on correlations between
subjects). A subject's contribution to the mean has both parts: its own score, and what its weight in the others' target
does to theirs, to first order and with the plans as they are (the infinitesimal jackknife).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mot_fast._validate import F64
from mot_fast.alignment.predict import Predictor
from mot_fast.analysis.subjects.group import GroupOnSplit
from mot_fast.measures.standardize import UnitDeviations, unit_deviations


class TargetSlopes:
    """Slopes of the scores of one subject, by several methods, in the target's held-out activations.

    Parameters
    ----------
    predictor : Predictor
    weights : array, `(n_weights, L, M)`
        Layer weights over the masses of the source layers.
    methods : sequence of slices
        Which of the weights each method is the mean over.
    """

    def __init__(self, predictor: Predictor, weights: F64, methods: Sequence[slice]) -> None:
        self._predictor, self._weights, self._methods = predictor, weights, methods
        self._sums: dict[int, F64] = {}
        self._n_layers = 0

    def add_layer(self, l: int, truth: UnitDeviations, predictions: F64) -> None:
        """Add source layer l, some of whose units vary, with its predictions, `(n_weights, n_stimuli, n_l)`."""
        self._n_layers += 1
        slopes = _slopes(truth, predictions)
        for m in np.flatnonzero(self._weights[:, l].any(axis=0)).tolist():
            weighted = slopes * self._weights[:, l, m, None, None]
            of_methods = np.array([weighted[some].mean(axis=0) for some in self._methods])
            self._sums[m] = self._sums.get(m, 0.0) + self._predictor.pull_back(l, m, of_methods)

    def in_subjects(self, s: int, on_split: GroupOnSplit) -> F64:
        """Slopes in the weight of every other subject in the target of subject s, `(n_methods, n_subjects)`."""
        networks = on_split.group.networks
        n = len(networks)
        found = np.zeros((len(self._methods), n))
        others = np.delete(np.arange(n), s)
        for m, slopes in self._sums.items():
            if on_split.standardized is not None:
                z = on_split.standardized[m][:, on_split.test]
                inputs = self._predictor.as_input(m, z.reshape(-1, z.shape[2])).reshape(z.shape)
                found += np.tensordot(slopes, inputs, ((1, 2), (1, 2))) / (n - 1)
            else:
                of_units = np.einsum("kti,ti->ki", slopes, self._predictor.input(m))
                widths = [networks[k].widths[m] for k in others]
                found[:, others] += np.add.reduceat(of_units, np.cumsum([0, *widths[:-1]]), axis=1)
        found[:, s] = 0.0
        return np.asarray(found / max(self._n_layers, 1))


def _slopes(truth: UnitDeviations, predictions: F64) -> F64:
    """Slopes of the mean correlation of the units that vary in their predictions, in the shape of these."""
    p = unit_deviations(predictions)
    norms = np.linalg.norm(predictions - predictions.mean(axis=1, keepdims=True), axis=1, keepdims=True)
    r = np.einsum("ti,kti->ki", truth.values, p.values)[:, None, :]
    is_flat = p.is_constant[:, None, :] | truth.is_constant
    slopes = (truth.values - r * p.values) / np.where(is_flat, 1.0, norms)
    return np.asarray(np.where(is_flat, 0.0, slopes) / (~truth.is_constant).sum())
