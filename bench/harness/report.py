"""The output of a run: sections of tables and remarks, and the machine they come from."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from harness.targets import Verdict


@dataclass(frozen=True)
class Section:
    """Results of one suite: figures for the JSON file, which are empty if nothing ran, tables, remarks, and verdicts.

    Faults are wrong answers of ours, with which the run goes on and fails at its end.
    """

    figures: Any
    tables: Sequence[list[list[str]]] = ()
    remarks: Sequence[str] = ()
    verdicts: Sequence[Verdict] = ()
    faults: Sequence[str] = ()


def is_wanted(name: str, options: argparse.Namespace) -> bool:
    """Whether the user asks for the problem or suite of this name, which must have every part of `--only`."""
    return all(part in name.lower() for part in options.only.lower().split("+"))


def table(rows: Sequence[Sequence[str]], is_markdown: bool) -> str:
    """Rows as text, the first one the head; the first column is aligned left, the others right."""
    if is_markdown:
        rows = [rows[0], ["---", *("---:" for _ in rows[0][1:])], *rows[1:]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        lines.append(f"| {' | '.join(cells)} |" if is_markdown else "  ".join(cells).rstrip())
    return "\n".join([*lines, ""])


def environment() -> dict[str, Any]:
    """Processor, versions, and the kernels of each BLAS."""
    return {
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("mot_fast", "numpy", "scipy", "POT", "lap")},
        "blas": [
            # The folder distinguishes numpy's copy from scipy's.
            f"{Path(pool['filepath']).parent.name}: {pool['internal_api']} {pool['version']}, "
            f"{pool.get('architecture', 'unknown')} kernels, threads: {pool['num_threads']}"
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        ],
    }


def environment_lines(found: dict[str, Any]) -> list[str]:
    """Lines that print the environment."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return [f"{found['processor']}, {found['cpus']} CPUs", f"Python {found['python']}, {versions}", *found["blas"]]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
