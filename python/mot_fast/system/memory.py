"""The memory that is left on the machine, and items cut into ranges that fit."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_PROCESS_GROUPS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
_GROUP_FILES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Files of each version of control groups: those of a group's limit and of its usage, and the entry of `memory.stat`
that counts cached files, which are part of the usage but make room when they have to."""


def format_bytes(n_bytes: int) -> str:
    """A number of bytes as text, in MiB or GiB."""
    unit, size = ("GiB", 2**30) if n_bytes >= 2**28 else ("MiB", 2**20)
    return f"{n_bytes / size:.3g} {unit}"


def available() -> int:
    """Bytes that this process may still use: the least that the system and each of its control groups have left."""
    import psutil

    system = psutil.virtual_memory()
    free = [int(system.available)]
    for group in _control_groups():
        try:
            limit = int(group.limit.read_text())
            if limit > 2 * system.total:  # no limit: what is used, no more than the total, leaves more than there is
                continue
            free.append(limit - (int(group.usage.read_text()) - _statistic(group.statistics, group.cached)))
        except (OSError, ValueError):  # the files cannot be seen from here, or say "max": no limit
            continue
    return max(0, min(free))


class _ControlGroup(NamedTuple):
    """Files of a control group, and the entry of its statistics that counts cached files."""

    limit: Path
    usage: Path
    statistics: Path
    cached: str


def _control_groups() -> Sequence[_ControlGroup]:
    """Every control group that holds this process, the outermost last."""
    try:
        return _groups_of(_PROCESS_GROUPS.read_text(), _GROUPS)
    except OSError:
        return ()


@functools.lru_cache(maxsize=1)
def _groups_of(process_groups: str, groups: Path) -> Sequence[_ControlGroup]:
    found = []
    for line in process_groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version, root = (1, groups / "memory") if controllers else (2, groups)
        group, (limit, usage, cached) = root / path.strip("/"), _GROUP_FILES[version]
        for folder in (group, *group.parents):
            if folder.is_relative_to(root):
                found.append(_ControlGroup(folder / limit, folder / usage, folder / "memory.stat", cached))
    return found


def _statistic(file: Path, name: str) -> int:
    entries = (line.split() for line in file.read_text().splitlines())
    return next((int(value) for entry, value in entries if entry == name), 0)


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
