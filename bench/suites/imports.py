"""Suite of imports: seconds that the libraries take to load, each in a fresh process."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence

from harness.report import Section
from harness.targets import OURS, Target, verdicts_on
from harness.turns import medians, turns

MODULES = {
    OURS: "mot_fast",
    "command line": "mot_fast.cli",
    "POT": "ot",
    "SciPy": "scipy.optimize",
    "lap": "lap",
}
LIMIT = Target((OURS,), None, at_least=0.3, aim=0.2)
CODE = "from time import perf_counter; start = perf_counter(); import {}; print(perf_counter() - start)"


def section(options: argparse.Namespace) -> Section:
    """Time all imports."""
    seconds = time_imports(options.repeats)
    verdicts = verdicts_on("import, seconds", {OURS: medians(seconds)[OURS]}, [LIMIT])
    return Section(seconds, [import_rows(seconds)], (), verdicts)


def time_imports(n_repeats: int) -> dict[str, list[float]]:
    """Seconds of every import of every library, with the libraries that it loads."""
    seconds: dict[str, list[float]] = {name: [] for name in MODULES}
    for name in turns(seconds, n_repeats):
        command = [sys.executable, "-c", CODE.format(MODULES[name])]
        seconds[name].append(float(subprocess.check_output(command)))
    return seconds


def import_rows(seconds: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """Table of medians."""
    rows = [["import", "ms"]]
    return rows + [[MODULES[name], f"{1e3 * median:.0f}"] for name, median in medians(seconds).items()]
