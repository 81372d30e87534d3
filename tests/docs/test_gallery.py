"""The scripts of the gallery run as they stand in an empty folder, and each has a picture and ways on."""

from __future__ import annotations

import re
import runpy

import pytest
from matplotlib import pyplot as plt

from support.pages import ROOT

SCRIPTS = sorted((ROOT / "examples" / "gallery").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", [pytest.param(path, id=path.stem) for path in SCRIPTS])
def test_a_script_draws_and_leaves_no_files(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert plt.get_fignums()  # conftest.py closes them
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", [pytest.param(path, id=path.stem) for path in SCRIPTS])
def test_a_script_leads_on_to_pages_that_are_there(script):
    text = script.read_text(encoding="utf-8")
    pages = re.findall(r":doc:`(?:[^`<]*<)?/([\w/-]+)>?`", text[text.index("# Read on in the documentation:") :])
    assert pages
    assert [page for page in pages if not (ROOT / "docs" / f"{page}.md").exists()] == []
