from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mot_fast as mot
from oracles.transports import correlation_cost


def test_every_cell_is_an_alignment_scored_on_held_out_stimuli(layers):
    source, target = layers([9, 12], 60), layers([10, 8, 7], 60, seed=2)
    curve = mot.partial_curve(source, target, (0.3, 0.6, 1.0), splits=2, seed=3, layer_mass=0.8)
    for k in range(2):
        train, test = mot.split(60, seed=3 + k)
        on_train, on_test = ([[x[rows] for x in side] for side in (source, target)] for rows in (train, test))
        for f, mass in enumerate((0.3, 0.6, 1.0)):
            alignment = mot.align(*on_train, unit_mass=mass, layer_mass=0.8)
            assert curve.scores[f, k] == pytest.approx(alignment.score(*on_test).value)
            assert curve.costs[f, k] == pytest.approx(alignment.cost)
            expected = sum(
                alignment.layer_plan[l, m] * (alignment.unit_plan(l, m).toarray() * correlation_cost(x, y)).sum()
                for l, x in enumerate(on_test[0])
                for m, y in enumerate(on_test[1])
            )
            assert curve.held_out_costs[f, k] == pytest.approx(expected / (0.8 * mass))


def test_the_balanced_alignment_is_at_the_end(layers):
    source, target = layers([9, 12], 60), layers([10, 8], 60, seed=2)
    curve = mot.partial_curve(source, target, (1.0,), splits=1)
    train, test = mot.split(60)
    alignment = mot.align([x[train] for x in source], [y[train] for y in target])
    assert curve.costs[0, 0] == pytest.approx(alignment.cost)
    assert curve.scores[0, 0] == pytest.approx(
        alignment.score([x[test] for x in source], [y[test] for y in target]).value
    )


def test_shuffled_stimuli_match_little_at_the_price_of_true_matches_and_all_at_their_own(layers):
    source, target = layers([20], 200), layers([20], 200, seed=2)
    curve = mot.partial_curve(source, target, (0.25, 0.5, 0.75, 1.0), splits=2, n_shuffles=4)
    assert curve.chance_costs.shape == (4, 4)
    assert curve.matched_by_chance()[0] == 0.0
    rng = np.random.default_rng(0)
    unrelated = mot.partial_curve([rng.random((50, 20))], [rng.random((50, 20))], (0.25, 0.5, 0.75, 1.0), n_shuffles=20)
    assert np.abs(unrelated.matched_by_chance() - unrelated.unit_masses).mean() < 0.25


def test_matched_by_chance_is_read_off_the_curve_of_total_cost():
    masses = np.array([0.5, 1.0])
    curve = mot.PartialCurve(
        masses,
        np.zeros((2, 1)),
        np.array([[0.2], [0.5]]),
        np.zeros((2, 1)),
        np.array([[0.3, 0.1], [0.4, 0.2]]),
        "a",
        "b",
    )
    # Prices are 0.2 and 0.8; the shuffled ones' 0.3 and 0.5, 0.1 and 0.3.
    np.testing.assert_allclose(curve.matched_by_chance(), [(0.0 + 0.5) / 2, (1.0 + 1.0) / 2])


def test_the_knee_is_where_unmatched_units_begin(layers):
    shared = layers([40], 150)[0]
    noise = np.random.default_rng(5).standard_normal((150, 40))
    target = np.hstack([shared[:, :28] + 0.1 * noise[:, :28], noise[:, 28:]])
    curve = mot.partial_curve([shared], [target], np.linspace(0.05, 1, 20), splits=2)
    assert curve.knee() == pytest.approx(0.7, abs=0.06)


def test_tables_pictures_and_names(layers):
    source, target = layers([5, 6], 40), layers([6, 4], 40, seed=2)
    curve = mot.partial_curve(source, target, (0.4, 0.7, 1.0), splits=2, n_shuffles=2)
    table = str(curve)
    assert "| 0.4 " in table
    assert "matched by chance" in table
    assert "matched by chance" not in str(replace(curve, chance_costs=None))
    scores = f"{curve.scores[0].mean():.3f} to {curve.scores[2].mean():.3f}"
    expected = f"PartialCurve('source' from 'target', 3 masses from 0.4 to 1, scores {scores}, 2 splits)"
    assert " ".join(repr(curve).split()) == expected
    axes = curve.plot()
    shown = {text.get_text() for text in axes.get_legend().get_texts()}
    assert {"held-out score", "cost after shuffling stimuli", f"knee, {curve.knee():.2g}"} <= shown


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"unit_masses": ()}, ValueError, "unit_masses: expected a sequence of at least one number"),
        ({"unit_masses": (0.0, 0.5)}, ValueError, "unit_masses: expected shares above 0, up to 1, found 0.0"),
        ({"unit_masses": (0.5, 0.4)}, ValueError, r"unit_masses: expected increasing shares, found \[0.5, 0.4\]"),
        ({"unit_mass": 0.5}, TypeError, "unit_mass: expected unit_masses instead"),
        ({"n_shuffles": -1}, ValueError, "n_shuffles: expected at least 0"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message, layers):
    with pytest.raises(error, match=message):
        mot.partial_curve(layers([4]), layers([5]), **arguments)


def test_a_curve_of_two_masses_has_no_knee_and_one_without_shuffles_no_chance(layers):
    curve = mot.partial_curve(layers([4]), layers([5], seed=2), (0.5, 1.0), splits=1)
    with pytest.raises(ValueError, match="unit_masses: expected at least three for a knee, found 2"):
        curve.knee()
    with pytest.raises(ValueError, match="chance_costs: expected costs of shuffled stimuli, found none"):
        curve.matched_by_chance()


def test_records_are_shifted_where_time_has_an_order(layers):
    source, target = layers([9], 60), layers([10], 60, seed=2)
    curve = mot.partial_curve(source, target, (0.5, 1.0), splits=1, n_shuffles=3, shuffle="circular", seed=4)
    shifts = 1 + np.random.default_rng(4).permutation(59)[:3]
    for k, shift in enumerate(shifts):
        shifted = [np.roll(y, -shift, axis=0) for y in target], [np.roll(y, shift, axis=0) for y in target]
        costs = [mot.align(source, each, unit_mass=0.5).cost for each in shifted]
        assert any(curve.chance_costs[0, k] == pytest.approx(cost) for cost in costs)
    assert "after the record is shifted in a circle (3 times)" in str(curve)
    blocks = mot.partial_curve(source, target, (0.5, 1.0), splits=1, n_shuffles=1, shuffle="blocks", block_length=6)
    assert "after the blocks are shuffled" in str(blocks)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shuffle": "rows"}, "shuffle: expected one of"),
        ({"shuffle": "blocks"}, "block_length: expected a number of stimuli"),
        ({"block_length": 3}, "block_length: expected None unless"),
    ],
)
def test_bad_shuffles_are_named(arguments, message, layers):
    with pytest.raises(ValueError, match=message):
        mot.partial_curve(layers([9], 60), layers([10], 60, seed=2), (0.5, 1.0), n_shuffles=1, **arguments)


def test_shuffled_records_are_warned_of():
    rng = np.random.default_rng(0)
    walks = [np.cumsum(rng.standard_normal((80, 6)), axis=0) for _ in range(2)]
    with pytest.warns(mot.AutocorrelatedStimuliWarning, match="shuffled"):
        mot.partial_curve(walks[:1], walks[1:], (0.5, 1.0), splits=mot.blocked_splits(80, 2), n_shuffles=1)
