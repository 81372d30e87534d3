"""Held-out activations of aligned networks and their predictions, from which scores, intervals and p-values come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment.predict import Predictor, aligned_network
from mot_fast.alignment.rotations import rotated_axes
from mot_fast.measures.score import Score, correlate_deviations, mean_over_defined
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
    """Deviations of the units' predictions, one array for each layer weights; zeros where a prediction is constant, NaN
    where a unit has no counterpart."""

    def predicted_by(self, *which: int) -> VaryingUnits:
        """Return the units that all of some predictions, by position, predict, with these predictions of them."""
        predictions = [self.predictions[k] for k in which]
        is_predicted = ~np.any([np.isnan(each).any(axis=0) for each in predictions], axis=0)
        if is_predicted.all():
            return VaryingUnits(self.truth, tuple(predictions))
        return VaryingUnits(self.truth[:, is_predicted], tuple(each[:, is_predicted] for each in predictions))


class HeldOut:
    """Held-out activations of the source network, and a predictor of them from the target network's.

    Activations are read once, and each distinct prediction of a source layer is made once, however many layer weights
    share it. A few predictions of one layer are held at a time.

    Parameters
    ----------
    source : Network
        Held-out activations of the source network.
    predictor : Predictor
        Predictor from the target network's activations on the same stimuli.
    axes : sequence of arrays, `(n_l, k_l)`, optional
        Orthonormal axes in which each source layer and its predictions are compared; by default the units.
    """

    def __init__(self, source: Network, predictor: Predictor, axes: Sequence[F64] | None = None) -> None:
        self._source, self._predictor, self._axes = source, predictor, axes

    @classmethod
    def of(
        cls,
        alignment: Alignment,
        source: Source,
        target: Source,
        n_threads: int | None = None,
        axes: str | Sequence[npt.ArrayLike] | None = None,
    ) -> HeldOut:
        """Load both networks, which must be those aligned, on the same stimuli.

        Parameters
        ----------
        alignment : Alignment
        source, target : Network or anything `mot_fast.load` takes
            Held-out activations.
        n_threads : int, optional
            Threads on which rotations that are not kept are found again; by default all that are allowed.
        axes : "rotated" or sequence of arrays, optional
            As for `Alignment.score`.

        Raises
        ------
        TypeError, ValueError
            As `Alignment.score`.
        """
        found = None if axes is None else rotated_axes(alignment, axes)
        truth = aligned_network(source, alignment.source, "source")
        network = aligned_network(target, alignment.target, "target")
        same_stimuli([truth, network])
        _validate.enough_stimuli(truth.n_stimuli, "source and target")
        return cls(truth, Predictor(alignment, network, n_threads), found)

    @property
    def n_stimuli(self) -> int:
        """Number of held-out stimuli."""
        return self._source.n_stimuli

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
        found = self._all_layers(weights, n_kept)
        return self._scores(found, weights), [layer.units for layer in found if layer.units is not None]

    def scores_by_stimulus(
        self, weights: Sequence[F64], n_kept: int = 0
    ) -> tuple[list[Score], list[VaryingUnits], F64]:
        """As `scores_and_units`, and the part that each stimulus has in every score, `(n_weights, n_stimuli)`.

        The parts are the pseudo-values of the infinitesimal jackknife (Jaeckel 1972): their mean is the score, and a
        stimulus has a larger part the more the score falls as its weight does. They are NaN where the score is.
        """
        found = self._all_layers(weights, n_kept, has_parts=True)
        units = [layer.units for layer in found if layer.units is not None]
        return self._scores(found, weights), units, mean_over_defined(np.array([layer.parts for layer in found]))

    def _scores(self, layers: Sequence[_PredictedLayer], weights: Sequence[F64]) -> list[Score]:
        """The score of each layer weights."""
        per_weights = zip(*(layer.correlations for layer in layers), strict=True)
        return [
            replace(Score.of_units(list(per_unit)), matched=self._predictor.matched(each))
            for per_unit, each in zip(per_weights, weights, strict=True)
        ]

    def _all_layers(self, weights: Sequence[F64], n_kept: int, *, has_parts: bool = False) -> list[_PredictedLayer]:
        with one_blas_thread:  # so that no bit depends on the number of BLAS's threads
            return [
                self._layer(l, [each[l] for each in weights], n_kept, has_parts=has_parts)
                for l in range(self._source.n_layers)
            ]

    def _layer(self, l: int, weights: Sequence[F64], n_kept: int, *, has_parts: bool) -> _PredictedLayer:
        """Layer l predicted by each of the weights `(M,)`."""
        distinct, which = _distinct(weights)
        truth = unit_deviations(self._in_axes(l, self._source.layer(l).astype(np.float64)))
        varies = ~truth.is_constant
        correlations: list[F64] = []
        parts: list[F64] = []
        kept: dict[int, F64] = {}
        for k, prediction in enumerate(self._predictor.predict(l, distinct)):
            deviations = unit_deviations(self._in_axes(l, prediction))
            correlations.append(correlate_deviations(truth, deviations))
            is_defined = ~np.isnan(correlations[-1])
            if has_parts:
                of_units = truth.values[:, is_defined], deviations.values[:, is_defined]
                part = np.full(len(truth.values), np.nan)
                if is_defined.any():
                    part = correlations[-1][is_defined].mean() + mean_influences(*of_units)
                parts.append(part)
            if k in which[:n_kept]:
                kept[k] = deviations.values[:, varies]
        return _PredictedLayer(
            [correlations[k] for k in which],
            VaryingUnits(truth.values[:, varies], tuple(kept[k] for k in which[:n_kept])) if n_kept else None,
            np.array([parts[k] for k in which]) if parts else None,
        )

    def _in_axes(self, l: int, values: F64) -> F64:
        """Activations of source layer l along the axes in which it is compared.

        An axis along which they do not vary, but for rounding errors, has zeros: it is no unit that counts.
        """
        if self._axes is None:
            return values
        axes = self._axes[l]
        error = max(len(axes) * np.finfo(np.float64).eps, float(np.abs(axes.T @ axes - np.eye(axes.shape[1])).max()))
        turned = values @ axes
        spread = np.linalg.norm(turned - turned.mean(axis=0), axis=0)
        return np.where(spread <= error * np.linalg.norm(values), 0.0, turned)


@dataclass(frozen=True, eq=False)
class _PredictedLayer:
    """One source layer predicted by several layer weights."""

    correlations: list[F64]
    """Correlations of its units with each prediction, `(n_l,)`."""
    units: VaryingUnits | None
    """Its varying units with the predictions that are kept; None where none are."""
    parts: F64 | None
    """Parts of the stimuli in its scores, `(n_weights, n_stimuli)`, NaN where a score is; None where not wanted."""


def mean_influences(truth: F64, prediction: F64) -> F64:
    """Influence of each stimulus on the mean correlation of units with their predictions, `(..., n_stimuli)`.

    The influence of stimulus t on the correlation r of a unit x with its prediction p, both of mean 0 and variance 1,
    is ``x_t p_t - r (x_t^2 + p_t^2) / 2`` (Devlin, Gnanadesikan & Kettenring, Biometrika 62, 1975).

    Parameters
    ----------
    truth : array, `(n_stimuli, n_units)`
        Deviations from each unit's mean, of unit norm.
    prediction : array, `(..., n_stimuli, n_units)`
        The same of one prediction or of a stack of them; zeros where a prediction is constant.
    """
    half_r = 0.5 * np.einsum("ti,...ti->...i", truth, prediction)
    sums = np.einsum("ti,...ti->...t", truth, prediction)
    for values in (truth, prediction):
        sums = sums - np.einsum("...ti,...ti,...i->...t", values, values, half_r)
    return np.asarray(sums * (len(truth) / truth.shape[1]))


def _distinct(arrays: Sequence[F64]) -> tuple[list[F64], list[int]]:
    """The arrays without repetitions, and where each of those given stands among them."""
    positions: dict[bytes, int] = {}
    which = [positions.setdefault(each.tobytes(), len(positions)) for each in arrays]
    return [arrays[which.index(k)] for k in range(len(positions))], which
