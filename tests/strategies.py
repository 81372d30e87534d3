"""Families of transport problems: the shapes and numbers that break solvers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

sizes = st.integers(1, 12)


@st.composite
def costs(draw, n=sizes, m=sizes):
    """Cost matrices with ties, duplicated units, constants, extreme scales and large offsets."""
    shape = (draw(n), draw(m))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    family = draw(st.sampled_from(["uniform", "ties", "constant", "duplicates", "scaled", "shifted", "metric"]))
    cost = rng.random(shape)
    match family:
        case "ties":
            cost = rng.integers(0, 3, shape).astype(float)
        case "constant":
            cost = np.full(shape, rng.random())
        case "duplicates":
            cost = cost[rng.integers(0, shape[0], shape[0])][:, rng.integers(0, shape[1], shape[1])]
        case "scaled":
            cost = cost * draw(st.sampled_from([1e12, 1e-12]))
        case "shifted":
            cost = cost + 1e8
        case "metric":
            cost = (rng.standard_normal((shape[0], 1)) - rng.standard_normal((1, shape[1]))) ** 2
    return cost


@st.composite
def masses(draw, n):
    """Masses of n units: uniform, random, with zeros, or spread over many orders of magnitude."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    family = draw(st.sampled_from(["uniform", "random", "zeros", "unbalanced", "integers"]))
    result = np.full(n, 1.0)
    match family:
        case "random":
            result = rng.random(n) + 1e-3
        case "zeros":
            result = rng.random(n) * (rng.random(n) < 0.5)
            result[rng.integers(n)] = 1.0
        case "unbalanced":
            result = 10.0 ** rng.uniform(-9, 0, n)
        case "integers":
            result = rng.integers(0, 5, n).astype(float)
            result[rng.integers(n)] += 1
    return result / result.sum()


@st.composite
def problems(draw):
    """A cost matrix with marginals."""
    cost = draw(costs())
    return cost, draw(masses(cost.shape[0])), draw(masses(cost.shape[1]))
