from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import ot
import pytest
import scipy.sparse
import scipy.spatial.distance
from hypothesis import given, settings
from hypothesis import strategies as st

import mot_fast as mot
from oracles.partial_transports import (
    assert_partial_optimal,
    matchings_by_brute_force,
    partial_by_linear_programming,
)
from support.strategies import WIDE_FAMILIES, costs, masses, problems, sizes_to_price

shares = st.sampled_from([1e-3, 0.1, 0.3, 0.5, 0.77, 0.9, 1 - 1e-9, 1.0])


@st.composite
def partial_problems(draw, **sizes):
    """Costs and masses whose sums differ, and a mass to carry."""
    cost, a, b = draw(problems(**sizes))
    b = b * draw(st.sampled_from([0.3, 1.0, 2.5]))
    return cost, a, b, draw(shares) * min(a.sum(), b.sum())


def least(cost, expected):
    return pytest.approx(expected, abs=1e-7 * max(np.abs(cost).max(), 1e-300), rel=1e-9)


@pytest.mark.slow
@settings(max_examples=300)
@given(partial_problems())
def test_every_mass_is_carried_at_least_cost(problem):
    cost, a, b, mass = problem
    answer = mot.solve_transport(cost, a, b, mass=mass)
    assert answer.carried == pytest.approx(mass, rel=1e-9)
    assert_partial_optimal(answer, cost, a, b)
    assert answer.cost == least(cost, partial_by_linear_programming(cost, a, b, mass)[0])


@settings(max_examples=60)
@given(partial_problems(n=sizes_to_price, m=sizes_to_price))
def test_arcs_are_found_as_the_walk_needs_them(problem):
    cost, a, b, mass = problem
    assert_partial_optimal(mot.solve_transport(cost, a, b, mass=mass), cost, a, b)


@settings(max_examples=150)
@given(problems(families=WIDE_FAMILIES), shares, st.sampled_from(["float64", "float32"]))
def test_costs_of_many_magnitudes(problem, share, dtype):
    cost, a, b = problem
    cost = cost.astype(dtype)
    answer = mot.solve_transport(cost, a, b, mass=share * a.sum())
    assert_partial_optimal(answer, cost, a, b)


@pytest.mark.slow
@settings(max_examples=200)
@given(problems(), st.integers(0, 2**32 - 1), st.booleans())
def test_prices_of_mass_left_behind(problem, seed, is_one_number):
    cost, a, b = problem
    rng = np.random.default_rng(seed)
    spread = np.abs(cost).max()
    if is_one_number:
        price = spread * rng.uniform(-0.5, 1.5)
        kept = np.full(len(a), price / 2), np.full(len(b), price / 2)
    else:
        price = kept = spread * rng.uniform(-1, 1, len(a)), spread * rng.uniform(-1, 1, len(b))
    answer = mot.solve_transport(cost, a, b, unmatched_cost=price)
    assert answer.price == 0.0
    assert_partial_optimal(answer, cost, a, b, kept)
    expected, _ = partial_by_linear_programming(cost, a, b, kept=kept)
    assert answer.cost + answer.unmatched_cost == least(cost, expected)


@settings(max_examples=60)
@given(costs(st.integers(1, 4), st.integers(1, 5)))
def test_the_path_of_matchings_is_that_of_brute_force(cost):
    path = mot.partial_path(cost, np.ones(cost.shape[0]), np.ones(cost.shape[1]))
    expected = matchings_by_brute_force(cost)
    np.testing.assert_allclose(path.cost_at(np.arange(len(expected))), expected, atol=1e-9 * np.abs(cost).max())


@pytest.mark.slow
@settings(max_examples=100)
@given(partial_problems())
def test_the_path_is_convex_and_that_of_the_plans(problem):
    cost, a, b, _ = problem
    path = mot.partial_path(cost, a, b)
    assert path.masses[0] == path.costs[0] == 0.0
    assert path.masses[-1] == pytest.approx(min(a.sum(), b.sum()))
    assert (np.diff(path.masses) > 0).all()
    assert (np.diff(path.prices) > 0).all()
    assert path.end.cost == least(cost, path.costs[-1])
    middles = (path.masses[1:] + path.masses[:-1]) / 2
    for mass in middles[:: max(1, len(middles) // 5)]:
        assert path.cost_at(mass) == least(cost, partial_by_linear_programming(cost, a, b, mass)[0])


def test_units_are_matched_first_and_wholly_at_prices_of_the_path(rng):
    cost = rng.random((7, 9))
    path = mot.partial_path(cost)
    for price in path.prices:
        before, after = (mot.solve_transport(cost, unmatched_cost=price * factor) for factor in (1 - 1e-9, 1 + 1e-9))
        for prices, shares_before, shares_after in (
            (path.rows, before.matched_rows, after.matched_rows),
            (path.columns, before.matched_columns, after.matched_columns),
        ):
            np.testing.assert_array_equal(shares_before > 1e-12, prices.first < price * (1 - 1e-12))
            np.testing.assert_array_equal(shares_after > 1 - 1e-12, prices.all <= price * (1 + 1e-12))


def test_plans_of_many_masses_come_in_one_walk(rng):
    cost, a, b = rng.random((40, 50)), rng.random(40), rng.random(50)
    path = mot.partial_path(cost, a, b)
    chosen = [0.9 * path.masses[-1], 0.2, 0.2, path.masses[-1]]
    for mass, plan in zip(chosen, path.at(chosen), strict=True):
        assert plan.carried == pytest.approx(mass)
        assert plan.cost == pytest.approx(path.cost_at(mass))
        assert_partial_optimal(plan, cost, a, b)
    assert path.at(0.2).cost == path.at([0.2])[0].cost
    assert np.isnan(path.cost_at([-1.0, 2 * path.masses[-1]])).all()


def test_the_end_of_the_path_is_the_full_transport(rng):
    cost = rng.random((60, 45))
    assert mot.partial_path(cost).costs[-1] == pytest.approx(mot.solve_transport(cost).cost, rel=1e-12)


def test_the_knee_is_where_the_cost_of_mass_jumps(rng):
    cost = np.full((20, 20), 0.9) + 0.01 * rng.random((20, 20))
    np.fill_diagonal(cost[:14, :14], 0.05 + 0.01 * rng.random(14))
    assert mot.partial_path(cost).knee() == pytest.approx(0.7, abs=0.02)


def test_the_knee_is_a_share_of_whatever_mass_there_is_and_never_nothing(rng):
    cost = rng.random((20, 20))
    shares = [mot.partial_path(cost, *[np.full(20, total / 20)] * 2).knee() / total for total in (1.0, 20.0, 1e-3)]
    np.testing.assert_allclose(shares, shares[0], rtol=1e-12)
    for n in range(3, 60):
        path = mot.partial_path(rng.random((6, 9)) ** 4)
        assert path.at(path.knee(n)).carried > 0


def test_the_knee_is_the_one_of_the_published_curvature(rng):
    cost = np.sort(rng.random((30, 30)), axis=1) ** 3
    path = mot.partial_path(cost)
    masses = np.linspace(0, 1, 40)
    x = np.array(
        [0.0, *(ot.partial.partial_wasserstein2([], [], cost, m=mass) for mass in masses[1:-1]), path.costs[-1]]
    )
    y = 1 - masses
    dx, dy = np.gradient(x), np.gradient(y)
    curvature = np.abs(dx * np.gradient(dy) - np.gradient(dx) * dy) / ((dx**2 + dy**2) ** 1.5 + 1e-8)
    assert path.knee(40) == pytest.approx(masses[np.argmax(curvature)])


@settings(max_examples=100)
@given(costs(), st.integers(0, 2**32 - 1), shares)
def test_forbidden_pairs_carry_nothing(cost, seed, share):
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 4, n) + (np.arange(n) == 0) for n in cost.shape)
    is_allowed = rng.random(cost.shape) < 0.4
    listed = scipy.sparse.coo_array((cost[is_allowed], np.nonzero(is_allowed)), shape=cost.shape)
    forbidding = np.where(is_allowed, cost, np.inf)
    mass = share * min(a.sum(), b.sum())
    expected, _ = partial_by_linear_programming(forbidding, a, b, mass)
    if expected is None:
        with pytest.raises(ValueError, match="mass: expected at most"):
            mot.solve_transport(listed, a, b, mass=mass)
        return
    answer = mot.solve_transport(listed, a, b, mass=mass)
    assert is_allowed[answer.rows, answer.columns].all()
    assert answer.cost == least(cost, expected)
    assert_partial_optimal(answer, forbidding, a, b)


def test_the_path_of_listed_pairs_ends_where_they_can_carry_no_more():
    listed = scipy.sparse.coo_array(([1.0, 2.0, 3.0], ([0, 1, 2], [0, 0, 0])), shape=(3, 3))
    path = mot.partial_path(listed)
    assert path.masses[-1] == pytest.approx(1 / 3)
    assert path.end.toarray()[0, 0] == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="expected an entry between a row and a column that have mass, found none"):
        mot.partial_path(listed, [0, 0, 1], [0, 1, 1])


def test_a_sparse_cost_is_also_solved_wholly(rng):
    cost = rng.random((6, 8))
    listed = scipy.sparse.csr_array(cost)
    assert mot.solve_transport(listed).cost == pytest.approx(mot.solve_transport(cost).cost)
    with pytest.raises(ValueError, match="cost: expected entries that leave a plan"):
        mot.solve_transport(scipy.sparse.csr_array(([1.0], ([0], [0])), shape=(2, 2)))


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock", "cosine", "correlation"])
@pytest.mark.parametrize("d", [2, 12])
@pytest.mark.parametrize("memory_limit", [None, 1])
def test_points_cost_what_their_matrix_does(metric, d, memory_limit, rng):
    if metric == "correlation" and d == 2:
        d = 3
    n = 550 if memory_limit else 60
    x, y = 1e3 * rng.random((n, d)), 1e3 * rng.random((n + 20, d))
    cost = scipy.spatial.distance.cdist(x, y, metric)
    price = float(np.quantile(cost.min(axis=1), 0.7))
    for chosen in ({"mass": 0.6}, {"unmatched_cost": price}, {"unmatched_cost": (price, np.zeros(n + 20))}):
        points = mot.solve_sample(x, y, metric=metric, memory_limit=memory_limit, **chosen)
        given_cost = mot.solve_transport(cost, **chosen)
        assert points.cost == pytest.approx(given_cost.cost, rel=1e-9)
        assert points.carried == pytest.approx(given_cost.carried, rel=1e-9)
        assert points.unmatched_cost == pytest.approx(given_cost.unmatched_cost, rel=1e-9)
        reduced = cost - points.u[:, None] - points.v - points.price
        assert reduced.min() >= -1e-9 * cost.max()


def test_many_problems_at_once_are_those_one_by_one(rng):
    stack, a = rng.random((9, 12, 10)), rng.random((9, 12))
    together = mot.solve_transports(stack, a, mass=0.4)
    for p, answer in enumerate(together):
        alone = mot.solve_transport(stack[p], a[p], mass=0.4)
        assert answer.cost == alone.cost
        np.testing.assert_array_equal(answer.mass, alone.mass)
    priced = mot.solve_transports(list(stack), unmatched_cost=0.1, n_jobs=2)
    assert [each.cost for each in priced] == [mot.solve_transport(cost, unmatched_cost=0.1).cost for cost in stack]
    each = mot.solve_transports(stack, mass=np.linspace(0.1, 0.9, 9))
    np.testing.assert_allclose([answer.carried for answer in each], np.linspace(0.1, 0.9, 9))
    with pytest.raises(ValueError, match=r"costs\[3\]: mass: expected more than 0"):
        mot.solve_transports(stack, mass=[0.5, 0.5, 0.5, 2.0, 0.5, 0.5, 0.5, 0.5, 0.5])
    with pytest.raises(ValueError, match="mass: expected one number, or one for each of 9, found 2"):
        mot.solve_transports(stack, mass=[0.5, 0.5])


@pytest.mark.parametrize("much", [1e3, 1e16, 1e100, 1e200])
@pytest.mark.parametrize("side", [0, 1])
def test_masses_that_dwarf_the_other_side_change_nothing(much, side, rng):
    cost = rng.random((5, 6))
    few, many = rng.random(5), much * (1 + rng.random(6))
    cost, a, b = (cost, few, many) if side == 0 else (cost.T.copy(), many, few)
    for mass in (0.3 * few.sum(), few.sum()):
        answer = mot.solve_transport(cost, a, b, mass=mass)
        assert answer.carried == pytest.approx(mass)
        modest = (np.minimum(each, 10.0) for each in (a, b))
        assert answer.cost == pytest.approx(partial_by_linear_programming(cost, *modest, mass)[0])
    left = answer.left_columns if side == 0 else answer.left_rows
    np.testing.assert_allclose(left + answer.toarray().sum(axis=side), many)
    tiny = mot.solve_transport(np.ones((50, 60)), np.full(50, 1e-200), np.full(60, 1e200), mass=1e-199)
    assert tiny.carried == pytest.approx(1e-199)


def test_a_hair_that_no_listed_pair_carries_is_rounding():
    a = np.array([1e-12, 1e-12, 1e-12, 1.0])
    listed = scipy.sparse.coo_array(([0.27, 0.04, 0.0165], ([1, 2, 3], [0, 0, 0])), shape=(4, 1))
    assert mot.solve_transport(listed, a / a.sum(), [1.0], mass=1.0).cost == pytest.approx(0.0165)


def test_everything_or_nothing_is_carried_at_extreme_prices(rng):
    cost = rng.random((5, 7)) + 0.5
    everything = mot.solve_transport(cost, unmatched_cost=1e6)
    assert everything.cost == pytest.approx(mot.solve_transport(cost).cost)
    nothing = mot.solve_transport(cost, unmatched_cost=0.4)
    assert nothing.nnz == 0
    assert nothing.cost == 0.0
    assert nothing.unmatched_cost == pytest.approx(0.4)
    assert not nothing.matched_rows.any()


def test_a_pair_is_used_only_where_it_costs_less_than_the_price(rng):
    cost = rng.random((80, 90))
    answer = mot.solve_transport(cost, unmatched_cost=0.02)
    assert 0 < answer.carried < 1
    assert cost[answer.rows, answer.columns].max() < 0.02


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7, 0.9])
def test_a_share_of_units_that_are_alike_is_whole_units(share, rng):
    answer = mot.solve_transport(rng.random((10, 10)), mass=share)
    assert answer.nnz == round(10 * share)
    assert set(np.round(answer.matched_rows, 12)) <= {0.0, 1.0}


def test_a_unit_without_mass_has_no_share(rng):
    answer = mot.solve_transport(rng.random((3, 3)), [0.5, 0.0, 0.5], [1.0, 1.0, 1.0], mass=0.7)
    assert np.isnan(answer.matched_rows[1])
    assert answer.matched_rows[[0, 2]] @ [0.5, 0.5] == pytest.approx(0.7)


def test_results_are_pickled_shown_and_tabled(rng):
    path = pickle.loads(pickle.dumps(mot.partial_path(rng.random((4, 5)))))
    answer = path.at(0.5)
    assert repr(answer).startswith("PartialTransport(4 x 5, ")
    assert "breakpoints, mass 0 to 1" in repr(path)
    table = answer.to_pandas()
    np.testing.assert_allclose((table["cost"] * table["mass"]).sum(), answer.cost)
    assert list(path.to_pandas().columns) == ["mass", "cost", "price"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"mass": 0}, ValueError, "mass: expected more than 0 and at most 1, the smaller sum of the masses, found 0"),
        ({"mass": -0.5}, ValueError, "mass: expected more than 0"),
        ({"mass": 1.1}, ValueError, "mass: expected more than 0 and at most 1, .* found 1.1"),
        ({"mass": np.nan}, ValueError, "mass: expected a finite number, found nan"),
        ({"mass": "half"}, TypeError, "mass: expected a number, found 'half'"),
        ({"mass": True}, TypeError, "mass: expected a number, found True"),
        ({"mass": 0.5, "unmatched_cost": 1.0}, ValueError, "mass and unmatched_cost: expected one of them"),
        ({"unmatched_cost": np.inf}, ValueError, "unmatched_cost: expected a finite number, found inf"),
        ({"unmatched_cost": [1.0]}, ValueError, "unmatched_cost: expected one number, or a pair .* found 1"),
        (
            {"unmatched_cost": ([1.0, np.nan], 1.0)},
            ValueError,
            r"unmatched_cost\[0\]: expected finite .* nan first at 1",
        ),
        (
            {"unmatched_cost": (1.0, [1.0, 2.0])},
            ValueError,
            r"unmatched_cost\[1\]: .* shape \(3,\), found shape \(2,\)",
        ),
        ({"mass": 0.5, "potentials": ([0, 0], [0])}, ValueError, r"potentials\[1\]: expected shape \(3,\)"),
        ({"mass": 0.5, "a": [1.0, -1.0]}, ValueError, "a: expected non-negative masses"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        mot.solve_transport(np.ones((2, 3)), **arguments)


def test_bad_masses_of_a_path_are_named(rng):
    path = mot.partial_path(rng.random((3, 3)))
    with pytest.raises(ValueError, match=r"mass\[1\]: expected more than 0 and at most 1, found 1.5"):
        path.at([0.5, 1.5])
    with pytest.raises(ValueError, match="mass: expected more than 0"):
        path.at(0)
    with pytest.raises(ValueError, match="n_masses: expected at least 3"):
        path.knee(2)


@settings(max_examples=60)
@given(costs(), masses(5), shares)
def test_a_small_sum_of_single_precision_is_not_more_than_there_is(cost, a, share):
    a = np.resize(a, cost.shape[0]) + 1e-3
    rounded = np.float32(share * a.sum())
    mass = float(rounded) if share < 1 else float(np.float32(a.sum() * (1 + 1e-7)))
    answer = mot.solve_transport(cost, a, np.full(cost.shape[1], a.sum()), mass=mass)
    assert answer.carried == pytest.approx(min(mass, a.sum()), rel=1e-9)


def test_a_long_walk_is_interrupted_at_once():
    program = """
import _thread, threading, time, numpy as np, mot_fast as mot
cost = np.abs(np.arange(3000.0)[:, None] - np.random.default_rng(0).random(3000) * 3000)
threading.Timer(1.0, _thread.interrupt_main).start()
begin = time.perf_counter()
try:
    mot.partial_path(cost)
    print("done")
except KeyboardInterrupt:
    print("stopped", time.perf_counter() - begin)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert found.stdout.startswith(("stopped", "done"))
