"""Alignments at three levels and more, against a slow twin that shares no code with them."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from oracles import transports as oracles


def nested(rng, *shape, width=4, n_stimuli=20):
    """Nested lists of layers; the last number of `shape` counts layers."""
    if not shape:
        return rng.standard_normal((n_stimuli, width))
    return [nested(rng, *shape[1:], width=width, n_stimuli=n_stimuli) for _ in range(shape[0])]


def slow_cost(a, b, depth):
    """Cost and plan of two systems with so many levels above the units, by dense linear programs at every level."""
    below = oracles.correlation_cost if depth == 1 else lambda x, y: slow_costs(x, y, depth - 1)
    costs = np.array([[oracles.transport_by_linear_programming(below(x, y))[0] for y in b] for x in a])
    return costs, *oracles.transport_by_linear_programming(costs)


def slow_costs(a, b, depth):
    return slow_cost(a, b, depth)[0]


def test_checkpoints_are_aligned_as_the_slow_twin_aligns_them(rng):
    a, b = nested(rng, 3, 2), nested(rng, 4, 3, width=5)
    costs, cost, plan = slow_cost(a, b, 2)
    runs = mot.align_trajectories(a, b)
    np.testing.assert_allclose(runs.costs, costs, atol=1e-7)
    np.testing.assert_allclose(runs.plan, plan, atol=1e-9)
    assert runs.cost == pytest.approx(cost, abs=1e-7)
    assert runs.n_levels == 3
    assert runs.hierarchy() == pytest.approx(oracles.hierarchy(plan))
    best = runs.coupling("pairwise_best")
    np.testing.assert_array_equal(best.argmax(axis=1), costs.argmin(axis=1))
    np.testing.assert_allclose(best.sum(axis=1), 1 / 3)
    errors = runs.certificate
    assert max(errors.dual_violation, errors.slackness, errors.duality_gap) <= errors.tolerance


def test_any_number_of_levels_is_aligned_as_the_slow_twin_aligns_them(rng):
    a, b = nested(rng, 2, 2, 2), nested(rng, 3, 2, 2)
    costs, cost, plan = slow_cost(a, b, 3)
    aligned = mot.align_nested(a, b)
    assert aligned.n_levels == 4
    np.testing.assert_allclose(aligned.costs, costs, atol=1e-7)
    np.testing.assert_allclose(aligned.plan, plan, atol=1e-9)
    assert aligned.cost == pytest.approx(cost, abs=1e-7)


def test_the_plan_of_every_level_is_given(rng):
    a, b = nested(rng, 2, 3, 2), nested(rng, 2, 2, 2)
    aligned = mot.align_nested(a, b)
    runs = aligned.between(1, 0)
    np.testing.assert_array_equal(runs.plan, mot.align_trajectories(a[1], b[0]).plan)
    assert runs.cost == aligned.costs[1, 0]
    layers = runs.between("2", -1)
    two_level = mot.align(a[1][2], b[0][1])
    np.testing.assert_array_equal(layers.costs, two_level.layer_costs)
    np.testing.assert_array_equal(layers.plan, two_level.layer_plan)
    assert layers.n_levels == 2
    units = layers.between(0, "layer1")
    np.testing.assert_array_equal(units.toarray(), two_level.unit_plan(0, 1).toarray())
    found = runs.alignment("2", "1", n_jobs=1)
    assert found.cost == two_level.cost == runs.costs[2, 1]
    assert found.source.name == "source/1/2"


def test_branches_may_have_different_lengths(rng):
    a = [nested(rng, 2), nested(rng, 3), nested(rng, 1)]
    b = [nested(rng, 4), nested(rng, 2)]
    runs = mot.align_trajectories(a, b)
    for c in range(3):
        for d in range(2):
            assert runs.costs[c, d] == mot.align(a[c], b[d]).cost


def test_a_run_aligns_perfectly_with_itself(rng):
    a = nested(rng, 3, 2)
    runs = mot.align_trajectories(a, a)
    assert runs.cost == pytest.approx(0, abs=1e-12)
    assert runs.hierarchy() == 1
    order = [2, 0, 1]
    shuffled = mot.align_trajectories(a, [a[c] for c in order])
    assert shuffled.plan.argmax(axis=0).tolist() == order


def test_two_real_training_runs_are_matched_in_order_where_the_pairwise_map_is_not():
    """In a pairwise map all early checkpoints go to late ones, as in Figure 5 of the paper."""
    runs = mot.align_trajectories(*mot.data.training_runs())
    assert runs.plan[5:].argmax(axis=1).tolist() == list(range(5, 12))
    assert runs.costs.argmin(axis=1)[:7].tolist() == [6] * 7
    assert runs.hierarchy() == pytest.approx(0.970, abs=5e-4)
    assert runs.hierarchy("pairwise_best") == pytest.approx(0.818, abs=5e-4)
    assert repr(runs) == ("NestedAlignment('source', 12 parts, to 'target', 12 parts, 3 levels, cost 0.6010)")


def test_the_result_does_not_depend_on_threads_or_memory(rng):
    a, b = nested(rng, 4, 3, width=9), nested(rng, 3, 3, width=9)
    expected = mot.align_trajectories(a, b, n_jobs=1)
    for options in ({"n_jobs": 2}, {"n_jobs": 2, "memory_limit": 10_000}):
        found = mot.align_trajectories(a, b, **options)
        np.testing.assert_array_equal(found.layer_costs, expected.layer_costs)
        np.testing.assert_array_equal(found.plan, expected.plan)


def test_constant_units_are_named_once_and_not_all_of_them(rng):
    a = nested(rng, 5, 5)
    for checkpoint in a:
        for layer in checkpoint:
            layer[:, 0] = 1.0
    with pytest.warns(UserWarning, match=r"'source' layer '0/layer0': 1 of 4; .*; and in 5 more layers$") as caught:
        mot.align_trajectories(a, nested(rng, 1, 1))
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: mot.align_trajectories([x], x), ValueError, "target: expected several networks, found one"),
        (
            lambda x: mot.align_trajectories([[x]], [x]),
            ValueError,
            "source: expected checkpoints that are",
        ),
        (
            lambda x: mot.align_nested([[x]], [x]),
            ValueError,
            "source and target: expected one depth, found 2 and 1 levels",
        ),
        (
            lambda x: mot.align_nested([x], [[x[0][:9]]]),
            ValueError,
            "source and target: expected the same stimuli, found 20 in 'source' and 9 in 'target'",
        ),
        (
            lambda x: mot.align_nested([[x[0][:2]]], [[x[0][:2]]]),
            ValueError,
            "source and target: expected at least 3 stimuli",
        ),
        (
            lambda x: mot.align_nested([x], [x]).between(1, 0),
            IndexError,
            "source_part: expected a position from 0 to 0",
        ),
        (lambda x: mot.align_nested([x], [x]).between(0, "z"), KeyError, "target_part: expected one of 0, found 'z'"),
        (
            lambda x: mot.align_nested([[x]], [[x]]).alignment(0, 0),
            ValueError,
            "alignment: expected parts that are",
        ),
        (lambda x: mot.align_nested([x], [x]).coupling("best"), ValueError, "coupling: expected one of 'mot'"),
        (lambda x: mot.align_nested([x], [x]).hierarchy(), ValueError, "layer_plan: expected at least two layers"),
    ],
)
def test_bad_input_is_refused(rng, call, error, message):
    with pytest.raises(error, match=message):
        call(nested(rng, 2))


def test_an_infinite_activation_is_named_with_its_place(rng):
    a = nested(rng, 2, 2)
    a[1][0][7, 3] = np.inf
    with pytest.raises(ValueError, match=r"'source', layer '1/layer0': .* inf first at stimulus 7, unit 3"):
        mot.align_trajectories(a, nested(rng, 2, 2))
