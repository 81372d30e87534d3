"""Simulations of each kind: which intervals cover the true value, which tests reject a true hypothesis."""

from __future__ import annotations

import numpy as np
import scipy.stats

import mot_fast as mot
from calibration.populations import AUTOREGRESSIVE, GROUP_SIZE, POPULATIONS, Networks, autoregressive, exact, gaussian

LEVEL = 0.05
AUTO = 'block_length="auto"'


def _groups(n_stimuli):
    return np.arange(n_stimuli) // GROUP_SIZE


def _drawn_with_training(population, n_stimuli, rng, n_sources):
    """Sources of training stimuli, four times as many, and of the held-out ones, far from each other in time."""
    draw = POPULATIONS[population]
    return draw(rng, 4 * n_stimuli, n_sources), draw(rng, n_stimuli, n_sources)


def _ways(population, n_stimuli):
    """Arguments of `bootstrap_score` and `p_better` that suit a population, by what the table calls them."""
    if population == "grouped":
        return {"groups": {"groups": _groups(n_stimuli)}}
    if population.startswith("AR"):
        fifth = n_stimuli // 5
        return {AUTO: {"block_length": "auto"}, "block_length=T // 5": {"block_length": fifth}}
    return {AUTO: {"block_length": "auto"}} if population == "Gaussian" else {}


def score_intervals(population, n_stimuli, rng):
    """Whether intervals of a held-out score cover the score of endlessly many stimuli."""
    networks = Networks(population == "sparse")
    training, held_out = _drawn_with_training(population, n_stimuli, rng, networks.n_sources)
    alignment = mot.align(*networks(training))
    truth = alignment.score(*networks(exact(networks.n_sources))).value
    ways = {"default": {}, 'method="t"': {"method": "t"}} | _ways(population, n_stimuli)
    if population == "grouped":
        ways['groups, method="bca"'] = ways["groups"] | {"method": "bca"}
    covers = {}
    for name, arguments in ways.items():
        interval = mot.bootstrap_score(alignment, *networks(held_out), seed=int(rng.integers(2**32)), **arguments)
        covers[name] = interval.low <= truth <= interval.high
    return covers


def better_tests(population, n_stimuli, rng):
    """Whether tests find that one of two target layers predicts better, which are copies with noise of their own.

    They are the same in training, so that the plans are the same. "unlike": the one predicts half of the units better,
    the other predicts the other half better, by as much.
    """
    n_units = 6
    training, held_out = _drawn_with_training(population, n_stimuli, rng, 3 * n_units)
    copy = training[:, :n_units] + 0.3 * training[:, n_units : 2 * n_units]
    alignment = mot.align([training[:, :n_units]], [copy, copy])
    signal, *noises = np.split(held_out, 3, axis=1)
    unlike = np.repeat([[0.3, 1.0], [1.0, 0.3]], n_units // 2, axis=1)
    ways = {"default": {}, 'method="t"': {"method": "t"}} | _ways(population, n_stimuli)
    ways |= {
        f'{name}, method="exchange"': ways[name] | {"method": "exchange"} for name in ("groups", AUTO) if name in ways
    }
    is_rejected = {}
    for kind, amounts in (("", np.ones_like(unlike)), ("unlike, ", unlike)):
        layers = [signal + amount * noise for amount, noise in zip(amounts, noises, strict=True)]
        for name, arguments in ways.items():
            couplings, seed = ([[1.0, 0.0]], [[0.0, 1.0]]), int(rng.integers(2**32))
            p = mot.p_better(alignment, [signal], layers, *couplings, n_resamples=399, seed=seed, **arguments)
            is_rejected[kind + name] = p <= LEVEL
    return is_rejected


def _p_stimuli(**shuffle):
    return lambda *networks, n, seed: (
        mot.hierarchy_null(
            *networks, n_permutations=19, n_layer_permutations=1, seed=seed, **_in_stimuli(shuffle, n)
        ).p_stimuli
    )


def _p_layers(*networks, n, seed):  # noqa: ARG001
    return mot.hierarchy_null(*networks, n_permutations=1, n_layer_permutations=199, seed=seed).p_layers


def _in_stimuli(shuffle, n_stimuli):
    """The arguments of a shuffle; a length that is a function is of the number of stimuli."""
    return {name: value(n_stimuli) if callable(value) else value for name, value in shuffle.items()}


NULLS = {
    "p_stimuli": _p_stimuli(),
    'p_stimuli, shuffle="circular"': _p_stimuli(shuffle="circular"),
    'p_stimuli, shuffle="blocks", block_length=T // 5': _p_stimuli(shuffle="blocks", block_length=lambda n: n // 5),
    "p_layers": _p_layers,
}
"""P-values of alignments of networks that have nothing in common, for networks of n stimuli."""


def chance_tests(population, n_stimuli, rng):
    """Whether tests find an order, or an alignment, in networks that have nothing in common.

    The time scale of autocorrelated networks grows with depth.
    """
    networks = [_independent_layers(population, n_stimuli, rng, n_layers) for n_layers in (4, 5)]
    nulls = dict(NULLS)
    if population == "grouped":
        nulls["p_stimuli, groups"] = _p_stimuli(groups=_groups)
    return {name: null(*networks, n=n_stimuli, seed=int(rng.integers(2**32))) <= LEVEL for name, null in nulls.items()}


def _independent_layers(population, n_stimuli, rng, n_layers):
    """Layers of eight units, none of which has to do with another."""
    weights = AUTOREGRESSIVE.get(population, 0.0) * np.linspace(0.0, 1.0, n_layers)
    draws = [autoregressive(weight) if weight else POPULATIONS[population] for weight in weights]
    if population in AUTOREGRESSIVE:
        draws[0] = gaussian
    return [draw(rng, n_stimuli, 8) for draw in draws]


ALIGNMENT_NULLS = {
    name: {"shuffle": shuffle} for name, shuffle in (("default", "stimuli"), ('shuffle="circular"', "circular"))
}


def alignment_tests(population, n_stimuli, rng):
    """Whether tests find costs or scores of networks that have nothing in common to be better than chance."""
    networks = [_independent_layers(population, 5 * n_stimuli, rng, n_layers) for n_layers in (2, 3)]
    nulls = dict(ALIGNMENT_NULLS)
    if population == "grouped":
        nulls["groups"] = {"groups": _groups(5 * n_stimuli)}
    is_rejected = {}
    for name, arguments in nulls.items():
        null = mot.alignment_null(*networks, n_permutations=19, seed=int(rng.integers(2**32)), **arguments)
        is_rejected |= {f"p_cost, {name}": null.p_cost <= LEVEL, f"p_score, {name}": null.p_score <= LEVEL}
    return is_rejected


N_SPLITS = 5


def split_scores(population, n_stimuli, rng):
    """Held-out scores over random splits, of which `n_stimuli` are held out each time."""
    networks = Networks(population == "sparse")
    source, target = networks(POPULATIONS[population](rng, 5 * n_stimuli, networks.n_sources))
    scores = []
    for seed in range(N_SPLITS):
        train, test = mot.split(5 * n_stimuli, test_size=0.2, seed=seed)
        alignment = mot.align([x[train] for x in source], [y[train] for y in target])
        scores.append(alignment.score([x[test] for x in source], [y[test] for y in target]).value)
    return scores


def split_intervals(scores, n_stimuli):
    """Whether intervals over the splits of each simulation cover the expected score, which is that of all simulations.

    Parameters
    ----------
    scores : array, `(n_simulations, n_splits)`
    n_stimuli : int
        Number of held-out stimuli of each split.
    """
    expected = scores.mean()
    plain = scipy.stats.t(N_SPLITS - 1).ppf(0.975) * scores.std(axis=1, ddof=1) / np.sqrt(N_SPLITS)
    corrected = np.array([mot.corrected_interval(each, 4 * n_stimuli, n_stimuli) for each in scores])
    return {
        "corrected_interval": (corrected[:, 0] <= expected) & (expected <= corrected[:, 1]),
        "mean +- t sd / sqrt(J)": np.abs(scores.mean(axis=1) - expected) <= plain,
    }
