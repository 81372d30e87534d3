"""A source layer's activations predicted from the target network's, through plans and rotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mot_fast._validate import F64
from mot_fast.alignment.record import Record
from mot_fast.layer_pairs.reconstruction import add_prediction, rows_to_one
from mot_fast.measures.standardize import root_mean_square, z_scores
from mot_fast.networks.network import Network

if TYPE_CHECKING:
    import scipy.sparse

Rotations = Callable[[Sequence[tuple[int, int]]], Mapping[tuple[int, int], F64]]


class Predictor:
    """Predictions from one network's activations; see `Alignment.reconstruct`.

    Parameters
    ----------
    alignment : Record
    target : Network
        With the layers aligned.
    rotations : function
        The rotations of pairs of layers; asked only where the alignment has some.
    """

    def __init__(self, alignment: Record, target: Network, rotations: Rotations) -> None:
        self._alignment, self._target, self._rotations = alignment, target, rotations
        self._is_standardized = alignment.convention == "standardized"
        self._inputs: dict[int, F64] = {}

    def predict(self, l: int, weights: Sequence[F64]) -> list[F64]:
        """Of source layer l, `(n_stimuli, n_l)`, by each of several layer weights `(L, M)`."""
        source = self._alignment.source
        totals = [np.zeros((self._target.n_stimuli, source.widths[l])) for _ in weights]
        used = [(l, int(m)) for m in np.flatnonzero(np.any([each[l] != 0 for each in weights], axis=0))]
        rotations = {} if self._alignment.alternation is None else self._rotations(used)
        for pair in used:
            part = np.zeros_like(totals[0])
            add_prediction(part, self._input(pair[1]), self._plan(*pair), 1.0)
            if pair in rotations:
                part = part @ rotations[pair].T
            for k, each in enumerate(weights):
                if each[pair]:
                    totals[k] += each[pair] / source.layer_masses[l] * part
        return totals

    def _plan(self, l: int, m: int) -> scipy.sparse.csr_array:
        plan = self._alignment.unit_plans[l][m].plan
        return rows_to_one(plan, self._alignment.source.masses_of_units(l)) if self._is_standardized else plan

    def _input(self, m: int) -> F64:
        """The target layer as predictions take it."""
        if m not in self._inputs:
            activations = self._target.layer(m).astype(np.float64)
            if self._is_standardized:
                deviation = self._alignment.target.deviations[m]
                if self._alignment.alternation is not None:
                    deviation = np.where(deviation == 0.0, 0.0, root_mean_square(deviation))
                activations = z_scores(activations, self._alignment.target.means[m], deviation, "target")
            self._inputs[m] = np.ascontiguousarray(activations)
        return self._inputs[m]
