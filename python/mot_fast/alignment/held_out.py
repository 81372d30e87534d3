"""Held-out activations of aligned networks and their predictions, from which scores, intervals and p-values come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment.predict import Predictor, aligned_network
from mot_fast.measures.score import Score, correlate_deviations
from mot_fast.measures.standardize import unit_deviations
from mot_fast.networks.load import Source
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.system.blas import one_blas_thread

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment


@dataclass(frozen=True, eq=False)
class VaryingUnits:
    """Units of one source layer that vary over the held-out stimuli, and their predictions by several layer weights.

    All arrays are `(n_stimuli, n_units)`: deviations from each unit's mean, scaled to unit norm.
    """

    truth: F64
    """Deviations of the units' activations."""
    predictions: tuple[F64, ...]
    """Deviations of the units' predictions, one array for each layer weights; zeros where a prediction is constant."""

    def predicted_by(self, *which: int) -> VaryingUnits:
        """The same units with some of their predictions, by position."""
        return VaryingUnits(self.truth, tuple(self.predictions[k] for k in which))


class HeldOut:
    """Held-out activations of the source network, and a predictor of them from the target network's.

    Activations are read once, and each distinct prediction of a source layer is made once, however many layer weights
    share it. Predictions of one layer are held at a time.

    Parameters
    ----------
    source : Network
        Held-out activations of the source network.
    predictor : Predictor
        Predictor from the target network's activations on the same stimuli.
    """

    def __init__(self, source: Network, predictor: Predictor) -> None:
        self._source, self._predictor = source, predictor

    @classmethod
    def of(cls, alignment: Alignment, source: Source, target: Source, n_threads: int | None = None) -> HeldOut:
        """Load both networks, which must be those aligned, on the same stimuli.

        Parameters
        ----------
        alignment : Alignment
        source, target : Network or anything `mot_fast.load` takes
            Held-out activations.
        n_threads : int, optional
            Threads on which rotations that are not kept are found again; by default all that are allowed.

        Raises
        ------
        TypeError, ValueError
            As `Alignment.score`.
        """
        truth = aligned_network(source, alignment.source, "source")
        network = aligned_network(target, alignment.target, "target")
        same_stimuli([truth, network])
        _validate.enough_stimuli(truth.n_stimuli, "source and target")
        return cls(truth, Predictor(alignment, network, n_threads))

    def scores(self, weights: Sequence[F64]) -> list[Score]:
        """The score of each layer weights `(L, M)`."""
        return self.scores_and_units(weights, n_kept=0)[0]

    def scores_and_units(self, weights: Sequence[F64], n_kept: int) -> tuple[list[Score], list[VaryingUnits]]:
        """The score of each layer weights `(L, M)`, and the varying units of every source layer with some predictions.

        Parameters
        ----------
        weights : sequence of arrays, `(L, M)`
        n_kept : int
            Number of the first layer weights whose predictions are kept, of all source layers.
        """
        correlations, units = [], []
        with one_blas_thread:  # so that no bit depends on the number of BLAS's threads
            for l in range(self._source.n_layers):
                layer_correlations, kept = self._layer(l, [each[l] for each in weights], n_kept)
                correlations.append(layer_correlations)
                if kept is not None:
                    units.append(kept)
        return [Score.of_units(list(per_unit)) for per_unit in zip(*correlations, strict=True)], units

    def _layer(self, l: int, weights: Sequence[F64], n_kept: int) -> tuple[list[F64], VaryingUnits | None]:
        """Correlations of the units of layer l with each prediction, and the units with the predictions to be kept."""
        activations = self._source.layer(l)
        distinct, which = _distinct(weights)
        predictions = self._predictor.predict(l, distinct)
        truth = unit_deviations(activations.astype(np.float64))
        varies = ~truth.is_constant
        correlations: list[F64] = []
        kept: dict[int, F64] = {}
        for k, prediction in enumerate(predictions):
            deviations = unit_deviations(prediction)
            correlations.append(correlate_deviations(truth, deviations))
            if k in which[:n_kept]:
                kept[k] = deviations.values[:, varies]
        units = VaryingUnits(truth.values[:, varies], tuple(kept[k] for k in which[:n_kept])) if n_kept else None
        return [correlations[k] for k in which], units


def _distinct(arrays: Sequence[F64]) -> tuple[list[F64], list[int]]:
    """The arrays without repetitions, and where each of those given stands among them."""
    positions: dict[bytes, int] = {}
    which = [positions.setdefault(each.tobytes(), len(positions)) for each in arrays]
    return [arrays[which.index(k)] for k in range(len(positions))], which
