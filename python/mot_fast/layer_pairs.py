"""Solves the pairs of layers of two networks, holding no more standardized layers than a memory budget allows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mot_fast import _core
from mot_fast._validate import F64
from mot_fast.memory import Budget, blocks
from mot_fast.network import Network
from mot_fast.record import Side
from mot_fast.transport import UnitPlan, fields_of

BYTES_PER_VALUE = 4
PAIRS_PER_THREAD = 16
"""In one batch, so that threads seldom wait for the last pair."""


class StandardizedNetwork:
    """A network whose layers are standardized when they are needed; all are once, at the start, to be judged."""

    def __init__(self, network: Network, budget: Budget, n_threads: int, *, is_kept: bool) -> None:
        self.network = network
        self.n_threads = n_threads
        self.sizes = [BYTES_PER_VALUE * network.n_stimuli * width for width in network.widths]
        self._kept: dict[int, _core.StandardizedLayer] = {}
        means: list[F64] = []
        deviations: list[F64] = []
        for block in blocks(self.sizes, budget.layers if is_kept else 0, n_threads, budget.passing):
            layers = self.layers(block)
            means.extend(layer.mean for layer in layers)
            deviations.extend(layer.deviation for layer in layers)
            if is_kept:
                self._kept.update(zip(block, layers, strict=True))
            del layers  # before the next ones are made
        self.side = Side(network.name, network.labels, tuple(means), tuple(deviations))

    def layers(self, block: range) -> list[_core.StandardizedLayer]:
        """Some layers, standardized."""

        def standardize(l: int) -> _core.StandardizedLayer:
            return self._kept.get(l) or _core.StandardizedLayer(*self.network.read(l))

        if self.n_threads == 1:
            return [standardize(l) for l in block]
        with ThreadPoolExecutor(self.n_threads) as pool:
            return list(pool.map(standardize, block))


def standardized(*networks: Network, budget: Budget, n_threads: int) -> list[StandardizedNetwork]:
    """The networks, all of whose layers are kept if the budget has room for them."""
    n_bytes = sum(BYTES_PER_VALUE * network.n_stimuli * sum(network.widths) for network in networks)
    return [StandardizedNetwork(network, budget, n_threads, is_kept=n_bytes <= budget.layers) for network in networks]


def solve_layer_pairs(
    source: StandardizedNetwork,
    target: StandardizedNetwork,
    budget: Budget,
    n_threads: int,
    report: Callable[[int], None] | None,
) -> tuple[tuple[UnitPlan, ...], ...]:
    """The transports between the units of every pair of layers, `[source layer][target layer]`.

    The network whose layers take less memory is held, a block at a time, while the other passes by in batches that keep
    all threads busy.
    """
    plans: dict[tuple[int, int], UnitPlan] = {}
    is_source_held = sum(source.sizes) <= sum(target.sizes)
    held, passing = (source, target) if is_source_held else (target, source)
    for held_block in blocks(held.sizes, budget.layers):
        held_layers = held.layers(held_block)
        room = max(0, budget.layers - sum(held.sizes[l] for l in held_block))
        wanted = -(-PAIRS_PER_THREAD * n_threads // len(held_block))
        for passing_block in blocks(passing.sizes, room, wanted, budget.passing):
            passing_layers = passing.layers(passing_block)
            if is_source_held:
                batch = _Batch(source, held_block, held_layers, target, passing_block, passing_layers)
            else:
                batch = _Batch(source, passing_block, passing_layers, target, held_block, held_layers)
            del passing_layers  # before the next ones are made
            plans.update(batch.solve(budget, n_threads, report, n_done=len(plans)))
            del batch
        del held_layers
    return tuple(
        tuple(plans[l, m] for m in range(len(target.network.labels))) for l in range(len(source.network.labels))
    )


@dataclass(frozen=True)
class _Batch:
    """Some layers of either network, all pairs of which are solved in one call."""

    source: StandardizedNetwork
    source_block: range
    source_layers: list[_core.StandardizedLayer]
    target: StandardizedNetwork
    target_block: range
    target_layers: list[_core.StandardizedLayer]

    def solve(
        self, budget: Budget, n_threads: int, report: Callable[[int], None] | None, n_done: int
    ) -> dict[tuple[int, int], UnitPlan]:
        """The transports by source and target layer."""
        largest = max(self.source.network.widths[l] for l in self.source_block) * max(
            self.target.network.widths[m] for m in self.target_block
        )
        solutions = _core.solve_pairs(
            self.source_layers,
            self.target_layers,
            budget.n_threads(n_threads, largest),
            budget.costs,
            budget.costs_alone,
            report and (lambda n: report(n_done + n)),
        )
        pairs = [(l, m) for l in self.source_block for m in self.target_block]
        return {pair: self._unit_plan(*pair, solution) for pair, solution in zip(pairs, solutions, strict=True)}

    def _unit_plan(self, l: int, m: int, solution: _core.Solution) -> UnitPlan:
        source_label, target_label = self.source.network.labels[l], self.target.network.labels[m]
        what = f"the transport from layer '{source_label}' to layer '{target_label}'"
        return UnitPlan(**fields_of(solution, what), source=source_label, target=target_label)
