from __future__ import annotations

from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest

import mot_fast as mot
from mot_fast import plot
from support.drawings import names, overlaps, texts

# Convergence


def test_convergence_shows_every_trace(rotated):
    ax = plot.plot_convergence(rotated)
    lines = [line for line in ax.lines if len(line.get_xdata())]
    traces = [rotated.traces[l][m] for used in (True, False) for l, m in np.argwhere((rotated.layer_plan > 0) == used)]
    for line, trace in zip(lines, traces, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, len(trace) + 1))
        np.testing.assert_allclose(line.get_ydata(), 100 * (trace / trace[0] - 1))
    n_used = int((rotated.layer_plan > 0).sum())
    assert [line.get_markevery() for line in lines[:n_used]] == [[int(trace.argmin())] for trace in traces[:n_used]]
    assert lines[0].get_zorder() > lines[-1].get_zorder()
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[0].endswith(f": {n_used}")
    assert legend[1] == f"other pairs: {6 - n_used}"
    assert ax.get_xlabel() == "alternation (6 of 6 pairs settled within 20)"


def test_convergence_counts_pairs_that_did_not_settle(layers):
    networks = layers([6, 5], 50), layers([7, 4, 8], 50, seed=2)
    alignment = mot.align(*networks, rotate=mot.rotation.Alternation(tol=0.0, max_iter=1))
    assert "(0 of 6 pairs settled within 1)" in plot.plot_convergence(alignment).get_xlabel()


def test_a_perfect_start_has_no_change(rotated):
    perfect = SimpleNamespace(alternation=rotated.alternation, layer_plan=np.ones((1, 1)), traces=((np.zeros(1),),))
    _, given = mpl.pyplot.subplots()
    ax = plot.plot_convergence(perfect, given)
    assert ax is given
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.0])


def test_convergence_needs_rotations(alignment, rotated):
    with pytest.raises(ValueError, match="alignment: expected one with rotate=True, found one without rotations"):
        plot.plot_convergence(alignment)
    with pytest.raises(ValueError, match="alignment: expected the traces of the rotations, found none"):
        plot.plot_convergence(SimpleNamespace(alternation=rotated.alternation, traces=None))


# Curves and scores


def test_a_subsample_curve_shows_means_and_deviations(rng):
    scores = {"mot": rng.random((3, 5)), "mot+r": 1 + rng.random((3, 5))}
    ax = plot.plot_subsample_curve(SimpleNamespace(fractions=np.array([1.0, 0.1, 0.5]), scores=scores))
    for line, band, values in zip(ax.lines, ax.collections, scores.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [0.1, 0.5, 1.0])
        mean, sd = values.mean(axis=1)[[1, 2, 0]], values.std(axis=1, ddof=1)[[1, 2, 0]]
        np.testing.assert_allclose(line.get_ydata(), mean)
        (path,) = band.get_paths()
        np.testing.assert_allclose(path.get_extents().intervaly, [(mean - sd).min(), (mean + sd).max()])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mot+r", "mot"]  # from the top
    assert len({(line.get_marker(), line.get_linestyle(), line.get_color()) for line in ax.lines}) == 2


def test_a_subsample_curve_of_one_seed(rng):
    _, given = mpl.pyplot.subplots()
    curve = SimpleNamespace(fractions=np.array([0.5, 1.0]), scores={"mot": rng.random((2, 1))})
    ax = plot.plot_subsample_curve(curve, given)
    assert ax is given
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), curve.scores["mot"][:, 0])


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
    _, given = mpl.pyplot.subplots()
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


# Chance


def test_the_null_shows_both_kinds_of_chance(rng):
    null = SimpleNamespace(
        observed=0.95, ceiling=0.97, stimuli=rng.random(9), layers=rng.random(99), p_stimuli=0.1, p_layers=0.01
    )
    ax = plot.plot_hierarchy_null(null)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "layers shuffled, 99 times: p = 0.01",
        "stimuli shuffled, 9 times: p = 0.1",
        "observed: 0.950",
        "ceiling: 0.970",
    ]
    assert [line.get_xdata()[0] for line in ax.lines] == [0.95, 0.97]
    heights, edges = np.histogram(null.stimuli, np.linspace(*np.sort(ax.dataLim.intervalx), 41))
    outline = ax.patches[1].get_xy()
    assert outline[:, 1].max() == pytest.approx(100 * heights.max() / 9)
    assert outline[:, 0].min() == pytest.approx(edges[0])
    assert len({patch.get_hatch() for patch in ax.patches}) == 2


def test_the_null_of_one_value():
    null = SimpleNamespace(
        observed=1.0, ceiling=1.0, stimuli=np.ones(9), layers=np.ones(9), p_stimuli=1.0, p_layers=1.0
    )
    _, given = mpl.pyplot.subplots()
    assert plot.plot_hierarchy_null(null, given) is given


def test_results_draw_themselves(layers):
    null = mot.hierarchy_null(
        layers([6, 5], 50), layers([7, 4, 8], 50, seed=2), n_permutations=3, n_layer_permutations=9
    )
    assert null.plot().get_xlabel() == "hierarchy score"
    mpl.pyplot.close("all")
