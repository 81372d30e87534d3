"""How much memory an alignment may take, and how it shares it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

BYTES_PER_COST = 4
MOST_KEPT = 2**28
"""Bytes of standardized layers that are kept in any case: more would hardly save time, as they are quickly made."""

_CGROUP_FILES = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available() -> int:
    """Bytes that this process may still use: what the system has left, or its control group if that is less."""
    free = [int(psutil.virtual_memory().available)]
    for limit, usage in _CGROUP_FILES:
        try:
            free.append(int(Path(limit).read_text()) - int(Path(usage).read_text()))
        except (OSError, ValueError):  # no such control group, or "max": no limit
            continue
    return max(0, min(free))


@dataclass(frozen=True)
class Budget:
    """Shares of a memory limit in bytes."""

    limit: int

    @property
    def layers(self) -> int:
        """Standardized layers of the one network that is held while the other passes by."""
        return min(MOST_KEPT, self.limit // 4)

    @property
    def costs(self) -> int:
        """Costs (their number) of one pair of layers, of those that one thread each works on."""
        return self.limit // 16 // BYTES_PER_COST

    @property
    def costs_alone(self) -> int:
        """Costs of one pair of layers that all threads work on; larger ones are computed anew when they are needed."""
        return self.limit // 2 // BYTES_PER_COST

    def n_threads(self, wanted: int, largest_pair: int) -> int:
        """Threads that may hold a pair of so many costs each at the same time."""
        return max(1, min(wanted, self.costs_alone // max(1, min(largest_pair, self.costs))))


def blocks(sizes: Sequence[int], most: int, at_least: int = 1) -> Iterator[range]:
    """Consecutive ranges of items whose sizes sum to `most` at most, or of `at_least` items."""
    first, total = 0, 0
    for item, size in enumerate(sizes):
        if item - first >= at_least and total + size > most:
            yield range(first, item)
            first, total = item, 0
        total += size
    yield range(first, len(sizes))
