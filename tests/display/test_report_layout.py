"""Reports in a real browser: nothing overlaps, is cut off or empty, on wide screens, on narrow ones, on paper."""

from __future__ import annotations

import pytest

import mot_fast as mot
from support.browser import MARKS

pytestmark = MARKS

OVERLAPS = """
const meets = (one, other) => one.left < other.right - 0.5 && other.left < one.right - 0.5
  && one.top < other.bottom - 0.5 && other.top < one.bottom - 0.5;
const box = (each) => each.getBoundingClientRect();
const found = [];
for (const plot of document.querySelectorAll('.plot')) {
  const figure = plot.closest('figure');
  const ticks = [...plot.querySelectorAll('.xtick text, .ytick text')];
  const titles = [...figure.querySelectorAll('.x-title, .y-title, .xtitle, .ytitle')];
  for (const title of titles) for (const tick of ticks)
    if (meets(box(title), box(tick))) found.push([plot.id, title.textContent, tick.textContent]);
  const edge = box(figure);
  for (const text of [...titles, ...figure.querySelectorAll('.key *')])
    if (box(text).left < edge.left - 1 || box(text).right > Math.max(edge.right, innerWidth - 16) + 1)
      found.push([plot.id, text.textContent, 'is cut off']);
  for (const text of plot.querySelectorAll('.xtick text, .ytick text, .xtitle, .ytitle')) {
    const whole = box(plot);
    if (box(text).left < whole.left - 1 || box(text).bottom > whole.bottom + 1 || box(text).top < whole.top - 1)
      found.push([plot.id, text.textContent, 'is cut off']);
  }
}
return found;
"""
CELLS = """
const {xaxis, yaxis} = document.getElementById(arguments[0])._fullLayout;
return [xaxis._length / xaxis._categories.length, yaxis._length / yaxis._categories.length];
"""
EMPTY = """
return [...document.querySelectorAll('section')].filter((each) =>
  each.innerText.split('\\n').filter((line) => line.trim()).length < 2).map((each) => each.innerText);
"""


def network(name, n_layers, layers, seed, label="layer{}"):
    return mot.load({label.format(k): x for k, x in enumerate(layers([4] * n_layers, 40, seed=seed))}, name=name)


@pytest.fixture
def aligned(layers):
    def make(n_source, n_target, *, name="one", label="layer{}", is_scored=True, **options):
        networks = network(name, n_source, layers, 0, label), network("two", n_target, layers, 2, label)
        alignment = mot.align(*networks, **options)
        return mot.evaluate(alignment, *networks, n_resamples=9) if is_scored else alignment

    return make


def assert_nothing_overlaps(browser, width):
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(OVERLAPS) == []
    assert browser.execute_script(EMPTY) == []


LONG = {"name": "a_network_with_a_name_that_nobody_would_type", "label": "model.encoder.layers.{}.attention.output"}


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((1, 1), {}),
        ((2, 3), {"rotate": mot.Alternation(max_iter=2)}),
        ((28, 28), {"is_scored": False}),
        ((10, 28), LONG),
        ((1, 28), {"is_scored": False}),
        ((28, 1), {"is_scored": False}),
        ((3, 4), {"unit_mass": 0.5, "layer_mass": 0.6}),
    ],
)
def test_titles_names_and_cells_have_room(aligned, open_page, shape, options, width):
    browser = open_page(width, alignment=aligned(*shape, **options))
    assert_nothing_overlaps(browser, width)
    titles = [each.text for each in browser.find_elements("css selector", ".titled .x-title, .titled .y-title")]
    name = options.get("name", "one")
    short = name if len(name) < 24 else f"{name[:11]}…{name[-11:]}"
    assert [" ".join(title.split()) for title in titles] == [f"source layer ({short})", "target layer (two)"]
    across, down = browser.execute_script(CELLS, "plan")
    if width == 1280:
        assert across == pytest.approx(down, abs=1.0)  # the figure has whole pixels
    assert min(across, down) > 5
    used = browser.execute_script("return document.querySelector('main').getBoundingClientRect().right")
    assert used > 0.95 * (width - 32)


@pytest.mark.parametrize("width", [400, 1280])
def test_all_sections_together(layers, open_page, width):
    networks = network("one", 3, layers, 0), network("two", 5, layers, 2)
    stability = mot.stability(*networks, n_resamples=3, n_decoys=0)
    curve = mot.partial_curve(*networks, (0.25, 0.5, 1.0), splits=2)
    alignment = mot.evaluate(stability.alignment, *networks, n_resamples=9)
    browser = open_page(width, alignment=alignment, stability=stability, curve=curve)
    assert_nothing_overlaps(browser, width)
    across, down = browser.execute_script(CELLS, "stability")
    assert across == pytest.approx(down, abs=0.6)
    for link in browser.find_elements("css selector", "nav a"):
        assert browser.find_elements("css selector", link.get_attribute("href").partition("#")[2].join(["#", ""]))
    first = browser.find_element("css selector", "main section h2")
    assert first.text == "Verdict"


def test_a_page_that_becomes_narrower_stays_whole(aligned, open_page):
    browser = open_page(1280, alignment=aligned(4, 12))
    screen = {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.execute_async_script("const done = arguments[0]; setTimeout(done, 600);")
    assert_nothing_overlaps(browser, 400)


def test_on_paper_figures_are_as_wide_as_the_page_and_tables_are_whole(aligned, open_page):
    browser = open_page(1280, "dark", alignment=aligned(12, 28))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    svgs = browser.execute_script(
        "return [...document.querySelectorAll('.plot .main-svg')].map((each) => each.getBoundingClientRect().width)"
    )
    assert max(svgs) <= 681
    shown = browser.execute_script(
        "const style = (each) => getComputedStyle(document.querySelector(each));"
        "return [style('nav').display, style('.chooser').display, style('.tall').overflowY, style('body').color,"
        " document.querySelectorAll('details:not([open])').length]"
    )
    assert shown == ["none", "none", "visible", "rgb(26, 28, 31)", 0]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "screen"})
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert_nothing_overlaps(browser, 1280)
