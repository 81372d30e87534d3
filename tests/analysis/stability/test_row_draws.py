from __future__ import annotations

import numpy as np
import pytest

from mot_fast.analysis.stability.row_draws import Stimuli, drawn_rows

GROUPS = ["b", "a", "a", "c", "b", "c", "c", "a", "b", "d", "d", "d"]


def drawn(resamples="bootstrap", n=12, n_resamples=200, **parts):
    stimuli = Stimuli.of(n, parts.get("groups"), parts.get("block_length"))
    return drawn_rows(stimuli, resamples, n_resamples, np.random.default_rng(0))


def counts(rows, n=12):
    return np.array([np.bincount(each, minlength=n) for each in rows])


@pytest.mark.parametrize("block_length", [None, 1, 5])
def test_the_bootstrap_draws_every_stimulus_equally_often(block_length):
    times = counts(drawn(block_length=block_length, n_resamples=2000))
    assert (times.sum(axis=1) == 12).all()
    np.testing.assert_allclose(times.mean(axis=0), 1.0, atol=0.16)  # four standard errors, and more
    assert times.max() > 2


def test_blocks_are_of_neighbours_around_the_circle():
    for rows in drawn(block_length=6, n_resamples=50):
        times = np.bincount(rows, minlength=12)
        edges = np.flatnonzero(times != np.roll(times, 1))
        assert len(edges) in (0, 2, 4)  # two arcs of six stimuli
    assert any(times[0] and times[11] for times in counts(drawn(block_length=6, n_resamples=50)))


def test_groups_are_drawn_as_a_whole():
    for times in counts(drawn(groups=GROUPS)):
        for group in "abcd":
            assert len({times[k] for k, each in enumerate(GROUPS) if each == group}) == 1
        assert sum(times[GROUPS.index(group)] for group in "abcd") == 4


@pytest.mark.parametrize("parts", [{}, {"block_length": 3}, {"groups": GROUPS}])
def test_halves_share_no_stimulus(parts):
    rows = drawn("halves", n_resamples=20, **parts)
    assert len(rows) == 20
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        assert sorted([*one, *other]) == list(range(12))
        assert abs(len(one) - len(other)) <= 3
        if "groups" in parts:
            assert not {GROUPS[k] for k in one} & {GROUPS[k] for k in other}
    assert len({tuple(each) for each in rows}) > 2


def test_stimuli_left_over_make_a_shorter_block():
    rows = drawn("halves", n=11, n_resamples=100, block_length=4)
    assert {len(each) for each in rows} == {3, 4, 7, 8}


def test_decoys_are_orders_that_keep_groups_together():
    rng = np.random.default_rng(0)
    for _ in range(50):
        order = Stimuli.of(12, GROUPS, None).unpaired(rng)
        assert sorted(order) == list(range(12))
        for group in "abcd":
            (taken,) = {GROUPS[order[k]] for k, each in enumerate(GROUPS) if each == group}
            assert taken != group
        assert sorted(Stimuli.of(12, None, None).unpaired(rng)) == list(range(12))


def test_decoys_of_time_series_are_shifted_by_a_block_or_more():
    rng = np.random.default_rng(0)
    orders = [Stimuli.of(12, None, 3).unpaired(rng) for _ in range(200)]
    assert {int(order[0]) for order in orders} == set(range(3, 10))
    for order in orders:
        np.testing.assert_array_equal(order, (order[0] + np.arange(12)) % 12)


def test_given_rows_are_taken_as_they_are():
    rows = drawn(iter([[3, 1, 2, 2], np.arange(12, dtype=np.uint8)]))
    np.testing.assert_array_equal(rows[0], [3, 1, 2, 2])
    np.testing.assert_array_equal(rows[1], range(12))
    assert {each.dtype for each in rows} == {np.dtype(np.int64)}


@pytest.mark.parametrize(
    ("resamples", "error", "message"),
    [
        ("jackknife", ValueError, "resamples: expected one of 'bootstrap', 'halves', found 'jackknife'"),
        (3, TypeError, "resamples: expected one of 'bootstrap', 'halves', or arrays, found 3"),
        ([[0, 1, 2]], ValueError, "resamples: expected at least two arrays of row indices, found 1"),
        ([[0, 1, 2], [0, 1]], ValueError, r"resamples\[1\]: expected at least 3 stimuli, found 2"),
        ([[0, 1, 2], [0, 1, 12]], IndexError, r"resamples\[1\]: expected row indices from 0 to 11, found 12"),
        ([[0, 1, -1]], IndexError, r"resamples\[0\]: expected row indices from 0 to 11, found -1"),
        ([[0.5, 1.5]], TypeError, r"resamples\[0\]: expected integers, found float64"),
        (
            [([0, 1], [2, 3])],
            ValueError,
            r"resamples\[0\]: expected row indices in one dimension, found shape \(2, 2\)",
        ),
    ],
)
def test_resamples_must_be_of_a_known_kind_or_rows(resamples, error, message):
    with pytest.raises(error, match=message):
        drawn(resamples)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_resamples": 1}, "n_resamples: expected at least 2, found 1"),
        ({"resamples": "halves", "n_resamples": 7}, "n_resamples: expected an even number of halves, found 7"),
        ({"groups": GROUPS[:5]}, "groups: expected one label for each of 12 stimuli, found 5"),
        ({"groups": [7] * 12}, "groups: expected at least 2 groups, found 1, 7"),
        ({"block_length": 7}, "block_length: expected at most 6, found 7"),
        ({"block_length": 0}, "block_length: expected at least 1, found 0"),
        ({"groups": GROUPS, "block_length": 2}, "groups and block_length: expected one of them, found both"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        drawn(**arguments)
