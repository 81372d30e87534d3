from __future__ import annotations

import math

import numpy as np
import pytest

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
        np.testing.assert_array_equal(ceiling.per_unit[l], np.sqrt(ceiling.reliability[l]))


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


def test_repeats_that_disagree_have_no_reliability(rng):
    signal = rng.standard_normal((30, 2))
    ceiling = noise_ceiling([[signal], [-0.5 * signal]])
    np.testing.assert_array_equal(ceiling.reliability[0], 0.0)
    assert ceiling.value == 0.0


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
