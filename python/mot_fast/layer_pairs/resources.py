"""The resources that a run over pairs of layers may use: threads, memory, an executor and a store."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mot_fast import _validate
from mot_fast._core import processors
from mot_fast.layer_pairs.block_store import Store
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.system import memory
from mot_fast.system.executor import n_threads_per_task, validated_executor


@dataclass(frozen=True)
class Resources:
    """Threads, memory, executor and store of a run."""

    n_threads: int
    memory_limit: int | None = None
    """Bytes that the run may take; with an executor, bytes that each worker may take."""
    executor: Executor | None = None
    store: Store | None = None

    @classmethod
    def of(
        cls,
        n_pairs: int,
        n_jobs: int | None,
        memory_limit: int | None,
        executor: Executor | None,
        store: str | os.PathLike[str] | None,
    ) -> Resources:
        """Validate the arguments of `mot_fast.align` that concern resources, for a run over so many pairs of layers."""
        workers = validated_executor(executor)
        n_threads = n_threads_per_task(n_jobs, workers)
        if memory_limit is not None:
            memory_limit = _validate.memory_limit(memory_limit, 0)
        return cls(
            n_threads=min(n_threads, max(n_pairs, processors())),
            memory_limit=memory_limit,
            executor=workers,
            store=None if store is None else Store(Path(_validate.path(store, "store")).absolute()),
        )

    @property
    def is_plain(self) -> bool:
        """Whether everything is done in this process, in one go, and nothing is stored."""
        return self.executor is None and self.store is None

    @property
    def limits(self) -> dict[str, Any]:
        """Arguments of `mot_fast.align` for an alignment in a worker's task; no result depends on them."""
        return {"n_jobs": self.n_threads, "store": None if self.store is None else self.store.folder}

    @property
    def budget(self) -> Budget:
        """The memory budget of this process."""
        return budget_of(self.memory_limit)


def budget_of(memory_limit: int | None) -> Budget:
    """The memory budget of this process; without a limit it depends on the memory that is free now."""
    return Budget(_validate.memory_limit(memory_limit, memory.available()))
