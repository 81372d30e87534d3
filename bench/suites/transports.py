"""Suite of transports: every solver gets the same cost matrix, and every answer is checked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from time import perf_counter, process_time

from harness.answers import check_answers
from harness.report import Section, is_wanted
from harness.targets import OURS
from harness.turns import Timing, run_counts, time_in_turns
from problems.cases import Case, cases
from rivals import ASSIGNMENT_SOLVERS, SOLVERS, uniform

SMALL_SIZE, SMALL_REPEATS = 10_000, 20
"""Number of costs up to which a problem takes less than a millisecond, and how many times as often it then runs."""


@dataclass(frozen=True, kw_only=True)
class TransportTiming(Timing):
    """Timing of one problem, with its size, the share of a core that the runs had, and remarks on the answers."""

    case: str
    family: str
    shape: tuple[int, int]
    core_share: float
    remarks: list[str]

    def size(self) -> str:
        """Rows and columns."""
        return " x ".join(map(str, self.shape))


def section(options: argparse.Namespace) -> Section:
    """Time the solvers on every problem that is wanted."""
    timings = []
    for case in cases(options.data):
        if (case.is_small or not options.quick) and is_wanted(f"transports, {case.name}", options):
            print(f"{case.name} ...", file=sys.stderr)
            timings.append(time_solvers(case, options.repeats))
    return Section(
        [asdict(timing) for timing in timings],
        [solver_rows(timings)] if timings else [],
        [remark for timing in timings for remark in timing.remarks],
        [verdict for timing in timings for verdict in timing.verdicts()],
    )


def time_solvers(case: Case, n_repeats: int) -> TransportTiming:
    """Run all solvers in turn, several times, and compare every answer with ours, which must be proven."""
    cost = case.cost()
    solvers = SOLVERS | (ASSIGNMENT_SOLVERS if cost.shape[0] == cost.shape[1] else {})
    wall_start, cpu_start = perf_counter(), process_time()
    calls = {name: partial(solve, cost) for name, solve in solvers.items()}
    seconds, answers = time_in_turns(calls, n_repeats * (SMALL_REPEATS if cost.size <= SMALL_SIZE else 1))
    return TransportTiming(
        work=f"{case.name}, {' x '.join(map(str, cost.shape))}",
        seconds=seconds,
        targets=case.targets,
        core_share=(process_time() - cpu_start) / (perf_counter() - wall_start),
        case=case.name,
        family=case.family,
        shape=cost.shape,
        remarks=check_answers(case.name, cost, uniform(cost), answers),
    )


def solver_rows(timings: Sequence[TransportTiming]) -> list[list[str]]:
    """Table of medians in milliseconds, with ratios to ours."""
    rivals = [name for name in SOLVERS | ASSIGNMENT_SOLVERS if name != OURS]
    heads = [f"{name} {what}" for name in rivals for what in ("ms", "ratio")]
    rows = [["problem", "size", f"{OURS} ms", *heads, "runs", "share of a core"]]
    for timing in timings:
        figures, cells = timing.figures(), []
        for name in rivals:
            if name in figures:
                cells += [f"{1e3 * figures[name]:.2f}", f"{figures[name] / figures[OURS]:.2f}"]
            else:
                cells += ["", ""]
        cells += [run_counts(timing.seconds), f"{timing.core_share:.0%}"]
        rows.append([timing.case, timing.size(), f"{1e3 * figures[OURS]:.2f}", *cells])
    return rows
