"""Scores corrected for the noise of source and target are those that the same plans have without noise."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot

N_TRAIN, N_STIMULI = 300, 4000


class Recordings:
    """Two brains with known noise-free responses, each measured several times."""

    def __init__(self, source_noise, target_noise, n_repeats=2, **options):
        rng = np.random.default_rng(0)
        latent = rng.standard_normal((N_STIMULI, 5))
        self.signals = [
            [
                latent @ rng.standard_normal((5, width)) + 0.5 * rng.standard_normal((N_STIMULI, width))
                for width in widths
            ]
            for widths in ((6, 4), (7, 20))
        ]
        noises = source_noise, target_noise
        self.repeats = [
            [[x + noise * rng.standard_normal(x.shape) for x in signal] for _ in range(n_repeats)]
            for signal, noise in zip(self.signals, noises, strict=True)
        ]
        self.means = [[np.mean(layer, axis=0) for layer in zip(*each, strict=True)] for each in self.repeats]
        train = slice(None, N_TRAIN)
        self.alignment = mot.align(*([x[train] for x in mean] for mean in self.means), **options)

    def held_out(self, side):
        return [held_out(each) for each in self.repeats[side]]

    def score(self):
        return self.alignment.score(*map(held_out, self.means))

    def score_without_noise(self):
        """Mean correlations of noise-free source units with predictions from noise-free target units, by numpy."""
        truth, target = map(held_out, self.signals)
        means = []
        for x, p in zip(truth, self.alignment.reconstruct(target), strict=True):
            means.append(np.mean([np.corrcoef(x[:, i], p[:, i])[0, 1] for i in range(x.shape[1])]))
        return np.mean(means)


def held_out(network):
    return [x[N_TRAIN:] for x in network]


@pytest.mark.parametrize("options", [{}, {"rotate": True}, {"convention": "paper"}, {"unit_mass": 1.0}])
@pytest.mark.parametrize(("source_noise", "target_noise"), [(0.5, 1.0), (2.0, 2.0), (1.0, 4.0)])
def test_corrected_for_both_a_score_is_that_without_noise(source_noise, target_noise, options):
    found = Recordings(source_noise, target_noise, **options)
    both = mot.noise_ceiling(found.held_out(0), target_repeats=found.held_out(1), alignment=found.alignment)
    of_source = mot.noise_ceiling(found.held_out(0))
    truth = found.score_without_noise()
    assert abs(mot.noise_corrected(found.score(), both).value - truth) < 0.02
    assert mot.noise_corrected(found.score(), of_source).value < truth - 0.02  # the target's noise is still in it


def test_a_source_without_noise_needs_repeats_of_the_target_alone():
    found = Recordings(0.0, 3.0)
    ceiling = mot.noise_ceiling(target_repeats=found.held_out(1), alignment=found.alignment)
    assert abs(mot.noise_corrected(found.score(), ceiling).value - found.score_without_noise()) < 0.02


def test_the_reliability_of_a_prediction_is_that_of_the_noise_in_it():
    found = Recordings(1.0, 2.0, n_repeats=3)
    ceiling = mot.noise_ceiling(target_repeats=found.held_out(1), alignment=found.alignment)
    signal, mean = (found.alignment.reconstruct(held_out(each[1])) for each in (found.signals, found.means))
    for l in range(2):
        expected = signal[l].var(axis=0) / mean[l].var(axis=0)
        np.testing.assert_allclose(ceiling.reliability[l], expected, atol=0.04)
        single = 1 - (2.0**2 / 3) / np.concatenate([held_out(found.means[1])[m] for m in range(2)], axis=1).var(axis=0)
        assert ceiling.reliability[l].min() > single.min()


def test_one_to_one_the_ceiling_is_the_geometric_mean_of_reliabilities(rng):
    signal = rng.standard_normal((30_000, 1))
    one, two = ([[signal + noise * rng.standard_normal(signal.shape)] for _ in range(2)] for noise in (1.0, 2.0))
    means = [[np.mean([x[0] for x in each], axis=0)] for each in (one, two)]
    alignment = mot.align(*means)
    both = mot.noise_ceiling(one, target_repeats=two, alignment=alignment)
    assert abs(both.value - (1 / (1 + 1 / 2) / (1 + 4 / 2)) ** 0.5) < 0.03
    expected = [each.reliability[0][0] for each in (mot.noise_ceiling(one), mot.noise_ceiling(two))]
    assert abs(both.reliability[0][0] - np.prod(expected)) < 1e-9
    assert abs(alignment.score(*means).value - both.value) < 0.03


def test_units_without_a_counterpart_have_no_ceiling(rng):
    layers = [rng.standard_normal((60, 6))], [rng.standard_normal((60, 5))]
    alignment = mot.align(*layers, unit_mass=0.3)
    ceiling = mot.noise_ceiling(target_repeats=[layers[1]] * 2, alignment=alignment)
    np.testing.assert_array_equal(np.isnan(ceiling.per_unit[0]), np.isnan(alignment.score(*layers).per_unit[0]))


def test_comparisons_correct_couplings_for_both():
    found = Recordings(1.0, 2.0, n_repeats=3)
    short = [[[x[:400] for x in network] for network in each] for each in found.repeats]
    means = [[x[:400] for x in mean] for mean in found.means]
    methods = ["mot", "uniform", "permuted", "linear", "cka"]
    both = mot.compare(*means, methods, splits=2, n_resamples=9, source_repeats=short[0], target_repeats=short[1])
    of_source = mot.noise_ceiling(short[0])
    for k, (train, test) in enumerate(mot.split(400, 0.2, seed) for seed in range(2)):
        alignment = mot.align(*([x[train] for x in mean] for mean in means))
        of_predictions = mot.noise_ceiling(
            target_repeats=[[x[test] for x in repeat] for repeat in short[1]],
            alignment=alignment,
            coupling="uniform",
            seed=k,
        )
        layers = [np.mean(a * b) for a, b in zip(of_source.per_unit, of_predictions.per_unit, strict=True)]
        assert abs(both.results["uniform"].noise_ceilings[k] - np.mean(layers)) < 1e-12
    for name in ("mot", "uniform"):
        assert both.noise_corrected(name) == both.mean(name) / both.results[name].noise_ceilings.mean()
        assert both.noise_corrected(name) > both.mean(name) / both.noise_ceiling.value
    assert np.isnan([both.noise_corrected(name) for name in ("permuted", "linear", "cka")]).all()
    assert "relative to the noise ceiling of source and predictions" in str(both)
    of_target = mot.compare(*means, ["mot"], splits=1, n_resamples=9, target_repeats=short[1])
    assert of_target.noise_corrected("mot") > of_target.mean("mot")
    assert "what these plans would score if the target had no noise" in str(of_target)


def test_what_is_refused(rng):
    layers = [rng.standard_normal((20, 4))]
    alignment = mot.align(layers, layers)
    with pytest.raises(ValueError, match="target_repeats: expected measurements of the alignment's target, found none"):
        mot.noise_ceiling([layers] * 2, alignment=alignment)
    with pytest.raises(
        ValueError, match="alignment: expected the one whose predictions from target_repeats are scored"
    ):
        mot.noise_ceiling([layers] * 2, target_repeats=[layers] * 2)
    with pytest.raises(ValueError, match="target_repeats: expected at least 2 networks, found 1"):
        mot.noise_ceiling([layers] * 2, target_repeats=[layers], alignment=alignment)
    with pytest.raises(ValueError, match="target_repeats: expected the 10 stimuli of repeats, found 20"):
        mot.noise_ceiling([[layers[0][:10]]] * 2, target_repeats=[layers] * 2, alignment=alignment)
    with pytest.raises(ValueError, match="repeats: expected the layers of 'source' that were aligned, 'layer0' of 4"):
        mot.noise_ceiling([[layers[0][:, :3]]] * 2, target_repeats=[layers] * 2, alignment=alignment)
    with pytest.raises(ValueError, match="repeats: expected at least 2 networks, found 0"):
        mot.noise_ceiling()
    with pytest.raises(TypeError, match="target_repeats: expected a sequence of networks, found Network"):
        mot.compare(layers, layers, ["cka"], target_repeats=mot.load(layers))
    with pytest.raises(ValueError, match="target_repeats: expected the layers and stimuli of 'target', Network"):
        mot.compare(layers, layers, ["cka"], target_repeats=[[layers[0][:10]]] * 2)
