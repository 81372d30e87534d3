"""Pairs of layers in blocks that are solved one by one, here or by an executor's workers, and kept in a store.

A block is all pairs of some source and some target layers. How the pairs are cut depends on the layers alone, so that a
later run cuts alike and finds its blocks again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Generic

from mot_fast import _validate
from mot_fast._validate import Array
from mot_fast.layer_pairs import layer_cache
from mot_fast.layer_pairs.block_store import Store, block_key
from mot_fast.layer_pairs.layer_cache import (
    StoredNetwork,
    Surveyed,
    check_unchanged,
    ready,
    statistics_of,
    stored,
    survey,
)
from mot_fast.layer_pairs.pairs import PairWork, Part, Preparation, Prepared, Statistics, Whole
from mot_fast.networks.network import Network
from mot_fast.system import atomic_write, memory
from mot_fast.system.blas import one_blas_thread
from mot_fast.system.executor import results_as_completed
from mot_fast.system.memory import Budget

MOST_SECONDS = 4.0
"""That a block should take on one thread: long beside what it costs to hand it out, short beside a run."""
LEAST_SECONDS = 0.5
N_BLOCKS = 32
"""Into which a run is cut that is short: enough for a few workers to end at the same time."""
_SURVEYED_AT_ONCE = 2**24
"""Bytes of prepared layers that a worker is asked to look at in one order."""


@dataclass(frozen=True)
class Resources:
    """What a run may use."""

    n_threads: int
    memory_limit: int | None = None
    """Bytes; of each worker, if there are some."""
    executor: Executor | None = None
    store: Store | None = None

    @property
    def is_plain(self) -> bool:
        """Whether all is done here and now."""
        return self.executor is None and self.store is None

    @property
    def budget(self) -> Budget:
        """Of this process."""
        return budget_of(self.memory_limit)


def budget_of(memory_limit: int | None) -> Budget:
    """Of this process, which is asked anew wherever it runs."""
    return Budget(_validate.memory_limit(memory_limit, memory.available()))


@dataclass(frozen=True)
class Order(Generic[Prepared, Whole]):
    """All that a worker needs to solve a block: where layers are, not what is in them."""

    rows: range
    columns: range
    source: StoredNetwork
    target: StoredNetwork
    work: PairWork[Prepared, Whole]
    n_threads: int
    memory_limit: int | None
    store: Store | None

    @property
    def key(self) -> str:
        """Under which the block is stored."""
        # Of plans that cost the same, another may be found where costs do not fit into memory.
        parameters = {**self.work.identity(), "memory_limit": self.memory_limit}
        return block_key(parameters, self.source.digests, self.target.digests)

    def found(self, store: Store, *, is_silent: bool = True) -> dict[str, Array] | None:
        """What the store holds of it, if it can be believed; a warning names a caller's line, or there is none."""
        most_bytes = self.work.most_bytes((self.source.network, self.target.network))
        return store.get(self.key, self.check, most_bytes=most_bytes, is_silent=is_silent)

    def check(self, arrays: dict[str, Array]) -> None:
        """Whether they are this block, as far as its masses, its proofs and a look at its activations tell."""
        self.work.check(arrays, (self.source.network, self.target.network), budget_of(self.memory_limit))


def solve(order: Order[Prepared, Whole]) -> dict[str, Array]:
    """A block's result, packed; it is stored before it is returned."""
    if order.store is not None and (found := order.found(order.store)) is not None:
        return found  # another process was faster
    networks = order.source.network, order.target.network
    wanted = _validate.n_threads(order.n_threads)
    work, budget, n_threads = order.work.within(networks, budget_of(order.memory_limit), wanted)
    with one_blas_thread:
        layers = ready((order.source, order.target), work.preparation, budget, n_threads)
        arrays = work.pack(work.solve(layers, budget, n_threads, None))
        if work.preparation.is_read_again:
            for each in (order.source, order.target):
                check_unchanged(each, n_threads)
    if order.store is not None:
        order.store.put(order.key, arrays)
    return arrays


@dataclass(frozen=True)
class Look(Generic[Prepared]):
    """What a worker needs to look at some layers of one of the two networks."""

    which: int
    layers: range
    network: Network
    preparation: Preparation[Prepared]
    n_threads: int
    memory_limit: int | None


def look(order: Look[Any]) -> list[Surveyed]:
    """What is seen of each layer."""
    return survey(order.network, order.preparation, budget_of(order.memory_limit), _validate.n_threads(order.n_threads))


@contextmanager
def readable_by_workers(networks: Sequence[Network], resources: Resources) -> Iterator[list[Network]]:
    """The networks as workers can read them: arrays in memory are written to the store, or to a temporary folder."""
    with ExitStack() as exits:
        exits.callback(layer_cache.clear)
        networks = [Network(network.layers, network.name) for network in networks]  # names of stimuli may take much
        folder = resources.store
        if folder is not None:
            folder.clean()
        is_all_in_files = all(layer.is_in_file for network in networks for layer in network.layers)
        if resources.executor is None or is_all_in_files:
            yield networks
            return
        if folder is None:
            folder = Store(exits.enter_context(atomic_write.temporary_folder("mot_fast-")))
        yield [folder.with_layers_of(network) for network in networks]


def seconds_at_once(whole: float) -> float:
    """How long a piece of work should take of a run that takes so long as a whole."""
    return min(MOST_SECONDS, max(LEAST_SECONDS, whole / N_BLOCKS))


def seconds_sizes(network: Network, work: PairWork[Any, Any]) -> list[float]:
    """Of each layer; the product of two is about what their pair takes, in seconds on one thread."""
    return [math.sqrt(work.seconds(network.n_stimuli, width)) for width in network.widths]


class BlockRun(Generic[Prepared, Whole]):
    """The pairs of two networks' layers, block by block; a context manager, as there may be a temporary folder."""

    def __init__(
        self, networks: tuple[Network, Network], work: PairWork[Prepared, Whole], resources: Resources
    ) -> None:
        self._work, self._resources = work, resources
        self._exit = ExitStack()
        self._networks = networks
        self._stored: tuple[StoredNetwork, ...] = ()

    def __enter__(self) -> BlockRun[Prepared, Whole]:
        source, target = self._exit.enter_context(readable_by_workers(self._networks, self._resources))
        self._networks = source, target
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def survey(self) -> tuple[Statistics, Statistics]:
        """Look at every layer once: whether it is sound, its statistics, and its digest."""
        resources = self._resources
        orders = []
        for which, network in enumerate(self._networks):
            sizes = [self._work.preparation.n_bytes(network.n_stimuli, width) for width in network.widths]
            for block in memory.blocks(sizes, _SURVEYED_AT_ONCE):
                limits = resources.n_threads, resources.memory_limit
                orders.append(Look(which, block, network.select(block), self._work.preparation, *limits))
        found: dict[tuple[int, int], Surveyed] = {}
        for order, layers in results_as_completed(look, orders, resources.executor):
            found.update({(order.which, l): layer for l, layer in zip(order.layers, layers, strict=True)})
        of_networks = [[found[which, l] for l in range(len(each))] for which, each in enumerate(self._networks)]
        self._stored = tuple(map(stored, self._networks, of_networks))
        source, target = map(statistics_of, of_networks)
        return source, target

    def solve(self, report: Callable[[int], None] | None) -> Whole:
        """Every block, those of the store first; `report(n_done)` is told how many pairs are done."""
        source, target = self._networks
        return self._work.join(self._parts(report), (len(source), len(target)))

    def _parts(self, report: Callable[[int], None] | None) -> Iterator[Part[Whole]]:
        n_done = 0
        for order, arrays in self._results():
            yield order.rows, order.columns, self._work.unpack(arrays, order.source.network, order.target.network)
            n_done += len(order.rows) * len(order.columns)
            if report:
                report(n_done)

    def _results(self) -> Iterator[tuple[Order[Prepared, Whole], dict[str, Array]]]:
        store, missing = self._resources.store, []
        for rows, columns in self._blocks():
            order = self._order(rows, columns)
            found = None if store is None else order.found(store, is_silent=False)
            if found is None:
                missing.append((rows, columns))
            else:
                yield order, found
        yield from results_as_completed(solve, (self._order(*block) for block in missing), self._resources.executor)

    def _blocks(self) -> Iterator[tuple[range, range]]:
        """Of layers that take about as long together, whatever the machine."""
        sizes = [seconds_sizes(network, self._work) for network in self._networks]
        side = math.sqrt(seconds_at_once(sum(sizes[0]) * sum(sizes[1])))
        for rows in memory.blocks(sizes[0], side):
            for columns in memory.blocks(sizes[1], side):
                yield rows, columns

    def _order(self, rows: range, columns: range) -> Order[Prepared, Whole]:
        source, target = self._stored
        resources = self._resources
        work = self._work.part(rows, columns)
        limits = resources.n_threads, resources.memory_limit, resources.store
        return Order(rows, columns, source.part(rows), target.part(columns), work, *limits)
