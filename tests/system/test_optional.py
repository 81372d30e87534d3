from __future__ import annotations

import sys
from pathlib import Path

import pytest

import mot_fast as mot
from mot_fast.system import optional
from support.commands import run_here


def test_a_missing_library_is_named_by_what_an_index_calls_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"^regressions need scikit-learn: pip install scikit-learn$"):
        optional.library("sklearn", "regressions need")


def test_a_library_that_is_there_and_cannot_be_loaded_says_why(tmp_path, monkeypatch):
    (tmp_path / "broken_library.py").write_text("raise ImportError('no libthing.so.3')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"install broken_library \(it could not be loaded: no libthing.so.3\)$"):
        optional.library("broken_library", "all need")


def test_the_command_that_completes_names_its_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    result = run_here("completion", "bash")
    assert (result.returncode, result.stderr) == (1, "mot-fast: completion needs shtab: pip install shtab\n")


def test_no_hint_sends_to_an_index_for_this_package():
    package = Path(mot.__file__).parent
    assert not [file for file in package.rglob("*.py") if "mot_fast[" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("library", ["jinja2", "plotly.offline"])
def test_what_reports_need_is_named(alignment, tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match="reports need plotly and jinja2: pip install plotly jinja2"):
        mot.write_report(alignment, tmp_path / "report.html")
