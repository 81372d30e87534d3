from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import mot_fast as mot


def test_draws_are_those_of_the_seed(layers):
    source, target = layers([5, 9], 30), layers([7, 6, 5], 30, seed=2)
    found = mot.equal_width_cost(source, target, 4, n_draws=3, seed=6)
    for k in range(3):
        rng = np.random.default_rng([6, k])
        drawn = [[x[:, np.sort(rng.permutation(x.shape[1])[:4])] for x in network] for network in (source, target)]
        order = rng.permutation(30)
        assert found.costs[k] == pytest.approx(mot.align(*drawn).cost, abs=1e-12)
        shuffled = [y[order] for y in drawn[1]]
        assert found.null_costs[k] == pytest.approx(mot.align(drawn[0], shuffled).cost, abs=1e-12)
    assert found.value == found.costs.mean()
    assert found.sd == found.costs.std(ddof=1)
    assert found.relative == pytest.approx(found.costs.mean() / found.null_costs.mean())
    assert repr(found) == (
        f"EqualWidthCost({found.value:.3f} among 4 units a layer, {found.relative:.3f} relative to chance, 3 draws)"
    )


def test_all_units_of_equal_layers_are_the_alignment(layers):
    source, target = layers([6, 6], 30), layers([6], 30, seed=2)
    found = mot.equal_width_cost(source, target, n_draws=2)
    assert found.n_units == 6
    np.testing.assert_allclose(found.costs, mot.align(source, target).cost, atol=1e-12)


def test_it_is_the_same_whether_many_units_are_known_or_few(layers):
    """The cost among 4 units a layer, for all of 24 units, and for samples of 8 of them; the plain cost differs."""
    source, target = layers([24], 40), layers([24], 40, seed=2)
    of_all = mot.equal_width_cost(source, target, 4, n_draws=150, n_jobs=1)
    rng = np.random.default_rng(0)
    samples = [[[x[:, rng.permutation(24)[:8]] for x in network] for network in (source, target)] for _ in range(50)]
    of_samples = np.array(
        [mot.equal_width_cost(*each, 4, n_draws=1, seed=k, n_jobs=1).value for k, each in enumerate(samples)]
    )
    error = np.hypot(of_all.sd / np.sqrt(150), of_samples.std() / np.sqrt(50))
    assert of_samples.mean() == pytest.approx(of_all.value, abs=3 * error)
    plain = np.mean([mot.align(*each).cost for each in samples])
    assert plain - mot.align(source, target).cost > 3 * error
    assert error < 0.03


def test_chance_that_costs_nothing_is_no_scale(layers):
    found = mot.equal_width_cost(layers([4], 30), layers([4], 30), n_draws=1)
    assert np.isnan(found.sd)
    assert np.isnan(dataclasses.replace(found, null_costs=np.zeros(1)).relative)


def test_it_shows_its_progress_if_asked(layers, capsys):
    mot.equal_width_cost(layers([4], 30), layers([4], 30), n_draws=1, progress=True)
    assert "draws of units: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_units": 6}, ValueError, "n_units: expected at most as many as the narrowest layer has, 5, found 6"),
        ({"n_units": 0}, ValueError, "n_units: expected at least 1, found 0"),
        ({"n_units": 2.5}, TypeError, r"n_units: expected an integer, found 2\.5"),
        ({"n_draws": 0}, ValueError, "n_draws: expected at least 1, found 0"),
        ({"seed": -1}, ValueError, "seed: expected at least 0, found -1"),
    ],
)
def test_what_is_refused(layers, arguments, error, message):
    with pytest.raises(error, match=message):
        mot.equal_width_cost(layers([7, 5], 30), layers([6], 30), **arguments)
