"""Names and labels as text that is safe to show: control characters become visible escapes.

A name from a file thus stays on its line, and a terminal finds no command in it.
"""

from __future__ import annotations

from unicodedata import category

_COMMANDS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of characters that are no text: control characters (U+0000 to U+001F, U+007F to U+009F), those
that change how others are shown (as from right to left), lone surrogates (from file names that are not UTF-8), and line
ends."""
_JOINERS = "\u200c\u200d"
"""Joiners, which are kept: Persian and Indian languages need them, and they affect only the letters beside them."""


def printable(text: str, keep: str = "", encoding: str | None = None) -> str:
    r"""Replace characters that are no text, or that an encoding lacks, by escapes as Python writes them.

    Parameters
    ----------
    text : str
    keep : str
        Characters that stay as they are.
    encoding : str, optional
        The encoding that the text is shown in; by default all text can be shown.

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
