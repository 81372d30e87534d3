from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mot_fast as mot
from mot_fast import plot


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
    alignment = mot.align(*networks, rotate=mot.Alternation(tol=0.0, max_iter=1))
    assert "(0 of 6 pairs settled within 1)" in plot.plot_convergence(alignment).get_xlabel()


def test_a_perfect_start_has_no_change(rotated):
    perfect = replace(rotated, layer_plan=np.ones((1, 1)), traces=((np.zeros(1),),))
    _, given = plt.subplots()
    ax = plot.plot_convergence(perfect, given)
    assert ax is given
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.0])


def test_convergence_needs_rotations(alignment, rotated):
    with pytest.raises(ValueError, match="alignment: expected one with rotate=True, found one without rotations"):
        plot.plot_convergence(alignment)
    with pytest.raises(ValueError, match="alignment: expected the traces of the rotations, found none"):
        plot.plot_convergence(replace(rotated, traces=None))


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
    _, given = plt.subplots()
    curve = SimpleNamespace(fractions=np.array([0.5, 1.0]), scores={"mot": rng.random((2, 1))})
    ax = plot.plot_subsample_curve(curve, given)
    assert ax is given
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), curve.scores["mot"][:, 0])
