from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis import resampling
from mot_fast.analysis.bootstrap import Interval, bootstrap_score, intervals
from oracles import statistics as oracles_statistics
from support.predictions import aligned_and_held_out, given


@pytest.fixture
def fitted(layers):
    return aligned_and_held_out(layers)


def given_interval(truths, predictions, n_resamples=999, confidence=0.95, seed=0):
    (interval,) = intervals(*given(truths, predictions), n_resamples, confidence, seed)
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


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
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
