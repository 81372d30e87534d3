from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.measures.hierarchy import ceiling
from oracles import transports as oracles


def test_it_is_the_formula(rng):
    for shape in [(2, 2), (5, 9), (12, 3)]:
        plan = rng.standard_normal(shape)
        assert mot.hierarchy(plan) == pytest.approx(oracles.hierarchy(plan), abs=1e-15)


def test_order_kept_is_1_and_order_reversed_is_low():
    assert mot.hierarchy(np.eye(6)) == 1.0
    assert mot.hierarchy(np.eye(6) * 1e308) == 1.0
    assert mot.hierarchy(np.eye(2)[::-1]) == 0.0
    assert mot.hierarchy(np.eye(6)[::-1]) == pytest.approx(0.4)


def test_everything_on_one_end_layer_is_a_half():
    plan = np.zeros((5, 8))
    plan[:, -1] = 0.2
    assert mot.hierarchy(plan) == pytest.approx(0.5, abs=1e-15)


def test_the_ceiling_is_that_of_the_monotone_plan():
    assert ceiling(12, 24) == pytest.approx(0.978, abs=5e-4)
    assert ceiling(7, 7) == 1.0
    rng = np.random.default_rng(3)
    costs = np.abs(np.arange(6)[:, None] / 5 - np.arange(9)[None, :] / 8)
    assert ceiling(6, 9) <= mot.hierarchy(mot.solve_transport(costs).toarray()) + 1e-12
    for _ in range(20):
        plan = mot.solve_transport(rng.random((6, 9))).toarray()
        assert mot.hierarchy(plan) < ceiling(6, 9)


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (6, 4), (7, 7)])
def test_the_ceiling_is_the_best_score_that_any_plan_of_these_masses_has(shape, rng):
    for n_empty in (0, 0, 1):
        source, target = rng.random(shape[0]), rng.random(shape[1])
        target[:n_empty] = 0.0
        best = oracles.best_hierarchy(source / source.sum(), target / target.sum())
        assert ceiling(*shape, 1e-9 * source, 1e9 * target) == pytest.approx(best, abs=1e-9)
        of_source = oracles.best_hierarchy(source / source.sum(), np.full(shape[1], 1 / shape[1]))
        assert ceiling(*shape, source_masses=source) == pytest.approx(of_source, abs=1e-9)


def test_equal_masses_are_those_by_default():
    assert ceiling(5, 9, np.ones(5), np.full(9, 0.3)) == ceiling(5, 9)
    assert ceiling(5, 9, target_masses=np.arange(1, 10)) < ceiling(5, 9)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1, 3), ValueError, "n_source: expected at least 2, found 1"),
        ((3, 1), ValueError, "n_target: expected at least 2, found 1"),
        ((3, 2.5), TypeError, r"n_target: expected an integer, found 2\.5"),
        ((3, 2, [1, 2]), ValueError, r"source_masses: expected shape \(3,\), found \(2,\)"),
        ((3, 2, None, [1, -2]), ValueError, r"target_masses: expected non-negative masses, found -2\.0 first at 1"),
    ],
)
def test_bad_layers_and_masses_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        ceiling(*arguments)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1)])
def test_one_layer_has_no_depth(shape):
    with pytest.raises(ValueError, match=r"layer_plan: expected at least two layers on each side, found shape"):
        mot.hierarchy(np.ones(shape))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (np.zeros((3, 3)), "layer_plan: expected some weight, found only zeros"),
        ([[1.0, np.nan], [0.0, 1.0]], r"layer_plan: expected finite numbers, found nan first at \(0, 1\)"),
        ([1.0, 2.0], r"layer_plan: expected a non-empty matrix, found shape \(2,\)"),
    ],
)
def test_bad_plans_are_named(plan, message):
    with pytest.raises(ValueError, match=message):
        mot.hierarchy(plan)
