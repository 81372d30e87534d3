"""Seconds and memory that a piece of work takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

INTERVAL = 0.003
"""Seconds between two looks at the memory."""


@dataclass
class Usage:
    """What a piece of work took."""

    seconds: float = 0.0
    """By the clock on the wall."""
    initial_bytes: int = 0
    """Resident memory of the process when it began."""
    highest_bytes: int = 0
    """The most that was seen from then to its end."""

    @property
    def peak_bytes(self) -> int:
        """The most that was seen over what was there when it began."""
        return self.highest_bytes - self.initial_bytes

    def then(self, later: Usage) -> Usage:
        """Of this piece of work followed by another one, whatever else was done in between."""
        highest = max(self.highest_bytes, later.highest_bytes)
        return Usage(self.seconds + later.seconds, self.initial_bytes, highest)


@contextmanager
def measured() -> Iterator[Usage]:
    """Measure what runs inside; the usage is complete when the block is left, by an exception too.

    Memory is that of the whole process, sampled by a thread every few milliseconds: a peak that is shorter may be
    missed, and so may one inside compiled code that holds the interpreter's lock. Memory that was freed before but
    never given back to the system is taken again unseen, so that the work may show less than it takes in a fresh
    process; code that is loaded for the first time counts as well.

    Examples
    --------
    >>> with measured() as usage:
    ...     total = sum(range(1000))
    >>> usage.seconds > 0 and usage.peak_bytes >= 0
    True
    """
    import psutil

    process = psutil.Process()
    is_over = threading.Event()
    usage = Usage(initial_bytes=process.memory_info().rss)

    def look() -> None:
        usage.highest_bytes = max(usage.highest_bytes, process.memory_info().rss)

    def keep_looking() -> None:
        while not is_over.wait(INTERVAL):
            look()

    usage.highest_bytes = usage.initial_bytes
    sampler = threading.Thread(target=keep_looking, name="memory sampler", daemon=True)
    sampler.start()
    began = perf_counter()
    try:
        yield usage
    finally:
        usage.seconds = perf_counter() - began
        is_over.set()
        sampler.join()
        look()
