"""Takes two networks' layers through memory so that every pair of them meets, within a memory budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from mot_fast._validate import F64, Array, Index
from mot_fast.networks.network import Network
from mot_fast.system import threads
from mot_fast.system.memory import Budget, blocks

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
Whole = TypeVar("Whole")


@dataclass(frozen=True)
class Statistics:
    """Of the units of every layer of a network, over the stimuli."""

    means: tuple[F64, ...]
    """`(n_units,)` each."""
    deviations: tuple[F64, ...]
    """Standard deviations, `(n_units,)` each, 0 for constant units."""
    digests: tuple[str, ...] | None = None
    """Of each layer's activations, where they were taken."""


@dataclass(frozen=True)
class Preparation(Generic[Prepared]):
    """How layers are made ready; it can be sent to other processes."""

    make: Callable[[Array, Index | None], Prepared]
    """Out of activations and the stimuli that count."""
    n_bytes: Callable[[int, int], int]
    """What a layer of so many stimuli and units then takes."""
    name: str
    is_read_again: bool = False
    """Whether the activations are read once more for every pair."""


class PreparedNetwork(Generic[Prepared]):
    """A network whose layers are made ready when they are needed, but for those that are kept so.

    Parameters
    ----------
    network : Network
    preparation : Preparation
    n_threads : int
    make : function, optional
        Makes a layer ready, by position; by default what the preparation makes of its activations.
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
        self._make = make or (lambda l: preparation.make(*network.read(l)))
        self._kept: dict[int, Prepared] = {}

    def survey(self, budget: Budget, *, is_kept: bool) -> Statistics:
        """All layers are made ready once, to be judged; they may be kept so."""
        means: list[F64] = []
        deviations: list[F64] = []
        for block in blocks(self.sizes, budget.layers if is_kept else 0, self.n_threads, budget.passing):
            layers = self.layers(block)
            means.extend(layer.mean for layer in layers)
            deviations.extend(layer.deviation for layer in layers)
            if is_kept:
                self._kept.update(zip(block, layers, strict=True))
            del layers  # before the next ones are made
        return Statistics(tuple(means), tuple(deviations))

    def keep_all(self) -> None:
        """All layers are made ready, and kept so."""
        every = range(len(self.network))
        self._kept.update(zip(every, self.layers(every), strict=True))

    def layers(self, block: range) -> list[Prepared]:
        """Some layers, made ready."""

        def prepare(l: int) -> Prepared:
            return self._kept.get(l) or self._make(l)

        return threads.map_in_order(prepare, block, self.n_threads)


def prepare(
    networks: tuple[Network, Network], preparation: Preparation[Prepared], budget: Budget, n_threads: int
) -> tuple[tuple[PreparedNetwork[Prepared], PreparedNetwork[Prepared]], tuple[Statistics, Statistics]]:
    """The networks, all of whose layers are kept if the budget has room for them, and what was seen of them."""
    source, target = (PreparedNetwork(network, preparation, n_threads) for network in networks)
    is_kept = sum(source.sizes) + sum(target.sizes) <= budget.layers
    return (source, target), (source.survey(budget, is_kept=is_kept), target.survey(budget, is_kept=is_kept))


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


Layers = tuple[PreparedNetwork[Prepared], PreparedNetwork[Prepared]]
Part = tuple[range, range, Whole]
"""Of some source and some target layers, what was found of all their pairs."""


class PairWork(Protocol[Prepared, Whole]):
    """What is done with every pair of layers; small, so that it can be sent to other processes."""

    @property
    def preparation(self) -> Preparation[Prepared]:
        """How layers are made ready for it."""

    def identity(self) -> dict[str, Any]:
        """Whatever the result depends on beside the activations, as JSON holds it."""

    def part(self, rows: range, columns: range) -> PairWork[Prepared, Whole]:
        """The same for some of the layers alone."""

    def solve(
        self, layers: Layers[Prepared], budget: Budget, n_threads: int, report: Callable[[int], None] | None
    ) -> Whole:
        """Do it; `report(n_done)` is told how many pairs are done."""

    def join(self, parts: Iterable[Part[Whole]], shape: tuple[int, int]) -> Whole:
        """The whole that parts make up."""

    def pack(self, whole: Whole) -> dict[str, Array]:
        """As plain arrays."""

    def unpack(self, arrays: Mapping[str, Array], source: Network, target: Network) -> Whole:
        """Back from arrays that were packed, or checked."""

    def check(self, arrays: Mapping[str, Array], networks: tuple[Network, Network], budget: Budget) -> None:
        """`ValueError` where arrays out of a file are not the work's result, as far as that can be seen cheaply."""

    def most_bytes(self, networks: tuple[Network, Network]) -> int:
        """That the result takes when it is packed."""

    def within(
        self, networks: tuple[Network, Network], budget: Budget, wanted: int
    ) -> tuple[PairWork[Any, Whole], Budget, int]:
        """The work in the way that keeps to the memory limit, the budget beside what the largest pair takes so in any
        case, and the threads that it has room for.

        `ValueError` if the largest pair does not fit in any way.
        """

    def seconds(self, n_stimuli: int, n_units: int) -> float:
        """About how long a pair of layers of so many units each takes, on one thread."""


def for_each_pair(
    layers: Layers[Prepared],
    budget: Budget,
    n_threads: int,
    work: Callable[[Batch[Prepared], int], Result],
) -> Iterator[Part[Result]]:
    """What `work(batch, n_done)` returns for every batch.

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
                batch = Batch(held_block, held_layers, passing_block, passing_layers)
            else:
                batch = Batch(passing_block, passing_layers, held_block, held_layers)
            del passing_layers  # before the next ones are made
            yield batch.source_block, batch.target_block, work(batch, n_done)
            n_done += len(batch.source_block) * len(batch.target_block)
            del batch
        del held_layers


def grid(parts: Iterable[Part[Sequence[Sequence[Result]]]], shape: tuple[int, int]) -> tuple[tuple[Result, ...], ...]:
    """Rows of results out of those of parts: `[source layer][target layer]`."""
    rows: list[list[Any]] = [[None] * shape[1] for _ in range(shape[0])]
    for source_block, target_block, results in parts:
        for l, row in zip(source_block, results, strict=True):
            rows[l][target_block.start : target_block.stop] = row
    return tuple(map(tuple, rows))
