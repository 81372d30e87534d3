from __future__ import annotations

import numpy as np
import pytest

from mot_fast.measures.coupling import COUPLINGS, coupling

PLAN = np.array([[0.30, 0.20, 0.0], [0.0, 0.1, 0.4]])
COSTS = np.array([[0.5, 0.4, 0.9], [0.2, 0.3, 0.2]])


@pytest.mark.parametrize("name", COUPLINGS)
def test_every_source_layer_has_the_same_weight(name):
    np.testing.assert_allclose(coupling(name, PLAN, COSTS).sum(axis=1), 0.5)


def test_baselines_put_everything_on_one_layer():
    np.testing.assert_array_equal(coupling("mot", PLAN, COSTS), PLAN)
    np.testing.assert_array_equal(coupling("single_best", PLAN, COSTS), [[0.5, 0, 0], [0, 0, 0.5]])
    np.testing.assert_array_equal(
        coupling("pairwise_best", PLAN, COSTS), [[0, 0.5, 0], [0.5, 0, 0]]
    )  # tie: the earlier


def test_greedy_averages_as_the_plan_does_without_its_balance(rng):
    np.testing.assert_array_equal(coupling("greedy", PLAN, COSTS), [[0.2, 0.3, 0], [0.4, 0, 0.1]])
    plan, costs = rng.random((5, 7)), rng.random((5, 7))
    for row, weights, cost in zip(plan, coupling("greedy", plan, costs), costs, strict=True):
        expected = dict(zip(sorted(range(7), key=lambda m: cost[m]), sorted(row, reverse=True), strict=True))
        np.testing.assert_array_equal(weights, [expected[m] for m in range(7)])
        assert (weights * cost).sum() <= (row * cost).sum()


def test_uniform_weighs_all_target_layers_alike():
    np.testing.assert_allclose(coupling("uniform", PLAN, COSTS), np.full((2, 3), 0.5 / 3))
    np.testing.assert_allclose(coupling("uniform", [[0.3, 0.3], [0.1, 0.3]] * np.ones(1), COSTS[:, :2])[1], 0.2)


def test_permuted_draws_rows_by_seed():
    plan = np.eye(6) / 6
    draws = [coupling("permuted", plan, plan, seed) for seed in range(5)]
    np.testing.assert_array_equal(draws[3], coupling("permuted", plan, plan, 3))
    assert len({draw.tobytes() for draw in draws}) > 1
    for draw in draws:
        np.testing.assert_array_equal(draw[draw.argmax(axis=0)], plan)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"coupling: expected one of 'mot', .* found 'none'"):
        coupling("none", PLAN, COSTS)
    with pytest.raises(TypeError, match="seed: expected an integer, found None"):
        coupling("permuted", PLAN, COSTS, None)
    with pytest.raises(ValueError, match="seed: expected at least 0, found -1"):
        coupling("permuted", PLAN, COSTS, -1)
