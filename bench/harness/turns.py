"""Who runs next: rivals take turns, so that a noisy moment hits all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

LONG = 30.0
"""Seconds; what takes longer runs once."""


def turns(seconds: Mapping[str, Sequence[float]], n_repeats: int) -> Iterator[str]:
    """Every name in turn, so many times; the caller adds the seconds of each run before it asks for the next."""
    for _ in range(n_repeats):
        for name, runs in seconds.items():
            if not runs or max(runs) <= LONG:
                yield name


def run_counts(seconds: Mapping[str, Sequence[float]]) -> str:
    """How many runs each median is of, those that differ from the first one's by name."""
    (_, first), *others = seconds.items()
    differing = (f"{name} {len(runs)}" for name, runs in others if len(runs) != len(first))
    return ", ".join([str(len(first)), *differing])
