from __future__ import annotations

import itertools
import pickle
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis.stability import stability as module
from mot_fast.analysis.stability.unit_matches import q_values
from oracles import resampled
from oracles.transports import Twin, correlation_cost

ROWS = [np.random.default_rng(k).integers(40, size=40) for k in range(6)]


@pytest.fixture
def networks(layers):
    return mot.load(layers([6, 5], 40), name="one"), mot.load(layers([7, 4, 8], 40, seed=2), name="two")


@pytest.fixture
def stable(networks):
    return mot.stability(*networks, resamples=ROWS, pairs=[(0, 2), ("layer1", 1)], n_decoys=2, seed=5)


def twins(networks, rows, order=slice(None)):
    x, y = ([network.layer(k) for k in range(len(network))] for network in networks)
    return [Twin([each[r] for each in x], [each[order][r] for each in y]) for r in rows]


def costs(networks, l, m, rows):
    return [correlation_cost(networks[0].layer(l)[r], networks[1].layer(m)[r]) for r in rows]


def noisy_copy(n_units, noise, n_stimuli=120, seed=0):
    """A layer, a copy of it with its units in another order and noise, and that order."""
    rng = np.random.default_rng(seed)
    layer, order = rng.standard_normal((n_stimuli, n_units)), rng.permutation(n_units)
    return layer, layer[:, order] + noise * rng.standard_normal((n_stimuli, n_units)), np.argsort(order)


def test_layers_are_counted_over_the_plans_of_all_resamples(networks, stable):
    plans = np.array([twin.layer_plan for twin in twins(networks, ROWS)])
    np.testing.assert_allclose(stable.layer_plans, plans, atol=1e-9)
    np.testing.assert_allclose(stable.consensus_plan, plans.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(stable.sd, plans.std(axis=0, ddof=1), atol=1e-9)
    np.testing.assert_allclose(stable.confidence, (plans > 1e-6).mean(axis=0))
    by_row = [plan > plan.max(axis=1, keepdims=True) - 1e-7 for plan in plans]
    by_column = [plan > plan.max(axis=0) - 1e-7 for plan in plans]
    np.testing.assert_allclose(stable.source_partner, np.mean(by_row, axis=0))
    np.testing.assert_allclose(stable.target_partner, np.mean(by_column, axis=0))
    assert stable.mass_in_common == pytest.approx(resampled.mass_in_common(plans))
    assert stable.n_resamples == 6
    np.testing.assert_array_equal(stable.alignment.layer_plan, mot.align(*networks).layer_plan)


def test_units_are_counted_over_the_plans_of_all_resamples(networks, stable):
    found = twins(networks, ROWS)
    assert list(stable.unit_matches) == [(0, 2), (1, 1)]
    for l, m in stable.unit_matches:
        matches = stable.units(l, m)
        plans = [twin.unit_plans[l][m] for twin in found]
        partners, confidence = resampled.main_partners(plans, costs(networks, l, m, ROWS))
        np.testing.assert_array_equal(matches.partners, partners)
        np.testing.assert_allclose(matches.confidence, confidence)
        mean = np.mean(plans, axis=0)
        np.testing.assert_allclose(matches.plan.toarray(), mean, atol=1e-9)
        shares = mean[range(len(mean)), partners] / mean.sum(axis=1)
        np.testing.assert_allclose(matches.share, shares, atol=1e-9)
        assert matches.mass_in_common == pytest.approx(resampled.mass_in_common(plans))


def test_decoys_are_the_same_resamples_of_shuffled_stimuli(networks, stable):
    rng = np.random.default_rng(5).spawn(3)[1]
    orders = [rng.permutation(40) for _ in range(2)]
    in_common = []
    for k, order in enumerate(orders):
        shuffled = networks[0], networks[1][order]
        plans = [twin.unit_plans[0][2] for twin in twins(networks, ROWS, order)]
        confidence = resampled.main_partners(plans, costs(shuffled, 0, 2, ROWS))[1]
        np.testing.assert_allclose(stable.units(0, 2).decoy_confidence[k], confidence)
        in_common.append(resampled.mass_in_common(plans))
    assert stable.units(0, 2).decoy_mass_in_common == pytest.approx(np.mean(in_common))


def test_stimuli_with_names_are_shuffled_all_the_same(networks):
    pandas = pytest.importorskip("pandas")
    names = [f"image{k}" for k in range(40)]
    framed = [
        {label: pandas.DataFrame(network.layer(label), index=names) for label in network.labels} for network in networks
    ]
    found, expected = (mot.stability(*each, n_resamples=2, n_decoys=1, pairs=[(0, 0)]) for each in (framed, networks))
    np.testing.assert_array_equal(found.units(0, 0).q_values, expected.units(0, 0).q_values)


def test_q_values_are_those_of_their_definition(rng):
    for n, n_decoys in ((1, 1), (9, 4), (30, 90)):
        confidence, decoys = rng.integers(1, 7, n) / 6, rng.integers(1, 6, (1, n_decoys)) / 6
        found = q_values(confidence, decoys)
        np.testing.assert_allclose(found, resampled.q_values(confidence, decoys.ravel()))
        assert (np.diff(found[np.argsort(confidence)]) <= 0).all()
    assert np.isnan(q_values(np.ones(3), np.empty((0, 3)))).all()


def test_the_consensus_is_a_plan_between_the_same_masses(layers):
    masses = {"source_mass": [3, 1], "target_mass": [np.arange(1, 8), np.ones(4), np.ones(8)]}
    stable = mot.stability(layers([6, 5]), layers([7, 4, 8], seed=2), n_resamples=4, pairs=[(0, 0), (1, 0)], **masses)
    np.testing.assert_allclose(stable.consensus_plan.sum(axis=1), [0.75, 0.25], atol=1e-9)
    np.testing.assert_allclose(stable.consensus_plan.sum(axis=0), np.array([28, 4, 8]) / 40, atol=1e-9)
    plan = stable.units(0, 0).plan
    np.testing.assert_allclose(plan.sum(axis=1), 1 / 6, atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=0), np.arange(1, 8) / 28, atol=1e-9)
    assert stable.units(1, 0).decoy_confidence.shape == (5, 5)


def test_plans_of_the_same_stimuli_are_the_same(networks):
    stable = mot.stability(*networks, resamples=[range(40)] * 3, n_decoys=1)
    np.testing.assert_array_equal(stable.consensus_plan, stable.alignment.layer_plan)
    assert stable.mass_in_common == pytest.approx(1.0)
    assert not stable.sd.any()
    used = [(int(l), int(m)) for l, m in np.argwhere(stable.alignment.layer_plan > 0)]
    assert list(stable.unit_matches) == used
    for matches in stable.unit_matches.values():
        assert matches.mass_in_common == pytest.approx(1.0)
        assert matches.decoy_mass_in_common == pytest.approx(1.0)
        assert {*matches.confidence} <= {0.0, 1.0}  # 0 where no unit is correlated with it
        assert not len(matches.discoveries())  # decoys are as confident


def test_mass_in_common_by_chance_is_that_of_random_matchings():
    source, target = ([np.random.default_rng(k).random((9, 2)) for k in range(6)] for _ in range(2))
    stable = mot.stability(source, target, n_resamples=2, n_decoys=0)
    assert stable.mass_in_common_by_chance == pytest.approx(1 / 6, abs=0.02)


def test_halves_are_compared_with_the_other_half_alone(networks):
    stable = mot.stability(*networks, resamples="halves", n_resamples=6, pairs=[(0, 0)], n_decoys=1)
    pairs = [(0, 1), (2, 3), (4, 5)]
    assert stable.mass_in_common == pytest.approx(resampled.mass_in_common(stable.layer_plans, pairs))
    rows = module.drawn_rows(module.Stimuli(40), "halves", 6, np.random.default_rng(0).spawn(3)[0])
    plans = [twin.unit_plans[0][0] for twin in twins(networks, rows)]
    assert stable.units(0, 0).mass_in_common == pytest.approx(resampled.mass_in_common(plans, pairs))


def test_a_permuted_copy_is_matched_unit_by_unit():
    layer, copy, order = noisy_copy(25, 0.5)
    for resamples in ("bootstrap", "halves"):
        matches = mot.stability([layer], [copy], resamples=resamples, n_resamples=20, n_jobs=1).units(0, 0)
        np.testing.assert_array_equal(matches.partners, order)
        np.testing.assert_array_equal(matches.discoveries(0.01), range(25))
        assert matches.mass_in_common > 0.9 > 0.3 > matches.decoy_mass_in_common


def test_a_copy_of_half_of_the_units_has_half_of_them_discovered():
    layer, copy, order = noisy_copy(40, 0.3)
    copy[:, order[20:]] = np.random.default_rng(1).standard_normal((120, 20))
    matches = mot.stability([layer], [copy], n_resamples=20, n_jobs=1).units(0, 0)
    np.testing.assert_array_equal(matches.partners[:20], order[:20])
    found = matches.discoveries(0.05)
    assert set(range(20)) <= set(found)
    assert len(found) <= 23


@pytest.mark.parametrize("parts", [{}, {"block_length": 5}, {"groups": np.arange(60) // 6}])
def test_unrelated_networks_have_few_discoveries(parts):
    """Independent stimuli drawn one by one; autocorrelated ones by blocks or groups."""
    n_wrong, confidences = [], []
    for seed in range(10):
        noise = np.random.default_rng(seed).standard_normal((2, 64, 12))
        source, target = (sum(each[k : k + 60] for k in range(4 if parts else 1)) for each in noise)
        matches = mot.stability([source], [target], n_resamples=8, n_decoys=2, n_jobs=1, seed=seed, **parts).units(0, 0)
        n_wrong.append(len(matches.discoveries(0.1)))
        confidences.append(matches.confidence.mean())
    assert np.count_nonzero(n_wrong) <= 3
    assert np.mean(confidences) > 0.4  # though the same partners come again and again


def test_constant_units_have_no_partner():
    layer, copy, order = noisy_copy(12, 0.1)
    layer[:, [2, 7]] = 3.0
    copy[:, order[2]] = 1.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        matches = mot.stability([layer], [copy], n_resamples=10, n_jobs=1).units(0, 0)
    assert [str(warning.message).split(":")[-1] for warning in caught] == [" 1 of 12"]
    np.testing.assert_array_equal(matches.partners[[2, 7]], -1)
    np.testing.assert_array_equal(matches.confidence[[2, 7]], 0.0)
    np.testing.assert_array_equal(matches.share[[2, 7]], 0.0)
    np.testing.assert_array_equal(matches.discoveries(), np.delete(np.arange(12), [2, 7]))


def test_shuffled_time_series_warn():
    noise = np.random.default_rng(0).standard_normal((2, 90, 4))
    slow = [[sum(each[k : k + 60] for k in range(30))] for each in noise]
    message = r"consecutive stimuli are alike in both networks .* q-values are too small; draw blocks \(block_length\)"
    with pytest.warns(mot.AutocorrelatedStimuliWarning, match=message):
        mot.stability(*slow, n_resamples=2, n_decoys=1)
    for arguments in ({"n_decoys": 0}, {"pairs": []}, {"block_length": 10}, {"groups": np.arange(60) // 10}):
        mot.stability(*slow, n_resamples=2, **({"n_decoys": 1} | arguments))
    mot.stability(slow[0], [noise[1][:60]], n_resamples=2, n_decoys=1)


def test_ties_are_shared():
    rng = np.random.default_rng(0)
    source = [rng.standard_normal((30, 3)) for _ in range(2)]
    target = [source[k // 2] + 0.1 * rng.standard_normal((30, 3)) for k in range(4)]
    stable = mot.stability(source, target, n_resamples=3, n_decoys=0)
    np.testing.assert_array_equal(stable.source_partner, np.kron(np.eye(2), [1, 1]))
    doubled = np.repeat(source[0], 2, axis=1) + 0.1 * rng.standard_normal((30, 6))
    matches = mot.stability(source[:1], [doubled], n_resamples=3, n_decoys=0).units(0, 0)
    np.testing.assert_array_equal(matches.partners // 2, range(3))
    np.testing.assert_array_equal(matches.confidence, 1.0)
    assert np.isnan(matches.q_values).all()
    assert np.isnan(matches.decoy_mass_in_common)


def test_with_rotations_layers_alone_are_followed(networks):
    stable = mot.stability(*networks, resamples=ROWS[:2], rotate=mot.Alternation(max_iter=2))
    assert stable.unit_matches == {}
    assert stable.alignment.alternation is not None
    assert stable.layer_plans.shape == (2, 2, 3)
    assert "matched" not in str(stable)
    stable._repr_html_()
    with pytest.raises(ValueError, match="what: expected 'layers', as no units were followed, found 'units'"):
        stable.to_pandas("units")
    with pytest.raises(ValueError, match="pairs: expected none with rotations"):
        mot.stability(*networks, rotate=True, pairs=[(0, 0)])


def test_seeds_reproduce_and_decoys_change_nothing_else(networks):
    one, two, other = (
        mot.stability(*networks, n_resamples=3, n_decoys=n, seed=seed) for n, seed in ((1, 0), (0, 0), (1, 1))
    )
    np.testing.assert_array_equal(one.layer_plans, two.layer_plans)
    assert one.mass_in_common_by_chance == two.mass_in_common_by_chance
    assert not np.array_equal(one.units(0, 0).plan.toarray(), other.units(0, 0).plan.toarray())


def test_options_reach_every_fit(networks, monkeypatch):
    seen = []

    def align(*fitted, **options):
        seen.append((len(fitted[0]), len(fitted[1]), options))
        return mot.align(*fitted, **options)

    monkeypatch.setattr(module, "align", align)
    pairs = [(1, 0), (1, 2)]
    mot.stability(*networks, n_resamples=2, n_decoys=1, pairs=pairs, n_jobs=1, target_mass=[1, 2, 3])
    whole = (2, 3, {"n_jobs": 1, "target_mass": [1, 2, 3]})
    assert seen == [whole] * 3 + [(1, 2, {"n_jobs": 1, "target_mass": [1, 3]})] * 2


def test_it_shows_its_progress_if_asked(networks, capsys):
    mot.stability(*networks, n_resamples=2, n_decoys=1)
    assert capsys.readouterr().err == ""
    mot.stability(*networks, n_resamples=2, n_decoys=1, progress=True)
    assert "alignments: 100%" in capsys.readouterr().err
    assert mot.stability(*networks, n_resamples=2, pairs=[]).unit_matches == {}


def test_tables_have_a_row_for_each_pair_and_each_unit(stable):
    frame = stable.to_pandas()
    assert list(frame.columns[:4]) == ["source_layer", "target_layer", "mass", "sd"]
    assert list(frame.columns[4:]) == ["confidence", "source_partner", "target_partner"]
    np.testing.assert_array_equal(frame["mass"].to_numpy().reshape(2, 3), stable.consensus_plan)
    assert list(frame["target_layer"].cat.categories) == ["layer0", "layer1", "layer2"]
    units = stable.to_pandas("units")
    assert list(units["source_layer"]) == ["layer0"] * 6 + ["layer1"] * 5
    assert list(units["target_layer"]) == ["layer2"] * 6 + ["layer1"] * 5
    assert list(units["source_unit"]) == [*range(6), *range(5)]
    for column, name in (("target_unit", "partners"), ("confidence",) * 2, ("share",) * 2, ("q_value", "q_values")):
        values = [getattr(stable.units(l, m), name) for l, m in ((0, 2), (1, 1))]
        np.testing.assert_array_equal(units[column], np.concatenate(values))
    with pytest.raises(ValueError, match="what: expected one of 'layers', 'units', found 'cells'"):
        stable.to_pandas("cells")


def test_it_is_told_in_words(stable, networks):
    assert repr(stable).startswith("Stability('one' to 'two', 6 given sets of stimuli, 0.")
    assert repr(stable).endswith(" by chance))")
    assert repr(stable.units(1, 1)).startswith("UnitMatches('layer1' to 'layer1', 5 x 4, median confidence 0.")
    lines = str(stable).splitlines()
    assert lines[0] == "Stability of one to two"
    used = [line for line in lines if line.startswith("| layer")]
    assert len(used) == (stable.confidence >= 0.5).sum() + 2
    assert f"have in common: {stable.mass_in_common:.2f}; plans at random costs: " in str(stable)
    assert "fewer than half" not in str(stable)
    for arguments, words in (
        ({}, "4 bootstrap resamples"),
        ({"resamples": "halves", "block_length": 4}, "4 random halves, drawn by blocks of 4 stimuli"),
        ({"groups": np.arange(40) // 10}, "4 bootstrap resamples, drawn by groups of stimuli (4)"),
    ):
        found = mot.stability(*networks, n_resamples=4, n_decoys=0, **arguments)
        assert found.description == words
        assert f"- {words}\n" in str(found)


def test_pairs_that_are_seldom_used_are_counted_in_a_note():
    networks = ([np.random.default_rng(10 * k + l).random((20, 4)) for l in range(4)] for k in range(2))
    stable = mot.stability(*networks, n_resamples=9, n_decoys=0, seed=1)
    left_out = (stable.confidence > 0) & (stable.confidence < 0.5)
    mass = stable.consensus_plan[left_out].sum()
    assert left_out.any()
    assert f"fewer than half of the resamples: {left_out.sum()}, which carry {mass:.0%} of the mass" in str(stable)


def test_a_notebook_shows_plan_and_units(stable):
    tree = ElementTree.fromstring(f"<body>{stable._repr_html_()}</body>")
    text = " ".join(" ".join(tree.itertext()).split())
    assert text.startswith("Stability of one to two mean of the layer plans")
    shares = 100 * stable.consensus_plan / 0.5
    for l, m in np.argwhere(shares > 0):
        assert f"layer{l}, layer{m}: {mot.display.notebook.percent(shares[l, m] / 100)}" in text
    assert "matched: units with a q-value up to 0.05" in text


def test_it_can_be_pickled(stable):
    again = pickle.loads(pickle.dumps(stable))
    np.testing.assert_array_equal(again.units(0, 2).q_values, stable.units(0, 2).q_values)
    assert str(again) == str(stable)


def test_pairs_that_were_not_followed_are_named(stable):
    with pytest.raises(KeyError, match=r"expected one of the pairs followed, \(0, 2\), \(1, 1\), found \(0, 0\)"):
        stable.units(0, 0)
    with pytest.raises(KeyError, match="target_layer: expected one of layer0, layer1, layer2, found 'V4'"):
        stable.units(0, "V4")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pairs": [(0, 5)]}, IndexError, "pairs: expected a position from 0 to 2, found 5"),
        ({"pairs": [("V1", 0)]}, KeyError, "pairs: expected one of layer0, layer1, found 'V1'"),
        ({"pairs": [0, 1]}, ValueError, "pairs: expected pairs of a source and a target layer, found 0"),
        ({"pairs": ["ab"]}, ValueError, "pairs: expected pairs of a source and a target layer, found 'ab'"),
        ({"n_decoys": -1}, ValueError, "n_decoys: expected at least 0, found -1"),
        ({"seed": -1}, ValueError, "seed: expected at least 0, found -1"),
        ({"n_resamples": 2.5}, TypeError, "n_resamples: expected an integer, found 2.5"),
        ({"rotate": "yes"}, TypeError, "rotate: expected True, False or an Alternation, found 'yes'"),
    ],
)
def test_bad_arguments_are_named_before_any_fit(networks, arguments, error, message, monkeypatch):
    monkeypatch.setattr(module, "align", None)
    with pytest.raises(error, match=message):
        mot.stability(*networks, **arguments)


def test_all_pairs_of_plans_are_compared(rng):
    plans = [mot.solve_transport(rng.random((4, 6))) for _ in range(5)]
    keys = [plan.rows.astype(int) * 6 + plan.columns for plan in plans]
    dense = [plan.toarray() for plan in plans]
    found = module.mass_in_common(keys, [plan.mass for plan in plans])
    assert found == pytest.approx(resampled.mass_in_common(dense, itertools.combinations(range(5), 2)))
