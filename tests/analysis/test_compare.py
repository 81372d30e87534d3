from __future__ import annotations

import itertools
import sys
import time

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis import compare as compare_module
from mot_fast.analysis import method_outcomes, methods
from mot_fast.analysis.compare import compare
from mot_fast.analysis.comparison import METHODS, SIMILARITIES
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.linear import global_linear_predictivity, linear_predictivity
from mot_fast.measures.coupling import FAVOURITES
from mot_fast.measures.hierarchy import ceiling, hierarchy
from mot_fast.measures.noise_ceiling import noise_ceiling

PLAIN = ["mot", "single_best", "pairwise_best", "greedy", "uniform", "permuted"]


@pytest.fixture
def networks(layers):
    return mot.load(layers([5, 6, 4], seed=1), "one"), mot.load(layers([7, 5], seed=2), "two")


def splits_of(networks, n=2, test_size=0.2, seed=0):
    """Training and held-out source and target of every split."""
    for s in range(n):
        train, test = mot.split(networks[0].n_stimuli, test_size, seed + s)
        yield [x[train] for x in networks], [x[test] for x in networks]


def columns_beside(networks):
    return [[np.hstack([x.layer(l) for l in range(len(x))])] for x in networks]


def grown(seed, growth):
    """Six layers of eight units, alike but for what their activations are multiplied by, which grows with depth."""
    latent = np.random.default_rng(99).standard_normal((60, 6))
    rng = np.random.default_rng(seed)
    return [growth**k * (latent @ rng.standard_normal((6, 8)) + rng.standard_normal((60, 8))) for k in range(6)]


@pytest.mark.parametrize("suffix", ["", "+r"])
def test_couplings_are_those_of_alignments_of_the_same_splits(networks, suffix):
    names = [name + suffix for name in PLAIN]
    alternation = Alternation(max_iter=5)
    found = compare(*networks, names, splits=2, seed=3, n_permutations=4, n_resamples=9, alternation=alternation)
    for s, (train, test) in enumerate(splits_of(networks, seed=3)):
        alignment = mot.align(*train, rotate=alternation if suffix else False)
        for name in PLAIN[:-1]:
            weights = alignment.coupling(name)
            np.testing.assert_array_equal(found.layer_maps[name + suffix][s], weights)
            assert found.scores[name + suffix][s] == pytest.approx(alignment.score(*test, name).value, abs=1e-12)
            assert found.hierarchies[name + suffix][s] == pytest.approx(hierarchy(weights), abs=1e-12)
            if suffix and name in FAVOURITES:
                along = alignment.score(*test, name, axes="rotated").value
                assert found.results[name + suffix].in_rotated_units[s] == pytest.approx(along, abs=1e-12)
            assert found.over_units[name + suffix][s] == pytest.approx(alignment.score(*test, name).over_units)
        orders = [alignment.layer_plan[list(order)] for order in itertools.permutations(range(3))]
        values = [alignment.score(*test, weights).value for weights in orders]
        result = found.results["permuted" + suffix]
        assert result.scores[s] == pytest.approx(np.mean(values), abs=1e-12)
        assert result.permuted_sds[s] == pytest.approx(np.std(values), abs=1e-12)
        assert result.hierarchies[s] == pytest.approx(np.mean([*map(hierarchy, orders)]), abs=1e-12)
        assert result.permuted_hierarchy_sds[s] == pytest.approx(np.std([*map(hierarchy, orders)]), abs=1e-12)
        over_units = [alignment.score(*test, weights).over_units for weights in orders]
        assert result.over_units[s] == pytest.approx(np.mean(over_units), abs=1e-12)
        np.testing.assert_allclose(result.layer_maps[s], np.mean(orders, axis=0), atol=1e-15)
    assert found.methods == tuple(names)
    assert {*found.scores} == {*found.hierarchies} == {*found.seconds} == {*found.peak_bytes} == {*names}
    assert ("along rotated units, in axes like the target's: mot+r " in str(found)) == bool(suffix)
    assert {*found.permuted_sds} == {"permuted" + suffix}


def test_global_methods_take_all_layers_as_one(networks):
    found = compare(*networks, ["global_linear", "global_ot"], splits=2)
    for s, (train, test) in enumerate(splits_of(networks)):
        alignment = mot.align(*columns_beside(train))
        of_units = alignment.score(*columns_beside(test)).per_unit[0]
        assert found.over_units["global_ot"][s] == pytest.approx(of_units.mean(), abs=1e-12)
        of_layers = [of_units[:5].mean(), of_units[5:11].mean(), of_units[11:].mean()]
        assert found.scores["global_ot"][s] == pytest.approx(np.mean(of_layers), abs=1e-12)
        linear = global_linear_predictivity(*train, *test)
        assert found.scores["global_linear"][s] == pytest.approx(linear.value, abs=1e-12)
        assert found.over_units["global_linear"][s] == pytest.approx(linear.over_units, abs=1e-12)
    assert found.layer_maps == {}
    assert np.isnan(found.hierarchies["global_ot"]).all()
    assert [row["kind"] for row in found.rows()] == ["score", "score"]


def test_layers_are_mapped_in_training_and_evaluated_on_held_out_stimuli(networks):
    found = compare(*networks, ["linear", *SIMILARITIES], splits=2)
    for s, (train, test) in enumerate(splits_of(networks)):
        fitted = linear_predictivity(*train, *test)
        pairs = {"linear": (fitted.train, fitted.test)}
        for name, measure in SIMILARITIES.items():
            pairs[name] = measure(*train), measure(*test)
        for name, (in_training, held_out) in pairs.items():
            weights = np.zeros((3, 2))
            for l in range(3):
                weights[l, in_training[l].argmax()] = 1 / 3
            np.testing.assert_array_equal(found.layer_maps[name][s], weights)
            assert found.hierarchies[name][s] == pytest.approx(hierarchy(weights), abs=1e-12)
            assert found.scores[name][s] == pytest.approx((held_out * weights).sum(), abs=1e-12)
    assert [found.kind(name) for name in found.methods] == ["score"] + ["similarity"] * 4


def test_a_network_is_perfectly_like_itself():
    network = list(np.random.default_rng(0).standard_normal((4, 50, 6)))
    names = ["mot", "single_best", "pairwise_best", "mot+r", "global_ot", "global_linear", "linear", *SIMILARITIES]
    found = compare(network, network, names, splits=2, n_resamples=9)
    for name in names:
        np.testing.assert_allclose(found.scores[name], 1.0, atol=1e-6)
        if not name.startswith("global"):
            np.testing.assert_allclose(found.hierarchies[name], 1.0, atol=1e-12)
    assert found.hierarchy_ceiling == 1.0
    assert found.p_better == {"mot": 1.0}  # the pairwise best is as good


def test_rotated_copies_need_rotations(rng):
    source = list(rng.standard_normal((3, 60, 6)))
    target = [x @ np.linalg.qr(rng.standard_normal((6, 6)))[0] + rng.standard_normal(6) for x in source]
    found = compare(source, target, ["mot", "mot+r", "cka", "procrustes"], splits=2)
    np.testing.assert_allclose(found.scores["mot+r"], 1.0, atol=1e-9)
    np.testing.assert_array_equal(found.hierarchies["mot+r"], 1.0)
    np.testing.assert_allclose([found.scores["cka"], found.scores["procrustes"]], 1.0, atol=1e-9)
    assert (found.scores["mot"] < 0.9).all()


def test_in_the_papers_convention_the_pairwise_best_with_rotations_is_one_end_layer():
    # Raw plans divide by the number of units: as long as norms grow by less than that from end to end, the largest
    # target layer leaves the least of every source layer, as in table G.1.
    networks = grown(0, 1.25), grown(1, 1.25)
    found = compare(*networks, ["mot+r", "pairwise_best+r"], splits=2, n_resamples=9, convention="paper")
    for weights in found.layer_maps["pairwise_best+r"]:
        assert [*weights.argmax(axis=1)] == [5] * 6
    np.testing.assert_allclose(found.hierarchies["pairwise_best+r"], 0.50, rtol=0, atol=1e-12)
    scale_free = compare(*networks, ["pairwise_best+r"], splits=2)
    assert all(len({*weights.argmax(axis=1)}) > 1 for weights in scale_free.layer_maps["pairwise_best+r"])
    assert found.convention == "paper"
    assert "paper" in str(found)


def test_p_values_are_those_of_every_split_combined(networks):
    names = ["pairwise_best+r", "mot", "mot+r", "pairwise_best"]
    found = compare(*networks, names, splits=3, n_resamples=99)
    for suffix, rotate in (("", False), ("+r", True)):
        p_values = [
            mot.p_better(mot.align(*train, rotate=rotate), *test, method="t") for train, test in splits_of(networks, 3)
        ]
        assert found.p_better["mot" + suffix] == pytest.approx(min(1.0, 2 * np.median(p_values)))
    alone = compare(*networks, ["mot", "pairwise_best"], splits=1, n_resamples=99)
    train, test = next(splits_of(networks))
    assert alone.p_better["mot"] == pytest.approx(mot.p_better(mot.align(*train), *test, method="t"))


@pytest.mark.parametrize("suffix", ["", "+r"])
def test_every_coupling_is_tested_against_mot(networks, suffix):
    names, alternation = [name + suffix for name in PLAIN], Alternation(max_iter=5)
    found = compare(*networks, names, splits=3, n_resamples=19, alternation=alternation)
    p_values = {name: [] for name in names[1:]}
    for s, (train, test) in enumerate(splits_of(networks, 3)):
        alignment = mot.align(*train, rotate=alternation if suffix else False)
        evaluation = mot.evaluate(alignment, *test, n_resamples=19, seed=s).evaluation
        for name in PLAIN[1:]:
            p_values[name + suffix].append(evaluation.scores[name].p_better)
    expected = {name: min(1, 2 * np.median(each)) for name, each in p_values.items()}
    assert found.p_values == {"mot" + suffix: pytest.approx(expected, abs=1e-12)}
    assert [row["p_mot_better"] for row in found.rows()][1:] == pytest.approx([*expected.values()], abs=1e-12)
    assert found.p_better["mot" + suffix] == pytest.approx(expected["pairwise_best" + suffix])
    assert len(found.verdict()) == 3
    assert all(
        sentence.startswith(f"MOT{suffix.upper()} predicts" if k < 2 else f"The map of MOT{suffix.upper()} is")
        for k, sentence in enumerate(found.verdict())
    )
    assert str(found).endswith(f"**{found.verdict()[-1]}**  ")


def test_rotations_are_tested_against_none(layers):
    turned = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))[0]
    target = layers([6, 6], 90)
    found = compare([y @ turned for y in target], target, ["mot", "mot+r"], splits=1, n_resamples=99)
    assert found.p_values["mot+r"] == {"mot": 0.01}
    assert "MOT+R predicts better than MOT without rotations (p = 0.02)." in found.verdict()
    same = compare(target, target, ["mot", "mot+r"], splits=1, n_resamples=99)
    assert same.p_values["mot+r"] == {"mot": 1.0}
    assert "MOT+R predicts no better than MOT without rotations (p = 1)." in same.verdict()


def test_p_values_need_both(networks):
    found = compare(*networks, ["mot", "pairwise_best+r"], splits=1)
    assert found.p_better == {}
    assert found.p_values == {"mot": {}}
    assert "being better" not in str(found)


def test_twice_the_median_is_at_most_one():
    assert method_outcomes._combined_p_value([0.6, 0.9, 0.7]) == 1.0
    assert method_outcomes._combined_p_value([0.6]) == 0.6
    assert method_outcomes._combined_p_value([0.01, 0.03]) == 0.04


def test_one_layer_has_no_hierarchy(layers):
    found = compare(layers([5]), layers([4, 6], seed=1), ["mot", "cka"], splits=2)
    assert np.isnan([*found.hierarchies.values()]).all()
    assert np.isnan(found.hierarchy_ceiling)
    assert "monotone" not in str(found)
    assert found.mean("mot") > 0
    assert compare(layers([5] * 12), layers([5] * 24), ["cka"], splits=1).hierarchy_ceiling == pytest.approx(
        ceiling(12, 24)
    )


def test_masses_reach_every_method(networks):
    source_mass = [np.arange(1.0, width + 1) for width in networks[0].widths]
    target_mass = [1.0, 2.0]
    found = compare(*networks, ["mot", "cka", "global_ot"], splits=1, source_mass=source_mass, target_mass=target_mass)
    train, test = next(splits_of(networks))
    alignment = mot.align(*train, source_mass=source_mass, target_mass=target_mass)
    assert found.scores["mot"][0] == pytest.approx(alignment.score(*test).value, abs=1e-12)
    for name in ("mot", "cka"):
        np.testing.assert_allclose(found.layer_maps[name][0].sum(axis=1), np.array([15, 21, 10]) / 46, atol=1e-12)
    one_layer = mot.align(
        *columns_beside(train),
        source_mass=[np.concatenate(source_mass)],
        target_mass=[np.repeat([1 / 7, 2 / 5], [7, 5])],
    )
    assert found.over_units["global_ot"][0] == pytest.approx(one_layer.score(*columns_beside(test)).value, abs=1e-12)
    assert found.hierarchy_ceiling == ceiling(3, 2, [15, 21, 10], target_mass)


def test_a_layer_of_constant_units_is_left_out_of_the_mean(layers):
    source, target = layers([4, 4]), layers([5, 5], seed=1)
    source[1][:] = [1.0, 2.0, 3.0, 4.0]
    found = compare(source, target, ["linear", "global_linear"], splits=1)
    without = compare(source[:1], target, ["linear"], splits=1)
    assert found.scores["linear"][0] == pytest.approx(without.scores["linear"][0], abs=1e-12)
    assert [*found.layer_maps["linear"][0][1]] == [0.5, 0.0]
    nothing = compare(source[1:], target, ["linear"], splits=1)
    assert np.isnan(nothing.mean("linear"))
    assert "| linear | score |                |" in nothing.to_markdown()


def test_seeds_reproduce(networks):
    names = ["mot", "permuted", "mot+r", "pairwise_best", "rsa"]
    one, two, other = (compare(*networks, names, splits=2, n_resamples=19, seed=seed) for seed in (0, 0, 1))
    for name in names:
        np.testing.assert_array_equal(one.scores[name], two.scores[name])
        assert one.scores[name][1] == pytest.approx(other.scores[name][0], abs=1e-12)
        assert one.scores[name][0] != other.scores[name][0]
    assert one.p_better == two.p_better


def test_noise_ceiling_of_repeats_stands_under_the_table(networks, rng):
    source = networks[0]
    repeats = [[source.layer(l) + rng.standard_normal((60, source.widths[l])) for l in range(3)] for _ in range(3)]
    found = compare(source, networks[1], ["cka"], splits=1, source_repeats=[mot.load(x) for x in repeats])
    assert found.noise_ceiling.value == noise_ceiling(repeats).value
    assert f"noise ceiling of the source, the best score that its noise allows: {found.noise_ceiling.value:.3f}" in str(
        found
    )
    assert compare(*networks, ["cka"], splits=1).noise_ceiling is None


def test_repeats_must_be_of_the_source(networks, layers):
    for repeat in (layers([5, 6]), layers([5, 6, 4], n_stimuli=50)):
        with pytest.raises(ValueError, match="source_repeats: expected the layers and stimuli of 'one', Network"):
            compare(*networks, ["cka"], source_repeats=[repeat, repeat])
    with pytest.raises(ValueError, match="repeats: expected at least 2 networks, found 1"):
        compare(*networks, ["cka"], source_repeats=[networks[0]])


def test_a_shared_alignment_is_charged_to_each_method(networks, monkeypatch):
    def slow(*args, **options):
        held = np.ones(60_000_000, np.uint8)
        time.sleep(0.1)
        del held
        return mot.align(*args, **options)

    compare(*networks, ["mot", "single_best", "cka"], splits=1)  # code is loaded
    monkeypatch.setattr(methods, "align", slow)
    found = compare(*networks, ["mot", "single_best", "cka"], splits=2)
    for name in ("mot", "single_best"):
        assert (found.seconds[name] > 0.1).all()
        assert (found.peak_bytes[name] > 50e6).all()
    assert (found.seconds["cka"] < 0.1).all()
    assert (found.peak_bytes["cka"] < 50e6).all()


def test_options_reach_every_alignment(networks, monkeypatch, tmp_path):
    seen = []

    def spy(*args, **options):
        seen.append(options)
        return mot.align(*args, **options)

    monkeypatch.setattr(methods, "align", spy)
    alternation = Alternation(max_iter=2)
    compare(
        *networks,
        ["mot", "mot+r", "partial", "global_ot"],
        splits=1,
        n_jobs=1,
        convention="paper",
        memory_limit=2**24,
        alternation=alternation,
        store=tmp_path,
    )
    assert [options.pop("rotate") for options in seen] == [False, alternation, False, False]
    assert [options.pop("unit_mass") for options in seen] == [None, None, "path", None]
    copies = sum(8 * network.n_stimuli * sum(network.widths) for network in networks)
    limits = [options.pop("memory_limit") for options in seen]
    assert limits == [2**24, 2**24, 2**24, 2**24 - copies]  # what is concatenated counts
    expected = {"convention": "paper", "n_jobs": 1, "source_mass": None, "target_mass": None}
    assert seen == [{**expected, "store": str(tmp_path)}] * 4
    assert list((tmp_path / "blocks").iterdir())


def test_by_default_nothing_is_slow_or_needs_scikit_learn(networks, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    found = compare(*networks, splits=1, n_permutations=1, n_resamples=9)
    assert found.methods == (*PLAIN, "rsa", "cka", "debiased_cka", "procrustes")


def test_all_methods_in_a_word(networks):
    found = compare(*networks, "all", splits=1, n_permutations=1, n_resamples=9)
    assert found.methods == METHODS
    assert all(np.isfinite(found.mean(name)) for name in METHODS)
    assert np.isnan(found.sd("mot"))
    assert found.permuted_sds["permuted"][0] > 0
    assert "nan" not in str(found)


def test_it_shows_its_progress_if_asked(networks, capsys):
    compare(*networks, ["mot", "cka"], splits=1)
    assert capsys.readouterr().err == ""
    compare(*networks, ["mot", "single_best", "cka"], splits=2, progress=True)
    assert "4/4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"methods": ["mot", "best"]},
            ValueError,
            r"methods\[1\]: expected one of 'mot', .* 'procrustes', found 'best'",
        ),
        ({"methods": ["mot", 3]}, ValueError, r"methods\[1\]: expected one of .*, found 3"),
        ({"methods": ["mot", "cka", "mot"]}, ValueError, "methods: expected each name once, found 'mot' again"),
        ({"methods": []}, ValueError, "methods: expected some of 'mot', .*, found none"),
        ({"methods": "mot"}, TypeError, "methods: expected a sequence of names, found 'mot'"),
        ({"methods": None}, TypeError, "methods: expected a sequence of names, found None"),
        ({"methods": ["mot", "Pairwise"]}, ValueError, r"found 'Pairwise'; did you mean 'pairwise_best'\?"),
        ({"methods": ["mot-r"]}, ValueError, r"found 'mot-r'; did you mean 'mot\+r'\?"),
        ({"methods": {"mot"}}, TypeError, "methods: expected a sequence of names, found {'mot'}"),
        ({"splits": 0}, ValueError, "splits: expected at least 1, found 0"),
        ({"splits": 2.0}, TypeError, "splits: expected an integer, a list of .*, found 2.0"),
        ({"test_size": 1.5}, ValueError, "test_size: expected a fraction that leaves stimuli on both sides, found 1.5"),
        ({"test_size": 0.03}, ValueError, "held-out stimuli of a split: expected at least 3 stimuli, found 2"),
        ({"test_size": 0.97}, ValueError, "training stimuli of a split: expected at least 3 stimuli, found 2"),
        ({"seed": -1}, ValueError, "seed: expected at least 0, found -1"),
        ({"n_permutations": 0}, ValueError, "n_permutations: expected at least 1, found 0"),
        ({"n_resamples": 0}, ValueError, "n_resamples: expected at least 1, found 0"),
        ({"alternation": True}, TypeError, "alternation: expected an Alternation, found True"),
        ({"convention": "mine"}, ValueError, "convention: expected one of 'standardized', 'paper', found 'mine'"),
        ({"source_mass": [1, 2]}, ValueError, "source_mass: expected shape"),
        ({"target_mass": 3}, TypeError, "target_mass: expected one mass, or one array of masses, a layer, found 3"),
        ({"splits": 10**13}, ValueError, "splits: expected at most 10000, found 10000000000000"),
        ({"n_jobs": 0}, ValueError, "n_jobs: expected 1 or more, -1 for all threads, or -2 for all but one, found 0"),
        ({"memory_limit": 0}, ValueError, "memory_limit: expected at least 1, found 0"),
    ],
)
def test_bad_arguments_are_named_before_any_work(networks, arguments, error, message, monkeypatch):
    monkeypatch.setattr(compare_module, "results_of_methods", None)
    with pytest.raises(error, match=message):
        compare(*networks, **arguments)


def test_splits_that_do_not_fit_into_memory_are_refused(networks, monkeypatch):
    monkeypatch.setattr("mot_fast.system.memory.available", lambda: 1000)
    with pytest.raises(ValueError, match="splits: expected splits that fit into memory, found 3 of"):
        compare(*networks, ["mot"], splits=3)


def test_networks_must_have_seen_the_same_stimuli(networks):
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 60 in 'one' and 50 in"):
        compare(networks[0], networks[1][:50])


def test_without_scikit_learn_the_global_regression_is_refused_before_any_work(networks, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    compare(*networks, ["cka"], splits=1)
    monkeypatch.setattr(compare_module, "results_of_methods", None)
    with pytest.raises(ImportError, match='"global_linear" needs scikit-learn: pip install scikit-learn'):
        compare(*networks, "all")
