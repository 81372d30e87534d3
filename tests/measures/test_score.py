from __future__ import annotations

import numpy as np
import pytest

from mot_fast.measures.score import Score, correlate_units


def test_it_is_pearson_s_correlation_of_each_unit(rng):
    truth, prediction = rng.standard_normal((30, 6)), rng.standard_normal((30, 6))
    expected = [np.corrcoef(truth[:, i], prediction[:, i])[0, 1] for i in range(6)]
    np.testing.assert_allclose(correlate_units(truth, prediction), expected, atol=1e-14)
    np.testing.assert_allclose(correlate_units(truth * 1e307, prediction * 1e-307), expected, atol=1e-14)
    np.testing.assert_allclose(correlate_units(1e8 + 1e-3 * truth, prediction * 1e200), expected, atol=1e-4)


def test_exact_copies_and_opposites_score_plus_and_minus_one(rng):
    truth = rng.standard_normal((30, 3)).astype(np.float16)
    np.testing.assert_allclose(correlate_units(truth, truth.astype(float) * 3 + 1), 1.0, atol=1e-15)
    np.testing.assert_allclose(correlate_units(truth, -truth.astype(float)), -1.0, atol=1e-15)


def test_constant_truth_is_undefined_and_constant_prediction_scores_zero(rng):
    truth, prediction = rng.random((10, 3)), rng.random((10, 3))
    truth[:, 0] = 0.1
    prediction[:, :2] = 0.1
    r = correlate_units(truth, prediction)
    assert np.isnan(r[0])
    assert r[1] == 0.0
    assert r[2] != 0.0


def test_means_leave_out_what_is_undefined():
    score = Score.of_units([np.array([1.0, np.nan, 0.0]), np.array([np.nan]), np.array([0.2])])
    np.testing.assert_array_equal(score.per_layer, [0.5, np.nan, 0.2])
    assert score.value == pytest.approx(0.35)
    assert score.n_undefined == 2
    assert score.over_units == pytest.approx(0.4)
    assert np.isnan(Score.of_units([np.array([np.nan])]).value)
