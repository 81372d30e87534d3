"""Many transports at once: each to the bit as if it were solved alone, whatever shape, dtype and threads."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

import mot_fast as mot
from oracles.transports import assert_optimal, transport_by_linear_programming
from support.strategies import problems


def bits(transport):
    """All numbers of a transport."""
    arrays = [transport.rows, transport.columns, transport.mass, transport.u, transport.v]
    return b"".join(x.tobytes() for x in arrays) + np.float64(transport.cost).tobytes()


def assert_solved_alone(transports, costs, a=None, b=None):
    """Every transport has the bits and the certificate that `solve_transport` gives; the arrays of all agree."""
    assert isinstance(transports, mot.Transports)
    assert len(transports) == len(costs)
    for p, (transport, cost) in enumerate(zip(transports, costs, strict=True)):
        expected = mot.solve_transport(cost, None if a is None else a[p], None if b is None else b[p])
        assert bits(transport) == bits(expected)
        assert transport.certificate == expected.certificate
        assert transports.costs[p] == expected.cost
        np.testing.assert_array_equal(transports.u[p], expected.u)
        np.testing.assert_array_equal(transports.v[p], expected.v)
        np.testing.assert_array_equal(transports.toarray()[p], expected.toarray())
    if len(costs):
        assert transports.certificate == mot.Certificate.worst(each.certificate for each in transports)


def draw_costs(k, n, m, seed=0):
    return np.random.default_rng(seed).random((k, n, m))


def draw_masses(k, n, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(n), k)


@pytest.mark.parametrize(
    "shape", [(1, 5, 5), (40, 7, 7), (30, 3, 8), (30, 8, 3), (20, 1, 6), (20, 6, 1), (9, 1, 1), (3, 300, 260)]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_stack_is_solved_as_its_problems_are(shape, dtype):
    costs = draw_costs(*shape).astype(dtype)
    transports = mot.solve_transports(costs)
    assert_solved_alone(transports, costs)
    assert transports.u.shape == shape[:2]
    assert transports.v.shape == (shape[0], shape[2])
    assert transports.toarray().shape == shape


@settings(max_examples=40, deadline=None)
@given(st.lists(problems(), min_size=1, max_size=6), st.integers(1, 3))
def test_problems_of_any_shapes_are_proven_and_least(given_problems, n_jobs):
    costs, a, b = zip(*given_problems, strict=True)
    transports = mot.solve_transports(costs, a, b, n_jobs=n_jobs)
    assert_solved_alone(transports, costs, a, b)
    for transport, problem in zip(transports, given_problems, strict=True):
        assert_optimal(transport, *problem)
        expected, _ = transport_by_linear_programming(*problem)
        assert transport.cost == pytest.approx(expected, abs=1e-7 * np.abs(problem[0]).max(), rel=1e-9)


@pytest.mark.parametrize("n", [1, 2, 17, 64])
def test_permutations_are_scipys(n):
    costs = draw_costs(50, n, n)
    transports = mot.solve_transports(costs)
    assert transports.permutations.shape == (50, n)
    for p, cost in enumerate(costs):
        np.testing.assert_array_equal(transports.permutations[p], scipy.optimize.linear_sum_assignment(cost)[1])
        assert transports.costs[p] == pytest.approx(cost[np.arange(n), transports.permutations[p]].mean(), rel=1e-13)


def test_permutations_of_several_shapes_are_a_list():
    costs = [draw_costs(1, n, n)[0] for n in (4, 1, 6)]
    permutations = mot.solve_transports(costs).permutations
    assert [len(each) for each in permutations] == [4, 1, 6]
    for cost, each in zip(costs, permutations, strict=True):
        np.testing.assert_array_equal(each, scipy.optimize.linear_sum_assignment(cost)[1])


@pytest.mark.parametrize(
    "problem",
    [
        ([[0.0, 1.0, 2.0], [1.0, 0.0, 5.0]], None, None),
        ([[0.0, 1.0], [1.0, 0.0]], [0.75, 0.25], None),
        # As many entries as rows, but in one row.
        ([[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0], None),
    ],
)
def test_plans_that_share_columns_are_no_permutations(problem):
    cost, a, b = problem
    square = [[0.0, 1.0], [1.0, 0.0]]
    transports = mot.solve_transports([square, cost], [None, a], [None, b])
    with pytest.raises(ValueError, match=r"transports\[1\]: expected every row matched .*, found Transport\(2 x "):
        _ = transports.permutations


@pytest.mark.parametrize("n_jobs", [1, 2, 3, 8, -1])
def test_results_are_the_same_bits_on_any_number_of_threads(n_jobs):
    ragged = [draw_costs(1, *shape, seed=p)[0] for p, shape in enumerate([(3, 4), (70, 70), (1, 9), (130, 40)] * 6)]
    for costs, b in ((draw_costs(200, 12, 12), None), (draw_costs(50, 20, 31), draw_masses(50, 31)), (ragged, None)):
        one, other = mot.solve_transports(costs, b=b, n_jobs=1), mot.solve_transports(costs, b=b, n_jobs=n_jobs)
        assert [bits(x) for x in one] == [bits(x) for x in other]
        assert one.certificate == other.certificate


def test_masses_are_shared_or_each_problems_own():
    costs, a, b = draw_costs(6, 5, 8), draw_masses(6, 5, 1), draw_masses(6, 8, 2)
    assert_solved_alone(mot.solve_transports(costs, a, b), costs, a, b)
    assert_solved_alone(mot.solve_transports(costs, list(a), b.tolist()), costs, a, b)
    assert_solved_alone(mot.solve_transports(costs, a[0], b), costs, [a[0]] * 6, b)
    assert_solved_alone(mot.solve_transports(costs, list(a[0]), b[0]), costs, [a[0]] * 6, [b[0]] * 6)
    assert_solved_alone(mot.solve_transports(costs, None, b), costs, None, b)
    assert_solved_alone(mot.solve_transports(costs, [None, *a[1:]]), costs, [None, *a[1:]])
    single = b.astype(np.float32)
    assert_solved_alone(mot.solve_transports(costs, None, single), costs, None, single)


def test_units_without_mass():
    costs, a, b = draw_costs(8, 5, 5), draw_masses(8, 5, 1), draw_masses(8, 5, 2)
    a[:, 1] = 0
    b[3, 2:] = 0
    a, b = a / a.sum(axis=1, keepdims=True), b / b.sum(axis=1, keepdims=True)
    transports = mot.solve_transports(costs, a, b)
    assert_solved_alone(transports, costs, a, b)
    for problem in zip(transports, costs, a, b, strict=True):
        assert_optimal(*problem)


def test_one_cost_and_many_masses():
    cost, a, b = draw_costs(1, 9, 12)[0], draw_masses(5, 9, 1), draw_masses(5, 12, 2)
    assert_solved_alone(mot.solve_transports(cost, a, b), [cost] * 5, a, b)
    assert_solved_alone(mot.solve_transports(cost, None, b), [cost] * 5, None, b)
    assert_solved_alone(mot.solve_transports(cost.tolist(), a[0], b), [cost] * 5, [a[0]] * 5, b)
    assert_solved_alone(mot.solve_transports(list(cost), list(a)), [cost] * 5, a)
    assert len(mot.solve_transports(cost, None, b[:1])) == 1
    assert mot.solve_transports(cost, None, b[:0]).v.shape == (0, 12)


@pytest.mark.parametrize("shape", [(45, 40), (30, 260), (260, 30)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_masses_that_drift_are_solved_from_their_neighbours_potentials(shape, dtype):
    rng = np.random.default_rng(3)
    cost = rng.integers(20, size=shape).astype(dtype)
    sides = []
    for n in shape:
        drift = draw_masses(1, n, n) * np.cumprod(rng.uniform(0.98, 1.02, (25, n)), axis=0)
        drift[9:] = drift[9:, ::-1]  # a leap
        drift[12, :3] = drift[13, -4:] = 0
        sides.append(drift / drift.sum(axis=1, keepdims=True))
    a, b = sides

    transports = mot.solve_transports(cost, a, b, n_jobs=1)
    for transport, *masses in zip(transports, a, b, strict=True):
        assert_optimal(transport, cost, *masses)
        assert transport.cost == pytest.approx(mot.solve_transport(cost, *masses).cost, rel=1e-12)
    assert any(bits(each) != bits(mot.solve_transport(cost, *m)) for each, *m in zip(transports, a, b, strict=True))
    for p, start in ((1, 0), (10, 9)):
        warm = mot.solve_transport(cost, a[p], b[p], potentials=(transports[start].u, transports[start].v))
        assert bits(transports[p]) == bits(warm)
    for n_jobs in (2, 5):
        other = mot.solve_transports([cost] * len(a), list(a), b, n_jobs=n_jobs)
        assert [bits(x) for x in other] == [bits(x) for x in transports]
    many = mot.ot.emd2(a[0], b.T, cost)
    assert many == pytest.approx([mot.solve_transport(cost, a[0], each).cost for each in b], rel=1e-12)


def test_arrays_of_any_layout_type_and_library():
    costs = draw_costs(6, 5, 7)
    assert_solved_alone(mot.solve_transports(costs[::2, ::-1, 1:]), costs[::2, ::-1, 1:])
    assert_solved_alone(mot.solve_transports(np.asfortranarray(costs)), costs)
    whole = (costs * 100).astype(int)
    assert_solved_alone(mot.solve_transports(whole), whole)
    assert_solved_alone(mot.solve_transports(whole.tolist()), whole)
    half = costs.astype(np.float16)
    assert_solved_alone(mot.solve_transports(half), half)
    swapped = costs.astype(costs.dtype.newbyteorder())
    assert_solved_alone(mot.solve_transports(swapped), costs)
    mixed = [costs[0].astype(np.float32), costs[1][::2, ::2], costs[2].T, costs[3].tolist(), costs[4]]
    assert_solved_alone(mot.solve_transports(mixed), mixed)
    assert_solved_alone(mot.solve_transports(tuple(costs)), costs)
    assert isinstance(mot.solve_transports(tuple(costs)).u, np.ndarray)


def test_no_problem_at_all():
    for costs in ([], np.empty((0, 3, 4)), np.empty((0, 3, 4), np.float32)):
        transports = mot.solve_transports(costs)
        assert_solved_alone(transports, costs)
        assert transports.costs.shape == (0,)
        assert transports.certificate == mot.Certificate(0, 0, 0, 0, 0)
        assert repr(transports) == "Transports(none)"
    assert transports.u.shape == (0, 3)
    assert transports.toarray().shape == (0, 3, 4)
    assert mot.solve_transports([]).toarray() == []
    assert mot.solve_transports([]).permutations == []
    assert mot.solve_transports(np.empty((0, 3, 3))).permutations.shape == (0, 3)
    assert mot.solve_transports(np.empty((0, 3, 4)), np.empty((0, 3)), [1.0, 1.0, 1.0, 1.0]).costs.shape == (0,)


def test_transports_are_a_sequence():
    costs = draw_costs(10, 4, 6)
    for transports in (mot.solve_transports(costs), mot.solve_transports([*costs[:9], costs[9][:2]])):
        everything = [bits(transport) for transport in transports]
        assert bits(transports[-1]) == everything[-1]
        assert bits(transports[np.int64(3)]) == everything[3]
        for chosen in (slice(2, 7), slice(None, None, 3), slice(None, None, -1), slice(4, 4)):
            some = transports[chosen]
            assert isinstance(some, mot.Transports)
            assert [bits(transport) for transport in some] == everything[chosen]
            assert len(some.u) == len(some.toarray()) == len(some)
        assert [bits(transport) for transport in pickle.loads(pickle.dumps(transports))] == everything
        with pytest.raises(IndexError):
            _ = transports[10]
        with pytest.raises(IndexError):
            _ = transports[-11]


def test_transports_are_shown_in_a_few_lines():
    costs = np.array([[[0.0, 1.0, 3.0], [3.0, 1.0, 0.0]]] * 3) * [[[1.0]], [[2.0]], [[3.0]]]
    assert repr(mot.solve_transports(costs)) == (
        "Transports(3 of 2 x 3, 12 entries,\n           costs 0.333333 to 1, mean 0.666667)"
    )
    assert repr(mot.solve_transports([[[1.0]], [[0.0, 0.0]]])).startswith("Transports(2 of 1 x 1-2, 3 entries,\n")


SQUARE = np.zeros((3, 2, 2))
NAN = np.zeros((3, 2, 2))
NAN[2, 0, 1] = np.nan


@pytest.mark.parametrize(
    ("costs", "a", "b", "message"),
    [
        (NAN, None, None, r"^costs\[2\]: expected finite numbers, found nan first at \(0, 1\)"),
        (NAN.astype(np.float32), None, None, r"^costs\[2\]: expected finite numbers, found nan first at \(0, 1\)"),
        (list(NAN), None, None, r"^costs\[2\]: expected finite numbers, found nan first at \(0, 1\)"),
        (
            [SQUARE[0], [[0.0, -np.inf]], NAN[2]],
            None,
            None,
            r"^costs\[1\]: expected finite numbers, found -inf first at",
        ),
        (NAN[2], None, np.ones((2, 2)) / 2, r"^costs: expected finite numbers, found nan first at \(0, 1\)"),
        ([SQUARE[0], [[1e301]]], None, None, r"^costs\[1\]: expected costs up to 1e\+300, found 1e\+301"),
        ([SQUARE[0], [1.0, 2.0]], None, None, r"^costs\[1\]: expected a non-empty matrix, found shape \(2,\)"),
        ([SQUARE[0], np.zeros((0, 2))], None, None, r"^costs\[1\]: expected a non-empty matrix, found shape \(0, 2\)"),
        ([SQUARE[0], [[1.0], [1.0, 2.0]]], None, None, r"^costs\[1\]: expected an array of numbers, found list"),
        (np.zeros((3, 0, 2)), None, None, r"^costs: expected non-empty matrices, \(k, n, m\), found shape \(3, 0, 2\)"),
        (np.zeros(3), None, None, r"^costs: expected non-empty matrices, \(k, n, m\), found shape \(3,\)"),
        (
            SQUARE[0],
            None,
            [0.5, 0.5],
            r"^costs: expected a stack .* found shape \(2, 2\); solve_transport solves one",
        ),
        (SQUARE, np.ones((2, 2)), None, r"^a: expected shape \(3, 2\) or \(2,\), found \(2, 2\)"),
        (SQUARE, np.ones((3, 2, 1)), None, r"^a: expected shape \(3, 2\) or \(2,\), found \(3, 2, 1\)"),
        (SQUARE, None, np.ones(3), r"^b: expected shape \(2,\), found \(3,\)"),
        (SQUARE, [[0.5, 0.5], [1.0]] * 1, None, r"^a: expected masses of 3 problems, found 2"),
        (SQUARE, [[0.5, 0.5], None, [1.0]], None, r"^a\[2\]: expected shape \(2,\), found \(1,\)"),
        (SQUARE, [[0.5, 0.5], None, 1.0], None, r"^a\[2\]: expected shape \(2,\), found \(\)"),
        ([SQUARE[0], [[1.0]]], [0.5, 0.5], None, r"^a: expected a list of masses, as problems have 1 to 2 units"),
        (
            SQUARE,
            [[0.5, 0.5], [0.5, 0.5], [-0.5, 1.5]],
            None,
            r"^a\[2\]: expected non-negative masses, found -0.5 first",
        ),
        (
            SQUARE,
            None,
            np.array([[1, 1], [1, np.nan], [0, 0]]) / 2,
            r"^b\[1\]: expected finite masses, found nan first",
        ),
        (SQUARE, None, np.array([[1, 1], [0, 0], [1, 1]]) / 2, r"^b\[1\]: expected some mass and a finite sum, found"),
        (
            SQUARE,
            None,
            np.array([[1, 1], [1, 2], [1, 1]]) / 2,
            r"^a and b\[1\]: expected equal sums, found 1.0 and 1.5",
        ),
        (
            SQUARE,
            [1.0, 1.0],
            np.array([[1, 1], [1, 2], [1, 1]]),
            r"^a and b\[1\]: expected equal sums, found 2.0 and 3",
        ),
        (SQUARE, [1.0, 1.0], None, r"^a and b: expected equal sums, found 2.0 and 1.0"),
        (SQUARE, [[0.5, 0.5], [1, 1], None], None, r"^a\[1\] and b: expected equal sums, found 2.0 and 1.0"),
    ],
)
def test_bad_values_are_named_with_their_place(costs, a, b, message):
    for n_jobs in (1, 2):
        with pytest.raises(ValueError, match=message):
            mot.solve_transports(costs, a, b, n_jobs=n_jobs)


def test_bad_types_are_named_with_their_place():
    with pytest.raises(TypeError, match=r"^costs\[1\]: expected real numbers, found complex128"):
        mot.solve_transports([SQUARE[0], [[1j]]])
    with pytest.raises(TypeError, match=r"^costs: expected real numbers, found object \(None\)"):
        mot.solve_transports(None)
    with pytest.raises(TypeError, match=r"^b\[0\]: expected real numbers, found <U1"):
        mot.solve_transports(SQUARE, None, [["x", "y"], None, None])


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_the_first_fault_is_named_whoever_comes_first(n_jobs):
    costs = draw_costs(400, 30, 30)
    costs[[57, 170, 399], 3, 4] = np.inf
    for _ in range(10):
        with pytest.raises(ValueError, match=r"^costs\[57\]: expected finite numbers, found inf first at \(3, 4\)"):
            mot.solve_transports(costs, n_jobs=n_jobs)


def test_an_unproven_answer_is_never_returned():
    # The products of costs and masses overflow: there is no certificate, so there is no plan.
    cost = np.array([[1e200, 2e200], [3e200, 1e250]])
    masses = np.array([1e200, 1e150])
    with pytest.raises(mot.SolverError, match=r"^costs\[1\]: the transport could not be proven optimal: Certificate"):
        mot.solve_transports([SQUARE[0], cost, cost], [None, masses, masses], [None, masses, masses])
    with pytest.raises(mot.SolverError, match=r"^b\[0\]: the transport could not be proven optimal: Certificate"):
        mot.solve_transports(cost, masses, [masses, masses])
