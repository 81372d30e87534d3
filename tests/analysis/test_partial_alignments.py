"""Tests, orders, nulls and pictures of alignments that leave units or layers behind."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.display import comparison_table
from mot_fast.display.text_summary import layer_plan_table
from oracles.partial_transports import partial_by_linear_programming

GOALS = [{"unit_mass": 0.4}, {"layer_mass": 0.55}, {"unit_mass": 0.5, "layer_mass": 0.6}, {"unit_cost": 0.85}]
N_STIMULI = 90


def related(seed=0, noise=1.0):
    """Two networks, layers of which have units in common."""
    rng = np.random.default_rng(seed)
    shared = [rng.standard_normal((N_STIMULI, 12)) for _ in range(4)]

    def network(layers):
        return [x[:, :n] + noise * rng.standard_normal((N_STIMULI, n)) for x, n in layers]

    source = network([(shared[0], 8), (shared[1], 9), (shared[2], 7)])
    return source, network([(shared[0], 9), (shared[3], 8), (shared[1], 10), (shared[2], 12)])


@pytest.fixture(scope="module")
def networks():
    return related()


@pytest.fixture(params=GOALS, ids=str)
def partial(request, networks):
    train = slice(0, 60)
    return mot.align(*([x[train] for x in side] for side in networks), **request.param)


@pytest.fixture(scope="module")
def held_out(networks):
    return [[x[60:] for x in side] for side in networks]


@pytest.mark.parametrize("method", ["exchange", "t"])
@pytest.mark.parametrize("than", ["pairwise_best", "greedy", "uniform"])
def test_of_two_couplings_one_cannot_be_better_both_ways(than, method, partial, held_out):
    one, other = (
        mot.p_better(partial, *held_out, *pair, n_resamples=199, method=method)
        for pair in (("mot", than), (than, "mot"))
    )
    assert one + other >= 1.0 - 1e-12


def test_two_couplings_are_compared_on_the_units_that_both_predict(partial, held_out):
    """The difference of scores, without each stimulus in turn, over those units alone; then Student's t."""
    from scipy.stats import t as student

    source, target = held_out
    predictions = [partial.reconstruct(target, coupling) for coupling in ("mot", "uniform")]

    def difference(rows):
        layers = []
        for x, p, q in zip(source, *predictions, strict=True):
            both = ~np.isnan(p).any(axis=0) & ~np.isnan(q).any(axis=0)
            if both.any():
                r = [
                    [np.corrcoef(x[rows, k], values[rows, k])[0, 1] for k in np.flatnonzero(both)] for values in (p, q)
                ]
                layers.append(np.mean(r[0]) - np.mean(r[1]))
        return np.mean(layers)

    n = len(source[0])
    everything = np.arange(n)
    without_one = np.array([difference(np.delete(everything, k)) for k in everything])
    error = (n - 1) / np.sqrt(n) * without_one.std(ddof=1)
    expected = student.sf(difference(everything) / error, n - 1)
    found = mot.p_better(partial, source, target, than="uniform", method="t")
    assert found == pytest.approx(expected, abs=1e-9)


def test_figures_over_all_orders_are_those_of_every_order(partial, held_out):
    plan = partial.layer_plan
    orders = [list(order) for order in itertools.permutations(range(len(plan)))]
    scores = np.array([partial.score(*held_out, coupling=plan[order]).value for order in orders])
    hierarchies = np.array([mot.hierarchy(plan[order]) for order in orders])
    found = mot.score_layer_orders(partial, *held_out)
    assert (found.value, found.sd) == (pytest.approx(scores.mean(), abs=1e-12), pytest.approx(scores.std(), abs=1e-12))
    assert found.hierarchy == pytest.approx(hierarchies.mean(), abs=1e-12)
    assert found.hierarchy_sd == pytest.approx(hierarchies.std(), abs=1e-12)
    assert found.p_score == pytest.approx((scores >= scores[0] - 1e-12).mean())
    assert found.p_hierarchy == pytest.approx((hierarchies >= hierarchies[0] - 1e-12).mean())
    is_matched = plan.sum(axis=1) > 1e-9
    np.testing.assert_array_equal(np.isnan(found.layer_scores).all(axis=0), ~is_matched)
    assert mot.hierarchy(partial.coupling("permuted", seed=3)) in hierarchies.round(12) or any(
        np.array_equal(partial.coupling("permuted", seed=3), plan[order]) for order in orders
    )


def test_where_the_number_of_layers_with_a_score_depends_on_the_order_there_is_no_mean(networks, held_out):
    alignment = mot.align(*([x[:60] for x in side] for side in networks), unit_cost=0.6)
    scores = [alignment.score(*held_out, coupling=np.roll(alignment.layer_plan, k, axis=0)).per_layer for k in range(3)]
    assert len({tuple(np.isnan(each)) for each in scores}) > 1
    found = mot.score_layer_orders(alignment, *held_out)
    assert np.isnan([found.value, found.sd, found.p_score]).all()
    assert 0 < found.p_hierarchy <= 1
    evaluation = mot.evaluate(alignment, *held_out, n_resamples=20).evaluation
    assert evaluation.scores["permuted"].value is None
    assert evaluation.scores["permuted"].p_better is None


def test_evaluations_have_every_figure(partial, held_out):
    scores = mot.evaluate(partial, *held_out, n_resamples=50).evaluation.scores
    for name, score in scores.items():
        assert score.value is not None
        assert name == "mot" or 0 < score.p_better <= 1
    is_matched = partial.layer_plan.sum(axis=1) > 1e-9
    assert [score is not None for score in scores["mot"].per_layer] == is_matched.tolist()
    assert scores["mot"].low <= scores["mot"].value <= scores["mot"].high


def test_no_plan_of_as_much_mass_has_more_hierarchy_than_the_ceiling(partial):
    n, m = partial.layer_plan.shape
    distances = np.abs(np.subtract.outer(np.linspace(0, 1, n), np.linspace(0, 1, m)))
    carried = partial.layer_plan.sum()
    least, _ = partial_by_linear_programming(distances, np.full(n, 1 / n), np.full(m, 1 / m), carried)
    assert partial.hierarchy_ceiling() == pytest.approx(1 - least / carried, abs=1e-9)
    assert mot.hierarchy(partial.layer_plan) <= partial.hierarchy_ceiling() + 1e-12


def test_what_is_matched_is_said(partial, held_out):
    is_matched = partial.matched
    assert is_matched == pytest.approx(partial.score(*held_out).matched)
    assert f"{is_matched:.0%} matched" in repr(partial)
    assert "matched: " in partial._repr_html_()
    assert "matched: " in layer_plan_table(partial)


def test_layers_left_behind_are_named_in_the_table_and_drawn_in_the_margin(networks):
    pytest.importorskip("matplotlib")
    alignment = mot.align(*networks, layer_mass=0.5)
    left = 1 - alignment.layer_plan.sum(axis=1) * 3
    table = layer_plan_table(alignment).splitlines()
    assert [("left behind" in line) for line in table[1:4]] == (left > 1e-6).tolist()
    ax = alignment.plot()
    shown = ax.images[0].get_array()
    np.testing.assert_allclose(shown[:-1, -1], left, atol=1e-9)
    np.testing.assert_allclose(shown[-1, :-1], 1 - alignment.layer_plan.sum(axis=0) * 4, atol=1e-9)
    assert ax.get_xticklabels()[-1].get_text() == ax.get_yticklabels()[-1].get_text() == "left behind"
    assert "50 % matched" in ax.get_title()


def test_a_null_at_a_share_matches_that_share_every_time(networks):
    null = mot.hierarchy_null(*networks, n_permutations=3, layer_mass=0.6)
    assert null.stimuli_plan.sum() == pytest.approx(0.6)
    assert null.observed <= null.ceiling + 1e-12


@pytest.mark.parametrize("name", ["unit_cost", "layer_cost"])
@pytest.mark.parametrize("function", [mot.hierarchy_null, mot.alignment_null])
def test_nulls_at_a_price_are_refused(function, name, networks):
    with pytest.raises(ValueError, match=f"^{name}: expected None, as shuffled networks match nothing"):
        function(*networks, n_permutations=2, **{name: 0.9})


@pytest.mark.parametrize("name", ["unit_mass", "layer_mass", "unit_cost", "layer_cost"])
def test_stability_and_subjects_are_of_all_mass(name, networks):
    with pytest.raises(ValueError, match=f"^{name}: expected None, as stability is"):
        mot.stability(*networks, n_resamples=2, **{name: 0.9})
    with pytest.raises(ValueError, match=f"^{name}: expected None, as subjects are"):
        mot.compare_subjects([networks[0]] * 3, **{name: 0.9})


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ({"unit_cost": 1e-6}, "unit_cost: expected more than the least cost of a pair of units, found 1e-06"),
        (
            {"layer_cost": 0.01},
            "layer_cost: expected more than the least cost of a pair of layers, 0.[0-9]+, found 0.01",
        ),
    ],
)
def test_prices_at_which_nothing_is_matched_are_refused(goal, message, networks):
    with pytest.raises(ValueError, match=message):
        mot.align(*networks, **goal)


def test_the_partial_method_is_the_alignment_at_the_knee(networks):
    found = mot.compare(*networks, ["mot", "partial", "uniform"], splits=2, n_resamples=9)
    for k, (train, test) in enumerate(mot.split(N_STIMULI, seed=k) for k in range(2)):
        alignment = mot.align(*([x[train] for x in side] for side in networks), unit_mass="path")
        result = found.results["partial"]
        assert result.scores[k] == alignment.score(*([x[test] for x in side] for side in networks)).value
        assert result.matched[k] == alignment.matched
        np.testing.assert_array_equal(result.layer_maps[k], alignment.layer_plan)
    assert [row["matched"] for row in found.rows()] == [1.0, found.results["partial"].matched.mean(), 1.0]
    assert "partial: " in str(found)
    assert "% of the mass matched" in str(found)
    if found.results["partial"].matched.mean() < 1:
        assert not any(row == 2 and column == 2 for row, column in comparison_table.best_cells(found))
