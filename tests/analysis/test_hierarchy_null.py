from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.signal

import mot_fast as mot
from mot_fast.analysis import shuffled_alignments as module
from mot_fast.analysis.hierarchy_null import HierarchyNull, hierarchy_null
from mot_fast.measures.hierarchy import ceiling
from oracles import statistics as oracles_statistics
from oracles import transports as oracles


def deep(n_layers, seed, n_stimuli=60, n_units=6):
    """A network whose layers move from one set of latent causes to another, the same sets for all seeds."""
    first, last = np.random.default_rng(99).standard_normal((2, n_stimuli, 4))
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((4, n_units))
    depths = np.linspace(0, 1, n_layers)
    return [
        (1 - d) * first @ mixing + d * last @ mixing + 0.3 * rng.standard_normal((n_stimuli, n_units)) for d in depths
    ]


def unrelated(n_layers, seed):
    return list(np.random.default_rng(seed).standard_normal((n_layers, 12, 3)))


def test_a_shared_order_stands_out_against_both_nulls():
    source, target = deep(5, 0), deep(7, 1)
    null = hierarchy_null(source, target, n_permutations=39, n_layer_permutations=999)
    assert null.observed == mot.hierarchy(mot.align(source, target).layer_plan)
    assert null.ceiling == ceiling(5, 7)
    assert null.stimuli.shape == (39,)
    assert null.layers.shape == (999,)
    assert null.p_stimuli == 1 / 40
    assert null.p_layers <= 0.005
    assert null.stimuli.max() < null.observed <= null.ceiling


def test_the_null_of_stimuli_is_that_of_fits_to_shuffled_stimuli():
    source, target = deep(3, 0, 20), deep(4, 1, 20)
    null = hierarchy_null(source, target, n_permutations=5, seed=8)
    shuffles = np.random.default_rng(8).spawn(2)[0]
    plans = []
    for _ in range(5):
        order = shuffles.permutation(20)
        plans.append(oracles.Twin(source, [y[order] for y in target]).layer_plan)
    np.testing.assert_allclose(null.stimuli, [oracles.hierarchy(plan) for plan in plans], atol=1e-9)
    np.testing.assert_allclose(null.stimuli_plan, np.mean(plans, axis=0), atol=1e-9)
    np.testing.assert_allclose(null.stimuli_plan.sum(axis=0), 1 / 4, atol=1e-12)


def test_a_network_with_its_layers_in_another_order_has_the_plan_in_that_order():
    source, target = (network[:150] for network in mot.data.resnets())
    order = np.random.default_rng(0).permutation(target.n_layers)
    reordered = {target.labels[m]: target.layer(m) for m in order}
    with pytest.warns(UserWarning, match="some units are constant"):
        plan, plan_of_reordered = mot.align(source, target).layer_plan, mot.align(source, reordered).layer_plan
    np.testing.assert_allclose(plan_of_reordered, plan[:, order], atol=1e-12)


def test_the_null_of_layers_is_that_of_all_orders():
    source, target = deep(4, 0), deep(5, 1)
    null = hierarchy_null(source, target, n_permutations=1)
    of_all = oracles_statistics.hierarchies_of_all_layer_orders(mot.align(source, target).layer_plan)
    assert null.p_layers == pytest.approx((of_all >= null.observed - 1e-12).mean(), abs=0.005)
    assert null.layers.mean() == pytest.approx(of_all.mean(), abs=0.005)
    assert null.layers.std() == pytest.approx(of_all.std(), abs=0.005)
    assert {*null.layers.round(9)} == {*of_all.round(9)}


def test_two_layers_have_two_orders():
    null = hierarchy_null(deep(2, 0), deep(2, 1), n_permutations=1)
    assert null.observed == null.ceiling == 1.0
    assert null.p_layers == pytest.approx(0.5, abs=0.03)


@pytest.mark.slow
def test_p_values_of_unrelated_networks_are_uniform():
    nulls = [
        hierarchy_null(unrelated(4, 2 * k), unrelated(5, 2 * k + 1), n_permutations=9, n_layer_permutations=99)
        for k in range(30)
    ]
    for p in (np.array([null.p_stimuli for null in nulls]), np.array([null.p_layers for null in nulls])):
        assert p.mean() == pytest.approx(0.55, abs=0.21)  # four standard errors
        assert (p <= 0.1).mean() <= 0.3


def test_seeds_reproduce_and_the_nulls_do_not_depend_on_each_other():
    source, target = deep(3, 0), deep(4, 1)
    one, two, other = (
        hierarchy_null(source, target, n_permutations=4, n_layer_permutations=n, seed=s)
        for n, s in zip((9, 8, 9), (0, 0, 1), strict=True)
    )
    np.testing.assert_array_equal(one.stimuli, two.stimuli)
    np.testing.assert_array_equal(one.layers[:8], two.layers)
    assert (one.stimuli != other.stimuli).any()
    assert (one.layers != other.layers).any()


def test_constant_units_are_named_once():
    source, target = deep(3, 0), deep(3, 1)
    target[1][:, 2] = 0.5
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hierarchy_null(source, target, n_permutations=5)
    assert [str(warning.message).split(":")[-1] for warning in caught] == [" 1 of 6"]


def test_options_reach_every_fit(monkeypatch):
    seen = []

    def align(*networks, **options):
        seen.append(options)
        return mot.align(*networks, **options)

    monkeypatch.setattr(module, "align", align)
    hierarchy_null(deep(2, 0), deep(3, 1), n_permutations=2, n_jobs=1, memory_limit=2**20)
    assert all(options["n_jobs"] == 1 and options["memory_limit"] == 2**20 for options in seen)
    assert len(seen) == 3
    with pytest.raises(TypeError, match="colour"):
        hierarchy_null(deep(2, 0), deep(3, 1), n_permutations=2, colour="red")


def test_it_shows_its_progress_if_asked(capsys):
    hierarchy_null(deep(2, 0), deep(2, 1), n_permutations=2)
    assert capsys.readouterr().err == ""
    hierarchy_null(deep(2, 0), deep(2, 1), n_permutations=2, progress=True)
    assert "shuffles of the stimuli: 100%" in capsys.readouterr().err


def test_masses_reach_the_ceiling():
    masses = [1.0, 2.0, 3.0], [4.0, 1.0, 1.0, 1.0]
    null = hierarchy_null(deep(3, 0), deep(4, 1), n_permutations=1, source_mass=masses[0], target_mass=masses[1])
    assert null.ceiling == pytest.approx(ceiling(3, 4, *masses), abs=1e-12)
    assert null.ceiling < ceiling(3, 4) - 0.01
    assert null.observed <= null.ceiling + 1e-12


def test_networks_with_known_stimuli_may_be_shuffled():
    """Their names say in which order they are: that of the shuffled network is another, on purpose."""
    pandas = pytest.importorskip("pandas")
    names = [f"image{t}" for t in range(20)]
    framed = [
        {f"layer{l}": pandas.DataFrame(x, index=names) for l, x in enumerate(network)}
        for network in (deep(3, 0, 20), deep(4, 1, 20))
    ]
    null, plain = (
        hierarchy_null(*framed, n_permutations=3),
        hierarchy_null(deep(3, 0, 20), deep(4, 1, 20), n_permutations=3),
    )
    np.testing.assert_array_equal(null.stimuli, plain.stimuli)
    other = {label: frame[::-1] for label, frame in framed[1].items()}
    with pytest.raises(ValueError, match="expected the same stimuli in the same order"):
        hierarchy_null(framed[0], other, n_permutations=3)


def test_the_table_has_a_row_for_each_kind_of_chance():
    null = HierarchyNull(
        observed=0.9,
        ceiling=0.97,
        stimuli=np.array([0.7, 0.8, 0.9]),
        layers=np.array([0.5, 0.5]),
        p_stimuli=0.5,
        p_layers=1 / 3,
        stimuli_plan=np.eye(2) / 2,
        shuffle="groups",
    )
    assert str(null).splitlines() == [
        "Hierarchy score of the layer plan, against chance",
        "",
        "| chance                              | times | observed |      by chance |    p |",
        "| ----------------------------------- | ----: | -------: | -------------: | ---: |",
        "| shuffles of whole groups of stimuli |     3 |    0.900 | 0.800 +- 0.100 |  0.5 |",
        "| shuffles of the target's layers     |     2 |    0.900 | 0.500 +- 0.000 | 0.33 |",
        "",
        "- 1: only layers at the same relative depth are matched; these networks allow 0.970",
        "- by chance: mean and standard deviation; p: how often chance gives a score as high",
    ]
    assert [row["sd"] for row in null.rows()] == pytest.approx([0.1, 0.0])
    assert [row["n"] for row in null.rows()] == [3, 2]


def test_circular_shifts_are_all_there_are():
    source, target = deep(3, 0, 8), deep(3, 1, 8)
    null = hierarchy_null(source, target, n_permutations=50, n_layer_permutations=9, shuffle="circular")
    shifted = [oracles.Twin(source, [np.roll(y, shift, axis=0) for y in target]) for shift in range(1, 8)]
    expected = [oracles.hierarchy(twin.layer_plan) for twin in shifted]
    np.testing.assert_allclose(np.sort(null.stimuli), np.sort(expected), atol=1e-9)
    assert null.p_stimuli == pytest.approx(np.mean([True, *(h >= null.observed - 1e-9 for h in expected)]))
    assert null.shuffle == "circular"


def forgetful(rng):
    """Layers of independent noise that forgets ever more slowly."""
    noise = rng.standard_normal((8, 200, 8))
    memories = np.linspace(0.0, 0.97, 8)
    return [scipy.signal.lfilter([1.0], [1.0, -a], x, axis=0)[100:] for a, x in zip(memories, noise, strict=True)]


@pytest.mark.filterwarnings("ignore::mot_fast.AutocorrelatedStimuliWarning")
def test_time_scales_that_grow_with_depth_make_a_diagonal_of_nothing():
    """There is no relation between the networks, and yet a hierarchy."""
    rejected = {"stimuli": 0, "circular": 0}
    for k in range(10):
        rng = np.random.default_rng(k)
        networks = forgetful(rng), forgetful(rng)
        for shuffle in rejected:
            null = hierarchy_null(*networks, n_permutations=19, n_layer_permutations=1, shuffle=shuffle, n_jobs=1)
            rejected[shuffle] += null.p_stimuli <= 0.05
    assert rejected["stimuli"] >= 4
    assert rejected["circular"] <= 2


def test_time_series_whose_stimuli_are_shuffled_are_named(rng):
    series, noise = forgetful(rng), list(rng.standard_normal((2, 100, 5)))
    message = "alike in both networks .*'target' layer 'layer4': autocorrelation 0.* p-values are too small"
    options = {"n_permutations": 1, "n_layer_permutations": 1}
    with pytest.warns(mot.AutocorrelatedStimuliWarning, match=message):
        hierarchy_null(series, series, **options)
    with pytest.warns(mot.AutocorrelatedStimuliWarning, match=message):
        mot.alignment_null(series, series, n_permutations=1)
    hierarchy_null(series, noise, **options)
    hierarchy_null(noise, series, **options)
    hierarchy_null(series, series, shuffle="circular", **options)
    mot.alignment_null(series, series, n_permutations=1, groups=np.arange(100) // 10)


@pytest.mark.parametrize(
    ("n_source", "n_target", "message"),
    [
        (1, 3, "source: expected at least two layers, found 1 in 'source'"),
        (3, 1, "target: expected at least two layers, found 1 in 'target'"),
    ],
)
def test_one_layer_is_refused_before_any_fit(n_source, n_target, message, monkeypatch):
    monkeypatch.setattr(module, "align", None)
    with pytest.raises(ValueError, match=message):
        hierarchy_null(deep(n_source, 0), deep(n_target, 1))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_permutations": 0}, ValueError, "n_permutations: expected at least 1, found 0"),
        ({"n_layer_permutations": 0}, ValueError, "n_layer_permutations: expected at least 1, found 0"),
        ({"seed": -2}, ValueError, "seed: expected at least 0, found -2"),
        ({"n_permutations": 9.5}, TypeError, "n_permutations: expected an integer, found 9.5"),
        ({"shuffle": "rows"}, ValueError, "shuffle: expected one of 'stimuli', 'circular', 'blocks', found 'rows'"),
        (
            {"shuffle": "blocks"},
            ValueError,
            "block_length: expected a number of stimuli where shuffle is 'blocks', found None",
        ),
        ({"shuffle": "blocks", "block_length": 0}, ValueError, "block_length: expected at least 1, found 0"),
        ({"shuffle": "blocks", "block_length": "auto"}, TypeError, "block_length: expected an integer, found 'auto'"),
        (
            {"shuffle": "blocks", "block_length": 31},
            ValueError,
            "block_length: expected at most half of the 60 stimuli, found 31",
        ),
        ({"block_length": 5}, ValueError, "block_length: expected None unless shuffle is 'blocks', found 5"),
        ({"groups": [0] * 60}, ValueError, "groups: expected at least 2 groups, found 1, 0"),
        ({"groups": [0, 1]}, ValueError, "groups: expected one label for each of 60 stimuli, found 2"),
        (
            {"groups": [0] * 20 + ["b"] * 40},
            ValueError,
            r"groups: expected several groups of one size among the stimuli, found sizes \[20, 40\]",
        ),
        (
            {"groups": [0] * 60, "shuffle": "circular"},
            ValueError,
            "groups: expected None, as they are shuffled where shuffle is 'stimuli', found 'circular'",
        ),
    ],
)
def test_bad_numbers_are_named(arguments, error, message, monkeypatch):
    monkeypatch.setattr(module, "align", None)
    with pytest.raises(error, match=message):
        hierarchy_null(deep(2, 0), deep(2, 1), **arguments)


def test_networks_must_have_seen_the_same_stimuli():
    with pytest.raises(ValueError, match=r"source and target: expected the same stimuli, found 60 in .* and 50 in"):
        hierarchy_null(deep(2, 0), deep(2, 1, 50))
