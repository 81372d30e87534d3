from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.display.report import matches
from mot_fast.display.report.matches import match_correlations
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.system.control_characters import printable
from support.hostile_names import IN_PAGES

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """A page's elements, what a reader reads, and the data of its figures."""

    def __init__(self, path):
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.open, self.tags, self.texts, self.scripts = [], [], {}, []
        self.feed(self.source)
        assert self.open == []
        found = json.loads(self.scripts[0])
        self.figures, self.data = found["figures"], found["data"]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts.values()))

    def ids(self):
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]


@pytest.fixture
def networks(layers):
    return mot.load(layers([6, 5], 50), name="one"), mot.load(layers([7, 4, 8], 50, seed=2), name="two")


@pytest.fixture
def written(tmp_path):
    def write(alignment, **options):
        mot.write_report(alignment, tmp_path / "report.html", **options)
        return Page(tmp_path / "report.html")

    return write


def test_a_page_is_one_sound_document(alignment, networks, written):
    page = written(mot.evaluate(alignment, *networks, n_resamples=9))
    assert page.source.startswith("<!DOCTYPE html>")
    assert ("html", {"lang": "en"}) in page.tags
    assert page.texts["title"] == "one to two: alignment report"
    assert [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)] == ["h1", "h2", "h2", "h2", "h3"] + ["h2"] * 3
    assert len(page.ids()) == len(set(page.ids()))
    for tag, attrs in page.tags:
        assert attrs.get("role") != "img" or attrs["aria-label"]
        assert attrs.get("aria-labelledby", "plan") in page.ids()
        assert tag not in ("link", "img", "iframe")
        assert "src" not in attrs
        assert attrs.get("href", "#plan")[1:] in page.ids()
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    titles = [attrs["id"] for tag, attrs in page.tags if tag in ("h2", "h3")]
    assert links == [f"#{title}" for title in titles]
    assert "need JavaScript" in page.text
    assert page.source.count("* plotly.js v") == 1


def test_nothing_but_its_own_scripts_may_run_or_be_fetched(alignment, written):
    page = written(alignment)
    (policy,) = (attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == "'none'"
    assert rules["img-src"] == "data:"
    assert re.fullmatch(r"('sha256-[A-Za-z0-9+/]{43}=' ?){2}", rules["script-src"])
    assert "connect-src" not in rules


def test_scores_are_shown_with_their_errors(alignment, networks, written):
    alignment = mot.evaluate(alignment, *networks, n_resamples=99)
    page = written(alignment)
    scores = alignment.evaluation.scores
    for trace, score in zip(page.figures["scores"]["data"], scores.values(), strict=True):
        low, high = (score.value - score.sd, score.value + score.sd) if score.low is None else (score.low, score.high)
        (value,), (up,), (down,) = trace["x"], trace["error_x"]["array"], trace["error_x"]["arrayminus"]
        assert (value, value + up, value - down) == pytest.approx((score.value, high, low), abs=1e-12)
        assert f"{score.value:.3f}" in page.text
    assert f"{scores['mot'].low:.3f} to {scores['mot'].high:.3f}" in page.text
    assert f"{alignment.evaluation.p_better:.3g}" in page.texts["td"]
    *intervals, spread = (trace["error_x"] for trace in page.figures["scores"]["data"])
    assert {(bar["thickness"], bar["width"]) for bar in intervals} == {(2, 6)}
    assert (spread["thickness"], spread["width"]) == (12, 0)
    assert spread["color"].endswith("0.35)")
    assert "The band of permuted is no interval" in page.text
    assert alignment.evaluation.verdict()[0] in page.text
    assert [trace["y"] for trace in page.figures["scores"]["data"]][-1] == ["permuted<br>(band: sd over orders)"]
    for trace, score in zip(page.figures["layers"]["data"], scores.values(), strict=True):
        assert tuple(trace["y"]) == score.per_layer


def test_a_page_without_scores_says_how_to_get_them(alignment, written):
    page = written(alignment)
    assert "mot.evaluate(alignment, source[test], target[test])" in page.text
    assert set(page.figures) == {"plan", "histogram"}
    assert "Scores layer by layer" not in page.text
    assert "Held-out scores" not in page.text


def test_methods_have_the_names_by_which_they_are_asked_for(layers, written):
    networks = layers([6, 5], 50), layers([7, 4], 50, seed=2)
    for rotate, end in ((False, ""), (True, "+r")):
        page = written(mot.evaluate(mot.align(*networks, rotate=rotate), *networks, n_resamples=9))
        names = [f"{name}{end}" for name in COUPLINGS]
        assert [trace["name"] for trace in page.figures["layers"]["data"]] == names
        assert [trace["y"][0].split("<br>")[0] for trace in page.figures["scores"]["data"]] == names
        assert [found for found in re.findall(r'<th scope="row">(.*?)</th>', page.source) if found in names] == names


def test_scores_that_are_not_defined_are_named_so(layers, written):
    alignment = mot.align(layers([6]), layers([7], seed=2))
    page = written(mot.evaluate(alignment, [np.ones((9, 6))], layers([7], 9), n_resamples=9))
    assert page.figures["scores"]["data"] == []
    assert page.texts["td"].count("not defined") == 12
    assert "hierarchy of" not in page.text
    assert "MOT predicts" not in page.text


def test_the_layer_plan_is_the_alignment_s(alignment, written):
    page = written(alignment)
    (trace,) = page.figures["plan"]["data"]
    np.testing.assert_allclose(np.array(trace["z"]) ** 2, alignment.layer_plan * 2, atol=1e-3)
    for l, m in np.ndindex(2, 3):
        source, target, mass, share, cost = trace["customdata"][l][m]
        assert (source, target) == (f"layer{l}", f"layer{m}")
        expected = alignment.layer_plan[l, m], 2 * alignment.layer_plan[l, m], alignment.layer_costs[l, m]
        assert (mass, share, cost) == pytest.approx(expected, rel=1e-5)
    assert tuple(page.data["chosen"]) == np.unravel_index(alignment.layer_plan.argmax(), (2, 3))


@pytest.mark.parametrize("rotate", [False, mot.Alternation(max_iter=1)])
def test_correlations_are_those_of_the_activations(networks, rotate):
    """The first plan of an alternation is found before anything is rotated."""
    alignment = mot.align(*networks, rotate=rotate)
    for l, m in np.ndindex(2, 3):
        x, y = networks[0].layer(l), networks[1].layer(m)
        plan = alignment.unit_plan(l, m)
        r = np.corrcoef(x, y, rowvar=False)[: x.shape[1], x.shape[1] :]
        np.testing.assert_allclose(match_correlations(plan), r[plan.rows, plan.columns], atol=1e-6)


def test_every_pair_shows_its_heaviest_matches(alignment, written):
    page = written(alignment)
    for l, m in np.ndindex(2, 3):
        plan, pair = alignment.unit_plan(l, m), page.data["pairs"][l][m]
        assert pair["n_matches"] == plan.nnz == len(pair["masses"])
        assert pair["masses"] == sorted(pair["masses"], reverse=True)
        dense = plan.toarray()
        for source, target, mass, share in zip(
            pair["sources"], pair["targets"], pair["masses"], pair["shares"], strict=True
        ):
            assert mass == pytest.approx(dense[source, target], rel=1e-3)
            assert share == pytest.approx(mass * len(dense), rel=1e-3)
        by_mass = np.array(pair["masses"])
        is_tie = np.diff(by_mass) == 0
        assert (np.diff(pair["correlations"])[is_tie] <= 0).all()
        assert pair["correlation"] == pytest.approx(1 - plan.cost, rel=1e-3)
        assert sum(pair["histogram"]) == pytest.approx(1, abs=1e-3)
        expected = np.histogram(match_correlations(plan), np.linspace(-1, 1, 41), weights=plan.mass)[0]
        np.testing.assert_allclose([share for share in pair["histogram"] if share], expected[expected > 0], rtol=1e-3)


def test_large_plans_are_cut_and_say_so(layers, written, monkeypatch):
    page = written(mot.align(layers([60]), layers([70], seed=2)))
    ((pair,),) = page.data["pairs"]
    assert len(pair["sources"]) == 50 < pair["n_matches"]
    monkeypatch.setattr(matches, "MOST_NUMBERS", 20)
    page = written(mot.align(layers([6, 5]), layers([7, 4, 8], seed=2), rotate=mot.Alternation(tol=0, max_iter=8)))
    for pair in (pair for row in page.data["pairs"] for pair in row):
        assert len(pair["sources"]) == 3
        assert (pair["steps"][0], pair["steps"][-1]) == (1, pair["n_alternations"])
        assert len(pair["steps"]) <= 3


def test_the_page_is_little_more_than_the_library(layers, written):
    page = written(mot.align(layers([40] * 8), layers([50] * 8, seed=2)))
    assert len(page.source) - len(page.scripts[1]) < 300_000


def test_a_page_of_rotations_shows_how_they_converged(rotated, written):
    page = written(rotated)
    bundle, chosen = page.figures["convergence"]["data"]
    assert chosen["x"] == []
    used = [rotated.traces[l][m] for l, m in np.argwhere(rotated.layer_plan > 0)]
    expected = [100 * (value / trace[0] - 1) for trace in used for value in trace]
    np.testing.assert_allclose([change for change in bundle["y"] if change is not None], expected, rtol=1e-3, atol=1e-9)
    assert "Rotated source unit" in page.text
    assert page.source.index('id="verdict-title"') < page.source.index('id="plan-title"')
    assert "of 6 pairs settled" in page.text
    assert "at most 20 alternations a pair, tolerance 0.0001, no restarts" in page.text
    assert "Every transport of every alternation" in page.text


def test_stability_is_told_by_pair(alignment, networks, written):
    stability = mot.stability(*networks, n_resamples=4, pairs=[(0, 2), (1, 1)], n_decoys=1)
    page = written(alignment, stability=stability)
    assert "How stable the plan is" in page.text
    assert (
        f"again on 4 bootstrap resamples. The layer plans of two of them have {100 * stability.mass_in_common:.0f} %"
        in page.text
    )
    used = np.argwhere(stability.consensus_plan > 0)
    (hidden,) = page.figures["stability"]["data"]
    assert len(page.figures["stability"]["layout"]["shapes"]) == len(used)
    for square, (l, m) in zip(page.figures["stability"]["layout"]["shapes"], used, strict=True):
        share = 2 * stability.consensus_plan[l, m]
        side = 0.92 * np.sqrt(share / (2 * stability.consensus_plan.max()))
        assert (square["x1"] + square["x0"], square["y1"] + square["y0"]) == pytest.approx((2 * m, 2 * l), abs=2e-3)
        assert (square["x1"] - square["x0"], square["y1"] - square["y0"]) == pytest.approx((side, side), abs=2e-3)
        assert square["opacity"] == stability.confidence[l, m]
        source, target, *figures = hidden["customdata"][l][m]
        assert (source, target) == (f"layer{l}", f"layer{m}")
        assert figures == pytest.approx([share, 2 * stability.sd[l, m], stability.confidence[l, m]], abs=1e-4)
    matches = stability.units(0, 2)
    assert f"{len(matches.discoveries())} of 6" in page.text
    assert "decoys" in page.text


def test_stability_without_decoys_or_units_says_less(alignment, networks, written):
    page = written(alignment, stability=mot.stability(*networks, n_resamples=2, n_decoys=0))
    assert "Median confidence" in page.text
    assert " of 6" not in page.text
    page = written(alignment, stability=mot.stability(*networks, n_resamples=2, pairs=[]))
    assert "Median confidence" not in page.text
    assert "decoys" not in page.text


def test_stability_must_be_of_the_same_layers(alignment, layers, tmp_path):
    other = mot.stability(layers([6, 5], 50), layers([7, 4], 50), n_resamples=2, n_decoys=0)
    message = (
        "stability: expected the layers of the alignment's target, 'layer0' of 7, 'layer1' of 4, 'layer2' of 8, found"
    )
    with pytest.raises(ValueError, match=message):
        mot.write_report(alignment, tmp_path / "report.html", stability=other)
    with pytest.raises(TypeError, match=r"stability: expected what mot_fast.stability returns, found Alignment"):
        mot.write_report(alignment, tmp_path / "report.html", stability=alignment)
    assert not list(tmp_path.iterdir())


def test_what_is_left_behind_is_shown_in_the_margin_and_listed(networks, written):
    alignment = mot.align(*networks, unit_mass=0.5, layer_mass=0.6)
    page = written(alignment)
    margin = page.figures["plan"]["data"][1]
    left = 1 - alignment.layer_plan.sum(axis=1) * 2, 1 - alignment.layer_plan.sum(axis=0) * 3
    shares = np.array(margin["z"], dtype=float) ** 2
    np.testing.assert_allclose(shares[:-1, -1], left[0], atol=1e-3)
    np.testing.assert_allclose(shares[-1, :-1], left[1], atol=1e-3)
    assert np.isnan(shares[:-1, :-1]).all()
    assert "0.6 of the layers' mass and 0.5 of the mass of units in layers that are matched is matched" in page.text
    cells = r"<td class=\"words\">(.*?)</td><th scope=\"row\" class=\"words\">(.*?)</th><td>(\d+) %</td><td>(.*?)</td>"
    rows = re.findall(cells, page.source)
    labels = [*alignment.source.labels, *alignment.target.labels]
    assert {row[1]: int(row[2]) for row in rows} == {
        label: round(100 * share) for label, share in zip(labels, np.concatenate(left), strict=True)
    }
    for label, _, text in (row[1:] for row in rows[:2]):
        l = alignment.source.labels.index(label)
        matched = {int(u) for m in np.flatnonzero(alignment.layer_plan[l]) for u in alignment.unit_plans[l][m].rows}
        width = alignment.source.widths[l]
        assert text == (f"{width - len(matched)} of {width}" if matched else "all")


def test_a_balanced_alignment_leaves_nothing_behind(alignment, written):
    page = written(alignment)
    assert len(page.figures["plan"]["data"]) == 1
    assert "Left behind" not in page.text
    assert "curve" not in page.figures


def test_a_curve_is_drawn_with_its_knee_and_listed(networks, alignment, written):
    curve = mot.partial_curve(*networks, (0.25, 0.5, 0.75, 1.0), splits=2, n_shuffles=1)
    page = written(alignment, curve=curve)
    score, cost = page.figures["curve"]["data"]
    np.testing.assert_allclose(score["y"], curve.scores.mean(axis=1))
    np.testing.assert_allclose(cost["y"], curve.held_out_costs.mean(axis=1))
    assert page.figures["curve"]["layout"]["shapes"][0]["x0"] == curve.knee()
    for row in curve.cells()[1:]:
        assert "".join(f"<td>{cell}</td>" for cell in row[1:]) in page.source
    assert "matched by chance" in page.text
    assert f"{100 * curve.knee():.0f} % of the mass (its knee)" in page.text
    short = written(alignment, curve=mot.partial_curve(*networks, (0.5, 1.0), splits=1))
    assert "knee" not in short.text
    assert "shapes" not in short.figures["curve"]["layout"]
    with pytest.raises(TypeError, match=r"curve: expected what mot_fast\.partial_curve returns, found Alignment"):
        written(alignment, curve=alignment)
    of_others = mot.partial_curve(networks[1], networks[0], (0.5, 1.0), splits=1)
    with pytest.raises(ValueError, match="curve: expected that of 'one' and 'two', found that of 'two' and 'one'"):
        written(alignment, curve=of_others)


def test_without_rotations_every_transport_is_counted(alignment, written):
    text = written(alignment).text
    assert "Every one of the 7 transports (6 between the units of two layers, one between the layers)" in text
    assert "Convergence" not in text
    for figure in alignment.certificate.figures[:4]:
        assert f"{figure:.1e}" in text
    assert "1e-06" in text


def test_it_tells_how_it_was_run(layers, tmp_path, written):
    masses = [np.arange(1.0, 7.0), np.ones(5)]
    alignment = mot.align(
        layers([6, 5]), layers([7], seed=2), n_jobs=1, memory_limit=2**29, source_mass=masses, store=tmp_path / "store"
    )
    text = written(alignment).text
    assert f"mot_fast {mot.__version__}, python" in text
    assert "0.5 GiB" in text
    assert " s on 1 thread" in text
    assert "threads" not in text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)
    assert "source: layers have masses of their own, units have masses of their own" in text
    for digest in (*alignment.source.digests, *alignment.target.digests):
        assert digest in text


def test_files_without_a_run_are_shown_too(alignment, written):
    alignment = mot.Alignment(**{**alignment.__dict__, "run": None})
    assert "is not recorded" in written(alignment).text


def test_names_are_nothing_but_names(layers, written):
    labelled = dict(zip(IN_PAGES, layers([3] * len(IN_PAGES)), strict=True))
    alignment = mot.align(mot.load(labelled, name=IN_PAGES[0]), mot.load(labelled, name=IN_PAGES[1]))
    page = written(mot.evaluate(alignment, labelled, labelled, n_resamples=9))
    assert page.data["labels"] == [list(map(printable, IN_PAGES))] * 2
    assert len(page.scripts) == 3
    assert page.texts["title"].startswith(IN_PAGES[0])
    assert [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)] == []
    assert "1337" not in page.source.replace(page.scripts[1], "")
    for line in page.figures["plan"]["data"][0]["customdata"]:
        assert not any("<" in cell[0] + cell[1] for cell in line)


def test_halves_of_characters_do_no_harm(layers, written):
    labelled = {"\ud800": layers([4])[0]}
    assert written(mot.align(labelled, labelled)).data["labels"] == [["\\ud800"], ["\\ud800"]]


def test_what_rules_the_text_beside_it_is_shown_as_its_code(layers, written):
    """Neither in the page's text nor in its data nor in its figures."""
    name = "a\x1b[2J\x07\u202e\u2028\x9bz"
    shown = r"a\x1b[2J\x07\u202e\u2028\x9bz"
    labelled = {name: layers([4])[0], "other": layers([3])[0]}
    page = written(mot.align(mot.load(labelled, name=name), mot.load(labelled, name=name)))
    assert page.data["labels"] == [[shown, "other"], [shown, "other"]]
    assert page.texts["title"].startswith(f"{shown} to {shown}")
    assert page.figures["plan"]["data"][0]["customdata"][0][0][0] == shown
    assert not set("\x1b\x07\u202e\u2028\x9b") & set(page.source.replace(page.scripts[1], ""))


def test_the_same_alignment_is_the_same_page(alignment, tmp_path):
    for name in ("a.html", "b.html"):
        mot.write_report(alignment, tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_pages_that_cannot_be_written_are_named(alignment, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"report.html: expected a folder to write to, found none at .*no"):
        mot.write_report(alignment, tmp_path / "no" / "report.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"folder: could not be written, and is as it was \(it is no file\)"):
        mot.write_report(alignment, tmp_path / "folder")
    with pytest.raises(TypeError, match="path: expected a path, found 3"):
        mot.write_report(alignment, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_what_is_no_alignment_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"alignment: expected what mot_fast.align returns, found ndarray$"):
        mot.write_report(np.ones((3, 3)), tmp_path / "report.html")
    with pytest.raises(TypeError, match=r"found str; mot_fast.Alignment.load reads a .mot file"):
        mot.evaluate("run.mot", [np.ones((3, 3))], [np.ones((3, 3))])
