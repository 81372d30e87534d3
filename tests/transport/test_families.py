"""Costs whose structure decides how they are solved: every family, shape and kind of masses against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

import mot_fast as mot
from oracles.transports import assert_optimal, transport_by_linear_programming

FAMILIES = {
    "ranks": lambda rng, n, m: np.multiply.outer(rng.permutation(n) + 1.0, rng.permutation(m) + 1.0),
    "products": lambda rng, n, m: np.multiply.outer(rng.random(n), rng.random(m)),
    "distances": lambda rng, n, m: np.abs(np.subtract.outer(rng.integers(0, 20, n), rng.integers(0, 20, m))) / 1.0,
    "squares": lambda rng, n, m: np.subtract.outer(rng.random(n), rng.random(m)) ** 2,
    "concave": lambda rng, n, m: np.sqrt(np.abs(np.subtract.outer(rng.random(n), rng.random(m)))),
    "densities": lambda rng, n, m: -np.cumsum(np.cumsum(rng.random((n, m)), axis=0), axis=1),
    "sums": lambda rng, n, m: np.add.outer(rng.random(n), rng.random(m)),
    "equal": lambda _, n, m: np.full((n, m), 0.3),
    "rank two": lambda rng, n, m: rng.standard_normal((n, 2)) @ rng.standard_normal((2, m)),
    "clouds": lambda rng, n, m: squared_distances(rng.standard_normal((n, 3)), rng.standard_normal((m, 3))),
    "shifted clouds": lambda rng, n, m: squared_distances(rng.random((n, 2)), rng.random((m, 2)) + 30),
    "circle": lambda rng, n, m: 1 - np.cos(np.subtract.outer(rng.random(n), rng.random(m)) * 2 * np.pi),
    "blocks": lambda rng, n, m: rng.random((n, m)) + 100.0 * ((np.arange(n)[:, None] * 2 < n) ^ (np.arange(m) * 3 < m)),
    "chain": lambda rng, n, m: np.minimum(np.abs(np.arange(n)[:, None] - np.arange(m) - 0.4), 2) + 1e-3 * rng.random(m),
    "nearly equal rows": lambda rng, n, m: rng.random(m) + 1e-9 * rng.random((n, m)),
    "ties": lambda rng, n, m: rng.integers(0, 3, (n, m)) / 1.0,
    "uniform": lambda rng, n, m: rng.random((n, m)),
    "heavy tails": lambda rng, n, m: rng.standard_cauchy((n, m)),
    "dear columns": lambda rng, n, m: rng.random((n, m)) + 50 * rng.random(m),
}

MASSES = {
    "uniform": lambda _, n: np.full(n, 1 / n),
    "whole": lambda rng, n: rng.integers(1, 5, n),
    "dirichlet": lambda rng, n: rng.dirichlet(np.ones(n)),
    "zeros": lambda rng, n: rng.random(n) * (rng.random(n) < 0.4),
    "spiky": lambda rng, n: rng.random(n) ** 12,
}

SHAPES = [(1, 40), (2, 50), (40, 2), (5, 200), (300, 3), (24, 250), (30, 30), (60, 90), (130, 100)]


def squared_distances(x, y):
    return ((x[:, None] - y) ** 2).sum(-1)


def draw_masses(rng, kind, n):
    masses = MASSES[kind](rng, n).astype(float)
    masses[rng.integers(n)] += 1e-3  # there is some mass
    return masses / masses.sum()


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]} x {0[1]}".format)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_proven_both_ways_round(family, shape):
    rng = np.random.default_rng([list(FAMILIES).index(family), *shape])
    cost = FAMILIES[family](rng, *shape)
    for kind in MASSES:
        a, b = (draw_masses(rng, kind, n) for n in shape)
        answer = mot.solve_transport(cost, a, b)
        assert_optimal(answer, cost, a, b)
        assert len(answer.mass) < sum(shape)
        scale = np.abs(cost).max()
        assert mot.solve_transport(cost.T.copy(), b, a).cost == pytest.approx(answer.cost, abs=1e-12 * scale)
        assert mot.ot.emd2(a, b, cost) == pytest.approx(answer.cost, abs=1e-12 * scale)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(FAMILIES)),
    st.sampled_from(["uniform", "whole", "dirichlet", "zeros"]),  # to HiGHS, spiky ones are infeasible
    st.sampled_from(["uniform", "whole", "dirichlet", "zeros"]),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.integers(0, 2**32 - 1),
)
def test_costs_are_those_of_linear_programming(family, kind_a, kind_b, shape, seed):
    rng = np.random.default_rng(seed)
    cost = FAMILIES[family](rng, *shape)
    a, b = draw_masses(rng, kind_a, shape[0]), draw_masses(rng, kind_b, shape[1])
    expected, _ = transport_by_linear_programming(cost, a, b)
    assert mot.solve_transport(cost, a, b).cost == pytest.approx(expected, abs=1e-7 * np.abs(cost).max(), rel=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (7, 7), (20, 90), (90, 20), (200, 200), (700, 700)])
@pytest.mark.parametrize("family", FAMILIES)
def test_assignments_cost_what_scipy_s_do(family, shape):
    rng = np.random.default_rng([list(FAMILIES).index(family), *shape])
    cost = FAMILIES[family](rng, *shape)
    expected = cost[scipy.optimize.linear_sum_assignment(cost)]
    rows, columns = mot.ot.linear_sum_assignment(cost)
    assert len(set(rows.tolist())) == len(set(columns.tolist())) == min(shape)
    rounding = 1e-12 * np.abs(expected).sum()
    assert cost[rows, columns].sum() == pytest.approx(expected.sum(), abs=rounding)
    if shape[0] == shape[1]:
        assert mot.solve_transport(cost).cost * shape[0] == pytest.approx(expected.sum(), abs=rounding)


@pytest.mark.parametrize("shape", [(3, 80), (80, 3), (100, 100), (100, 120)], ids="{0[0]} x {0[1]}".format)
@pytest.mark.parametrize("family", FAMILIES)
def test_single_precision_costs_are_solved_as_they_are(family, shape):
    rng = np.random.default_rng([list(FAMILIES).index(family), *shape])
    cost = FAMILIES[family](rng, *shape).astype(np.float32)
    for kind in ["uniform", "dirichlet"]:
        a, b = (draw_masses(rng, kind, n) for n in shape)
        answer = mot.solve_transport(cost, a, b)
        assert_optimal(answer, cost, a, b)
        expected = mot.solve_transport(cost.astype(np.float64), a, b).cost
        assert answer.cost == pytest.approx(expected, abs=1e-12 * float(np.abs(cost).max()))
