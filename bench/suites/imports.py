"""Times how long the libraries take to load, each in a fresh process."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence

from harness.targets import OURS, Target, Verdict, judged
from harness.turns import turns

MODULES = {
    OURS: "mot_fast",
    "command line": "mot_fast.cli",
    "POT": "ot",
    "SciPy": "scipy.optimize",
    "lap": "lap",
}
LIMIT = Target((OURS,), None, at_least=0.3, aim=0.2)
CODE = "from time import perf_counter; start = perf_counter(); import {}; print(perf_counter() - start)"


def time_imports(n_repeats: int) -> dict[str, list[float]]:
    """Seconds of every import of every library, NumPy's included."""
    seconds: dict[str, list[float]] = {name: [] for name in MODULES}
    for name in turns(seconds, n_repeats):
        command = [sys.executable, "-c", CODE.format(MODULES[name])]
        seconds[name].append(float(subprocess.check_output(command)))
    return seconds


def import_rows(seconds: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """A table of medians."""
    rows = [["import", "ms"]]
    return rows + [[MODULES[name], f"{1e3 * statistics.median(runs):.0f}"] for name, runs in seconds.items()]


def import_verdicts(seconds: Mapping[str, Sequence[float]]) -> list[Verdict]:
    """The median against the limit."""
    return judged("import, seconds", {OURS: statistics.median(seconds[OURS])}, [LIMIT])
