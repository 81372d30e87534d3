"""The result of `align`, and what can be asked of it."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mot_fast import _validate, loading, store
from mot_fast._validate import F64
from mot_fast.coupling import coupling
from mot_fast.loading import Source
from mot_fast.network import Network
from mot_fast.reconstruct import add_prediction
from mot_fast.record import Record, Side
from mot_fast.score import Score, correlate_units
from mot_fast.transport import UnitPlan

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Alignment(Record):
    """Two networks aligned: exact transports between the units of every pair of layers, and between the layers.

    Made by `mot_fast.align`.
    """

    def unit_plan(self, source_layer: int | str, target_layer: int | str) -> UnitPlan:
        """The plan between the units of two layers, given by position or label.

        Raises
        ------
        IndexError, KeyError
            If there is no such layer.
        """
        l = _validate.position(source_layer, self.source.labels, "source_layer")
        m = _validate.position(target_layer, self.target.labels, "target_layer")
        return self.unit_plans[l][m]

    def coupling(self, name: str = "mot", *, seed: int = 0) -> F64:
        """Layer weights `(L, M)` of the alignment or of a baseline, each row summing to 1 / L.

        Parameters
        ----------
        name : {"mot", "single_best", "pairwise_best", "permuted"}
            The layer plan; all of a layer's weight where the plan has most of it; all on the layer of least cost; the
            rows of the plan in a random order.
        seed : int
            Of the random order.

        Raises
        ------
        ValueError
            If there is no such coupling.
        """
        return coupling(name, self.layer_plan, self.layer_costs, seed)

    def reconstruct(self, target: Source, coupling: str | npt.ArrayLike = "mot", *, seed: int = 0) -> list[F64]:
        """The source network's activations predicted from the target network's.

        ``Xhat_l = L sum_m P_lm Y_m Q_lm^T`` (Shah & Khosla, arXiv 2510.01706). In the standardized convention Y_m are
        z-scores by the training means and deviations and each row of Q_lm is scaled to sum to 1, so predictions are in
        the source units' z-scores; in the paper's convention Y_m and Q_lm are raw.

        Parameters
        ----------
        target : Network or anything `mot_fast.load` takes
            Activations of the target network, with the layers aligned.
        coupling : str or array `(L, M)`
            A name that `Alignment.coupling` knows, or layer weights.
        seed : int
            For the permuted coupling.

        Returns
        -------
        list of arrays `(n_stimuli, n_l)`
            One for each source layer.

        Raises
        ------
        TypeError, ValueError
            If the network's layers are not those aligned, or activations are not finite.
        """
        network = _matching(target, self.target, "target")
        weights = self._weights(coupling, seed)
        predictions = [np.zeros((network.n_stimuli, width)) for width in self.source.widths]
        for m in range(network.n_layers):
            if not weights[:, m].any():
                continue
            activations = network.layer(m).astype(np.float64)
            if self.convention == "standardized":
                activations = _z_scores(activations, self.target.means[m], self.target.deviations[m])
            activations = np.ascontiguousarray(activations)
            for l in np.flatnonzero(weights[:, m]):
                rows_to_one = self.source.widths[l] if self.convention == "standardized" else 1
                scale = len(weights) * weights[l, m] * rows_to_one
                add_prediction(predictions[l], activations, self.unit_plans[l][m].plan, scale)
        return predictions

    def score(self, source: Source, target: Source, coupling: str | npt.ArrayLike = "mot", *, seed: int = 0) -> Score:
        """How well held-out source activations are reconstructed from the target's: mean correlation, higher is better.

        Parameters
        ----------
        source, target : Network or anything `mot_fast.load` takes
            Activations of the networks aligned, on the same stimuli; for an honest score, not those aligned on.
        coupling : str or array `(L, M)`
            A name that `Alignment.coupling` knows, or layer weights.
        seed : int
            For the permuted coupling.

        Returns
        -------
        Score

        Raises
        ------
        TypeError, ValueError
            If the networks' layers are not those aligned, their stimuli differ in number or are fewer than 3, or
            activations are not finite.
        """
        truth = _matching(source, self.source, "source")
        network = _matching(target, self.target, "target")
        _validate.same_stimuli(truth.name, truth.n_stimuli, network.name, network.n_stimuli)
        _validate.enough_stimuli(truth.n_stimuli, "source and target")
        predictions = self.reconstruct(network, coupling, seed=seed)
        return Score.of_units([correlate_units(truth.layer(l), predictions[l]) for l in range(truth.n_layers)])

    def _weights(self, coupling: str | npt.ArrayLike, seed: int) -> F64:
        if isinstance(coupling, str):
            return self.coupling(coupling, seed=seed)
        return _validate.layer_weights(coupling, self.layer_plan.shape, "coupling")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the layer plan as a heat map and return the axes. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib axes, optional
            Where to draw; a new figure by default.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.plot import plot_layer_plan

        return plot_layer_plan(self, ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the alignment to a `.mot` file, whole or not at all.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        store.save(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Alignment:
        """Read an alignment from a `.mot` file; reading cannot execute code.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a complete `.mot` file, or of a newer format.
        """
        record = store.load(path)
        return Alignment(**{field.name: getattr(record, field.name) for field in fields(record)})

    def __repr__(self) -> str:
        return (
            f"Alignment('{self.source.name}', {len(self.source.labels)} layers, to '{self.target.name}', "
            f"{len(self.target.labels)} layers, {self.convention}, cost {self.cost:.4f})"
        )


def _matching(source: Source, side: Side, argument: str) -> Network:
    """The network, which must have the layers that were aligned."""
    network = loading.load(source)
    if (network.labels, network.widths) != (side.labels, side.widths):
        raise ValueError(
            f"{argument}: expected the layers of '{side.name}' that were aligned, {_shown(side)}, "
            f"found '{network.name}' with {_shown(network)}"
        )
    return network


def _shown(layers: Network | Side) -> str:
    return ", ".join(f"'{label}' of {width}" for label, width in zip(layers.labels, layers.widths, strict=True))


def _z_scores(activations: F64, mean: F64, deviation: F64) -> F64:
    """A unit that was constant in training predicts nothing: its z-score is 0."""
    is_constant = deviation == 0.0
    with np.errstate(over="ignore"):
        scores = np.asarray((activations - mean) / np.where(is_constant, 1.0, deviation))
    scores[:, is_constant] = 0.0
    if not np.isfinite(scores).all():
        unit = int(np.argmin(np.isfinite(scores).all(axis=0)))
        raise ValueError(
            f"target: expected activations of the scale aligned on, found z-scores beyond float64 at unit {unit}, "
            f"whose deviation was {deviation[unit]}"
        )
    return scores
