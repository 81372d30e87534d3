from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import mot_fast as mot
from mot_fast.layer_pairs.alternation import LayerPair
from mot_fast.layer_pairs.centred_layer import CentredLayer
from mot_fast.layer_pairs.procrustes import orthogonal_factor
from oracles.transports import orthogonal_transport


def pair_of(x, y, convention="standardized"):
    return LayerPair(CentredLayer(x), CentredLayer(y), ("x", "y"), convention=convention)


def orthogonal(n, seed=0):
    return scipy.stats.ortho_group.rvs(n, random_state=seed) if n > 1 else np.ones((1, 1))


def never() -> None:
    """A check that never asks the work to stop."""


@pytest.mark.parametrize("convention", ["standardized", "paper"])
@pytest.mark.parametrize(("n", "m"), [(6, 9), (9, 9), (12, 20), (1, 4)])
def test_it_takes_the_steps_of_the_direct_form(layers, n, m, convention):
    (x,), (y,) = layers([n], 80, seed=1), layers([m], 80, seed=2)
    x, y = x * 1e3 + 7, y * 1e-2
    trace, residual, plan, rotation = orthogonal_transport(x, y, convention=convention)
    pair = pair_of(x, y, convention).alternate(np.eye(n), mot.Alternation(tol=1e-4, max_iter=20), never)
    np.testing.assert_allclose(pair.trace, trace, rtol=1e-11, atol=1e-13)
    assert pair.residual == pytest.approx(residual, rel=1e-11, abs=1e-13)
    np.testing.assert_allclose(pair.plan.toarray(), plan, atol=1e-12)
    np.testing.assert_allclose(pair.rotation, rotation, atol=1e-11)


def test_on_the_same_plan_both_forms_agree_to_the_last_digits(layers):
    """One step from the same rotation agrees to 1e-13, as no further alternation amplifies differences."""
    (x,), (y,) = layers([30], 200, seed=1), layers([40], 200, seed=2)
    start = orthogonal(30)
    trace, _, _, rotation = orthogonal_transport(x, y, start=start, max_iter=1)
    pair = pair_of(x, y).alternate(start, mot.Alternation(tol=0.0, max_iter=1), never)
    np.testing.assert_allclose(pair.trace, trace, rtol=1e-13)
    np.testing.assert_allclose(pair.rotation, rotation, atol=1e-12)


def test_rotating_the_source_and_the_start_changes_nothing(layers):
    (x,), (y,) = layers([14], 100, seed=3), layers([17], 100, seed=4)
    turn = orthogonal(14, seed=5)
    plain = pair_of(x, y).alternate(np.eye(14), mot.Alternation(tol=0.0, max_iter=8), never)
    turned = pair_of(x @ turn, y).alternate(turn.T, mot.Alternation(tol=0.0, max_iter=8), never)
    np.testing.assert_allclose(turned.trace, plain.trace, rtol=1e-10)
    np.testing.assert_allclose(turn @ turned.rotation, plain.rotation, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_iterate_is_never_worse_than_the_first(layers, seed):
    (x,), (y,) = layers([25], 60, seed=seed), layers([11], 60, seed=seed + 100)
    pair = pair_of(x, y).alternate(np.eye(25), mot.Alternation(tol=0.0, max_iter=15), never)
    assert pair.residual == pair.trace.min() <= pair.trace[0]
    carried = (y - y.mean(0)) @ (25 * pair.plan.toarray()).T
    rotated = (x - x.mean(0)) @ pair.rotation
    fit = np.vdot(rotated, carried) ** 2 / ((rotated**2).sum() * (carried**2).sum())
    assert 1 - fit == pytest.approx(pair.residual, abs=1e-12)


@pytest.mark.parametrize(("n", "m", "n_stimuli"), [(20, 7, 60), (20, 30, 12), (20, 6, 9)])
def test_with_free_directions_the_alternation_comes_to_rest(layers, n, m, n_stimuli):
    """With more source units than target units or stimuli, the null space follows the last rotation."""
    (x,), (y,) = layers([n], n_stimuli, seed=1), layers([m], n_stimuli, seed=2)
    pair = pair_of(x, y)
    settled = pair.alternate(np.eye(n), mot.Alternation(tol=0.0, max_iter=60), never)
    assert len(settled.trace) < 60
    further = pair.alternate(settled.rotation, mot.Alternation(tol=0.0, max_iter=3), never)
    assert further.residual == pytest.approx(settled.residual, abs=1e-10)
    np.testing.assert_allclose(further.rotation, settled.rotation, atol=1e-7)
    np.testing.assert_allclose(settled.rotation.T @ settled.rotation, np.eye(n), atol=1e-12)


@pytest.mark.parametrize("convention", ["standardized", "paper"])
def test_rotated_copies_align_perfectly(layers, convention):
    source = layers([6, 9, 12], 90, seed=1)
    target = [x @ orthogonal(x.shape[1], seed=k) * 3.0 + 5 for k, x in enumerate(source)]
    train, test = mot.split(90)
    alignment = mot.align([x[train] for x in source], [y[train] for y in target], rotate=True, convention=convention)
    held_out = [x[test] for x in source], [y[test] for y in target]
    assert alignment.score(*held_out, "mot" if convention == "standardized" else np.eye(3) / 3).value == pytest.approx(
        1
    )
    if convention == "standardized":
        np.testing.assert_allclose(np.diag(alignment.layer_costs), 0, atol=1e-12)
        np.testing.assert_allclose(alignment.layer_plan, np.eye(3) / 3)
        assert mot.align([x[train] for x in source], [y[train] for y in target]).score(*held_out).value < 0.9


def test_identical_networks_give_the_identity(layers):
    network = layers([8, 5, 13, 9], 70)
    alignment = mot.align(network, network, rotate=True)
    np.testing.assert_allclose(alignment.layer_plan, np.eye(4) / 4)
    np.testing.assert_allclose(alignment.rotation(2, 2), np.eye(13), atol=1e-10)
    assert alignment.cost == pytest.approx(0, abs=1e-12)


def test_free_directions_follow_the_rotation_before(layers):
    (x,), (y,) = layers([15], 60, seed=1), layers([6], 60, seed=2)
    start = orthogonal(15, seed=3)
    pair = pair_of(x, y)
    found = pair.alternate(start, mot.Alternation(tol=0.0, max_iter=1), never)
    carried = pair.cross @ (15 * found.plan.toarray()).T
    np.testing.assert_allclose(found.rotation, orthogonal_factor(carried, near=start)[0], atol=1e-10)
    assert np.abs(found.rotation - orthogonal_factor(carried, near=np.eye(15))[0]).max() > 0.1


def test_the_certificate_is_the_worst_of_all_starts(layers):
    (x,), (y,) = layers([9], 60, seed=1), layers([7], 60, seed=2)
    pair = pair_of(x, y)
    starts = [lambda: np.eye(9), lambda: orthogonal(9, seed=1), lambda: orthogonal(9, seed=2)]
    runs = [pair.alternate(start(), mot.Alternation(), never).certificate for start in starts]
    found = pair.align(starts, mot.Alternation(), never)
    assert found.certificate == mot.Certificate.worst(runs)
    assert found.certificate.duality_gap == max(run.duality_gap for run in runs)


def test_every_pair_starts_from_rotations_of_its_own():
    alternation = mot.Alternation(restarts=2)
    first, second = (alternation.starts(5, pair) for pair in ((0, 1), (1, 0)))
    np.testing.assert_array_equal(first[0](), np.eye(5))
    matrices = [start() for start in (*first[1:], *second[1:])]
    for k, matrix in enumerate(matrices):
        np.testing.assert_allclose(matrix.T @ matrix, np.eye(5), atol=1e-12)
        assert all(np.abs(matrix - other).max() > 0.1 for other in matrices[:k])
    np.testing.assert_array_equal(alternation.starts(5, (0, 1))[1](), first[1]())


@pytest.mark.parametrize("scale", [1e154, 1e-163, 1e-200])
def test_residuals_as_printed_that_doubles_do_not_hold_are_refused(layers, scale):
    (x,), (y,) = layers([6], 50, seed=1), layers([8], 50, seed=2)
    message = r"convention: expected activations whose squares float64 holds, found those of layers 'x' and 'y' of the"
    with pytest.raises(ValueError, match=message):
        pair_of(x * scale, y * scale, "paper").alternate(np.eye(6), mot.Alternation(), never)


def test_residuals_as_printed_scale_with_squares(layers):
    (x,), (y,) = layers([6], 50, seed=1), layers([8], 50, seed=2)
    expected = pair_of(x, y, "paper").alternate(np.eye(6), mot.Alternation(), never)
    for scale in (2.0**400, 2.0**-400):
        found = pair_of(x * scale, y * scale, "paper").alternate(np.eye(6), mot.Alternation(), never)
        np.testing.assert_allclose(found.trace, expected.trace * scale**2, rtol=1e-12)


def test_scales_at_the_edge_of_doubles_change_nothing(layers):
    (x,), (y,) = layers([6], 50, seed=1), layers([8], 50, seed=2)
    expected = pair_of(x, y).alternate(np.eye(6), mot.Alternation(tol=1e-4, max_iter=9), never)
    for scale_x, scale_y in ((1e300, 1e-300), (1e-290, 1e290)):
        found = pair_of(x * scale_x, y * scale_y).alternate(np.eye(6), mot.Alternation(tol=1e-4, max_iter=9), never)
        np.testing.assert_allclose(found.trace, expected.trace, rtol=1e-10)


def test_restarts_are_seeded_and_never_worse(layers):
    source, target = layers([9, 6], 60, seed=1), layers([7, 10, 8], 60, seed=2)
    plain = mot.align(source, target, rotate=True)
    runs = [mot.align(source, target, rotate=mot.Alternation(restarts=3, seed=seed)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0].layer_costs, runs[1].layer_costs)
    assert (runs[0].layer_costs <= plain.layer_costs).all()
    assert (runs[0].layer_costs < plain.layer_costs).any()
    assert (runs[0].layer_costs != runs[2].layer_costs).any()
    for l, m in np.argwhere(runs[0].layer_plan):
        found = runs[0].rotations_of([(l, m)])[l, m]
        np.testing.assert_allclose(found.T @ found, np.eye(len(found)), atol=1e-12)


def test_constant_units_and_layers_have_no_say(layers):
    source, target = layers([6, 3], 40, seed=1), layers([5, 4], 40, seed=2)
    source[0][:, 2] = 0.1
    source[1][:] = 7.0
    target[1][:] = -0.3
    with pytest.warns(UserWarning, match="some units are constant"):
        alignment = mot.align(source, target, rotate=True)
    assert alignment.layer_costs[1] == pytest.approx(1)
    assert alignment.layer_costs[0, 1] == 1
    assert alignment.layer_costs[0, 0] < 1
    score = alignment.score(source, target)
    assert np.isnan(score.per_layer[1])
    assert score.n_undefined == 4


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tol": -1.0}, ValueError, r"tol: expected a number from 0 on, found -1.0"),
        ({"tol": "small"}, TypeError, r"tol: expected a number, found 'small'"),
        ({"tol": float("nan")}, ValueError, r"tol: expected a number from 0 on, found nan"),
        ({"max_iter": 0}, ValueError, r"max_iter: expected at least 1, found 0"),
        ({"restarts": -1}, ValueError, r"restarts: expected at least 0, found -1"),
        ({"seed": 0.5}, TypeError, r"seed: expected an integer, found 0.5"),
    ],
)
def test_alternations_that_make_no_sense_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        mot.Alternation(**options)
