"""Names that come from elsewhere, as tables and pages can hold them: nothing in one is taken for markup."""

from __future__ import annotations

import re

from mot_fast.system.control_characters import printable

_MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
"""Underscores within words are text, as in names of layers they so often are."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_AT_START = re.compile(r"^(\d*)(?=[#+\-=:.)])")


def markdown(text: str) -> str:
    r"""A line of text as Markdown shows it.

    Examples
    --------
    >>> markdown("# a|b_c")
    '\\# a\\|b_c'
    """
    return _AT_START.sub(r"\1\\", markdown_cell(text))


def markdown_cell(text: str) -> str:
    """The same in a cell of a table, where nothing stands at the beginning of a line."""
    shown = re.sub("[&<>]", lambda found: _ENTITIES[found[0]], printable(text))
    return re.sub("^ | $", "&#32;", _MARKUP.sub(r"\\\g<0>", shown))
