from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mot_fast as mot


@given(st.integers(2, 300), st.floats(0.01, 0.99), st.integers(0, 10))
def test_every_stimulus_is_on_one_side(n_stimuli, test_size, seed):
    if not 0 < round(n_stimuli * test_size) < n_stimuli:
        with pytest.raises(ValueError, match="test_size: expected a fraction that leaves stimuli on both sides"):
            mot.split(n_stimuli, test_size, seed)
        return
    train, test = mot.split(n_stimuli, test_size, seed)
    assert len(test) == round(n_stimuli * test_size)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(n_stimuli))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()


def test_the_seed_decides():
    first, again, other = (mot.split(100, seed=seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_paper_s_stimuli_split_as_in_its_tables():
    train, test = mot.split(2552)
    assert (len(train), len(test)) == (2042, 510)


@pytest.mark.parametrize("test_size", [0, 1, 1.5, -0.2, float("nan"), 3])
def test_impossible_fractions_are_refused(test_size):
    with pytest.raises(ValueError, match="test_size: expected a fraction that leaves stimuli on both sides, found"):
        mot.split(10, test_size)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1,), ValueError, "n_stimuli: expected at least 2, found 1"),
        ((2.5,), TypeError, "n_stimuli: expected an integer, found 2.5"),
        ((10, "a"), TypeError, "test_size: expected a number, found 'a'"),
        ((10, None), TypeError, "test_size: expected a number, found None"),
        ((10, 0.2, -1), ValueError, "seed: expected at least 0, found -1"),
        ((10, 0.2, None), TypeError, "seed: expected an integer, found None"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        mot.split(*arguments)


def blocked_twin(n_stimuli, n_splits, gap):
    """Blocked splits from their definition, stimulus by stimulus."""
    length, n_longer = divmod(n_stimuli, n_splits)
    lengths = [length + 1] * n_longer + [length] * (n_splits - n_longer)
    first, splits = 0, []
    for each in lengths:
        test = [t for t in range(n_stimuli) if first <= t < first + each]
        train = [t for t in range(n_stimuli) if t < first - gap or t >= first + each + gap]
        splits.append((train, test))
        first += each
    return splits


@given(st.integers(2, 80), st.data())
def test_blocked_splits_partition_the_stimuli(n_stimuli, data):
    n_splits, gap = data.draw(st.integers(2, n_stimuli)), data.draw(st.integers(0, n_stimuli))
    expected = blocked_twin(n_stimuli, n_splits, gap)
    if not all(train for train, _ in expected):
        with pytest.raises(ValueError, match=f"gap: expected one that leaves training stimuli .*, found {gap} beside"):
            mot.blocked_splits(n_stimuli, n_splits, gap)
        return
    found = mot.blocked_splits(n_stimuli, n_splits, gap)
    assert [(train.tolist(), test.tolist()) for train, test in found] == expected
    np.testing.assert_array_equal(np.concatenate([test for _, test in found]), np.arange(n_stimuli))
    for train, test in found:
        assert np.abs(train[:, None] - test).min() > gap


@given(st.lists(st.integers(0, 9), min_size=2, max_size=60), st.floats(0.05, 0.95), st.integers(0, 5))
def test_groups_are_held_out_as_a_whole(groups, test_size, seed):
    n_groups = len(set(groups))
    if n_groups < 2:
        with pytest.raises(ValueError, match=f"groups: expected at least 2 groups, found 1, {groups[0]}$"):
            mot.split(len(groups), test_size, seed, groups=groups)
        return
    if not 0 < round(n_groups * test_size) < n_groups:
        with pytest.raises(ValueError, match=f"expected a fraction that leaves groups on both sides, .* of {n_groups}"):
            mot.split(len(groups), test_size, seed, groups=groups)
        return
    train, test = mot.split(len(groups), test_size, seed, groups=groups)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(groups)))
    held_out = {groups[t] for t in test}
    assert not held_out & {groups[t] for t in train}
    assert len(held_out) == round(n_groups * test_size)
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    renamed = mot.split(len(groups), test_size, seed, groups=[f"group {9 - each}" for each in groups])
    np.testing.assert_array_equal(renamed[1], test)  # labels are names alone


@given(st.integers(2, 50), st.integers(0, 5))
def test_a_group_for_every_stimulus_is_none(n_stimuli, seed):
    alone = mot.split(n_stimuli, 0.5, seed)
    np.testing.assert_array_equal(mot.split(n_stimuli, 0.5, seed, groups=range(n_stimuli))[1], alone[1])


def test_groups_come_in_many_types():
    expected = mot.split(4, 0.5, groups=[0, 0, 1, 1])
    given_as = [np.array([3.5, 3.5, 2.0, 2.0]), ("a", "a", "b", "b"), np.array(["a", "a", "b", "b"]), b"aabb"]
    given_as += [np.ma.array([1, 1, 2, 2]), np.array([("x", 1), ("x", 1), ("y", 1), ("y", 1)], "U1,i4")]
    given_as[3] = [*given_as[3]]
    for groups in given_as:
        np.testing.assert_equal(mot.split(4, 0.5, groups=groups), expected)


def test_groups_of_pandas_may_lack_none():
    pandas = pytest.importorskip("pandas")
    expected = mot.split(4, 0.5, groups=[0, 0, 1, 1])
    labels = pandas.Series(["a", "a", "b", "b"], index=[3, 2, 1, 0])
    for kind in ("object", "category", "string"):
        np.testing.assert_equal(mot.split(4, 0.5, groups=labels.astype(kind)), expected)
        missing = labels.where(labels.index > 1).astype(kind)
        with pytest.raises(ValueError, match=r"groups: expected a label for every .*, found .* first at stimulus 2"):
            mot.split(4, 0.5, groups=missing)


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ([1, 2, 1], ValueError, "groups: expected one label for each of 4 stimuli, found 3"),
        ([1, 1, 1, 1], ValueError, "groups: expected at least 2 groups, found 1, 1"),
        ([1, 2, float("nan"), 1], ValueError, "groups: expected a label for every stimulus, found nan first at stimul"),
        (
            ["a", None, "b", "a"],
            ValueError,
            "groups: expected a label for every stimulus, found None first at stimulus 1",
        ),
        (np.ma.array([1, 2, 3, 4], mask=[0, 0, 1, 0]), ValueError, "expected a label for every stimulus, found masked"),
        (np.eye(4), ValueError, r"groups: expected one label for each stimulus, found shape \(4, 4\)"),
        ("abab", TypeError, "groups: expected one label for each stimulus, found 'abab'"),
        ({1, 2, 3, 4}, TypeError, "groups: expected one label for each stimulus, found {1, 2, 3, 4}"),
        (4, TypeError, "groups: expected one label for each stimulus, found 4"),
        ([[1], [2], [1], [2]], TypeError, r"groups: expected numbers or texts, found \[1\] first at stimulus 0"),
        ([np.eye(2)] * 4, TypeError, "groups: expected numbers or texts, found array"),
    ],
)
def test_bad_groups_are_named(groups, error, message):
    with pytest.raises(error, match=message):
        mot.split(4, groups=groups)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1,), ValueError, "n_stimuli: expected at least 2, found 1"),
        ((10, 1), ValueError, "n_splits: expected at least 2, found 1"),
        ((10, 11), ValueError, "n_splits: expected at most 10, found 11"),
        ((10, 2.0), TypeError, "n_splits: expected an integer, found 2.0"),
        ((10, 5, -1), ValueError, "gap: expected at least 0, found -1"),
        (
            (10, 2, 5),
            ValueError,
            "gap: expected one that leaves training stimuli beside every block, found 5 beside bl",
        ),
    ],
)
def test_bad_arguments_of_blocked_splits_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        mot.blocked_splits(*arguments)
