"""Reports in a real browser: what is drawn, what hovering and clicking does, and how it reads on small screens."""

from __future__ import annotations

import json

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

import mot_fast as mot
from mot_fast.display.report.matches import match_correlations
from mot_fast.system.control_characters import printable
from support.browser import MARKS, rows, wait
from support.hostile_names import IN_PAGES

pytestmark = MARKS


@pytest.fixture
def shown(open_page):
    """Writes the report of an alignment and opens it on a screen of some width."""

    def show(alignment, width=1280, scheme="light", **options):
        return open_page(width, scheme, alignment=alignment, **options)

    return show


def text_of(browser, element):
    return browser.find_element(By.ID, element).text


def pointer_at(browser, l, m):
    """Takes the mouse to a cell of the layer plan."""
    plan = browser.find_element(By.ID, "plan")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", plan)
    x, y = browser.execute_script(
        "const {xaxis, yaxis} = arguments[0]._fullLayout;"
        "return [xaxis._offset + xaxis.c2p(arguments[2]) - arguments[0].clientWidth / 2,"
        " yaxis._offset + yaxis.c2p(arguments[1]) - arguments[0].clientHeight / 2]",
        plan,
        l,
        m,
    )
    return ActionChains(browser).move_to_element_with_offset(plan, round(x), round(y))


def assert_pair_is_shown(browser, alignment, l, m):
    plan = alignment.unit_plan(l, m)
    wait(browser, lambda: text_of(browser, "pair-title") == f"{plan.source} to {plan.target}")
    table = rows(browser)
    assert len(table) == min(plan.nnz, 50)
    assert f"{len(table)} of {plan.nnz:,} matches" in text_of(browser, "matches-caption")
    dense, found = plan.toarray(), match_correlations(plan)
    r = {(i, j): each for i, j, each in zip(plan.rows, plan.columns, found, strict=True)}
    for source, target, correlation, mass, share in table:
        pair = int(source), int(target)
        assert float(correlation) == pytest.approx(r[pair], abs=6e-4)
        assert float(mass.removesuffix(" %")) == pytest.approx(100 * dense[pair], rel=6e-3)
        assert float(share.removesuffix(" %")) == pytest.approx(100 * dense[pair] * len(dense), rel=6e-3)
    x, y = browser.execute_script("const [bars] = document.getElementById('histogram').data; return [bars.x, bars.y]")
    expected = np.histogram(found, np.linspace(-1, 1, 41), weights=plan.mass)[0]
    np.testing.assert_allclose([share for share in y if share], expected[expected > 0], rtol=1e-3)
    assert np.average(x, weights=y) == pytest.approx(1 - plan.cost, abs=0.03)
    assert f"Layer cost {alignment.layer_costs[l, m]:.4g}"[:15] in text_of(browser, "pair-summary")
    (frame,) = browser.execute_script("return document.getElementById('plan').layout.shapes")
    assert (frame["x0"] + 0.5, frame["y0"] + 0.5) == (m, l)


@pytest.fixture
def scored(layers):
    source = mot.load(layers([40, 60], 50), name="one")
    target = mot.load(layers([30, 40, 55], 50, seed=2), name="two")
    return mot.evaluate(mot.align(source, target), source, target, n_resamples=9)


def test_it_opens_from_a_file_and_asks_for_nothing_else(scored, shown):
    browser = shown(scored)
    assert browser.title == "one to two: alignment report"
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("data:")] == [browser.current_url]
    plots = browser.find_elements(By.CSS_SELECTOR, ".plot .main-svg")
    assert len({plot.find_element(By.XPATH, "ancestor::figure").id for plot in plots}) == 4
    l, m = np.unravel_index(scored.layer_plan.argmax(), scored.layer_plan.shape)
    assert_pair_is_shown(browser, scored, int(l), int(m))


def test_hovering_shows_names_and_mass(scored, shown):
    browser = shown(scored)
    for l, m in ((0, 0), (1, 2)):
        pointer_at(browser, l, m).perform()
        label = wait(browser, lambda: browser.execute_script("return document.querySelector('#plan .hovertext')"))
        wait(browser, lambda label=label, m=m: f"layer{m}" in label.text.split("mass")[0].split("to")[1])
        assert f"layer{l} to layer{m}" in label.text
        share = scored.layer_plan[l, m] * 2
        assert f"mass {scored.layer_plan[l, m]:.4f}, {share:.1%} of the source layer" in label.text
        assert f"layer cost {scored.layer_costs[l, m]:.4f}" in label.text


def test_a_click_shows_the_pair(scored, shown):
    browser = shown(scored)
    for l, m in ((1, 0), (0, 2), (1, 1)):
        pointer_at(browser, l, m).click().perform()
        assert_pair_is_shown(browser, scored, l, m)
        chosen = [browser.find_element(By.ID, f"{side}-layer") for side in ("source", "target")]
        assert [Select(each).first_selected_option.text for each in chosen] == [f"layer{l}", f"layer{m}"]


def test_the_margin_says_what_is_left_behind_and_chooses_nothing(layers, shown):
    alignment = mot.align(layers([6, 5], 50), layers([7, 4, 8], 50, seed=2), layer_mass=0.5)
    browser = shown(alignment)
    before = browser.find_element(By.ID, "pair-title").text
    pointer_at(browser, 0, 3).click().perform()
    label = wait(browser, lambda: browser.execute_script("return document.querySelector('#plan .hovertext')"))
    left = 1 - alignment.layer_plan[0].sum() * 2
    wait(browser, lambda: f"{left:.1%} left behind" in label.text)
    assert browser.find_element(By.ID, "pair-title").text == before
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_a_pair_without_matches_says_so(layers, shown):
    source, target = layers([6, 5], 50), layers([7, 4], 50, seed=2)
    source[1] = np.random.default_rng(9).standard_normal(source[1].shape)  # has nothing in common with the target
    with_nothing = mot.align(source, target, unit_cost=0.5)
    assert [plan.nnz for plan in with_nothing.unit_plans[1]] == [0, 0]
    browser = shown(with_nothing)
    Select(browser.find_element(By.ID, "source-layer")).select_by_visible_text("layer1")
    wait(browser, lambda: "none of its units match" in text_of(browser, "pair-summary"))
    assert rows(browser) == []
    Select(browser.find_element(By.ID, "source-layer")).select_by_visible_text("layer0")
    wait(browser, lambda: "mean correlation of its matches" in text_of(browser, "pair-summary"))
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_lists_and_keys_choose_pairs_as_well(scored, shown):
    browser = shown(scored)
    Select(browser.find_element(By.ID, "source-layer")).select_by_visible_text("layer1")
    Select(browser.find_element(By.ID, "target-layer")).select_by_visible_text("layer0")
    assert_pair_is_shown(browser, scored, 1, 0)
    browser.find_element(By.ID, "target-layer").send_keys(Keys.ARROW_DOWN)
    assert_pair_is_shown(browser, scored, 1, 1)


def test_with_rotations_the_chosen_pair_s_convergence_is_drawn(rotated, shown):
    browser = shown(rotated)
    for l, m in ((0, 2), (1, 0)):
        pointer_at(browser, l, m).click().perform()
        assert_pair_is_shown(browser, rotated, l, m)
        trace = rotated.traces[l][m]
        x, y = browser.execute_script(
            "const line = document.getElementById('convergence').data[1]; return [line.x, line.y]"
        )
        assert x == list(range(1, len(trace) + 1))
        np.testing.assert_allclose(y, 100 * (trace / trace[0] - 1), rtol=1e-3, atol=1e-9)
        assert f"{len(trace)} alternations" in text_of(browser, "pair-summary")


def test_stability_is_drawn_and_hovered(layers, shown):
    networks = [mot.load(layers([40] * n, 50, seed=seed), name=name) for n, seed, name in ((8, 0, "a"), (20, 2, "b"))]
    stability = mot.stability(*networks, n_resamples=5, n_decoys=1)
    browser = shown(stability.alignment, 400, "dark", stability=stability)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 400
    squares = browser.find_elements(By.CSS_SELECTOR, "#stability .shapelayer path")
    assert len(squares) == (stability.consensus_plan > 0).sum()
    l, m = map(int, np.unravel_index(stability.consensus_plan.argmax(), stability.consensus_plan.shape))
    k = [tuple(pair) for pair in np.argwhere(stability.consensus_plan > 0)].index((l, m))
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", squares[k])
    ActionChains(browser).move_to_element(squares[k]).perform()
    label = wait(browser, lambda: browser.execute_script("return document.querySelector('#stability .hovertext')"))
    assert f"layer{l} to layer{m}" in label.text
    assert f"{8 * stability.consensus_plan[l, m]:.1%} of the source layer" in label.text
    assert f"used by {stability.confidence[l, m]:.0%} of the resamples" in label.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_it_is_readable_on_any_screen(layers, shown, width, scheme):
    """Nothing is wider than the screen, no text smaller than 12 pixels, and ink stands out from the page."""
    source = {f"model.encoder.layers.{k}.attention.output.dense": x for k, x in enumerate(layers([5] * 12, 40))}
    target = {f"transformer_block_number_{k}_of_a_deep_network": x for k, x in enumerate(layers([4] * 30, 40, seed=2))}
    names = "a_network_with_a_name_that_nobody_would_ever_type", "another"
    networks = [mot.load(each, name=name) for each, name in zip((source, target), names, strict=True)]
    alignment = mot.evaluate(mot.align(*networks, rotate=True), *networks, n_resamples=9)
    browser = shown(alignment, width, scheme)
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    sizes = browser.execute_script(
        "return [...document.body.querySelectorAll('*')].filter(each => each.checkVisibility() &&"
        " [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))"
        ".map(each => [parseFloat(getComputedStyle(each).fontSize), each.textContent])"
    )
    assert [text for size, text in sizes if size < 12] == []
    page, ink, tick = browser.execute_script(
        "const style = (each) => getComputedStyle(each);"
        "return [style(document.body).backgroundColor, style(document.body).color,"
        " style(document.querySelector('.plot .xtick text')).fill]"
    )
    assert tick == ink
    assert contrast(page, ink) > 7


def contrast(one, other):
    """Contrast of two colours, as WCAG 2 defines it."""
    luminances = []
    for colour in (one, other):
        channels = np.array([int(each) for each in colour[4:-1].split(",")]) / 255
        linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        luminances.append(linear @ [0.2126, 0.7152, 0.0722])
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def test_names_are_shown_to_the_letter_and_run_nothing(layers, shown):
    labels = [label.replace("\x00", "") for label in IN_PAGES]  # no page can hold that one
    labelled = dict(zip(labels, layers([3] * len(labels)), strict=True))
    networks = [mot.load(labelled, name=labels[k]) for k in (0, 1)]
    browser = shown(mot.evaluate(mot.align(*networks), *networks, n_resamples=9))
    labels = [printable(label) for label in labels]
    assert browser.title.startswith(labels[0])
    assert texts(browser, "#source-layer option") == labels
    for l in (0, 3, 6):
        Select(browser.find_element(By.ID, "source-layer")).select_by_index(l)
        wait(browser, lambda l=l: text_of(browser, "pair-title").startswith(labels[l]))
    pointer_at(browser, 6, 3).perform()
    label = wait(browser, lambda: browser.execute_script("return document.querySelector('#plan .hovertext')"))
    assert " ".join(label.text.split()).startswith(f"{labels[6]} to {labels[3]}")
    assert labels[0][:11] + "…" + labels[0][-11:] in texts(browser, "#plan .ytick text")


def texts(browser, selector):
    return browser.execute_script(f"return [...document.querySelectorAll('{selector}')].map(each => each.textContent)")
