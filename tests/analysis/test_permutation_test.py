from __future__ import annotations

import numpy as np
import pytest

from mot_fast.analysis import resampling
from mot_fast.analysis.permutation_test import p_better, p_value
from mot_fast.analysis.stimulus_sets import automatic_length, influences
from oracles import statistics as oracles_statistics
from support.predictions import aligned_and_held_out, given


@pytest.fixture
def fitted(layers):
    return aligned_and_held_out(layers)


def given_p(truths, ours, others, n_resamples=999, seed=0, **sets):
    return p_value(given(truths, ours, others)[1], n_resamples, seed, **sets)


@pytest.mark.parametrize(("coupling", "than"), [("mot", "pairwise_best"), ("single_best", "mot"), ("mot", "uniform")])
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


def test_without_any_unit_that_varies_p_is_nan(rng):
    truths, predictions = [np.ones((9, 3))], [rng.random((9, 3))]
    assert np.isnan(given_p(truths, predictions, predictions))


def test_seeds_reproduce(fitted):
    p = [p_better(*fitted, n_resamples=50, seed=seed) for seed in (1, 1, 2)]
    assert p[0] == p[1] != p[2]


def test_small_batches_change_nothing(fitted, monkeypatch):
    at_once = p_better(*fitted, n_resamples=50)
    monkeypatch.setattr(resampling, "VALUES_AT_ONCE", 70)
    assert p_better(*fitted, n_resamples=50) == at_once


@pytest.mark.parametrize(
    ("sets", "numbers"),
    [
        ({"block_length": 4}, np.arange(30) * 7 // 30),
        ({"groups": np.arange(30) % 5}, np.arange(30) % 5),
        ({"groups": list(range(30))}, np.arange(30)),
    ],
)
def test_groups_and_blocks_are_exchanged_as_the_slow_twin_does(fitted, sets, numbers):
    alignment, source, target = fitted
    p = p_better(alignment, source, target, n_resamples=120, seed=4, method="exchange", **sets)
    is_exchanged = (np.random.default_rng(4).random((120, numbers.max() + 1)) < 0.5)[:, numbers]
    predictions, others = (alignment.reconstruct(target, name) for name in ("mot", "pairwise_best"))
    assert p == pytest.approx(oracles_statistics.p_better(source, predictions, others, is_exchanged), abs=1e-12)


def test_single_stimuli_are_blocks_of_one_and_groups_of_one(fitted):
    expected = p_better(*fitted, n_resamples=200)
    assert p_better(*fitted, n_resamples=200, block_length=1, method="exchange") == expected
    assert p_better(*fitted, n_resamples=200, groups=range(30), method="exchange") == expected
    assert p_better(*fitted, groups=[f"film {k}" for k in range(30)]) == p_better(*fitted, method="t")


@pytest.mark.parametrize("method", ["exchange", "t"])
def test_blocks_are_groups_of_neighbours(fitted, method):
    p = p_better(*fitted, n_resamples=200, block_length=5, method=method)
    assert p == p_better(*fitted, n_resamples=200, groups=np.repeat([3, 1, 4, 0, 5, 9], 5), method=method)


@pytest.mark.parametrize(
    ("sets", "numbers"),
    [
        ({"method": "t"}, np.arange(30)),
        ({"block_length": 4}, np.arange(30) * 7 // 30),
        ({"groups": np.arange(30) % 5}, np.arange(30) % 5),
    ],
)
def test_p_by_students_t_is_the_slow_twins(fitted, sets, numbers):
    alignment, source, target = fitted
    p = p_better(alignment, source, target, **sets)
    predictions, others = (alignment.reconstruct(target, name) for name in ("mot", "pairwise_best"))
    assert p == pytest.approx(oracles_statistics.p_by_t(source, predictions, others, numbers), abs=1e-9)
    assert p_better(alignment, source, target, "pairwise_best", "mot", **sets) == pytest.approx(1 - p, abs=1e-9)


def test_p_by_students_t_of_predictions_that_are_alike_everywhere(rng):
    truth = rng.standard_normal((12, 3))
    assert given_p([truth], [truth], [2 * truth + 1], method="t") == 1.0
    assert given_p([truth], [truth], [-truth], method="t") == 0.0
    assert given_p([truth], [-truth], [truth], method="t") == 1.0
    only = np.eye(12)[:, :1]  # without one of three blocks nothing varies; the others give the same
    assert given_p([only], [only], [-only], block_length=4) == 0.0
    assert np.isnan(given_p([np.ones((9, 3))], [truth[:9]], [truth[:9]], method="t"))


def test_an_automatic_length_is_that_of_the_differences_influences(rng):
    truth = np.cumsum(rng.standard_normal((150, 4)), axis=0)
    ours, others = (truth + np.cumsum(rng.standard_normal((150, 4)), axis=0) for _ in range(2))
    _, layers = given([truth], [ours], [others])
    length = automatic_length(influences(layers, 0) - influences(layers, 1))
    assert length > 13  # the square root of 150, rounded up
    found = given_p([truth], [ours], [others], block_length="auto")
    assert found == given_p([truth], [ours], [others], block_length=length)


def test_few_blocks_have_no_small_p(rng):
    truth = rng.standard_normal((30, 4))
    assert given_p(
        [truth], [truth], [rng.standard_normal((30, 4))], block_length=10, method="exchange"
    ) == pytest.approx(1 / 8, abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"groups": [1] * 30}, ValueError, "groups: expected at least 2 groups, found 1, 1"),
        ({"groups": range(31)}, ValueError, "groups: expected one label for each of 30 stimuli, found 31"),
        (
            {"block_length": 11},
            ValueError,
            "block_length: expected at least 3 blocks of the 30 .*, found 2 of length 11",
        ),
        ({"block_length": "auto", "groups": [1]}, ValueError, "block_length: expected None where groups are given"),
        (
            {"method": "t", "than": "permuted"},
            ValueError,
            "method: expected None or 'exchange' where than is 'permuted', found 't'",
        ),
        ({"method": "bca"}, ValueError, "method: expected one of 'exchange', 't', found 'bca'"),
        ({"n_resamples": 0}, ValueError, "n_resamples: expected at least 1, found 0"),
        ({"seed": 0.5}, TypeError, "seed: expected an integer, found 0.5"),
        ({"than": "worst"}, ValueError, "than: expected one of 'mot', 'single_best'"),
    ],
)
def test_what_a_p_value_refuses(fitted, arguments, error, message):
    with pytest.raises(error, match=message):
        p_better(*fitted, **arguments)


def test_networks_must_be_those_aligned(fitted):
    alignment, source, target = fitted
    with pytest.raises(ValueError, match="source: expected the layers of 'source' that were aligned"):
        p_better(alignment, target, target)
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 20 in"):
        p_better(alignment, [x[:20] for x in source], target)
