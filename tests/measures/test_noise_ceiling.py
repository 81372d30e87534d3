from __future__ import annotations

import math

import numpy as np
import pytest

import mot_fast as mot
from mot_fast import load
from mot_fast.measures.noise_ceiling import noise_ceiling
from oracles import statistics as oracles_statistics


def measured(signal, noise, n_repeats, rng):
    """Repeats of one layer; `noise` is each unit's standard deviation."""
    return [[signal + noise * rng.standard_normal(signal.shape)] for _ in range(n_repeats)]


@pytest.mark.parametrize("n_repeats", [2, 3, 4, 5, 9])
def test_reliability_and_ceiling_are_those_simulated(n_repeats, rng):
    noise = np.array([0.0, 0.5, 1.0, 2.0])
    ceiling = noise_ceiling(measured(rng.standard_normal((6_000, 4)), noise, n_repeats, rng))
    reliability = 1 / (1 + noise**2 / n_repeats)
    np.testing.assert_allclose(ceiling.reliability[0], reliability, atol=0.03)
    np.testing.assert_allclose(ceiling.per_unit[0], np.sqrt(reliability), atol=0.03)


def test_the_signal_itself_reaches_the_ceiling(rng):
    signal, noise = rng.standard_normal((6_000, 3)), np.array([0.5, 1.0, 3.0])
    repeats = measured(signal, noise, 3, rng)
    mean = np.mean([layers[0] for layers in repeats], axis=0)
    reached = [np.corrcoef(signal[:, i], mean[:, i])[0, 1] for i in range(3)]
    np.testing.assert_allclose(noise_ceiling(repeats).per_unit[0], reached, atol=0.03)


@pytest.mark.parametrize("n_repeats", [2, 3, 4, 5, 6])
def test_it_is_the_slow_twin(n_repeats, rng):
    repeats = []
    for _ in range(n_repeats):
        repeats.append({"a": rng.standard_normal((15, 4)), "b": rng.random((15, 3)).astype(np.float32)})
        repeats[-1]["a"][:, 1] = 0.1
        repeats[-1]["a"][:, 2] += 3 * np.arange(15)
    ceiling = noise_ceiling(repeats, n_splits=100)
    for l, label in enumerate("ab"):
        values = np.stack([repeat[label] for repeat in repeats]).astype(float)
        expected = [oracles_statistics.reliability(values[:, :, i]) for i in range(values.shape[2])]
        np.testing.assert_allclose(ceiling.reliability[l], expected, atol=1e-7)
        np.testing.assert_array_equal(np.sign(ceiling.per_unit[l]), np.sign(ceiling.reliability[l]))
        np.testing.assert_allclose(ceiling.per_unit[l] ** 2, np.abs(ceiling.reliability[l]), rtol=1e-15)


def test_means_leave_out_constant_units(rng):
    repeats = [[rng.standard_normal((30, 3)), np.ones((30, 2))] for _ in range(2)]
    for first, _ in repeats:
        first[:, 1] = 0.1
    ceiling = noise_ceiling(repeats)
    assert np.isnan(ceiling.per_unit[0]).tolist() == [False, True, False]
    assert np.isnan(ceiling.reliability[1]).all()
    assert ceiling.per_layer[0] == pytest.approx(ceiling.per_unit[0][[0, 2]].mean())
    assert np.isnan(ceiling.per_layer[1])
    assert ceiling.value == ceiling.per_layer[0]


def test_repeats_that_disagree_have_a_negative_reliability(rng):
    """They are estimates: cut off at 0, those of units that are noise alone would have a mean above it."""
    signal = rng.standard_normal((30, 2))
    ceiling = noise_ceiling([[signal], [-0.5 * signal]])
    np.testing.assert_allclose(ceiling.reliability[0], -1.0, rtol=1e-15)
    assert ceiling.value == pytest.approx(-1.0)


@pytest.mark.parametrize("n_repeats", [2, 3, 4])
def test_the_ceiling_of_noise_is_0(n_repeats, rng):
    ceiling = noise_ceiling(measured(np.zeros((30, 2_000)), 1.0, n_repeats, rng))
    assert ceiling.per_unit[0].std() > 0.3
    for estimates, mean in (
        (ceiling.per_unit[0], ceiling.value),
        (ceiling.reliability[0], ceiling.reliability[0].mean()),
    ):
        assert mean == pytest.approx(0.0, abs=4 * estimates.std() / np.sqrt(2_000))


def test_exchanging_the_sign_of_half_of_the_repeats_exchanges_that_of_the_reliability(rng):
    first, second = rng.standard_normal((2, 20, 50))
    plain, exchanged = noise_ceiling([[first], [second]]), noise_ceiling([[first], [-second]])
    np.testing.assert_allclose(exchanged.reliability[0], -plain.reliability[0], rtol=1e-12)
    np.testing.assert_allclose(exchanged.per_unit[0], -plain.per_unit[0], rtol=1e-12)


def scored(*per_unit):
    return mot.Score.of_units([np.array(units, dtype=float) for units in per_unit])


def ceiled(*per_unit):
    means = scored(*per_unit)
    reliability = tuple(units**2 for units in means.per_unit)
    return mot.NoiseCeiling(means.value, means.per_layer, means.per_unit, reliability)


def test_corrected_scores_are_ratios_of_means_over_the_same_units():
    nan = np.nan
    score, ceiling = scored([0.3, 0.5, nan], [0.2, 0.2], [0.1, nan]), ceiled([0.5, 0.7, 0.9], [0.4, nan], [nan, 0.5])
    corrected = mot.noise_corrected(score, ceiling)
    np.testing.assert_allclose(corrected.per_layer, [0.8 / 1.2, 0.5, np.nan], rtol=1e-14)
    assert corrected.value == pytest.approx((0.4 + 0.2) / (0.6 + 0.4), rel=1e-14)


def test_where_noise_allows_nothing_there_is_no_corrected_score():
    corrected = mot.noise_corrected(scored([0.3, 0.5], [0.2]), ceiled([0.5, -0.6], [0.4]))
    np.testing.assert_allclose(corrected.per_layer, [np.nan, 0.5], rtol=1e-14)
    assert corrected.value == pytest.approx(0.6 / 0.35, rel=1e-12)
    assert np.isnan(mot.noise_corrected(scored([0.3]), ceiled([0.0])).value)


def test_the_signal_itself_is_corrected_to_1(rng):
    signal = rng.standard_normal((6_000, 20))
    repeats = measured(signal, np.linspace(0.5, 3.0, 20), 4, rng)
    mean = np.mean([layers[0] for layers in repeats], axis=0)
    score = scored([np.corrcoef(signal[:, i], mean[:, i])[0, 1] for i in range(20)])
    assert mot.noise_corrected(score, noise_ceiling(repeats)).value == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("score", "ceiling", "error", "message"),
    [
        (0.3, ceiled([0.5]), TypeError, "score: expected a Score, as Alignment.score returns it, found float"),
        (scored([0.3]), 0.5, TypeError, r"ceiling: expected what mot_fast.noise_ceiling returns, found float"),
        (
            scored([0.3, 0.4], [0.1]),
            ceiled([0.3, 0.4]),
            ValueError,
            r"ceiling: expected layers of \[2, 1\] units, as those of the score, found \[2\]",
        ),
    ],
)
def test_a_score_is_corrected_by_the_ceiling_of_its_layers(score, ceiling, error, message):
    with pytest.raises(error, match=message):
        mot.noise_corrected(score, ceiling)


def test_a_half_that_is_constant_tells_nothing(rng):
    signal = rng.standard_normal((30, 1))
    np.testing.assert_array_equal(noise_ceiling([[signal], [np.ones((30, 1))]]).reliability[0], 0.0)
    np.testing.assert_array_equal(noise_ceiling([[np.ones((30, 1))], [signal]]).reliability[0], 0.0)


def test_equal_repeats_are_perfect_at_any_scale(rng):
    for scale in (1.0, 1e-300, 1.5e308):
        layer = scale * rng.uniform(-1, 1, (30, 2))
        for n_repeats in (2, 3):
            np.testing.assert_allclose(noise_ceiling([[layer]] * n_repeats).reliability[0], 1.0, atol=1e-12)


def test_few_splits_are_drawn_and_many_are_all(rng):
    repeats = measured(rng.standard_normal((40, 3)), np.full(3, 2.0), 7, rng)
    n_distinct = math.comb(7, 3)
    by_all = noise_ceiling(repeats, n_splits=n_distinct, seed=0)
    assert noise_ceiling(repeats, n_splits=10_000, seed=1).value == by_all.value
    drawn = [noise_ceiling(repeats, n_splits=n_distinct - 1, seed=seed).value for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    np.testing.assert_allclose(drawn, by_all.value, atol=0.05)


def test_repeats_may_be_networks_and_arrays_in_any_order(rng, tmp_path):
    repeats = measured(rng.standard_normal((40, 3)), np.ones(3), 3, rng)
    np.savez(tmp_path / "second.npz", layer0=repeats[1][0])
    mixed = (load(repeats[0]), tmp_path / "second.npz", {"layer0": repeats[2][0]})
    assert noise_ceiling(mixed).value == noise_ceiling(repeats).value
    assert noise_ceiling(mixed[::-1]).value == pytest.approx(noise_ceiling(repeats).value, abs=1e-12)


LAYER = np.zeros((5, 2))


@pytest.mark.parametrize(
    ("repeats", "options", "error", "message"),
    [
        ([[LAYER]], {}, ValueError, "repeats: expected at least 2 networks, found 1"),
        (load([LAYER]), {}, TypeError, "repeats: expected a sequence of networks, found Network"),
        ({"a": LAYER}, {}, TypeError, "repeats: expected a sequence of networks, found dict"),
        ("file.npz", {}, TypeError, "repeats: expected a sequence of networks, found str"),
        (LAYER, {}, TypeError, "repeats: expected a sequence of networks, found ndarray"),
        ([LAYER, LAYER], {}, TypeError, "expected a mapping or a sequence of arrays, .* found ndarray"),
        (
            [[LAYER], [LAYER], [LAYER[:, :1]]],
            {},
            ValueError,
            (
                r"repeats\[2\]: expected the layers of repeats\[0\], 'layer0' of 2, "
                r"found 'repeats\[2\]' with 'layer0' of 1"
            ),
        ),
        (
            [{"a": LAYER}, {"b": LAYER}],
            {},
            ValueError,
            r"repeats\[1\]: expected the layers of repeats\[0\], 'a' of 2, found 'repeats\[1\]' with 'b' of 2",
        ),
        (
            [[LAYER], [LAYER[:4]]],
            {},
            ValueError,
            r"repeats\[1\]: expected the 5 stimuli of repeats\[0\], found 4",
        ),
        ([[LAYER[:2]], [LAYER[:2]]], {}, ValueError, "repeats: expected at least 3 stimuli, found 2"),
        ([[LAYER], [LAYER + np.nan]], {}, ValueError, "layer 'layer0': expected finite activations, found nan"),
        ([[LAYER], [LAYER]], {"n_splits": 0}, ValueError, "n_splits: expected at least 1, found 0"),
        ([[LAYER], [LAYER]], {"seed": "0"}, TypeError, "seed: expected an integer, found '0'"),
    ],
)
def test_what_is_refused(repeats, options, error, message):
    with pytest.raises(error, match=message):
        noise_ceiling(repeats, **options)
