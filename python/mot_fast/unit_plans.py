"""The exact transports between the units of every pair of layers."""

from __future__ import annotations

from collections.abc import Callable

from mot_fast import _core
from mot_fast.layer_pairs import Batch, Preparation, PreparedNetwork, for_each_pair
from mot_fast.memory import Budget
from mot_fast.record import Side
from mot_fast.transport import UnitPlan, fields_of

STANDARDIZED = Preparation(_core.StandardizedLayer, lambda n_stimuli, n_units: 4 * n_stimuli * n_units)


def solve(
    layers: tuple[PreparedNetwork[_core.StandardizedLayer], PreparedNetwork[_core.StandardizedLayer]],
    sides: tuple[Side, Side],
    budget: Budget,
    n_threads: int,
    report: Callable[[int], None] | None,
) -> tuple[tuple[UnitPlan, ...], ...]:
    """The transports at cost 1 - correlation, `[source layer][target layer]`."""
    source, target = layers
    source_masses, target_masses = (side.unit_masses for side in sides)

    def work(batch: Batch[_core.StandardizedLayer], n_done: int) -> list[UnitPlan]:
        largest = max(source.network.widths[l] for l in batch.source_block) * max(
            target.network.widths[m] for m in batch.target_block
        )
        solutions = _core.solve_pairs(
            batch.source_layers,
            batch.target_layers,
            budget.n_threads(n_threads, largest),
            budget.costs,
            budget.costs_alone,
            report and (lambda n: report(n_done + n)),
            source_masses and [source_masses[l] for l in batch.source_block],
            target_masses and [target_masses[m] for m in batch.target_block],
        )
        labels = [(source.network.labels[l], target.network.labels[m]) for l, m in batch.pairs]
        return [_unit_plan(*pair, solution) for pair, solution in zip(labels, solutions, strict=True)]

    return for_each_pair(source, target, budget, n_threads, work)


def _unit_plan(source: str, target: str, solution: _core.Solution) -> UnitPlan:
    what = f"the transport from layer '{source}' to layer '{target}'"
    return UnitPlan(**fields_of(solution, what), source=source, target=target)
