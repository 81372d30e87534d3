"""What README and docs say is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages import blocks


@pytest.mark.filterwarnings("ignore:some units are constant")
def test_the_code_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    for code in blocks("README.md", "python"):
        exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "run.mot").exists()


def test_the_demo_prints_what_is_shown(tmp_path):
    def comparable(text):
        lines = (line.rstrip() for line in text.strip().splitlines())
        text = "\n".join(line for line in lines if "written to" not in line)
        text = re.sub(r"in \d+\.\d\d s", "in some time", text)
        # Below 1e-12 rounding alone speaks, and differs between processors.
        return re.sub(r"\d\.\de-1\d", "tiny", text).strip()

    shown = blocks("README.md", "text")[0]
    command = Path(sys.executable).with_name("mot-fast")
    result = subprocess.run([command, "demo"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert comparable(result.stdout) == comparable(shown)


def test_the_code_for_clusters_runs(tmp_path):
    scripts = blocks("docs/clusters.md", "python")
    assert [name for name in ("store=", "ProcessPool", "LocalCluster") if name not in "".join(scripts)] == []
    for k, code in enumerate(scripts):
        (tmp_path / f"script{k}.py").write_text(code, encoding="utf-8")
        subprocess.run([sys.executable, f"script{k}.py"], cwd=tmp_path, capture_output=True, check=True)
    assert list((tmp_path / "finished" / "blocks").iterdir())
