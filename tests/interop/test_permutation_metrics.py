"""Distances of layers as netrep defines them, against SciPy: layers filled up with zeros, matched or rotated."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.spatial

import mot_fast as mot
from oracles import transports as oracles
from support.pages import defined_on


@pytest.fixture(scope="module")
def distance():
    return defined_on("docs/guides/backend.md", "permutation_distance")["permutation_distance"]


def filled_up(x, y):
    """Centred layers of equal widths."""
    width = max(x.shape[1], y.shape[1])
    x, y = (each - each.mean(axis=0) for each in (x, y))
    return [np.pad(each, ((0, 0), (0, width - each.shape[1]))) for each in (x, y)]


def angle(x, y):
    return np.arccos(np.clip((x * y).sum() / np.linalg.norm(x) / np.linalg.norm(y), -1, 1))


@pytest.mark.parametrize("widths", [(12, 12), (12, 5), (3, 9), (40, 31), (1, 1)])
def test_a_matching_of_rectangles_is_one_of_layers_filled_up(rng, distance, widths):
    x, y = (rng.standard_normal((30, width)) + 3 for width in widths)
    padded = filled_up(x, y)
    rows, columns = scipy.optimize.linear_sum_assignment(padded[0].T @ padded[1], maximize=True)
    matched = padded[0][:, rows], padded[1][:, columns]
    assert distance(x, y) == pytest.approx(angle(*matched), abs=1e-7)
    assert distance(x, y, "euclidean") == pytest.approx(np.linalg.norm(matched[0] - matched[1]))
    assert distance(x, y) == pytest.approx(distance(y, x), abs=1e-7)


def test_of_few_units_every_matching_is_tried(rng, distance):
    x, y = rng.standard_normal((20, 4)), rng.standard_normal((20, 4))
    a, b = filled_up(x, y)
    least = min(angle(a, b[:, list(order)]) for order in itertools.permutations(range(4)))
    assert distance(x, y) == pytest.approx(least)


def test_it_is_a_metric_that_no_order_of_units_changes(rng, distance):
    x, y, z = (rng.standard_normal((25, 6)) @ np.diag([1, 2, 3, 4, 5, 6]) for _ in range(3))
    order = rng.permutation(6)
    assert distance(x, 7 + 2 * x[:, order]) == pytest.approx(0, abs=1e-7)
    assert distance(x, y[:, order]) == pytest.approx(distance(x, y))
    assert distance(x, z) <= distance(x, y) + distance(y, z)
    for method in ("angular", "euclidean"):
        assert distance(x[:, order].astype(np.float16), x.astype(np.float16), method) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("widths", [(6, 6), (6, 4), (25, 30)])
def test_rotations_are_those_of_scipy(rng, widths):
    x, y = (rng.standard_normal((20, width)) for width in widths)
    a, b = filled_up(x, y)
    rotation, _ = scipy.linalg.orthogonal_procrustes(a, b)
    (similarity,) = mot.baselines.procrustes([x], [y]).ravel()
    assert np.arccos(similarity) == pytest.approx(angle(a @ rotation, b))
    assert similarity == pytest.approx(np.sqrt(1 - scipy.spatial.procrustes(a, b)[2]))


@pytest.mark.parametrize("widths", [(8, 8), (8, 5), (3, 7)])
def test_soft_matching_is_a_linear_program_of_squared_distances(rng, widths):
    x, y = (rng.standard_normal((15, width)) for width in widths)
    costs = scipy.spatial.distance.cdist(x.T, y.T, "sqeuclidean")
    least, _ = oracles.transport_by_linear_programming(costs)
    assert np.sqrt(mot.solve_sample(x.T, y.T).cost) == pytest.approx(np.sqrt(least))
