"""Families of transport problems: the shapes and numbers that break solvers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

sizes = st.integers(1, 12)
sizes_to_price = st.integers(33, 90)
"""Up to 24 units on a side every pair is a candidate from the start; from here on columns are generated."""

COST_FAMILIES = ["uniform", "signed", "ties", "constant", "duplicates", "scaled", "shifted", "metric", "products"]
WIDE_FAMILIES = ["decades", "forbidding", "rows"]
"""Costs that differ by many orders of magnitude."""
MASS_FAMILIES = ["uniform", "random", "zeros", "unbalanced", "dominated", "lonely", "integers"]


@st.composite
def costs(draw, n=sizes, m=sizes, families=COST_FAMILIES):
    """Cost matrices with ties, duplicated units, constants, extreme scales and large offsets, and of either sign."""
    shape = (draw(n), draw(m))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    family = draw(st.sampled_from(families))
    cost = rng.random(shape)
    match family:
        case "signed":
            cost = rng.integers(-100, 101, shape).astype(float)
        case "ties":
            cost = rng.integers(0, 3, shape).astype(float)
        case "constant":
            cost = np.full(shape, rng.random())
        case "duplicates":
            cost = cost[rng.integers(0, shape[0], shape[0])][:, rng.integers(0, shape[1], shape[1])]
        case "scaled":
            cost = cost * draw(st.sampled_from([1e12, 1e-12]))
        case "shifted":
            cost = cost + draw(st.sampled_from([1e8, -1e8]))
        case "metric":
            cost = (rng.standard_normal((shape[0], 1)) - rng.standard_normal((1, shape[1]))) ** 2
        case "decades":
            cost = 10.0 ** rng.uniform(-10, 10, shape)
        case "forbidding":  # dear arcs, of which an answer needs none, few or many
            cost[rng.random(shape) < draw(st.sampled_from([0.02, 0.3, 0.9]))] = draw(st.sampled_from([1e6, 1e12, 1e15]))
        case "rows":
            cost = cost * 10.0 ** rng.integers(-10, 11, (shape[0], 1))
        case "products":  # long augmenting paths, many pivots
            cost = np.outer(np.arange(shape[0]), np.arange(shape[1])) + rng.integers(0, 5, shape).astype(float)
    return cost


@st.composite
def masses(draw, n):
    """Masses of n units: uniform, random, with zeros, all on one unit, or spread over many orders of magnitude."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    family = draw(st.sampled_from(MASS_FAMILIES))
    result = np.full(n, 1.0)
    match family:
        case "random":
            result = rng.random(n) + 1e-3
        case "zeros":
            result = rng.random(n) * (rng.random(n) < 0.5)
            result[rng.integers(n)] = 1.0
        case "unbalanced":
            result = 10.0 ** rng.uniform(-9, 0, n)
        case "dominated":
            result = np.full(n, 1e-12)
            result[rng.integers(n)] = 1.0
        case "lonely":
            result = np.zeros(n)
            result[rng.integers(n)] = 1.0
        case "integers":
            result = rng.integers(0, 5, n).astype(float)
            result[rng.integers(n)] += 1
    return result / result.sum()


@st.composite
def problems(draw, n=sizes, m=sizes, families=COST_FAMILIES):
    """A cost matrix with marginals."""
    cost = draw(costs(n, m, families))
    return cost, draw(masses(cost.shape[0])), draw(masses(cost.shape[1]))


@st.composite
def square_costs(draw, n=sizes):
    """Cost matrices of as many rows as columns."""
    n = st.just(draw(n))
    return draw(costs(n, n))
