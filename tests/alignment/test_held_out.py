from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

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
