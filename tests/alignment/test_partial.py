"""Alignments that leave units or layers behind."""

from __future__ import annotations

import json
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.alignment import result
from oracles.partial_transports import partial_by_linear_programming
from oracles.transports import Twin, correlation_cost

GOALS = [
    {"unit_mass": 0.6},
    {"unit_cost": 0.7},
    {"layer_mass": 0.7},
    {"layer_cost": 0.55},
    {"unit_mass": 0.8, "layer_cost": 0.5},
    {"unit_cost": 0.6, "layer_mass": 0.5},
]


class PartialTwin(Twin):
    """Two levels of partial transport, by linear programs."""

    def __init__(self, source, target, convention="standardized", **goals):
        self.convention, self.target = convention, target
        pairs = [[self._solve(correlation_cost(x, y), "unit", goals) for y in target] for x in source]
        self.layer_costs = np.array([[cost for cost, _ in row] for row in pairs])
        self.unit_plans = [[plan for _, plan in row] for row in pairs]
        self.cost, self.layer_plan = self._solve(self.layer_costs, "layer", goals)

    @staticmethod
    def _solve(cost, level, goals):
        a, b = (np.full(n, 1 / n) for n in cost.shape)
        mass, price = goals.get(f"{level}_mass"), goals.get(f"{level}_cost")
        if price is not None:
            kept = np.full(len(a), price / 2), np.full(len(b), price / 2)
            return partial_by_linear_programming(cost, a, b, kept=kept)
        value, plan = partial_by_linear_programming(cost, a, b, mass or 1.0)
        return value / (mass or 1.0), plan

    def reconstruct(self, held_out_target, weights):
        predictions = []
        for l, row in enumerate(weights):
            total = 0.0
            for m, y in enumerate(held_out_target):
                inputs, plan = y, self.unit_plans[l][m]
                if self.convention == "standardized":
                    inputs = (y - self.target[m].mean(axis=0)) / self.target[m].std(axis=0)
                    plan = plan * len(plan)  # by the share of each unit that is matched
                total = total + len(weights) * row[m] * inputs @ plan.T
            matched = sum(row[m] * self.unit_plans[l][m].sum(axis=1) for m in range(len(row)))
            predictions.append(np.where(matched > 1e-9, total, np.nan))
        return predictions


@pytest.mark.parametrize("convention", ["standardized", "paper"])
@pytest.mark.parametrize("goals", GOALS, ids=str)
def test_it_agrees_with_the_slow_twin(goals, convention, layers):
    source, target = layers([7, 12, 9], 80, seed=1), layers([10, 8, 15, 9], 80, seed=2)
    train, test = mot.split(80, seed=3)
    on_train = [x[train] for x in source], [y[train] for y in target]
    alignment = mot.align(*on_train, convention=convention, **goals)
    twin = PartialTwin(*on_train, convention, **goals)
    np.testing.assert_allclose(alignment.layer_costs, twin.layer_costs, atol=5e-8)
    np.testing.assert_allclose(alignment.layer_plan, twin.layer_plan, atol=1e-9)
    assert alignment.cost == pytest.approx(twin.cost, abs=5e-8)
    held_out = [x[test] for x in source], [y[test] for y in target]
    predictions = alignment.reconstruct(held_out[1])
    score = alignment.score(*held_out)
    carried = 0.0
    for l, expected in enumerate(twin.reconstruct(held_out[1], twin.layer_plan)):
        np.testing.assert_allclose(predictions[l], expected, rtol=1e-7, atol=1e-7)
        r = [np.corrcoef(x, p)[0, 1] for x, p in zip(held_out[0][l].T, expected.T, strict=True)]
        np.testing.assert_allclose(score.per_unit[l], r, atol=1e-7)
        carried += sum(twin.layer_plan[l, m] * plan.sum() for m, plan in enumerate(twin.unit_plans[l]))
    assert score.matched == pytest.approx(carried, abs=1e-9)
    assert score.value == pytest.approx(np.nanmean([np.nanmean(r) for r in score.per_unit if not np.isnan(r).all()]))


def test_all_mass_is_no_goal(layers):
    source, target = layers([7, 12]), layers([10, 8], seed=2)
    balanced, whole = mot.align(source, target), mot.align(source, target, unit_mass=1, layer_mass=1.0)
    assert whole.goals == balanced.goals
    assert whole.goals.are_all
    assert whole.cost == balanced.cost


def test_a_part_of_a_network_is_left_behind(layers):
    source, others = layers([20, 20, 20], 200, seed=1), layers([20], 200, seed=7)
    noise = np.random.default_rng(0).standard_normal((200, 20))
    target = [source[0], source[1], noise]
    alignment = mot.align(source, target, layer_mass=2 / 3)
    np.testing.assert_allclose(alignment.layer_plan, np.diag([1 / 3, 1 / 3, 0]), atol=1e-12)
    half = np.hstack([source[0][:, :10], noise[:, :10]])
    plan = mot.align([source[0]], [half], unit_mass=0.5).unit_plan(0, 0)
    np.testing.assert_array_equal(plan.rows, np.arange(10))
    np.testing.assert_array_equal(plan.columns, np.arange(10))
    price = mot.align([source[0]], [half], unit_cost=0.3).unit_plan(0, 0)
    np.testing.assert_array_equal(price.toarray(), plan.toarray())
    assert others[0].shape == (200, 20)


@pytest.mark.parametrize("rotate", [False, True])
@pytest.mark.parametrize("goals", GOALS, ids=str)
def test_files_stores_threads_and_processes_give_the_same(goals, rotate, layers, tmp_path):
    source, target = layers([7, 12, 9], 50), layers([10, 8], 50, seed=2)
    alignment = mot.align(source, target, rotate=rotate, **goals)
    alignment.save(tmp_path / "a.mot")
    found = [
        mot.Alignment.load(tmp_path / "a.mot"),
        mot.align(source, target, rotate=rotate, n_jobs=1, **goals),
        mot.align(source, target, rotate=rotate, store=tmp_path / "store", **goals),
        mot.align(source, target, rotate=rotate, store=tmp_path / "store", **goals),
    ]
    if "unit_mass" in goals and not rotate:
        with ProcessPoolExecutor(1) as executor:
            found.append(mot.align(source, target, executor=executor, **goals))
    for other in found:
        assert other.goals == alignment.goals
        assert other.cost == alignment.cost
        np.testing.assert_array_equal(other.layer_plan, alignment.layer_plan)
        for row, other_row in zip(alignment.unit_plans, other.unit_plans, strict=True):
            for plan, other_plan in zip(row, other_row, strict=True):
                np.testing.assert_array_equal(other_plan.toarray(), plan.toarray())
    kept = {each.name for each in (tmp_path / "store").glob("**/*")}
    mot.align(source, target, rotate=rotate, store=tmp_path / "store")
    if not alignment.goals.units.is_all:
        assert {each.name for each in (tmp_path / "store").glob("**/*")} > kept


def test_layers_in_passes_are_solved_towards_the_same_goal(layers):
    source, target = layers([300], 6000), layers([280], 6000, seed=2)
    held = mot.align(source, target, unit_mass=0.6)
    passed = mot.align(source, target, unit_mass=0.6, memory_limit=2**24)
    assert passed.cost == pytest.approx(held.cost, abs=1e-6)
    assert passed.unit_plan(0, 0).mass.sum() == pytest.approx(0.6)


def test_masses_of_units_and_layers_are_the_most_that_is_carried(layers):
    source, target = layers([5, 6]), layers([7, 4], seed=2)
    masses = [np.arange(1.0, 6.0), np.ones(6)]
    alignment = mot.align(source, target, source_mass=masses, unit_mass=0.5, layer_mass=0.4)
    shares = masses[0] / masses[0].sum()
    for m in range(2):
        sums = alignment.unit_plan(0, m).toarray().sum(axis=1)
        assert (sums <= shares + 1e-12).all()
        assert sums.sum() == pytest.approx(0.5)
    assert (alignment.layer_plan.sum(axis=1) <= np.array([15, 6]) / 21 + 1e-12).all()
    assert alignment.layer_plan.sum() == pytest.approx(0.4)


def test_it_is_seen_from_the_other_side(layers):
    source, target = layers([7, 12], 50), layers([10, 8, 9], 50, seed=2)
    one, other = (mot.align(*pair, unit_mass=0.5, layer_mass=0.6) for pair in ((source, target), (target, source)))
    np.testing.assert_allclose(one.transpose().layer_costs, other.layer_costs, atol=1e-9)
    assert one.transpose().goals == other.goals


def test_a_unit_with_a_counterpart_is_scored_and_another_is_not(layers):
    source, target = layers([9, 9], 60), layers([9, 9], 60, seed=2)
    alignment = mot.align(source, target, unit_mass=1 / 3, layer_mass=0.5)
    score = alignment.score(source, target)
    predicted = [~np.isnan(each).all(axis=0) for each in alignment.reconstruct(target)]
    for l, (is_predicted, r) in enumerate(zip(predicted, score.per_unit, strict=True)):
        np.testing.assert_array_equal(is_predicted, ~np.isnan(r))
        assert is_predicted.any() == (alignment.layer_plan[l].sum() > 0)
    assert score.n_undefined == sum((~each).sum() for each in predicted)
    assert score.matched == pytest.approx(1 / 6)
    for coupling in ("single_best", "pairwise_best", "greedy", "uniform", "permuted"):
        assert np.isfinite(alignment.score(source, target, coupling).value)


def test_intervals_and_p_values_are_of_what_is_matched(layers):
    source, target = layers([9, 12, 8], 90), layers([9, 11, 7], 90, seed=2)
    train, test = mot.split(90)
    on_test = [x[test] for x in source], [y[test] for y in target]
    alignment = mot.align([x[train] for x in source], [y[train] for y in target], unit_mass=0.4)
    score = alignment.score(*on_test)
    interval = mot.bootstrap_score(alignment, *on_test, n_resamples=200)
    assert interval.low < score.value < interval.high
    evaluated = mot.evaluate(alignment, *on_test, n_resamples=200)
    assert evaluated.evaluation.scores["mot"].value == score.value
    assert 0 < mot.p_better(alignment, *on_test, n_resamples=200) <= 1


def test_training_runs_leave_units_and_layers_behind(layers):
    runs = [[layers([6, 7], 40, seed=10 * run + step) for step in range(2)] for run in range(2)]
    for goals in GOALS:
        aligned = mot.align_trajectories(*runs, **goals)
        for i in range(2):
            for j in range(2):
                pair, price = (runs[0][i], runs[1][j]), goals.get("layer_cost", np.inf)
                of_units = {name: value for name, value in goals.items() if name.startswith("unit")}
                is_matched = mot.align(*pair, **of_units).layer_costs.min() < price
                expected = mot.align(*pair, **goals).cost if is_matched else price
                assert aligned.costs[i, j] == pytest.approx(expected, abs=1e-9)
        part = aligned.between(1, 0)
        assert part.cost == aligned.costs[1, 0]
        np.testing.assert_allclose(
            part.between(0, 1).mass.sum(),
            mot.align([runs[0][1][0]], [runs[1][0][1]], **{k: v for k, v in goals.items() if k.startswith("unit")})
            .unit_plan(0, 0)
            .mass.sum(),
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit_mass": 0.5}, "its layer costs are not those of its unit plans"),
        ({"unit_cost": 0.6}, "its layer costs are not those of its unit plans"),
        ({"layer_mass": 0.5}, "'layer_plan' carries"),
        ({"layer_cost": 0.9}, "its cost is"),
    ],
)
def test_a_file_of_another_goal_is_refused(changes, message, layers, tmp_path):
    alignment = mot.align(layers([7, 12]), layers([10, 8], seed=2), unit_mass=0.7, layer_mass=0.6)
    unchanged = {"unit_mass": 0.7, "layer_mass": 0.6}
    level = next(iter(changes)).split("_")[0]
    goals = {name: value for name, value in unchanged.items() if not name.startswith(level)} | changes
    other = mot.align(layers([7, 12]), layers([10, 8], seed=2), **goals).goals
    replace(alignment, goals=other).save(tmp_path / "a.mot")
    with pytest.raises(ValueError, match=message):
        mot.Alignment.load(tmp_path / "a.mot")


def test_files_in_which_all_mass_is_carried_are_those_of_version_4(layers, tmp_path):
    mot.align(layers([3]), layers([4])).save(tmp_path / "a.mot")
    with zipfile.ZipFile(tmp_path / "a.mot") as archive:
        assert json.loads(archive.read("header.json"))["version"] == 4
    assert result.Alignment.load(tmp_path / "a.mot").goals.are_all


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"unit_mass": 0}, ValueError, "unit_mass: expected a share of the mass, above 0 and at most 1, found 0"),
        ({"unit_mass": 1.2}, ValueError, "unit_mass: expected a share .* found 1.2"),
        ({"layer_mass": np.nan}, ValueError, "layer_mass: expected a finite number, found nan"),
        ({"layer_mass": "half"}, TypeError, "layer_mass: expected a number, found 'half'"),
        ({"unit_cost": -0.5}, ValueError, "unit_cost: expected a price above 0"),
        ({"layer_cost": np.inf}, ValueError, "layer_cost: expected a finite number, found inf"),
        ({"unit_mass": 0.5, "unit_cost": 0.5}, ValueError, "unit_mass and unit_cost: expected one of them, found both"),
    ],
)
def test_bad_goals_are_named(arguments, error, message, layers):
    with pytest.raises(error, match=message):
        mot.align(layers([4]), layers([5]), **arguments)
