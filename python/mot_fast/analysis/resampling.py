"""Resamples of the held-out stimuli: correlations of units with their predictions in many of them, from sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mot_fast._validate import F64, Array, Index
from mot_fast.alignment.held_out import HeldOut, VaryingUnits
from mot_fast.alignment.predict import layer_weights
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.pieces import IN_THIS_PROCESS, Piece, check_shapes, results_of
from mot_fast.analysis.stimulus_sets import StimulusSets
from mot_fast.layer_pairs.consistency import TOLERANCE
from mot_fast.layer_pairs.resources import Resources
from mot_fast.measures.score import Score, correlate_units, mean_over_defined
from mot_fast.networks.load import Source

VALUES_AT_ONCE = 2**20
"""Number of entries of a product of resamples with one layer: 8 MB, a few of which are held."""
LEAST_SPREAD = 1e-6
"""Least ratio of squared deviations to squares, both summed; below it, rounding errors spoil the correlation."""


class Resamples(Protocol):
    """Several resamples of the stimuli, one a row."""

    @property
    def n_drawn(self) -> F64:
        """Number of stimuli in each resample, `(n_rows, 1)`."""

    def sums(self, values: F64) -> F64:
        """Sums of `values`, `(n_stimuli, n_units)`, over the stimuli of each resample, `(n_rows, n_units)`."""

    def scale(self, squares: F64) -> F64 | float:
        """Size of the largest numbers that were added to get the sums of squares: rounding is relative to it."""

    def stimuli(self, row: int) -> Index:
        """Positions of the stimuli of one resample, with repetitions."""


class Drawn:
    """Resamples in which each stimulus is drawn as often as `counts`, `(n_rows, n_stimuli)`, says."""

    def __init__(self, counts: F64) -> None:
        self._counts = counts
        self.n_drawn = counts.sum(axis=1, keepdims=True)

    def sums(self, values: F64) -> F64:
        """See `Resamples`."""
        return np.asarray(self._counts @ values)

    def scale(self, squares: F64) -> F64 | float:
        """The sums themselves, as they are sums over the stimuli drawn."""
        return squares

    def stimuli(self, row: int) -> Index:
        """See `Resamples`."""
        return np.repeat(np.arange(self._counts.shape[1]), self._counts[row].astype(np.int64))


class LeftOut:
    """Resamples of all stimuli but those of one set: the sets from `first` on are left out in turn."""

    def __init__(self, sets: StimulusSets, first: int, n_rows: int) -> None:
        self._sets, self._first, self._stop = sets, first, first + n_rows
        self.n_drawn = (len(sets.numbers) - sets.sizes()[first : first + n_rows, None]).astype(np.float64)

    def sums(self, values: F64) -> F64:
        """See `Resamples`."""
        return np.asarray(values.sum(axis=0) - self._sets.sums(values, self._first, self._stop))

    def scale(self, squares: F64) -> F64 | float:  # noqa: ARG002
        """One, as the sums are differences from sums over all stimuli, whose squares sum to 1."""
        return 1.0

    def stimuli(self, row: int) -> Index:
        """See `Resamples`."""
        return np.flatnonzero(self._sets.numbers != self._first + row)


def correlations(x: F64, predictions: Sequence[F64], resamples: Resamples) -> Iterator[F64]:
    """Correlations of every unit with its prediction in every resample, `(n_rows, n_units)`, for each prediction.

    Where a unit or its prediction hardly varies in a resample, the correlation is computed from the stimuli drawn.

    Parameters
    ----------
    x, predictions : arrays, `(n_stimuli, n_units)`
        Deviations from each column's mean, of unit norm; zeros where a prediction is constant.
    resamples : Resamples
    """
    n = resamples.n_drawn
    sum_x, square_x = resamples.sums(x), resamples.sums(x * x)
    spread_x = square_x - sum_x * sum_x / n
    x_is_inexact = spread_x <= LEAST_SPREAD * resamples.scale(square_x)
    for p in predictions:
        sum_p, square_p = resamples.sums(p), resamples.sums(p * p)
        spread_p = square_p - sum_p * sum_p / n
        is_inexact = x_is_inexact | ((spread_p <= LEAST_SPREAD * resamples.scale(square_p)) & p.any(axis=0))
        scale = np.sqrt(np.where(is_inexact | (spread_p <= 0), 1.0, spread_x * spread_p))
        r = np.clip((resamples.sums(x * p) - sum_x * sum_p / n) / scale, -1.0, 1.0)
        for row in np.flatnonzero(is_inexact.any(axis=1)):
            units = np.flatnonzero(is_inexact[row])
            drawn = np.ix_(resamples.stimuli(int(row)), units)
            r[row, units] = correlate_units(x[drawn], p[drawn])
        yield r


def predicted_units(
    alignment: Alignment, source: Source, target: Source, couplings: Sequence[str | npt.ArrayLike]
) -> tuple[list[Score], list[VaryingUnits]]:
    """Scores of several couplings, and the units of every source layer with their predictions by each of them."""
    held_out = HeldOut.of(alignment, source, target)
    weights = [layer_weights(alignment, coupling) for coupling in couplings]
    return held_out.scores_and_units(weights, n_kept=len(weights))


def n_at_once(layers: Sequence[VaryingUnits]) -> int:
    """Number of resamples, or of exchanges, that are worked on at once."""
    return max(1, VALUES_AT_ONCE // max(int(max(layer.truth.shape)) for layer in layers))


class Scheme(Protocol):
    """Many resamples of the stimuli."""

    @property
    def n(self) -> int:
        """Number of resamples."""

    def batches(self, n_at_once: int) -> Iterator[Resamples]:
        """The resamples, so many at once; the same ones whenever they are gone through."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Resamples of as many sets of stimuli as there are, drawn with replacement."""

    sets: StimulusSets
    n: int
    seed: int

    def batches(self, n_at_once: int) -> Iterator[Drawn]:
        """See `Scheme`."""
        rng, n_sets = np.random.default_rng(self.seed), self.sets.n
        for first in range(0, self.n, n_at_once):
            size = min(n_at_once, self.n - first)
            counts = rng.multinomial(n_sets, np.full(n_sets, 1.0 / n_sets), size=size)
            yield Drawn(self.sets.spread(counts.astype(np.float64)))


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """All stimuli but those of one set, for every set in turn."""

    sets: StimulusSets

    @property
    def n(self) -> int:
        """Number of sets."""
        return self.sets.n

    def batches(self, n_at_once: int) -> Iterator[LeftOut]:
        """See `Scheme`."""
        for first in range(0, self.n, n_at_once):
            yield LeftOut(self.sets, first, min(n_at_once, self.n - first))


@dataclass(frozen=True, eq=False)
class ResampledLayer(Piece):
    """Scores of one source layer, by each of its predictions, in many resamples of the stimuli."""

    layer: VaryingUnits
    scheme: Scheme
    n_at_once: int

    def run(self) -> dict[str, Array]:
        """Means over the layer's units, `(n_predictions, n_resamples)`."""
        layer = self.layer
        scores = [
            [mean_over_defined(r, axis=-1) for r in correlations(layer.truth, layer.predictions, resamples)]
            for resamples in self.scheme.batches(self.n_at_once)
        ]
        return {"scores": np.concatenate([np.array(each) for each in scores], axis=1)}

    def check(self, arrays: Mapping[str, Array]) -> None:
        """See `Piece`."""
        check_shapes(arrays, {"scores": (len(self.layer.predictions), self.scheme.n)})
        if (np.abs(arrays["scores"]) > 1.0 + TOLERANCE).any():
            raise ValueError("its scores are no correlations")


def scores_of_resamples(layers: Sequence[VaryingUnits], scheme: Scheme, resources: Resources = IN_THIS_PROCESS) -> F64:
    """Scores of every prediction in many resamples, `(n_predictions, n_resamples)`: means over the source layers."""
    pieces = {l: ResampledLayer(layer, scheme, n_at_once(layers)) for l, layer in enumerate(layers)}
    found = {l: arrays["scores"] for l, arrays in results_of(pieces, resources)}
    return mean_over_defined(np.array([found[l] for l in pieces]))


def scores_without_each(
    layers: Sequence[VaryingUnits], sets: StimulusSets, resources: Resources = IN_THIS_PROCESS
) -> F64:
    """Scores of every prediction without each set of stimuli in turn, `(n_predictions, n_sets)`."""
    return scores_of_resamples(layers, LeaveOneOut(sets), resources)


def jackknife_error(without_one: F64) -> tuple[float, int]:
    """The jackknife's standard error of a number, from its values without each set of stimuli, and how many there are.

    Values that are NaN are left out; of fewer than two, the error is NaN. Tukey, Ann. Math. Stat. 29, 1958.
    """
    values = defined(without_one)
    n = len(values)
    return (float((n - 1) / np.sqrt(n) * values.std(ddof=1)) if n > 1 else float("nan")), n


def defined(values: F64) -> F64:
    """The values that are not NaN."""
    return values[~np.isnan(values)]
