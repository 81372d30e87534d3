"""`mot.ot.linear_sum_assignment` against SciPy's: the same totals, the same refusals."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import mot_fast as mot
from support.strategies import WIDE_FAMILIES, costs


def assert_agrees(cost, maximize=False):
    expected_rows, expected_columns = scipy.optimize.linear_sum_assignment(cost, maximize)
    rows, columns = mot.ot.linear_sum_assignment(cost, maximize)
    assert rows.dtype == columns.dtype == np.int64
    assert len(rows) == len(columns) == min(cost.shape)
    assert (np.diff(rows) > 0).all()
    assert len(set(columns.tolist())) == len(columns)
    found, expected = (
        [Fraction(float(each)) for each in cost[pair]] for pair in ((rows, columns), (expected_rows, expected_columns))
    )
    excess = (sum(expected) - sum(found)) * (1 if maximize else -1)
    if (cost[np.isfinite(cost)] % 1 == 0).all():
        assert excess == 0
    else:  # SciPy rounds as well, and may be the dearer one
        assert excess <= Fraction(1, 10**12) * sum(map(abs, found))


@settings(max_examples=200, deadline=None)
@given(costs(st.integers(1, 12), st.integers(1, 12)), st.booleans())
def test_totals_are_scipy_s(cost, maximize):
    assert_agrees(cost, maximize)


@settings(max_examples=100, deadline=None)
@given(costs(st.integers(1, 40), st.integers(1, 40), WIDE_FAMILIES), st.booleans())
def test_totals_of_costs_of_all_magnitudes(cost, maximize):
    assert_agrees(cost, maximize)


@pytest.mark.parametrize("shape", [(300, 300), (200, 260)])
@pytest.mark.parametrize("forbidding", [1e9, 1e12, 1e15, np.inf])
@pytest.mark.parametrize("share", [1e-5, 0.2, 0.9])
def test_whole_costs_beside_forbidding_ones(shape, forbidding, share, rng):
    cost = np.round(1000 * np.sqrt(((rng.random((shape[0], 1, 2)) - rng.random((1, shape[1], 2))) ** 2).sum(-1)))
    cost[rng.random(shape) < share] = forbidding
    np.fill_diagonal(cost, 5000)
    assert_agrees(cost)


def test_powers_of_two_over_fourteen_decades():
    assert_agrees(2.0 ** (np.add.outer(np.arange(257), np.arange(257)) % 47))


@settings(max_examples=200, deadline=None)
@given(costs(), st.booleans(), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_forbidden_pairs_are_not_used(cost, maximize, share, seed):
    cost = np.where(np.random.default_rng(seed).random(cost.shape) < share, -np.inf if maximize else np.inf, cost)
    try:
        scipy.optimize.linear_sum_assignment(cost, maximize)
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error)):
            mot.ot.linear_sum_assignment(cost, maximize)
    else:
        assert_agrees(cost, maximize)


@pytest.mark.parametrize("shape", [(500, 500), (300, 420), (420, 300), (1, 700), (700, 2)])
@pytest.mark.parametrize("family", ["random", "ties", "metric", "near"])
def test_large_problems(shape, family, rng):
    cost = rng.random(shape)
    if family == "ties":
        cost = rng.integers(0, 5, shape).astype(float)
    elif family == "metric":
        cost = ((rng.standard_normal((shape[0], 1, 2)) - rng.standard_normal((1, shape[1], 2))) ** 2).sum(-1)
    elif family == "near":
        np.fill_diagonal(cost, 0)
    assert_agrees(cost)
    assert_agrees(cost, maximize=True)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float32, ">f8"])
def test_any_type_that_float64_holds(dtype, rng):
    cost = rng.integers(0, 2, (4, 5)).astype(dtype)
    assert_agrees(cost)
    for found, expected in zip(
        mot.ot.linear_sum_assignment(cost.tolist()), mot.ot.linear_sum_assignment(cost), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_lists_of_any_numbers_as_scipy_takes_them():
    cost = [[Fraction(1, 3), 2**70], [Decimal("0.25"), True]]
    for found, expected in zip(
        mot.ot.linear_sum_assignment(cost), scipy.optimize.linear_sum_assignment(cost), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
@pytest.mark.parametrize("maximize", [False, True])
def test_nothing_to_match(shape, maximize):
    rows, columns = mot.ot.linear_sum_assignment(np.empty(shape), maximize)
    assert rows.shape == columns.shape == (0,)
    assert rows.dtype == columns.dtype == np.int64


def test_equal_costs_keep_the_order():
    rows, columns = mot.ot.linear_sum_assignment(np.ones((6, 6)))
    np.testing.assert_array_equal(rows, columns)


def test_arguments_by_name_as_in_scipy():
    rows, columns = mot.ot.linear_sum_assignment(cost_matrix=[[1.0, 2.0], [3.0, 5.0]], maximize=True)
    np.testing.assert_array_equal(columns[np.argsort(rows)], [0, 1])


@pytest.mark.parametrize(
    ("cost", "maximize", "error", "message"),
    [
        ([1, 2, 3], False, ValueError, r"expected a matrix \(2-D array\), got a 1 array"),
        ([[1, np.nan], [2, 3]], False, ValueError, "matrix contains invalid numeric entries"),
        ([[1, -np.inf], [2, 3]], False, ValueError, "matrix contains invalid numeric entries"),
        ([[1, np.inf], [2, 3]], True, ValueError, "matrix contains invalid numeric entries"),
        ([[np.inf, 1], [np.inf, 3]], False, ValueError, "cost matrix is infeasible"),
        ([[-np.inf, 1], [-np.inf, 3]], True, ValueError, "cost matrix is infeasible"),
        (np.eye(2).astype(str), False, TypeError, "Cannot cast array data"),
        (np.eye(2) * 1j, False, TypeError, "Cannot cast array data"),
        (np.eye(2).astype(object), False, TypeError, "Cannot cast array data"),
        ([[None, 1], [1, 0]], False, ValueError, "matrix contains invalid numeric entries"),
        (scipy.sparse.eye(2), False, ValueError, "found a sparse one; mot_fast.solve_transport takes"),
    ],
)
def test_bad_input_is_named(cost, maximize, error, message):
    with pytest.raises(error, match=message):
        mot.ot.linear_sum_assignment(cost, maximize)


def test_an_unproven_matching_is_an_error():
    # Potentials of these costs overflow: there is no certificate, so there is no matching.
    many = np.random.default_rng(0).uniform(-1, 1, (300, 300)) * 1.7e308
    with pytest.raises(mot.SolverError, match="the matching could not be proven optimal: Certificate"):
        mot.ot.linear_sum_assignment(many)


def test_totals_may_overflow_where_the_proof_does_not():
    cost = np.array([[1.7e308, -1.7e308, 0], [-1.7e308, 1.7e308, 1], [-1.7e308, -1.7e308, 2]])
    rows, columns = mot.ot.linear_sum_assignment(cost)
    total = sum(Fraction(float(each)) for each in cost[rows, columns])
    every = [sum(Fraction(float(cost[i, p[i]])) for i in range(3)) for p in itertools.permutations(range(3))]
    assert total == min(every)
