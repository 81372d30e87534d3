"""Takes two networks' layers through memory so that every pair of them meets, within a memory budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from mot_fast._validate import F64, Array, Index
from mot_fast.memory import Budget, blocks
from mot_fast.network import Network

PAIRS_PER_THREAD = 16
"""In one batch, so that threads seldom wait for the last pair."""


class PreparedLayer(Protocol):
    """A layer made ready for the work of pairs."""

    @property
    def mean(self) -> F64:
        """Of every unit."""

    @property
    def deviation(self) -> F64:
        """Standard deviation of every unit."""


Prepared = TypeVar("Prepared", bound=PreparedLayer)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Preparation(Generic[Prepared]):
    """How layers are made ready."""

    make: Callable[[Array, Index | None], Prepared]
    """Out of activations and the stimuli that count."""
    n_bytes: Callable[[int, int], int]
    """What a layer of so many stimuli and units then takes."""


class PreparedNetwork(Generic[Prepared]):
    """A network whose layers are made ready when they are needed; all are once, at the start, to be judged."""

    def __init__(
        self, network: Network, preparation: Preparation[Prepared], budget: Budget, n_threads: int, *, is_kept: bool
    ) -> None:
        self.network = network
        self.n_threads = n_threads
        self.sizes = [preparation.n_bytes(network.n_stimuli, width) for width in network.widths]
        self._make = preparation.make
        self._kept: dict[int, Prepared] = {}
        self.means: list[F64] = []
        self.deviations: list[F64] = []
        for block in blocks(self.sizes, budget.layers if is_kept else 0, n_threads, budget.passing):
            layers = self.layers(block)
            self.means.extend(layer.mean for layer in layers)
            self.deviations.extend(layer.deviation for layer in layers)
            if is_kept:
                self._kept.update(zip(block, layers, strict=True))
            del layers  # before the next ones are made

    def layers(self, block: range) -> list[Prepared]:
        """Some layers, made ready."""

        def prepare(l: int) -> Prepared:
            return self._kept.get(l) or self._make(*self.network.read(l))

        if self.n_threads == 1:
            return [prepare(l) for l in block]
        with ThreadPoolExecutor(self.n_threads) as pool:
            return list(pool.map(prepare, block))


def prepare(
    networks: tuple[Network, Network], preparation: Preparation[Prepared], budget: Budget, n_threads: int
) -> tuple[PreparedNetwork[Prepared], PreparedNetwork[Prepared]]:
    """The networks, all of whose layers are kept if the budget has room for them."""
    n_bytes = sum(preparation.n_bytes(network.n_stimuli, width) for network in networks for width in network.widths)
    is_kept = n_bytes <= budget.layers
    source, target = (PreparedNetwork(network, preparation, budget, n_threads, is_kept=is_kept) for network in networks)
    return source, target


@dataclass(frozen=True)
class Batch(Generic[Prepared]):
    """Some layers of either network, all pairs of which are worked on in one call."""

    source_block: range
    source_layers: list[Prepared]
    target_block: range
    target_layers: list[Prepared]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Positions of the layers, row by row."""
        return [(l, m) for l in self.source_block for m in self.target_block]


def for_each_pair(
    source: PreparedNetwork[Prepared],
    target: PreparedNetwork[Prepared],
    budget: Budget,
    n_threads: int,
    work: Callable[[Batch[Prepared], int], Sequence[Result]],
) -> tuple[tuple[Result, ...], ...]:
    """What `work(batch, n_done)` returns for the pairs of every batch, `[source layer][target layer]`.

    The network whose layers take less memory is held, a block at a time, while the other passes by in batches that keep
    all threads busy.
    """
    results: dict[tuple[int, int], Result] = {}
    is_source_held = sum(source.sizes) <= sum(target.sizes)
    held, passing = (source, target) if is_source_held else (target, source)
    for held_block in blocks(held.sizes, budget.layers):
        held_layers = held.layers(held_block)
        room = max(0, budget.layers - sum(held.sizes[l] for l in held_block))
        wanted = -(-PAIRS_PER_THREAD * n_threads // len(held_block))
        for passing_block in blocks(passing.sizes, room, wanted, budget.passing):
            passing_layers = passing.layers(passing_block)
            if is_source_held:
                batch = Batch(held_block, held_layers, passing_block, passing_layers)
            else:
                batch = Batch(passing_block, passing_layers, held_block, held_layers)
            del passing_layers  # before the next ones are made
            results.update(zip(batch.pairs, work(batch, len(results)), strict=True))
            del batch
        del held_layers
    return tuple(tuple(results[l, m] for m in range(len(target.network))) for l in range(len(source.network)))
