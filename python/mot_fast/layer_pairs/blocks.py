"""Blocks of pairs of layers: how pairs are cut into blocks, and the tasks that workers are given.

A block is all pairs of some source and some target layers. How the pairs are cut depends on the layers alone, so that a
later run cuts alike and finds its blocks again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic

from mot_fast import _validate
from mot_fast._validate import Array
from mot_fast.layer_pairs.block_store import Store, block_key
from mot_fast.layer_pairs.layer_cache import LayerScan, StoredNetwork, check_unchanged, ready, scan_layers
from mot_fast.layer_pairs.pair_work import PairWork, ResourceNeeds, ResultFormat, seconds_sizes
from mot_fast.layer_pairs.pairs import Preparation, Prepared, Prepared_co, Result
from mot_fast.layer_pairs.resources import budget_of
from mot_fast.networks.network import Network
from mot_fast.system import memory
from mot_fast.system.blas import one_blas_thread

MOST_SECONDS = 4.0
"""Seconds that a block should take on one thread: long beside what it costs to hand it out, short beside a run."""
LEAST_SECONDS = 0.5
"""Seconds that a block of a short run should take on one thread."""
N_BLOCKS = 32
"""Number of blocks of a run that is neither long nor short: enough for a few workers to end at the same time."""


def seconds_per_block(seconds: float) -> float:
    """The seconds that a block should take, of a run that takes so many."""
    return min(MOST_SECONDS, max(LEAST_SECONDS, seconds / N_BLOCKS))


def cut_into_blocks(networks: tuple[Network, Network], work: ResourceNeeds) -> Iterator[tuple[range, range]]:
    """Cut all pairs of layers into blocks that take about as long, by an estimate that is the same on all machines.

    Yields
    ------
    (range, range)
        Positions of the source layers and of the target layers of a block.
    """
    sizes = [seconds_sizes(network, work) for network in networks]
    side = math.sqrt(seconds_per_block(sum(sizes[0]) * sum(sizes[1])))
    for rows in memory.blocks(sizes[0], side):
        for columns in memory.blocks(sizes[1], side):
            yield rows, columns


@dataclass(frozen=True)
class StoredBlock(Generic[Result]):
    """The packed result of a block in a store, which may hold it already, or is going to."""

    store: Store
    source: StoredNetwork
    """The block's source layers."""
    target: StoredNetwork
    """The block's target layers."""
    format: ResultFormat[Result]
    memory_limit: int | None

    @property
    def key(self) -> str:
        """The key under which the block is stored."""
        # Where costs do not fit into memory, another of several plans of the same cost may be found.
        parameters = {**self.format.identity(), "memory_limit": self.memory_limit}
        return block_key(parameters, self.source.digests, self.target.digests)

    def find(self, *, is_silent: bool) -> dict[str, Array] | None:
        """The packed result if the store holds a valid one; unless silent, a damaged block is warned of."""
        most_bytes = self.format.most_bytes((self.source.network, self.target.network))
        return self.store.get(self.key, self.check, most_bytes=most_bytes, is_silent=is_silent)

    def put(self, arrays: dict[str, Array]) -> None:
        """Store the packed result."""
        self.store.put(self.key, arrays)

    def check(self, arrays: dict[str, Array]) -> None:
        """Raise `ValueError` if masses, proofs or a sample of the activations show that arrays are not this block's."""
        self.format.check(arrays, (self.source.network, self.target.network), budget_of(self.memory_limit))


@dataclass(frozen=True)
class BlockTask(Generic[Prepared, Result]):
    """All that a worker needs to solve a block: where its layers are, not their activations."""

    rows: range
    """Positions of the block's source layers."""
    columns: range
    """Positions of the block's target layers."""
    source: StoredNetwork
    target: StoredNetwork
    work: PairWork[Prepared, Result]
    n_threads: int
    memory_limit: int | None
    store: Store | None

    @property
    def stored(self) -> StoredBlock[Result] | None:
        """The block in the store; None without a store."""
        if self.store is None:
            return None
        return StoredBlock(self.store, self.source, self.target, self.work, self.memory_limit)


def solve_block(task: BlockTask[Prepared, Result]) -> dict[str, Array]:
    """Solve a block, store its packed result if there is a store, and return it."""
    stored = task.stored
    if stored is not None and (found := stored.find(is_silent=True)) is not None:
        return found  # another process was faster
    networks = task.source.network, task.target.network
    n_threads = _validate.n_threads(task.n_threads)
    work, budget, n_threads = task.work.within(networks, budget_of(task.memory_limit), n_threads)
    with one_blas_thread:
        layers = ready((task.source, task.target), work.preparation, budget, n_threads)
        arrays = work.pack(work.solve(layers, budget, n_threads, None))
        if work.preparation.is_read_again:
            for each in (task.source, task.target):
                check_unchanged(each, n_threads)
    if stored is not None:
        stored.put(arrays)
    return arrays


@dataclass(frozen=True)
class ScanTask(Generic[Prepared_co]):
    """All that a worker needs to scan some layers of one of the two networks."""

    which: int
    """Which network: 0 for the source, 1 for the target."""
    layers: range
    """Positions of the layers in that network."""
    network: Network
    """The layers alone."""
    preparation: Preparation[Prepared_co]
    n_threads: int
    memory_limit: int | None


def scan(task: ScanTask[Prepared]) -> list[LayerScan]:
    """Scan the layers of a task: validate their activations, and take their statistics and digests."""
    n_threads = _validate.n_threads(task.n_threads)
    return scan_layers(task.network, task.preparation, budget_of(task.memory_limit), n_threads)
