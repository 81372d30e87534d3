from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from mot_fast.analysis.over_splits import corrected_interval, corrected_p_value


def interval(values, n_train, n_test, confidence):
    """Nadeau and Bengio's interval by the printed formula, with SciPy's t."""
    n = len(values)
    variance = (1 / n + n_test / n_train) * np.var(values, ddof=1)
    return scipy.stats.t(n - 1, np.mean(values), np.sqrt(variance)).interval(confidence)


@pytest.mark.parametrize(("n_splits", "confidence"), [(2, 0.95), (5, 0.95), (30, 0.6)])
def test_the_interval_is_the_printed_formulas(rng, n_splits, confidence):
    values = rng.random(n_splits)
    expected = interval(values, 80, 20, confidence)
    assert corrected_interval(values, 80, 20, confidence) == pytest.approx(expected, abs=1e-12)


def test_no_held_out_stimuli_to_speak_of_leave_the_plain_interval(rng):
    values = rng.random(6)
    plain = scipy.stats.t(5, values.mean(), scipy.stats.sem(values)).interval(0.95)
    assert corrected_interval(values, 1e12, 1e-3) == pytest.approx(plain, abs=1e-9)


def test_p_is_a_half_where_the_one_sided_interval_ends_at_zero(rng):
    differences = rng.random(5) - 0.2
    low, high = corrected_interval(differences, 80, 20, 0.9)
    assert corrected_p_value(differences - low, 80, 20) == pytest.approx(0.05, abs=1e-9)
    assert corrected_p_value(differences - high, 80, 20) == pytest.approx(0.95, abs=1e-9)
    assert corrected_p_value(-differences, 80, 20) == pytest.approx(1 - corrected_p_value(differences, 80, 20))


@pytest.mark.parametrize(("differences", "p"), [([0.0] * 4, 1.0), ([-0.1] * 4, 1.0), ([0.1] * 4, 0.0)])
def test_p_of_differences_that_are_all_alike(differences, p):
    assert corrected_p_value(differences, 80, 20) == p


@pytest.mark.parametrize("values", [[0.5], [0.5, np.nan, 0.4]])
def test_a_single_split_and_undefined_scores_give_nan(values):
    assert np.isnan([*corrected_interval(values, 80, 20), corrected_p_value(values, 80, 20)]).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], 80, 20), ValueError, r"values: expected one number a split, found shape \(0,\)"),
        (([[1.0, 2.0]], 80, 20), ValueError, r"values: expected one number a split, found shape \(1, 2\)"),
        (([1.0, np.inf], 80, 20), ValueError, r"values: expected finite numbers or NaN, found \[1.0, inf\]"),
        ((["a"], 80, 20), TypeError, "values: expected real numbers, found <U1"),
        (([1.0, 2.0], 0, 20), ValueError, "n_train: expected a number of stimuli, found 0"),
        (([1.0, 2.0], 80, float("nan")), ValueError, "n_test: expected a number of stimuli, found nan"),
        (([1.0, 2.0], "80", 20), TypeError, "n_train: expected a number, found '80'"),
        (([1.0, 2.0], 80, True), TypeError, "n_test: expected a number, found True"),
        (([1.0, 2.0], 80, 20, 1.0), ValueError, "confidence: expected a number between 0 and 1, found 1.0"),
    ],
)
def test_what_an_interval_over_splits_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        corrected_interval(*arguments)


def test_what_a_p_value_over_splits_refuses():
    with pytest.raises(ValueError, match=r"differences: expected one number a split, found shape \(\)"):
        corrected_p_value(0.5, 80, 20)
    with pytest.raises(ValueError, match="n_train: expected a number of stimuli, found -1"):
        corrected_p_value([0.5, 0.4], -1, 20)
