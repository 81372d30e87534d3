"""Layers and units of unequal masses."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from oracles.transports import assert_optimal, correlation_cost, transport_by_linear_programming


@pytest.fixture
def networks(layers):
    return layers([6, 9], 50, seed=1), layers([7, 5, 8], 50, seed=2)


def test_layers_weigh_what_they_are_given(networks):
    alignment = mot.align(*networks, source_mass=[3, 1], target_mass=np.array([1.0, 2.0, 5.0]))
    cost, plan = transport_by_linear_programming(alignment.layer_costs, [0.75, 0.25], np.array([1, 2, 5]) / 8)
    assert alignment.cost == pytest.approx(cost)
    np.testing.assert_allclose(alignment.layer_plan, plan, atol=1e-12)
    np.testing.assert_array_equal(alignment.layer_costs, mot.align(*networks).layer_costs)
    for name in ("mot", "single_best", "pairwise_best", "permuted"):
        np.testing.assert_allclose(alignment.coupling(name).sum(axis=1), [0.75, 0.25])


@pytest.mark.parametrize("rotate", [False, True])
def test_units_weigh_what_they_are_given(networks, rng, rotate):
    source, target = networks
    a, b = ([rng.random(x.shape[1]) + 0.1 for x in network] for network in networks)
    alignment = mot.align(source, target, source_mass=a, target_mass=b, rotate=rotate)
    layer_masses = np.array([masses.sum() for masses in a])
    np.testing.assert_allclose(alignment.layer_plan.sum(axis=1), layer_masses / layer_masses.sum())
    for l, x in enumerate(source):
        for m, y in enumerate(target):
            rotated = x @ alignment.rotation(l, m) if rotate else x
            plan = alignment.unit_plan(l, m)
            masses = a[l] / a[l].sum(), b[m] / b[m].sum()
            np.testing.assert_allclose(plan.toarray().sum(axis=1), masses[0], atol=1e-12)
            np.testing.assert_allclose(plan.toarray().sum(axis=0), masses[1], atol=1e-12)
            if not rotate:
                assert_optimal(plan, correlation_cost(rotated, y), *masses, tolerance=1e-7)


def test_predictions_are_means_over_a_unit_s_mass(networks, rng):
    """Whatever the masses, a layer's prediction is a weighted mean of target units' z-scores."""
    source, target = networks
    a = [rng.random(x.shape[1]) + 0.1 for x in source]
    alignment = mot.align(source, target, source_mass=a)
    for l, prediction in enumerate(alignment.reconstruct(target)):
        expected = 0
        for m, y in enumerate(target):
            plan = alignment.unit_plan(l, m).toarray()
            share = alignment.layer_plan[l, m] / alignment.layer_plan[l].sum()
            expected = expected + share * ((y - y.mean(0)) / y.std(0)) @ (plan / plan.sum(axis=1, keepdims=True)).T
        np.testing.assert_allclose(prediction, expected, atol=1e-10)


def test_equal_masses_change_nothing(networks):
    source, target = networks
    plain = mot.align(source, target)
    weighted = mot.align(
        source, target, source_mass=[2, 2], target_mass=[np.full(y.shape[1], 1 / y.shape[1]) for y in target]
    )
    np.testing.assert_allclose(weighted.layer_plan, plain.layer_plan, atol=1e-15)
    np.testing.assert_allclose(weighted.unit_plan(1, 2).toarray(), plain.unit_plan(1, 2).toarray(), atol=1e-15)


def test_a_unit_of_double_mass_is_two_units(networks):
    source, target = networks
    doubled = [np.hstack([source[0], source[0][:, :1]]), source[1]]
    masses = [np.array([2.0, 1, 1, 1, 1, 1]), np.ones(9)]
    layer_masses = [7.0, 9.0]
    weighted = mot.align(source, target, source_mass=masses)
    copied = mot.align(doubled, target, source_mass=layer_masses)
    np.testing.assert_allclose(weighted.layer_costs, copied.layer_costs, atol=1e-12)
    np.testing.assert_allclose(weighted.layer_plan, copied.layer_plan, atol=1e-12)


def test_masses_of_any_scale_are_shares(networks):
    huge = [np.full(6, 2.5e307), np.full(9, 1e307)]
    alignment = mot.align(*networks, source_mass=huge)
    np.testing.assert_allclose(alignment.source.layer_masses, [1.5 / 2.4, 0.9 / 2.4])
    np.testing.assert_allclose(alignment.source.masses_of_units(0), 1 / 6)


def test_rotations_are_fitted_to_rows_that_sum_to_one(networks, rng):
    """Whatever the masses of units, the residual is that of weighted means of target units."""
    source, target = networks
    a = [rng.random(x.shape[1]) + 0.1 for x in source]
    alignment = mot.align(source, target, source_mass=a, rotate=True)
    for l, x in enumerate(source):
        for m, y in enumerate(target):
            plan = alignment.unit_plan(l, m).toarray()
            rotated = (x - x.mean(0)) @ alignment.rotation(l, m)
            carried = (y - y.mean(0)) @ (plan / plan.sum(axis=1, keepdims=True)).T
            fit = np.vdot(rotated, carried) ** 2 / ((rotated**2).sum() * (carried**2).sum())
            assert 1 - fit == pytest.approx(alignment.layer_costs[l, m], abs=1e-12)


def test_permuted_rows_carry_the_mass_of_their_new_layer(layers):
    source, target = layers([4, 5, 3, 6], 50, seed=1), layers([7, 5, 8], 50, seed=2)
    masses = np.array([1.0, 2.0, 3.0, 4.0]) / 10
    alignment = mot.align(source, target, source_mass=masses)
    shares = alignment.layer_plan / masses[:, None]
    found = [alignment.coupling("permuted", seed=seed) / masses[:, None] for seed in range(5)]
    assert any((each != shares).any() for each in found)
    for each in found:
        np.testing.assert_allclose(each.sum(axis=1), 1)
        np.testing.assert_allclose(sorted(map(tuple, each.round(12))), sorted(map(tuple, shares.round(12))))


def test_masses_come_back_from_a_file(networks, rng, tmp_path):
    a = [rng.random(x.shape[1]) + 0.1 for x in networks[0]]
    alignment = mot.align(*networks, source_mass=a)
    alignment.save(tmp_path / "run.mot")
    loaded = mot.Alignment.load(tmp_path / "run.mot")
    for l in range(2):
        np.testing.assert_array_equal(loaded.source.masses_of_units(l), alignment.source.masses_of_units(l))
    assert loaded.target.unit_masses is None
    assert loaded.score(*networks).value == alignment.score(*networks).value


@pytest.mark.parametrize(
    ("mass", "error", "message"),
    [
        ([1, 2, 3], ValueError, r"source_mass: expected shape \(2,\), found \(3,\)"),
        ([1, 0], ValueError, r"source_mass: expected positive masses, found 0.0 of 1.0 at 1"),
        ([1.0, 1e-101], ValueError, r"source_mass: expected positive masses, found 1e-101 of 1.0 at 1"),
        ([1e-300, 1e300], ValueError, r"source_mass: expected positive masses, found 1e-300 of 1e\+300 at 1|at 0"),
        ([np.ones(6), None], TypeError, r"source_mass\[1\]: expected an array of masses, found None"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), ValueError, r"source_mass: expected every number, found masked"),
        ([[1.0], [2.0, 3.0]], ValueError, r"source_mass\[0\]: expected shape \(6,\), found \(1,\)"),
        ([1, -1], ValueError, r"source_mass: expected non-negative masses, found -1.0 first at 1"),
        ([1, np.nan], ValueError, r"source_mass: expected finite masses, found nan first at 1"),
        (3, TypeError, r"source_mass: expected one mass, or one array of masses, a layer, found 3"),
        ("ab", TypeError, r"source_mass: expected one mass, or one array of masses, a layer, found 'ab'"),
        (["a", "b"], TypeError, r"source_mass\[0\]: expected real numbers, found <U1 \('a'\)"),
        ([np.ones(6)], ValueError, r"source_mass: expected one array for each of 2 layers, found 1"),
        ([np.ones(6), np.ones(8)], ValueError, r"source_mass\[1\]: expected shape \(9,\), found \(8,\)"),
        ([np.ones(6), np.zeros(9)], ValueError, r"source_mass\[1\]: expected some mass and a finite sum"),
        ([np.ones(6), 1.0], ValueError, r"source_mass\[1\]: expected shape \(9,\), found \(\)"),
    ],
)
def test_bad_masses_are_refused(networks, mass, error, message):
    with pytest.raises(error, match=message):
        mot.align(*networks, source_mass=mass)
