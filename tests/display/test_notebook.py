"""Results as notebooks show them."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.display import notebook

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('1')</script> & \"co\""


def parsed(result):
    """The HTML, which is well-formed XML as well."""
    return ElementTree.fromstring(f"<body>{result._repr_html_()}</body>")


def cells(tree):
    """Text and opacity of every coloured cell."""
    squares = [square for square in tree.iter(f"{SVG}rect") if square.find(f"{SVG}title") is not None]
    return {square.find(f"{SVG}title").text: float(square.get("fill-opacity")) for square in squares}


def words(tree):
    return " ".join(" ".join(tree.itertext()).split())


@pytest.fixture
def runs(layers):
    return mot.align_trajectories([layers([4, 5], seed=k) for k in range(2)], [layers([3], seed=k) for k in range(3)])


@pytest.fixture
def comparison(layers):
    source = mot.load(layers([5, 6, 4], seed=1), "one")
    methods = ["mot", "single_best", "permuted", "cka"]
    return mot.compare(source, layers([7, 5], seed=2), methods, splits=2, n_resamples=9)


def test_an_alignment_says_what_was_aligned_and_how_well(alignment):
    text = words(parsed(alignment))
    assert text.startswith("Alignment of one (2 layers, 11 units) with two (3 layers, 19 units)")
    assert f"cost {alignment.cost:.4f}, standardized every transport is proven optimal" in text
    assert f"by more than {alignment.certificate.duality_gap:.1g} per unit of mass" in text
    assert f"masses are met to {alignment.certificate.marginal_error:.1g}" in text


def test_rotations_are_told(rotated):
    assert "standardized, source layers rotated every transport" in words(parsed(rotated))


def test_every_pair_with_mass_is_a_cell(alignment):
    found = cells(parsed(alignment))
    shares = alignment.layer_plan * 2
    expected = {
        f"layer{l}, layer{m}: {100 * shares[l, m]:.0f}": round(0.75 * np.sqrt(shares[l, m]), 2)
        for l, m in np.argwhere(shares > 0)
    }
    assert found == pytest.approx(expected, abs=0.006)


def test_shares_are_those_of_layers_that_do_not_weigh_the_same(layers):
    alignment = mot.align(layers([5, 6]), layers([4], seed=2), source_mass=[3, 1])
    assert set(cells(parsed(alignment))) == {"layer0, layer0: 100", "layer1, layer0: 100"}


@pytest.mark.parametrize("result", ["runs", "matrix", "comparison"])
def test_names_do_no_harm(result, layers):
    one, two = {HOSTILE: layers([4])[0], "b": layers([5])[0]}, {HOSTILE + "2": layers([4], seed=2)[0]}
    shown = {
        "runs": lambda: mot.align_trajectories({f"{HOSTILE[:8]}>": one}, {"b": two}),
        "matrix": lambda: mot.similarity_matrix({HOSTILE: one, "b": two}),
        "comparison": lambda: mot.compare(mot.load(one, HOSTILE), mot.load(two, HOSTILE), ["mot"], splits=1),
    }[result]()
    assert "<script" not in shown._repr_html_()
    assert "<script" in words(parsed(shown))
    alignment = mot.align(mot.load(one, HOSTILE), mot.load(two, HOSTILE))
    assert HOSTILE in words(parsed(alignment))
    assert f"{HOSTILE}, {HOSTILE}2: 100" in cells(parsed(alignment))


def test_parts_and_networks_are_shown_too(runs, layers):
    text = words(parsed(runs))
    assert text.startswith("NestedAlignment of source (2 parts) with target (3 parts)")
    assert f"cost {runs.cost:.4f}, 3 levels every transport" in text
    assert {label.split(":")[0] for label in cells(parsed(runs))} == {
        f"{i}, {j}" for i, j in np.argwhere(runs.plan > 0)
    }
    matrix = mot.similarity_matrix({"a": layers([5]), "b": layers([7], seed=2)})
    tree = parsed(matrix)
    assert words(tree).startswith("SimilarityMatrix of 2 networks 48 training stimuli, 12 held out")
    assert f"a, b: {matrix.scores[0, 1]:.2f}" in cells(tree)


def test_the_best_of_a_comparison_are_marked(comparison):
    tree = parsed(comparison)
    head, *rows = [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")]
    assert head == ["method", "kind", "held-out value", "95 % interval", "over units", "hierarchy", "s", "MB", "p"]
    assert [row[0] for row in rows] == list(comparison.methods)
    marked = {strong.text for cell in tree.iter("td") for strong in cell.iter("strong")}
    scores = [comparison.mean(name) for name in ("mot", "single_best", "permuted")]  # not the similarity, which is more
    over_units = [values.mean() for values in comparison.over_units.values()]
    hierarchies = [values.mean() for values in comparison.hierarchies.values()]
    assert {text.split(" ")[0] for text in marked} == {
        f"{max(values):.3f}" for values in (scores, over_units, hierarchies)
    }
    assert [item.text for item in tree.iter("li")] == [
        line.removeprefix("- ") for line in comparison.to_markdown().splitlines() if line.startswith("- ")
    ]


def test_nothing_is_best_where_there_is_nothing(layers):
    found = mot.compare(layers([5]), layers([4], seed=2), ["cka"], splits=2)
    assert list(parsed(found).iter("td"))
    assert not [cell for cell in parsed(found).iter("td") if cell.find("strong") is not None]


def test_numbers_stand_in_all_cells_or_in_none():
    def numbers(n):
        picture = notebook.heat_map(np.eye(n), [f"r{k}" for k in range(n)], [f"c{k}" for k in range(n)], form=str)
        return [text for text in ElementTree.fromstring(picture).iter(f"{SVG}text") if text.text == "1.0"]

    assert len(numbers(8)) == 8
    assert not numbers(40)


def test_names_that_would_overlap_are_left_out():
    names = [f"layer{k}" for k in range(100)]
    tree = ElementTree.fromstring(notebook.heat_map(np.eye(100), names, names, form="{:.0%}".format))
    shown = [text for text in tree.iter(f"{SVG}text") if text.get("text-anchor") == "end"]
    assert [text.text for text in shown] == names[::3]
    heights = np.diff([float(text.get("y")) for text in shown])
    assert heights.min() >= 11


def test_colours_are_readable_on_light_and_dark_paper(alignment):
    """Contrast of black and of white text, 4.5 at least, on the deepest colour over white and over near-black."""

    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    html = alignment._repr_html_()
    blue = np.array([0x00, 0x72, 0xB2]) / 255
    assert {colour for colour in re.findall('fill="([^"]+)"', html) if colour != "currentColor"} == {"#0072B2"}
    for paper, ink in ((1.0, 0.0), (0.07, 1.0)):
        below, text = luminance(0.75 * blue + 0.25 * paper), luminance([ink] * 3)
        assert (max(below, text) + 0.05) / (min(below, text) + 0.05) > 4.5


@pytest.mark.processes
def test_it_draws_without_matplotlib_and_asks_for_nothing_from_elsewhere(alignment):
    assert re.findall(r"(?:src|href|url)\b", alignment._repr_html_()) == []
    program = (
        "import sys, numpy as np, mot_fast as mot; x = [np.random.default_rng(0).random((9, 3))];"
        "mot.align(x, x)._repr_html_(); assert not {'matplotlib', 'pandas', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
