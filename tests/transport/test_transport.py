from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

import mot_fast as mot
from mot_fast import _core
from mot_fast.transport import transport
from oracles.transports import assert_least, assert_optimal, assignment_by_brute_force, transport_by_linear_programming
from support.strategies import WIDE_FAMILIES, costs, problems, sizes_to_price, square_costs


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(problems())
def test_every_answer_is_proven_and_least(problem):
    cost, a, b = problem
    answer = mot.solve_transport(cost, a, b)
    assert_optimal(answer, cost, a, b)
    expected, _ = transport_by_linear_programming(cost, a, b)
    assert answer.cost == pytest.approx(expected, abs=1e-7 * np.abs(cost).max(), rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(costs())
def test_uniform_masses_are_the_default(cost):
    answer = mot.solve_transport(cost)
    assert_optimal(answer, cost)


@settings(max_examples=60, deadline=None)
@given(problems(sizes_to_price, sizes_to_price))
def test_every_answer_is_proven_where_columns_are_generated(problem):
    assert_optimal(mot.solve_transport(*problem), *problem)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(problems(), problems(families=WIDE_FAMILIES), problems(sizes_to_price, sizes_to_price, WIDE_FAMILIES)),
    st.sampled_from(["float64", "float32"]),
)
def test_costs_that_the_answer_does_not_need_loosen_nothing(problem, dtype):
    cost, a, b = problem
    cost = cost.astype(dtype)
    answer = mot.solve_transport(cost, a, b)
    assert_optimal(answer, cost, a, b)
    assert_least(answer.toarray(), answer.u, answer.v, cost, b)


def test_a_forbidding_cost_is_not_in_the_tolerance():
    cost = np.array([[1e14, 1, 3], [7, 2, 9]])
    answer = mot.solve_transport(cost, [1, 1], [0, 1, 1])
    assert answer.cost == 5.0
    assert answer.certificate.tolerance < 1e-8
    assert (answer.u[:, None] + answer.v <= cost).all()


@pytest.mark.parametrize("n", [3, 12, 60])
@pytest.mark.parametrize("highest", [9, 2**31, 2**53])
def test_whole_costs_with_whole_masses_are_solved_exactly(n, highest):
    """Units repeated by their masses make an assignment; SciPy's pairs are added as Python's whole numbers."""
    rng = np.random.default_rng(n)
    cost = rng.integers(0, highest, (n, n + 2)).astype(float)
    cost[rng.random(cost.shape) < 0.2] = 2.0**53 - 1
    a, b = rng.integers(1, 4, n), rng.integers(0, 3, n + 2)
    surplus = a.sum() - b.sum()
    (b if surplus > 0 else a)[0] += abs(surplus)
    repeated = np.repeat(np.repeat(cost, a, axis=0), b, axis=1)
    rows, columns = scipy.optimize.linear_sum_assignment(repeated)
    expected = sum(map(int, repeated[rows, columns]))
    answer = mot.solve_transport(cost, a, b)
    np.testing.assert_array_equal(answer.mass, np.round(answer.mass))
    entries = zip(answer.mass, cost[answer.rows, answer.columns], strict=True)
    assert sum(int(mass) * int(each) for mass, each in entries) <= expected


def test_blocks_that_only_forbidding_costs_connect():
    rng = np.random.default_rng(4)
    blocks = [rng.random((20, 20)) for _ in range(3)]
    cost = scipy.linalg.block_diag(*blocks)
    cost[cost == 0] = 1e13
    answer = mot.solve_transport(cost)
    expected = sum(block[scipy.optimize.linear_sum_assignment(block)].sum() for block in blocks) / 60
    assert answer.cost == pytest.approx(expected, rel=1e-13)
    assert np.abs(answer.u).max() < 10
    assert answer.certificate.tolerance < 1e-9


@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e-200, 1e200])
def test_tiny_and_huge_costs_have_the_plan_of_their_multiples(unit):
    whole = np.random.default_rng(0).integers(1, 1000, (5, 6)).astype(float)
    expected, answer = mot.solve_transport(whole), mot.solve_transport(whole * unit)
    assert (answer.toarray() * whole).sum() == pytest.approx(expected.cost, rel=1e-12)
    assert answer.cost == pytest.approx(expected.cost * unit, rel=1e-9, abs=5e-324)


@settings(max_examples=60, deadline=None)
@given(st.one_of(square_costs(), square_costs(sizes_to_price)))
def test_simplex_and_assignment_find_the_least_cost_of_a_matching(cost):
    cost, uniform, scale = np.ascontiguousarray(cost), np.full(len(cost), 1 / len(cost)), np.abs(cost).max()
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    for method in ("automatic", "simplex", "assignment"):
        solution = _core.solve_transport(cost, uniform, uniform, scale, method)
        assert solution.is_optimal
        assert solution.cost == pytest.approx(cost[rows, columns].mean(), abs=1e-12 * scale)


@settings(max_examples=60, deadline=None)
@given(st.one_of(problems(), problems(sizes_to_price, sizes_to_price)))
def test_float32_costs_of_every_family_are_solved_as_they_are(problem):
    cost, a, b = problem
    cost = cost.astype(np.float32)
    assert_optimal(mot.solve_transport(cost, a, b), cost.astype(np.float64), a, b)


@pytest.mark.parametrize("seed", range(20))
def test_simplex_assignment_and_brute_force_agree(seed):
    rng = np.random.default_rng(seed)
    n = 2 + seed % 6
    cost = rng.integers(0, 4, (n, n)).astype(float) if seed % 2 else rng.random((n, n))
    uniform = np.full(n, 1 / n)
    expected = assignment_by_brute_force(cost)
    for method in ("simplex", "assignment"):
        solution = _core.solve_transport(cost, uniform, uniform, np.abs(cost).max(), method)
        assert solution.is_optimal
        assert solution.cost == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("shape", [(150, 150), (150, 220), (220, 130), (97, 400)])
@pytest.mark.parametrize("family", ["correlated", "ties", "random"])
def test_column_generation_finds_the_dense_optimum(shape, family):
    rng = np.random.default_rng(7)
    if family == "correlated":
        latent = rng.standard_normal((300, 8))
        x, y = (latent @ rng.standard_normal((8, n)) + rng.standard_normal((300, n)) for n in shape)
        cost = 1 - np.corrcoef(x.T, y.T)[: shape[0], shape[0] :]
    else:
        cost = rng.integers(0, 6, shape).astype(float) if family == "ties" else rng.random(shape)
    answer = mot.solve_transport(cost)
    assert_optimal(answer, cost)
    if shape[0] == shape[1]:
        rows, columns = scipy.optimize.linear_sum_assignment(cost)
        assert answer.cost == pytest.approx(cost[rows, columns].mean(), abs=1e-12)
        by_simplex = _core.solve_transport(cost, *(np.full(n, 1 / n) for n in shape), np.abs(cost).max(), "simplex")
        assert by_simplex.cost == pytest.approx(answer.cost, abs=1e-12)


def test_general_masses_at_a_size_that_needs_pricing(rng):
    cost = rng.random((180, 240))
    a, b = rng.random(180), rng.random(240)
    a[::7] = 0
    b[::5] = 0
    b *= a.sum() / b.sum()
    assert_optimal(mot.solve_transport(cost, a, b), cost, a, b)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_simplex_ends_on_massive_degeneracy(levels, rng):
    cost = rng.integers(0, levels, (120, 120)).astype(float)
    uniform = np.full(120, 1 / 120)
    solution = _core.solve_transport(cost, uniform, uniform, np.abs(cost).max(), "simplex")
    assert solution.is_optimal
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    assert solution.cost == pytest.approx(cost[rows, columns].mean(), abs=1e-12)


def test_exchanging_the_sides_exchanges_plan_and_potentials(rng):
    cost, a, b = rng.random((9, 13)), rng.dirichlet(np.ones(9)), rng.dirichlet(np.ones(13))
    answer, mirrored = mot.solve_transport(cost, a, b), mot.solve_transport(cost.T, b, a)
    assert mirrored.cost == pytest.approx(answer.cost, abs=1e-14)
    np.testing.assert_allclose(mirrored.toarray(), answer.toarray().T, atol=1e-14)
    np.testing.assert_allclose(mirrored.u, answer.v, atol=1e-12)
    np.testing.assert_allclose(mirrored.v, answer.u, atol=1e-12)


def test_permuting_units_permutes_the_plan(rng):
    cost = rng.random((40, 70))
    rows, columns = rng.permutation(40), rng.permutation(70)
    answer, permuted = mot.solve_transport(cost), mot.solve_transport(cost[rows][:, columns])
    np.testing.assert_allclose(permuted.toarray(), answer.toarray()[rows][:, columns], atol=1e-15)


def test_masses_are_kept_to_the_last_entry():
    answer = mot.solve_transport([[0.0, 1.0], [1.0, 0.0]], [3, 1], [2, 2])
    np.testing.assert_array_equal(answer.toarray(), [[2, 1], [0, 1]])
    assert answer.cost == 1.0
    assert answer.shape == (2, 2)
    assert answer.nnz == 3


def test_marginals_that_differ_by_rounding_are_levelled():
    a = np.full(7, 1 / 7, dtype=np.float32)
    b = np.full(3, 1 / 3, dtype=np.float32)
    assert float(a.sum(dtype=float)) != float(b.sum(dtype=float))
    cost = np.random.default_rng(0).random((7, 3))
    assert_optimal(mot.solve_transport(cost, a, b), cost, a, b)


@pytest.mark.parametrize(
    ("cost", "a", "b", "message"),
    [
        ([[1.0, np.nan]], None, None, r"cost: expected finite numbers, found nan first at \(0, 1\)"),
        ([[1.0], [-np.inf]], None, None, r"cost: expected finite numbers, found -inf first at \(1, 0\)"),
        ([1.0, 2.0], None, None, r"cost: expected a non-empty matrix, found shape \(2,\)"),
        (np.zeros((0, 3)), None, None, r"cost: expected a non-empty matrix, found shape \(0, 3\)"),
        ([[1.0, 2.0], [1.0]], None, None, r"cost: expected an array of numbers, found list"),
        ([[0.0, 0.0]], [1.0, 1.0], None, r"a: expected shape \(1,\), found \(2,\)"),
        ([[0.0, 0.0]], None, [-0.5, 1.5], r"b: expected non-negative masses, found -0.5 first at 0"),
        ([[0.0, 0.0]], None, [0.0, 0.0], r"b: expected some mass and a finite sum, found the sum 0.0"),
        ([[0.0, 0.0]], None, [np.inf, 0.0], r"b: expected finite masses, found inf first at 0"),
        ([[0.0, 0.0]], [1.0], [1.0, 1.0], r"a and b: expected equal sums, found 1.0 and 2.0"),
        ([[0.0, -1e301]], None, None, r"cost: expected costs up to 1e\+300, found 1e\+301"),
        ([[2**53 + 1]], None, None, r"cost: expected integers up to 2\*\*53.*found 9007199254740993"),
    ],
)
def test_bad_values_are_named(cost, a, b, message):
    with pytest.raises(ValueError, match=message):
        mot.solve_transport(cost, a, b)


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ([["a", "b"]], r"cost: expected real numbers, found <U1 \(shape \(1, 2\)\)"),
        ([[1j]], r"cost: expected real numbers, found complex128"),
        (None, r"cost: expected real numbers, found object \(None\)"),
        (np.zeros((2, 2), np.longdouble), r"cost: expected float16, float32 or float64, found (float128|longdouble)"),
    ],
)
def test_bad_types_are_named(cost, message):
    with pytest.raises(TypeError, match=message):
        mot.solve_transport(cost)


def test_an_unproven_answer_is_never_returned():
    # Potentials of this cost overflow: there is no certificate, so there is no plan.
    cost = np.array([[1.7e308, -1.7e308], [-1.7e308, 1.7e308]])
    solution = _core.solve_transport(cost, np.full(2, 0.5), np.full(2, 0.5), 1.0)
    with pytest.raises(mot.SolverError, match="the transport could not be proven optimal: Certificate"):
        transport.Transport.from_solution(solution, "the transport")


@pytest.mark.parametrize("solve", [mot.solve_transport, lambda cost, a, b: mot.ot.emd2(a, b, cost)])
def test_a_cost_that_overflows_is_never_returned(solve):
    cost, masses = np.array([[1e300, 2e299], [1e300, 3e299]]), np.array([1e20, 1e20])
    with pytest.raises(mot.SolverError, match=r"could not be proven optimal: Certificate\(.*\) of a cost that is inf"):
        solve(cost, masses, masses)


@pytest.mark.parametrize("n", [1, 8, 40])
@pytest.mark.parametrize("masses", [(False, False), (True, False), (True, True)])
def test_arguments_that_need_no_conversion_give_the_same_bits(n, masses):
    rng = np.random.default_rng(n)
    cost = rng.normal(size=(n, n + 1))
    a, b = (rng.random(size) if given else None for size, given in zip(cost.shape, masses, strict=True))
    if b is not None:
        b *= a.sum() / b.sum()
    elif a is not None:
        a /= a.sum()
    plain = mot.solve_transport(cost, a, b)
    others = (None if x is None else x.tolist() for x in (a, b))
    converted = mot.solve_transport(cost.tolist(), *others)
    assert plain.cost == converted.cost
    assert plain.certificate == converted.certificate
    for name in ("rows", "columns", "mass", "u", "v"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(converted, name), strict=True)


def test_worst_certificate_takes_the_largest_of_each_figure():
    one = mot.Certificate(1.0, 0.0, 3.0, 0.0, 1e-9)
    other = mot.Certificate(0.0, 2.0, 0.0, 4.0, 1e-6)
    assert transport.Certificate.worst([one, other]) == mot.Certificate(1.0, 2.0, 3.0, 4.0, 1e-6)


def test_transports_and_plans_are_shown_in_a_line(alignment):
    assert repr(mot.solve_transport([[0.0, 1.0, 3.0], [3.0, 1.0, 0.0]])) == "Transport(2 x 3, 4 entries, cost 0.333333)"
    plan = alignment.unit_plan(0, 2)
    assert repr(plan) == f"UnitPlan('layer0' to 'layer2', 6 x 8, cost {plan.cost:.6g})"
    assert repr(plan.transpose()) == f"UnitPlan('layer2' to 'layer0', 8 x 6, cost {plan.cost:.6g})"
