"""Text as it may be shown: whatever names and labels hold, it stays on its line and tells a terminal nothing."""

from __future__ import annotations

from unicodedata import category

_COMMANDS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what is no text: control characters (U+0000 to U+001F, U+007F to U+009F), what rules how
others are shown (as from right to left), halves of pairs (as file names hold that are no UTF-8), ends of lines."""
_JOINERS = "\u200c\u200d"
"""Orthography of Persian and of Indian languages needs them, and they rule no more than the letters beside them."""


def printable(text: str, keep: str = "", encoding: str | None = None) -> str:
    r"""The text, with escapes as Python's in place of characters that are no text, or that an encoding does not have.

    Parameters
    ----------
    text : str
    keep : str
        Characters that stay as they are.
    encoding : str, optional
        What the text must be shown in; by default everything can be shown.

    Examples
    --------
    >>> print(printable("stem\x1b[2J\u202e"))
    stem\x1b[2J\u202e
    >>> print(printable("cortex\u00b2", encoding="ascii"))
    cortex\xb2
    """
    if not text.isprintable():
        text = "".join(_escaped(each) if _is_command(each) and each not in keep else each for each in text)
    return text if encoding is None else text.encode(encoding, "backslashreplace").decode(encoding)


def _is_command(character: str) -> bool:
    return category(character) in _COMMANDS and character not in _JOINERS


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
