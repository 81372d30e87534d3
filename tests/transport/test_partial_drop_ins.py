"""The drop-ins that leave mass behind against what they stand in for; plans are not compared, ties make them differ."""

from __future__ import annotations

import inspect

import numpy as np
import ot as pot
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import mot_fast as mot
from support.strategies import COST_FAMILIES, WIDE_FAMILIES, problems

BOTH = mot.ot.partial_wasserstein, mot.ot.partial_wasserstein2

shares = st.sampled_from([0.0, 1e-3, 0.1, 0.3, 0.5, 0.77, 0.9, 1.0])


@st.composite
def partial_problems(draw, **sizes):
    """Costs, masses whose sums differ, and a mass to carry."""
    cost, a, b = draw(problems(**sizes))
    b = b * draw(st.sampled_from([0.3, 1.0, 2.5]))
    return cost, a, b, draw(shares) * min(a.sum(), b.sum())


def assert_proven(plan, log, cost, a, b, mass):
    """The plan carries the mass within the marginals, and the potentials and the price prove that no other is cheaper.

    What is wrong may be wrong by a billionth of the greatest cost, or of the greater sum of the masses.
    """
    cost, a, b = (np.asarray(x, dtype=np.float64) for x in (cost, a, b))
    u, v, price = log["u"], log["v"], log["price"]
    largest, total = max(np.abs(cost[np.isfinite(cost)]).max(initial=0), 1e-300), max(a.sum(), b.sum())
    left_rows, left_columns = a - plan.sum(axis=1), b - plan.sum(axis=0)
    assert plan.min() >= 0
    assert min(left_rows.min(), left_columns.min()) >= -1e-9 * total
    assert plan.sum() == pytest.approx(mass, rel=1e-9, abs=1e-12 * total)
    assert max(u.max(), v.max()) <= 1e-9 * largest
    reduced = cost - u[:, None] - v - price
    assert reduced.min() >= -1e-9 * largest
    assert np.abs(reduced[plan > 0]).max(initial=0) <= 1e-9 * largest
    for potentials, left in ((u, left_rows), (v, left_columns)):
        assert np.abs(potentials[left > 1e-9 * total]).max(initial=0) <= 1e-9 * largest
    paid = plan[plan > 0] @ cost[plan > 0]
    assert a @ u + b @ v + price * mass == pytest.approx(paid, abs=1e-9 * largest * total)
    assert log["cost"] == pytest.approx(paid, abs=1e-9 * largest * total)
    assert (log["warning"], log["result_code"]) == (None, 1)
    assert log["partial_w_dist"] == log["cost"]


def listed(cost, is_allowed=True):
    """The costs of the pairs that are allowed, zeros too."""
    pairs = np.nonzero(np.broadcast_to(is_allowed, cost.shape))
    return scipy.sparse.coo_array((cost[pairs], pairs), shape=cost.shape)


@given(partial_problems(families=COST_FAMILIES + WIDE_FAMILIES), st.booleans())
def test_every_plan_is_proven(problem, is_sparse):
    cost, a, b, mass = problem
    plan, log = mot.ot.partial_wasserstein(a, b, listed(cost) if is_sparse else cost, m=mass, log=True)
    assert_proven(plan.toarray() if is_sparse else plan, log, cost, a, b, mass)
    assert mot.ot.partial_wasserstein2(a, b, cost, m=mass) == pytest.approx(log["cost"], rel=1e-9, abs=1e-300)


@given(partial_problems(families=["uniform", "ties", "constant", "duplicates", "metric", "products"]))
def test_costs_are_pot_s(problem):
    cost, a, b, mass = problem
    expected, log = pot.partial.partial_wasserstein2(a, b, cost, m=mass, log=True, numItermax=10**7)
    assert mot.ot.partial_wasserstein2(a, b, cost, m=mass) == pytest.approx(expected, abs=1e-7 * cost.max())
    if cost.max() > 0:
        assert log["T"].sum() == pytest.approx(mass, abs=1e-7)


@given(problems(families=["uniform", "ties", "metric"]), st.sampled_from([0.3, 0.9, 1.0]))
def test_without_a_mass_all_is_carried_at_pot_s_cost(problem, share):
    cost, a, b = problem
    a, b = a * (1 - 1e-12), b * share * (1 - 1e-12)
    plan, log = mot.ot.partial_wasserstein(a, b, cost, log=True)
    assert_proven(plan, log, cost, a, b, min(a.sum(), b.sum()))
    expected = pot.partial.partial_wasserstein2(a, b, cost, numItermax=10**7)
    assert mot.ot.partial_wasserstein2(a, b, cost) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("n", "m"), [(80, 80), (60, 110), (150, 90)])
@pytest.mark.parametrize("family", ["random", "ties", "metric"])
def test_larger_problems_cost_what_pot_finds(n, m, family):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((n, 1, 2)), rng.standard_normal((1, m, 2))
    families = {"random": rng.random((n, m)), "ties": rng.integers(0, 9, (n, m)) / 1.0}
    cost = families.get(family, ((x - y) ** 2).sum(-1))
    a, b = rng.random(n), rng.random(m)
    a[::5], b[::3] = 0, 0
    for mass_a, mass_b in [(a / a.sum(), 0.8 * b / b.sum()), ([], [])]:
        for mass in (0.0, 0.3, 0.55, 0.8):
            expected = pot.partial.partial_wasserstein2(mass_a, mass_b, cost, m=mass)
            plan, log = mot.ot.partial_wasserstein(mass_a, mass_b, cost, m=mass, log=True)
            weights = [x if len(x) else np.full(k, 1 / k) for x, k in ((mass_a, n), (mass_b, m))]
            assert_proven(plan, log, cost, *weights, mass)
            assert log["cost"] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_what_lies_apart_is_left_behind(rng):
    x, y = rng.standard_normal((2, 30, 2))
    x[20:], y[20:] = 50 + x[20:], y[20:] - 50
    cost = ((x[:, None] - y) ** 2).sum(-1)
    plan, log = mot.ot.partial_wasserstein([], [], cost, m=0.65, log=True)
    assert plan[20:].sum() == plan[:, 20:].sum() == 0
    assert log["price"] < 100
    assert mot.ot.partial_wasserstein2([], [], cost, m=0.7) > log["cost"] + 100 / 30


def test_on_a_line_the_cheapest_pairs_come_first(rng):
    x, y = rng.random(25), rng.random(25)
    _, _, gains = pot.partial.partial_wasserstein_1d(x, y, p=1)
    found = [25 * mot.ot.partial_wasserstein2([], [], np.abs(x[:, None] - y), m=k / 25) for k in range(26)]
    np.testing.assert_allclose(found, np.concatenate([[0], np.cumsum(gains)]), atol=1e-12)


def test_arguments_and_defaults_are_pot_s():
    for ours, theirs in zip(BOTH, (pot.partial.partial_wasserstein, pot.partial.partial_wasserstein2), strict=True):
        expected = [(name, p.kind, p.default) for name, p in inspect.signature(theirs).parameters.items()]
        assert [(name, p.kind, p.default) for name, p in inspect.signature(ours).parameters.items()] == expected


@pytest.mark.parametrize("mass", [None, 0, 0.25])
def test_the_logs_are_pot_s_with_a_price(mass):
    cost = np.array([[1.0, 3.0], [2.0, 5.0]])
    for ours, theirs in zip(BOTH, (pot.partial.partial_wasserstein, pot.partial.partial_wasserstein2), strict=True):
        found, expected = (function([], [], cost, m=mass, log=True) for function in (ours, theirs))
        assert type(found) is type(expected) is tuple
        assert set(found[1]) == set(expected[1]) | {"price", "partial_w_dist"}
        assert isinstance(found[1]["cost"], float)
    np.testing.assert_array_equal(found[1]["T"], mot.ot.partial_wasserstein([], [], cost, m=mass))
    assert found[0] == found[1]["partial_w_dist"] == mot.ot.partial_wasserstein2([], [], cost, m=mass)


def test_pot_s_potentials_include_the_price(rng):
    cost, a, b = rng.random((9, 12)), rng.random(9), rng.random(12)
    _, ours = mot.ot.partial_wasserstein(a, b, cost, m=1.0, log=True)
    _, theirs = pot.partial.partial_wasserstein(a, b, cost, m=1.0, log=True)
    np.testing.assert_allclose(ours["u"] - ours["u"].max(), theirs["u"] - theirs["u"].max(), atol=1e-12)
    np.testing.assert_allclose(ours["v"] - ours["v"].max(), theirs["v"] - theirs["v"].max(), atol=1e-12)
    assert theirs["u"].max() + theirs["v"].max() == pytest.approx(ours["price"])


def test_the_price_foretells_the_cost(rng):
    cost, a, b = rng.random((8, 6)), rng.random(8), rng.random(6)
    value, log = mot.ot.partial_wasserstein2(a, b, cost, m=0.8, log=True)
    for change in (1e-6, -1e-6):
        changed = mot.ot.partial_wasserstein2(a, b, cost, m=0.8 + change)
        assert (changed - value) / change == pytest.approx(log["price"], rel=1e-6)


def test_nothing_is_carried_of_no_mass():
    cost, a, b = np.array([[3.0, 2.0], [4.0, 5.0]]), np.array([1.0, 0.0]), np.array([0.5, 0.5])
    plan, log = mot.ot.partial_wasserstein(a, b, cost, m=0, log=True)
    np.testing.assert_array_equal(plan, np.zeros((2, 2)))
    assert_proven(plan, log, cost, a, b, 0.0)
    assert (log["cost"], log["price"]) == (0.0, 2.0)
    plan, log = mot.ot.partial_wasserstein(a, b, scipy.sparse.coo_array((2, 2)), m=0, log=True)
    assert (plan.nnz, plan.shape, log["price"]) == (0, (2, 2), np.inf)


@pytest.mark.parametrize("shift", [0.0, -0.5, -3.0])
def test_no_more_is_carried_where_costs_are_negative(shift, rng):
    cost, a, b = rng.random((6, 5)), rng.random(6), rng.random(5)
    a, b = a / a.sum(), b / b.sum()
    for mass in (0.4, 1.0):
        plan, log = mot.ot.partial_wasserstein(a, b, cost + shift, m=mass, log=True)
        assert_proven(plan, log, cost + shift, a, b, mass)
        expected = pot.partial.partial_wasserstein2(a, b, cost, m=mass) + shift * mass
        assert log["cost"] == pytest.approx(expected, abs=1e-9)
    assert mot.ot.partial_wasserstein(a, b, cost + shift).sum() == pytest.approx(1)


@pytest.mark.parametrize("uniform", [[], None, np.array([])])
def test_nothing_means_uniform(uniform, rng):
    cost = rng.random((3, 4))
    plan = mot.ot.partial_wasserstein(uniform, uniform, cost, m=0.5)
    expected = pot.partial.partial_wasserstein2(np.full(3, 1 / 3), np.full(4, 1 / 4), cost, m=0.5)
    assert (plan * cost).sum() == pytest.approx(expected)
    assert mot.ot.partial_wasserstein2(uniform, [0.25] * 4, cost, m=0.5) == pytest.approx(expected)
    assert mot.ot.partial_wasserstein(uniform, uniform, cost).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("a", "b", "cost", "expected"),
    [
        (np.float32, np.float64, np.float64, np.float32),
        (list, np.float32, np.float64, np.float32),
        (None, list, int, np.float64),
        (np.float16, list, list, np.float16),
        (list, list, list, np.float64),
    ],
)
@pytest.mark.parametrize("mass", [0, 0.25, None])
def test_results_have_the_dtype_of_a_else_b_else_the_costs(a, b, cost, expected, mass):
    def of(values, kind):
        return kind if kind is None else values if kind is list else np.array(values, dtype=kind)

    problem = of([0.5, 0.5], a), of([0.5, 0.5], b), of([[0.0, 1.0], [1.0, 0.0]], cost)
    plan, log = mot.ot.partial_wasserstein(*problem, m=mass, log=True)
    assert {plan.dtype, log["u"].dtype, log["v"].dtype} == {np.dtype(expected)}
    assert {type(log[name]) for name in ("cost", "partial_w_dist", "price")} == {float}


def test_integer_masses_have_plans_of_fractions_as_in_pot():
    a, b, cost = np.array([3, 1]), np.array([2, 2]), np.array([[0, 1], [1, 0]])
    plan = mot.ot.partial_wasserstein(a, b, cost, m=2.5)
    expected = pot.partial.partial_wasserstein(a, b, cost, m=2.5)
    assert plan.dtype == expected.dtype == np.float64
    np.testing.assert_allclose(plan.sum(), 2.5)
    assert mot.ot.partial_wasserstein2(a, b, cost, m=3.5) == 0.5


def test_what_is_accepted_for_compatibility_changes_nothing(rng):
    cost = rng.random((20, 20))
    plan = mot.ot.partial_wasserstein([], [], cost, m=0.5)
    start = np.zeros(21), np.zeros(21)
    ignored = {"numItermax": 1}, {"center_dual": False}, {"check_marginals": False}, {"potentials_init": start}
    for extra in ({"nb_dummies": 5}, *ignored):
        np.testing.assert_array_equal(mot.ot.partial_wasserstein([], [], cost, m=0.5, **extra), plan)
        assert mot.ot.partial_wasserstein2([], [], cost, 0.5, **extra) == pytest.approx((plan * cost).sum())
    for threads in (2, "max", None):
        with pytest.warns(DeprecationWarning, match="numThreads is accepted and ignored"):
            np.testing.assert_array_equal(mot.ot.partial_wasserstein([], [], cost, m=0.5, numThreads=threads), plan)


def test_a_mass_that_is_more_by_rounding_is_all_of_it(rng):
    a, b = rng.dirichlet(np.ones(50)).astype(np.float32), 2 * rng.dirichlet(np.ones(40)).astype(np.float32)
    cost = rng.random((50, 40))
    for mass in (float(a.sum()), 1.0, np.float64(a.sum(dtype=np.float64)) * (1 + 1e-7)):
        plan = mot.ot.partial_wasserstein(a.astype(float), b.astype(float), cost, m=mass)
        np.testing.assert_allclose(plan.sum(axis=1), a, rtol=1e-6)
    assert mot.ot.partial_wasserstein(a, b / 2, cost).sum() == pytest.approx(1, rel=1e-6)
    for mass in (np.float32(0.5), np.array(0.5), 1, np.int64(1)):
        assert mot.ot.partial_wasserstein([], [], cost, m=mass).sum() == pytest.approx(float(mass))


half = np.full(2, 0.5)
square = np.array([[0.0, 1.0], [1.0, 0.0]])
BAD_MASSES = [
    (half, half, -1, ValueError, "m: Problem infeasible, expected at least 0, found -1"),
    (half, half, -1e-12, ValueError, "m: Problem infeasible, expected at least 0, found -1e-12"),
    (half, half, 1.1, ValueError, "m: Problem infeasible, .* at most 1, the smaller sum of the masses, found 1.1"),
    (2 * half, half / 2, 0.6, ValueError, "m: Problem infeasible, expected at most 0.5, .* found 0.6"),
    (half, half, np.nan, ValueError, "m: expected a finite number, found nan"),
    (half, half, "half", TypeError, "m: expected a number, found 'half'"),
    (half, half, True, TypeError, "m: expected a number, found True"),
    (2 * half, half, None, ValueError, "a and b: Problem infeasible, .* at most 1 where m is None, found 2 and 1"),
    (half, half + 1e-3, None, ValueError, "a and b: Problem infeasible, .* where m is None, found 1 and 1.002"),
]


@pytest.mark.parametrize(("a", "b", "mass", "error", "message"), BAD_MASSES)
def test_masses_that_cannot_be_carried_are_named(a, b, mass, error, message):
    for function in BOTH:
        with pytest.raises(error, match=message):
            function(a, b, square, m=mass)


BAD = [
    (half, half, np.ma.masked_array(square, square > 0), ValueError, "M: expected every number, found masked ones"),
    (["x", "y"], half, square, TypeError, "a: expected real numbers, found <U1"),
    (np.full(3, 1 / 3), half, square, AssertionError, r"a: expected shape \(2,\) as M says, found \(3,\)"),
    (half, np.full((2, 3), 0.5), square, AssertionError, r"b: expected shape \(2,\) as M says, found \(2, 3\)"),
    ([-0.5, 1.5], half, square, ValueError, "a: expected non-negative masses, found -0.5 first at 0"),
    ([0.0, 0.0], half, square, ValueError, "a: expected some mass and a finite sum, found the sum 0.0"),
    (half, half, [[0, np.inf], [1, 0]], ValueError, r"M: expected finite numbers, found inf first at \(0, 1\)"),
    (half, half, square * 1e301, ValueError, r"M: expected costs up to 1e\+300, found 1e\+301"),
]


@pytest.mark.parametrize(("a", "b", "cost", "error", "message"), BAD)
def test_bad_input_is_named(a, b, cost, error, message):
    for function in BOTH:
        for mass in (None, 0, 0.5):
            with pytest.raises(error, match=message):
                function(a, b, cost, m=mass)


def test_unknown_options_and_threads_are_named():
    for function in BOTH:
        with pytest.raises(TypeError, match=r"kwargs: expected options of emd, numItermax, .*, found 'reg'"):
            function(half, half, square, m=0.5, reg=1.0)
        for threads in (0, -1, 1.5, "many"):
            with pytest.raises(ValueError, match="numThreads: expected 'max' or a positive integer, found"):
                function(half, half, square, m=0.5, numThreads=threads)


def test_an_unproven_answer_is_an_error():
    cost, b = np.array([[1e300, 2e299], [1e300, 3e299]]), np.array([1e20, 1e20])
    for function in BOTH:
        with pytest.raises(mot.SolverError, match="the partial transport could not be proven optimal: Certificate"):
            function(b, b, cost, m=1.5e20)


@given(partial_problems(), st.integers(0, 2**32 - 1))
def test_missing_entries_are_forbidden(problem, seed):
    cost, a, b, mass = problem
    is_allowed = np.random.default_rng(seed).random(cost.shape) < 0.5
    try:
        plan, log = mot.ot.partial_wasserstein(a, b, listed(cost, is_allowed), m=mass, log=True)
    except ValueError as error:
        most, _, found = str(error).removeprefix("m: Problem infeasible, expected at most ").partition(", all that")
        assert found.startswith(" the listed pairs carry")
        assert float(most) <= mass * (1 + 1e-8)
        return
    assert isinstance(plan, scipy.sparse.coo_array)
    assert (plan.toarray()[~is_allowed] == 0).all()
    if is_allowed.any():
        assert_proven(plan.toarray(), log, np.where(is_allowed, cost, np.inf), a, b, mass)


def test_all_that_listed_pairs_carry_is_carried_without_a_mass():
    few = scipy.sparse.csr_array(([1.0, 2.0, 3.0], ([0, 1, 2], [0, 0, 0])), shape=(3, 3))
    plan, log = mot.ot.partial_wasserstein([], [], few, log=True)
    assert plan.toarray()[0, 0] == plan.sum() == pytest.approx(1 / 3)
    assert log["cost"] == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match=r"m: Problem infeasible, expected at most 0.33333333333333.*, found 0.4"):
        mot.ot.partial_wasserstein2([], [], few, m=0.4)
    with pytest.raises(ValueError, match="M: expected an entry between a row and a column that have mass, found none"):
        mot.ot.partial_wasserstein([0, 0, 1.0], [0, 0.5, 0.5], few)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def problem(rng):
    return rng.random(5), rng.random(7), rng.random((5, 7))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("mass", [0, 0.5, None])
def test_results_are_tensors_like_the_masses(torch, problem, dtype, mass):
    a, b, cost = (torch.tensor(x / (1 if x.ndim == 2 else 1.01 * x.sum())).to(getattr(torch, dtype)) for x in problem)
    plan, log = mot.ot.partial_wasserstein(a, b, cost, m=mass, log=True)
    assert {x.dtype for x in (plan, log["u"], log["v"], log["partial_w_dist"])} == {a.dtype}
    assert {type(log[name]) for name in ("cost", "price")} == {float}
    value = mot.ot.partial_wasserstein2(a, b, cost, m=mass)
    assert (value.dtype, value.shape) == (a.dtype, ())
    assert not value.requires_grad
    assert float(value) == pytest.approx(log["cost"], rel=1e-2)


@pytest.mark.torch
def test_tensors_give_the_numbers_of_arrays(torch, problem):
    value, log = mot.ot.partial_wasserstein2(*map(torch.tensor, problem), m=1.2, log=True)
    expected, expected_log = mot.ot.partial_wasserstein2(*problem, m=1.2, log=True)
    assert float(value) == log["cost"] == expected
    for key in ("u", "v", "T"):
        np.testing.assert_array_equal(log[key].numpy(), expected_log[key])
    plan = mot.ot.partial_wasserstein(torch.tensor([3, 1]), torch.tensor([2, 2]), [[0, 1], [1, 0]], m=2.5)
    assert (plan.dtype, float(plan.sum())) == (torch.float64, 2.5)


@pytest.mark.torch
@pytest.mark.parametrize("mass", [0, 0.7, None])
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_the_derivative_by_the_costs_is_the_plan_and_there_are_no_others_as_in_pot(torch, problem, mass):
    a, b, cost = problem
    problem = a / a.sum(), 0.9 * b / b.sum(), cost
    gradients = []
    for function in (mot.ot.partial_wasserstein2, pot.partial.partial_wasserstein2):
        a, b, cost = (torch.tensor(x, requires_grad=True) for x in problem)
        value, log = function(a, b, cost, m=None if mass is None else torch.tensor(mass), log=True)
        (10 * value).backward()
        assert a.grad is b.grad is None
        assert not log["T"].requires_grad
        gradients.append(cost.grad)
    torch.testing.assert_close(*gradients)
    torch.testing.assert_close(gradients[0], 10 * mot.ot.partial_wasserstein(*map(torch.tensor, problem), m=mass))
    a, b, cost = map(torch.tensor, problem)
    assert not mot.ot.partial_wasserstein2(a.requires_grad_(), b, cost, m=mass).requires_grad
    _, log = mot.ot.partial_wasserstein([], [], cost.requires_grad_(), m=mass, log=True)
    log["partial_w_dist"].backward()
    assert float(cost.grad.sum()) == pytest.approx(1 if mass is None else mass)


@pytest.mark.torch
@pytest.mark.parametrize("layout", ["coo", "csr"])
@pytest.mark.parametrize("mass", [0, 0.9, None])
@pytest.mark.filterwarnings("ignore:Sparse")
def test_sparse_tensors(torch, problem, layout, mass):
    a, b, cost = (torch.tensor(x if x.ndim == 2 else x / x.sum()) for x in problem)
    sparse = cost.to_sparse(layout=getattr(torch, f"sparse_{layout}")).requires_grad_()
    value, log = mot.ot.partial_wasserstein2(a, b, sparse, m=mass, log=True)
    value.backward()
    assert float(value.detach()) == pytest.approx(float(mot.ot.partial_wasserstein2(a, b, cost, m=mass)))
    assert log["T"].layout == torch.sparse_coo
    assert sparse.grad.layout == sparse.layout
    torch.testing.assert_close(sparse.grad.to_dense(), log["T"].to_dense())
