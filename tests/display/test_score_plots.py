from __future__ import annotations

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mot_fast as mot
from mot_fast import plot
from mot_fast.display.distributions import bin_edges, common_edges, share_edges
from support.drawings import names, overlaps, texts


def comparison(scores, similarities=()):
    return SimpleNamespace(
        methods=tuple(scores), scores=scores, kind=lambda name: "similarity" if name in similarities else "score"
    )


def bars(ax):
    """Width and hatch of the bar at every method's name."""
    widths = {bar.get_y() + bar.get_height() / 2: (bar.get_width(), bar.get_hatch()) for bar in ax.patches}
    return {name: widths[place] for name, place in zip(names(ax.yaxis), ax.get_yticks(), strict=True)}


def test_scores_group_rotations_and_set_similarities_apart(rng):
    order = ["mot", "cka", "permuted", "mot+r", "linear", "permuted+r", "rsa"]
    scores = {name: rng.random(5) for name in order}
    ax = plot.plot_scores(comparison(scores, ("cka", "rsa")))
    assert names(ax.yaxis) == ["mot", "mot+r", "permuted", "permuted+r", "linear", "cka", "rsa"]
    for name, (width, hatch) in bars(ax).items():
        assert width == pytest.approx(scores[name].mean())
        assert hatch == ("////" if name.endswith("+r") else ".." if name in ("cka", "rsa") else None)
        assert f"{scores[name].mean():.3f} ± {scores[name].std(ddof=1):.3f}" in texts(ax)
    assert texts(ax)[0] == "held-out scores"
    assert "similarities (not comparable with scores)" in texts(ax)
    dots = [line.get_xdata() for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(dots[1], scores["mot+r"])
    lows, highs = ax.collections[0].get_segments()[0][:, 0]
    np.testing.assert_allclose([lows, highs], scores["mot"].mean() + np.array([-1, 1]) * scores["mot"].std(ddof=1))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["without rotation", "with rotation"]


def test_scores_of_one_split_and_undefined_ones():
    _, given = plt.subplots()
    ax = plot.plot_scores(comparison({"mot": np.array([0.3]), "permuted": np.array([np.nan])}), given)
    assert ax is given
    assert texts(ax) == ["held-out scores", "0.300", "undefined"]
    assert ax.get_legend() is None
    assert len(ax.patches) == 1


def test_fourteen_names_do_not_overlap(rng):
    scores = {f"a_method_of_number_{k}{'+r' * (k % 2)}": rng.random(3) for k in range(14)}
    ax = plot.plot_scores(comparison(scores, ("a_method_of_number_12",)))
    assert not overlaps(ax)
    renderer = ax.figure.canvas.get_renderer()
    whole = ax.figure.bbox
    for label in [*ax.get_yticklabels(), *ax.texts]:
        box = label.get_window_extent(renderer)
        assert whole.x0 <= box.x0 <= box.x1 <= whole.x1


def test_the_null_shows_both_kinds_of_chance(rng):
    null = SimpleNamespace(
        observed=0.95,
        ceiling=0.97,
        stimuli=rng.random(9),
        layers=rng.random(99),
        p_stimuli=0.1,
        p_layers=0.01,
        shuffle="stimuli",
    )
    ax = plot.plot_hierarchy_null(null)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "layers shuffled, 99 times: p = 0.01",
        "stimuli shuffled, 9 times: p = 0.1 (a stroke each)",
        "observed: 0.950",
        "ceiling: 0.970",
    ]
    assert [line.get_xdata()[0] for line in ax.lines] == [0.95, 0.97]
    (strokes,) = ax.collections
    np.testing.assert_allclose([stroke[0, 0] for stroke in strokes.get_segments()], null.stimuli)
    (bars,) = ax.patches
    outline = bars.get_xy()
    assert (outline[:, 0].min(), outline[:, 0].max()) == pytest.approx((null.layers.min(), null.layers.max()))
    n_bins = len(np.unique(outline[:, 0].round(12))) - 1
    heights, _ = np.histogram(null.layers, n_bins)
    assert outline[:, 1].max() == pytest.approx(100 * heights.max() / 99)
    assert n_bins < 15  # no more bins than a hundred values fill
    assert ax.get_ylabel() == "% of the shuffles"


@pytest.mark.parametrize(("n", "is_few"), [(9, True), (49, True), (50, False), (999, False)])
def test_few_shuffles_are_no_histogram(rng, n, is_few):
    values = {f"null_{what}": rng.random(n) for what in ("costs", "scores", "hierarchies")}
    ps = {f"p_{what}": 0.5 for what in ("cost", "score", "hierarchy")}
    null = SimpleNamespace(cost=0.4, score=0.6, hierarchy=np.nan, shuffle="stimuli", **values, **ps)
    axes = plot.plot_alignment_null(null)
    assert len(axes) == 2
    for ax in axes:
        assert [len(each.get_segments()) for each in ax.collections] == [n] * is_few
        assert len(ax.patches) == (not is_few)
        assert ax.yaxis.get_visible() != is_few
    assert axes[0].get_ylabel() == "" if is_few else "% of the shuffles"
    assert axes[1].get_ylabel() == ""


def test_rounding_is_not_drawn_as_a_spread():
    edges = bin_edges(0.5 + 1e-12 * np.arange(60.0))
    assert np.ptp(edges) == pytest.approx(0.01)
    assert (edges[0] + edges[-1]) / 2 == pytest.approx(0.5)


@pytest.mark.parametrize("n", [4, 25, 26, 30, 99, 100])
def test_bins_of_shares_hold_equally_many_of_them(n):
    edges = share_edges(n, 25)
    counts, _ = np.histogram(np.arange(n + 1) / n, edges)
    assert len(counts) <= 25
    assert len(set(counts[:-1])) == 1
    assert counts.sum() == n + 1


def test_the_null_of_one_value():
    null = SimpleNamespace(
        observed=1.0,
        ceiling=1.0,
        stimuli=np.ones(9),
        layers=np.ones(9),
        p_stimuli=1.0,
        p_layers=1.0,
        shuffle="circular",
    )
    _, given = plt.subplots()
    assert plot.plot_hierarchy_null(null, given) is given
    assert given.get_legend().get_texts()[1].get_text() == "stimuli shifted, 9 times: p = 1 (a stroke each)"
    assert not given.yaxis.get_visible()


def test_results_draw_themselves(layers):
    null = mot.hierarchy_null(
        layers([6, 5], 50), layers([7, 4, 8], 50, seed=2), n_permutations=3, n_layer_permutations=9
    )
    assert null.plot().get_xlabel() == "hierarchy score"
    plt.close("all")


def test_histograms_in_one_picture_have_the_bins_of_the_coarsest():
    rng = np.random.default_rng(0)
    fine, coarse, few = rng.random(9999), 0.2 + 0.5 * rng.random(100), rng.random(20)
    edges = common_edges((fine, coarse, few))
    assert len(edges) == len(bin_edges(coarse)) < len(bin_edges(fine))
    assert (edges[0], edges[-1]) == (fine.min(), fine.max())
    np.testing.assert_array_equal(common_edges((coarse, few)), bin_edges(coarse))
    assert common_edges((few,)) is None
