"""Suite of drop-ins: POT's functions and ours on small problems, with the overhead of the call."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from timeit import timeit
from typing import Any

import numpy as np
import ot

from harness.answers import Answer, check_answers
from harness.report import Section
from harness.targets import OURS, Target, Verdict, verdicts_on
from harness.turns import turns
from mot_fast import ot as drop_in
from problems.layers import F64
from rivals import uniform

SIZES = (2, 4, 8, 16, 32, 64, 128)
FUNCTIONS = ("emd", "emd2")
N_SEEDS = 3
BATCH_SECONDS = 4e-3
"""Length of the batches in which calls are timed, about."""
RATIO = f"POT / {OURS}"


@dataclass(frozen=True)
class DropIn:
    """Seconds that a call of one function takes in every batch, on one problem."""

    function: str
    kind: str
    size: int
    seed: int
    seconds: dict[str, list[float]]

    def ratio(self) -> float:
        """POT's median divided by ours."""
        return statistics.median(self.seconds["POT"]) / statistics.median(self.seconds[OURS])


def section(options: argparse.Namespace) -> Section:
    """Time both libraries' functions on all problems."""
    timings, remarks = time_drop_ins(options.repeats)
    return Section([asdict(timing) for timing in timings], [drop_in_rows(timings)], remarks, drop_in_verdicts(timings))


def problems(n: int, seed: int) -> Iterator[tuple[str, F64, list[F64]]]:
    """Costs and masses of several kinds, with the names of the kinds."""
    rng = np.random.default_rng(seed)
    random = rng.random((n, n))
    x, y = rng.standard_normal((2, n, 3))
    squared = ((x[:, None] - y) ** 2).sum(axis=2)
    masses = [mass / mass.sum() for mass in rng.random((2, n))]
    yield "random", random, uniform(random)
    yield "squared Euclidean", squared, uniform(squared)
    yield "squared Euclidean, random masses", squared, masses


def time_drop_ins(n_repeats: int) -> tuple[list[DropIn], list[str]]:
    """Timings of every function on every problem, and remarks on the answers."""
    timings, remarks = [], []
    for size in SIZES:
        for seed in range(N_SEEDS):
            for kind, cost, masses in problems(size, seed):
                remarks += check_answers(f"drop-ins, {kind}, {size} x {size}", cost, masses, _answers(cost, masses))
                for function in FUNCTIONS:
                    seconds = _time_calls(function, (*masses, cost), n_repeats)
                    timings.append(DropIn(function, kind, size, seed, seconds))
    return timings, remarks


def _answers(cost: F64, masses: Sequence[F64]) -> dict[str, Answer]:
    """Answers of both libraries, and the cost alone by our `emd2`."""
    answers = {f"{OURS} emd2": Answer(drop_in.emd2(*masses, cost))}
    for name, library in ((OURS, drop_in), ("POT", ot)):
        plan, log = library.emd(*masses, cost, log=True)
        answers[name] = Answer(log["cost"], plan, log["u"], log["v"], log["warning"])
    return answers


def _time_calls(function: str, arguments: tuple[F64, ...], n_repeats: int) -> dict[str, list[float]]:
    """Seconds a call in every batch, of both libraries in turn."""
    calls: dict[str, Callable[[], Any]] = {
        name: partial(getattr(library, function), *arguments) for name, library in ((OURS, drop_in), ("POT", ot))
    }
    lengths = {name: max(1, int(BATCH_SECONDS / timeit(call, number=1))) for name, call in calls.items()}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for name in turns(seconds, n_repeats):
        seconds[name].append(timeit(calls[name], number=lengths[name]) / lengths[name])
    return seconds


def drop_in_rows(timings: Sequence[DropIn]) -> list[list[str]]:
    """Table of medians over the problems of a size, in microseconds, with the median ratio."""
    names = [OURS, "POT"]
    rows = [
        ["size", *(f"{function} {what}" for function in FUNCTIONS for what in (*(f"{n} µs" for n in names), "ratio"))]
    ]
    for size in SIZES:
        cells = []
        for function in FUNCTIONS:
            chosen = [timing for timing in timings if (timing.function, timing.size) == (function, size)]
            medians = [statistics.median(t for timing in chosen for t in timing.seconds[name]) for name in names]
            cells += [*(f"{1e6 * median:.1f}" for median in medians), f"{_median_ratio(timings, function, size):.2f}"]
        rows.append([f"{size} x {size}", *cells])
    return rows


def drop_in_verdicts(timings: Sequence[DropIn]) -> list[Verdict]:
    """Verdicts on the median ratio of every function and size."""
    target = Target((RATIO,), None, at_least=1, aim=3)
    return [
        verdict
        for function in FUNCTIONS
        for size in SIZES
        for verdict in verdicts_on(
            f"drop-in {function}, {size} x {size}", {RATIO: _median_ratio(timings, function, size)}, [target]
        )
    ]


def _median_ratio(timings: Sequence[DropIn], function: str, size: int) -> float:
    """Median over the problems of one function and size."""
    return statistics.median(timing.ratio() for timing in timings if (timing.function, timing.size) == (function, size))
