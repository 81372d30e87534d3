"""Times mot_fast against POT, SciPy and lap, each on one thread, checks every answer, and holds the ratios to targets.

    python bench/run.py --data FOLDER

FOLDER holds recordings as `problems/layers.py` describes them; without it, the bundled and synthetic problems run.
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
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import scipy.linalg.cython_blas  # noqa: F401  the BLAS that mot_fast uses; a limit binds only what is loaded
from threadpoolctl import threadpool_limits

from harness.report import environment, environment_lines, table
from harness.targets import Verdict, judged, target_rows
from problems.cases import PLAIN, Grid, cases, grids, grids_beyond_memory, small_grid
from suites.alignments import align_here, align_rows, memory_rows, remark, time_align
from suites.clusters import check_model, model_rows, scaling_rows, scheduler_rows, time_scaling, weigh_scheduler
from suites.drop_ins import drop_in_rows, drop_in_verdicts, time_drop_ins
from suites.imports import import_rows, import_verdicts, time_imports
from suites.rotations import grid_rows, grid_verdicts, rotation_rows, time_grid, time_rotations
from suites.trajectories import align_whole_runs, time_trajectories, trajectory_rows, whole_run_rows
from suites.transports import solver_rows, time_solvers

MAX_ALIGN_REPEATS = 3


@dataclass(frozen=True)
class Section:
    """What was measured, for the JSON file; tables of it; remarks; and verdicts."""

    found: Any
    tables: Sequence[list[list[str]]] = ()
    remarks: Sequence[str] = ()
    verdicts: Sequence[Verdict] = ()


def main() -> None:
    """Time everything, print the tables, write the figures."""
    options = arguments()
    threadpool_limits(1)
    if options.child:
        name, way = options.child
        grid = next(grid for grid in (*grids(options.data), *grids_beyond_memory()) if grid.name == name)
        print(json.dumps(asdict(align_here(grid, way))))
        return
    found: dict[str, Any] = {"environment": environment(), "targets": []}
    print(*environment_lines(found["environment"]), sep="\n")
    if not options.data:
        print("no --data: only the bundled and the synthetic problems run")
    print()
    # Alignments first, while this process is small: a child's peak memory starts at its parent's.
    for name, measure in {
        "aligns": _aligns,
        "transports": _transports,
        "drop-ins": _drop_ins,
        "rotations": _rotations,
        "trajectories": _trajectories,
        "clusters": _clusters,
        "imports": _imports,
    }.items():
        section = measure(options)
        if section.found:
            texts = [table(rows, options.markdown) for rows in section.tables]
            print(*texts, *(f"{remark}\n" for remark in section.remarks), sep="\n", flush=True)
            found[name] = section.found
            found["targets"] += map(asdict, section.verdicts)
            if options.json:
                options.json.write_text(json.dumps(found, indent=1) + "\n")
    if len(found) == 2:
        sys.exit(f"no problem has {options.only!r} in its name")
    if found["targets"]:
        print(table(target_rows([Verdict(**verdict) for verdict in found["targets"]]), options.markdown))


def _aligns(options: argparse.Namespace) -> Section:
    child = [sys.executable, __file__, *(["--data", str(options.data)] if options.data else []), "--child"]
    wanted: list[Grid] = [small_grid()] if options.quick else [*grids(options.data)]
    if options.beyond_memory:
        wanted += grids_beyond_memory()
    wholes, verdicts = [], []
    for grid in wanted:
        if _is_wanted(f"align {grid.name}", options):
            wholes.append(time_align(grid, child, min(options.repeats, MAX_ALIGN_REPEATS)))
            verdicts += judged(f"align {grid.name}", wholes[-1].figures(), grid.targets)
    compared = [whole for whole in wholes if PLAIN in whole.runs]
    alone = [whole for whole in wholes if PLAIN not in whole.runs]
    tables = [align_rows(whole) for whole in compared] + ([memory_rows(alone)] if alone else [])
    remarks = [f"{whole.grid}: {remark(whole)}" for whole in compared]
    return Section([asdict(whole) for whole in wholes], tables, remarks, verdicts)


def _transports(options: argparse.Namespace) -> Section:
    timings, verdicts = [], []
    for case in cases(options.data):
        if (case.is_small or not options.quick) and _is_wanted(case.name, options):
            print(f"{case.name} ...", file=sys.stderr)
            timings.append(time_solvers(case, options.repeats))
            verdicts += judged(timings[-1].work(), timings[-1].figures(), case.targets)
    remarks = [remark for timing in timings for remark in timing.remarks]
    tables = [solver_rows(timings)] if timings else []
    return Section([asdict(timing) for timing in timings], tables, remarks, verdicts)


def _drop_ins(options: argparse.Namespace) -> Section:
    if not _is_wanted("drop-ins", options):
        return Section([])
    print("drop-ins ...", file=sys.stderr)
    timings, remarks = time_drop_ins(options.repeats)
    return Section([asdict(timing) for timing in timings], [drop_in_rows(timings)], remarks, drop_in_verdicts(timings))


def _rotations(options: argparse.Namespace) -> Section:
    if not _is_wanted("rotations", options):
        return Section([])
    print("rotations ...", file=sys.stderr)
    rotations = [*time_rotations(options.data, is_quick=options.quick, n_repeats=min(options.repeats, 3))]
    verdicts = [v for rotation in rotations for v in judged(rotation.work, rotation.figures(), rotation.targets)]
    found, tables = [asdict(rotation) for rotation in rotations], [rotation_rows(rotations)]
    if options.data and not options.quick:
        grid = time_grid(options.data)
        found.append(asdict(grid))
        tables.append(grid_rows(grid))
        verdicts += grid_verdicts(grid)
    return Section(found, tables, (), verdicts)


def _trajectories(options: argparse.Namespace) -> Section:
    if not _is_wanted("trajectories", options):
        return Section([])
    print("trajectories ...", file=sys.stderr)
    sample = time_trajectories(options.data, min(options.repeats, 3))
    found, tables = [asdict(sample)], [trajectory_rows(sample)]
    if options.data and options.whole_runs:
        whole = align_whole_runs(options.data, n_threads=2)
        found.append(asdict(whole))
        tables.append(whole_run_rows(whole))
    return Section(found, tables, (), judged(sample.work, sample.figures(), sample.targets))


def _clusters(options: argparse.Namespace) -> Section:
    if not _is_wanted("clusters", options):
        return Section([])
    print("clusters ...", file=sys.stderr)
    scaling = time_scaling(options.data, min(options.repeats, 3), is_quick=options.quick)
    modelled, scheduled = check_model(is_quick=options.quick), weigh_scheduler(is_quick=options.quick)
    tables = [scaling_rows(scaling), model_rows(modelled), scheduler_rows(scheduled)]
    verdicts = [] if options.quick else judged(scaling.work, scaling.figures(), scaling.targets)
    return Section([*map(asdict, (scaling, *modelled, *scheduled))], tables, (), verdicts)


def _imports(options: argparse.Namespace) -> Section:
    if not _is_wanted("imports", options):
        return Section({})
    seconds = time_imports(options.repeats)
    return Section(seconds, [import_rows(seconds)], (), import_verdicts(seconds))


def _is_wanted(name: str, options: argparse.Namespace) -> bool:
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
        help=f"runs of each solver (5), of align {MAX_ALIGN_REPEATS} at most, of what takes long one",
    )
    parser.add_argument(
        "--beyond-memory", action="store_true", help="also align pairs of layers whose costs do not fit (many minutes)"
    )
    parser.add_argument(
        "--whole-runs", action="store_true", help="also align all 154 x 154 checkpoints of two training runs (minutes)"
    )
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="problems with this in their name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the seconds of every run there")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
