from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.alignment.held_out import HeldOut
from mot_fast.analysis import bootstrap
from mot_fast.analysis.bootstrap import Interval, bootstrap_score, intervals, p_better, p_value
from oracles import statistics as oracles_statistics


@pytest.fixture
def fitted(layers):
    """An alignment with held-out activations of both networks."""
    source, target = layers([6, 5], 90), layers([7, 4, 8], 90, seed=2)
    alignment = mot.align([x[:60] for x in source], [y[:60] for y in target])
    return alignment, [x[60:] for x in source], [y[60:] for y in target]


class Given:
    """Stands in for a predictor: layer weights are a row of ones where a prediction is, among those that are given."""

    def __init__(self, predictions):
        self.predictions = predictions

    def predict(self, l, weights):
        return [self.predictions[int(np.argmax(each))][l].copy() for each in weights]


def given(truths, *predictions):
    """Scores of predictions that are given, `(n_layers,)` arrays each, and the units with all of them."""
    weights = [np.ones((len(truths), 1)) * one_of_all for one_of_all in np.eye(len(predictions))]
    return HeldOut(mot.load(truths), Given(predictions)).scores_and_units(weights, n_kept=len(predictions))


def given_interval(truths, predictions, n_resamples=999, confidence=0.95, seed=0):
    (interval,) = intervals(*given(truths, predictions), n_resamples, confidence, seed)
    return interval


def given_p(truths, ours, others, n_resamples=999, seed=0):
    return p_value(given(truths, ours, others)[1], n_resamples, seed)


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
    np.testing.assert_array_equal(astuple(interval), [np.nan] * 4 + [0.95])
    assert np.isnan(given_p(truths, predictions, predictions))


def test_a_network_is_surely_like_itself(layers):
    network = layers([6, 5], 40)
    interval = bootstrap_score(mot.align(network, network), network, network, n_resamples=99)
    np.testing.assert_allclose(astuple(interval), [1, 1, 1, 0, 0.95], atol=1e-12)
    assert interval.low <= interval.high <= 1


def test_seeds_reproduce(fitted):
    for statistic in (bootstrap_score, p_better):
        draws = [statistic(*fitted, n_resamples=50, seed=seed) for seed in (1, 1, 2)]
        assert draws[0] == draws[1] != draws[2]


def test_small_batches_change_nothing(fitted, monkeypatch):
    whole = astuple(bootstrap_score(*fitted, n_resamples=50)), p_better(*fitted, n_resamples=50)
    monkeypatch.setattr(bootstrap, "VALUES_AT_ONCE", 70)
    in_batches = astuple(bootstrap_score(*fitted, n_resamples=50)), p_better(*fitted, n_resamples=50)
    np.testing.assert_allclose(in_batches[0], whole[0], rtol=1e-12)
    assert in_batches[1] == whole[1]


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


@pytest.mark.parametrize(("coupling", "than"), [("mot", "pairwise_best"), ("single_best", "mot"), ("mot", "permuted")])
def test_the_p_value_is_the_slow_twins(fitted, coupling, than):
    alignment, source, target = fitted
    p = p_better(alignment, source, target, coupling, than, n_resamples=120, seed=4)
    is_exchanged = np.random.default_rng(4).random((120, 30)) < 0.5
    predictions, others = (alignment.reconstruct(target, name) for name in (coupling, than))
    assert p == pytest.approx(oracles_statistics.p_better(source, predictions, others, is_exchanged), abs=1e-12)


def test_constant_units_and_predictions_are_the_slow_twins_too(rng):
    truth, ours, others = (rng.standard_normal((11, 5)) for _ in range(3))
    truth[:, 0] = 0.1
    ours[:, 1] = 0.1
    ours[:, 2] = others[:, 2] = -3.0
    ours[:, 3], others[:, 3] = np.arange(11) == 2, 7.1 * (np.arange(11) == 5)  # exchanged, both may be constant
    p = given_p([truth, truth[:, :1]], [ours, ours[:, :1]], [others, others[:, :1]], 300)
    is_exchanged = np.random.default_rng(0).random((300, 11)) < 0.5
    assert p == pytest.approx(oracles_statistics.p_better([truth], [ours], [others], is_exchanged), abs=1e-12)


def test_the_same_predictions_are_never_better(fitted):
    assert p_better(*fitted, "mot", "mot", n_resamples=99) == 1.0
    alignment, source, target = fitted
    assert p_better(alignment, source, target, alignment.layer_plan, 3 * alignment.layer_plan, n_resamples=99) == 1.0


def simulated_p(rng, weight_ours, weight_others, n_units=4):
    """The p-value of predictions that know the truth with these weights, and share much of their noise."""
    truth, common = rng.standard_normal((2, 40, n_units))
    ours, others = (w * truth + common + 0.5 * rng.standard_normal(truth.shape) for w in (weight_ours, weight_others))
    others = 5 * others - 2  # the scale of predictions means nothing
    return given_p([truth], [ours], [others], 99, seed=int(rng.integers(2**32)))


def test_p_is_uniform_where_neither_is_better():
    rng = np.random.default_rng(7)
    p = np.array([simulated_p(rng, 1.0, 1.0) for _ in range(300)])
    assert p.mean() == pytest.approx(0.5, abs=0.07)  # four standard errors
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.05)
    assert (p <= 0.25).mean() == pytest.approx(0.25, abs=0.1)


def test_p_is_small_where_the_first_is_better_and_large_where_the_other_is():
    rng = np.random.default_rng(8)
    assert max(simulated_p(rng, 1.5, 1.0) for _ in range(20)) <= 0.05
    assert min(simulated_p(rng, 1.0, 1.5) for _ in range(20)) >= 0.95


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


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_resamples": 0}, ValueError, "n_resamples: expected at least 1, found 0"),
        ({"seed": 0.5}, TypeError, "seed: expected an integer, found 0.5"),
        ({"than": "worst"}, ValueError, "coupling: expected one of 'mot', 'single_best'"),
    ],
)
def test_what_a_p_value_refuses(fitted, arguments, error, message):
    with pytest.raises(error, match=message):
        p_better(*fitted, **arguments)


def test_networks_must_be_those_aligned(fitted):
    alignment, source, target = fitted
    for statistic in (bootstrap_score, p_better):
        with pytest.raises(ValueError, match="source: expected the layers of 'source' that were aligned"):
            statistic(alignment, target, target)
        with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 20 in"):
            statistic(alignment, [x[:20] for x in source], target)
