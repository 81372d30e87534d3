"""Warnings of stimuli that are autocorrelated, as time series are, where splits or shuffles are random."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mot_fast._validate import F64, Array
from mot_fast._warnings import AutocorrelatedStimuliWarning, warn
from mot_fast.analysis.splits import Splits
from mot_fast.networks.network import Network

STRONG = 0.35
"""Mean autocorrelation from which on there is a warning. In fMRI of a story it is 0.6 to 0.7; sentences whose
neighbours in the file are often paraphrases have 0.1 to 0.3, photographs in the order of their classes at most 0.2."""
MOST_NEIGHBOURS = 0.5
"""Share of the held-out stimuli that may have a trained neighbour, as those at the ends of blocks have."""
_LEAST_DEVIATIONS = 5.0
"""Standard deviations of the mean, by chance, that it must be above zero."""
_SHUFFLE_OTHERWISE = (
    "shift the record in a circle (shuffle='circular'; align, compare and partial with --blocks) or shuffle blocks "
    "(shuffle='blocks') or whole groups (groups)"
)
_MOST_UNITS = 32
_MOST_STIMULI = 1000
"""Numbers of a layer's units and stimuli, at most, that are looked at."""


def warn_of_autocorrelation(networks: Iterable[Network], splits: Splits) -> None:
    """Warn if most held-out stimuli have trained neighbours, and consecutive stimuli are much alike in a network.

    The first, the middle and the last layer of every network are looked at.
    """
    if splits.has_groups or splits.share_with_trained_neighbours() <= MOST_NEIGHBOURS:
        return
    for network in networks:
        found = _autocorrelated_layer(network)
        if found is not None:
            warn(
                f"consecutive stimuli are alike ({found}), and {splits.description} hold out neighbours of training "
                "stimuli, so that scores are too good; hold out contiguous blocks with gaps "
                "(mot_fast.blocked_splits, --blocks and --gap) or whole groups (groups, --groups)",
                AutocorrelatedStimuliWarning,
            )
            return


def warn_of_shuffled_record(
    source: Network, target: Network, too_small: str = "p-values", advice: str = _SHUFFLE_OTHERWISE
) -> None:
    """Warn if consecutive stimuli are much alike in both networks, whose stimuli are going to be shuffled.

    Where they are in one network only, the order of the other one's stimuli is as good as any. The warning says what
    will be too small, and what to do instead.
    """
    found = [_autocorrelated_layer(network) for network in (source, target)]
    if None not in found:
        warn(
            f"consecutive stimuli are alike in both networks ({found[0]}; {found[1]}), and shuffled ones are "
            f"not, so that {too_small} are too small; {advice}",
            AutocorrelatedStimuliWarning,
        )


def _autocorrelated_layer(network: Network) -> str | None:
    """Name and autocorrelation of the first of a few layers in which consecutive stimuli are much alike."""
    for l in sorted({0, len(network) // 2, len(network) - 1}):
        values, rows = network.read(l)
        r, deviations = lag_one_autocorrelation(_some(values, rows))
        if r >= STRONG and deviations >= _LEAST_DEVIATIONS:
            return f"'{network.name}' layer '{network.labels[l]}': autocorrelation {r:.2f} from one to the next"
    return None


def _some(values: Array, rows: Array | None) -> Array:
    """Units of a layer, evenly spread, at its first stimuli."""
    n_units = values.shape[1]
    units = np.linspace(0, n_units - 1, min(n_units, _MOST_UNITS)).astype(np.int64)
    return np.asarray(values[slice(_MOST_STIMULI) if rows is None else rows[:_MOST_STIMULI]][:, units])


def lag_one_autocorrelation(activations: Array) -> tuple[float, float]:
    """Mean over units of the rank correlation of each stimulus with the next, and how surprising it is.

    Ranks, as a few stimuli with extreme activations in many units would otherwise decide. The estimate is corrected for
    its bias, ``-(1 + 3 r) / T`` (Kendall, Biometrika 41, 1954).

    Parameters
    ----------
    activations : array `(n_stimuli, n_units)`

    Returns
    -------
    autocorrelation : float
        Zero where all units are constant.
    deviations : float
        The mean over its standard deviation for independent stimuli, which is ``sqrt(mean(c ** 2) / T)``, c being the
        correlations between the units, with themselves too: units that are alike tell little more than one of them.
    """
    n_stimuli = len(activations)
    ranks = np.column_stack([_ranks(unit) for unit in activations.T]) - (n_stimuli + 1) / 2.0
    norms = np.sqrt((ranks**2).sum(axis=0))
    z = ranks[:, norms > 0] / norms[norms > 0]
    if not z.shape[1]:
        return 0.0, 0.0
    r = float((z[1:] * z[:-1]).sum(axis=0).mean())
    deviation = float(np.sqrt(((z.T @ z) ** 2).mean() / n_stimuli))
    return (r + 1.0 / n_stimuli) / (1.0 - 3.0 / max(n_stimuli, 6)), (r + 1.0 / n_stimuli) / deviation


def _ranks(values: Array) -> F64:
    """Ranks from 1 on, the mean of their ranks for equal values: `scipy.stats`, which has them, takes long to load."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2.0)[which])
