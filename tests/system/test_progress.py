from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.system.progress import progress_bar


def test_a_bar_counts_to_its_end(monkeypatch):
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    with progress_bar("layers", is_shown=True, total=3, unit="layer") as bar:
        bar.update(3)
    assert list(progress_bar("pieces", is_shown=True, pieces=[1, 2])) == [1, 2]
    assert "layers: 100%" in errors.getvalue()
    assert "3/3" in errors.getvalue()
    assert "pieces: 100%" in errors.getvalue()


def test_a_bar_that_is_not_wanted_says_nothing(capsys):
    with progress_bar("layers", is_shown=False, total=3) as bar:
        bar.update()
    assert capsys.readouterr().err == ""


class Full(io.StringIO):
    def write(self, _):
        raise OSError("no space left")

    def flush(self):
        raise OSError("no space left")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [None, Full(), closed()])
def test_a_bar_that_cannot_be_shown_stops_no_work(stream, monkeypatch):
    layers = [np.random.default_rng(k).random((20, 3)) for k in range(2)]
    expected = mot.align(layers, layers).cost
    monkeypatch.setattr(sys, "stderr", stream)
    assert mot.align(layers, layers, progress=True).cost == expected
    assert mot.compare(layers, layers, ["mot"], splits=1, test_size=0.4, progress=True).methods == ("mot",)
    assert mot.hierarchy_null(layers, layers, n_permutations=2, progress=True).observed <= 1
    curve = mot.subsample_curve(layers, layers, [1.0], methods=["mot"], splits=1, test_size=0.4, progress=True)
    assert len(curve.fractions) == 1


def test_all_bars_are_made_in_one_place():
    package = Path(mot.__file__).parent
    assert [file.name for file in package.rglob("*.py") if "import tqdm" in file.read_text(encoding="utf-8")] == [
        "progress.py"
    ]
