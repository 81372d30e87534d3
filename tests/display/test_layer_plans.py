from __future__ import annotations

import builtins
import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mot_fast as mot
from mot_fast import plot
from support.drawings import names, overlaps, texts


def deep(rng, n_source, n_target, name="layer{}", **options):
    source, target = (
        {name.format(k): rng.random((12, 2)) for k in range(n_layers)} for n_layers in (n_source, n_target)
    )
    return mot.align(source, target, **options)


# Layer plans


def test_it_draws_shares_with_readable_axes(alignment):
    ax = alignment.plot()
    (image,) = ax.images
    np.testing.assert_allclose(image.get_array(), alignment.layer_plan * 2)
    assert names(ax.yaxis) == ["layer0", "layer1"]
    assert names(ax.xaxis) == ["layer0", "layer1", "layer2"]
    assert ax.get_ylabel() == "source layer (one)"
    assert ax.get_xlabel() == "target layer (two)"
    ceiling = mot.hierarchy([[2, 1, 0], [0, 1, 2]])
    h = mot.hierarchy(alignment.layer_plan)
    assert ax.get_title() == f"mot\ncost {alignment.cost:.3f}\nhierarchy {h:.2f} (at most {ceiling:.2f})"


def test_it_draws_where_it_is_told(alignment):
    _, (left, right) = plt.subplots(1, 2)
    assert alignment.plot(right) is right
    assert not left.images
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", ["single_best", "pairwise_best", "permuted"])
def test_it_draws_baselines_on_the_same_scale(alignment, name):
    (image,) = plot.plot_layer_plan(alignment, coupling=name).images
    np.testing.assert_allclose(image.get_array(), alignment.coupling(name) * 2)
    assert image.get_clim() == (0.0, 1.0)


def test_the_title_names_coupling_and_rotation(alignment, rotated):
    assert plot.plot_layer_plan(rotated).get_title().startswith("mot+r\n")
    assert plot.plot_layer_plan(rotated, coupling="pairwise_best").get_title().startswith("pairwise_best+r\n")
    ax = plot.plot_layer_plan(alignment, coupling=[[0.5, 0.0, 0.0], [0.0, 0.0, 0.5]])
    cost = (alignment.layer_costs[0, 0] + alignment.layer_costs[1, 2]) / 2
    assert ax.get_title() == f"given weights\ncost {cost:.3f}\nhierarchy 1.00"  # which the ceiling does not bound


def test_there_is_no_hierarchy_of_one_layer(rng):
    alignment = deep(rng, 1, 3)
    ax = plot.plot_layer_plan(alignment)
    assert ax.get_title() == f"mot\ncost {alignment.cost:#.3g}"
    assert not ax.child_axes


def test_shares_stand_in_the_cells_where_these_have_room(alignment, rng):
    weights = np.array([[0.5, 0.0, 0.0], [0.0, 0.2, 0.3]])
    assert texts(plot.plot_layer_plan(alignment, coupling=weights)) == ["100", "40", "60"]
    assert not texts(plot.plot_layer_plan(deep(rng, 13, 2)))
    _, small = plt.subplots(figsize=(0.7, 0.5))
    assert not texts(plot.plot_layer_plan(alignment, small, colorbar=False))


def test_equal_masses_are_said_once(alignment):
    (edge,) = plot.plot_layer_plan(alignment).child_axes
    assert edge.get_ylabel() == "each row: 50 % of the mass"
    assert not names(edge.yaxis)


def test_other_masses_stand_at_every_row(layers):
    networks = layers([6, 5], 50), layers([7, 4, 8], 50, seed=2)
    alignment = mot.align(*networks, source_mass=[1, 15])
    ax = plot.plot_layer_plan(alignment)
    np.testing.assert_allclose(ax.images[0].get_array().sum(axis=1), 1.0)
    assert names(ax.child_axes[0].yaxis) == ["6.2 %", "94 %"]
    assert "ceiling" not in ax.get_title()


def test_masses_are_shown_as_asked(alignment):
    assert names(plot.plot_layer_plan(alignment, show_mass=True).child_axes[0].yaxis) == ["50 %", "50 %"]
    assert not plot.plot_layer_plan(alignment, show_mass=False).child_axes


def test_colours_follow_the_largest_share_asked_for(alignment):
    with_bar = plot.plot_layer_plan(alignment, vmax=0.5)
    assert with_bar.images[0].get_clim() == (0.0, 0.5)
    bar = with_bar.images[0].colorbar
    assert bar.extend == "max"
    assert bar.ax.get_ylabel() == "% of the source layer\n(square-root scale)"
    assert "50" in names(bar.ax.yaxis)
    without = plot.plot_layer_plan(alignment, colorbar=False)
    assert without.figure.axes == [without]


@pytest.mark.parametrize("vmax", [0.0, -1.0, np.nan, np.inf])
def test_a_scale_needs_a_positive_end(alignment, vmax):
    with pytest.raises(ValueError, match=f"vmax: expected a positive share, found {vmax}"):
        plot.plot_layer_plan(alignment, vmax=vmax)


def test_an_unknown_coupling_is_refused(alignment):
    with pytest.raises(ValueError, match="coupling: expected"):
        plot.plot_layer_plan(alignment, coupling="best")
    with pytest.raises(ValueError, match=r"coupling: expected shape \(2, 3\), found \(3, 2\)"):
        plot.plot_layer_plan(alignment, coupling=np.ones((3, 2)))
    assert not plt.get_fignums()


# Cells


@pytest.mark.parametrize(
    ("n_source", "n_target", "is_square"),
    [(10, 28, True), (2, 3, True), (28, 28, True), (1, 28, False), (28, 1, False)],
)
def test_cells_are_square_where_the_map_is_not_too_thin(rng, n_source, n_target, is_square):
    ax = plot.plot_layer_plan(deep(rng, n_source, n_target))
    ax.figure.draw_without_rendering()
    width, height = cell_of(ax)
    assert (width == pytest.approx(height, rel=0.01)) == is_square
    assert min(ax.bbox.size) > 0.5 * ax.figure.dpi


def test_cells_of_a_strip_are_square_and_titles_apart(rng):
    alignment = deep(rng, 3, 7)
    axes = plot.plot_layer_plans({f"a title that is long enough to be in the way {k}": alignment for k in range(2)})
    axes[0].figure.draw_without_rendering()
    for ax in axes:
        assert cell_of(ax)[0] == pytest.approx(cell_of(ax)[1], rel=0.01)
    one, other = (ax.title.get_window_extent() for ax in axes)
    assert one.x1 < other.x0


def test_what_is_left_behind_has_square_cells_too(layers):
    ax = mot.align(layers([6, 5], 50), layers([7, 4, 8], 50, seed=2), layer_mass=0.5).plot()
    ax.figure.draw_without_rendering()
    assert cell_of(ax)[0] == pytest.approx(cell_of(ax)[1], rel=0.01)
    assert all(image.get_array().shape == (3, 4) for image in ax.images)


def test_long_titles_of_axes_fit_the_axes(rng):
    source = mot.load({f"l{k}": rng.random((12, 2)) for k in range(4)}, name="a_network_with_a_name_that_is_long")
    ax = plot.plot_layer_plan(mot.align(source, mot.load([rng.random((12, 2))] * 9, name="b")))
    ax.figure.draw_without_rendering()
    assert ax.get_ylabel() == "source layer\n(a_network_w…hat_is_long)"
    box, whole = ax.yaxis.label.get_window_extent(), ax.figure.bbox
    assert whole.y0 <= box.y0 < box.y1 <= whole.y1
    assert all(label.get_window_extent().x0 > box.x1 for label in ax.get_yticklabels())


def test_ticks_of_the_colour_bar_do_not_overlap(rng):
    ax = plot.plot_layer_plans([deep(rng, 10, 28)] * 4)[-1]
    ax.figure.draw_without_rendering()
    bar = ax.figure.axes[-1]
    boxes = [label.get_window_extent() for label in bar.get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes))
    assert names(bar.yaxis) == ["0", "5", "25", "50", "100"]
    text, axes = bar.yaxis.label.get_window_extent(), ax.figure.bbox
    assert axes.y0 <= text.y0 < text.y1 <= axes.y1


def cell_of(ax):
    """Width and height of a cell of a map."""
    n_rows, n_columns = ax.images[0].get_array().shape
    return ax.bbox.width / n_columns, ax.bbox.height / n_rows


# Names of layers


@pytest.mark.slow
@pytest.mark.parametrize("masses", [None, range(1, 32)])
def test_thirty_one_long_names_do_not_overlap(rng, masses):
    alignment = deep(rng, 31, 31, "model.layers.{}.block", source_mass=masses)
    ax = plot.plot_layer_plan(alignment)
    assert names(ax.xaxis) == names(ax.yaxis) == [f"model.layers.{k}.block" for k in range(31)]
    assert not overlaps(ax)


@pytest.mark.slow
def test_names_are_left_out_where_there_is_no_room(rng):
    alignment = deep(rng, 31, 31, "model.layers.{}.block")
    _, axes = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
    drawn = plot.plot_layer_plans([alignment] * 4, axes)
    for ax in drawn:
        assert names(ax.xaxis)[:2] == ["model.layers.0.block", "model.layers.2.block"]
    assert not overlaps(*drawn)


def test_many_layers_have_fewer_labels(rng):
    ax = plot.plot_layer_plan(deep(rng, 90, 2))
    assert names(ax.yaxis)[:3] == ["layer0", "layer2", "layer4"]
    assert not overlaps(ax)


@pytest.mark.parametrize(
    ("long", "short"),
    [
        (["transformer.layers.10.output", "transformer.layers.11.output"], ["…10…", "…11…"]),
        (["transformer.layers.0.attention", "transformer.layers.0.residual"], ["…attention", "…residual"]),
        (["an_area_with_a_long_name_indeed", "v1"], ["an_area_wit…name_indeed", "v1"]),
        (["an_area_with_a_long_name_indeed"], ["an_area_wit…name_indeed"]),
        (
            ["A" * 12 + "b" + "C" * 12, "A" * 12 + "d" + "C" * 12],
            ["A" * 12 + "b" + "C" * 12, "A" * 12 + "d" + "C" * 12],
        ),
    ],
)
def test_long_names_are_shortened_as_long_as_they_differ(rng, long, short):
    alignment = mot.align({name: rng.random((12, 2)) for name in long}, [rng.random((12, 2))])
    assert names(plot.plot_layer_plan(alignment).yaxis) == short


# Strips


def test_a_strip_has_one_scale_and_one_bar(alignment, rotated):
    axes = plot.plot_layer_plans([alignment, (alignment, "pairwise_best"), rotated])
    assert [ax.get_title().split("\n")[0] for ax in axes] == ["mot", "pairwise_best", "mot+r"]
    assert {ax.images[0].get_clim() for ax in axes} == {(0.0, 1.0)}
    np.testing.assert_allclose(axes[1].images[0].get_array(), alignment.coupling("pairwise_best") * 2)
    (figure,) = {ax.figure for ax in axes}
    assert len(figure.axes) == 4


def test_neighbours_in_a_strip_share_names_and_masses(alignment, rotated):
    axes = plot.plot_layer_plans([alignment, (alignment, "pairwise_best"), rotated])
    assert [ax.get_ylabel() for ax in axes] == ["source layer (one)", "", "source layer"]
    assert [ax.yaxis.get_tick_params()["labelleft"] for ax in axes[:2]] == [True, False]
    assert [len(ax.child_axes) for ax in axes] == [0, 1, 1]


def test_every_alignment_is_drawn_with_every_coupling(alignment, rotated):
    axes = plot.plot_layer_plans([alignment, rotated], couplings=["mot", "single_best"])
    assert [ax.get_title().split("\n")[0] for ax in axes] == ["mot", "single_best", "mot+r", "single_best+r"]


def test_a_mapping_gives_titles(alignment):
    axes = plot.plot_layer_plans({"plain": alignment, "best": (alignment, "pairwise_best")}, vmax=0.7)
    assert [ax.get_title().split("\n")[0] for ax in axes] == ["plain", "best"]
    assert {ax.images[0].get_clim() for ax in axes} == {(0.0, 0.7)}
    axes = plot.plot_layer_plans({"plain": alignment}, couplings=["mot", "permuted"])
    assert [ax.get_title().split("\n")[0] for ax in axes] == ["plain, mot", "plain, permuted"]


def test_a_strip_is_drawn_where_it_is_told(alignment):
    _, given = plt.subplots(2, 1, figsize=(6, 8), layout="constrained")
    axes = plot.plot_layer_plans([alignment, alignment], given)
    assert axes == list(given)
    assert [ax.get_ylabel() for ax in axes] == ["source layer (one)"] * 2


def test_a_strip_needs_plans_and_as_many_axes(alignment):
    with pytest.raises(ValueError, match="alignments: expected something to draw, found nothing"):
        plot.plot_layer_plans([])
    _, given = plt.subplots(1, 3)
    with pytest.raises(ValueError, match="axes: expected one for each of 2 plans, found 3"):
        plot.plot_layer_plans([alignment, alignment], given)


def test_without_matplotlib_it_says_what_to_install(alignment, rotated, monkeypatch):
    import_module = builtins.__import__

    def no_matplotlib(name, *arguments, **options):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return import_module(name, *arguments, **options)

    matrix = mot.SimilarityMatrix(("a", "b"), np.eye(2), np.eye(2), 8, 2)
    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    calls = [
        alignment.plot,
        lambda: plot.plot_layer_plans([alignment]),
        lambda: plot.plot_convergence(rotated),
        lambda: plot.plot_subsample_curve(SimpleNamespace(fractions=np.ones(1), scores={})),
        lambda: plot.plot_scores(SimpleNamespace(methods=(), scores={})),
        lambda: plot.plot_hierarchy_null(SimpleNamespace()),
        mot.align_trajectories([[np.eye(4)]], [[np.eye(4)]]).plot,
        matrix.plot,
        matrix.plot_dendrogram,
        matrix.plot_embedding,
    ]
    for call in calls:
        with pytest.raises(ImportError, match="pictures need matplotlib: pip install matplotlib"):
            call()


@pytest.mark.parametrize("items", ["MOT", [1], [("mot", "mot")]])
def test_other_things_than_alignments_are_refused(alignment, items):
    with pytest.raises(TypeError, match=r"alignments: expected alignments, or pairs \(alignment, coupling\), found"):
        mot.plot.plot_layer_plans(items)
    with pytest.raises(TypeError, match=r"alignments: expected .* found 'mot'"):
        mot.plot.plot_layer_plans((alignment, "mot"))


@pytest.mark.parametrize("value", ["run.mot", [np.eye(3)]])
def test_what_is_no_alignment_is_named_by_every_function_that_takes_one(value):
    layers = [np.eye(3)]
    for call in (
        plot.plot_layer_plan,
        plot.plot_convergence,
        lambda value: mot.bootstrap_score(value, layers, layers),
        lambda value: mot.p_better(value, layers, layers),
        lambda value: mot.evaluate(value, layers, layers),
    ):
        with pytest.raises(TypeError, match=r"^alignment: expected what mot_fast.align returns, found (str|list)"):
            call(value)
