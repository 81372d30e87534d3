from __future__ import annotations

import itertools

import numpy as np
import pytest

from mot_fast.analysis.shuffles import Shuffle


def orders(n_stimuli, n, *, kind="stimuli", block_length=None, groups=None, rows=None, seed=0):
    shuffle = Shuffle.of(kind, block_length, groups, n_stimuli)
    return shuffle.orders(np.arange(n_stimuli) if rows is None else np.array(rows), n, np.random.default_rng(seed))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"kind": "circular"},
        {"kind": "blocks", "block_length": 3},
        {"kind": "blocks", "block_length": 1},
        {"groups": [0, 1, 0, 1, 2, 2, 0, 1, 3, 4, 2]},
    ],
)
def test_every_order_has_every_stimulus_once(how):
    for order in orders(11, 10, **how):
        np.testing.assert_array_equal(np.sort(order), np.arange(11))
        assert order.dtype == np.int64


def test_stimuli_are_permuted_as_by_numpy():
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(orders(7, 4, seed=5), [rng.permutation(7) for _ in range(4)])


def test_circular_shifts_do_not_repeat():
    record = np.arange(30)
    for n, n_found in ((12, 12), (29, 29), (100, 29)):
        found = orders(30, n, kind="circular")
        shifts = {int(order[0]) for order in found}
        assert len(found) == len(shifts) == n_found
        assert 0 not in shifts
        for order in found:
            np.testing.assert_array_equal(np.roll(record, -order[0]), order)
    assert {int(order[0]) for order in orders(30, 12, kind="circular", seed=1)} != {
        int(order[0]) for order in orders(30, 12, kind="circular")
    }


def test_blocks_keep_their_order_and_share_out_the_rest():
    blocks = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    expected = {tuple(itertools.chain(*each)) for each in itertools.permutations(blocks)}
    assert {tuple(order) for order in orders(11, 200, kind="blocks", block_length=3)} == expected
    assert {tuple(order) for order in orders(4, 50, kind="blocks", block_length=2)} == {(0, 1, 2, 3), (2, 3, 0, 1)}


def test_groups_of_equal_size_are_exchanged_and_others_stay():
    groups = ["a", "b", "a", "lone", "b", "c", "c", "long", "long", "long"]
    expected = set()
    for order in itertools.permutations([(0, 2), (1, 4), (5, 6)]):
        stimuli = list(range(10))
        for place, (first, second) in zip([(0, 2), (1, 4), (5, 6)], order, strict=True):
            stimuli[place[0]], stimuli[place[1]] = first, second
        expected.add(tuple(stimuli))
    assert {tuple(order) for order in orders(10, 200, groups=groups)} == expected


def test_orders_of_some_stimuli_are_of_their_groups():
    groups = [0, 0, 1, 1, 2, 2, 3]
    found = {tuple(order) for order in orders(7, 50, groups=groups, rows=[0, 1, 4, 5, 6])}
    assert found == {(0, 1, 2, 3, 4), (2, 3, 0, 1, 4)}
    with pytest.raises(ValueError, match=r"groups: expected several groups of one size among the held-out stimuli"):
        Shuffle.of("stimuli", None, groups, 7).orders(
            np.array([0, 1, 6]), 1, np.random.default_rng(0), "held-out stimuli"
        )
