"""The exact transports between units of every pair of layers, the base of `transport_plans` and `transport_costs`."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, Self

import numpy as np

from mot_fast._core import Solution, Solutions, StandardizedLayer, solve_chosen_pairs, solve_pairs, solve_transport
from mot_fast._validate import F64, Index
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.goal import ALL, Goal
from mot_fast.layer_pairs.memory_budget import ALWAYS, Budget, needed_by_transport, standardized_bytes
from mot_fast.layer_pairs.pairs import (
    BlockResult,
    Layers,
    PairBatch,
    Preparation,
    ReportProgress,
    Result,
    for_each_pair,
    pair_in_words,
    widest_pair,
)
from mot_fast.layer_pairs.passed_layer import PassedLayer, costs_in_passes, needed_in_passes
from mot_fast.networks.network import Network
from mot_fast.networks.summary import Layered
from mot_fast.system import threads
from mot_fast.system.memory import format_bytes
from mot_fast.transport.transport import require_optimal

UnitMasses = Sequence[F64] | None
"""The masses of every layer's units, with sum 1 in each layer; None where all units of a layer have the same mass."""


_SECONDS_PER_THREAD = 0.002
"""Least seconds of work for a thread of the core: starting it, and waiting for it, take some of them."""


UnitLayer = StandardizedLayer | PassedLayer
"""A layer as unit vectors, in single precision and rounded to bytes, or what makes such vectors of activations that are
read again."""
STANDARDIZED: Preparation[UnitLayer] = Preparation(
    StandardizedLayer, standardized_bytes, "standardized", is_divisible=True
)
PASSED: Preparation[UnitLayer] = Preparation(PassedLayer, PassedLayer.n_bytes, "passed", is_read_again=True)


@dataclass(frozen=True, eq=False)
class ExactTransports(ABC, Generic[Result]):
    """Exact transports at cost 1 - correlation between the units of every pair of layers.

    Subclasses define the masses of units, and the result that is kept of each transport.
    """

    is_in_passes: bool = False
    """Whether no layer is held, and activations are read again for every pair."""
    goal: Goal = ALL
    """How much of the units' mass is carried."""

    @property
    def preparation(self) -> Preparation[UnitLayer]:
        """The preparation of layers: standardized, or in passes over the stimuli."""
        return PASSED if self.is_in_passes else STANDARDIZED

    @property
    def unit_masses(self) -> tuple[UnitMasses, UnitMasses]:
        """The masses of the units of both networks; uniform by default."""
        return None, None

    @abstractmethod
    def collect(self, source: Network, target: Network, solutions: Solutions) -> Result:
        """Make a result of the core's solutions for all layers of two networks, which are proven optimal."""

    @abstractmethod
    def join(self, blocks: Iterable[BlockResult[Result]], shape: tuple[int, int]) -> Result:
        """Put the results of blocks together."""

    def solve(self, layers: Layers[UnitLayer], budget: Budget, n_threads: int, report: ReportProgress) -> Result:
        """Solve the transport of every pair of layers, and prove it optimal."""
        source, target = (each.network for each in layers)

        def work(batch: PairBatch[UnitLayer], n_done: int) -> Result:
            report_all = report and (lambda n: report(n_done + n))
            masses = masses_of(self.unit_masses, batch.source_block, batch.target_block)
            solutions = solve_batch(layers, batch, masses, budget, n_threads, report_all, self.goal)
            of_batch = source.select(batch.source_block), target.select(batch.target_block)
            require_all_optimal(solutions, of_batch)
            return self.collect(*of_batch, solutions)

        return self.join(for_each_pair(layers, budget, n_threads, work), (len(source), len(target)))

    def most_bytes(self, networks: tuple[Network, Network]) -> int:
        """Return the most bytes that packed plans take; other results take much less."""
        return packing.most_bytes(*networks)

    def within(self, networks: tuple[Network, Network], budget: Budget, n_threads: int) -> tuple[Self, Budget, int]:
        """Fit the transports into the memory limit; see `ResourceNeeds`.

        Costs that do not fit are computed anew whenever they are searched, so that all threads can be used. But where
        the largest two layers do not fit, standardized, all pairs are done in passes over the stimuli, on as many
        threads as there is memory for.

        Raises
        ------
        ValueError
            If the largest pair of layers does not fit into the memory limit.
        """
        held, passed = _needed_by_widest_pair(networks, budget)
        room = max(budget.limit, ALWAYS)
        if held <= room and not self.is_in_passes:
            return replace(self, is_in_passes=False), budget.less(held), n_threads
        return replace(self, is_in_passes=True), budget.less(passed), max(1, min(n_threads, room // passed))

    def seconds(self, n_stimuli: int, n_units: int) -> float:
        """Estimate the seconds that a pair of layers of so many units each takes, on one thread."""
        return transport_seconds(n_stimuli, n_units)


def transport_seconds(n_stimuli: int, n_units: int) -> float:
    """Estimate the seconds that the transport between two layers of so many units each takes, on one thread.

    Within a third of what was measured from 64 to 2,048 units and 500 to 8,000 stimuli on an AMD EPYC (AVX2): products
    take 2e-11 s for each stimulus and pair of units, solving as long as a thousand stimuli more.
    """
    return 2e-11 * (n_stimuli + 1000) * (n_units + 30) ** 2


def _needed_by_widest_pair(networks: tuple[Network, Network], budget: Budget) -> tuple[int, int]:
    """Bytes that the two widest layers take, standardized and in passes; one of both must fit into the limit."""
    source, target = networks
    l, m = widest_pair(source, target)
    held = needed_by_transport(source.n_stimuli, source.widths[l], target.widths[m])
    passed = needed_in_passes(source.widths[l], target.widths[m])
    if min(held, passed) > max(budget.limit, ALWAYS):
        raise ValueError(
            f"memory_limit: aligning {pair_in_words(source, target, l, m)} on {source.n_stimuli} stimuli "
            f"needs about {format_bytes(min(held, passed))}, and {format_bytes(budget.limit)} may be taken; "
            "raise memory_limit, or take fewer units or stimuli"
        )
    return held, passed


def solve_batch(
    layers: Layers[UnitLayer],
    batch: PairBatch[UnitLayer],
    masses: tuple[UnitMasses, UnitMasses],
    budget: Budget,
    n_threads: int,
    report: ReportProgress,
    goal: Goal = ALL,
) -> Solutions:
    """Solve the transports of a batch, row by row; `masses` are those of the batch's layers."""
    source_layers, target_layers = (
        [layer for layer in some if not isinstance(layer, PassedLayer)]
        for some in (batch.source_layers, batch.target_layers)
    )
    if not source_layers:
        return _solve_in_passes(layers, batch, masses, n_threads, report, goal)
    source, target, n_stimuli = layers[0].network.widths, layers[1].network.widths, layers[0].network.n_stimuli
    n, m = max(source[l] for l in batch.source_block), max(target[m] for m in batch.target_block)
    shapes = [(source[l], target[m]) for l, m in batch.pairs]
    source_masses, target_masses = (None if each is None else list(each) for each in masses)
    return solve_pairs(
        source_layers,
        target_layers,
        budget.n_threads(_worthwhile(n_threads, n_stimuli, shapes), n * m, n + m),
        budget.costs,
        budget.costs_of_pair(0),
        report,
        source_masses,
        target_masses,
        _most_costs(shapes, n_stimuli, budget),
        goal.for_pairs(len(shapes)),
    )


def _worthwhile(n_threads: int, n_stimuli: int, shapes: Iterable[tuple[int, int]]) -> int:
    """The number of threads, at most those given, that the transports between layers of these widths keep busy."""
    seconds = 0.0
    for n, m in shapes:
        seconds += math.sqrt(transport_seconds(n_stimuli, n) * transport_seconds(n_stimuli, m))
        if seconds >= n_threads * _SECONDS_PER_THREAD:
            return n_threads
    return max(1, int(seconds / _SECONDS_PER_THREAD))


def _most_costs(shapes: Sequence[tuple[int, int]], n_stimuli: int, budget: Budget) -> list[int]:
    """Numbers of costs that may be kept for pairs of layers of these widths, of which many are the same."""
    most_costs = {shape: budget.costs_of_pair(needed_by_transport(n_stimuli, *shape)) for shape in set(shapes)}
    return [most_costs[shape] for shape in shapes]


def solve_between(
    layers: Sequence[StandardizedLayer],
    widths: Index,
    n_stimuli: int,
    pairs: tuple[Index, Index],
    budget: Budget,
    n_threads: int,
) -> Solutions:
    """Solve the transports between some of many layers, whose units have equal masses.

    Parameters
    ----------
    layers : sequence of StandardizedLayer
    widths : array of int, `(n_layers,)`
        Numbers of units of the layers.
    n_stimuli : int
    pairs : two arrays, `(n_pairs,)`
        Positions of the source layers and of the target layers.
    budget : Budget
    n_threads : int
    """
    shapes = list(zip(*(widths[each].tolist() for each in pairs), strict=True))
    n, m = (int(widths[each].max()) for each in pairs)
    return solve_chosen_pairs(
        layers,
        *pairs,
        np.array(_most_costs(shapes, n_stimuli, budget), np.int64),
        budget.n_threads(_worthwhile(n_threads, n_stimuli, shapes), n * m, n + m),
        budget.costs,
        budget.costs_of_pair(0),
    )


def _solve_in_passes(
    layers: Layers[UnitLayer],
    batch: PairBatch[UnitLayer],
    masses: tuple[UnitMasses, UnitMasses],
    n_threads: int,
    report: ReportProgress,
    goal: Goal,
) -> Solutions:
    """Solve the transports of a batch in passes over the stimuli, each on its whole matrix of costs."""
    prepared = batch.source_layers, batch.target_layers
    blocks = batch.source_block, batch.target_block

    def solve(positions: tuple[int, int], check: Callable[[], None]) -> Solution:
        pair = [some[k] for some, k in zip(prepared, positions, strict=True)]
        source, target = (layer for layer in pair if isinstance(layer, PassedLayer))
        activations = [of.network.read(block[k]) for of, block, k in zip(layers, blocks, positions, strict=True)]
        costs, largest = costs_in_passes((source, target), (activations[0], activations[1]), check)
        del activations
        a, b = (
            np.full(n, 1.0 / n) if given is None else given[k]
            for n, given, k in zip(costs.shape, masses, positions, strict=True)
        )
        return solve_transport(costs, a, b, largest, goal=goal.for_core)

    pairs = [(l, m) for l in range(len(blocks[0])) for m in range(len(blocks[1]))]
    return Solutions(threads.run([partial(solve, pair) for pair in pairs], n_threads, report))


def require_all_optimal(solutions: Solutions, networks: tuple[Layered, Layered]) -> None:
    """Raise `SolverError` unless the solutions for all layers of two networks are proven optimal."""
    p = solutions.first_unproven()
    if p is not None:
        source, target = networks
        l, m = divmod(p, len(target.labels))
        require_optimal(solutions[p], transport_name(source.labels[l], target.labels[m]))


def masses_of(masses: tuple[UnitMasses, UnitMasses], rows: range, columns: range) -> tuple[UnitMasses, UnitMasses]:
    """The masses of the units of some source layers and some target layers."""
    source, target = (
        None if each is None else tuple(each[l] for l in block)
        for each, block in zip(masses, (rows, columns), strict=True)
    )
    return source, target


def transport_name(source: str, target: str) -> str:
    """The transport between two layers, for messages."""
    return f"the transport from layer '{source}' to layer '{target}'"
