"""The memory that is left on the machine, and the shares of it that the parts of an alignment may take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

BYTES_PER_COST = 4
"""Bytes of one cost, which the core keeps in single precision."""
MOST_HELD = 2**28
"""Largest number of bytes of standardized layers held: more would hardly save time, as they are quickly made."""

ALWAYS = 2**24
"""Bytes that a pair of layers may always take, however low the limit: about as much as libraries take in a process."""
ALWAYS_COSTS = 2**18
"""Number of costs of a pair of layers that are always kept, so that no limit changes how small pairs are solved."""
BYTES_PER_UNIT = 8000
"""Bytes that the candidates, their prices and the plan of a pair take for each unit of both layers: measured where most
units are copies of others; layers of networks take half of it."""
LEAST_ROWS = 8
"""Least number of rows of costs that are computed at once, with copies of their units."""

_PROCESS_GROUPS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
_GROUP_FILES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""For each version of control groups: the files of a group's limit and of its usage, and the entry of `memory.stat`
that counts cached files, which are part of the usage but make room when they have to."""


def format_bytes(n_bytes: int) -> str:
    """A number of bytes as text, in MiB or GiB."""
    unit, size = ("GiB", 2**30) if n_bytes >= 2**28 else ("MiB", 2**20)
    return f"{n_bytes / size:.3g} {unit}"


def available() -> int:
    """Bytes that this process may still use: the least that the system and each of its control groups have left."""
    import psutil

    free = [int(psutil.virtual_memory().available)]
    for version, group in _control_groups():
        limit, usage, cached = _GROUP_FILES[version]
        try:
            used = int((group / usage).read_text()) - _statistic(group / "memory.stat", cached)
            free.append(int((group / limit).read_text()) - used)
        except (OSError, ValueError):  # the files cannot be seen from here, or say "max": no limit
            continue
    return max(0, min(free))


def _control_groups() -> Iterator[tuple[int, Path]]:
    """Version and folder of every control group that holds this process, the outermost last."""
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
    """A memory limit in bytes, and the shares of it that the parts of an alignment may take."""

    limit: int
    needed: int = 0
    """Bytes that the largest pair of layers takes in any case; everything else shares the rest."""

    def less(self, needed: int) -> Budget:
        """The budget of an alignment whose largest pair of layers takes `needed` bytes in any case."""
        return replace(self, needed=needed)

    @property
    def free(self) -> int:
        """Bytes beside those that the largest pair of layers takes in any case."""
        return max(0, self.limit - self.needed)

    @property
    def layers(self) -> int:
        """Bytes of prepared layers of the network that is held while the other passes by, or of both together."""
        return min(MOST_HELD, self.free // 4)

    @property
    def passing(self) -> int:
        """Bytes of prepared layers of the network that passes by, if more than one at a time are wanted."""
        return self.free // 8

    @property
    def cached(self) -> int:
        """Bytes of prepared layers that are kept for the next block of pairs."""
        return min(MOST_HELD, self.free // 8)

    @property
    def costs(self) -> int:
        """Number of costs that one of several pairs of layers may keep, each of which one thread works on."""
        return max(ALWAYS_COSTS, self.limit // 16 // BYTES_PER_COST)

    def costs_of_pair(self, needed: int) -> int:
        """Number of costs that a pair may keep which takes `needed` bytes in any case; others are computed repeatedly.

        It depends neither on the other layers nor on the number of threads, so that the result does not either.
        """
        return max(ALWAYS_COSTS, (self.limit - needed) // 2 // BYTES_PER_COST)

    def n_threads(self, wanted: int, largest_pair: int, n_units: int = 0) -> int:
        """Number of threads that may each hold a pair of `largest_pair` costs and `n_units` units at the same time."""
        each = BYTES_PER_COST * max(1, min(2 * largest_pair, self.costs)) + BYTES_PER_UNIT * n_units
        return max(1, min(wanted, (self.free // 2 + BYTES_PER_UNIT * n_units) // each))


def needed_by_transport(n_stimuli: int, n: int, m: int) -> int:
    """Bytes that the transport between two layers takes in any case: both layers, standardized, and the solver."""
    layers = BYTES_PER_COST * n_stimuli * (n + m)
    return layers + BYTES_PER_UNIT * (n + m) + LEAST_ROWS * (2 * BYTES_PER_COST * m + BYTES_PER_COST * n_stimuli)


def needed_by_scores(n_stimuli: int, n: int, m_all: int, n_weights: int = 1) -> int:
    """Bytes that the scores of a layer of n units take, predicted from `m_all` units by `n_weights` layer weights."""
    return 8 * n_stimuli * (m_all + (n_weights + 8) * n)


def blocks(sizes: Sequence[float], enough: float, wanted: int = 1, most: float | None = None) -> Iterator[range]:
    """Cut items into consecutive ranges, each of about a given total size.

    A range has at least `wanted` items, and as many as sum to `enough`, but its sum does not exceed `most`. An item
    that is larger than these comes alone.
    """
    first, total = 0, 0.0
    for item, size in enumerate(sizes):
        has_enough = item - first >= wanted and total + size > enough
        if item > first and (has_enough or (most is not None and total + size > most)):
            yield range(first, item)
            first, total = item, 0.0
        total += size
    yield range(first, len(sizes))
