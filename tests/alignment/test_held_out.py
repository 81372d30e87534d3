from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ortho_group

import mot_fast as mot
from mot_fast.alignment.held_out import HeldOut
from mot_fast.measures.standardize import unit_deviations
from mot_fast.networks import load


@pytest.fixture
def fitted(layers):
    """An alignment with held-out activations of both networks."""
    source, target = layers([6, 5], 90), layers([7, 4, 8], 90, seed=2)
    alignment = mot.align([x[:60] for x in source], [y[:60] for y in target])
    return alignment, mot.load([x[60:] for x in source]), mot.load([y[60:] for y in target])


def test_weights_that_several_couplings_share_are_predicted_by_once(fitted, predicted):
    alignment, source, target = fitted
    rows = [[[1, 0, 0], [0, 1, 2]], [[1, 0, 0], [3, 0, 0]], [[0, 2, 0], [3, 0, 0]]]
    weights = [np.array(each, float) for each in rows]
    scores = HeldOut.of(alignment, source, target).scores(weights)
    assert len(predicted) == len(set(predicted)) == 4
    for score, each in zip(scores, weights, strict=True):
        alone = alignment.score(source, target, each)
        assert score.value == alone.value
        for r, expected in zip(score.per_unit, alone.per_unit, strict=True):
            np.testing.assert_array_equal(r, expected)


def test_units_are_kept_with_the_first_predictions(fitted):
    alignment, source, target = fitted
    values = [source.layer(l).copy() for l in range(2)]
    values[0][:, 3] = 0.1  # constant, and left out
    weights = [alignment.coupling(name) for name in ("single_best", "mot", "pairwise_best")]
    scores, units = HeldOut.of(alignment, values, target).scores_and_units(weights, n_kept=2)
    assert [score.n_undefined for score in scores] == [1, 1, 1]
    assert [layer.truth.shape for layer in units] == [(30, 5), (30, 5)]
    varying = [0, 1, 2, 4, 5], range(5)
    for k, each in enumerate(weights[:2]):
        for l, prediction in enumerate(alignment.reconstruct(target, each)):
            np.testing.assert_array_equal(units[l].truth, unit_deviations(values[l])[0][:, varying[l]])
            np.testing.assert_array_equal(units[l].predictions[k], unit_deviations(prediction)[0][:, varying[l]])
    for layer in units:
        assert len(layer.predictions) == 2
        assert layer.predicted_by(1).predictions[0] is layer.predictions[1]
    assert HeldOut.of(alignment, source, target).scores_and_units(weights, n_kept=0)[1] == []


def test_the_parts_of_the_stimuli_are_pseudo_values(fitted):
    """A stimulus that counts for a little more moves the score as its part says; their mean is the score."""
    alignment, source, target = fitted
    weights = [alignment.coupling(name) for name in ("mot", "uniform")]
    scores, _, parts = HeldOut.of(alignment, source, target).scores_by_stimulus(weights)
    assert parts.shape == (2, 30)
    np.testing.assert_allclose(parts.mean(axis=1), [score.value for score in scores], atol=1e-14)
    truths = [source.layer(l) for l in range(2)]
    predictions = alignment.reconstruct(target, weights[0])
    for t in (0, 7, 29):
        counts = np.ones(30) + 1e-6 * (np.arange(30) == t)
        moved = np.mean(
            [np.mean(weighted_correlations(*pair, counts)) for pair in zip(truths, predictions, strict=True)]
        )
        assert (moved - scores[0].value) * 30 / 1e-6 == pytest.approx(parts[0, t] - scores[0].value, abs=1e-4)
    constant = HeldOut.of(alignment, mot.load([np.ones((30, 6)), np.ones((30, 5))]), target)
    assert np.isnan(constant.scores_by_stimulus(weights)[2]).all()


@pytest.fixture
def turned(layers):
    """Training and held-out networks, and the same with the source turned, by which matrices."""
    source, target = layers([5, 4], 160), layers([6, 5], 160, seed=2)
    turns = [ortho_group.rvs(width, random_state=width) for width in (5, 4)]
    networks = {"own": source, "turned": [x @ turn for x, turn in zip(source, turns, strict=True)]}
    how = mot.Alternation(restarts=20)  # so that both find the best rotations
    fits = {
        name: mot.align([x[:100] for x in each], [y[:100] for y in target], rotate=how)
        for name, each in networks.items()
    }
    held_out = {name: [x[100:] for x in each] for name, each in networks.items()}
    return fits, held_out, [y[100:] for y in target], turns


def test_scores_of_a_turned_source_are_found_in_its_own_axes(turned):
    fits, held_out, target, turns = turned
    own = fits["own"].score(held_out["own"], target).value
    there, back = (
        fits["turned"].score(held_out["turned"], target, axes=axes).value for axes in (None, [o.T for o in turns])
    )
    assert abs(there - own) > 0.02  # other units, other correlations
    assert back == pytest.approx(own, abs=0.01)
    along = [fits[name].score(held_out[name], target, axes="rotated").value for name in fits]
    assert along[0] == pytest.approx(along[1], abs=0.01)


def test_axes_are_those_of_the_slow_twin(turned):
    fits, held_out, target, _ = turned
    alignment, source = fits["own"], held_out["own"]
    predictions = alignment.reconstruct(target)
    chosen = alignment.layer_plan.argmax(axis=1)
    axes = [alignment.rotation(l, m) for l, m in enumerate(chosen)]
    for given, matrices in (("rotated", axes), ([a[:, :2] for a in axes], [a[:, :2] for a in axes])):
        score = alignment.score(source, target, axes=given)
        for l, matrix in enumerate(matrices):
            pairs = zip((source[l] @ matrix).T, (predictions[l] @ matrix).T, strict=True)
            expected = [np.corrcoef(x, p)[0, 1] for x, p in pairs]
            np.testing.assert_allclose(score.per_unit[l], expected, atol=1e-12)


def test_axes_that_are_none_are_named(turned, fitted):
    fits, held_out, target, turns = turned

    def score(axes):
        return fits["own"].score(held_out["own"], target, axes=axes)

    with pytest.raises(ValueError, match="axes: expected one of 'rotated', found 'own'"):
        score("own")
    with pytest.raises(ValueError, match="axes: expected 'rotated' or an array for each of 2 layers, found 1"):
        score(turns[:1])
    with pytest.raises(ValueError, match="axes: expected 'rotated' or an array for each of 2 layers, found int"):
        score(3)
    with pytest.raises(ValueError, match=r"axes\[1\]: expected up to 4 columns of 4 numbers, found shape \(5, 5\)"):
        score([turns[0], turns[0]])
    with pytest.raises(ValueError, match=r"axes\[0\]: expected orthonormal columns, found products that are off by 3"):
        score([2 * turns[0], turns[1]])
    alignment, source, others = fitted
    with pytest.raises(ValueError, match="axes: expected None for an alignment without rotations"):
        alignment.score(source, others, axes="rotated")


def weighted_correlations(x, y, counts):
    """Correlations of the columns of x and y, whose rows count as often as said."""
    x, y = (values - np.average(values, axis=0, weights=counts) for values in (x, y))
    products = [np.average(a * b, axis=0, weights=counts) for a, b in ((x, y), (x, x), (y, y))]
    return products[0] / np.sqrt(products[1] * products[2])


QUESTIONS = {
    "score_layer_orders": mot.score_layer_orders,
    "score": lambda *fitted: fitted[0].score(*fitted[1:]),
    "bootstrap_score": lambda *fitted: mot.bootstrap_score(*fitted, n_resamples=9),
    "p_better": lambda *fitted: mot.p_better(*fitted, n_resamples=9),
    "evaluate": lambda *fitted: mot.evaluate(*fitted, n_resamples=9),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_prediction_is_made_once(fitted, predicted, question):
    QUESTIONS[question](*fitted)
    assert len(predicted) == len(set(predicted)) > 0


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_layer_is_read_once(fitted, question):
    read = []

    def counted(network, which):
        def reading(layer):
            def read_layer():
                read.append((which, layer.label))
                return layer.read()

            return replace(layer, read=read_layer)

        return network.with_layers([reading(layer) for layer in network.layers])

    alignment, source, target = fitted
    QUESTIONS[question](alignment, counted(source, "source"), counted(target, "target"))
    assert len(read) == len(set(read)) == 5


@pytest.mark.parametrize("question", QUESTIONS)
def test_files_are_looked_at_once(fitted, tmp_path, monkeypatch, question):
    looked_at = []
    contents = load.contents
    monkeypatch.setattr(load, "contents", lambda path: looked_at.append(path.name) or contents(path))
    alignment, *networks = fitted
    for name, network in zip(("source", "target"), networks, strict=True):
        np.savez(tmp_path / f"{name}.npz", **{label: network.layer(label) for label in network.labels})
    QUESTIONS[question](alignment, tmp_path / "source.npz", tmp_path / "target.npz")
    assert looked_at == ["source.npz", "target.npz"]


def test_axes_along_which_nothing_varies_are_no_units(turned):
    """Units that are constant stay so after a turn and back, which leaves rounding errors of them."""
    _, held_out, target, turns = turned
    own = [np.column_stack([np.full((len(x), 2), 3.0), x[:, 2:]]) for x in held_out["own"]]
    source = [x @ turn for x, turn in zip(own, turns, strict=True)]
    alignment = mot.align(source, target, rotate=True)
    score = alignment.score(source, target, axes=[turn.T for turn in turns])
    for l, prediction in enumerate(alignment.reconstruct(target)):
        back = (prediction @ turns[l].T)[:, 2:]
        expected = [np.corrcoef(x, p)[0, 1] for x, p in zip(own[l][:, 2:].T, back.T, strict=True)]
        assert np.isnan(score.per_unit[l][:2]).all()
        np.testing.assert_allclose(score.per_unit[l][2:], expected, atol=1e-9)
        assert score.per_layer[l] == pytest.approx(np.mean(expected), abs=1e-9)
