"""The drop-ins against what they stand in for; plans are never compared, ties make them differ."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import ot as pot
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import mot_fast as mot
from oracles.transports import assert_least, assert_potentials_prove, transport_by_linear_programming
from support.strategies import WIDE_FAMILIES, costs, problems


@settings(max_examples=300, deadline=None)
@given(problems())
def test_cost_and_potentials_are_proven_and_cost_what_pot_finds(problem):
    cost, a, b = problem
    plan, log = mot.ot.emd(a, b, cost, log=True)
    assert_potentials_prove(plan, log["u"], log["v"], log["cost"], cost, a, b)
    assert (log["warning"], log["result_code"]) == (None, 1)
    assert a @ log["u"] == pytest.approx(b @ log["v"], abs=1e-9 * np.abs(cost).max())
    assert mot.ot.emd2(a, b, cost) == log["cost"]
    # POT's tolerances are absolute: costs around 1e-12 get plans that are 1 % too dear.
    scale = np.abs(cost).max() or 1.0
    expected = pot.emd2(a, b, cost / scale, numItermax=10**7)
    assert log["cost"] / scale == pytest.approx(expected, abs=1e-7, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(problems(families=WIDE_FAMILIES), st.booleans())
def test_costs_of_all_magnitudes_listed_or_dense(problem, is_sparse):
    cost, a, b = problem
    plan, log = mot.ot.emd(a, b, scipy.sparse.coo_array(cost) if is_sparse else cost, log=True)
    plan = plan.toarray() if is_sparse else plan
    assert_least(plan, log["u"], log["v"], cost, b)
    assert log["cost"] == pytest.approx((plan * cost).sum(), rel=1e-12)


@pytest.mark.parametrize("n", [64, 150])
@pytest.mark.parametrize("family", ["random", "ties", "metric"])
def test_larger_problems_cost_what_pot_finds(n, family):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((2, n, 1, 2))
    families = {"random": rng.random((n, n)), "ties": rng.integers(0, 4, (n, n)) / 1.0}
    cost = families.get(family, ((x - y.transpose(1, 0, 2)) ** 2).sum(-1))
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))
    a[::5], b[::3] = 0, 0
    for mass_a, mass_b in [(a / a.sum(), b / b.sum()), ([], [])]:
        expected, log = pot.emd2(mass_a, mass_b, cost, log=True)
        found, ours = mot.ot.emd2(mass_a, mass_b, cost, log=True)
        assert found == pytest.approx(expected, rel=1e-10)
        weights = np.full(n, 1 / n) if len(mass_a) == 0 else mass_a
        assert weights @ ours["u"] == pytest.approx(weights @ log["u"], rel=1e-7)


def test_arguments_and_defaults_are_pot_s():
    import inspect

    for ours, theirs in [(mot.ot.emd, pot.emd), (mot.ot.emd2, pot.emd2)]:
        expected = [(name, p.default) for name, p in inspect.signature(theirs).parameters.items()]
        assert [(name, p.default) for name, p in inspect.signature(ours).parameters.items()] == expected


@pytest.mark.parametrize("uniform", [[], None, np.array([])])
def test_nothing_means_uniform(uniform, rng):
    cost = rng.random((3, 4))
    plan = mot.ot.emd(uniform, uniform, cost)
    np.testing.assert_allclose(plan.sum(1), 1 / 3)
    np.testing.assert_allclose(plan.sum(0), 1 / 4)
    assert mot.ot.emd2(uniform, [0.25] * 4, cost) == pytest.approx((plan * cost).sum())


@pytest.mark.parametrize(
    ("a", "b", "cost", "expected"),
    [
        (np.float32, np.float64, np.float64, np.float32),
        (None, np.float32, np.float64, np.float32),
        (list, np.float32, np.float64, np.float32),
        (list, list, np.float32, np.float32),
        (None, None, np.float32, np.float32),
        (None, list, int, np.float64),
        (list, np.float64, int, np.float64),
        (np.float16, list, list, np.float16),
        (list, list, list, np.float64),
    ],
)
def test_results_have_the_dtype_of_a_else_b_else_the_costs(a, b, cost, expected):
    def of(values, kind):
        return kind if kind is None else values if kind is list else np.array(values, dtype=kind)

    plan, log = mot.ot.emd(of([0.5, 0.5], a), of([0.5, 0.5], b), of([[0.0, 1.0], [1.0, 0.0]], cost), log=True)
    assert {plan.dtype, log["u"].dtype, log["v"].dtype} == {np.dtype(expected)}
    assert isinstance(log["cost"], float)


def test_integer_masses_warn_and_give_integer_plans():
    cost = [[0.0, 1.0], [1.0, 0.0]]
    with pytest.warns(UserWarning, match="fractions are cut off"):
        plan = mot.ot.emd(np.array([3, 1]), np.array([2, 2]), cost)
    np.testing.assert_array_equal(plan, [[2, 1], [0, 1]])
    assert plan.dtype == np.array([3]).dtype
    with pytest.warns(UserWarning, match="fractions are cut off"):
        assert mot.ot.emd2(np.array([3, 1]), np.array([2, 2]), cost) == 1.0


@pytest.mark.parametrize("order", ["C", "F", "strided", "big-endian", "integers"])
def test_costs_in_any_layout(order, rng):
    cost = rng.integers(0, 9, (5, 7)).astype(float)
    given_costs = {
        "C": cost,
        "F": np.asfortranarray(cost),
        "strided": np.repeat(cost, 2, axis=1)[:, ::2],
        "big-endian": cost.astype(">f8"),
        "integers": cost.astype(int),
    }
    assert mot.ot.emd2(None, [], given_costs[order]) == pytest.approx(pot.emd2([], [], cost))


def test_many_target_masses_are_many_problems(rng):
    cost, a, b = rng.random((6, 5)), rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(5), size=3).T
    totals = mot.ot.emd2(a, b, cost)
    assert totals == pytest.approx(pot.emd2(a, b, cost))
    answers = mot.ot.emd2(a, b, cost, return_matrix=True)
    for k, (found, log) in enumerate(answers):
        assert found == log["cost"] == totals[k]
        assert_potentials_prove(log["G"], log["u"], log["v"], found, cost, a, b[:, k])


@pytest.mark.parametrize("check", [True, False])
def test_many_target_masses_give_the_bits_of_one_after_the_other(rng, check):
    cost, a = rng.random((30, 40)), rng.dirichlet(np.ones(30))
    b = rng.dirichlet(np.ones(40), size=9).T if check else rng.random((40, 9))
    for matrix in (cost, cost.astype(np.float32), scipy.sparse.csr_array(cost)):
        answers = mot.ot.emd2(a, b, matrix, processes=2, return_matrix=True, check_marginals=check)
        for k, (found, log) in enumerate(answers):
            expected, expected_log = mot.ot.emd2(a, b[:, k], matrix, return_matrix=True, check_marginals=check)
            assert found == expected
            for key in ("u", "v"):
                np.testing.assert_array_equal(log[key], expected_log[key])
            plans = [x.toarray() if hasattr(x, "toarray") else x for x in (log["G"], expected_log["G"])]
            np.testing.assert_array_equal(*plans)
    assert mot.ot.emd2(a, b[:, :0], cost) == []


def test_the_fault_in_many_target_masses_is_named(rng):
    cost, b = rng.random((3, 4)), rng.dirichlet(np.ones(4), size=3).T
    b[2, 1] = -1
    with pytest.raises(ValueError, match=r"b\[:, 1\]: expected non-negative masses, found -1.0 first at 2"):
        mot.ot.emd2([], b, cost)
    b[2, 1] = 5
    with pytest.raises(AssertionError, match=r"a and b\[:, 1\]: expected the same sum to 6 decimals"):
        mot.ot.emd2([], b, cost)
    masses = np.array([[1e20, 1e20], [1e20, 1e20]])
    with pytest.raises(mot.SolverError, match="the transport could not be proven optimal: Certificate"):
        mot.ot.emd2(masses[0], masses, np.array([[1e300, 2e299], [1e300, 3e299]]))


def test_the_log_of_emd2():
    cost = np.array([[0.0, 1.0], [1.0, 0.0]])
    for flags, keys in [
        ({"log": True}, {"cost", "u", "v", "warning", "result_code"}),
        ({"return_matrix": True}, {"cost", "u", "v", "warning", "result_code", "G"}),
    ]:
        ours, theirs = (emd2([], [], cost, **flags) for emd2 in (mot.ot.emd2, pot.emd2))
        assert type(ours) is type(theirs) is list
        assert set(ours[1]) == set(theirs[1]) == keys


def test_masses_of_different_sums_are_levelled_when_nobody_checks(rng):
    cost, a, b = rng.random((3, 4)), rng.random(3), rng.random(4)
    plan = mot.ot.emd(a, b, cost, check_marginals=False)
    np.testing.assert_allclose(plan.sum(1), a)
    np.testing.assert_allclose(plan.sum(0), b * a.sum() / b.sum())
    assert mot.ot.emd2(a, b, cost, check_marginals=False) == pytest.approx(pot.emd2(a, b, cost, check_marginals=False))


def test_what_is_accepted_for_compatibility_changes_nothing(rng):
    cost = rng.random((40, 40))
    plan = mot.ot.emd([], [], cost)
    start = (np.zeros(40), np.zeros(40))
    for extra in ({"numItermax": 1}, {"center_dual": False}, {"potentials_init": start}):
        np.testing.assert_array_equal(mot.ot.emd([], [], cost, **extra), plan)
        assert mot.ot.emd2([], [], cost, processes=4, **extra) == pytest.approx((plan * cost).sum())
    for threads in (2, "max", None):
        with pytest.warns(DeprecationWarning, match="numThreads is accepted and ignored"):
            np.testing.assert_array_equal(mot.ot.emd([], [], cost, numThreads=threads), plan)


half = np.full(2, 0.5)
square = np.array([[0.0, 1.0], [1.0, 0.0]])
next_to_nothing = np.array([1e-320, 2e-320])
one_masked = [[False, False], [False, True]]
BAD = [
    (half * 1e-7, next_to_nothing, square, ValueError, "a and b: expected sums that can be levelled, found 1e-07 and"),
    (half, half, np.ma.masked_array(square, one_masked), ValueError, "M: expected every number, found masked ones"),
    (np.ma.masked_array(half, [False, True]), half, square, ValueError, "a: expected every number, found masked ones"),
    (half, half, [[0, 1], [1]], ValueError, "M: expected an array of numbers, found list"),
    (["x", "y"], half, square, TypeError, "a: expected real numbers, found <U1"),
    (half, [0.5, 0.5j], square, TypeError, "b: expected real numbers, found complex128"),
    (1.0, 1.0, [[1.0]], AssertionError, r"a: expected shape \(1,\) as M says, found \(\)"),
    (np.full(3, 1 / 3), half, square, AssertionError, r"a: expected shape \(2,\) as M says, found \(3,\)"),
    (half, [0.5, 0.25, 0.25], square, AssertionError, r"b: expected shape \(2,\) as M says, found \(3,\)"),
    (half[:, None], half, square, AssertionError, r"a: expected shape \(2,\) as M says, found \(2, 1\)"),
    (half, half + 1e-6, square, AssertionError, "expected the same sum to 6 decimals, found 1.0 and 1.000002"),
    ([-0.5, 1.5], half, square, ValueError, "a: expected non-negative masses, found -0.5 first at 0"),
    (half, [np.nan, 1], square, ValueError, "b: expected finite masses, found nan first at 0"),
    ([0.0, 0.0], [0.0, 0.0], square, ValueError, "a: expected some mass and a finite sum, found the sum 0.0"),
    (half, half, [[0, np.inf], [1, 0]], ValueError, r"M: expected finite numbers, found inf first at \(0, 1\)"),
    (half, half, [[0, 1], [np.nan, 0]], ValueError, r"M: expected finite numbers, found nan first at \(1, 0\)"),
    (half, half, square * 1e301, ValueError, r"M: expected costs up to 1e\+300, found 1e\+301"),
    (half, half, square[0], ValueError, r"M: expected a non-empty matrix, found shape \(2,\)"),
    ([], [], np.zeros((0, 2)), ValueError, r"M: expected a non-empty matrix, found shape \(0, 2\)"),
    (half, half, square * 1j, TypeError, "M: expected real numbers, found complex128"),
]


@pytest.mark.parametrize(("a", "b", "cost", "error", "message"), BAD)
def test_bad_input_is_named(a, b, cost, error, message):
    with pytest.raises(error, match=message):
        mot.ot.emd(a, b, cost)
    with pytest.raises(error, match=message):
        mot.ot.emd2(a, b, cost)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "many"])
def test_threads_are_a_positive_number_or_max(threads):
    for emd in (mot.ot.emd, mot.ot.emd2):
        with pytest.raises(ValueError, match="numThreads: expected 'max' or a positive integer, found"):
            emd(half, half, square, numThreads=threads)


def test_an_unproven_answer_is_an_error(monkeypatch):
    class Unproven:
        is_optimal = False
        cost = 1.0
        certificate = mot.Certificate(1.0, 1.0, 1.0, 1.0, 1e-9)

    monkeypatch.setattr("mot_fast.transport.drop_ins.solve_transport", lambda *_, **__: Unproven)
    for emd in (mot.ot.emd, mot.ot.emd2):
        with pytest.raises(mot.SolverError, match="the transport could not be proven optimal: Certificate"):
            emd(half, half, square)


@pytest.mark.processes
def test_nothing_large_is_imported_for_dense_costs():
    code = (
        "import sys, numpy as np, mot_fast as mot; mot.ot.emd2([], [], np.eye(3)); "
        "assert not {'scipy.sparse', 'numba'} & set(sys.modules), set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(costs(), st.floats(0, 0.8), st.integers(0, 2**32 - 1))
def test_missing_entries_are_forbidden(cost, share, seed):
    rng = np.random.default_rng(seed)
    is_missing = rng.random(cost.shape) < share
    a, b = (np.bincount(rng.integers(0, n, 12), minlength=n) / 12 for n in cost.shape)
    listed = scipy.sparse.coo_array((cost[~is_missing], np.nonzero(~is_missing)), shape=cost.shape)
    scale = np.abs(cost).max() or 1.0
    expected, _ = transport_by_linear_programming(np.where(is_missing, np.inf, cost / scale), a, b)
    if expected is None:
        with pytest.raises(ValueError, match="M: expected entries that leave a plan"):
            mot.ot.emd2(a, b, listed)
        return
    plan, log = mot.ot.emd(a, b, listed, log=True)
    assert isinstance(plan, scipy.sparse.coo_array)
    assert (plan.toarray()[is_missing] == 0).all()
    np.testing.assert_allclose(plan.sum(1), a, atol=1e-9)
    np.testing.assert_allclose(plan.sum(0), b, atol=1e-9)
    assert log["cost"] / scale == pytest.approx(expected, abs=1e-7)
    excess = log["u"][:, None] + log["v"] - cost
    assert excess[~is_missing].max() <= 1e-9 * scale
    assert a @ log["u"] + b @ log["v"] == pytest.approx(log["cost"], abs=1e-8 * scale)


@pytest.mark.parametrize("seed", range(10))
def test_rounded_masses_need_no_missing_entry(seed):
    rng = np.random.default_rng(seed)
    a, order = rng.dirichlet(np.ones(50)), rng.permutation(50)
    only = scipy.sparse.coo_array((rng.random(50), (order, np.arange(50))), shape=(50, 50))
    plan = mot.ot.emd(a, a[order] * (1 + 1e-7), only)
    np.testing.assert_allclose(plan.sum(1), a, rtol=1e-12)
    blocks = scipy.sparse.block_diag([rng.random((10, 10)) + 1] * 5)
    b = np.concatenate([rng.dirichlet(np.ones(10)) * part.sum() for part in np.split(a, 5)])
    assert mot.ot.emd2(a, b, blocks) == pytest.approx(
        pot.emd2(a, b, np.where(blocks.toarray() == 0, 100, blocks.toarray()))
    )


def least_cost_of_two_rows(a, b, cost):
    """In exact arithmetic: the first row saves most where it takes columns first; the greatest column levels sums."""
    masses = [Fraction(float(x)) for x in b]
    masses[int(np.argmax(b))] += sum(Fraction(float(x)) for x in a) - sum(masses)
    costs = [[Fraction(float(x)) for x in row] for row in cost]
    left, total = Fraction(float(a[0])), Fraction(0)
    for j in sorted(range(len(b)), key=lambda j: costs[0][j] - costs[1][j]):
        taken = min(left, masses[j])
        left -= taken
        total += taken * costs[0][j] + (masses[j] - taken) * costs[1][j]
    return total


@pytest.mark.parametrize("are_listed", [False, True])
def test_masses_over_many_decades_are_all_carried_where_they_cost_least(are_listed, rng):
    problems = [([1 - 2.0**-48, 2.0**-48], [2.0**-107, 1.0], np.array([[0.9, -0.8], [-0.9, -1e9]]))]
    for _ in range(60):
        m = int(rng.integers(2, 6))
        a, b = 10.0 ** rng.uniform(-33, 0, 2), 10.0 ** rng.uniform(-33, 0, m)
        cost = np.where(rng.random((2, m)) < 0.3, -(10.0 ** rng.integers(3, 16)), rng.standard_normal((2, m)))
        problems.append((a / a.sum(), b / b.sum(), cost))
    for a, b, cost in problems:
        found = mot.ot.emd2(a, b, scipy.sparse.coo_array(cost) if are_listed else cost)
        assert found == pytest.approx(float(least_cost_of_two_rows(a, b, cost)), rel=1e-12)


@pytest.mark.parametrize("form", ["coo", "csr", "csc", "dok", "lil"])
def test_sparse_costs_in_any_form_cost_what_pot_finds(form, rng):
    cost = scipy.sparse.random(60, 50, density=0.3, rng=rng).tocoo()
    for found, expected in [
        (mot.ot.emd2([], [], cost.asformat(form)), pot.emd2([], [], cost)),
        (mot.ot.emd([], [], scipy.sparse.coo_array(cost).asformat(form), log=True)[1]["cost"], pot.emd2([], [], cost)),
    ]:
        assert found == pytest.approx(expected, rel=1e-9)
    cost_of_emd2, log = mot.ot.emd2([], [], cost.asformat(form), return_matrix=True)
    assert (log["G"] * cost).sum() == pytest.approx(cost_of_emd2)


def test_entries_of_one_place_are_summed():
    twice = scipy.sparse.coo_array(([1.0, 2.0, 5.0], ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    assert mot.ot.emd2([], [], twice) == 4.0
    rows = scipy.sparse.csr_array(([1.0, 2.0, 5.0], [0, 0, 1], [0, 2, 3]), shape=(2, 2))
    assert mot.ot.emd2([], [], rows) == 4.0
    assert rows.nnz == 3


def test_sparse_plans_have_the_dtype_of_the_masses():
    plan = mot.ot.emd(np.array([0.5, 0.5], np.float32), [], scipy.sparse.eye_array(2).tocsr())
    assert plan.dtype == np.float32
    assert mot.ot.emd2([], np.full((2, 3), 0.5), scipy.sparse.eye_array(2)) == [1.0] * 3


@pytest.mark.parametrize(
    ("cost", "error", "message"),
    [
        (scipy.sparse.coo_array((2, 2)), ValueError, "M: expected entries that leave a plan"),
        (scipy.sparse.coo_array([[1.0, 0], [1.0, 0]]), ValueError, "M: expected entries that leave a plan"),
        (scipy.sparse.coo_array([[1.0, np.inf]]), ValueError, r"M: expected finite costs up to 1e\+300, found inf"),
        (scipy.sparse.coo_array([[np.nan, 1.0]]), ValueError, r"M: expected finite costs up to 1e\+300, found nan"),
        (scipy.sparse.coo_array((0, 2)), ValueError, r"M: expected a non-empty matrix, found shape \(0, 2\)"),
        (scipy.sparse.coo_array([1.0, 2.0]), ValueError, r"M: expected a non-empty matrix, found shape \(2,\)"),
        (scipy.sparse.eye_array(2) * 1j, TypeError, "M: expected real numbers, found complex128"),
    ],
)
def test_bad_sparse_costs_are_named(cost, error, message):
    for emd in (mot.ot.emd, mot.ot.emd2):
        with pytest.raises(error, match=message):
            emd([], [], cost)


def test_a_large_sparse_problem_needs_no_dense_matrix(rng):
    n = 20_000
    rows = np.repeat(np.arange(n), 4)
    columns = (rows + rng.integers(0, 50, len(rows))) % n
    columns[::4] = np.arange(n)
    cost = scipy.sparse.csr_array((1 + rng.random(len(rows)), (rows, columns)), shape=(n, n))
    plan, log = mot.ot.emd([], [], cost, log=True)
    np.testing.assert_allclose(plan.sum(0), 1 / n)
    entries = cost.tocoo()
    assert (log["u"][entries.row] + log["v"][entries.col] - entries.data).max() < 1e-9
    assert log["u"].mean() + log["v"].mean() == pytest.approx(log["cost"], rel=1e-12)


def test_names_that_it_does_not_have_are_told_beside_those_that_it_has():
    message = r"'mot_fast.ot' has no 'sinkhorn': it has SampleResult, emd, .* from POT \(import ot as pot\)"
    with pytest.raises(AttributeError, match=message):
        mot.ot.sinkhorn  # noqa: B018
