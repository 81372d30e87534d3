"""Names out of files break no table and become no markup."""

from __future__ import annotations

import html
import re

import pytest

import mot_fast as mot
from mot_fast.display import escaping
from mot_fast.display.tables import markdown_table
from mot_fast.system.control_characters import printable
from support.hostile_names import IN_TABLES


def read_cell(cell):
    """Text that a reader of Markdown shows: without the backslashes before punctuation, and without entities."""
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", lambda found: f"&#{ord(found[1])};", cell))


@pytest.mark.parametrize("name", IN_TABLES)
def test_a_cell_shows_its_name_and_ends_where_it_ends(name):
    shown = escaping.markdown_cell(name)
    assert read_cell(shown) == printable(name)
    assert shown == shown.strip()
    assert not re.search(r"(?<!\\)(?:\\\\)*[|`*\[\]$~]|[<>\n\r]", shown.replace("\\\\", "").replace("&gt;", ""))
    lines = markdown_table([["head", name], [name, "x"]], n_left=1)
    assert len(lines) == 3
    for line in lines:
        assert len(line.splitlines()) == 1
        assert len(re.findall(r"(?<!\\)\|", line.replace("\\\\", "__"))) == 3


@pytest.mark.parametrize(
    ("name", "shown"), [("# x", "\\# x"), ("12. x", "12\\. x"), ("- x", "\\- x"), ("12 x", "12 x")]
)
def test_a_line_begins_no_list_and_no_head(name, shown):
    assert escaping.markdown(name) == shown


def test_names_of_layers_stay_as_they_are():
    for name in ("layer_0_attn", "blocks.11.mlp", "conv2d/3", "V1 (left)", "h-0"):
        assert escaping.markdown_cell(name) == name


def test_a_p_value_stays_as_it_is():
    assert escaping.markdown_cell("<0.001") == "<0.001"
    assert escaping.markdown_cell("<1@b.c>") == "&lt;1@b.c&gt;"  # an address, which Markdown would make a link
    assert escaping.markdown(">5") == "&gt;5"  # which would begin a quotation


def test_characters_that_are_not_seen_are_shown_as_codes():
    assert printable("a\nb\x1b\u202e\u2028\ud800\x7f\x9b") == r"a\nb\x1b\u202e\u2028\ud800\x7f\x9b"
    assert printable("Größe 層 👩‍🔬") == "Größe 層 👩‍🔬"


def test_results_of_hostile_names_are_tables_all_the_same(layers):
    names = ["a|b\nc", "<img src=x onerror=alert(1)>", "\x1b[31m\ud800"]
    networks = {name: {"x": layer} for name, layer in zip(names, layers([4, 5, 3]), strict=True)}
    matrix = mot.similarity_matrix(networks)
    tables = matrix.to_markdown().split("\n\n")
    assert [len(table.split("\n")) for table in tables] == [5, 5]
    page = matrix._repr_html_()
    assert "<img" not in page
    assert page.isprintable()
    comparison = mot.compare(*(mot.load(networks[name], name) for name in names[:2]), ["mot"], splits=1)
    assert comparison.to_markdown().startswith(
        r"a\|b\\nc (1 layers) from &lt;img src=x onerror=alert(1)&gt; (1 layers)"
    )
