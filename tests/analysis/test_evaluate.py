from __future__ import annotations

import pickle

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis.evaluate import N_DRAWS


@pytest.fixture
def fitted(layers):
    """An alignment with held-out activations of both networks."""
    source, target = layers([6, 5], 90), layers([7, 4, 8], 90, seed=2)
    return (
        mot.align([x[:60] for x in source], [y[:60] for y in target]),
        [x[60:] for x in source],
        [y[60:] for y in target],
    )


@pytest.mark.parametrize("rotate", [False, True])
def test_scores_are_those_of_the_alignment(layers, rotate):
    source, target = layers([6, 5], 90), layers([7, 4, 8], 90, seed=2)
    alignment = mot.align([x[:60] for x in source], [y[:60] for y in target], rotate=rotate)
    held_out = [x[60:] for x in source], [y[60:] for y in target]
    evaluation = mot.evaluate(alignment, *held_out, n_resamples=49, seed=5).evaluation
    assert list(evaluation.scores) == ["mot", "single_best", "pairwise_best", "permuted"]
    for name in ("mot", "single_best", "pairwise_best"):
        found, expected = evaluation.scores[name], alignment.score(*held_out, name)
        assert (found.value, found.per_layer) == (expected.value, tuple(expected.per_layer))
        assert found.hierarchy == mot.hierarchy(alignment.coupling(name))
        interval = mot.bootstrap_score(alignment, *held_out, name, n_resamples=49, seed=5)
        assert (found.low, found.high, evaluation.confidence) == (interval.low, interval.high, interval.confidence)
        assert found.sd is found.hierarchy_sd is None
    assert evaluation.p_better == mot.p_better(alignment, *held_out, n_resamples=49, seed=5)
    assert (evaluation.n_stimuli, evaluation.n_resamples, evaluation.seed) == (30, 49, 5)


def test_permuted_is_a_mean_over_draws(fitted):
    alignment, *held_out = fitted
    evaluation = mot.evaluate(alignment, *held_out, n_resamples=9).evaluation
    permuted = evaluation.scores["permuted"]
    draws = [alignment.score(*held_out, "permuted", seed=k) for k in range(N_DRAWS)]
    values = [draw.value for draw in draws]
    assert evaluation.n_draws == N_DRAWS
    assert permuted.value == pytest.approx(np.mean(values), abs=1e-15)
    assert permuted.sd == pytest.approx(np.std(values, ddof=1), abs=1e-15)
    np.testing.assert_allclose(permuted.per_layer, np.mean([draw.per_layer for draw in draws], axis=0), atol=1e-15)
    hierarchies = [mot.hierarchy(alignment.coupling("permuted", seed=k)) for k in range(N_DRAWS)]
    assert permuted.hierarchy == pytest.approx(np.mean(hierarchies), abs=1e-15)
    assert permuted.hierarchy_sd == pytest.approx(np.std(hierarchies, ddof=1), abs=1e-15)
    assert permuted.low is permuted.high is None


@pytest.mark.filterwarnings("ignore:some units are constant")
def test_each_distinct_prediction_of_a_layer_is_made_once(predicted):
    """All couplings and draws want 230 predictions of the bundled networks' layers, of which 106 are distinct."""
    source, target = mot.data.resnets()
    train, test = mot.split(source.n_stimuli)
    alignment = mot.align(source[train], target[train])
    mot.evaluate(alignment, source[test], target[test], n_resamples=9)
    weights = [alignment.coupling(name) for name in ("mot", "single_best", "pairwise_best")]
    weights += [alignment.coupling("permuted", seed=k) for k in range(N_DRAWS)]
    wanted = [(l, each[l].tobytes()) for each in weights for l in range(source.n_layers)]
    assert (len(predicted), len(set(predicted)), len(wanted)) == (106, 106, 230)
    assert set(predicted) == set(wanted)


def test_the_alignment_itself_is_as_it_was(fitted):
    alignment, *held_out = fitted
    evaluated = mot.evaluate(alignment, *held_out, n_resamples=9)
    assert alignment.evaluation is None
    assert evaluated.unit_plans is alignment.unit_plans
    assert evaluated.run is alignment.run
    assert pickle.loads(pickle.dumps(evaluated)).evaluation == evaluated.evaluation
    assert evaluated.transpose().evaluation is None  # its scores are of the other direction


def test_what_is_not_defined_is_none(layers):
    source, target = layers([6]), layers([7], seed=2)
    alignment = mot.align(source, target)
    constant = mot.evaluate(alignment, [np.ones((9, 6))], [target[0][:9]], n_resamples=9).evaluation
    assert constant.p_better is None
    for score in constant.scores.values():
        assert (score.value, score.per_layer, score.hierarchy, score.low, score.sd) == (None, (None,), None, None, None)
    one_layer = mot.evaluate(alignment, source, target, n_resamples=9).evaluation.scores
    assert one_layer["mot"].value > 0
    assert one_layer["mot"].hierarchy is one_layer["permuted"].hierarchy_sd is None
    assert one_layer["permuted"].sd == pytest.approx(0, abs=1e-15)


def test_mistakes_are_named(fitted):
    alignment, source, target = fitted
    with pytest.raises(ValueError, match="n_resamples: expected at least 2, found 1"):
        mot.evaluate(alignment, source, target, n_resamples=1)
    with pytest.raises(TypeError, match=r"seed: expected an integer, found 0.5"):
        mot.evaluate(alignment, source, target, seed=0.5)
    with pytest.raises(ValueError, match="source: expected the layers of 'source' that were aligned"):
        mot.evaluate(alignment, target, source)


def test_permuted_may_want_rotations_that_a_file_does_not_hold(layers, tmp_path):
    networks = layers([6, 5, 6, 5], 50), layers([7, 4, 8, 6], 50, seed=2)
    mot.align(*networks, rotate=True).save(tmp_path / "run.mot")
    with pytest.raises(ValueError, match=r"rotation: that from layer .* is not kept"):
        mot.evaluate(mot.Alignment.load(tmp_path / "run.mot"), *networks, n_resamples=9)


@pytest.mark.parametrize("sets", [{"block_length": 5}, {"block_length": "auto"}, {"groups": np.arange(30) % 6}])
def test_intervals_and_p_are_by_blocks_or_groups(fitted, sets):
    alignment, *held_out = fitted
    evaluation = mot.evaluate(alignment, *held_out, n_resamples=49, **sets).evaluation
    interval = mot.bootstrap_score(alignment, *held_out, **sets)
    assert (evaluation.scores["mot"].low, evaluation.scores["mot"].high) == (interval.low, interval.high)
    assert evaluation.p_better == mot.p_better(alignment, *held_out, n_resamples=49, **sets)
