"""Rivals take turns, so that a noisy moment hits all of them, and their runs are timed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

from harness.targets import Target, Verdict, verdicts_on

LONG = 30.0
"""Seconds of a run after which a rival runs no more."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of every run of every rival at the same work, and what they should be."""

    work: str
    seconds: dict[str, list[float]]
    targets: tuple[Target, ...] = ()

    def figures(self) -> dict[str, float]:
        """Median seconds of every rival."""
        return medians(self.seconds)

    def verdicts(self) -> list[Verdict]:
        """Ratios of the medians beside their targets."""
        return verdicts_on(self.work, self.figures(), self.targets)


def medians(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Median of the runs of every rival."""
    return {name: statistics.median(runs) for name, runs in seconds.items()}


def time_in_turns(
    calls: Mapping[str, Callable[[], Answer]], n_repeats: int
) -> tuple[dict[str, list[float]], dict[str, Answer]]:
    """Make every call in turn, several times; return the seconds of all runs, and the last answer of every call."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    answers: dict[str, Answer] = {}
    for name in turns(seconds, n_repeats):
        answers.pop(name, None)  # freeing it takes time too
        started = perf_counter()
        answers[name] = calls[name]()
        seconds[name].append(perf_counter() - started)
    return seconds, answers


def turns(seconds: Mapping[str, Sequence[float]], n_repeats: int) -> Iterator[str]:
    """Names in turn, `n_repeats` times; the caller adds the seconds of each run before it asks for the next name."""
    for _ in range(n_repeats):
        for name, runs in seconds.items():
            if not runs or max(runs) <= LONG:
                yield name


def run_counts(seconds: Mapping[str, Sequence[float]]) -> str:
    """Number of runs of the first rival, and of those by name that have another number."""
    (_, first), *others = seconds.items()
    differing = (f"{name} {len(runs)}" for name, runs in others if len(runs) != len(first))
    return ", ".join([str(len(first)), *differing])
