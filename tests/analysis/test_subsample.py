from __future__ import annotations

import warnings

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis import subsample as module
from mot_fast.analysis.subsample import METHODS, SubsampleCurve, subsample_curve
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.measures.coupling import FAVOURITES
from mot_fast.networks.network import Layer, Network


@pytest.fixture
def networks(layers):
    return mot.load(layers([5, 6], seed=1), "one"), mot.load(layers([8, 5, 7], seed=2), "two")


def kept(network, fraction, seed):
    """The network with some units of every layer, the first of a random order."""
    some = {}
    for m, label in enumerate(network.labels):
        values = network.layer(m)
        order = np.random.default_rng([seed, m]).permutation(values.shape[1])
        n = max(1, round(fraction * values.shape[1]))
        some[label] = values[:, sorted(order[:n])]
    return mot.load(some, network.name)


@pytest.mark.parametrize("suffix", ["", "+r"])
def test_every_point_is_an_alignment_with_the_units_kept(networks, suffix):
    source, target = networks
    names = [name + suffix for name in ("pairwise_best", "mot", "single_best")]
    fractions = (0.1, 0.5, 1.0)
    rotate = Alternation(max_iter=4)
    curve = subsample_curve(source, target, fractions, methods=names, splits=2, seed=5, alternation=rotate)
    assert [*curve.scores] == names
    np.testing.assert_array_equal(curve.fractions, fractions)
    for k in range(2):
        train, test = mot.split(60, 0.2, 5 + k)
        for f, fraction in enumerate(fractions):
            some = kept(target, fraction, 5 + k)
            alignment = mot.align(source[train], some[train], rotate=rotate if suffix else False)
            for name in names:
                score = alignment.score(source[test], some[test], name.removesuffix("+r")).value
                assert curve.scores[name][f, k] == pytest.approx(score, abs=1e-12)


def test_all_units_are_the_network_itself(networks):
    curve = subsample_curve(*networks, [1], methods=["mot"], splits=1)
    train, test = mot.split(60)
    expected = mot.align(networks[0][train], networks[1][train]).score(networks[0][test], networks[1][test]).value
    assert curve.scores["mot"][0, 0] == pytest.approx(expected, abs=1e-12)


def test_at_least_one_unit_is_kept_and_few_units_are_among_many(networks):
    few, half, all_units = (module._subsampled(networks[1], fraction, 0) for fraction in (1e-6, 0.5, 1.0))
    assert few.widths == (1, 1, 1)
    assert half.widths == (4, 2, 4)
    assert all_units.widths == networks[1].widths
    assert half.labels == all_units.labels == networks[1].labels
    assert half.name == "two"
    for m in range(3):
        columns = [{*map(tuple, network.layer(m).T)} for network in (few, half, all_units)]
        assert columns[0] <= columns[1] <= columns[2]
        np.testing.assert_array_equal(all_units.layer(m), networks[1].layer(m))
    other = module._subsampled(networks[1], 0.5, 1)
    assert any((other.layer(m) != half.layer(m)).any() for m in range(3))


def test_units_are_read_when_needed():
    reads = []

    def layer(label, width):
        def read():
            reads.append(label)
            return np.zeros((10, width))

        return Layer(label, (10, width), read)

    full = Network([layer("a", 4), layer("b", 6)], "spy")
    network = module._subsampled(full, 0.5, 0)
    assert network[:4].widths == (2, 3)
    assert reads == []
    assert network[:4].layer("b").shape == (4, 3)
    assert reads == ["b"]


def test_copies_keep_a_perfect_score_only_with_all_units(rng):
    network = list(rng.standard_normal((3, 50, 6)))
    assert {name.removesuffix("+r") for name in METHODS} == {*FAVOURITES, "greedy", "uniform"}
    curve = subsample_curve(network, network, (0.5, 1.0), methods=METHODS, splits=2)
    for name in METHODS:
        if "uniform" in name:  # layers that have nothing to do with it predict a layer as well
            assert (curve.scores[name] < 0.95).all()
        else:
            np.testing.assert_allclose(curve.scores[name][1], 1.0, atol=1e-9)
            assert (curve.scores[name][0] < 0.95).all()


def test_seeds_reproduce_and_each_has_its_own_split_and_units(networks):
    one, two, other = (subsample_curve(*networks, (0.3,), splits=3, seed=seed) for seed in (0, 0, 1))
    for name in ("mot", "pairwise_best"):
        np.testing.assert_array_equal(one.scores[name], two.scores[name])
        np.testing.assert_array_equal(one.scores[name][:, 1:], other.scores[name][:, :2])
        assert len({*one.scores[name][0]}) == 3


def test_means_and_deviations_over_seeds(networks):
    curve = subsample_curve(*networks, (0.5, 1.0), splits=3)
    assert curve.scores["mot"].shape == (2, 3)
    np.testing.assert_allclose(curve.mean("mot"), curve.scores["mot"].mean(axis=1))
    np.testing.assert_allclose(curve.sd("mot"), curve.scores["mot"].std(axis=1, ddof=1))
    assert np.isnan(subsample_curve(*networks, (0.5, 1.0), splits=1).sd("mot")).all()
    with pytest.raises(ValueError, match="name: expected one of 'mot', 'pairwise_best', found 'rsa'"):
        curve.mean("rsa")


def test_the_table_reads_well_as_text():
    scores = {"mot": np.array([[0.25, 0.75], [0.5, 0.5]]), "pairwise_best": np.array([[0.125, 0.125], [0.25, 0.25]])}
    curve = SubsampleCurve(np.array([0.1, 1.0]), scores, "one", "two")
    assert curve.to_markdown().splitlines() == [
        "one from a fraction of the units of every layer of two",
        "",
        "| units kept |            mot |  pairwise_best |",
        "| ---------- | -------------: | -------------: |",
        "| 0.1        | 0.500 +- 0.354 | 0.125 +- 0.000 |",
        "| 1          | 0.500 +- 0.000 | 0.250 +- 0.000 |",
        "",
        "- held-out scores over 2 seeds, each with its own split and units; +-: sd over the seeds",
    ]
    assert str(curve) == curve.to_markdown()
    assert " ".join(repr(curve).split()) == (
        "SubsampleCurve('one' from 'two', at 0.1, 1, mot 0.500, 0.500, pairwise_best 0.125, 0.250)"
    )


def test_the_picture_is_that_of_the_curve(networks):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    curve = subsample_curve(*networks, (0.5, 1.0), splits=2)
    assert curve.plot(ax) is ax
    assert len(ax.lines) == 2
    plt.close("all")


def test_options_reach_every_alignment(networks, monkeypatch):
    seen = []

    def spy(*args, **options):
        seen.append(options)
        return mot.align(*args, **options)

    monkeypatch.setattr(module, "align", spy)
    rotate = Alternation(max_iter=2)
    methods = ["mot", "mot+r"]
    subsample_curve(*networks, (0.5,), methods=methods, splits=1, alternation=rotate, n_jobs=1, convention="paper")
    assert [options.pop("rotate") for options in seen] == [False, rotate]
    assert seen == [{"n_jobs": 1, "memory_limit": None, "store": None, "convention": "paper"}] * 2
    with pytest.raises(TypeError, match="colour"):
        subsample_curve(*networks, colour="red")


def test_constant_units_are_named_once(networks, layers):
    source = layers([5, 6], seed=1)
    source[0][:, 1] = 2.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        subsample_curve(source, networks[1], (0.5, 1.0), splits=2)
    assert [str(warning.message).split(": ")[-1] for warning in caught] == ["1 of 5"]
    assert "'source' layer 'layer0'" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_it_shows_its_progress_if_asked(networks, capsys):
    subsample_curve(*networks, (0.5,), splits=1)
    assert capsys.readouterr().err == ""
    subsample_curve(*networks, (0.5, 1.0), splits=2, progress=True)
    assert "alignments: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"fractions": [0.5, 0.0]}, ValueError, "fractions: expected numbers above 0, up to 1, found 0.0"),
        ({"fractions": [1.1]}, ValueError, "fractions: expected numbers above 0, up to 1, found 1.1"),
        ({"fractions": [float("nan")]}, ValueError, "fractions: expected numbers above 0, up to 1, found nan"),
        ({"fractions": []}, ValueError, r"fractions: expected a sequence of at least one number, found shape \(0,\)"),
        ({"fractions": 0.5}, ValueError, r"fractions: expected a sequence of at least one number, found shape \(\)"),
        ({"methods": ["permuted"]}, ValueError, r"methods\[0\]: expected one of 'mot', .*, found 'permuted'"),
        ({"methods": ["mot", "mot"]}, ValueError, "methods: expected each name once, found 'mot' again"),
        ({"methods": []}, ValueError, "methods: expected some of 'mot', .*, found none"),
        ({"methods": "mot"}, TypeError, "methods: expected a sequence of names, found 'mot'"),
        ({"splits": 0}, ValueError, "splits: expected at least 1, found 0"),
        ({"seed": -1}, ValueError, "seed: expected at least 0, found -1"),
        ({"test_size": 0.0}, ValueError, "test_size: expected a fraction that leaves stimuli on both sides"),
        ({"alternation": False}, TypeError, "alternation: expected an Alternation, found False"),
    ],
)
def test_bad_arguments_are_named_before_any_work(networks, arguments, error, message, monkeypatch):
    monkeypatch.setattr(module, "align", None)
    with pytest.raises(error, match=message):
        subsample_curve(*networks, **arguments)


def test_networks_must_have_seen_the_same_stimuli(networks):
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 60 in 'one' and 50 in"):
        subsample_curve(networks[0], networks[1][:50])
