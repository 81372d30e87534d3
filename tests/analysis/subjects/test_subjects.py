from __future__ import annotations

import itertools

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis.stimulus_sets import automatic_length
from mot_fast.measures.coupling import COUPLINGS
from oracles import subjects as oracles
from oracles.statistics import correlation

N_STIMULI = 45
SPLITS = [(np.r_[0:30], np.r_[30:45]), (np.r_[15:45], np.r_[0:15])]
PLAIN = tuple(name for name in COUPLINGS if name != "permuted")


def common(layers, n=4):
    """Subjects whose units are the same, with noise of their own."""
    shared = layers([3, 4, 5], N_STIMULI, seed=1)
    return [
        [x + np.random.default_rng([k, l]).standard_normal(x.shape) for l, x in enumerate(shared)] for k in range(n)
    ]


def by_loops(subjects, targets, score, rotate=False):
    """What a function finds of alignments one by one, `(..., n_subjects, n_splits)`."""
    found = []
    for k, (train, test) in enumerate(SPLITS):
        pairs = [(mot.load(source), mot.load(targets[s][k])) for s, source in enumerate(subjects)]
        alignments = [mot.align(source[train], target[train], rotate=rotate) for source, target in pairs]
        found.append([score(s, alignments, source[test], target[test]) for s, (source, target) in enumerate(pairs)])
    return np.moveaxis(found, (0, 1), (-1, -2))


def z_scores(x, train):
    return (x - x[train].mean(axis=0)) / x[train].std(axis=0)


def test_scores_are_those_of_plain_loops(subjects, target):
    found = mot.compare_subjects(subjects, target, splits=SPLITS)
    assert found.methods == (*COUPLINGS, "group")

    def by_name(s, alignments, *held_out):
        weights = [alignments[s].coupling(name) for name in PLAIN]
        scores = [alignments[s].score(*held_out, each).value for each in weights]
        return scores, list(map(mot.hierarchy, weights))

    scores, depths = by_loops(subjects.values(), [[target, target]] * 4, by_name)
    for k, name in enumerate(PLAIN):
        np.testing.assert_allclose(found.results[name].scores, scores[k], atol=1e-12)
        np.testing.assert_allclose(found.results[name].hierarchies, depths[k], atol=1e-12)
        np.testing.assert_allclose(found.scores[name], scores[k].mean(axis=1), atol=1e-12)
        np.testing.assert_array_equal(found.results[name].contributions, found.scores[name])
    assert len(found.tests) == len(COUPLINGS) - 1


def test_permuted_is_the_mean_over_all_orders(subjects, target):
    found = mot.compare_subjects(subjects, target, ["permuted"], splits=SPLITS, source_mass=[1, 2, 3])
    for s, source in enumerate(subjects.values()):
        for k, (train, test) in enumerate(SPLITS):
            alignment = mot.align(mot.load(source)[train], target[train], source_mass=[1, 2, 3])
            masses = alignment.source.layer_masses
            weights = [
                (alignment.layer_plan / masses[:, None])[list(order)] * masses[:, None]
                for order in itertools.permutations(range(3))
            ]
            scores = [alignment.score(mot.load(source)[test], target[test], each).value for each in weights]
            assert found.results["permuted"].scores[s, k] == pytest.approx(np.mean(scores), abs=1e-12)
            depths = [mot.hierarchy(each) for each in weights]
            assert found.results["permuted"].hierarchies[s, k] == pytest.approx(np.mean(depths), abs=1e-12)


@pytest.mark.parametrize("suffix", ["", "+r"])
def test_group_is_by_the_mean_of_the_plans_of_the_others(subjects, target, suffix):
    found = mot.compare_subjects(subjects, target, [f"mot{suffix}", f"group{suffix}"], splits=SPLITS)

    def by_own_and_others(s, alignments, *held_out):
        others = np.mean([each.layer_plan for k, each in enumerate(alignments) if k != s], axis=0)
        return [alignments[s].score(*held_out, each).value for each in ("mot", others)]

    own, expected = by_loops(subjects.values(), [[target, target]] * 4, by_own_and_others, bool(suffix))
    np.testing.assert_allclose(found.results[f"mot{suffix}"].scores, own, atol=1e-12)
    np.testing.assert_allclose(found.results[f"group{suffix}"].scores, expected, atol=1e-12)
    assert found.tests == ()


def test_without_a_target_each_is_predicted_from_the_units_of_the_others(subjects):
    found = mot.compare_subjects(subjects, methods=["mot"], splits=SPLITS)
    sources = list(subjects.values())
    targets = [
        [
            {label: np.hstack([other[label] for k, other in enumerate(sources) if k != s]) for label in source}
            for _ in SPLITS
        ]
        for s, source in enumerate(sources)
    ]
    expected = by_loops(sources, targets, lambda s, each, *held_out: each[s].score(*held_out).value)
    np.testing.assert_allclose(found.results["mot"].scores, expected, atol=1e-12)
    assert found.target_name is None
    assert found.ceiling is None
    assert "4 subjects each from all others' units, standardized" in str(found)
    assert "- intervals and p: from contributions, as subjects are in each other's targets\n" in str(found)


def test_where_units_are_common_they_are_predicted_from_the_mean_of_the_others(layers):
    sources = common(layers)
    found = mot.compare_subjects(sources, methods=["mot", "pairwise_best"], common_units=True, splits=SPLITS)
    scored = [[[z_scores(x, train) for x in source] for source in sources] for train, _ in SPLITS]
    others = [
        [[np.mean(np.delete(layer, s, axis=0), axis=0) for layer in zip(*of, strict=True)] for of in scored]
        for s in range(4)
    ]
    expected = by_loops(sources, others, lambda s, each, *held_out: each[s].score(*held_out).value)
    np.testing.assert_allclose(found.results["mot"].scores, expected, atol=1e-9)
    assert "4 subjects each from the mean of the others" in str(found)
    for bound, predictions in (
        (found.ceiling.lower, others),
        (found.ceiling.upper, [[list(map(np.mean, zip(*of, strict=True), itertools.repeat(0))) for of in scored]] * 4),
    ):
        for s, source in enumerate(sources):
            scores = [
                np.mean([correlation(x[test, i], p[test, i]) for i in range(x.shape[1])])
                for k, (_, test) in enumerate(SPLITS)
                for x, p in zip(source, predictions[s][k], strict=True)
            ]
            assert bound[s] == pytest.approx(np.mean(scores), abs=1e-9)
    assert (found.ceiling.lower < found.ceiling.upper).all()


def test_a_target_may_be_given_where_units_are_common(layers, target):
    found = mot.compare_subjects(common(layers), target, ["mot"], common_units=True, splits=SPLITS)
    assert found.target_name == "model"
    assert "group ceiling of the scores: from the mean of the others" in str(found)


@pytest.mark.parametrize(("common_units", "rotate"), [(False, False), (True, False), (False, True)])
def test_contributions_are_scores_and_what_a_subject_does_to_those_of_others(layers, common_units, rotate):
    sources, name = common(layers), "mot+r" if rotate else "mot"
    found = mot.compare_subjects(sources, methods=[name], common_units=common_units, splits=SPLITS).results[name]

    def target_of(s, train, weights):
        others = [k for k in range(4) if k != s]
        if common_units:
            return [np.mean([weights[k] * z_scores(sources[k][l], train) for k in others], axis=0) for l in range(3)]
        owners = [np.repeat(others, x.shape[1]) for x in sources[0]]
        together = [np.hstack([sources[k][l] for k in others]) for l in range(3)]
        means = [y[train].mean(axis=0) for y in together]
        return [m + weights[o] * (y - m) for y, m, o in zip(together, means, owners, strict=True)]

    alignments = {
        (k, s): mot.align(
            [x[train] for x in source], [y[train] for y in target_of(s, train, np.ones(4))], rotate=rotate
        )
        for k, (train, _) in enumerate(SPLITS)
        for s, source in enumerate(sources)
    }

    def mean_score(weights):
        scores = []
        for (k, s), alignment in alignments.items():
            train, test = SPLITS[k]
            target = [y[test] for y in target_of(s, train, weights)]
            scores.append(alignment.score([x[test] for x in sources[s]], target).value)
        return np.mean(scores)

    slopes = [(mean_score(1 + 1e-4 * row) - mean_score(1 - 1e-4 * row)) / 2e-4 for row in np.eye(4)]
    expected = found.scores.mean(axis=1) + 4 * np.array(slopes)
    np.testing.assert_allclose(found.contributions, expected, atol=1e-6)
    assert found.contributions.mean() == pytest.approx(found.scores.mean(), abs=1e-12)
    assert np.ptp(found.contributions - found.scores.mean(axis=1)) > 0.01


def test_plans_agree_as_plain_loops_say(subjects, target):
    found = mot.compare_subjects(subjects, target, ["mot"], splits=SPLITS)
    bounds = {"lower": [], "upper": [], "chance": []}
    for train, _ in SPLITS:
        plans = [mot.align(mot.load(source)[train], target[train]).layer_plan for source in subjects.values()]
        for s, plan in enumerate(plans):
            others = np.mean([each for k, each in enumerate(plans) if k != s], axis=0)
            bounds["lower"].append(oracles.in_common(plan, others))
            bounds["upper"].append(oracles.in_common(plan, np.mean(plans, axis=0)))
            orders = itertools.permutations(range(3))
            bounds["chance"].append(np.mean([oracles.in_common(plan[list(order)], others) for order in orders]))
    for name, values in bounds.items():
        expected = np.reshape(values, (len(SPLITS), 4)).mean(axis=0)
        np.testing.assert_allclose(getattr(found.plans["mot"], name), expected, atol=1e-12)


def test_the_group_plan_is_the_mean_over_subjects(subjects, target):
    found = mot.compare_subjects(subjects, target, ["mot", "single_best"], splits=SPLITS)
    for name in found.methods:
        maps = np.array(found.results[name].layer_maps)
        mean, sd = found.group_plan(name)
        np.testing.assert_allclose(mean, maps.mean(axis=0))
        np.testing.assert_allclose(sd, maps.std(axis=0, ddof=1))
        assert mean.sum() == pytest.approx(1.0)


def test_parts_are_the_change_of_a_score_with_the_weight_of_a_stimulus(subjects, target):
    splits = [SPLITS[0], (np.r_[0:20], np.r_[25:40])]
    found = mot.compare_subjects(subjects, target, ["mot", "permuted"], splits=splits)
    source = mot.load(subjects["s2"])
    expected = np.zeros(N_STIMULI)
    for train, test in splits:
        alignment = mot.align(source[train], target[train])
        truth = [source.layer(l)[test] for l in range(3)]
        predictions = alignment.reconstruct(target[test])
        for t, row in zip(test, np.eye(len(test)), strict=True):
            ends = [oracles.weighted_score(truth, predictions, 1 + step * row) for step in (1e-5, -1e-5)]
            expected[t] += (ends[0] - ends[1]) / 2e-5 / len(splits)
    np.testing.assert_allclose(found.results["mot"].parts[2], expected, atol=1e-7)
    for result in found.results.values():
        assert abs(result.parts.sum(axis=1)).max() < 1e-14
        assert not result.parts[:, :25].any()


def test_sets_that_share_no_stimulus_differ_by_their_scores(subjects, target):
    found = mot.compare_subjects(subjects, target, ["mot"], splits=SPLITS).results["mot"]
    for k, (_, test) in enumerate(SPLITS):
        expected = (found.scores[:, k] - found.scores.mean(axis=1)) / len(SPLITS)
        np.testing.assert_allclose(found.parts[:, test].sum(axis=1), expected, atol=1e-14)


def test_one_subject_many_times_has_no_deviation(subjects, target):
    found = mot.compare_subjects({f"copy {k}": subjects["s1"] for k in range(5)}, target, splits=SPLITS)
    for name in found.methods:
        mean, depth = found.score(name), found.hierarchy(name)
        assert mean.sd == pytest.approx(0.0, abs=1e-15)
        assert mean.low == pytest.approx(mean.high, abs=1e-15)
        assert mean.crossed_standard_error > 0.001
        assert depth.sd == pytest.approx(0.0, abs=1e-15)
    np.testing.assert_allclose(found.plans["mot"].lower, 1.0)
    np.testing.assert_allclose(found.scores["group"], found.scores["mot"], atol=1e-12)
    assert found.group_plan()[1] == pytest.approx(0.0, abs=1e-15)


def test_subjects_in_another_order_give_the_same_table(subjects, target):
    tables = [
        mot.compare_subjects({name: subjects[name] for name in order}, target, splits=SPLITS).to_markdown()
        for order in (("s0", "s1", "s2", "s3"), ("s2", "s3", "s1", "s0"))
    ]
    assert tables[0] == tables[1]


def test_random_splits_are_those_of_split(subjects, target):
    found = mot.compare_subjects(subjects, target, ["mot"], splits=2, test_size=0.3, seed=4)
    rows = [mot.split(N_STIMULI, 0.3, 4 + k) for k in range(2)]
    given = mot.compare_subjects(subjects, target, ["mot"], splits=rows)
    np.testing.assert_array_equal(found.results["mot"].scores, given.results["mot"].scores)
    assert found.effects.n_stimuli == len(np.union1d(rows[0][1], rows[1][1]))
    assert f"means over 2 random splits; held-out stimuli: {found.effects.n_stimuli}" in str(found)


def test_stimuli_are_drawn_in_blocks_or_groups(subjects, target):
    found = mot.compare_subjects(subjects, target, ["mot"], splits=SPLITS, block_length=3)
    assert found.effects.n_draws == 10.0
    assert "held-out stimuli: 30, in blocks of 3" in str(found)
    groups = ["first"] * 15 + ["second"] * 15 + ["third"] * 10 + ["fourth"] * 5
    grouped = mot.compare_subjects(subjects, target, ["mot"], splits=SPLITS, groups=iter(groups))
    assert grouped.effects.n_draws == 3.0
    assert "held-out stimuli: 30, of 3 groups" in str(grouped)
    sums = [grouped.results["mot"].parts[:, np.array(groups) == each].sum(axis=1) for each in dict.fromkeys(groups)]
    expected = np.square(sums).sum(axis=0) * 3 / 2
    np.testing.assert_allclose(grouped.effects.stimulus_variances(grouped.results["mot"].parts), expected)


def test_blocks_of_contiguous_splits_have_automatic_length(layers):
    slow = [np.cumsum(np.random.default_rng(k).standard_normal((120, 9)), axis=0) for k in range(4)]
    subjects, target = [[x[:, :3], x[:, 3:5]] for x in slow], layers([4, 5], 120)
    splits = mot.blocked_splits(120, 4, gap=3)
    found = mot.compare_subjects(subjects, target, ["mot"], splits=splits)
    assert found.effects.block_length == automatic_length(found.results["mot"].parts.mean(axis=0))
    assert found.effects.block_length >= 11
    asked = mot.compare_subjects(subjects, target, ["mot"], splits=splits, block_length="auto")
    assert asked.effects.block_length == found.effects.block_length
    alone = mot.compare_subjects(subjects, target, ["mot"], splits=splits, block_length=1)
    assert alone.effects.n_draws == 120.0
    with pytest.warns(mot.AutocorrelatedStimuliWarning, match="consecutive stimuli are alike .'subject 0'"):
        mot.compare_subjects(subjects, target, ["mot"], splits=1)


def test_layers_need_not_be_alike_where_there_is_a_target(subjects, target):
    subjects["s3"] = {"V1": subjects["s3"]["V1"], "MT": subjects["s3"]["V4"]}
    found = mot.compare_subjects(subjects, target, splits=SPLITS)
    assert found.methods == tuple(COUPLINGS)
    assert (found.source_labels, found.plans) == (None, {})
    assert found.results["mot"].layer_maps[3].shape == (2, 4)
    assert "the subjects' layers are not alike: no group plan" in str(found)
    with pytest.raises(ValueError, match=r"group_plan: expected subjects whose layers are alike, found others"):
        found.group_plan()
    with pytest.raises(
        ValueError,
        match=r"methods\[1\]: expected none by the others' plans, as the layers of subjects\['s3'\], V1, MT, are not "
        r"those of 's0', V1, V4, IT, found 'group'",
    ):
        mot.compare_subjects(subjects, target, ["mot", "group"], splits=SPLITS)
    with pytest.raises(
        ValueError,
        match=r"subjects\['s3'\]: expected the layers of 's0', V1, V4, IT, as no target is given .*, found V1, MT",
    ):
        mot.compare_subjects(subjects, splits=SPLITS)


def test_networks_of_one_layer_have_no_hierarchy(layers):
    sources = [layers([3], N_STIMULI, seed=k) for k in range(3)]
    found = mot.compare_subjects(sources, methods=["mot", "permuted"], splits=SPLITS)
    assert np.isnan(found.hierarchy("mot").value)
    assert found.tests[0].p_value == 1.0


def test_layers_that_do_not_vary_are_left_out(subjects, target):
    test = SPLITS[0][1]
    for source in subjects.values():
        source["IT"][test] = 1.0
    found = mot.compare_subjects(subjects, target, ["mot"], splits=SPLITS[:1])
    assert np.isfinite(found.score("mot").crossed_standard_error)
    for source in subjects.values():
        for layer in source.values():
            layer[test] = 1.0
    undefined = mot.compare_subjects(subjects, target, ["mot", "permuted"], splits=SPLITS[:1])
    assert np.isnan(undefined.score("mot").value)
    assert "nan" not in undefined.to_markdown().splitlines()[4]


def test_constant_units_are_named_once(subjects, target):
    for source in subjects.values():
        source["V1"][:, 0] = 2.0
    with pytest.warns(mot.ConstantUnitsWarning, match="'s0' layer 'V1': 1 of 3") as caught:
        mot.compare_subjects(subjects, target, ["mot"], splits=SPLITS)
    assert len(caught) == 1


def test_names_of_sequences_are_positions(layers, target):
    found = mot.compare_subjects(common(layers, 3), target, ["mot"], splits=1)
    assert found.subjects == ("subject 0", "subject 1", "subject 2")
