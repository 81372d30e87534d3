from __future__ import annotations

import itertools

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis.layer_orders import row_weights
from oracles import statistics as oracles

WIDTHS = [6, 5, 8, 7, 4, 6]


@pytest.fixture
def fitted(layers):
    """An alignment of six layers with four, with held-out activations of both networks."""

    def make(n_layers=6, **options):
        source, target = layers(WIDTHS[:n_layers], 90), layers([7, 4, 8, 5], 90, seed=2)
        alignment = mot.align([x[:60] for x in source], [y[:60] for y in target], **options)
        return alignment, [x[60:] for x in source], [y[60:] for y in target]

    return make


@pytest.mark.parametrize("n_layers", [1, 2, 3, 5])
def test_mean_and_deviation_are_those_of_all_orders(fitted, n_layers):
    """The orders are scored one by one, as couplings of their own."""
    alignment, *held_out = fitted(n_layers, source_mass=[1.0, 2.0, 0.5, 3.0, 1.0][:n_layers], target_mass=[1, 2, 3, 1])
    masses, plan = alignment.source.layer_masses, alignment.layer_plan
    orders = [list(order) for order in itertools.permutations(range(n_layers))]
    couplings = [plan[order] * (masses / masses[order])[:, None] for order in orders]
    scores = np.array([alignment.score(*held_out, each).value for each in couplings])
    found = mot.score_layer_orders(alignment, *held_out)
    np.testing.assert_allclose([found.value, found.sd], [scores.mean(), scores.std()], atol=1e-13)
    assert found.p_score == np.mean(scores >= scores[0] - 1e-12)
    assert np.diag(found.layer_scores) == pytest.approx(alignment.score(*held_out).per_layer, abs=1e-13)
    if n_layers > 1:
        depths = np.array([mot.hierarchy(each) for each in couplings])
        np.testing.assert_allclose([found.hierarchy, found.hierarchy_sd], [depths.mean(), depths.std()], atol=1e-13)
        assert found.p_hierarchy == np.mean(depths >= depths[0] - 1e-12)
    else:
        assert np.isnan([found.hierarchy, found.hierarchy_sd, found.p_hierarchy]).all()


@pytest.mark.parametrize("rotate", [False, True])
def test_six_layers_have_the_figures_of_all_720_orders(fitted, rotate):
    alignment, *held_out = fitted(rotate=rotate)
    found = mot.score_layer_orders(alignment, *held_out)
    expected = oracles.over_all_orders(found.layer_scores / 6)
    np.testing.assert_allclose([found.value, found.sd, found.p_score], expected, atol=1e-13)
    np.testing.assert_allclose(found.per_layer, found.layer_scores.mean(axis=1))
    for k, weights in enumerate(row_weights(alignment)):
        score = alignment.score(*held_out, weights)
        np.testing.assert_allclose(found.layer_scores[:, k], score.per_layer, atol=1e-13)


def test_random_orders_tend_to_the_exact_figures(fitted):
    alignment, *held_out = fitted()
    found = mot.score_layer_orders(alignment, *held_out)
    draws = np.array([alignment.score(*held_out, "permuted", seed=k).value for k in range(200)])
    assert abs(draws.mean() - found.value) < 4 * found.sd / np.sqrt(200)
    assert draws.std() == pytest.approx(found.sd, rel=0.2)


def test_many_layers_have_shares_of_random_orders(layers):
    networks = layers([3] * 10, 60), layers([3] * 10, 60, seed=3)
    alignment = mot.align(*networks)
    found = mot.score_layer_orders(alignment, *networks)
    assert 1 / 10_000 <= found.p_score == mot.score_layer_orders(alignment, *networks).p_score
    assert found.p_score * 10_000 == pytest.approx(round(found.p_score * 10_000))
    itself = mot.score_layer_orders(mot.align(networks[0], networks[0]), networks[0], networks[0])
    assert itself.p_score == itself.p_hierarchy == 1 / 10_000


def test_layers_without_a_score_are_left_out(fitted):
    alignment, source, target = fitted(3)
    source[1] = np.ones_like(source[1])
    found = mot.score_layer_orders(alignment, source, target)
    assert np.isnan(found.layer_scores[1]).all()
    expected = oracles.over_all_orders(np.nan_to_num(found.layer_scores) / 2)
    np.testing.assert_allclose([found.value, found.sd, found.p_score], expected, atol=1e-13)
    constant = mot.score_layer_orders(alignment, [np.ones_like(x) for x in source], target)
    assert np.isnan([constant.value, constant.sd, constant.p_score]).all()
    assert constant.hierarchy == found.hierarchy


def test_any_coupling_is_compared_with_all_orders(fitted):
    """By the exchange of single stimuli, and by the share of orders with a score as high as the coupling's."""
    alignment, source, target = fitted()
    options = {"n_resamples": 199, "seed": 4}
    scores = mot.evaluate(alignment, source, target, **options).evaluation.scores
    assert mot.p_better(alignment, source, target, than="permuted", **options) == scores["permuted"].p_better
    orders = mot.score_layer_orders(alignment, source, target)
    uniform = mot.p_better(alignment, source, target, "uniform", than="permuted", **options)
    assert uniform == 0.005  # no order of layers scores as high, and no exchange
    values = [orders.layer_scores[range(6), order].mean() for order in itertools.permutations(range(6))]
    single = alignment.score(source, target, "single_best").value
    share = (1 + np.sum(np.array(values) >= single - 1e-12)) / 721
    assert mot.p_better(alignment, source, target, "single_best", "permuted", **options) >= share > 0.005
    blocks = mot.p_better(alignment, source, target, than="permuted", block_length=6, **options)
    assert blocks >= orders.p_score
    with pytest.raises(ValueError, match="block_length: expected at least 3 blocks"):
        mot.p_better(alignment, source, target, than="permuted", block_length=11)


def test_it_says_what_it_is(fitted):
    text = repr(mot.score_layer_orders(*fitted()))
    assert text.startswith("LayerOrders of 6 layers (p: share of orders as good as MOT's)\n  score ")
    assert "sd over orders" in text


def test_mistakes_are_named(fitted):
    alignment, source, target = fitted()
    with pytest.raises(TypeError, match=r"alignment: expected what mot_fast\.align returns, found list"):
        mot.score_layer_orders(source, source, target)
    with pytest.raises(ValueError, match="source: expected the layers of 'source' that were aligned"):
        mot.score_layer_orders(alignment, target, source)
