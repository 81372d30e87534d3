from __future__ import annotations

import builtins

import numpy as np
import pytest
import scipy.stats

import mot_fast as mot
from mot_fast.linear import global_linear_predictivity, linear_predictivity
from mot_fast.measures import linear
from mot_fast.system import memory
from oracles import similarities as oracles


@pytest.fixture
def networks(layers):
    """Source and target on 40 training and 25 other stimuli; layers narrower and wider than that."""
    source, target = mot.load(layers([5, 12, 70], 65), "one"), mot.load(layers([4, 15, 90, 39], 65, seed=5), "two")
    return source[:40], target[:40], source[40:], target[40:]


def assert_agrees(found, source_train, target_train, source_test, target_test):
    """Alphas and scores of every pair of layers, against scikit-learn."""
    for l, (x_train, x_test) in enumerate(zip(source_train, source_test, strict=True)):
        for m, (y_train, y_test) in enumerate(zip(target_train, target_test, strict=True)):
            alpha, prediction = oracles.ridge(x_train, y_train, y_test)
            assert found.alphas[l, m] == alpha
            assert found.test[l, m] == pytest.approx(oracles.mean_correlation(x_test, prediction), abs=1e-6)
            left_out = oracles.leave_one_out_predictions(x_train, y_train, alpha)
            assert found.train[l, m] == pytest.approx(oracles.mean_correlation(x_train, left_out), abs=1e-6)


def in_lists(networks):
    return [[network.layer(l) for l in range(len(network))] for network in networks]


def test_every_pair_agrees_with_scikit_learn(networks):
    found = linear_predictivity(*networks)
    assert found.train.shape == found.test.shape == found.alphas.shape == (3, 4)
    assert_agrees(found, *in_lists(networks))
    assert len(np.unique(found.alphas)) > 1


@pytest.mark.parametrize("noise", [0.0, 1e-6, 1e-3, 0.3, 10.0])
@pytest.mark.parametrize(("n_stimuli", "n_units"), [(30, 4), (30, 29), (30, 30), (30, 31), (12, 60), (3, 1), (4, 3)])
def test_predictions_agree_with_scikit_learn_from_copies_to_noise(rng, noise, n_stimuli, n_units):
    """Small penalties, large ones, and inputs that leave nothing but the mean unexplained."""
    y = rng.standard_normal((2 * n_stimuli, n_units))
    x = y @ rng.standard_normal((n_units, 7)) + noise * rng.standard_normal((2 * n_stimuli, 7))
    regressions, outputs = fitted(x[:n_stimuli], y[:n_stimuli], y[n_stimuli:])
    alpha, expected = oracles.ridge(x[:n_stimuli], y[:n_stimuli], y[n_stimuli:])
    squared_errors = regressions._squared_errors(*decomposed(regressions, outputs))
    chosen = int(np.searchsorted(oracles.ALPHAS, alpha))
    assert squared_errors[chosen] == pytest.approx(squared_errors.min(), rel=1e-6)
    gains = regressions.gains[chosen][:, None]
    prediction = regressions.held_out @ (gains * (regressions.left.T @ outputs))
    np.testing.assert_allclose(prediction, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def fitted(x, y, y_test):
    inputs = linear._Layers(mot.load([y]), [0])
    regressions = linear._Regressions(inputs.training, inputs.held_out(mot.load([y_test])))
    return regressions, linear._Layers(mot.load([x]), [0]).training


def decomposed(regressions, outputs):
    coefficients = regressions.left.T @ outputs
    return coefficients, outputs - regressions.left @ coefficients


@pytest.mark.parametrize(("n_stimuli", "n_units"), [(40, 9), (20, 19), (20, 50)])
def test_errors_of_every_alpha_are_those_of_leaving_stimuli_out(rng, n_stimuli, n_units):
    y = rng.standard_normal((n_stimuli, n_units))
    x = y[:, :3] @ rng.standard_normal((3, 4)) + rng.standard_normal((n_stimuli, 4))
    regressions, outputs = fitted(x, y, y)
    found = regressions._squared_errors(*decomposed(regressions, outputs))
    expected = [((outputs - oracles.leave_one_out_predictions(x, y, alpha)) ** 2).sum() for alpha in oracles.ALPHAS]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_duplicated_and_constant_units_agree_with_scikit_learn(rng):
    y = rng.standard_normal((70, 8))
    x = np.column_stack([y[:, :3] + rng.standard_normal((70, 3)), np.full(70, 0.1), rng.random(70), rng.random(70)])
    x[:45, 4] = 3.0  # constant in training: its prediction is, too
    x[45:, 5] = 5.0  # constant in the other stimuli: without a correlation
    y = np.column_stack([y, y[:, :5], np.full(70, 1e5), rng.random(70), 2.0 * y[:, 0] - 1.0])
    y[:45, -2] = -1.0
    found = linear_predictivity([x[:45]], [y[:45]], [x[45:]], [y[45:]])
    assert_agrees(found, [x[:45]], [y[:45]], [x[45:]], [y[45:]])


def test_a_stimulus_that_alone_drives_a_unit_is_predicted_without_it(rng):
    y = rng.standard_normal((30, 4))
    y[:, 3] = 0.0
    y[11, 3] = 1.0
    x = y[:, :3] @ rng.standard_normal((3, 5)) + 0.1 * rng.standard_normal((30, 5))
    regressions, outputs = fitted(x, y, y)
    found = regressions._squared_errors(*decomposed(regressions, outputs))
    expected = [((outputs - oracles.leave_one_out_predictions(x, y, alpha)) ** 2).sum() for alpha in oracles.ALPHAS]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    np.testing.assert_allclose(found[4:], expected[4:], rtol=1e-6)


def test_a_network_predicts_itself(networks):
    found = linear_predictivity(networks[0], networks[0], networks[2], networks[2])
    np.testing.assert_allclose(found.test.diagonal()[:2], 1.0, atol=1e-6)
    np.testing.assert_allclose(found.train.diagonal()[:2], 1.0, atol=1e-6)
    assert (found.train.argmax(axis=1)[:2] == [0, 1]).all()


def test_scales_and_offsets_of_units_change_nothing(networks, rng):
    expected = linear_predictivity(*networks)
    lists = in_lists(networks)
    for train, test in [(lists[0], lists[2]), (lists[1], lists[3])]:
        for l, x in enumerate(train):
            scale, offset = 10.0 ** rng.uniform(-6, 6, x.shape[1]), 10.0 * rng.standard_normal(x.shape[1])
            train[l], test[l] = (x + offset) * scale, (test[l] + offset) * scale
    found = linear_predictivity(*lists)
    np.testing.assert_array_equal(found.alphas, expected.alphas)
    np.testing.assert_allclose(found.train, expected.train, atol=1e-9)
    np.testing.assert_allclose(found.test, expected.test, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e200, 1e306])
def test_extreme_scales_change_nothing(networks, scale):
    expected = linear_predictivity(*networks)
    found = linear_predictivity(*([x * scale for x in network] for network in in_lists(networks)))
    np.testing.assert_allclose(found.test, expected.test, atol=1e-9)
    scaled = global_linear_predictivity(*([x * scale for x in network] for network in in_lists(networks)))
    assert scaled.value == pytest.approx(global_linear_predictivity(*networks).value, abs=1e-9)


def test_half_precision_is_read_as_it_is(layers):
    source, target = layers([5, 12], 65, dtype=np.float16), layers([4, 30], 65, seed=5, dtype=np.float16)
    halves = [[x[rows] for x in side] for rows in (slice(40), slice(40, None)) for side in (source, target)]
    doubles = [[x.astype(np.float64) for x in side] for side in halves]
    np.testing.assert_array_equal(linear_predictivity(*halves).test, linear_predictivity(*doubles).test)


def test_what_has_no_variation_predicts_nothing(networks):
    source_train, _, source_test, _ = networks
    found = linear_predictivity(source_train, [np.ones((40, 3))], source_test, [np.zeros((25, 3))])
    np.testing.assert_array_equal(found.test, np.zeros((3, 1)))
    np.testing.assert_allclose(found.train, -1.0, atol=1e-12)
    found = linear_predictivity([np.ones((40, 3))], source_train, [np.ones((25, 3))], source_test)
    assert np.isnan(found.train).all()
    assert np.isnan(found.test).all()


def test_the_result_is_the_same_to_the_last_bit_for_any_number_of_threads(layers, monkeypatch):
    source, target = mot.load(layers([40, 64, 130], 150)), mot.load(layers([64, 50, 140, 33], 150, seed=5))
    networks = source[:100], target[:100], source[100:], target[100:]

    def bits(n_jobs):
        found = linear_predictivity(*networks, n_jobs=n_jobs)
        return found.train.tobytes() + found.test.tobytes() + found.alphas.tobytes()

    results = {bits(n_jobs) for n_jobs in (1, 2, 5, -1, None)}
    monkeypatch.setattr(memory, "available", lambda: 0)
    assert results | {bits(4)} == {bits(1)}


def test_all_layers_in_one_agree_with_scikit_learn(networks):
    score = global_linear_predictivity(*networks)
    source_train, target_train, source_test, target_test = (np.hstack(layers) for layers in in_lists(networks))
    _, prediction = oracles.ridge(source_train, target_train, target_test)
    expected = [np.corrcoef(x, z)[0, 1] for x, z in zip(source_test.T, prediction.T, strict=True)]
    np.testing.assert_allclose(np.concatenate(score.per_unit), expected, atol=1e-6)
    assert tuple(map(len, score.per_unit)) == mot.load(networks[0]).widths
    assert score.over_units == pytest.approx(np.mean(expected), abs=1e-6)
    assert score.value == pytest.approx(np.mean(score.per_layer)) == np.mean([units.mean() for units in score.per_unit])


def test_one_layer_is_a_network_in_which_both_agree(networks):
    source_train, target_train, source_test, target_test = in_lists(networks)
    for l in range(3):
        for m in range(4):
            parts = [source_train[l]], [target_train[m]], [source_test[l]], [target_test[m]]
            expected = linear_predictivity(*parts).test[0, 0]
            assert global_linear_predictivity(*parts).value == pytest.approx(expected, abs=1e-6)


def test_rotating_whole_layers_leaves_noise_free_predictions(rng):
    y = rng.standard_normal((60, 9))
    x = y @ scipy.stats.ortho_group.rvs(9, random_state=rng)
    assert linear_predictivity([x[:40]], [y[:40]], [x[40:]], [y[40:]]).test[0, 0] == pytest.approx(1.0, abs=1e-9)
    assert global_linear_predictivity([x[:40]], [y[:40]], [x[40:]], [y[40:]]).value == pytest.approx(1.0, abs=1e-9)


def test_one_unit_is_predicted_by_one(rng):
    y = rng.random((20, 1))
    parts = [2 * y[:12] - 1], [y[:12]], [2 * y[12:] - 1], [y[12:]]
    assert linear_predictivity(*parts).test[0, 0] == pytest.approx(1.0, abs=1e-12)
    assert global_linear_predictivity(*parts).value == pytest.approx(1.0, abs=1e-12)


def test_without_scikit_learn_it_says_what_to_install(networks, monkeypatch):
    real_import = builtins.__import__

    def no_sklearn(name, *arguments, **options):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", no_sklearn)
    linear_predictivity(*networks)
    with pytest.raises(ImportError, match="needs scikit-learn: pip install scikit-learn"):
        global_linear_predictivity(*networks)


@pytest.mark.parametrize("measure", [linear_predictivity, global_linear_predictivity])
def test_networks_that_do_not_fit_each_other_are_refused(networks, measure):
    source_train, target_train, source_test, target_test = networks
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 39 in 'one' and 40 in"):
        measure(source_train[:39], target_train, source_test, target_test)
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 25 in 'one' and 7 in"):
        measure(source_train, target_train, source_test, target_test[:7])
    with pytest.raises(ValueError, match="source_train and target_train: expected at least 3 stimuli, found 2"):
        measure(source_train[:2], target_train[:2], source_test, target_test)
    with pytest.raises(ValueError, match="source_test and target_test: expected at least 3 stimuli, found 1"):
        measure(source_train, target_train, source_test[:1], target_test[:1])
    with pytest.raises(
        ValueError,
        match="source_test: expected the layers of source_train, 'layer0' of 5, 'layer1' of 12, 'layer2' of 70, "
        "found 'two' with 'layer0' of 4",
    ):
        measure(source_train, target_train, target_test, target_test)
    with pytest.raises(ValueError, match=r"target_test: expected the layers of target_train, 'layer0' of 4, .* 'one'"):
        measure(source_train, target_train, source_test, source_test)
    with pytest.raises(TypeError, match="network 'target_test': expected a mapping or a sequence of arrays"):
        measure(source_train, target_train, source_test, None)


def test_numbers_of_threads_are_validated(networks):
    with pytest.raises(TypeError, match=r"n_jobs: expected an integer, found 1\.5"):
        linear_predictivity(*networks, n_jobs=1.5)


@pytest.mark.parametrize("measure", [linear_predictivity, global_linear_predictivity])
@pytest.mark.parametrize("value", [1e120, 1e308])
def test_held_out_activations_of_another_scale_are_named(networks, measure, value):
    source_train, target_train, source_test, target_test = in_lists(networks)
    target_train[2] = target_train[2] * 1e-10
    target_test[2] = target_test[2].copy()
    target_test[2][3, 6] = value
    message = "network 'target_test', layer 'layer2', unit 6: expected held-out activations of the training"
    with pytest.raises(ValueError, match=message):
        measure(source_train, target_train, source_test, target_test)
