"""Comparisons whose stimuli belong together, their shuffled null, and what stands beside their scores."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis.compare import compare
from mot_fast.layer_pairs.alternation import Alternation


@pytest.fixture
def networks(layers):
    return mot.load(layers([5, 6, 4], seed=1), "one"), mot.load(layers([7, 5], seed=2), "two")


def test_stimuli_of_one_group_are_resampled_together(networks):
    groups = np.arange(60) // 5
    found = compare(*networks, ["mot", "uniform", "permuted"], splits=2, test_size=0.4, groups=groups, n_resamples=99)
    for name in ("uniform", "permuted"):
        p_values = []
        for s in range(2):
            train, test = mot.split(60, 0.4, s, groups=groups)
            alignment = mot.align(*(x[train] for x in networks))
            held_out = [x[test] for x in networks]
            evaluation = mot.evaluate(alignment, *held_out, n_resamples=99, seed=s, groups=groups[test]).evaluation
            p_values.append(evaluation.scores[name].p_better)
        assert found.p_values["mot"][name] == pytest.approx(min(1, 2 * np.median(p_values)))


def test_blocks_are_resampled_together(networks):
    blocks = mot.blocked_splits(60, 3, gap=2)
    default, automatic, single = (
        compare(*networks, ["mot", "uniform"], splits=blocks, n_resamples=99, block_length=length).p_values["mot"]
        for length in (None, "auto", 1)
    )
    assert default == automatic
    train, test = blocks[0]
    alignment = mot.align(*(x[train] for x in networks))
    held_out = [x[test] for x in networks]
    options = {"than": "uniform", "n_resamples": 99, "seed": 0}
    alone = compare(*networks, ["mot", "uniform"], splits=blocks[:1], n_resamples=99, block_length="auto")
    assert alone.p_values["mot"]["uniform"] == mot.p_better(alignment, *held_out, block_length="auto", **options)
    assert single["uniform"] > 0


def test_few_groups_have_no_p_values(networks):
    groups = np.arange(60) // 15
    found = compare(*networks, ["mot", "uniform", "permuted"], splits=2, groups=groups, test_size=0.5)
    assert np.isnan([*found.p_values["mot"].values()]).all()
    assert [sentence[:7] for sentence in found.verdict()] == ["The map"]
    numbers = np.arange(60) // 6
    splits = [(np.flatnonzero(numbers > n), np.flatnonzero(numbers <= n)) for n in (3, 1)]  # of four groups, and of two
    methods, few = ["mot", "uniform", "mot+r", "uniform+r"], {"n_resamples": 9, "alternation": Alternation(max_iter=2)}
    uneven = compare(*networks, methods, splits=splits, groups=numbers, **few)
    assert uneven.p_values.keys() == {"mot", "mot+r"}
    assert np.isnan([*uneven.p_values["mot"].values(), *uneven.p_values["mot+r"].values()]).all()


def test_lengths_of_blocks_that_do_not_fit_are_named(networks):
    with pytest.raises(ValueError, match="block_length: expected at least 3 blocks of the 12 held-out stimuli"):
        compare(*networks, ["mot"], block_length=5)
    with pytest.raises(ValueError, match="block_length: expected None where groups are given, found 2"):
        compare(*networks, ["mot"], block_length=2, groups=np.arange(60))
    with pytest.raises(ValueError, match="block_length: expected one of 'auto', found 'long'"):
        compare(*networks, ["mot"], block_length="long")


def test_scores_stand_beside_what_noise_allows(layers):
    signal = layers([5, 6], 200)
    rng = np.random.default_rng(3)
    repeats = [[x + rng.standard_normal(x.shape) for x in signal] for _ in range(4)]
    measured = [np.mean(each, axis=0) for each in zip(*repeats, strict=True)]
    found = compare(measured, signal, ["mot", "cka"], splits=2, source_repeats=repeats)
    assert found.noise_corrected("mot") == found.mean("mot") / found.noise_ceiling.value > found.mean("mot")
    assert np.isnan(found.noise_corrected("cka"))
    assert f"| {found.noise_corrected('mot'):.3f} " in found.to_markdown()
    assert np.isnan(compare(measured, signal, ["mot"], splits=1).noise_corrected("mot"))


def test_intervals_over_splits_are_nadeau_and_bengio_s(networks):
    found = compare(*networks, ["mot", "cka"], splits=4)
    low, high = mot.corrected_interval(found.scores["mot"], 48, 12)
    assert found.interval("mot") == (low, high)
    assert f"{low:.3f} to {high:.3f}" in found.to_markdown()
    narrow = found.interval("mot", 0.5)
    assert low < narrow[0] < narrow[1] < high
    assert np.isnan(compare(*networks, ["mot"], splits=1).interval("mot")).all()


@pytest.mark.parametrize(
    ("how", "shuffle"),
    [
        ({}, {}),
        ({"groups": np.arange(60) // 5}, {"groups": np.arange(60) // 5}),
        ({"splits": mot.blocked_splits(60, 3)}, {"shuffle": "circular"}),
        ({"source_mass": [1, 2, 3], "convention": "paper"}, {"source_mass": [1, 2, 3], "convention": "paper"}),
    ],
)
def test_the_verdict_covers_shuffled_stimuli_if_asked(networks, how, shuffle):
    options = {"splits": 2, "test_size": 0.4, **how}
    found = compare(*networks, ["mot", "cka"], n_shuffles=9, **options)
    null = mot.hierarchy_null(*networks, n_permutations=9, **shuffle)
    assert found.results["mot"].p_shuffled == null.p_stimuli
    assert found.results["cka"].p_shuffled is None
    assert "maps of shuffled stimuli (p = " in found.verdict()[-1]
    without = compare(*networks, ["mot", "cka"], **options)
    assert without.results["mot"].p_shuffled is None
    assert without.verdict()[-1].endswith("against shuffled stimuli it was not tested.")


def test_rotated_maps_are_compared_with_rotated_ones(networks):
    alternation = Alternation(max_iter=3)
    found = compare(*networks, ["mot+r"], splits=1, n_shuffles=5, alternation=alternation)
    assert (
        found.results["mot+r"].p_shuffled
        == mot.hierarchy_null(*networks, n_permutations=5, rotate=alternation).p_stimuli
    )
    with pytest.raises(ValueError, match="n_shuffles: expected at least 0, found -1"):
        compare(*networks, ["mot"], n_shuffles=-1)
