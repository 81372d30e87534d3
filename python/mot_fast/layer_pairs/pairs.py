"""Takes two networks' layers through memory so that every pair of them meets, within a memory budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from mot_fast._validate import F64, Array, Index
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.networks.network import Network
from mot_fast.system import threads
from mot_fast.system.memory import blocks

PAIRS_PER_THREAD = 16
"""Pairs of layers in one batch for each thread, so that threads seldom wait for the last pair."""

ReportProgress = Callable[[int], None] | None
"""A function that is called with the number of pairs done so far, or None."""


class PreparedLayer(Protocol):
    """A layer made ready for the work on pairs."""

    @property
    def mean(self) -> F64:
        """The mean of every unit over the stimuli."""

    @property
    def deviation(self) -> F64:
        """The standard deviation of every unit over the stimuli."""


Prepared = TypeVar("Prepared", bound=PreparedLayer)
Prepared_co = TypeVar("Prepared_co", bound=PreparedLayer, covariant=True)
Result = TypeVar("Result")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Statistics:
    """Statistics of the units of every layer of a network, over the stimuli."""

    means: tuple[F64, ...]
    """Means of every layer's units, `(n_units,)` each."""
    deviations: tuple[F64, ...]
    """Standard deviations of every layer's units, `(n_units,)` each, 0 for constant units."""
    digests: tuple[str, ...] | None = None
    """A hash of every layer's activations; None where none was taken."""


@dataclass(frozen=True)
class Preparation(Generic[Prepared_co]):
    """A way of making layers ready for the work on pairs; it can be sent to other processes."""

    make: Callable[..., Prepared_co]
    """Makes a layer ready, given its activations and the stimuli that count; if it `is_divisible`, also `n_threads`."""
    n_bytes: Callable[[int, int], int]
    """Returns the bytes that a prepared layer of so many stimuli and units takes."""
    name: str
    is_read_again: bool = False
    """Whether the activations are read once more for every pair."""
    is_divisible: bool = False
    """Whether several threads can make one layer ready."""

    def prepare(self, activations: Array, rows: Index | None, n_threads: int) -> Prepared_co:
        """Make a layer ready, on up to `n_threads` threads if that is worth starting them."""
        n_threads = threads.worthwhile(n_threads, activations.size) if self.is_divisible else 1
        return self.make(activations, rows, n_threads=n_threads) if n_threads > 1 else self.make(activations, rows)


class PreparedNetwork(Generic[Prepared]):
    """A network whose layers are made ready when they are needed, except for those that are kept in memory.

    Parameters
    ----------
    network : Network
    preparation : Preparation
    n_threads : int
    make : function, optional
        Makes a layer ready, given its position; by default the preparation does, from the layer's activations.
    """

    def __init__(
        self,
        network: Network,
        preparation: Preparation[Prepared],
        n_threads: int,
        make: Callable[[int], Prepared] | None = None,
    ) -> None:
        self.network = network
        self.n_threads = n_threads
        self.sizes = [preparation.n_bytes(network.n_stimuli, width) for width in network.widths]
        # Both networks are made ready at the same time: more threads than they have layers work on each of these.
        n_threads_each = max(1, n_threads // (2 * len(network)))
        self._make = make or (lambda l: preparation.prepare(*network.read(l), n_threads_each))
        self._kept: dict[int, Prepared] = {}

    def scan(self, budget: Budget) -> Statistics:
        """Make all layers ready once, which validates their activations, and return their statistics."""
        means: list[F64] = []
        deviations: list[F64] = []
        for block in blocks(self.sizes, 0, self.n_threads, budget.passing):
            layers = self.layers(block)
            means.extend(layer.mean for layer in layers)
            deviations.extend(layer.deviation for layer in layers)
            del layers  # before the next ones are made
        return Statistics(tuple(means), tuple(deviations))

    def layers(self, block: range) -> list[Prepared]:
        """Some of the layers, made ready."""
        n_units = sum(self.network.widths[l] for l in block if l not in self._kept)
        n_threads = threads.worthwhile(self.n_threads, self.network.n_stimuli * n_units)
        return threads.map_in_order(self.layer, block, n_threads)

    def layer(self, l: int) -> Prepared:
        """A layer, made ready."""
        return self._kept.get(l) or self._make(l)

    def keep(self, layers: Sequence[Prepared]) -> None:
        """Keep all layers, which were made ready, in memory."""
        self._kept.update(enumerate(layers))


Layers = tuple[PreparedNetwork[Prepared], PreparedNetwork[Prepared]]
"""The layers of the source and of the target network."""


def keep_all(layers: Layers[Prepared], n_threads: int) -> tuple[list[Prepared], list[Prepared]]:
    """Make all layers of two networks ready at the same time, and keep them in memory."""
    source, target = layers
    places = [(each, l) for each in layers for l in range(len(each.network))]
    n_units = sum(source.network.widths) + sum(target.network.widths)
    n_threads = threads.worthwhile(n_threads, source.network.n_stimuli * n_units)
    ready = threads.map_in_order(lambda place: place[0].layer(place[1]), places, n_threads)
    n_source = len(source.network)
    source.keep(ready[:n_source])
    target.keep(ready[n_source:])
    return ready[:n_source], ready[n_source:]


def _statistics_of(layers: Sequence[PreparedLayer]) -> Statistics:
    return Statistics(tuple(layer.mean for layer in layers), tuple(layer.deviation for layer in layers))


def prepare(
    networks: tuple[Network, Network], preparation: Preparation[Prepared], budget: Budget, n_threads: int
) -> tuple[Layers[Prepared], tuple[Statistics, Statistics]]:
    """Two networks whose layers are all kept in memory if the budget has room for them, and their statistics."""
    source, target = (PreparedNetwork(network, preparation, n_threads) for network in networks)
    if sum(source.sizes) + sum(target.sizes) <= budget.layers:
        of_source, of_target = keep_all((source, target), n_threads)
        return (source, target), (_statistics_of(of_source), _statistics_of(of_target))
    return (source, target), (source.scan(budget), target.scan(budget))


@dataclass(frozen=True)
class PairBatch(Generic[Prepared]):
    """Some layers of both networks, all pairs of which are worked on in one call."""

    source_block: range
    source_layers: list[Prepared]
    target_block: range
    target_layers: list[Prepared]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Positions of the layers of every pair, row by row."""
        return [(l, m) for l in self.source_block for m in self.target_block]


BlockResult = tuple[range, range, Result]
"""Positions of some source layers and of some target layers, and the result of all their pairs."""


def for_each_pair(
    layers: Layers[Prepared],
    budget: Budget,
    n_threads: int,
    work: Callable[[PairBatch[Prepared], int], Result],
) -> Iterator[BlockResult[Result]]:
    """Yield what `work(batch, n_done)` returns for every batch.

    The network whose layers take less memory is held, a block at a time, while the other passes by in batches that keep
    all threads busy.
    """
    source, target = layers
    n_done = 0
    is_source_held = sum(source.sizes) <= sum(target.sizes)
    held, passing = (source, target) if is_source_held else (target, source)
    for held_block in blocks(held.sizes, budget.layers):
        held_layers = held.layers(held_block)
        room = max(0, budget.layers - sum(held.sizes[l] for l in held_block))
        wanted = -(-PAIRS_PER_THREAD * n_threads // len(held_block))
        for passing_block in blocks(passing.sizes, room, wanted, budget.passing):
            passing_layers = passing.layers(passing_block)
            if is_source_held:
                batch = PairBatch(held_block, held_layers, passing_block, passing_layers)
            else:
                batch = PairBatch(passing_block, passing_layers, held_block, held_layers)
            del passing_layers  # before the next ones are made
            yield batch.source_block, batch.target_block, work(batch, n_done)
            n_done += len(batch.source_block) * len(batch.target_block)
            del batch
        del held_layers


def joined_rows(
    blocks: Iterable[BlockResult[Sequence[Sequence[Item]]]], shape: tuple[int, int]
) -> tuple[Sequence[Item], ...]:
    """Put the results of blocks together as rows: `[source layer][target layer]`.

    A row of one block is taken as it is, and nothing is made that it only makes when it is asked for.
    """
    rows: list[Any] = [None] * shape[0]
    for source_block, target_block, results in blocks:
        for l, row in zip(source_block, results, strict=True):
            if len(row) == shape[1]:
                rows[l] = row
            else:
                rows[l] = rows[l] or [None] * shape[1]
                rows[l][target_block.start : target_block.stop] = row
    return tuple(tuple(row) if isinstance(row, list) else row for row in rows)


def widest_pair(source: Network, target: Network) -> tuple[int, int]:
    """Positions of the source layer and of the target layer with the most units."""
    l = max(range(len(source)), key=source.widths.__getitem__)
    m = max(range(len(target)), key=target.widths.__getitem__)
    return l, m


def pair_in_words(source: Network, target: Network, l: int, m: int) -> str:
    """Describe two layers, with their widths and networks, for an error message."""
    return (
        f"layer '{source.labels[l]}' ({source.widths[l]} units) of '{source.name}' with layer '{target.labels[m]}' "
        f"({target.widths[m]} units) of '{target.name}'"
    )
