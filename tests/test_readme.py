"""What the README says is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore:some units are constant")
def test_the_python_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "run.mot").exists()


def test_the_demo_prints_what_is_shown(tmp_path):
    def comparable(text):
        lines = (line.rstrip() for line in text.strip().splitlines())
        text = "\n".join(line for line in lines if "written to" not in line)
        text = re.sub(r"in \d+\.\d\d s", "in some time", text)
        # Below 1e-12 rounding alone speaks, and differs between processors.
        return re.sub(r"\d\.\de-1\d", "tiny", text).strip()

    shown = blocks("text")[0]
    command = Path(sys.executable).with_name("mot-fast")
    result = subprocess.run([command, "demo"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert comparable(result.stdout) == comparable(shown)
