"""Potentials to start from: good ones save time, and no others change the answer."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mot_fast as mot
from oracles.transports import assert_least, assert_optimal, transport_by_linear_programming
from support.strategies import COST_FAMILIES, WIDE_FAMILIES, problems, sizes_to_price

HARD_NUMBERS = [np.nan, np.inf, -np.inf, 1e300, -1e300, 1.7e308, 5e-324, 0.0, -0.0, 1e12, -1e12]

START_FAMILIES = ["exact", "noise", "shift", "times", "places", "zeros", "random", "single", "permuted"]


@st.composite
def starts(draw, cold):
    """Potentials made of the optimal ones of a transport: exact, moved, scaled, broken in places, or unrelated."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = max(np.abs(cold.u).max(), np.abs(cold.v).max(), np.finfo(float).tiny)
    u, v = cold.u.copy(), cold.v.copy()
    match draw(
        st.sampled_from(["exact", "noise", "shift", "times", "places", "zeros", "random", "single", "permuted"])
    ):
        case "noise":
            width = scale * 10.0 ** draw(st.integers(-15, 2))
            u, v = u + width * rng.standard_normal(u.shape), v + width * rng.standard_normal(v.shape)
        case "shift":
            shift = scale * draw(st.sampled_from([1.0, 1e3, 1e8, -1e15]))
            u, v = u + shift, v - shift
        case "times":
            factor = draw(st.sampled_from([-1.0, 0.0, 2.0, 1e-300, 1e150]))
            with np.errstate(over="ignore"):
                u, v = u * factor, v * factor
        case "places":
            side = draw(st.sampled_from([u, v]))
            side[rng.integers(len(side))] = draw(st.sampled_from(HARD_NUMBERS))
        case "zeros":
            u, v = np.zeros_like(u), np.zeros_like(v)
        case "random":
            u, v = scale * rng.standard_normal(u.shape), scale * rng.standard_normal(v.shape)
        case "single":
            u, v = u.astype(np.float32), v.astype(np.float32)
        case "permuted":
            u, v = rng.permutation(u), rng.permutation(v)
    return u, v


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@settings(max_examples=300, deadline=None)
@given(
    st.one_of(problems(), problems(sizes_to_price, sizes_to_price), problems(families=WIDE_FAMILIES)),
    st.sampled_from(["float64", "float32"]),
    st.data(),
)
def test_no_potentials_change_the_answer(problem, dtype, data):
    cost, a, b = problem
    cost = cost.astype(dtype)
    cold = mot.solve_transport(cost, a, b)
    warm = mot.solve_transport(cost, a, b, potentials=data.draw(starts(cold)))
    assert_optimal(warm, cost, a, b)
    assert_least(warm.toarray(), warm.u, warm.v, cost, b)
    assert warm.cost == pytest.approx(cold.cost, rel=1e-11, abs=1e-12 * cold.certificate.tolerance)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(problems(), st.data())
def test_the_answer_is_that_of_linear_programming(problem, data):
    cost, a, b = problem
    cold = mot.solve_transport(cost, a, b)
    warm = mot.solve_transport(cost, a, b, potentials=data.draw(starts(cold)))
    expected, _ = transport_by_linear_programming(cost, a, b)
    assert warm.cost == pytest.approx(expected, abs=1e-7 * np.abs(cost).max(), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(problems(sizes_to_price, sizes_to_price, COST_FAMILIES), st.integers(0, 2**32 - 1))
def test_problems_like_the_one_before(problem, seed):
    rng = np.random.default_rng(seed)
    cost, a, b = problem
    cold = mot.solve_transport(cost, a, b)
    cost = cost * (1 + 0.01 * rng.standard_normal(cost.shape))
    a, b = (masses * (1 + 0.01 * rng.random(masses.shape)) for masses in (a, b))
    b *= a.sum() / b.sum()
    assert_optimal(mot.solve_transport(cost, a, b, potentials=(cold.u, cold.v)), cost, a, b)


SHAPES = [(1000, 1000, "uniform"), (800, 1000, "uniform"), (1000, 800, "random")]


def _problem(rng, n, m, masses):
    x, y = rng.random((n, 2)), rng.random((m, 2))
    cost = ((x[:, None] - y) ** 2).sum(-1)
    a, b = (rng.random(k) + 0.1 if masses == "random" else np.ones(k) for k in (n, m))
    return cost, a / a.sum(), b / b.sum()


def _least_time(call, repeats=5):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m", "masses"), SHAPES)
def test_exact_potentials_save_time(rng, n, m, masses):
    """The factor is 10 to 20 on points of the plane; 2 leaves room for a busy machine."""
    problem = _problem(rng, n, m, masses)
    cold = mot.solve_transport(*problem)
    start = cold.u, cold.v
    assert 2 * _least_time(lambda: mot.solve_transport(*problem, potentials=start)) < _least_time(
        lambda: mot.solve_transport(*problem)
    )


@pytest.mark.parametrize(
    ("potentials", "error", "message"),
    [
        (np.zeros(2), ValueError, r"potentials\[0\]: expected shape \(2,\), found \(\)"),
        (0.5, ValueError, r"potentials: expected two arrays, \(u, v\), found float"),
        ("uv", ValueError, r"potentials: expected two arrays, \(u, v\), found str"),
        ([[0, 0]], ValueError, r"potentials: expected two arrays, \(u, v\), found list of length 1"),
        ((np.zeros(3), np.zeros(2)), ValueError, r"potentials\[0\]: expected shape \(2,\), found \(3,\)"),
        ((np.zeros(2), np.zeros((3, 1))), ValueError, r"potentials\[1\]: expected shape \(3,\), found \(3, 1\)"),
        ((np.zeros(2), ["a", "b", "c"]), TypeError, r"potentials\[1\]: expected real numbers, found"),
        ((np.zeros(2), np.zeros(3, complex)), TypeError, r"potentials\[1\]: expected real numbers, found complex128"),
    ],
)
def test_potentials_of_the_wrong_shape_are_named(potentials, error, message):
    cost = np.arange(6.0).reshape(2, 3)
    with pytest.raises(error, match=message):
        mot.solve_transport(cost, potentials=potentials)


def test_the_core_refuses_other_shapes():
    cost, masses = np.zeros((2, 2)), np.full(2, 0.5)
    with pytest.raises(ValueError, match=r"potentials must be u \(n,\), v \(m,\)"):
        mot._core.solve_transport(cost, masses, masses, 1.0, potentials=(np.zeros(2), np.zeros(3)))


def test_lists_and_integers_are_potentials():
    cost = [[0.0, 1.0, 3.0], [3.0, 1.0, 0.0]]
    assert mot.solve_transport(cost, potentials=([0, 0], [0, 1, 0])).cost == pytest.approx(1 / 3)


@pytest.mark.parametrize("masses", ["uniform", "random"])
def test_drop_ins_start_from_potentials(rng, masses):
    cost, a, b = _problem(rng, 250, 250, masses)
    plan, log = mot.ot.emd(a, b, cost, log=True)
    for start in ((log["u"], log["v"]), [list(log["u"]), list(log["v"])], (np.full(250, np.nan), log["v"])):
        again, found = mot.ot.emd(a, b, cost, log=True, potentials_init=start)
        np.testing.assert_allclose(again, plan, atol=1e-12)
        assert found["cost"] == pytest.approx(log["cost"], rel=1e-12)
        assert mot.ot.emd2(a, b, cost, potentials_init=start) == pytest.approx(log["cost"], rel=1e-12)
    columns = np.stack([b, b[::-1]], axis=1)
    expected = mot.ot.emd2(a, columns, cost)
    assert mot.ot.emd2(a, columns, cost, potentials_init=(log["u"], log["v"])) == pytest.approx(expected, rel=1e-12)


def test_drop_ins_name_potentials_of_the_wrong_shape(rng):
    cost = rng.random((3, 4))
    for function in (mot.ot.emd, mot.ot.emd2):
        with pytest.raises(ValueError, match=r"potentials_init\[1\]: expected shape \(4,\), found \(3,\)"):
            function([], [], cost, potentials_init=(np.zeros(3), np.zeros(3)))
        with pytest.raises(ValueError, match=r"potentials_init: expected two arrays, .* found ndarray of length 3"):
            function([], [], cost, potentials_init=np.zeros(3))
