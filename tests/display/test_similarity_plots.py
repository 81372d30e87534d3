from __future__ import annotations

import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

import mot_fast as mot
from mot_fast import plot
from mot_fast.display.similarity_plots import plot_scores_of_pairs
from support.drawings import names, overlaps, texts


def made(n, name="network {}", scale=40.0):
    """A matrix of n points in five dimensions, whose scores are not symmetric."""
    rng = np.random.default_rng(n)
    points = rng.standard_normal((n, 5))
    costs = np.square(points[:, None] - points).sum(axis=2) / scale
    scores = 1.0 - costs - 0.1 * rng.random((n, n))
    return mot.SimilarityMatrix(tuple(name.format(k) for k in range(n)), costs, scores, 80, 20)


def of(costs, scores=None):
    costs = np.asarray(costs, dtype=float)
    return mot.SimilarityMatrix(tuple("abcdef"[: len(costs)]), costs, 1 - costs if scores is None else scores, 80, 20)


IDENTICAL = of(np.zeros((3, 3)))
PAIRED = of([[0, 0.8, 0.1, 0.9], [0.8, 0, 0.7, 0.2], [0.1, 0.7, 0, 0.6], [0.9, 0.2, 0.6, 0]])


def shown(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def test_maps_have_the_order_of_the_dendrogram():
    costs, scores = PAIRED.plot()
    order = ["abcd".index(name) for name in names(costs.yaxis)]
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    others = np.where(np.eye(4, dtype=bool), np.nan, 1.0)
    np.testing.assert_array_equal(shown(costs), PAIRED.costs[np.ix_(order, order)] * others)
    np.testing.assert_array_equal(shown(scores), PAIRED.scores[np.ix_(order, order)] * others)
    for axis in (costs.xaxis, scores.xaxis, scores.yaxis, PAIRED.plot_dendrogram().yaxis):
        assert names(axis) == names(costs.yaxis)


def test_axes_say_which_network_predicts_and_bars_which_way_is_better():
    matrix = made(5)
    axes = plot.plot_similarity(matrix)
    assert [(ax.get_ylabel(), ax.get_xlabel().replace("\n", " ")) for ax in axes] == [
        ("source network", "target network"),
        ("source network (reconstructed)", "target network (predicted from)"),
    ]
    assert [ax.get_title() for ax in axes] == [
        "alignment cost\n80 training stimuli",
        "held-out score\n20 other stimuli",
    ]
    bars = [ax.images[0].colorbar.ax.get_ylabel() for ax in axes]
    assert bars == ["lower: more alike", "higher: better reconstructed"]
    order = [matrix.labels.index(name) for name in names(axes[1].yaxis)]
    numbers = np.array(texts(axes[1])).reshape(5, 5)
    assert numbers[1, 3] == f"{matrix.scores[order[1], order[3]]:.3f}"  # row: reconstructed; column: predicts
    assert numbers[2, 2] == f"{matrix.scores[order[2], order[2]]:.3f}"


def test_the_darker_the_more_alike():
    for ax, best in zip(PAIRED.plot(), (np.nanargmin, np.nanargmax), strict=True):
        image = ax.images[0]
        light = image.to_rgba(image.get_array())[..., :3].sum(axis=2)
        assert light.ravel()[best(shown(ax))] == light[~np.eye(4, dtype=bool)].min()


def test_colours_span_what_different_networks_have():
    costs, scores = PAIRED.plot()
    assert costs.images[0].get_clim() == (0.1, 0.9)
    assert scores.images[0].get_clim() == pytest.approx((0.1, 0.9))
    near = of([[0.0, 0.40, 0.42], [0.40, 0.0, 0.41], [0.42, 0.41, 0.0]])
    assert near.plot()[0].images[0].get_clim() == pytest.approx((0.385, 0.435))
    costs, scores = IDENTICAL.plot()
    assert costs.images[0].get_clim() == (0.0, 0.025)
    assert scores.images[0].get_clim() == (0.975, 1.0)


def test_scores_may_be_undefined():
    scores = of(PAIRED.costs, np.full((4, 4), np.nan)).plot()[1]
    assert texts(scores) == ["nan"] * 16
    assert scores.images[0].get_clim() == (0.0, 1.0)


@pytest.mark.parametrize(("size", "digits"), [(10.0, 3), (7.5, 2), (3.5, None)])
def test_numbers_have_the_decimals_that_find_room(size, digits):
    _, given = plt.subplots(1, 2, figsize=(size, 0.6 * size), layout="constrained")
    axes = plot.plot_similarity(made(7), given)
    assert axes == list(given)
    for ax in axes:
        assert {len(text.split(".")[1]) for text in texts(ax)} == ({digits} if digits else set())


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 16, 45, 100])
def test_names_of_few_or_many_networks_do_not_overlap(n):
    axes = made(n, "a network called {}").plot()
    assert not overlaps(*axes)
    for ax in axes:
        assert len(names(ax.yaxis)) >= min(n, 45)
        assert len(texts(ax)) == (n * n if n <= 16 else 0)
        figure = ax.figure.bbox
        for label in [*ax.get_xticklabels(), *ax.get_yticklabels()]:
            box = label.get_window_extent()
            assert figure.x0 <= box.x0
            assert figure.y0 <= box.y0


@pytest.mark.parametrize("n", [1, 2, 12])
def test_one_network_from_many_takes_no_more_cells_than_pairs(n):
    scores = {("V4", f"a model called {k}"): k / 20 for k in range(n)}
    ax = plot_scores_of_pairs(scores, "held-out score\nmean over splits")
    np.testing.assert_array_equal(shown(ax), [list(scores.values())])
    assert (names(ax.yaxis), names(ax.xaxis)) == (["V4"], [target for _, target in scores])
    assert texts(ax) == [f"{value:.3f}" for value in scores.values()]
    assert not overlaps(ax)


def test_pairs_of_the_same_networks_have_one_order():
    ax = plot_scores_of_pairs({("b", "a"): 0.25, ("b", "c"): 0.5, ("a", "b"): 0.75, ("c", "b"): 1.0}, "scores")
    assert names(ax.yaxis) == names(ax.xaxis) == ["b", "a", "c"]
    nan = np.nan  # grey: not computed
    np.testing.assert_array_equal(shown(ax), [[nan, 0.25, 0.5], [0.75, nan, nan], [1.0, nan, nan]])


def test_two_maps_need_two_axes():
    _, given = plt.subplots(1, 3)
    with pytest.raises(ValueError, match="axes: expected two, for costs and for scores, found 3"):
        PAIRED.plot(given)


# Dendrograms


def test_forks_lie_at_the_distances_of_what_they_join():
    matrix = made(6)
    for method in ("average", "complete"):
        ax = matrix.plot_dendrogram(method=method)
        heights = sorted(max(line.get_xdata()) for line in ax.lines)
        np.testing.assert_allclose(heights, np.sort(matrix.linkage(method)[:, 2]))
        assert ax.get_xlim() == pytest.approx((0.0, 1.05 * heights[-1]))
    assert ax.get_xlabel() == "distance (square root of twice the cost)"
    assert sorted(names(ax.yaxis)) == sorted(matrix.labels)


def test_leaves_stand_at_their_names():
    ax = PAIRED.plot_dendrogram()
    places = dict(zip(names(ax.yaxis), ax.get_yticks(), strict=True))
    for line in ax.lines:
        if max(line.get_xdata()) == pytest.approx(np.sqrt(0.2)):
            assert sorted(line.get_ydata()[[0, -1]]) == sorted([places["a"], places["c"]])
            break
    else:
        pytest.fail("no fork of a and c")


def test_a_dendrogram_is_drawn_where_it_is_told():
    _, given = plt.subplots()
    assert plot.plot_dendrogram(PAIRED, given) is given
    assert len(plt.get_fignums()) == 1


def test_identical_networks_are_joined_at_zero():
    assert IDENTICAL.plot_dendrogram().get_xlim() == (0.0, 1.0)


def test_a_hundred_leaves_have_names_that_do_not_overlap():
    matrix = made(100)
    ax = matrix.plot_dendrogram()
    assert len(names(ax.yaxis)) == 100
    assert not overlaps(ax)
    _, small = plt.subplots()
    ax = matrix.plot_dendrogram(small)
    assert 20 < len(names(ax.yaxis)) < 100
    assert not overlaps(ax)


# Embeddings


def boxes(ax):
    """Boxes of the dots and of the names."""
    ax.figure.draw_without_rendering()
    dots = [
        mpl.transforms.Bbox.from_extents(x - 3, y - 3, x + 3, y + 3)
        for x, y in ax.transData.transform(np.column_stack(ax.lines[0].get_data()))
    ]
    return dots, [text.get_window_extent() for text in ax.texts]


def test_networks_are_points_with_their_names():
    matrix = made(6)
    ax = matrix.plot_embedding()
    np.testing.assert_allclose(np.column_stack(ax.lines[0].get_data()), matrix.embedding())
    assert texts(ax) == list(matrix.labels)
    for text, place in zip(ax.texts, matrix.embedding(), strict=True):
        np.testing.assert_array_equal(text.xy, place)
    assert ax.get_aspect() == 1.0


def test_axes_say_how_much_they_explain():
    points = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    ax = of(np.square(points[:, None] - points).sum(axis=2) / 2).plot_embedding()
    assert ax.get_xlabel() == "first axis: 90 % of the squared distances"
    assert ax.get_ylabel() == "second axis: 10 %"
    assert made(20).plot_embedding().get_ylabel() != "second axis: 0 %"


@pytest.mark.parametrize("n", [3, 40])
def test_few_and_many_networks_are_legible(n):
    axes = plot.plot_similarity(made(n))
    figure = axes[0].figure
    figure.draw_without_rendering()
    assert not overlaps(*axes)
    for ax in axes:
        assert ax.bbox.width == pytest.approx(ax.bbox.height, rel=0.01)
        assert len(names(ax.yaxis)) == n
        bar = ax.images[0].colorbar.ax
        ticks = [label.get_window_extent() for label in bar.get_yticklabels()]
        shown = [box for box in ticks if bar.bbox.y0 <= (box.y0 + box.y1) / 2 <= bar.bbox.y1]
        titles = [text.get_window_extent() for text in (ax.title, ax.xaxis.label, ax.yaxis.label, bar.yaxis.label)]
        for box in (*titles, *shown):
            assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
            assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
        assert titles[-1].x0 >= max(box.x1 for box in shown)


def test_small_costs_are_told_apart():
    costs = 1e-4 * np.array([[0.0, 3.0, 6.0], [3.0, 0.0, 1.0], [6.0, 1.0, 0.0]])
    left, _ = plot.plot_similarity(mot.SimilarityMatrix(("a", "b", "c"), costs, 1.0 - costs, 80, 20))
    assert set(texts(left)) == {"0.00000", "0.00030", "0.00060", "0.00010"}


def test_the_plane_has_one_scale():
    ax = made(8).plot_embedding()
    ax.figure.draw_without_rendering()
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert ax.bbox.width / (right - left) == pytest.approx(ax.bbox.height / (high - low))


@pytest.mark.parametrize("matrix", [PAIRED, IDENTICAL, made(2), made(8, "a network called {}"), made(12)])
def test_names_hide_neither_points_nor_each_other(matrix):
    ax = matrix.plot_embedding()
    assert texts(ax) == list(matrix.labels)
    dots, words = boxes(ax)
    assert not any(word.count_overlaps(dots) for word in words)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(words, 2))


def test_names_that_find_no_place_are_left_out():
    matrix = made(100)
    _, given = plt.subplots()
    ax = plot.plot_embedding(matrix, given)
    assert ax is given
    assert 10 < len(texts(ax)) < 100
    dots, words = boxes(ax)
    assert len(dots) == 100
    assert not any(word.count_overlaps(dots) for word in words)


@pytest.mark.slow
def test_everything_fits_into_one_figure():
    matrix = made(5)
    _, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    matrix.plot(axes[0])
    matrix.plot_dendrogram(axes[1, 0])
    matrix.plot_embedding(axes[1, 1])
    assert not overlaps(*axes.ravel())
    assert len(plt.get_fignums()) == 1
