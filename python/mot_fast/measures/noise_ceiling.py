"""The highest correlation that any prediction can reach with noisy measurements, and scores relative to it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.measures.score import Score, correlate_units
from mot_fast.networks.load import Source, named
from mot_fast.networks.network import Layer, Network
from mot_fast.networks.summary import NetworkSummary, same_layers
from mot_fast.system.brief_repr import brief_repr


@dataclass(frozen=True, eq=False)
class NoiseCeiling:
    """The correlation with the mean of all repeats that noise leaves to a perfect prediction.

    With repeats of the target as well, both the mean of all repeats and the prediction are noisy.
    """

    value: float
    """Noise ceiling of the network: the mean over layers."""
    per_layer: F64
    """Noise ceilings of the layers, `(L,)`: means over a layer's units; NaN where every unit is undefined."""
    per_unit: tuple[F64, ...]
    """Square roots of the reliability, with its sign, one array `(n_l,)` a layer; NaN where the mean of all repeats is
    constant. Each is an estimate, below 0 for about half of the units that are noise alone: with 0 in the place of
    these, means over units would say that noise can be predicted."""
    reliability: tuple[F64, ...]
    """Estimated shares of the variance of the mean of all repeats that are not noise, in [-1, 1], one array `(n_l,)` a
    layer; the true share is never negative, its estimate is where halves of the repeats correlate negatively."""

    __repr__ = brief_repr


@dataclass(frozen=True)
class CorrectedScore:
    """A held-out score relative to what noise allows; made by `mot_fast.noise_corrected`."""

    value: float
    """Mean score of the layers over their mean ceiling; NaN where that is not above 0."""
    per_layer: F64
    """Mean score of the units of each layer over their mean ceiling, `(L,)`; NaN where that is not above 0."""

    __repr__ = brief_repr


class Reconstructs(Protocol):
    """An alignment, which predicts a source network from a target network."""

    @property
    def source(self) -> NetworkSummary:
        """The source network."""

    def reconstruct(self, target: Source, coupling: str | npt.ArrayLike = "mot", *, seed: int = 0) -> list[F64]:
        """The source's activations predicted from the target's."""


def noise_ceiling(
    repeats: Sequence[Source] | None = None,
    *,
    target_repeats: Sequence[Source] | None = None,
    alignment: Reconstructs | None = None,
    coupling: str | npt.ArrayLike = "mot",
    n_splits: int = 100,
    seed: int = 0,
) -> NoiseCeiling:
    """Split-half noise ceiling of repeated measurements, unit by unit: of the source, or of source and target.

    Repeats are split at random into halves, whose means are correlated over stimuli: r, averaged over the splits.
    Spearman and Brown's correction gives the reliability of the mean of all R repeats, ``2 r / (1 + r)`` for equal
    halves. An odd number is split into ``a = (R - 1) / 2`` and ``b = (R + 1) / 2`` and corrected for unequal lengths
    (Horst, Psychometrika 16, 1951), ``2 R r / (R r + sqrt((R r)^2 + 4 a b (1 - r^2)))``. The expected correlation of a
    prediction with the mean of all repeats is at most the square root of the reliability, unless the prediction knows
    the noise. Noise is assumed to be independent between repeats and equally large in all.

    A negative r has the reliability of -r, with a minus, and so has the square root: r of units that are noise alone is
    as often negative as positive, and their mean ceiling is 0. The root of an estimate is too small on average where
    reliability is low and stimuli are few. Mean ceilings of simulated units, for two repeats:

    ========================  =====  =====  =====  =====  =====
    reliability               0      0.1    0.3    0.6    0.9
    ========================  =====  =====  =====  =====  =====
    ceiling: its square root  0.000  0.316  0.548  0.775  0.949
    found over 50 stimuli     0.00   0.14   0.46   0.76   0.95
    found over 500 stimuli    0.00   0.26   0.54   0.77   0.95
    ========================  =====  =====  =====  =====  =====

    **Noise of the target.** A prediction is a weighted sum of the target's units, with weights that are fixed once the
    alignment is. So its reliability is found like that of a unit, from what the alignment predicts from each repeat of
    the target, and noise that is independent between source and target lowers the expected correlation by both:
    ``r = r_0 sqrt(reliability of the unit) sqrt(reliability of its prediction)``, r_0 being the correlation of the
    noise-free unit with what *the same plans* predict from noise-free target units. The ceiling of a unit is the
    product of both roots, and a score over its ceiling, `mot_fast.noise_corrected`, estimates r_0. Where a unit is
    predicted from one other, this is the geometric mean of both reliabilities, which bounds their correlation; where
    it is predicted from many, their noise averages out, and the prediction is more reliable than any of them. It is no
    bound for plans found with less noise, which may match units better. Noise that source and target share, as in one
    recording session, is taken for signal.

    Parameters
    ----------
    repeats : sequence of Networks or of anything `mot_fast.load` takes, optional
        At least two measurements of the same layers for the same stimuli in the same order; of the source, where there
        are `target_repeats`. None if it has no noise, as a network has none.
    target_repeats : sequence of Networks or of anything `mot_fast.load` takes, optional
        At least two measurements of the target that was aligned, on the stimuli of `repeats`: the held-out ones.
    alignment : Alignment, optional
        The alignment whose predictions are scored, where there are `target_repeats`. It is of the means of all repeats,
        on other stimuli.
    coupling : str or array `(L, M)`
        The coupling whose score it is; see `Alignment.score`.
    n_splits : int
        Random splits; all distinct ones once where there are no more.
    seed : int
        Seed of `numpy.random.default_rng`.

    Returns
    -------
    NoiseCeiling

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two repeats, they have different layers or numbers of stimuli or fewer than 3 stimuli,
        an activation is not finite, there is one of `target_repeats` and `alignment` without the other, or an argument
        is none of the values above.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal((5000, 1))
    >>> repeats = [[signal + rng.standard_normal((5000, 1))] for _ in range(4)]  # the mean of 4: 1/4 of noise on 1
    >>> ceiling = noise_ceiling(repeats)
    >>> bool(abs(ceiling.value - np.sqrt(1 / 1.25)) < 0.02)
    True
    >>> ceiling
    NoiseCeiling(value=0.8925, per_layer=<(1,) of 0.8925>,
                 per_unit=<1 array, 1 number of 0.8925>,
                 reliability=<1 array, 1 number of 0.7966>)
    """
    how = (
        _validate.whole_number(n_splits, "n_splits", at_least=1, at_most=_validate.MOST_REPEATS),
        _validate.whole_number(seed, "seed", at_least=0),
    )
    if target_repeats is None:
        if alignment is not None:
            raise ValueError("target_repeats: expected measurements of the alignment's target, found none")
        return _ceiling_of(_reliabilities(_alike(() if repeats is None else repeats, "repeats"), *how))
    if alignment is None:
        raise ValueError("alignment: expected the one whose predictions from target_repeats are scored, found none")
    targets = _alike(target_repeats, "target_repeats")
    predicted = [Network(_layers(alignment.reconstruct(each, coupling)), each.name) for each in targets]
    of_predictions = _ceiling_of(_reliabilities(predicted, *how))
    if repeats is None:
        return of_predictions
    networks = _alike(repeats, "repeats")
    same_layers(alignment.source, networks[0], "repeats", f"'{alignment.source.name}' that were aligned")
    if networks[0].n_stimuli != targets[0].n_stimuli:
        raise ValueError(
            f"target_repeats: expected the {networks[0].n_stimuli} stimuli of repeats, found {targets[0].n_stimuli}"
        )
    return of_both(_ceiling_of(_reliabilities(networks, *how)), of_predictions)


def of_both(source: NoiseCeiling, predictions: NoiseCeiling) -> NoiseCeiling:
    """Ceiling of predictions that are noisy, of units that are: the products of ceilings and of reliabilities.

    Negative estimates count as such, so that those of noise alone are 0 on average, and a product of two is positive
    only by chance.
    """
    return _ceiling_of([a * b for a, b in zip(source.reliability, predictions.reliability, strict=True)])


def _ceiling_of(reliability: Sequence[F64]) -> NoiseCeiling:
    """The ceiling of units of these reliabilities, by layers."""
    per_unit = [np.copysign(np.sqrt(np.abs(units)), units) for units in reliability]
    means = Score.of_units(per_unit)
    return NoiseCeiling(means.value, means.per_layer, tuple(per_unit), tuple(reliability))


def _layers(predictions: Sequence[F64]) -> list[Layer]:
    """Layers of predicted activations; units that an alignment leaves behind, which it does not predict, are zero."""
    of_units = [np.where(np.isnan(values), 0.0, values) for values in predictions]
    return [Layer(f"layer{l}", values.shape, partial(np.asarray, values)) for l, values in enumerate(of_units)]


def _reliabilities(networks: Sequence[Network], n_splits: int, seed: int) -> list[F64]:
    """Reliability of the mean of repeats, unit by unit, one array a layer."""
    halves = _halves(len(networks), n_splits, np.random.default_rng(seed))
    reliability = []
    for l in range(networks[0].n_layers):
        # They are divided before they are summed, as their sum may be beyond float64.
        values = np.stack([network.layer(l).astype(np.float64) / len(networks) for network in networks])
        reliability.append(_reliability(values, halves))
    return reliability


def noise_corrected(score: Score, ceiling: NoiseCeiling) -> CorrectedScore:
    """Held-out score relative to what noise allows: 1 where a prediction is as good as any can be.

    With a ceiling of source and target it estimates how well noise-free units of the source would be predicted from
    those of the target, by the plans that were found with noise.

    Ratios of means, layer by layer, over the units that are defined in both: a ratio of every unit would be at the
    mercy of the noisiest ones. Where reliability is below about 0.3 and stimuli are few, ceilings are too low on
    average, and these ratios too high; see `noise_ceiling`.

    Parameters
    ----------
    score : Score
        Score of predictions of the mean of all repeats.
    ceiling : NoiseCeiling
        Ceiling of the same layers, from the repeats of the source, or of source and target.

    Returns
    -------
    CorrectedScore

    Raises
    ------
    TypeError, ValueError
        If the arguments are not a score and a noise ceiling, of layers of the same widths.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal((1000, 5))
    >>> repeats = [[signal + rng.standard_normal((1000, 5))] for _ in range(4)]
    >>> measured = [np.mean([layers[0] for layers in repeats], axis=0)]
    >>> score = mot.align(measured, [signal]).score(measured, [signal])
    >>> round(score.value, 1), round(mot.noise_corrected(score, mot.noise_ceiling(repeats)).value, 1)
    (0.9, 1.0)
    """
    if not isinstance(score, Score):
        raise TypeError(f"score: expected a Score, as Alignment.score returns it, found {type(score).__name__}")
    if not isinstance(ceiling, NoiseCeiling):
        raise TypeError(f"ceiling: expected what mot_fast.noise_ceiling returns, found {type(ceiling).__name__}")
    widths, found = ([len(units) for units in each.per_unit] for each in (score, ceiling))
    if widths != found:
        raise ValueError(f"ceiling: expected layers of {widths} units, as those of the score, found {found}")
    is_either_undefined = [np.isnan(r + most) for r, most in zip(score.per_unit, ceiling.per_unit, strict=True)]
    reached, allowed = (
        Score.of_units([np.where(mask, np.nan, r) for r, mask in zip(each.per_unit, is_either_undefined, strict=True)])
        for each in (score, ceiling)
    )
    is_above = allowed.per_layer > 0.0
    per_layer = np.where(is_above, reached.per_layer / np.where(is_above, allowed.per_layer, 1.0), np.nan)
    return CorrectedScore(reached.value / allowed.value if allowed.value > 0.0 else float("nan"), per_layer)


def _alike(repeats: Sequence[Source], what: str) -> list[Network]:
    """The repeats as networks, which must have the same layers and stimuli."""
    if isinstance(repeats, (str, Mapping, Network)) or not isinstance(repeats, Sequence):
        raise TypeError(f"{what}: expected a sequence of networks, found {type(repeats).__name__}")
    if len(repeats) < 2:
        raise ValueError(f"{what}: expected at least 2 networks, found {len(repeats)}")
    networks = [named(repeat, f"{what}[{k}]") for k, repeat in enumerate(repeats)]
    first = networks[0]
    _validate.enough_stimuli(first.n_stimuli, what)
    for k, network in enumerate(networks):
        same_layers(first, network, f"{what}[{k}]", f"{what}[0]")
        if network.n_stimuli != first.n_stimuli:
            raise ValueError(
                f"{what}[{k}]: expected the {first.n_stimuli} stimuli of {what}[0], found {network.n_stimuli}"
            )
    return networks


def _halves(n_repeats: int, n_splits: int, rng: np.random.Generator) -> list[list[int]]:
    """Positions of the repeats in the smaller half of each split."""
    size = n_repeats // 2
    is_even = n_repeats == 2 * size
    n_distinct = math.comb(n_repeats, size) // (1 + is_even)  # either half of an even number names the split
    if n_distinct > n_splits:
        return [sorted(rng.choice(n_repeats, size, replace=False).tolist()) for _ in range(n_splits)]
    return [list(half) for half in itertools.islice(itertools.combinations(range(n_repeats), size), n_distinct)]


def _reliability(values: F64, halves: list[list[int]]) -> F64:
    """Reliability of each unit's sum over repeats, `(n_units,)`; NaN where the sum is constant.

    Sums have the correlations of means.

    Parameters
    ----------
    values : array, `(n_repeats, n_stimuli, n_units)`
    halves : list of lists
        Positions of the repeats in one half of each split.
    """
    n = len(values)
    r = np.zeros(values.shape[2])
    for half in halves:
        other_half = [k for k in range(n) if k not in half]
        # A half that is constant says nothing about the other: its correlation counts as 0.
        r += np.nan_to_num(correlate_units(values[half].sum(axis=0), values[other_half].sum(axis=0))) / len(halves)
    sign, r = np.sign(r), np.minimum(np.abs(r), 1.0)
    size = n // 2
    reliability = sign * 2 * n * r / (n * r + np.sqrt((n * r) ** 2 + 4 * size * (n - size) * (1 - r * r)))
    total = values.sum(axis=0)
    return np.where(total.max(axis=0) == total.min(axis=0), np.nan, reliability)
