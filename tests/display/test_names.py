"""Names of layers and networks in pictures are drawn as they are written, whatever they hold."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text

import mot_fast as mot
from mot_fast import plot
from mot_fast.cli.output import save_picture
from support.drawings import names

mpl.use("Agg")

ODD = ("$a_$", "$x$ {y", "^b$_$", "\\frac{", "%#&~", "two\nlines", "\x1b[2J\u202e\x00", "", "l" * 200 + "$_$")


def network(name, seed):
    rng = np.random.default_rng(seed)
    return mot.load({label: rng.random((30, 4)) for label in ODD}, name=name)


@pytest.fixture(scope="module")
def source():
    return network("$one_$", 0)


@pytest.fixture(scope="module")
def target():
    return network("$two^$\x1b", 1)


def assert_drawn_as_written(axes):
    figure = (axes[0] if isinstance(axes, list) else axes).figure
    figure.canvas.draw()
    found = 0
    for text in figure.findobj(Text):
        content = text.get_text()
        if any(mark in content for mark in "$^\\{") and "mathdefault" not in content:
            found += 1
            assert not text.get_parse_math()
            assert not text.get_usetex()
        assert "\x1b" not in content
    assert found


def test_plans(source, target):
    alignment = mot.align(source, target)
    assert_drawn_as_written(alignment.plot())
    assert_drawn_as_written(plot.plot_layer_plans({"$_$": alignment, "\\": alignment}))
    assert_drawn_as_written(mot.align_trajectories({"$s_$": source, "t": target}, {"$_u$": source, "v": target}).plot())


def test_names_on_the_axes_are_whole_and_on_their_line(source, target):
    ax = mot.align(source, target).plot()
    expected = [*ODD[:5], "two\\nlines", "\\x1b[2J\\u202e\\x00", "", "l" * 11 + "…" + "l" * 8 + "$_$"]
    assert [name for name in names(ax.yaxis) if name] == [name for name in expected if name]
    assert ax.get_xlabel() == "target layer ($two^$\\x1b)"


def test_axes_that_share_ticks_show_the_same(source, target):
    import matplotlib.pyplot as plt

    _, (left, right) = plt.subplots(1, 2, sharey=True)
    right.tick_params(axis="y", labelright=True)
    mot.align(source, target).plot(left)
    assert_drawn_as_written(left)


@pytest.mark.slow
def test_many_networks():
    n = len(ODD)
    rng = np.random.default_rng(0)
    costs = rng.random((n, n))
    costs = (costs + costs.T) * (1.0 - np.eye(n))
    matrix = mot.SimilarityMatrix(ODD, costs, 1.0 - costs, 80, 20)
    for draw in (matrix.plot, matrix.plot_dendrogram, matrix.plot_embedding):
        assert_drawn_as_written(draw())


def test_legends_and_methods():
    scores = {"$a_$": np.ones((2, 2)), "\x1b^b$ $": np.ones((2, 2))}
    assert_drawn_as_written(plot.plot_subsample_curve(SimpleNamespace(fractions=np.array([0.5, 1.0]), scores=scores)))
    one = {name: values[0] for name, values in scores.items()}
    kind = "score".format
    assert_drawn_as_written(plot.plot_scores(SimpleNamespace(methods=tuple(one), scores=one, kind=kind)))


def test_characters_that_the_font_lacks_are_told_once_when_the_picture_is_written(tmp_path, capsys):
    labels = ["層一", "層二", "кора"]
    rng = np.random.default_rng(0)
    layers = {label: rng.random((20, 3)) for label in labels}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = mot.align(layers, layers).plot()
        matrix = mot.SimilarityMatrix(tuple(labels), 1.0 - np.eye(3), np.eye(3), 80, 20)
        for draw in (matrix.plot, matrix.plot_dendrogram, matrix.plot_embedding):
            draw()
        assert names(ax.yaxis) == labels
        save_picture(ax, tmp_path / "plan.png")
    assert (tmp_path / "plan.png").stat().st_size > 1000
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("plan.png: shows boxes where its font lacks characters of the labels")
