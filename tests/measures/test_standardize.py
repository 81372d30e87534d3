"""Scaling and centring against rational numbers, at any scale, with constant units and in every floating-point type."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mot_fast._core import StandardizedLayer
from mot_fast.measures import standardize
from oracles import standardized as oracles

ROUNDING = 1e-13
SCALES = [1.0, 1e-300, 1e300, 5e-324, 1.7e308]
KINDS = ["random", "offset", "nearly constant", "both ends", "with constants"]


def units(kind="random", scale=1.0, dtype=np.float64, n_stimuli=9):
    """Four units of a kind that rounding treats badly, times a scale that leaves them finite."""
    values = np.random.default_rng(0).uniform(-1.0, 1.0, (n_stimuli, 4))
    match kind:
        case "offset":
            values = 0.5 + values * 1e-3
        case "nearly constant":
            values = np.where(values > 0, 0.75, np.nextafter(dtype(0.75), dtype(1.0)).astype(np.float64))
        case "both ends":
            values = np.sign(values)
        case "with constants":
            values[:, 1], values[:, 3] = 0.1, 0.0
    return np.asarray(values * scale).astype(dtype)


def in_passes(values, size=2):
    """The standardizer that reads its activations in pieces of so many stimuli, and the unit vectors that it makes."""
    pieces = [values[first : first + size] for first in range(0, len(values), size)]
    found = standardize.UnitVectorsInPasses(values[0].copy(), lambda: (piece.copy() for piece in pieces), len(values))
    copies = [piece.copy() for piece in pieces]
    for piece in copies:
        found.standardize(piece)
    return found, np.concatenate(copies)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_every_way_agrees_with_rational_numbers(kind, dtype):
    values = units(kind, dtype=dtype).astype(np.float64)
    expected = oracles.unit_vectors(values)
    z_scores = oracles.z_scores(values)
    found, vectors = in_passes(values)
    deviation = [oracles.deviation(unit) for unit in values.T]
    means = [float(oracles.mean(unit)) for unit in values.T]
    np.testing.assert_allclose(standardize.unit_deviations(values).values, expected, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(found.mean, means, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.deviation, deviation, rtol=ROUNDING)
    np.testing.assert_allclose(standardize.ZScores(values).training, z_scores, rtol=0, atol=ROUNDING * 10)
    np.testing.assert_allclose(standardize.ZScores(values).of(values), z_scores, rtol=0, atol=ROUNDING * 10)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", ["random", "both ends", "with constants"])
def test_no_scale_over_or_underflows(kind, scale):
    values = units(kind, scale) if scale != 5e-324 else np.rint(units(kind) * 100) * scale
    expected = oracles.unit_vectors(values)
    with np.errstate(all="raise", under="ignore"):
        for vectors in (standardize.unit_deviations(values).values, in_passes(values)[1]):
            np.testing.assert_allclose(vectors, expected, rtol=0, atol=ROUNDING)
        z_scores = standardize.ZScores(values)
        np.testing.assert_allclose(z_scores.training, oracles.z_scores(values), rtol=0, atol=ROUNDING * 10)
        np.testing.assert_array_equal(z_scores.of(values), z_scores.training)
        layer = standardize.unit_layer(values.copy())
        assert np.linalg.norm(layer) == pytest.approx(1.0)
    deviation = [oracles.deviation(unit) for unit in values.T]
    np.testing.assert_allclose(in_passes(values)[0].deviation, deviation, rtol=ROUNDING, atol=5e-324)


@given(st.integers(0, 2**32 - 1), st.integers(-1000, 1000), st.sampled_from([1, 2, 3, 100]))
def test_pieces_give_what_the_core_gives(seed, exponent, size):
    rng = np.random.default_rng(seed)
    values = np.ldexp(rng.uniform(-1.0, 1.0, (rng.integers(3, 12), 3)) + rng.integers(0, 3), exponent)
    values[:, 0] = values[0, 0]
    found, vectors = in_passes(values, size)
    layer = StandardizedLayer(values)
    np.testing.assert_allclose(found.mean, layer.mean, rtol=0, atol=np.ldexp(4e-15, exponent))
    np.testing.assert_allclose(found.deviation, layer.deviation, rtol=ROUNDING)
    assert found.deviation[0] == 0.0
    assert not vectors[:, 0].any()


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("scale", SCALES)
def test_a_power_of_two_loses_nothing(axis, scale):
    values = units("both ends", scale) * (1.0 if scale < 1e-307 else 0.7)
    scaled, exponents = standardize.order_one(values, axis)
    largest = np.abs(scaled).max(axis=axis)
    assert ((largest >= 0.5) & (largest < 1.0)).all()
    np.testing.assert_array_equal(np.ldexp(scaled, exponents), values)
    in_place = values.copy()
    assert standardize.order_one(in_place, axis, out=in_place)[0] is in_place
    np.testing.assert_array_equal(in_place, scaled)


def test_zeros_stay_zeros():
    zeros = np.zeros((3, 2))
    np.testing.assert_array_equal(standardize.order_one(zeros, axis=0)[0], zeros)
    np.testing.assert_array_equal(standardize.unit_layer(zeros.copy()), zeros)
    np.testing.assert_array_equal(standardize.unit_deviations(zeros).values, zeros)
    np.testing.assert_array_equal(standardize.ZScores(zeros).training, zeros)
    assert standardize.root_mean_square(np.zeros(3)) == 0.0


@pytest.mark.parametrize("value", [0.1, 1 / 3, -7.3e300, 1e-310])
def test_constant_units_are_zeros_and_named(value):
    values = units()
    values[:, 2] = value
    vectors, is_constant, norms = standardize.unit_deviations(values)
    z_scores = standardize.ZScores(values)
    np.testing.assert_array_equal(is_constant, [False, False, True, False])
    np.testing.assert_array_equal(standardize.is_constant(values), is_constant)
    np.testing.assert_array_equal(norms == 0.0, is_constant)
    for found in (vectors, z_scores.training, z_scores.of(units()), in_passes(values)[1]):
        np.testing.assert_array_equal(found[:, 2], 0.0)
    np.testing.assert_array_equal(standardize.unit_layer(values / 1e10)[:, 2], 0.0)
    centred = values.copy()
    mean = standardize.centre_from_first(centred)
    np.testing.assert_array_equal(centred[:, 2], 0.0)
    assert mean[2] == value


@pytest.mark.parametrize("axis", [0, 1])
def test_centring_twice_removes_what_the_mean_rounds(axis):
    values = units("offset")
    centred = values.copy()
    mean, rest = standardize.centre(centred, axis)
    expected = oracles.centred(values) if axis == 0 else oracles.centred(values.T).T
    np.testing.assert_allclose(centred, expected, rtol=0, atol=1e-18)
    np.testing.assert_array_equal(values - mean - rest, centred)


def test_relative_norms_say_how_much_of_a_unit_varies():
    values = np.column_stack([units("offset")[:, 0], units()[:, 0]])
    scaled, _ = standardize.order_one(values, axis=0)
    norms = np.linalg.norm(oracles.centred(scaled), axis=0)
    np.testing.assert_allclose(standardize.unit_deviations(values).relative_norms, norms, rtol=1e-12)


def test_ranks_become_a_unit_vector():
    ranks = np.array([3.0, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(standardize.unit_vector(ranks.copy()), oracles.unit_vectors(ranks[:, None])[:, 0])


def test_other_stimuli_are_held_to_training_means_and_deviations():
    training, others = units(), units("offset")
    expected = oracles.z_scores(others, training)
    np.testing.assert_allclose(standardize.ZScores(training).of(others), expected, rtol=1e-13)
    mean, deviation = training.mean(axis=0), np.array([oracles.deviation(unit) for unit in training.T])
    np.testing.assert_allclose(standardize.z_scores(others, mean, deviation, "target"), expected, rtol=1e-12)


def test_z_scores_beyond_doubles_are_infinite_or_refused():
    training = units(scale=1e-300)
    assert np.isinf(standardize.ZScores(training).of(units(scale=1e300))).all()
    with pytest.raises(ValueError, match=r"^target: expected activations of the scale aligned on, .* at unit 1, whose"):
        standardize.z_scores(np.ones((3, 2)), np.zeros(2), np.array([1.0, 5e-324]), "target")
    scores = standardize.z_scores(np.full((3, 1), 1e308), np.zeros(1), np.zeros(1), "target")
    np.testing.assert_array_equal(scores, np.zeros((3, 1)))


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
def test_root_mean_square_at_any_scale(scale):
    assert standardize.root_mean_square(scale * np.array([3.0, 4.0])) == pytest.approx(scale * np.sqrt(12.5))
