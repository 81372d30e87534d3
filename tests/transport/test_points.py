from __future__ import annotations

import threading

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import mot_fast as mot
from mot_fast import _core
from mot_fast.system.blas import one_blas_thread
from mot_fast.transport.points import solve_points
from mot_fast.transport.prepared_points import METRICS, PreparedPoints
from oracles.transports import assert_optimal

LITTLE = 1
"""A memory limit so low that only few costs are kept."""


def costs_between(x, y, metric):
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return -x @ y.T if metric == "inner_product" else cdist(x, y, metric)


def random_masses(rng, n):
    masses = rng.dirichlet(np.ones(n))
    masses[1:][rng.random(n - 1) < 0.1] = 0
    return masses / masses.sum()


def assert_answers(x, y, metric, a=None, b=None, **options):
    cost = costs_between(x, y, metric)
    answer = mot.solve_sample(x, y, a, b, metric=metric, **options)
    assert_optimal(answer, cost, a, b)
    expected = mot.solve_transport(cost, a, b)
    assert answer.cost == pytest.approx(expected.cost, rel=1e-9, abs=1e-12 * np.abs(cost).max())
    return answer


def solve_without_kept_costs(x, y, metric, a=None, b=None, n_threads=1):
    """The core's solution where it may keep no costs at all."""
    points = PreparedPoints.of(x, y, metric, 2**30)
    masses = (np.full(len(z), 1 / len(z)) if given is None else given for z, given in ((x, a), (y, b)))
    with one_blas_thread:
        solution = _core.solve_points(points.x, points.y, *masses, points.metric, points.base, 0, n_threads)
    return np.ldexp(solution.cost, points.cost_exponent), solution


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    n_dimensions=st.integers(1, 60),
    is_uniform=st.booleans(),
    exponent=st.sampled_from([0, 0, -300, 250, 20]),
)
def test_answers_are_those_of_the_cost_matrix(metric, seed, sizes, n_dimensions, is_uniform, exponent):
    if metric == "correlation" and n_dimensions == 1:
        return
    rng = np.random.default_rng(seed)
    x, y = (np.ldexp(rng.normal(size=(n, n_dimensions)), exponent) for n in sizes)
    a, b = (None if is_uniform else random_masses(rng, n) for n in sizes)
    answer = assert_answers(x, y, metric, a, b)
    cost, solution = solve_without_kept_costs(x, y, metric, a, b)
    assert solution.is_optimal
    assert cost == pytest.approx(answer.cost, rel=1e-9, abs=1e-12 * np.abs(costs_between(x, y, metric)).max())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("n", "m", "n_dimensions"), [(600, 600, 2), (500, 700, 3), (600, 600, 20), (400, 900, 30)])
def test_costs_that_are_not_kept_change_no_answer(metric, n, m, n_dimensions):
    rng = np.random.default_rng(n + n_dimensions)
    x, y = rng.normal(size=(n, n_dimensions)), rng.normal(size=(m, n_dimensions)) + 0.5
    for a, b in ((None, None), (random_masses(rng, n), random_masses(rng, m))):
        assert_answers(x, y, metric, a, b, memory_limit=LITTLE)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_dimensions", [3, 12])
@pytest.mark.parametrize("family", ["identical", "duplicates", "constant", "collinear", "grid", "far away"])
def test_points_that_leave_much_undecided(metric, n_dimensions, family):
    rng = np.random.default_rng(7)
    n = 420
    x, y = rng.normal(size=(n, n_dimensions)), rng.normal(size=(n, n_dimensions))
    if family == "identical":
        y = x[rng.permutation(n)]
    elif family == "duplicates":
        x, y = x[rng.integers(0, 20, n)], y[rng.integers(0, 20, n)]
    elif family == "constant":
        x, y = np.tile(x[:1], (n, 1)), np.tile(y[:1], (n, 1))
    elif family == "collinear":
        x, y = (rng.normal(size=(n, 1)) * np.arange(1, n_dimensions + 1) for _ in range(2))
    elif family == "grid":
        x, y = (rng.integers(1, 5, (n, n_dimensions)).astype(float) for _ in range(2))
    else:
        # Directions would lose digits by it, in any order of computing.
        x, y = (z + 4 if metric in ("cosine", "correlation") else z * 1e-3 + 1e8 for z in (x, y))
    if metric == "correlation":  # constant points have none
        x[:, 0] += 10
        y[:, 0] += 10
    assert_answers(x, y, metric, memory_limit=LITTLE)
    if metric in ("sqeuclidean", "euclidean", "cityblock") and family == "identical":
        assert mot.solve_sample(x, y, metric=metric, memory_limit=LITTLE).cost == 0.0


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("n", "m", "n_dimensions"), [(1600, 1600, 2), (1500, 1900, 3)])
def test_points_of_few_dimensions(metric, n, m, n_dimensions):
    rng = np.random.default_rng(n_dimensions)
    x, y = rng.normal(size=(n, n_dimensions)), rng.exponential(size=(m, n_dimensions)) + 0.5
    assert_answers(x, y, metric)
    assert_answers(x, y, metric, random_masses(rng, n), random_masses(rng, m))


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean"])
@pytest.mark.parametrize("family", ["identical", "duplicates", "line", "far away", "two clusters"])
def test_many_points_in_the_plane(metric, family):
    rng = np.random.default_rng(8)
    x, y = rng.random((1500, 2)), rng.random((1500, 2))
    if family == "identical":
        y = x[rng.permutation(1500)]
    elif family == "duplicates":
        x, y = x[rng.integers(0, 30, 1500)], y[rng.integers(0, 30, 1500)]
    elif family == "line":
        x, y = x[:, :1] * [1.0, 2.0], y[:, :1] * [1.0, 2.0]
    elif family == "far away":
        x, y = x * 1e-3 + 1e8, y * 1e-3 + 1e8
    else:
        x[:700] += 100
        y[:800] += 100
    assert_answers(x, y, metric)


@pytest.mark.parametrize("n_dimensions", [2, 12])
def test_bits_do_not_depend_on_threads(n_dimensions):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(700, n_dimensions)), rng.normal(size=(800, n_dimensions))
    one, three = (mot.solve_sample(x, y, memory_limit=LITTLE, n_jobs=n) for n in (1, 3))
    for field in ("rows", "columns", "mass", "u", "v"):
        assert np.array_equal(getattr(one, field), getattr(three, field))
    assert one.certificate == three.certificate


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "bool"])
def test_other_types_are_solved_as_doubles(dtype):
    rng = np.random.default_rng(1)
    x, y = ((4 * rng.random((20, 3))).astype(dtype) for _ in range(2))
    assert mot.solve_sample(x, y).cost == pytest.approx(mot.solve_transport(cdist(x, y, "sqeuclidean")).cost)


@pytest.mark.parametrize("metric", METRICS)
def test_sparse_points(metric):
    rng = np.random.default_rng(2)
    x, y = (scipy.sparse.random_array((30, 50), density=0.2, rng=rng) for _ in range(2))
    expected = mot.solve_sample(x.toarray(), y.toarray(), metric=metric).cost
    assert mot.solve_sample(x.tocsr(), y.tocoo(), metric=metric).cost == expected
    assert mot.solve_sample(x.tocsc(), y.toarray(), metric=metric).cost == expected


def test_lists_are_points_and_transports_have_their_fields():
    answer = mot.solve_sample([[0], [1]], [[1.5], [0]], [1, 3], [2, 2], metric="cityblock")
    assert answer.cost == pytest.approx(2 * 0.5 + 1)
    assert answer.plan.shape == (2, 2)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ([[0.0, np.nan]], [[0.0, 1.0]], {}, r"x: expected finite numbers, found nan first at \(0, 1\)"),
        ([[0.0]], [[np.inf]], {}, r"y: expected finite numbers, found inf first at \(0, 0\)"),
        ([0.0, 1.0], [[0.0]], {}, r"x: expected a non-empty matrix, found shape \(2,\)"),
        ([[0.0]], np.empty((0, 1)), {}, r"y: expected a non-empty matrix, found shape \(0, 1\)"),
        ([[0.0, 1.0]], [[0.0]], {}, "x and y: expected points of as many dimensions, found 2 and 1"),
        ([[0.0]], [[0.0]], {"metric": "chebyshev"}, "metric: expected one of 'sqeuclidean', .*, found 'chebyshev'"),
        ([[1.0], [0.0]], [[1.0]], {"metric": "cosine"}, "x: expected points other than zero.* first at row 1"),
        ([[1.0, 2.0]], [[2.0, 2.0]], {"metric": "correlation"}, "y: expected points whose .* first at row 0"),
        ([[1e200]], [[-1e200]], {}, r"x and y: expected points whose costs are up to 1e\+300, found .* 2\*\*1331"),
        ([[1e200]], [[1e200]], {"metric": "inner_product"}, r"x and y: expected points whose costs .* 'inner_product'"),
        ([[0.0]], [[0.0]], {"a": [1.0, 2.0]}, r"a: expected shape \(1,\), found \(2,\)"),
        ([[0.0]], [[0.0]], {"memory_limit": 0}, "memory_limit: expected at least 1, found 0"),
        ([[0.0]], [[0.0]], {"n_jobs": 0}, "n_jobs: expected 1 or more"),
        (scipy.sparse.coo_array(np.ones(3)), [[0.0]], {}, r"x: expected a non-empty matrix, found shape \(3,\)"),
        (scipy.sparse.csr_array((9, 900)), np.ones((2, 900)), {"memory_limit": 999}, "expected sparse points that fit"),
    ],
)
def test_what_cannot_be_solved_is_named(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        mot.solve_sample(x, y, **options)


def test_points_that_are_no_numbers():
    with pytest.raises(TypeError, match="x: expected real numbers, found complex128"):
        mot.solve_sample([[1j]], [[0.0]])


def test_far_points_of_any_size_are_solved():
    largest = mot.solve_sample([[1.5e149]], [[0.0]])
    assert largest.cost == pytest.approx(2.25e298)
    assert mot.solve_sample([[1e-200], [0.0]], [[2e-200], [0.0]], metric="cityblock").cost == pytest.approx(5e-201)


def test_the_core_refuses_what_it_cannot_read():
    x = np.zeros((2, 3))
    masses = np.full(2, 0.5)
    with pytest.raises(ValueError, match=r"x must be \(n, d\)"):
        _core.solve_points(x, np.zeros((2, 2)), masses, masses, "product", 0.0, 0, 1)
    with pytest.raises(ValueError, match="metric must be 'sqeuclidean'"):
        _core.solve_points(x, x, masses, masses, "cosine", 0.0, 0, 1)
    with pytest.raises(ValueError, match="n_threads must be positive"):
        _core.solve_points(x, x, masses, masses, "product", 0.0, 0, 0)


def test_two_threads_of_python_solve_at_once():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(400, 4)), rng.normal(size=(400, 4))
    points = PreparedPoints.of(x, y, "euclidean", 2**30)
    masses = np.full(400, 1 / 400)
    costs = []
    solves = [
        threading.Thread(target=lambda: costs.append(solve_points(points, masses, masses, LITTLE, 1).cost))
        for _ in range(2)
    ]
    for thread in solves:
        thread.start()
    for thread in solves:
        thread.join()
    assert costs[0] == costs[1]
