"""Times mot_fast against POT, SciPy and lap, each on one thread, and checks every answer.

    python bench/compare.py --data FOLDER

FOLDER holds recordings as `bench/cases.py` describes them; without it, the bundled and the synthetic problems run.
"""

from __future__ import annotations

import os

# Read once, when the libraries are loaded.
os.environ.update(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
)

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import scipy.linalg.cython_blas  # noqa: F401  the BLAS that mot_fast uses; a limit binds only what is loaded
from threadpoolctl import threadpool_limits

from cases import cases, network_names
from report import environment, environment_lines, table
from solvers import solver_rows, time_solvers
from whole import agreement, align_here, align_rows, time_align

MAX_ALIGN_REPEATS = 3


def main() -> None:
    """Time everything, print the tables, write the figures."""
    options = arguments()
    threadpool_limits(1)
    align_folder = None if options.quick else options.data
    if options.child:
        print(json.dumps(asdict(align_here(options.child, align_folder))))
        return
    found = {"environment": environment()}
    print(*environment_lines(found["environment"]), sep="\n")
    if not options.data:
        print("no --data: only the bundled and the synthetic problems run")
    print()

    # First, while this process is small: a child's peak memory starts at its parent's.
    name = f"align {' x '.join(network_names(align_folder))}"
    if is_wanted(name, options):
        child = [sys.executable, __file__, *(["--data", str(align_folder)] if align_folder else []), "--child"]
        runs = time_align(child, min(options.repeats, MAX_ALIGN_REPEATS))
        print(table(align_rows(name, runs), options.markdown), agreement(runs), "", sep="\n")
        found["align"] = {"case": name, "runs": {way: [asdict(run) for run in runs[way]] for way in runs}}

    timings = []
    for case in cases(options.data):
        if is_wanted(case.name, options) and (case.is_small or not options.quick):
            print(f"{case.name} ...", file=sys.stderr)
            timings.append(time_solvers(case, options.repeats))
    if timings:
        remarks = [f"{timing.case}: {remark}" for timing in timings for remark in timing.remarks]
        print(table(solver_rows(timings), options.markdown), *remarks, sep="\n")
        found["solvers"] = [asdict(timing) for timing in timings]
    if len(found) == 1:
        sys.exit(f"no problem has {options.only!r} in its name")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def is_wanted(name: str, options: argparse.Namespace) -> bool:
    """Whether the problem of this name is to run."""
    return options.only.lower() in name.lower()


def arguments() -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder of recordings")
    parser.add_argument("--quick", action="store_true", help="small problems alone, and align on the bundled networks")
    parser.add_argument(
        "--repeats",
        type=int,
        default=5,
        metavar="N",
        help=f"runs of each solver (5); of align {MAX_ALIGN_REPEATS} at most",
    )
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="problems with this in their name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the seconds of every run there")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
