from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mot_fast as mot
from mot_fast import plot
from support.drawings import names, overlaps, texts


@pytest.fixture
def runs(layers):
    """Three and four checkpoints of two and three layers."""
    return mot.align_trajectories(
        {f"step{k}": layers([4, 5], seed=k) for k in range(3)},
        {f"at{k}": layers([3, 4, 5], seed=9 + k) for k in range(4)},
    )


def test_the_plan_stands_beside_the_pairwise_best_map(runs):
    left, right = runs.plot()
    np.testing.assert_allclose(left.images[0].get_array(), runs.plan * 3)
    np.testing.assert_allclose(right.images[0].get_array(), runs.coupling("pairwise_best") * 3)
    assert left.images[0].get_clim() == right.images[0].get_clim() == (0.0, 1.0)
    assert names(left.yaxis) == ["step0", "step1", "step2"]
    assert names(left.xaxis) == names(right.xaxis) == ["at0", "at1", "at2", "at3"]
    assert [ax.get_ylabel() for ax in (left, right)] == ["source part", ""]
    assert right.get_xlabel() == "target part"
    assert texts(right) == ["100"] * 3


def test_titles_have_cost_hierarchy_and_ceiling(runs):
    left, right = plot.plot_nested(runs)
    ceiling = mot.hierarchy([[3, 1, 0, 0], [0, 2, 2, 0], [0, 0, 1, 3]])
    assert left.get_title() == f"mot\ncost {runs.cost:.3f}\nhierarchy {runs.hierarchy():.2f} (at most {ceiling:.2f})"
    cost, h = runs.costs.min(axis=1).mean(), runs.hierarchy("pairwise_best")
    assert right.get_title() == f"pairwise_best\ncost {cost:.3f}\nhierarchy {h:.2f}"


def test_words_are_those_of_the_level(runs):
    for nested, part in ((runs, "part"), (runs.between(0, 0), "layer")):
        _, right = plot.plot_nested(nested)
        assert right.images[0].colorbar is None
        bar = right.figure.axes[-1]
        assert bar.get_ylabel() == f"% of the source {part}\n(square-root scale)"
        (edge,) = right.child_axes
        assert edge.get_ylabel().startswith("each row: ")


def test_other_couplings_are_drawn_where_they_are_told(runs):
    _, given = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    axes = plot.plot_nested(runs, given, couplings=["single_best", "permuted", "mot"])
    assert axes == list(given)
    assert [ax.get_title().split("\n")[0] for ax in axes] == ["single_best", "permuted", "mot"]
    np.testing.assert_allclose(axes[1].images[0].get_array(), runs.coupling("permuted") * 3)
    assert [ax.get_ylabel() for ax in axes] == ["source part"] * 3


def test_systems_of_one_part_have_no_hierarchy(rng):
    nested = mot.align_nested([[rng.random((9, 2))]], [[rng.random((9, 2))], [rng.random((9, 2))]])
    assert plot.plot_nested(nested)[0].get_title() == f"mot\ncost {nested.cost:#.3g}"


@pytest.mark.slow
def test_names_of_many_checkpoints_are_thinned_out(rng):
    steps = {f"checkpoint{k:05}": [rng.random((9, 1))] for k in range(90)}
    axes = mot.align_trajectories(steps, steps).plot()
    for ax in axes:
        assert names(ax.xaxis)[0] == "checkpoint00000"
        assert 20 < len(names(ax.xaxis)) < 90
    assert not overlaps(*axes)


@pytest.mark.parametrize(
    ("couplings", "error", "message"),
    [
        ("mot", TypeError, r"couplings: expected several names, found 'mot'; one alone is \['mot'\]"),
        ([], ValueError, "couplings: expected something to draw, found nothing"),
        (["best"], ValueError, "coupling: expected one of 'mot', 'single_best', .*, found 'best'"),
    ],
)
def test_unknown_couplings_are_refused(runs, couplings, error, message):
    with pytest.raises(error, match=message):
        plot.plot_nested(runs, couplings=couplings)
    assert not plt.get_fignums()


def test_every_coupling_needs_axes(runs):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="axes: expected one for each of 2 plans, found 1"):
        runs.plot(ax)
