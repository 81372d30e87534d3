"""Names that come from elsewhere, as tables and pages can hold them: nothing in one is taken for markup."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of characters that end lines, steer terminals, or are none."""
_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Which make text look like another one."""
_MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
"""Underscores within words are text, as in names of layers they so often are."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_AT_START = re.compile(r"^(\d*)(?=[#+\-=:.)])")


def visible(text: str) -> str:
    r"""The text with a code in the place of every character that is not seen as itself.

    Examples
    --------
    >>> visible("V1\n")
    'V1\\n'
    """
    return "".join(map(_visible, text)) if not text.isascii() or not text.isprintable() else text


def _visible(character: str) -> str:
    if unicodedata.category(character) in _HIDDEN or character in _DIRECTIONS:
        return character.encode("unicode_escape").decode()
    return character


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
    shown = re.sub("[&<>]", lambda found: _ENTITIES[found[0]], visible(text))
    return re.sub("^ | $", "&#32;", _MARKUP.sub(r"\\\g<0>", shown))
