"""Times mot_fast against POT, SciPy and lap, each on one thread, checks every answer, and compares ratios to targets.

    python bench/run.py --data FOLDER

FOLDER holds recordings as `problems/layers.py` describes them; without it, the bundled and synthetic problems run.
"""

from __future__ import annotations

import os

# The libraries read these variables once, when they are loaded.
os.environ.update(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
)

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import scipy.linalg.cython_blas  # noqa: F401  the BLAS of mot_fast, since a limit binds only loaded libraries
from threadpoolctl import threadpool_limits

from harness.report import environment, environment_lines, is_wanted, table
from harness.targets import Verdict, target_rows
from suites import (
    alignments,
    clusters,
    drop_ins,
    families,
    imports,
    many,
    partial,
    points,
    rotations,
    trajectories,
    transports,
    warm_starts,
)

SUITES = {
    # First, while this process is small: the peak memory of a child starts at its parent's.
    "aligns": alignments,
    "transports": transports,
    "families": families,
    "drop-ins": drop_ins,
    "many": many,
    "partial": partial,
    "warm-starts": warm_starts,
    "samples": points,
    "rotations": rotations,
    "trajectories": trajectories,
    "clusters": clusters,
    "imports": imports,
}
CHOOSING = ("aligns", "transports", "families")
"""Suites that choose among their problems by `--only`; the others run completely or not at all."""


def main() -> None:
    """Run every suite that is wanted, print its tables, and write its figures."""
    options = arguments()
    threadpool_limits(1)
    if options.child:
        alignments.run_child(options)
        return
    found: dict[str, Any] = {"environment": environment(), "targets": []}
    print(*environment_lines(found["environment"]), sep="\n")
    if not options.data:
        print("no --data: only the bundled and the synthetic problems run")
    print()
    faults: list[str] = []
    for name, suite in SUITES.items():
        if name not in CHOOSING and not is_wanted(name, options):
            continue
        print(f"{name} ...", file=sys.stderr)
        section = suite.section(options)
        if section.figures:
            texts = [table(rows, options.markdown) for rows in section.tables]
            print(*texts, *(f"{remark}\n" for remark in section.remarks), sep="\n", flush=True)
            found[name] = section.figures
            found["targets"] += map(asdict, section.verdicts)
            faults += section.faults
            if options.json:
                options.json.write_text(json.dumps(found, indent=1) + "\n")
    if len(found) == 2:
        quick = " and is among the small ones that --quick runs" if options.quick else ""
        sys.exit(f"no problem has {options.only!r} in its name{quick}; the suites are {', '.join(SUITES)}")
    if found["targets"]:
        print(table(target_rows([Verdict(**verdict) for verdict in found["targets"]]), options.markdown))
    if faults:
        sys.exit("\n".join(["wrong answers:", *faults]))


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder of recordings")
    parser.add_argument(
        "--quick", action="store_true", help="run small problems only, and align only the bundled networks"
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=5,
        metavar="N",
        help=f"runs of each solver (default: 5); align runs {alignments.MAX_REPEATS} times at most, a long run once",
    )
    parser.add_argument(
        "--beyond-memory",
        action="store_true",
        help="also align pairs of layers whose costs do not fit in memory (many minutes)",
    )
    parser.add_argument(
        "--whole-runs",
        action="store_true",
        help="also align all 154 x 154 checkpoints of two training runs, and transport 100,000 points (minutes)",
    )
    parser.add_argument(
        "--only",
        default="",
        metavar="SUBSTRING",
        help="run only problems and suites with this in their name, or with all parts that + joins",
    )
    parser.add_argument(
        "--lapx", type=Path, metavar="PYTHON", help="Python of an environment with lapx, which cannot be beside lap"
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="add the cells of families to this file, one a line, and measure none that is there",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the seconds of every run to this file")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
