"""Predictions of a source layer's activations from the target network's, through plans and rotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64, Array
from mot_fast.alignment.matched import matched_share
from mot_fast.alignment.rotations import rotations_of
from mot_fast.layer_pairs.reconstruction import add_prediction, rows_to_one
from mot_fast.measures.standardize import root_mean_square, z_scores
from mot_fast.networks.load import Source, named
from mot_fast.networks.network import Network
from mot_fast.networks.summary import NetworkSummary, same_layers
from mot_fast.system.blas import one_blas_thread
from mot_fast.transport.transport import I32

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment


def aligned_network(source: Source, summary: NetworkSummary, argument: str) -> Network:
    """The network that `source` holds, loaded once; it must have the layers that were aligned.

    Raises
    ------
    TypeError, ValueError
        If it cannot be loaded, or has other layers.
    """
    network = named(source, argument)
    same_layers(summary, network, argument, f"'{summary.name}' that were aligned")
    return network


def layer_weights(alignment: Alignment, coupling: str | npt.ArrayLike, seed: int = 0) -> F64:
    """Layer weights `(L, M)` of a coupling given by name, or the weights given themselves.

    Raises
    ------
    TypeError, ValueError
        If there is no such coupling, or the weights are no finite non-negative matrix of this shape.
    """
    if isinstance(coupling, str):
        return alignment.coupling(coupling, seed=seed)
    return _validate.layer_weights(coupling, alignment.layer_plan.shape, "coupling")


def reconstruct(alignment: Alignment, target: Source, coupling: str | npt.ArrayLike, seed: int) -> list[F64]:
    """Predictions of every source layer from the target network's activations; see `Alignment.reconstruct`."""
    network = aligned_network(target, alignment.target, "target")
    weights = layer_weights(alignment, coupling, seed)
    predictor = Predictor(alignment, network)
    with one_blas_thread:  # so that no bit depends on the number of BLAS's threads
        return [next(predictor.predict(l, [row])) for l, row in enumerate(weights)]


_PREDICTIONS_AT_ONCE = 8
"""Predictions of one layer that are made together, from target layers of which most predict for one of them only."""


class Predictor:
    """Predictions from one network's activations; see `Alignment.reconstruct`.

    Parameters
    ----------
    alignment : Alignment
    target : Network
        Activations of the target network, with the layers aligned.
    n_threads : int, optional
        Threads on which rotations that are not kept are found again; by default all that are allowed.
    """

    def __init__(self, alignment: Alignment, target: Network, n_threads: int | None = None) -> None:
        self._alignment, self._target, self._n_threads = alignment, target, n_threads
        self._is_standardized = alignment.convention == "standardized"
        self._is_rotated = alignment.alternation is not None
        self._inputs: dict[int, F64] = {}
        self._rotations: Mapping[tuple[int, int], F64] = {}
        self._layer = -1
        self._plans: dict[int, tuple[I32, I32, F64]] = {}  # of the layer that was predicted last

    def predict(self, l: int, weights: Sequence[F64]) -> Iterator[F64]:
        """Yield predictions of source layer l, `(n_stimuli, n_l)`, by each array of weights of target layers, `(M,)`.

        A few are held at once. With rotations all are, since rotations that are not kept are found again in each turn.
        """
        step = len(weights) if self._is_rotated else _PREDICTIONS_AT_ONCE
        for first in range(0, len(weights), step):
            yield from self._predict(l, weights[first : first + step])

    def _predict(self, l: int, weights: Sequence[F64]) -> list[F64]:
        """Predictions by some weights; each pair of layers is gone through once."""
        summary = self._alignment.source
        shares = [np.zeros(summary.widths[l]) for _ in weights]
        predictions = [np.zeros((self._target.n_stimuli, summary.widths[l])) for _ in weights]
        used = [(l, int(m)) for m in np.flatnonzero(np.any([each != 0 for each in weights], axis=0))]
        rotations = rotations_of(self._alignment, used, self._n_threads) if self._is_rotated else {}
        self._rotations = rotations
        for pair in used:
            prediction = np.zeros_like(predictions[0])
            add_prediction(prediction, self.input(pair[1]), *self._plan(*pair), 1.0)
            if pair in rotations:
                prediction = prediction @ rotations[pair].T
            matched = self._matched(*pair)
            for k, each in enumerate(weights):
                if weight := each[pair[1]]:
                    predictions[k] += weight / summary.layer_masses[l] * prediction
                    shares[k] += weight * matched
        for prediction, share in zip(predictions, shares, strict=True):
            prediction[:, share == 0.0] = np.nan  # what has no counterpart is not predicted
        return predictions

    def _matched(self, l: int, m: int) -> F64:
        """Mass of every unit of source layer l that is carried to target layer m; with rotations, of all together."""
        plan = self._alignment.unit_plans[l][m]
        if self._alignment.goals.units.is_all or self._is_rotated:
            return np.full(plan.shape[0], plan.mass.sum())
        return np.asarray(np.bincount(plan.rows, plan.mass, minlength=plan.shape[0]), dtype=np.float64)

    def _plan(self, l: int, m: int) -> tuple[I32, I32, F64]:
        """Where the entries of each row of a plan begin, their columns, and the masses as predictions take them."""
        if l != self._layer:
            self._layer, self._plans = l, {}
        if m not in self._plans:
            plan = self._alignment.unit_plans[l][m]
            row_sums = self._alignment.source.masses_of_units(l)
            masses = rows_to_one(plan, row_sums) if self._is_standardized else plan.mass
            self._plans[m] = plan.row_starts, plan.columns, masses
        return self._plans[m]

    def matched(self, weights: F64) -> float:
        """Share of the source's mass that layer weights `(L, M)` and the units' plans carry."""
        return matched_share(self._alignment, weights)

    def input(self, m: int) -> F64:
        """Target layer m as predictions take it."""
        if m not in self._inputs:
            self._inputs[m] = self.as_input(m, self._target.layer(m))
        return self._inputs[m]

    def as_input(self, m: int, activations: Array) -> F64:
        """Activations of target layer m as predictions take them: standardized, or as they are."""
        values = activations.astype(np.float64)
        if self._is_standardized:
            deviation = self._alignment.target.deviations[m]
            if self._is_rotated:
                deviation = np.where(deviation == 0.0, 0.0, root_mean_square(deviation))
            values = z_scores(values, self._alignment.target.means[m], deviation, "target")
        return np.ascontiguousarray(values)

    def pull_back(self, l: int, m: int, values: F64) -> F64:
        """Values of source layer l, `(..., n_l)`, carried back to target layer m, `(..., n_m)`.

        It is the adjoint of the prediction of layer l from layer m, by which slopes go from predictions to what they
        are made of. Layer l must be the one that was predicted last, from layer m among others.
        """
        from scipy.sparse import csr_array

        if self._is_rotated:
            values = values @ self._rotations[l, m]
        row_starts, columns, masses = self._plan(l, m)
        widths = values.shape[-1], self._alignment.target.widths[m]
        plan = csr_array((masses, columns, row_starts), shape=widths)
        return np.asarray(values.reshape(-1, widths[0]) @ plan).reshape(*values.shape[:-1], widths[1])
