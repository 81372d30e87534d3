"""Names from elsewhere, escaped for Markdown, HTML and plotly: no character of a name is taken for markup."""

from __future__ import annotations

import html
import re

from mot_fast.system.control_characters import printable

_MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
"""Markdown's markup; underscores within words, as names of layers often have them, are none."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_HTML = re.compile(r"[&>]|<(?!\d[\d.]*$)")
"""Characters of HTML; not "<" before a number that ends the text, as in the p-value "<0.001", which is no tag."""
_AT_START = re.compile(r"^(\d*)(?=[#+\-=:.)])")
"""Places where a character at the beginning of a line would make it a list or a heading."""


def markdown(text: str) -> str:
    r"""A line of text as Markdown, which shows it to the letter.

    Examples
    --------
    >>> markdown("# a|b_c")
    '\\# a\\|b_c'
    """
    return _AT_START.sub(r"\1\\", markdown_cell(text))


def markdown_cell(text: str) -> str:
    """Text as a cell of a table in Markdown; unlike `markdown` it does not mind the beginning of a line."""
    shown = _HTML.sub(lambda found: _ENTITIES[found[0]], printable(text))
    return re.sub("^ | $", "&#32;", _MARKUP.sub(r"\\\g<0>", shown))


def html_text(text: str) -> str:
    """Text as HTML, in an element or an attribute, with escapes in place of invisible characters."""
    return html.escape(printable(text))


def plotly_text(text: str) -> str:
    """Text as plotly shows it to the letter, though it takes tags and entities for markup."""
    return html.escape(printable(text), quote=False)
