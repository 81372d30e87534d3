from __future__ import annotations

import dataclasses
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats

import mot_fast as mot
from mot_fast import plot
from mot_fast.measures.p_values import adjust
from oracles import transports as oracles
from support.drawings import overlaps


@pytest.fixture
def networks(layers):
    return layers([4, 5, 3], 30), layers([6, 4], 30, seed=2)


def taken(network, rows):
    return [x[rows] for x in network]


def figures(source, target, train, test, of_train, of_test):
    """Cost, held-out score, hierarchy and layer costs after both sides of the target's record are shuffled."""
    twin = oracles.Twin(taken(source, train), taken(taken(target, train), of_train))
    score = twin.score(taken(source, test), taken(taken(target, test), of_test))[0]
    return twin.cost, score, oracles.hierarchy(twin.layer_plan), twin.layer_costs


def expected_null(networks, train, test, orders):
    return [np.array(each) for each in zip(*(figures(*networks, train, test, *pair) for pair in orders), strict=True)]


def seen(null):
    return null.null_costs, null.null_scores, null.null_hierarchies, null.null_layer_costs


def test_the_null_is_that_of_fits_to_either_side_shuffled_alone(networks):
    null = mot.alignment_null(*networks, n_permutations=4, seed=8)
    train, test = mot.split(30, seed=8)
    of_train, of_test = np.random.default_rng(8).spawn(2)
    orders = [(of_train.permutation(24), of_test.permutation(6)) for _ in range(4)]
    for found, expected in zip(seen(null), expected_null(networks, train, test, orders), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)
    in_order = figures(*networks, train, test, np.arange(24), np.arange(6))
    for found, expected in zip((null.cost, null.score, null.hierarchy, null.layer_costs), in_order, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)
    assert null.shuffle == "stimuli"


def test_p_values_count_what_is_at_least_as_good(networks):
    null = mot.alignment_null(*networks, n_permutations=19, adjust="holm")
    assert null.p_cost == (1 + (null.null_costs <= null.cost).sum()) / 20
    assert null.p_score == (1 + (null.null_scores >= null.score).sum()) / 20
    assert null.p_hierarchy == (1 + (null.null_hierarchies >= null.hierarchy - 1e-12).sum()) / 20
    of_pairs = (1 + (null.null_layer_costs <= null.layer_costs).sum(axis=0)) / 20
    np.testing.assert_array_equal(null.p_layer_costs, adjust(of_pairs, "holm"))
    by_bh = mot.alignment_null(*networks, n_permutations=19)
    np.testing.assert_array_equal(by_bh.p_layer_costs, adjust(of_pairs, "bh"))
    assert (null.adjust, by_bh.adjust) == ("holm", "bh")


def test_costs_are_compared_with_those_of_chance(networks):
    null = mot.alignment_null(*networks, n_permutations=5)
    assert null.relative_cost == pytest.approx(null.cost / null.null_costs.mean())
    np.testing.assert_allclose(null.relative_layer_costs, null.layer_costs / null.null_layer_costs.mean(axis=0))
    free = dataclasses.replace(null, null_costs=np.zeros(5))
    assert np.isnan(free.relative_cost)


def test_alike_networks_are_below_chance_and_copies_are_perfect(networks):
    null = mot.alignment_null(networks[0], networks[0], n_permutations=39)
    assert null.p_cost == null.p_score == 1 / 40
    assert (np.diag(null.p_layer_costs) <= 0.05).all()
    assert null.relative_cost == pytest.approx(0.0, abs=1e-6)


def test_few_stimuli_are_no_better_than_many_relative_to_chance():
    """The cost of unrelated networks falls with the number of stimuli; relative to chance it stays at 1."""
    costs, relative = [], []
    for n_stimuli in (12, 60):
        source, target = np.random.default_rng(3).standard_normal((2, 1, n_stimuli, 16))
        null = mot.alignment_null(list(source), list(target), n_permutations=19, test_size=0.3)
        costs.append(null.cost)
        relative.append(null.relative_cost)
    assert costs[0] < costs[1] - 0.2
    np.testing.assert_allclose(relative, 1.0, atol=0.06)


def test_circular_shifts_roll_either_side_of_a_record_whose_end_is_held_out(networks):
    null = mot.alignment_null(*networks, n_permutations=99, shuffle="circular")
    assert null.null_costs.shape == (23,)
    expected = [
        mot.align(taken(networks[0], slice(24)), [np.roll(y[:24], k, axis=0) for y in networks[1]]).cost
        for k in range(1, 24)
    ]
    np.testing.assert_allclose(np.sort(null.null_costs), np.sort(expected), atol=1e-9)
    of_train, of_test = np.random.default_rng(0).spawn(2)
    shifts = 1 + of_train.permutation(23)[:6], np.tile(1 + of_test.permutation(5), 2)[:6]
    orders = [(np.roll(np.arange(24), one), np.roll(np.arange(6), other)) for one, other in zip(*shifts, strict=True)]
    null = mot.alignment_null(*networks, n_permutations=6, shuffle="circular")
    for found, values in zip(
        seen(null), expected_null(networks, np.arange(24), np.arange(24, 30), orders), strict=True
    ):
        np.testing.assert_allclose(found, values, atol=1e-9)


def test_whole_groups_are_held_out_and_exchanged(networks):
    groups = np.repeat(list("abcdefghij"), 3)
    null = mot.alignment_null(*networks, n_permutations=3, groups=groups, seed=2)
    train, test = mot.split(30, 0.2, 2, groups=groups)
    of_train, of_test = np.random.default_rng(2).spawn(2)
    orders = [
        tuple((3 * rng.permutation(n)[:, None] + np.arange(3)).ravel() for rng, n in ((of_train, 8), (of_test, 2)))
        for _ in range(3)
    ]
    for found, expected in zip(seen(null), expected_null(networks, train, test, orders), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)
    assert null.shuffle == "groups"


def test_a_split_may_be_given(networks):
    train, test = np.arange(10, 30), np.arange(10)
    null = mot.alignment_null(*networks, n_permutations=2, split=(train, test))
    assert null.cost == mot.align(taken(networks[0], train), taken(networks[1], train)).cost
    middle = np.delete(np.arange(30), range(10, 20)), np.arange(10, 20)
    assert mot.alignment_null(*networks, n_permutations=2, split=middle, shuffle="circular").null_costs.shape == (2,)
    in_blocks = mot.alignment_null(*networks, n_permutations=2, split=middle, shuffle="blocks", block_length=5)
    assert in_blocks.shuffle == "blocks"


def test_circular_shifts_of_white_noise_give_uniform_p():
    """All 8 shifts of 9 training stimuli, and none, are as likely to be the best: p is one of 1/9, ..., 9/9."""
    p_values = []
    for k in range(60):
        source, target = np.random.default_rng(k).standard_normal((2, 2, 12, 3))
        null = mot.alignment_null(list(source), list(target), shuffle="circular", test_size=0.25, n_jobs=1)
        p_values.append(null.p_cost)
    spread = np.array(p_values) - np.random.default_rng(0).random(60) / 9
    assert scipy.stats.kstest(spread, "uniform").pvalue > 0.01
    assert {*np.round(9 * np.array(p_values), 9)} == {*range(1, 10)}


def test_one_layer_has_no_hierarchy(layers):
    null = mot.alignment_null(layers([4], 30), layers([3, 5], 30, seed=3), n_permutations=3)
    assert np.isnan([null.hierarchy, null.p_hierarchy, *null.null_hierarchies]).all()
    assert "hierarchy" not in str(null)
    assert len(null.plot()) == 2


def test_constant_units_are_named_once(networks):
    networks[1][1][:, 2] = 0.5
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mot.alignment_null(*networks, n_permutations=5)
    assert [str(warning.message).split(":")[-1] for warning in caught] == [" 1 of 4"]


def test_networks_with_known_stimuli_may_be_shuffled(networks):
    pandas = pytest.importorskip("pandas")
    names = [f"image{t}" for t in range(30)]
    framed = [{f"layer{l}": pandas.DataFrame(x, index=names) for l, x in enumerate(each)} for each in networks]
    found, plain = (mot.alignment_null(*each, n_permutations=3) for each in (framed, networks))
    np.testing.assert_array_equal(found.null_scores, plain.null_scores)


def test_options_reach_every_fit(networks):
    rotated = mot.alignment_null(*networks, n_permutations=2, rotate=True)
    train, _ = mot.split(30)
    expected = mot.align(taken(networks[0], train), taken(networks[1], train), rotate=True)
    assert rotated.cost == expected.cost
    assert (rotated.null_costs != mot.alignment_null(*networks, n_permutations=2).null_costs).all()


def test_it_shows_its_progress_if_asked(networks, capsys):
    mot.alignment_null(*networks, n_permutations=2, progress=True)
    assert "shuffles of the stimuli: 100%" in capsys.readouterr().err


def made(**changes):
    values = {
        "cost": 0.5,
        "score": 0.4,
        "hierarchy": 0.9,
        "layer_costs": np.full((1, 2), 0.5),
        "null_costs": np.array([0.8, 0.9, 1.0]),
        "null_scores": np.array([-0.1, 0.0, 0.1]),
        "null_hierarchies": np.array([0.6, 0.7, 0.95]),
        "null_layer_costs": np.ones((3, 1, 2)),
        "p_cost": 0.25,
        "p_score": 0.25,
        "p_hierarchy": 0.5,
        "p_layer_costs": np.array([[0.04, 0.06]]),
        "adjust": "bh",
        "shuffle": "circular",
        "source_name": "V4*",
        "target_name": "model",
    }
    return mot.AlignmentNull(**{**values, **changes})


def test_the_table_says_what_chance_gives():
    assert made().to_markdown().splitlines() == [
        r"V4\* from model, against chance",
        "",
        "|           | observed |         chance |    p |",
        "| --------- | -------: | -------------: | ---: |",
        "| cost      |    0.500 | 0.900 +- 0.100 | 0.25 |",
        "| score     |    0.400 | 0.000 +- 0.100 | 0.25 |",
        "| hierarchy |    0.900 | 0.750 +- 0.180 |  0.5 |",
        "",
        "- cost relative to chance: 0.556",
        "- layer costs below chance: 1 of 2 pairs of layers at level 0.05, adjusted by Benjamini and Hochberg",
        "- chance: mean and standard deviation over 3 circular shifts of the target's record; p is at least 0.25",
    ]
    assert repr(made(adjust="holm", shuffle="groups")).splitlines() == [
        "AlignmentNull('V4*' from 'model', 3 shuffles of whole groups of stimuli,",
        "  cost 0.500, by chance 0.900, p = 0.25,",
        "  score 0.400, by chance 0.000, p = 0.25,",
        "  hierarchy 0.900, by chance 0.750, p = 0.5)",
    ]
    assert "adjusted by Holm" in str(made(adjust="holm"))
    assert "|          0.700 |" in str(made(null_costs=np.array([0.7])))


def test_the_picture_has_what_is_observed_among_chance():
    axes = plot.plot_alignment_null(made())
    assert [ax.get_xlabel() for ax in axes] == ["alignment cost", "held-out score", "hierarchy score"]
    assert [ax.lines[0].get_xdata()[0] for ax in axes] == [0.5, 0.4, 0.9]
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == [
        "stimuli shifted, 3 times: p = 0.25 (a stroke each)",
        "observed: 0.500",
    ]
    assert not any(overlaps(ax) for ax in axes)
    nulls = (made().null_costs, made().null_scores, made().null_hierarchies)
    for ax, values in zip(axes, nulls, strict=True):  # few shuffles have a stroke each
        assert [segment[0, 0] for segment in ax.collections[0].get_segments()] == values.tolist()
    _, given = plt.subplots(1, 3)
    assert made().plot(given)[2] is given[2]
    with pytest.raises(ValueError, match="axes: expected 3, found 1"):
        made().plot(given[:1])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_permutations": 0}, ValueError, "n_permutations: expected at least 1, found 0"),
        ({"adjust": "none"}, ValueError, "adjust: expected one of 'holm', 'bh', found 'none'"),
        ({"seed": -1}, ValueError, "seed: expected at least 0, found -1"),
        ({"shuffle": "units"}, ValueError, "shuffle: expected one of 'stimuli', 'circular', 'blocks', found 'units'"),
        ({"test_size": 1.5}, ValueError, "test_size: expected a fraction that leaves stimuli on both sides, found 1.5"),
        ({"test_size": 0.05}, ValueError, "held-out stimuli of the split: expected at least 3 stimuli, found 2"),
        ({"split": (range(28), range(28, 30))}, ValueError, "held-out stimuli of the split: expected at least 3"),
        ({"split": (range(2), range(9))}, ValueError, "split: expected stimuli on one side each, found 0 in train and"),
        ({"split": 3}, TypeError, r"split: expected a pair \(train, test\) of stimuli, found 3$"),
        ({"split": (range(9), range(9, 31))}, ValueError, "split, test: expected indices from 0 to 29, found 30"),
        (
            {"split": (range(20), range(29, 19, -1)), "shuffle": "circular"},
            ValueError,
            "split: expected held-out stimuli in a row, and training .* as shuffle is 'circular'",
        ),
        (
            {"split": ([*range(0, 20, 2)], range(20, 30)), "shuffle": "blocks", "block_length": 2},
            ValueError,
            "split: expected held-out stimuli in a row, and training .* as shuffle is 'blocks'",
        ),
        (
            {"shuffle": "blocks", "block_length": 4},
            ValueError,
            "block_length: expected at most half of the 6 held-out stimuli, found 4",
        ),
        (
            {"groups": np.repeat(range(6), 5), "split": (range(18), range(18, 30))},
            ValueError,
            "split: expected each group on one side, found one in train and test",
        ),
        (
            {"groups": np.repeat(range(3), 10), "split": (range(20), range(20, 30))},
            ValueError,
            r"groups: expected several groups of one size among the held-out stimuli, found sizes \[10\]",
        ),
        ({"groups": range(29)}, ValueError, "groups: expected one label for each of 30 stimuli, found 29"),
    ],
)
def test_what_is_refused(networks, arguments, error, message):
    with pytest.raises(error, match=message):
        mot.alignment_null(*networks, **arguments)


def test_networks_must_have_seen_the_same_stimuli(networks, layers):
    with pytest.raises(ValueError, match=r"source and target: expected the same stimuli, found 30 in .* and 20 in"):
        mot.alignment_null(networks[0], layers([3], 20))
