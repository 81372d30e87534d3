from __future__ import annotations

import pickle

import numpy as np
import pytest

import mot_fast as mot


@pytest.fixture
def networks(layers):
    return mot.load(layers([6, 5], 50), name="one"), mot.load(layers([7, 4, 8], 50, seed=2), name="two")


@pytest.fixture
def alignment(networks):
    return mot.align(*networks)


def test_it_says_what_it_is(alignment):
    text = repr(alignment)
    assert text.startswith("Alignment('one', 2 layers, to 'two', 3 layers, standardized, cost ")
    assert alignment.source.widths == (6, 5)
    assert alignment.certificate.duality_gap < 1e-12
    assert (alignment.layer_costs * alignment.layer_plan).sum() == pytest.approx(alignment.cost, abs=1e-15)


def test_unit_plans_are_found_by_position_and_label(alignment):
    assert alignment.unit_plan("layer1", "layer2") is alignment.unit_plan(1, 2)
    again = pickle.loads(pickle.dumps(alignment))
    assert again.unit_plan(1, 2) is again.unit_plan("layer1", "layer2")
    np.testing.assert_array_equal(again.unit_plan(1, 2).toarray(), alignment.unit_plan(1, 2).toarray())
    assert alignment.unit_plan(-1, -1) is alignment.unit_plan(1, 2)
    assert alignment.unit_plan(1, 2).nnz <= 5 + 8 - 1
    with pytest.raises(IndexError, match="target_layer: expected a position from 0 to 2, found 3"):
        alignment.unit_plan(0, 3)
    with pytest.raises(KeyError, match="source_layer: expected one of layer0, layer1, found 'v1'"):
        alignment.unit_plan("v1", 0)


def test_scores_name_what_does_not_match(alignment, networks):
    one, two = networks
    with pytest.raises(
        ValueError,
        match="target: expected the layers of 'two' that were aligned, 'layer0' of 7, 'layer1' of 4, 'layer2' of 8",
    ):
        alignment.score(one, one)
    with pytest.raises(ValueError, match="source: expected the layers of 'one' that were aligned"):
        alignment.score(two, two)
    with pytest.raises(ValueError, match="found 10 in 'one' and 50 in 'two'"):
        alignment.score(one[:10], two)
    with pytest.raises(ValueError, match="source and target: expected at least 3 stimuli, found 2"):
        alignment.score(one[:2], two[:2])
    with pytest.raises(
        ValueError,
        match=r"coupling: expected one of 'mot', .*'greedy', 'uniform', 'permuted'",
    ):
        alignment.score(one, two, "best")
    with pytest.raises(ValueError, match=r"coupling: expected shape \(2, 3\), found \(3, 2\)"):
        alignment.score(one, two, np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"coupling: expected non-negative weights, found -1.0 first at \(0, 1\)"):
        alignment.score(one, two, [[0, -1, 0], [0, 0, 1]])


def test_layers_in_another_order_are_refused(layers):
    x, y = layers([5, 5], 40)
    alignment = mot.align({"x": x, "y": y}, {"x": x, "y": y})
    with pytest.raises(ValueError, match=r"source: .* aligned, 'x' of 5, 'y' of 5, found .* 'y' of 5, 'x' of 5"):
        alignment.score({"y": y, "x": x}, {"x": x, "y": y})


def test_z_scores_that_overflow_are_an_error(layers):
    source, target = layers([5], 40), layers([4], 40, seed=3)
    alignment = mot.align(source, [y * 1e-300 for y in target])
    with pytest.raises(ValueError, match="target: expected activations of the scale aligned on, found z-scores beyond"):
        alignment.score(source, [y * 1e10 for y in target])


def test_held_out_activations_must_be_finite(alignment, networks):
    one, two = networks
    values = two.layer(1).copy()
    values[3, 0] = np.nan
    broken = mot.load({label: values if label == "layer1" else two.layer(label) for label in two.labels}, name="two")
    with pytest.raises(ValueError, match=r"network 'two', layer 'layer1': .* found nan first at stimulus 3, unit 0"):
        alignment.score(one, broken)


def test_a_coupling_may_be_given_as_weights(alignment, networks):
    by_name = alignment.score(*networks, "single_best")
    by_weights = alignment.score(*networks, alignment.coupling("single_best"))
    assert by_name.value == by_weights.value


def test_couplings_can_be_changed_without_harm(alignment):
    weights = alignment.coupling()
    weights[:] = 0
    assert alignment.layer_plan.sum() == pytest.approx(1)


def test_units_constant_in_training_predict_nothing(layers):
    source, target = layers([5, 5], 40), layers([5, 5], 40, seed=3)
    for y in target:
        y[:30, 2] = 4.0  # constant in training, varying afterwards
    with pytest.warns(UserWarning, match="constant"):
        alignment = mot.align([x[:30] for x in source], [y[:30] for y in target])
    predictions = alignment.reconstruct([y[30:] for y in target], np.eye(2) / 2)
    for l in range(2):
        plan = alignment.unit_plan(l, l).toarray()
        assert (plan[:, 2] > 0).any()
        fed_by_dead_unit_alone = (plan[:, [0, 1, 3, 4]] == 0).all(axis=1)
        assert (predictions[l][:, fed_by_dead_unit_alone] == 0).all()


def test_units_constant_on_held_out_stimuli_are_left_out_and_counted(layers):
    source, target = layers([5, 4], 40), layers([5], 40, seed=3)
    alignment = mot.align(source, target)
    held_out = [x[:12].copy() for x in source]
    held_out[0][:, 1] = 3.0
    held_out[1][:] = 1.0
    score = alignment.score(held_out, [y[:12] for y in target])
    assert score.n_undefined == 5
    assert np.isnan(score.per_unit[0][1])
    assert np.isnan(score.per_layer[1])
    assert score.per_layer[0] == pytest.approx(np.delete(score.per_unit[0], 1).mean())
    assert score.value == pytest.approx(score.per_layer[0])
