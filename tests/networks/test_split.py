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
