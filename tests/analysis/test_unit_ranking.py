"""Units by the price at which they are matched, and the share at the knee of their curve."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from oracles.partial_transports import partial_by_linear_programming
from oracles.transports import correlation_cost


def layer_with(common, n_own, noise, seed):
    """Units with noise of their own on what both networks have in common, and units that nobody else has."""
    rng = np.random.default_rng(seed)
    n = len(common)
    return np.hstack([common + noise * rng.standard_normal(common.shape), rng.standard_normal((n, n_own))])


@pytest.fixture
def networks():
    rng = np.random.default_rng(1)
    common = [rng.standard_normal((80, n)) for n in (6, 5, 7)]
    return [[layer_with(x, 3, 0.5, seed + 10 * k) for k, x in enumerate(common)] for seed in (2, 3)]


def test_prices_are_means_over_the_layers_that_the_plan_couples(networks):
    source, target = networks[0], networks[1][:2]
    alignment = mot.align(source, target)
    ranking = mot.rank_units(alignment, source, target)
    plan = alignment.layer_plan
    for l, prices in enumerate(ranking.source_prices):
        of_pairs = [mot.partial_path(correlation_cost(source[l], y)).rows.all for y in target]
        np.testing.assert_allclose(prices, plan[l] @ of_pairs / plan[l].sum(), atol=1e-9)
    for m, prices in enumerate(ranking.target_prices):
        of_pairs = [mot.partial_path(correlation_cost(x, target[m])).columns.all for x in source]
        np.testing.assert_allclose(prices, plan[:, m] @ of_pairs / plan[:, m].sum(), atol=1e-9)


def test_a_price_is_what_the_last_mass_costs_that_has_to_be_carried():
    rng = np.random.default_rng(4)
    common = rng.standard_normal((60, 3))
    x, y = layer_with(common, 2, 0.4, 5), layer_with(common, 2, 0.4, 6)
    cost, a = correlation_cost(x, y), np.full(5, 0.2)
    (prices,) = mot.rank_units(mot.align([x], [y]), [x], [y]).source_prices
    step = 1e-4
    for unit, price in enumerate(prices):
        # Mass enters at increasing prices: the least mass of which all optimal plans match the unit as a whole.
        masses = np.arange(1, 6) / 5
        plans = [partial_by_linear_programming(cost, a, a, mass)[1] for mass in masses]
        mass = masses[next(k for k, plan in enumerate(plans) if plan[unit].sum() > 0.2 - 1e-9)]
        below, at = (partial_by_linear_programming(cost, a, a, each)[0] for each in (mass - step, mass))
        assert price == pytest.approx((at - below) / step, abs=1e-8)


def test_own_units_come_last_and_layers_left_behind_have_no_price(networks):
    pandas = pytest.importorskip("pandas")
    source, target = networks
    alignment = mot.align(source, target, layer_mass=2 / 3)
    left = int(np.argmin(alignment.layer_plan.sum(axis=1)))
    table = mot.rank_units(alignment, source, target).to_pandas()
    assert list(table.columns) == ["network", "layer", "unit", "price", "rank"]
    assert len(table) == sum(x.shape[1] for side in networks for x in side)
    for l, x in enumerate(source):
        rows = table[(table["network"] == "source") & (table["layer"] == alignment.source.labels[l])]
        assert rows["unit"].tolist() == list(range(x.shape[1]))
        if l == left:
            assert rows["price"].isna().all()
            assert rows["rank"].isna().all()
        else:
            own = rows["unit"] >= x.shape[1] - 3
            assert rows.loc[own, "price"].min() > rows.loc[~own, "price"].max()
            assert rows.loc[~own, "rank"].max() < rows.loc[own, "rank"].min()
    assert isinstance(table, pandas.DataFrame)


def test_masses_of_units_are_honoured(networks):
    rng = np.random.default_rng(7)
    (x, *_), (y, *_) = networks
    masses = [rng.random(x.shape[1]) + 0.1], [rng.random(y.shape[1]) + 0.1]
    alignment = mot.align([x], [y], source_mass=masses[0], target_mass=masses[1])
    a, b = (side[0] / side[0].sum() for side in masses)
    path = mot.partial_path(correlation_cost(x, y), a, b)
    ranking = mot.rank_units(alignment, [x], [y], n_jobs=1)
    np.testing.assert_allclose(ranking.source_prices[0], path.rows.all, atol=1e-9)
    np.testing.assert_allclose(ranking.curve.costs, path.cost_at(ranking.curve.shares * path.masses[-1]), atol=1e-9)


def test_the_share_of_a_single_pair_is_that_at_the_knee_of_its_path(networks):
    (x, *_), (y, *_) = networks
    path = mot.partial_path(correlation_cost(x, y))
    alignment = mot.align([x], [y], unit_mass="path")
    assert alignment.goals.units.mass == pytest.approx(path.knee(), abs=1e-9)
    np.testing.assert_array_equal(
        alignment.unit_plan(0, 0).toarray(),
        mot.align([x], [y], unit_mass=alignment.goals.units.mass).unit_plan(0, 0).toarray(),
    )
    assert mot.rank_units(alignment, [x], [y]).curve.knee() == alignment.goals.units.mass


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_share_of_many_pairs_is_that_of_the_pairs_that_a_balanced_plan_couples(n_jobs, networks, tmp_path):
    source, target = networks
    balanced = mot.align(source, target)
    expected = mot.rank_units(balanced, source, target).curve.knee()
    found = mot.align(source, target, unit_mass="path", layer_mass=0.9, n_jobs=n_jobs, store=tmp_path)
    assert found.goals.units.mass == pytest.approx(expected, abs=0.03)  # the plan of a share couples fewer pairs
    assert mot.align(source, target, unit_mass="path").goals.units.mass == expected
    assert 0.6 < expected < 0.8
    found.save(tmp_path / "run.mot")
    assert mot.Alignment.load(tmp_path / "run.mot").goals == found.goals


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"unit_mass": "knee"}, ValueError, "unit_mass: expected one of 'path', found 'knee'"),
        ({"unit_mass": "path", "unit_cost": 0.5}, ValueError, "unit_mass and unit_cost: expected one of them"),
        ({"unit_mass": "path", "rotate": True}, ValueError, "unit_mass: expected a share of the mass where layers are"),
        ({"unit_mass": "path", "layer_cost": 1e-3}, ValueError, "layer_cost: expected more than the least cost"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message, networks):
    with pytest.raises(error, match=message):
        mot.align(*networks, **arguments)


def test_rotations_and_other_networks_are_refused(networks):
    source, target = networks
    with pytest.raises(ValueError, match="alignment: expected one without rotations"):
        mot.rank_units(mot.align(source, target, rotate=True), source, target)
    alignment = mot.align(source, target)
    with pytest.raises(ValueError, match="source: "):
        mot.rank_units(alignment, source[:2], target)
    with pytest.raises(ValueError, match="stimuli"):
        mot.rank_units(alignment, source, [y[:50] for y in target])
