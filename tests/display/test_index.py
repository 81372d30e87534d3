from __future__ import annotations

import itertools
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

import mot_fast as mot
from support.browser import MARKS
from support.hostile_names import IN_PAGES


class Page(HTMLParser):
    """Elements of a page, and the texts in it."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.words = [], []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def links(self):
        return [attrs["href"] for tag, attrs in self.tags if tag == "a"]


@pytest.fixture
def written(tmp_path):
    def write(entries, **options):
        mot.write_index(entries, tmp_path / "index.html", **options)
        return Page(tmp_path / "index.html")

    return write


def of(costs):
    costs = np.asarray(costs, dtype=float)
    return mot.SimilarityMatrix(tuple("abcdef"[: len(costs)]), costs, 1.0 - costs, 80, 20)


PAIRED = of([[0, 0.8, 0.1], [0.8, 0, 0.7], [0.1, 0.7, 0]])


def test_an_entry_is_what_is_known_of_an_alignment(layers, alignment, tmp_path):
    networks = mot.load(layers([6, 5], 50), name="one"), mot.load(layers([7, 4, 8], 50, seed=2), name="two")
    scored = mot.evaluate(alignment, *networks, n_resamples=9)
    entry = mot.IndexEntry.of(scored, {"report": tmp_path / "r.html"})
    assert (entry.source, entry.target, entry.cost) == ("one", "two", alignment.cost)
    assert entry.score == scored.evaluation.scores["mot"].value
    assert entry.verdict == scored.evaluation.verdict()
    np.testing.assert_allclose(entry.plan, alignment.layer_plan * 2)
    renamed = mot.IndexEntry.of(alignment, source="a", target="b")
    assert (renamed.source, renamed.target, renamed.score) == ("a", "b", None)
    with pytest.raises(TypeError, match=r"alignment: expected what mot_fast\.align returns, found int"):
        mot.IndexEntry.of(3)


def test_pairs_are_shown_with_plan_verdict_and_the_files_that_exist(written, tmp_path):
    (tmp_path / "a b#1.html").write_text("x")
    files = {"report": tmp_path / "a b#1.html", "alignment": tmp_path / "none.mot"}
    plan = np.array([[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]])
    entry = mot.IndexEntry("one", "two", 0.25, 0.625, ["Better."], plan, ("x", "y"), ("u", "v", "w"), files)
    page = written([entry, mot.IndexEntry("one", "three", 0.5, 0.5)], title="My pairs")
    assert "<title>My pairs</title>" in page.source
    assert "score 0.625" in page.text.replace(" , ", ", ")
    assert "Better." in page.text
    assert "none.mot" not in page.source
    assert page.links() == ["a%20b%231.html"] * 3  # a cell of either matrix, and the pair's own
    for text in ("x, u: 25", "x, v: 75", "y, w: 100", "one, two: 0.625", "one, three: 0.500", "one, two: 0.250"):
        assert f"<title>{text}</title>" in page.source
    assert "x, w:" not in page.source


def test_darker_cells_are_better(written):
    page = written([], matrix=PAIRED)
    depth = {
        text: float(opacity)
        for opacity, text in re.findall(r'fill-opacity="([\d.]+)"><title>(.*?)</title>', page.source)
    }
    assert depth["a, c: 0.900"] == depth["a, c: 0.100"] == 0.75  # score and cost of those that are most alike
    assert depth["a, b: 0.200"] == depth["a, b: 0.800"] == 0.0
    assert not any(text.startswith(("a, a", "b, b", "c, c")) for text in depth)
    assert len(depth) == 12


def test_cells_of_a_matrix_lead_to_reports_that_exist(written, tmp_path):
    for name in ("a--b.html", "c--a.html"):
        (tmp_path / name).write_text("x")
    pairs = [(s, t) for s in "abc" for t in "abc" if s != t]
    entries = [mot.IndexEntry(s, t, files={"report": tmp_path / f"{s}--{t}.html"}) for s, t in pairs]
    page = written(entries, matrix=PAIRED)
    assert sorted(page.links()) == sorted(["a--b.html", "c--a.html"] * 3)
    for source, target in (("a", "b"), ("c", "a")):
        cell = rf'<a href="{source}--{target}\.html"><rect[^>]*><title>{source}, {target}: '
        assert len(re.findall(cell, page.source)) == 2


def test_one_pair_is_no_matrix(written):
    assert "All pairs" not in written([mot.IndexEntry("a", "b", 0.5, 0.5)]).text


def test_names_are_nothing_but_names(written):
    entries = [
        mot.IndexEntry(one, other, 0.5, 0.5, [one], [[1.0]], [other], [one])
        for one, other in itertools.pairwise(IN_PAGES)
    ]
    page = written(entries, title=IN_PAGES[1])
    assert {tag for tag, _ in page.tags} & {"script", "img", "b"} == set()
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "script-src" not in page.source
    assert "default-src 'none'" in page.source


def test_entries_that_do_not_fit_are_named(tmp_path, written):
    one = mot.IndexEntry("a", "b")
    for entries, options, error, message in (
        ([], {}, ValueError, "entries: expected some, or a matrix, found none"),
        ([one, 3], {}, TypeError, r"entries\[1\]: expected an IndexEntry, found int"),
        ([one, one], {}, ValueError, r"entries\[1\]: expected every pair once, found 'a' and 'b' again"),
        (
            [mot.IndexEntry("a", "z")],
            {"matrix": PAIRED},
            ValueError,
            r"entries\[0\]: expected networks of the matrix, found 'z'",
        ),
        ([], {"matrix": 3}, TypeError, "matrix: expected what mot_fast.similarity_matrix returns, found int"),
        (
            [mot.IndexEntry("a", "b", plan=np.ones((2, 3)))],
            {},
            ValueError,
            r"entries\[0\]\.plan: expected shape \(0, 0\), by its labels, found \(2, 3\)",
        ),
    ):
        with pytest.raises(error, match=message):
            written(entries, **options)
    with pytest.raises(FileNotFoundError, match=r"index.html: expected a folder to write to, found none at .*no"):
        mot.write_index([one], tmp_path / "no" / "index.html")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_library_is_named(monkeypatch, written):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match="an index page needs jinja2: pip install jinja2"):
        written([mot.IndexEntry("a", "b")])


def test_reports_share_a_library(alignment, tmp_path):
    script = tmp_path / "shared files" / "plotly.js"
    script.parent.mkdir()
    for name in ("a.html", "b.html"):
        mot.write_report(alignment, tmp_path / name, script=script)
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert '<script src="shared%20files/plotly.js"></script>' in page
        assert len(page) < 300_000
    text = script.read_bytes()
    assert b"* plotly.js v" in text[:1000]
    script.write_bytes(text[:2000])  # of another version
    before = script.stat().st_ino
    mot.write_report(alignment, tmp_path / "a.html", script=script)
    assert script.read_bytes() == text
    mot.write_report(alignment, tmp_path / "a.html", script=script)
    assert script.stat().st_ino != before


def test_a_shared_library_is_no_other_file(alignment, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(
        ValueError, match=r"script: expected a file of plotly\.js, or none yet, found another file at .*notes"
    ):
        mot.write_report(alignment, tmp_path / "a.html", script=tmp_path / "notes.txt")
    (tmp_path / "pages").mkdir()
    with pytest.raises(
        ValueError, match=r"script: expected a file in the page's folder, .*pages, or below, found .*p\.js"
    ):
        mot.write_report(alignment, tmp_path / "pages" / "a.html", script=tmp_path / "p.js")
    with pytest.raises(FileNotFoundError, match=r"script: expected a folder to write to, found none at .*none"):
        mot.write_report(alignment, tmp_path / "a.html", script=tmp_path / "none" / "p.js")
    with pytest.raises(TypeError, match="script: expected a path, found 3"):
        mot.write_report(alignment, tmp_path / "a.html", script=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "pages"]


class TestInABrowser:
    pytestmark = MARKS

    def test_a_report_reads_the_library_beside_it(self, alignment, open_page, tmp_path):
        browser = open_page(alignment=alignment, script=tmp_path / "plotly.js")
        assert len(browser.find_elements("css selector", ".plot .main-svg")) > 3

    @pytest.mark.parametrize("width", [400, 1280])
    def test_many_networks_fit_any_screen(self, open_page, tmp_path, width):
        rng = np.random.default_rng(0)
        names = tuple(f"a_network_with_a_long_name_{k}" for k in range(40))
        costs = rng.random((40, 40))
        matrix = mot.SimilarityMatrix(names, costs + costs.T, rng.random((40, 40)), 80, 20)
        entries = [
            mot.IndexEntry(
                names[k], names[k + 1], 0.5, 0.5, ["A sentence."], rng.random((30, 90)), ["x"] * 30, ["y"] * 90
            )
            for k in range(4)
        ]
        mot.write_index(entries, tmp_path / "index.html", matrix=matrix)
        browser = open_page(width, page=tmp_path / "index.html")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        wide = browser.execute_script(
            "return [...document.querySelectorAll('article svg')].map((each) => each.getBoundingClientRect().right)"
        )
        assert len(wide) == 4
        assert max(wide) <= width
