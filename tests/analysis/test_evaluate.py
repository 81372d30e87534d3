from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis.layer_orders import row_weights
from mot_fast.measures.coupling import COUPLINGS, UNSHUFFLED


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
    assert list(evaluation.scores) == list(COUPLINGS)
    for name in UNSHUFFLED:
        found, expected = evaluation.scores[name], alignment.score(*held_out, name)
        assert (found.value, found.per_layer) == (expected.value, tuple(expected.per_layer))
        assert found.over_units == expected.over_units == pytest.approx(np.mean(np.concatenate(expected.per_unit)))
        assert found.hierarchy == mot.hierarchy(alignment.coupling(name))
        interval = mot.bootstrap_score(alignment, *held_out, name, n_resamples=49, seed=5)
        assert (found.low, found.high, evaluation.confidence) == (interval.low, interval.high, interval.confidence)
        assert found.sd is found.hierarchy_sd is None
        if name != "mot":
            assert found.p_better == mot.p_better(alignment, *held_out, than=name, method="t")
    assert evaluation.scores["mot"].p_better is None
    assert evaluation.p_better == evaluation.scores["pairwise_best"].p_better
    assert (evaluation.n_stimuli, evaluation.n_resamples, evaluation.seed) == (30, 49, 5)


def test_permuted_is_a_mean_over_all_orders(fitted):
    alignment, *held_out = fitted
    evaluation = mot.evaluate(alignment, *held_out, n_resamples=9).evaluation
    permuted, orders = evaluation.scores["permuted"], mot.score_layer_orders(alignment, *held_out)
    assert evaluation.n_draws is None
    assert (permuted.value, permuted.sd) == (orders.value, orders.sd)
    assert permuted.per_layer == tuple(orders.per_layer)
    assert (permuted.hierarchy, permuted.hierarchy_sd) == (orders.hierarchy, orders.hierarchy_sd)
    assert permuted.low is permuted.high is None
    rows = [alignment.score(*held_out, weights) for weights in row_weights(alignment)]
    assert permuted.over_units == pytest.approx(np.mean([np.concatenate(score.per_unit) for score in rows]), abs=1e-14)
    assert evaluation.p_hierarchy == orders.p_hierarchy
    # Both orders of two layers: no share of orders is below one half, however sure the stimuli are.
    assert permuted.p_better >= orders.p_score >= 0.5


def test_the_plan_s_own_order_has_to_win_over_stimuli_and_over_orders(layers):
    source = layers([6] * 6, 90)
    alignment = mot.align([x[:60] for x in source], [x[:60] for x in source])
    held_out = [x[60:] for x in source]
    found = mot.evaluate(alignment, held_out, held_out, n_resamples=199).evaluation
    assert found.scores["permuted"].p_better == 0.005  # 1 / 200, and 1 / 720 of the orders
    assert found.verdict()[0] == "MOT predicts better than a random order of layers (p = 0.01)."
    noise = [np.random.default_rng(k).standard_normal((30, 6)) for k in range(6)]
    by_chance = mot.evaluate(alignment, held_out, noise, n_resamples=199).evaluation
    assert by_chance.scores["permuted"].p_better > 0.05
    assert by_chance.verdict()[0].startswith("MOT predicts no better than a random order of layers")


def test_few_groups_have_scores_but_neither_intervals_nor_p_values(fitted):
    alignment, *held_out = fitted
    found = mot.evaluate(alignment, *held_out, groups=iter(np.arange(30) // 15)).evaluation
    for name, score in found.scores.items():
        assert score.low is score.high is score.p_better is None
        assert score.value == pytest.approx(mot.evaluate(alignment, *held_out).evaluation.scores[name].value)
    with pytest.raises(ValueError, match=r"groups: expected .* 30 .*, found 2"):
        mot.evaluate(alignment, *held_out, groups=[0, 1])


def test_the_verdict_has_the_null_of_the_map(fitted):
    alignment, *held_out = fitted
    assert mot.evaluate(alignment, *held_out, n_resamples=9).evaluation.verdict()[-1].endswith("was not tested.")
    null = mot.hierarchy_null(*held_out, n_permutations=9, n_layer_permutations=9)
    again = mot.align(*held_out)
    found = mot.evaluate(again, *held_out, n_resamples=9, null=null).evaluation
    assert found.p_shuffled == null.p_stimuli
    assert "maps of shuffled stimuli (p = " in found.verdict()[-1]
    with pytest.raises(ValueError, match=r"null: expected that of the activations aligned, whose hierarchy score is"):
        mot.evaluate(alignment, *held_out, null=replace(null, observed=null.observed / 2))
    with pytest.raises(ValueError, match=r"null: expected that of .* with the same options, found another plan"):
        mot.evaluate(again, *held_out, null=replace(null, plan=null.plan[::-1]))
    with pytest.raises(ValueError, match=r"null: expected that of \d+ x \d+ layers, found that of 1 x 2"):
        mot.evaluate(again, *held_out, null=replace(null, stimuli_plan=np.ones((1, 2))))
    with pytest.raises(TypeError, match=r"null: expected what mot_fast\.hierarchy_null returns, found float"):
        mot.evaluate(alignment, *held_out, null=0.5)


@pytest.mark.filterwarnings("ignore:some units are constant")
def test_each_distinct_prediction_of_a_layer_is_made_once(predicted):
    """Couplings and rows want 150 predictions of the bundled networks' layers, of which 133 are distinct."""
    source, target = mot.data.resnets()
    train, test = mot.split(source.n_stimuli)
    alignment = mot.align(source[train], target[train])
    mot.evaluate(alignment, source[test], target[test], n_resamples=9)
    weights = [alignment.coupling(name) for name in UNSHUFFLED] + row_weights(alignment)
    wanted = [(l, each[l].tobytes()) for each in weights for l in range(source.n_layers)]
    assert (len(predicted), len(set(predicted)), len(wanted)) == (133, 133, 150)
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


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        (5, TypeError, "groups: expected one label for each stimulus, found 5"),
        ("ab" * 15, TypeError, "groups: expected one label for each stimulus"),
        ([None] * 30, ValueError, "groups: expected a label for every stimulus, found None first at stimulus 0"),
        ([[1]] * 30, TypeError, r"groups: expected numbers or texts, found \[1\]"),
        ([1] * 23, ValueError, "groups: expected one label for each of 30 stimuli, found 23"),
    ],
)
def test_groups_that_are_none_are_refused(fitted, groups, error, message):
    alignment, *held_out = fitted
    with pytest.raises(error, match=message):
        mot.evaluate(alignment, *held_out, n_resamples=9, groups=groups)
    with pytest.raises(ValueError, match="block_length: expected None where groups are given, found 3"):
        mot.evaluate(alignment, *held_out, groups=[0] * 15 + [1] * 15, block_length=3)


class Label:
    """An element of a tensor: equal to others of its value, and hashed by identity."""

    shape = ()

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


def test_labels_in_tensors_are_those_that_they_hold(fitted):
    alignment, *held_out = fitted
    labels = [k // 6 for k in range(30)]
    expected = mot.evaluate(alignment, *held_out, n_resamples=9, groups=labels).evaluation
    assert mot.evaluate(alignment, *held_out, n_resamples=9, groups=map(Label, labels)).evaluation == expected
