from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
import scipy.stats

import mot_fast as mot
from mot_fast.alignment.held_out import HeldOut
from mot_fast.analysis import resampling
from mot_fast.analysis.bootstrap import Interval, bootstrap_score, intervals
from oracles import statistics as oracles_statistics
from support.predictions import aligned_and_held_out, given

COUPLINGS = "mot", "single_best", "pairwise_best"


@pytest.fixture
def fitted(layers):
    return aligned_and_held_out(layers)


def given_interval(truths, predictions, n_resamples=999, confidence=0.95, seed=0, **sets):
    (interval,) = intervals(*given(truths, predictions), n_resamples, confidence, seed, **sets)
    return interval


def counts(n_stimuli, n_resamples, seed):
    return np.random.default_rng(seed).multinomial(n_stimuli, np.full(n_stimuli, 1 / n_stimuli), size=n_resamples)


def assert_interval_is_the_twins(interval, truths, predictions, n_resamples, seed=0):
    distribution = oracles_statistics.bootstrap_distribution(
        truths, predictions, counts(len(truths[0]), n_resamples, seed)
    )
    expected = oracles_statistics.bca_interval(truths, predictions, distribution, interval.confidence)
    np.testing.assert_allclose((interval.low, interval.high, interval.standard_error), expected, atol=1e-9)


@pytest.mark.parametrize("coupling", ["mot", "single_best", [[0.2, 0.3, 0.0], [0.1, 0.0, 0.4]]])
def test_the_interval_is_the_slow_twins(fitted, coupling):
    alignment, source, target = fitted
    interval = bootstrap_score(alignment, source, target, coupling, n_resamples=150, confidence=0.8, seed=3)
    assert interval.value == alignment.score(source, target, coupling).value
    assert interval.low < interval.value < interval.high
    assert interval.confidence == 0.8
    assert_interval_is_the_twins(interval, source, alignment.reconstruct(target, coupling), 150, seed=3)


def test_units_that_are_constant_in_a_resample_are_left_out_of_it(rng):
    n = 12
    truth, prediction = rng.standard_normal((n, 5)), rng.standard_normal((n, 5))
    truth[:, 0] = 0.1  # always constant
    truth[:, 1] = 0.1 * (np.arange(n) == 3)  # constant in a third of all resamples
    truth[:, 2] = 1e9 * (np.arange(n) == 4) + 1e-3 * truth[:, 2]  # varies little without one stimulus
    prediction[:, 1:3] = 0.3 + truth[:, 1:3] * 1e3
    prediction[:, 3] = 7.0  # always constant
    prediction[:, 4] = 0.7 * (np.arange(n) == 5)
    alone = truth[:, 1:2]  # a layer that is undefined in a third of all resamples
    truths, predictions = [truth, alone, truth[:, :1]], [prediction, prediction[:, 1:2], prediction[:, :1]]
    interval = given_interval(truths, predictions, 200)
    assert interval.value == pytest.approx(oracles_statistics.score(truths, predictions), abs=1e-12)
    assert_interval_is_the_twins(interval, truths, predictions, 200)


def test_resamples_in_which_nothing_varies_are_left_out(rng):
    truth, prediction = np.eye(8)[:, :1], rng.standard_normal((8, 1))
    interval = given_interval([truth], [prediction], 400)
    scores = oracles_statistics.bootstrap_distribution([truth], [prediction], counts(8, 400, 0))
    assert 0.2 < np.isnan(scores).mean() < 0.5
    assert interval.standard_error == pytest.approx(np.nanstd(scores, ddof=1))
    assert np.nanmin(scores) <= interval.low < interval.high <= np.nanmax(scores)


def test_without_any_unit_that_varies_all_is_nan(rng):
    truths, predictions = [np.ones((9, 3))], [rng.random((9, 3))]
    interval = given_interval(truths, predictions, 20)
    np.testing.assert_array_equal(astuple(interval)[:5], [np.nan] * 4 + [0.95])


def test_a_network_is_surely_like_itself(layers):
    network = layers([6, 5], 40)
    interval = bootstrap_score(mot.align(network, network), network, network, n_resamples=99)
    np.testing.assert_allclose(astuple(interval)[:5], [1, 1, 1, 0, 0.95], atol=1e-12)
    assert interval.low <= interval.high <= 1


def test_seeds_reproduce(fitted):
    draws = [bootstrap_score(*fitted, n_resamples=50, seed=seed) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_small_batches_change_nothing(fitted, monkeypatch):
    at_once = astuple(bootstrap_score(*fitted, n_resamples=50))[:5]
    monkeypatch.setattr(resampling, "VALUES_AT_ONCE", 70)
    np.testing.assert_allclose(astuple(bootstrap_score(*fitted, n_resamples=50))[:5], at_once, rtol=1e-12)


def test_intervals_cover_the_score_of_endless_stimuli():
    rng = np.random.default_rng(5)
    r, n_units, n_covered = 0.6, 10, 0
    for seed in range(100):
        truth = rng.standard_normal((80, n_units))
        prediction = r * truth + np.sqrt(1 - r**2) * rng.standard_normal((80, n_units))
        interval = given_interval([truth], [prediction], 199, confidence=0.9, seed=seed)
        n_covered += interval.low <= r <= interval.high
    assert 80 <= n_covered <= 98  # 90 expected, sd 3


def test_the_interval_grows_with_confidence_and_narrows_with_stimuli(layers):
    source, target = layers([6, 5], 400), layers([7, 4], 400, seed=2)
    alignment = mot.align([x[:60] for x in source], [y[:60] for y in target])

    def width(stop, confidence):
        interval = bootstrap_score(
            alignment, [x[60:stop] for x in source], [y[60:stop] for y in target], confidence=confidence
        )
        return interval.high - interval.low

    assert width(400, 0.5) < width(400, 0.95) < width(100, 0.95)
    assert width(400, 0.95) / width(145, 0.95) == pytest.approx(0.5, rel=0.25)  # of 340 and of 85 stimuli


def test_it_may_be_asked_with_any_source_of_a_network(fitted):
    alignment, source, target = fitted
    networks = mot.load(source), mot.load(target)
    assert bootstrap_score(alignment, *networks, n_resamples=9) == bootstrap_score(*fitted, n_resamples=9)
    assert isinstance(bootstrap_score(alignment, *networks, n_resamples=9), Interval)


def test_single_stimuli_are_blocks_of_one_and_groups_of_one(fitted):
    expected = bootstrap_score(*fitted, n_resamples=50, seed=2)
    blocks = bootstrap_score(*fitted, n_resamples=50, seed=2, block_length=1, method="bca")
    groups = bootstrap_score(*fitted, n_resamples=50, seed=2, groups=range(30, 0, -1), method="bca")
    assert (expected, 1) == (groups, blocks.block_length)
    assert astuple(blocks)[:5] == astuple(expected)[:5]
    assert bootstrap_score(*fitted, groups=range(30)) == bootstrap_score(*fitted, method="t")


@pytest.mark.parametrize("method", ["t", "bca"])
def test_blocks_are_groups_of_neighbours(fitted, method):
    blocks = bootstrap_score(*fitted, n_resamples=50, block_length=4, method=method)
    groups = bootstrap_score(*fitted, n_resamples=50, groups=np.arange(30) * 7 // 30, method=method)
    assert blocks.block_length == 4
    assert groups.block_length is None
    assert astuple(blocks)[:5] == astuple(groups)[:5]


def test_the_interval_of_groups_drawn_is_the_slow_twins(fitted):
    alignment, source, target = fitted
    groups = np.random.default_rng(1).permutation(np.arange(30) // 2 // 2)  # eight groups, one of them of two stimuli
    numbers = np.unique(groups, return_inverse=True)[1]
    first = [int(np.flatnonzero(groups == group)[0]) for group in range(8)]
    numbers = np.argsort(np.argsort(first))[numbers]  # as they first appear
    interval = bootstrap_score(alignment, source, target, n_resamples=80, seed=5, groups=groups, method="bca")
    predictions = alignment.reconstruct(target)
    drawn = oracles_statistics.sets_drawn(numbers, counts(8, 80, 5))
    distribution = oracles_statistics.bootstrap_distribution(source, predictions, drawn)
    assert interval.standard_error == pytest.approx(distribution.std(ddof=1), abs=1e-9)
    without = oracles_statistics.without_each_set(source, predictions, numbers)
    levels = [bca_level(interval.value, distribution, without, level) for level in (0.025, 0.975)]
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(distribution, levels)), abs=1e-9)


def bca_level(value, distribution, without, level):
    """The level at which the distribution is cut, by Efron's printed formulas."""
    normal = scipy.stats.norm
    z0 = normal.ppf(np.mean(distribution < value))
    u = without.mean() - without
    a = np.sum(u**3) / (6 * np.sum(u**2) ** 1.5)
    return normal.cdf(z0 + (z0 + normal.ppf(level)) / (1 - a * (z0 + normal.ppf(level))))


@pytest.mark.parametrize(
    ("sets", "numbers"),
    [
        ({"method": "t"}, np.arange(30)),
        ({"block_length": 4}, np.arange(30) * 7 // 30),
        ({"groups": list("abcabcabcabcabcabcabcabcabcaba")}, np.arange(30) % 3),
    ],
)
def test_the_interval_by_students_t_is_the_slow_twins(fitted, sets, numbers):
    alignment, source, target = fitted
    interval = bootstrap_score(alignment, source, target, "single_best", confidence=0.9, **sets)
    numbers = numbers.copy()
    if "groups" in sets:
        numbers[29] = 0
    predictions = alignment.reconstruct(target, "single_best")
    expected = oracles_statistics.t_interval(source, predictions, numbers, 0.9)
    np.testing.assert_allclose((interval.low, interval.high, interval.standard_error), expected, atol=1e-9)


def test_an_interval_by_students_t_ends_at_perfect_scores(rng):
    truth = rng.standard_normal((9, 1))
    interval = given_interval([truth], [truth + 0.9 * rng.standard_normal((9, 1))], block_length=3)
    assert interval.high == 1.0
    assert -1.0 <= interval.low < interval.value


def test_units_that_vary_in_one_set_alone_are_left_out_without_it(rng):
    truth, prediction = rng.standard_normal((2, 12, 3))
    truth[:, 0] = np.arange(12) == 4
    interval = given_interval([truth, truth[:, :1]], [prediction, prediction[:, :1]], block_length=3)
    expected = oracles_statistics.t_interval(
        [truth, truth[:, :1]], [prediction, prediction[:, :1]], np.arange(12) // 3, 0.95
    )
    np.testing.assert_allclose((interval.low, interval.high, interval.standard_error), expected, atol=1e-9)
    alone = given_interval([truth[:, :1]], [prediction[:, :1]], block_length=4)
    assert np.isfinite([alone.low, alone.high]).all()  # without the block where it varies it has no score: two are left
    nothing = given_interval([np.ones((9, 3))], [rng.random((9, 3))], block_length="auto")
    np.testing.assert_array_equal(astuple(nothing), [np.nan] * 4 + [0.95, 1])


def test_an_automatic_length_is_found_for_each_prediction(layers):
    source, target = layers([6, 5], 200), layers([7, 4, 8], 200, seed=2)
    alignment = mot.align([x[:60] for x in source], [y[:60] for y in target])
    held_out = [np.cumsum(x[60:], axis=0) for x in source], [np.cumsum(y[60:], axis=0) for y in target]
    smooth = bootstrap_score(alignment, *held_out, block_length="auto")
    rough = bootstrap_score(alignment, [x[60:] for x in source], [y[60:] for y in target], block_length="auto")
    assert smooth.block_length > rough.block_length == 12
    assert smooth == bootstrap_score(alignment, *held_out, block_length=smooth.block_length)
    scores, units = HeldOut.of(alignment, *held_out).scores_and_units([alignment.coupling(c) for c in COUPLINGS], 3)
    each = intervals(scores[:3], units, 99, 0.95, 0, block_length="auto")
    assert each == [bootstrap_score(alignment, *held_out, c, block_length="auto") for c in COUPLINGS]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"method": "BCa"}, ValueError, "method: expected one of 'bca', 't', found 'BCa'"),
        ({"groups": ["a"] * 30}, ValueError, "groups: expected at least 2 groups, found 1, 'a'"),
        ({"groups": [0, 1] * 15}, ValueError, "groups: expected at least 3 groups of held-out stimuli, found 2"),
        ({"groups": range(29)}, ValueError, "groups: expected one label for each of 30 stimuli, found 29"),
        (
            {"block_length": 11},
            ValueError,
            "block_length: expected at least 3 blocks of the 30 .*, found 2 of length 11",
        ),
        ({"block_length": 0}, ValueError, "block_length: expected at least 1, found 0"),
        ({"block_length": True}, TypeError, "block_length: expected an integer, found True"),
        ({"block_length": "long"}, ValueError, "block_length: expected one of 'auto', found 'long'"),
        ({"block_length": 2, "groups": range(30)}, ValueError, "block_length: expected None where groups are given"),
        ({"n_resamples": 1}, ValueError, "n_resamples: expected at least 2, found 1"),
        ({"n_resamples": 9.0}, TypeError, "n_resamples: expected an integer, found 9.0"),
        ({"seed": -1}, ValueError, "seed: expected at least 0, found -1"),
        ({"confidence": 95}, ValueError, "confidence: expected a number between 0 and 1, found 95"),
        ({"confidence": float("nan")}, ValueError, "confidence: expected a number between 0 and 1, found nan"),
        ({"confidence": "95 %"}, TypeError, "confidence: expected a number, found '95 %'"),
        ({"confidence": True}, TypeError, "confidence: expected a number, found True"),
        ({"coupling": "best"}, ValueError, "coupling: expected one of 'mot', 'single_best'"),
    ],
)
def test_what_an_interval_refuses(fitted, arguments, error, message):
    with pytest.raises(error, match=message):
        bootstrap_score(*fitted, **arguments)


def test_networks_must_be_those_aligned(fitted):
    alignment, source, target = fitted
    with pytest.raises(ValueError, match="source: expected the layers of 'source' that were aligned"):
        bootstrap_score(alignment, target, target)
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 20 in"):
        bootstrap_score(alignment, [x[:20] for x in source], target)
