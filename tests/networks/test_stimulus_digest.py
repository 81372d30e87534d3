from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mot_fast.networks.stimulus_digest import NO_STIMULI, chained, identity


def test_how_stimuli_are_cut_does_not_matter():
    stimuli = [bytes([k]) for k in range(7)]
    whole = chained(NO_STIMULI, stimuli)
    for k in range(8):
        assert chained(chained(NO_STIMULI, stimuli[:k]), stimuli[k:]) == whole
    assert len(bytes.fromhex(whole)) == 20


def test_every_change_shows():
    digests = {chained(NO_STIMULI, stimuli) for stimuli in ([], [b"ab"], [b"a", b"b"], [b"b", b"a"], [b"ab", b""])}
    assert len(digests) == 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("é", "é".encode()),
        (b"x", b"x"),
        (Path("a/b.png"), b"a/b.png"),
        (3, b"3"),
        (np.int64(3), b"3"),
        (np.str_("a"), b"a"),
        ("\ud800", b"\xed\xa0\x80"),
    ],
)
def test_identities_are_the_same_in_every_process(value, expected):
    assert identity(value, "stimuli") == expected


def test_others_are_refused():
    with pytest.raises(TypeError, match="stimuli: expected a text, a path or a number, found object"):
        identity(object(), "stimuli")
