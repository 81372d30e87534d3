from __future__ import annotations

import numpy as np
import pytest

from mot_fast.analysis.stimulus_sets import automatic_length, influences, is_automatic, politis_white, stimulus_sets
from oracles import statistics as oracles_statistics
from support.predictions import given


def filtered_sine(n, weight):
    """A series that looks random, and is the same everywhere: each number has so much weight in the next."""
    series = np.sin(np.arange(1, n + 1) ** 2.0)
    for t in range(1, n):
        series[t] += weight * series[t - 1]
    return series


@pytest.mark.parametrize(
    ("n", "weight", "length"),
    [
        (12, 0.0, 4.0),
        (20, 0.5, 0.3340860580979507),
        (20, 0.9, 3.3544234309039993),
        (50, 0.0, 4.767468630779769),
        (50, 0.5, 17.0),
        (200, -0.6, 9.145005029348779),
        (200, 0.9, 17.53391965123743),
        (1000, 0.5, 12.799133117908852),
        (1000, 0.99, 47.34764567915376),
    ],
)
def test_the_length_is_that_of_arch(n, weight, length):
    """Lengths that `arch.bootstrap.optimal_block_length` of arch 8.0.0 found for the circular bootstrap."""
    assert politis_white(filtered_sine(n, weight)) == pytest.approx(length, rel=1e-9)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 8, 15, 40])
def test_the_length_is_the_slow_twins(rng, n):
    series = rng.standard_normal(n)
    assert politis_white(series) == pytest.approx(oracles_statistics.politis_white(series), rel=1e-9)


def test_a_constant_series_has_no_length():
    assert politis_white(np.ones(9)) == 0.0


def test_the_automatic_length_is_longer_and_leaves_five_blocks():
    for weight in (0.0, 0.5, 0.9, 0.99):
        series = filtered_sine(400, weight)
        wanted = max(20.0, 3 * politis_white(series))
        assert automatic_length(series) == min(np.ceil(wanted), 80)
        assert 400 // automatic_length(series) >= 5
    assert automatic_length(np.ones(400)) == 20
    assert [automatic_length(np.ones(n)) for n in (3, 5, 9, 10, 20)] == [1, 1, 1, 2, 4]


def test_influences_are_the_derivatives_of_the_score(rng):
    truths = [rng.standard_normal((15, 3)), rng.standard_normal((15, 2))]
    predictions = [x + rng.standard_normal(x.shape) for x in truths]
    _, layers = given(truths, predictions)
    expected = oracles_statistics.influences(truths, predictions)
    np.testing.assert_allclose(influences(layers), expected, atol=1e-5)
    assert influences(layers).sum() == pytest.approx(0.0, abs=1e-12)


def test_units_that_are_constant_have_no_influence(rng):
    truth, prediction = rng.standard_normal((2, 9, 3))
    truth[:, 0] = 1.0
    _, layers = given([truth, np.ones((9, 2))], [prediction, prediction[:, :2]])
    _, alone = given([truth[:, 1:]], [prediction[:, 1:]])
    np.testing.assert_allclose(influences(layers), influences(alone))
    np.testing.assert_array_equal(influences(given([np.ones((9, 2))], [prediction[:, :2]])[1]), np.zeros(9))


def test_sets_are_blocks_groups_or_single_stimuli():
    blocks = stimulus_sets(11, None, 3)
    np.testing.assert_array_equal(blocks.numbers, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    assert (blocks.n, blocks.block_length) == (3, 3)
    groups = stimulus_sets(5, ["b", "a", "b", "c", "c"], None)
    np.testing.assert_array_equal(groups.numbers, [0, 1, 0, 2, 2])
    assert (groups.n, groups.block_length) == (3, None)
    np.testing.assert_array_equal(stimulus_sets(4, None, None).numbers, range(4))


def test_no_block_is_shorter_than_was_asked_for():
    for n in range(9, 60):
        for length in range(1, n // 3 + 1):
            sizes = stimulus_sets(n, None, length).sizes()
            assert sizes.min() >= length
            assert sizes.max() - sizes.min() <= 1
            assert sizes.sum() == n


def test_sums_and_values_are_spread_over_sets(rng):
    sets = stimulus_sets(6, [2, 0, 2, 1, 0, 5], None)
    values = rng.random((6, 2))
    expected = [values[[0, 2]].sum(axis=0), values[[1, 4]].sum(axis=0), values[3], values[5]]
    np.testing.assert_allclose(sets.sums(values, 0, 4), expected)
    np.testing.assert_allclose(sets.sums(values, 1, 3), expected[1:3])
    np.testing.assert_array_equal(sets.spread(np.array([[1.0, 2.0, 3.0, 4.0]])), [[1, 2, 1, 3, 2, 4]])


@pytest.mark.parametrize(
    ("groups", "length", "error", "message"),
    [
        ([0] * 10 + [1] * 10, None, ValueError, "groups: expected at least 3 groups of held-out stimuli, found 2"),
        (None, 0, ValueError, "block_length: expected at least 1, found 0"),
        (None, True, TypeError, "block_length: expected an integer, found True"),
        (None, 2.0, TypeError, "block_length: expected an integer, found 2.0"),
        (
            None,
            7,
            ValueError,
            "block_length: expected at least 3 blocks of the 20 held-out stimuli, found 2 of length 7",
        ),
        (None, 30, ValueError, "block_length: .* the 20 held-out stimuli, found 0 of length 30"),
    ],
)
def test_what_sets_refuse(groups, length, error, message):
    with pytest.raises(error, match=message):
        stimulus_sets(20, groups, length)


def test_what_an_automatic_length_refuses():
    assert is_automatic(None, "auto")
    assert not is_automatic([1, 2], None)
    with pytest.raises(ValueError, match="block_length: expected one of 'auto', found 'long'"):
        is_automatic(None, "long")
    for length in ("auto", 5):
        with pytest.raises(ValueError, match=f"block_length: expected None where groups are given, found {length!r}"):
            is_automatic(["a"], length)
