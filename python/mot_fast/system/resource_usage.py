"""Seconds and memory that a piece of work takes, measured while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

INTERVAL = 0.003
"""Seconds between two measurements of the memory."""


@dataclass
class ResourceUsage:
    """Seconds and memory that a piece of work took."""

    seconds: float = 0.0
    """Elapsed time, by the clock on the wall."""
    initial_bytes: int = 0
    """Resident memory of the process when it began."""
    highest_bytes: int = 0
    """Largest resident memory that was seen from its beginning to its end."""

    @property
    def peak_bytes(self) -> int:
        """Largest resident memory that was seen, less the memory at the beginning."""
        return self.highest_bytes - self.initial_bytes

    def then(self, later: ResourceUsage) -> ResourceUsage:
        """The usage of this piece of work followed by a later one, without the time in between."""
        highest = max(self.highest_bytes, later.highest_bytes)
        return ResourceUsage(self.seconds + later.seconds, self.initial_bytes, highest)


@contextmanager
def measure_usage() -> Iterator[ResourceUsage]:
    """Measure the block that runs inside; the usage is complete when the block is left, by an exception too.

    The memory is that of the whole process, sampled by a thread every few milliseconds: a shorter peak may be missed,
    and so may a peak inside compiled code that holds the interpreter's lock. Memory that was freed earlier but never
    returned to the system is reused unseen, so that the figure may be lower than in a fresh process; code that is
    loaded for the first time counts as well.

    Examples
    --------
    >>> with measure_usage() as usage:
    ...     total = sum(range(1000))
    >>> usage.seconds > 0 and usage.peak_bytes >= 0
    True
    """
    import psutil

    process = psutil.Process()
    is_over = threading.Event()
    usage = ResourceUsage(initial_bytes=process.memory_info().rss)

    def sample() -> None:
        usage.highest_bytes = max(usage.highest_bytes, process.memory_info().rss)

    def keep_sampling() -> None:
        while not is_over.wait(INTERVAL):
            sample()

    usage.highest_bytes = usage.initial_bytes
    sampler = threading.Thread(target=keep_sampling, name="memory sampler", daemon=True)
    sampler.start()
    began = perf_counter()
    try:
        yield usage
    finally:
        usage.seconds = perf_counter() - began
        is_over.set()
        sampler.join()
        sample()
