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


def order_tests(population, n_stimuli, rng):
    """Whether tests find that layers in their order predict better than in a random one, though all orders are alike.

    Every target layer is a copy of the same units with noise of its own, as is every source layer. "unlike": some
    target layers have more noise than others, so that they predict worse, whatever they predict.
    """
    n_units, n_layers = 4, 5
    sources = POPULATIONS[population](rng, n_stimuli, (1 + 2 * n_layers) * n_units)
    signal, *noises = np.split(sources, 1 + 2 * n_layers, axis=1)
    # Plans between units are those of a network with itself: unit by unit.
    units = rng.standard_normal((5 * n_units, n_units))
    alignment = mot.align([units] * n_layers, [units] * n_layers)
    source = [signal + noise for noise in noises[:n_layers]]
    is_rejected = {}
    for kind, amounts in (("", np.ones(n_layers)), ("unlike, ", np.linspace(0.5, 1.5, n_layers))):
        target = [signal + amount * noise for amount, noise in zip(amounts, noises[n_layers:], strict=True)]
        for name, arguments in ({"default": {}} | _ways(population, n_stimuli)).items():
            p = mot.p_better(
                *(alignment, source, target, np.eye(n_layers), "permuted"),
                **(arguments | {"n_resamples": 399, "seed": int(rng.integers(2**32))}),
            )
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


def split_intervals(scores, population, n_stimuli):  # noqa: ARG001
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


FALSE_DISCOVERIES = 0.1
"""False discovery rate at which units are matched."""


def unit_matches(population, n_stimuli, rng):
    """Whether a match of two units is false that is drawn among all discoveries; no match is, where none is found.

    How often is the false discovery rate. "unrelated": no unit has a counterpart. "half related": every second unit has
    one, a copy with as much noise.
    """
    n_units = 12
    one, other = np.split(POPULATIONS[population](rng, n_stimuli, 2 * n_units), 2, axis=1)
    is_copy = np.arange(n_units) % 2 == 0
    related = np.where(is_copy, (one + other) / np.sqrt(2), other)
    ways = {"default": {}}
    if population == "grouped":
        ways["groups"] = {"groups": _groups(n_stimuli)}
    elif population in AUTOREGRESSIVE:
        ways["block_length=T // 5"] = {"block_length": n_stimuli // 5}
    is_false = {}
    for kind, copies, target in (("unrelated", ~is_copy & is_copy, other), ("half related", is_copy, related)):
        for name, arguments in ways.items():
            seed = int(rng.integers(2**32))
            found = mot.stability([one], [target], n_resamples=10, seed=seed, **arguments).units(0, 0)
            drawn = rng.permutation(found.discoveries(FALSE_DISCOVERIES))[:1]
            is_false[f"{kind}, {name}"] = any(not copies[k] or found.partners[k] != k for k in drawn)
    return is_false


N_SUBJECTS = 12


def subject_scores(population, n_stimuli, rng):
    """Mean scores of subjects who are a sample, and the ends of their intervals, `(n_ways, 5)`.

    A subject's layers mix the sources that all have in common in a way of its own, and have noise of its own. The
    training stimuli are the same in all simulations, as the intervals suppose. So are the held-out ones in the last
    way.
    """
    networks, fixed = Networks(population == "sparse"), np.random.default_rng(n_stimuli)
    rows = np.arange(4 * n_stimuli), np.arange(4 * n_stimuli, 5 * n_stimuli)
    training, same = (POPULATIONS[population](fixed, len(part), networks.n_sources) for part in rows)
    others = POPULATIONS[population](rng, n_stimuli, networks.n_sources)
    found = []
    for held_out, ways in ((others, _subject_ways(population, n_stimuli)), (same, {"": {}})):
        subjects = [_subject(networks, population, (training, held_out), rng) for _ in range(N_SUBJECTS)]
        target = networks(np.concatenate([training, held_out]))[1]
        for arguments in ways.values():
            compared = mot.compare_subjects(subjects, target, ["mot"], splits=[rows], n_permutations=1, **arguments)
            score = compared.score("mot")
            found.append([score.value, score.low, score.high, score.crossed_low, score.crossed_high])
    return found


def _subject(networks, population, parts, rng):
    """Layers of a subject who mixes the shared sources of the parts of a record in a way of its own."""
    n_shared = networks.N_SHARED
    mixture = np.eye(n_shared) + 0.3 * rng.standard_normal((n_shared, n_shared))
    noises = [POPULATIONS[population](rng, len(part), networks.n_sources - n_shared) for part in parts]
    own = [np.hstack([part[:, :n_shared] @ mixture, noise]) for part, noise in zip(parts, noises, strict=True)]
    return networks(np.concatenate(own))[0]


def _subject_ways(population, n_stimuli):
    ways = {"default": {}} | _ways(population, n_stimuli)
    if population == "grouped":
        ways["groups"] = {"groups": _groups(5 * n_stimuli)}
    return ways


def subject_intervals(found, population, n_stimuli):
    """Whether intervals of a score cover the expected score, which is that of all simulations.

    Parameters
    ----------
    found : array, `(n_simulations, n_ways, 5)`
        What `subject_scores` finds.
    """
    *others, same = np.moveaxis(found, 1, 0)
    covers = {"over subjects, the same stimuli": _covers(same[:, :3]), "over subjects": _covers(others[0][:, :3])}
    for name, way in zip(_subject_ways(population, n_stimuli), others, strict=True):
        covers[f"over both, {name}"] = _covers(way[:, [0, 3, 4]])
    return covers


def _covers(intervals):
    """Whether intervals cover the mean of all values, of rows of a value and the ends of its interval."""
    values, low, high = intervals.T
    return (low <= values.mean()) & (values.mean() <= high)
