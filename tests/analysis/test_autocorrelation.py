"""Stimuli that are alike in time are named where splits are random, and no others."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats

import mot_fast as mot
from mot_fast.analysis import autocorrelation as module
from mot_fast.analysis.autocorrelation import STRONG, lag_one_autocorrelation


def series(rng, rho, n_stimuli=60, n_units=12):
    """Independent autoregressive units of variance one."""
    x = rng.standard_normal((n_stimuli, n_units))
    for t in range(1, n_stimuli):
        x[t] = rho * x[t - 1] + np.sqrt(1 - rho**2) * x[t]
    return x


def is_strong(activations):
    r, deviations = lag_one_autocorrelation(activations)
    return r >= STRONG and deviations >= module._LEAST_DEVIATIONS


def twin(activations):
    """Autocorrelation and its deviations, unit by unit and pair by pair."""
    n_stimuli, n_units = activations.shape
    ranks = np.column_stack([scipy.stats.rankdata(unit) for unit in activations.T])
    ranks -= ranks.mean(axis=0)
    r = np.mean([(x[1:] @ x[:-1]) / (x @ x) for x in ranks.T])
    squares = [np.corrcoef(ranks[:, i], ranks[:, j])[0, 1] ** 2 for i in range(n_units) for j in range(n_units)]
    corrected = (r + 1 / n_stimuli) / (1 - 3 / n_stimuli)
    return corrected, (r + 1 / n_stimuli) / np.sqrt(np.mean(squares) / n_stimuli)


def test_the_estimate_is_that_of_the_slow_twin(rng):
    for activations in (series(rng, 0.7, 40, 6), rng.random((25, 3)) ** 9, np.round(series(rng, 0.5, 30, 4))):
        np.testing.assert_allclose(lag_one_autocorrelation(activations), twin(activations), rtol=1e-12)
    assert lag_one_autocorrelation(np.ones((20, 3))) == (0.0, 0.0)
    with_constant = np.column_stack([activations, np.ones(30)])
    np.testing.assert_allclose(lag_one_autocorrelation(with_constant), twin(activations), rtol=1e-12)


def test_the_estimate_is_nearly_without_bias(rng):
    for rho in (0.0, 0.5):
        found = [lag_one_autocorrelation(series(rng, rho, 50))[0] for _ in range(60)]
        assert np.mean(found) == pytest.approx(6 / np.pi * np.arcsin(rho / 2), abs=0.03)  # of ranks


@pytest.mark.parametrize("n_stimuli", [5, 10, 30, 100])
def test_independent_stimuli_are_none_by_chance(rng, n_stimuli):
    for n_units in (1, 4, 12):
        for _ in range(100):
            mixed = rng.standard_normal((n_stimuli, 2)) @ rng.standard_normal((2, n_units))
            assert not is_strong(mixed)
            assert not is_strong(rng.standard_cauchy((n_stimuli, n_units)))
            assert not is_strong(rng.standard_normal((n_stimuli, n_units)) * (rng.random((n_stimuli, 1)) < 0.1))


@pytest.mark.parametrize(("rho", "n_stimuli"), [(0.5, 100), (0.9, 50), (0.9, 300)])
def test_series_are_found(rng, rho, n_stimuli):
    assert all(is_strong(series(rng, rho, n_stimuli)) for _ in range(30))


def calls(networks):
    return {
        "compare": lambda **how: mot.compare(*networks, ["cka"], **{"splits": 2, **how}),
        "subsample_curve": lambda **how: mot.subsample_curve(
            *networks, (1.0,), methods=["mot"], **{"splits": 2, **how}
        ),
        "similarity_matrix": lambda **how: mot.similarity_matrix(
            dict(zip(("source", "b"), networks, strict=True)), **how
        ),
    }


@pytest.mark.parametrize("name", ["compare", "subsample_curve", "similarity_matrix"])
def test_random_splits_of_series_warn_once(rng, name):
    KFold = pytest.importorskip("sklearn.model_selection", reason="whose splitters are tried").KFold
    networks = [rng.random((60, 3)), series(rng, 0.9), rng.random((60, 3))], [series(rng, 0.9)]
    call = calls(networks)[name]
    with pytest.warns(mot.AutocorrelatedStimuliWarning) as caught:
        call()
    assert [each.filename for each in caught] == [__file__]
    message = str(caught[0].message)
    assert message.startswith("consecutive stimuli are alike ('source' layer 'layer1': autocorrelation 0.")
    assert "random splits hold out neighbours" in message
    assert "mot_fast.blocked_splits" in message
    for splits, what in ((KFold(5, shuffle=True), "splits of KFold"), ([mot.split(60)], "given splits")):
        with pytest.warns(mot.AutocorrelatedStimuliWarning, match=f"and {what} hold out neighbours of training"):
            call(splits=splits)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(splits=mot.blocked_splits(60, 3, gap=5))
        call(groups=np.arange(60) // 6)
        call(splits=KFold(5))
        calls([each[:1] for each in networks[:1]] * 2)[name]()  # the layer without autocorrelation alone


def test_selected_stimuli_are_looked_at_in_their_order(rng):
    x = mot.load([series(rng, 0.9)], "x")
    order = rng.permutation(60)
    mot.compare(x[order], x[order], ["cka"], splits=1)
    with pytest.warns(mot.AutocorrelatedStimuliWarning, match="'x' layer 'layer0'"):
        mot.compare(x[:50], x[:50], ["cka"], splits=1)


def test_the_work_is_bounded(rng, monkeypatch):
    seen = []
    monkeypatch.setattr(module, "lag_one_autocorrelation", lambda some: seen.append(some.shape) or (0.0, 0.0))
    networks = [mot.load([rng.random((1200, 100)).astype(np.float32)] * 1 + list(rng.random((6, 1200, 2))), "x")] * 2
    mot.compare(*networks, ["cka"], splits=1)
    assert seen == [(1000, 32), (1000, 2), (1000, 2)] * 2


def test_the_bundled_networks_are_no_series():
    for network in (*mot.data.resnets(), *(list(run.values())[-1] for run in mot.data.training_runs())):
        for l in range(len(network)):
            assert not is_strong(network.layer(l)[:, :32])
