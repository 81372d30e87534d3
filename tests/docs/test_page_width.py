"""Code on the pages is no wider than their column, so that nobody has to scroll to read it."""

from __future__ import annotations

import pytest

from support.pages import PAGES, ROOT, code

WIDTH = 88
"""Letters of code in a column of the site's theme, at the size of its code."""
GALLERY = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "examples" / "gallery").glob("*.py"))


def too_wide(text: str) -> list[str]:
    # The test command must be one line: it is read by a program, from README.
    return [line for line in text.splitlines() if len(line) > WIDTH and not line.endswith("bin/pytest -n auto")]


@pytest.mark.parametrize("page", PAGES)
def test_code_on_a_page_fits_its_column(page):
    assert [line for _, text in code(page) for line in too_wide(text)] == []


@pytest.mark.parametrize("script", GALLERY)
def test_a_script_of_the_gallery_fits_its_column(script):
    assert too_wide((ROOT / script).read_text(encoding="utf-8")) == []
