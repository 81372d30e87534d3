from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.stats

from mot_fast.analysis.subjects.random_effects import RandomEffects, SubjectValues, sign_flip_p_values
from oracles import subjects as oracles


def effects(n_stimuli=40, block_length=None, confidence=0.95):
    return RandomEffects(n_stimuli, confidence, n_permutations=999, block_length=block_length)


def as_parts(table):
    """Parts of the stimuli in the means of the rows."""
    return (table - table.mean(axis=1, keepdims=True)) / table.shape[1]


def of_table(table):
    return SubjectValues(table.mean(axis=1), parts=as_parts(table))


def table_of(rng, n_subjects, n_stimuli, of_subjects, of_stimuli, of_both):
    """A table of subjects and stimuli with these standard deviations, whose population mean is 0."""
    sides = rng.normal(0, of_subjects, (n_subjects, 1)) + rng.normal(0, of_stimuli, (1, n_stimuli))
    return sides + rng.normal(0, of_both, (n_subjects, n_stimuli))


def test_over_subjects_it_is_students_interval(rng):
    values = rng.random(7)
    found = effects(confidence=0.9).mean(SubjectValues(values))
    assert (found.value, found.sd) == (values.mean(), values.std(ddof=1))
    assert found.standard_error == pytest.approx(scipy.stats.sem(values), rel=1e-12)
    expected = scipy.stats.t.interval(0.9, 6, values.mean(), scipy.stats.sem(values))
    np.testing.assert_allclose([found.low, found.high], expected, rtol=1e-12)
    assert np.isnan([found.crossed_standard_error, found.crossed_low, found.crossed_high]).all()


def test_over_subjects_and_stimuli_it_is_the_variance_from_mean_squares(rng):
    table = table_of(rng, 6, 40, 1.0, 4.0, 2.0)
    found = effects().mean(of_table(table))
    assert found.crossed_standard_error**2 == pytest.approx(oracles.crossed_variance(table), rel=1e-10)
    assert found.crossed_low < found.low < found.value < found.high < found.crossed_high


def test_it_is_no_less_than_that_of_subjects_or_of_stimuli_alone(rng):
    alike = np.repeat(rng.random((1, 40)), 5, axis=0)
    table = alike + np.where(rng.random((5, 40)) < 0.5, -1.0, 1.0)
    table -= (table - alike).mean(axis=0)  # stimuli have no part in the mean of the subjects
    found = effects().mean(of_table(table))
    assert oracles.crossed_variance(table) < found.standard_error**2
    assert found.crossed_standard_error >= found.standard_error


def test_the_interval_over_both_is_no_shorter(rng):
    table = table_of(rng, 3, 40, 1.0, 1.0, 0.1)
    found = effects().mean(of_table(table))
    assert found.crossed_standard_error > found.standard_error
    assert (found.crossed_low, found.crossed_high) == (found.low, found.high)


def test_with_the_same_stimuli_it_is_the_ordinary_bootstrap_of_subjects(rng):
    values = rng.random(4)
    found = effects().mean(SubjectValues(values, parts=np.zeros((4, 40))))
    assert found.crossed_standard_error == found.standard_error
    drawn = oracles.every_bootstrap_mean(values)
    assert found.standard_error**2 * 3 / 4 == pytest.approx(drawn.var(), rel=1e-12)


def test_it_agrees_with_draws_of_subjects_and_stimuli():
    rng = np.random.default_rng(1)
    causes, size = rng.standard_normal((40, 2)), np.exp(0.7 * np.random.default_rng(1).standard_normal((40, 1)))
    subjects = []
    for k in range(6):
        truth = size * (causes + 0.5 * rng.standard_normal((40, 2)))
        noise = (0.5 + k / 5) * rng.standard_normal((40, 2))
        subjects.append((truth, truth + 1.5 * size * causes[:, ::-1] + noise))
    ends = [
        [[oracles.weighted_score([x], [p], 1 + step * row) for row in np.eye(40)] for x, p in subjects]
        for step in (1e-4, -1e-4)
    ]
    scores = np.mean(ends, axis=(0, 2))
    found = effects(40).mean(SubjectValues(scores, parts=np.subtract(*ends) / 2e-4))
    drawn = oracles.double_bootstrap_variance(subjects, 600, np.random.default_rng(0))
    assert found.crossed_standard_error == pytest.approx(np.sqrt(drawn), rel=0.1)
    assert found.crossed_standard_error > 1.1 * found.standard_error


def test_subjects_that_are_all_the_same_have_only_the_variance_of_stimuli(rng):
    table = np.repeat(rng.random((1, 40)), 5, axis=0)
    found = effects().mean(of_table(table))
    assert (found.sd, found.standard_error) == (0.0, 0.0)
    assert found.low == found.high == found.value
    assert found.crossed_standard_error == pytest.approx(scipy.stats.sem(table[0]), rel=1e-10)
    nothing = effects().mean(SubjectValues(np.ones(3), parts=np.zeros((3, 40))))
    assert nothing.crossed_low == nothing.crossed_high == 1.0


def test_what_is_undefined_stays_undefined():
    found = effects().mean(SubjectValues(np.array([0.1, np.nan, 0.3]), parts=np.zeros((3, 40))))
    assert np.isnan(dataclasses.astuple(found)).all()


@pytest.mark.parametrize("length", [1, 2, 7])
def test_blocks_are_taken_at_all_places(length, rng):
    parts = rng.standard_normal((3, 30))
    found = effects(30, length).stimulus_variances(parts)
    n_blocks = 30 / length
    expected = [oracles.moving_blocks_variance(row, length) * n_blocks / (n_blocks - 1) for row in parts]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_groups_count_as_one_draw_each(rng):
    parts, groups = rng.standard_normal((2, 12)), np.array([0, 1, 2, 3] * 3)
    found = RandomEffects(12, groups=groups, n_groups=4).stimulus_variances(parts)
    expected = [sum(row[groups == g].sum() ** 2 for g in range(4)) * 4 / 3 for row in parts]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_blocks_find_the_variance_of_a_mean_of_dependent_stimuli():
    rng = np.random.default_rng(0)
    series = rng.standard_normal((400, 300))
    for t in range(1, 300):
        series[:, t] += 0.7 * series[:, t - 1]
    parts, found = as_parts(series), {}
    for length in (1, 20):
        found[length] = effects(300, length).stimulus_variances(parts).mean() / series.mean(axis=1).var()
    assert found[1] < 0.25
    assert 0.75 < found[20] < 1.05


@pytest.mark.parametrize("sizes", [(8, 30, 1, 5, 5), (8, 30, 0.5, 0, 5), (12, 40, 0.3, 3, 2)])
def test_intervals_cover_as_they_say(sizes):
    """4 % to 6 % of 1,000 intervals would miss; those over subjects alone miss far more where stimuli differ."""
    rng = np.random.default_rng(1)
    is_covered = np.empty((1000, 2), bool)
    for k in range(1000):
        table = table_of(rng, *sizes)
        found = effects(table.shape[1]).mean(of_table(table))
        is_covered[k] = found.low < 0 < found.high, found.crossed_low < 0 < found.crossed_high
    plain, crossed = is_covered.mean(axis=0)
    assert 0.93 < crossed < 0.985
    assert plain < 0.9 or sizes[3] == 0


@pytest.mark.parametrize("n", [3, 8])
def test_few_subjects_have_all_their_signs_tried(n, rng):
    differences = rng.normal(0.4, 1.0, (4, n))
    found = sign_flip_p_values(differences, 1, seed=0)
    for row, p_value in zip(differences, found, strict=True):
        exact = scipy.stats.permutation_test(
            (row,), np.mean, permutation_type="samples", alternative="greater", n_resamples=np.inf
        )
        assert p_value == pytest.approx(exact.pvalue, abs=1e-12)


def test_many_subjects_have_random_signs(rng):
    differences = np.concatenate([rng.normal(0.3, 1.0, (1, 20)), np.full((1, 20), np.nan), np.zeros((1, 20))])
    p_value, undefined, same = sign_flip_p_values(differences, 499, seed=5)
    flipped = np.random.default_rng(5).random((499, 20)) < 0.5
    means = (differences[0] * np.where(flipped, -1, 1)).mean(axis=1)
    assert p_value == (1 + (means >= differences[0].mean() - 1e-12).sum()) / 500
    assert np.isnan(undefined)
    assert same == 1.0


def test_signs_are_drawn_a_few_at_a_time_in_the_same_order(monkeypatch, rng):
    differences = rng.normal(0.3, 1.0, (2, 20))
    at_once = sign_flip_p_values(differences, 99, seed=0)
    monkeypatch.setattr("mot_fast.analysis.subjects.random_effects.VALUES_AT_ONCE", 50)
    np.testing.assert_array_equal(sign_flip_p_values(differences, 99, seed=0), at_once)


def test_tests_are_adjusted_for_their_number(rng):
    subjects = {
        name: SubjectValues(rng.random(6) + more, parts=as_parts(rng.random((6, 40))))
        for name, more in (("a", 1.0), ("b", 0.0), ("c", 0.8))
    }
    first, second = effects().tests([("a", "b"), ("a", "c")], subjects)
    assert (first.method, first.than, first.n_better, first.n_subjects) == ("a", "b", 6, 6)
    assert first.p_value == 1 / 64
    assert first.p_adjusted == 2 / 64
    assert second.p_adjusted == pytest.approx(max(first.p_adjusted, second.p_value))
    assert second.difference == effects().mean(subjects["a"] - subjects["c"])
    assert effects().tests([], subjects) == ()


def test_errors_and_tests_are_of_contributions(rng):
    values, parts = rng.random(6), as_parts(rng.random((6, 40)))
    spread = SubjectValues(values, values.mean() + 3 * (values - values.mean()), parts)
    plain, found = effects().mean(SubjectValues(values, parts=parts)), effects().mean(spread)
    assert (found.value, found.sd) == (plain.value, plain.sd)
    assert found.standard_error == pytest.approx(3 * plain.standard_error)
    assert found.crossed_standard_error > plain.crossed_standard_error
    nothing = SubjectValues(np.zeros(6), np.zeros(6), np.zeros((6, 40)))
    (test,) = effects().tests([("one", "none")], {"one": spread, "none": nothing})
    assert test.p_value == sign_flip_p_values(spread.contributions[None], 999, 0)[0]
    assert test.n_better == 6
