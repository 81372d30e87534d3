from __future__ import annotations

import sys
from unicodedata import category

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.display.text_summary import layer_plan_table
from mot_fast.system.control_characters import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("layer 1.attn/é_層 שלום ü", "layer 1.attn/é_層 שלום ü"),
        ("\x1b]0;title\x07\x9b2J\x7f", r"\x1b]0;title\x07\x9b2J\x7f"),
        ("a\nb\r\tc\x85\u2028d", r"a\nb\r\tc\x85\u2028d"),
        ("\u202etxt.exe\u2066", r"\u202etxt.exe\u2066"),
        ("caf\udce9", r"caf\udce9"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\U000e0041", r"\U000e0041"),
        ("", ""),
    ],
)
def test_what_commands_a_terminal_becomes_an_escape(text, shown):
    assert printable(text) == shown


def test_no_control_character_of_unicode_is_left():
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    left = {character for character in printable(every) if category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert left == {"\u200c", "\u200d"}


def test_some_may_be_kept_and_encodings_are_held_to():
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"
    assert printable("é層\n", encoding="latin-1") == "é\\u5c64\\n"
    assert printable("░é", encoding="cp1252") == "\\u2591é"


def test_representations_show_no_control_characters():
    rng = np.random.default_rng(0)
    one, two = (mot.load({"a\n\x1b": rng.random((12, 3))}, name="n\x1b[1m\r\n") for _ in range(2))
    alignment = mot.align(one, two)
    nested = mot.align_nested({"p": one}, {"q": two})
    matrix = mot.SimilarityMatrix(("a\x1b", "b\n"), np.eye(2), np.eye(2), 8, 2)
    comparison = mot.compare(one, two, ["mot"], splits=1, test_size=0.4)
    curve = mot.subsample_curve(one, two, [1.0], methods=["mot"], splits=1, test_size=0.4)
    for found in (one, alignment, alignment.unit_plan(0, 0), nested, matrix, comparison, curve):
        assert repr(found).replace("\n", "").isprintable(), found
    for text in (str(comparison), str(curve), layer_plan_table(alignment)):
        assert text.replace("\n", "").isprintable()
        shown = text.replace("\\\\", "\\").replace("\\[", "[")  # as Markdown is read
        assert "n\\x1b[1m\\r\\n" in shown or "a\\n\\x1b" in shown
