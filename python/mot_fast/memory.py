"""How much memory an alignment may take, and how it shares it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BYTES_PER_COST = 4
MOST_HELD = 2**28
"""Bytes of standardized layers that are held at most: more would hardly save time, as they are quickly made."""

_PROCESS_GROUPS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
_GROUP_FILES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""By version of control groups: a group's limit, its usage, and the entry of its `memory.stat` for what of that usage
are cached files, which make room when they have to."""


def shown(n_bytes: int) -> str:
    """So many bytes as people read them."""
    unit, size = ("GiB", 2**30) if n_bytes >= 2**28 else ("MiB", 2**20)
    return f"{n_bytes / size:.3g} {unit}"


def available() -> int:
    """Bytes that this process may still use: what the system has left, or any of its control groups if that is less."""
    import psutil

    free = [int(psutil.virtual_memory().available)]
    for version, group in _control_groups():
        limit, usage, cached = _GROUP_FILES[version]
        try:
            used = int((group / usage).read_text()) - _statistic(group / "memory.stat", cached)
            free.append(int((group / limit).read_text()) - used)
        except (OSError, ValueError):  # not seen from here, or "max": no limit
            continue
    return max(0, min(free))


def _control_groups() -> Iterator[tuple[int, Path]]:
    """Version and folder of every group that holds this process, the outermost last."""
    try:
        lines = _PROCESS_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version, root = (1, _GROUPS / "memory") if controllers else (2, _GROUPS)
        group = root / path.strip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(root):
                yield version, folder


def _statistic(file: Path, name: str) -> int:
    entries = (line.split() for line in file.read_text().splitlines())
    return next((int(value) for entry, value in entries if entry == name), 0)


@dataclass(frozen=True)
class Budget:
    """Shares of a memory limit in bytes."""

    limit: int

    @property
    def layers(self) -> int:
        """Standardized layers of the one network that is held while the other passes by, or of both together."""
        return min(MOST_HELD, self.limit // 4)

    @property
    def passing(self) -> int:
        """Standardized layers of the network that passes by, if more than one at a time are wanted."""
        return self.limit // 4

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


def blocks(sizes: Sequence[float], enough: float, wanted: int = 1, most: float | None = None) -> Iterator[range]:
    """Consecutive ranges of items: as many as sum to `enough`, or `wanted` ones, but `most` in sum where that is less.

    An item that is larger than that comes alone.
    """
    first, total = 0, 0.0
    for item, size in enumerate(sizes):
        has_enough = item - first >= wanted and total + size > enough
        if item > first and (has_enough or (most is not None and total + size > most)):
            yield range(first, item)
            first, total = item, 0.0
        total += size
    yield range(first, len(sizes))
