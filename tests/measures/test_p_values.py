from __future__ import annotations

import numpy as np
import pytest

from mot_fast.measures.p_values import adjust, share_as_extreme
from oracles import statistics as oracles

P_VALUES = [0.011, 0.02, 0.004, 0.9, 0.04, 0.011]


def test_holm_is_as_by_hand():
    """In order 0.004 * 6, 0.011 * 5, 0.011 * 4 (less than before), 0.02 * 3, 0.04 * 2, 0.9 * 1."""
    np.testing.assert_allclose(adjust(P_VALUES), [0.055, 0.06, 0.024, 0.9, 0.08, 0.055], rtol=1e-14)


def test_benjamini_hochberg_is_as_by_hand():
    """From the largest down 0.9 * 6 / 6, 0.04 * 6 / 5, 0.02 * 6 / 4, 0.011 * 6 / 3 twice, 0.004 * 6."""
    np.testing.assert_allclose(adjust(P_VALUES, "bh"), [0.022, 0.03, 0.022, 0.9, 0.048, 0.022], rtol=1e-14)


@pytest.mark.parametrize("method", ["holm", "bh"])
def test_adjusted_values_are_the_least_level_at_which_the_procedure_rejects(method, rng):
    for _ in range(30):
        p_values = rng.random(rng.integers(1, 9)).round(2)
        np.testing.assert_allclose(adjust(p_values, method), oracles.adjusted(p_values, method), atol=1e-14)


@pytest.mark.parametrize("method", ["holm", "bh"])
def test_tests_that_were_not_made_are_not_counted(method):
    p_values = np.array([[0.01, np.nan, 0.5], [np.nan, 0.02, 0.03]])
    adjusted = adjust(p_values, method)
    assert adjusted.shape == (2, 3)
    np.testing.assert_array_equal(np.isnan(adjusted), np.isnan(p_values))
    is_made = ~np.isnan(p_values)
    np.testing.assert_array_equal(adjusted[is_made], adjust(p_values[is_made], method))
    assert np.isnan(adjust([np.nan, np.nan], method)).all()
    assert adjust([], method).shape == (0,)
    assert adjust(0.03, method) == 0.03


def test_holm_holds_the_level_for_all_tests_together_and_bh_the_share_of_false_ones():
    """600 families of 20 tests, 10 of which have nothing to find."""
    rng = np.random.default_rng(1)
    p_values = rng.random((600, 20))
    p_values[:, 10:] **= 8
    false = {method: np.array([adjust(each, method) <= 0.1 for each in p_values]) for method in ("holm", "bh")}
    four_errors = 4 * np.sqrt(0.1 * 0.9 / 600)
    assert false["holm"][:, :10].any(axis=1).mean() <= 0.1 + four_errors
    share = false["bh"][:, :10].sum(axis=1) / np.maximum(false["bh"].sum(axis=1), 1)
    assert share.mean() == pytest.approx(0.05, abs=four_errors)  # half of the tests are false, at most
    assert false["bh"].sum() > false["holm"].sum()


@pytest.mark.parametrize(
    ("p_values", "method", "error", "message"),
    [
        ([0.1, 1.5], "holm", ValueError, r"p_values: expected numbers from 0 to 1, found 1\.5"),
        ([-0.1, 0.5], "bh", ValueError, r"p_values: expected numbers from 0 to 1, found -0\.1"),
        (["a"], "bh", TypeError, "p_values: expected real numbers"),
        ([0.1], "bonferroni", ValueError, "method: expected one of 'holm', 'bh', found 'bonferroni'"),
    ],
)
def test_what_is_no_p_value_is_named(p_values, method, error, message):
    with pytest.raises(error, match=message):
        adjust(p_values, method)


def test_values_that_differ_by_rounding_are_as_extreme():
    assert share_as_extreme(0.9, np.array([0.9 - 2e-16, 0.9 + 2e-16, 0.9 - 1e-9])) == 3 / 4


def test_undefined_values_speak_for_chance():
    null = np.array([[0.1, 0.1, np.nan], [0.2, 0.2, 0.2], [0.3, 0.3, 0.3]])
    np.testing.assert_array_equal(share_as_extreme([0.25, np.nan, 0.9], null), [0.5, np.nan, 0.5])
