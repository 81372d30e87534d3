"""Figures of many pairs of networks found together, in one call of the core: pairs of small networks cost little else.

The figures are the same bits as those of one alignment after another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mot_fast._core import Solutions, StandardizedLayer
from mot_fast._validate import F64, Array, Index
from mot_fast.analysis.joint_scores import HeldOutLayers, LayerPlans, bytes_at_once, scores_both_ways
from mot_fast.layer_pairs.exact_transports import STANDARDIZED, solve_between, transport_name
from mot_fast.layer_pairs.layer_cache import StoredNetwork, read_unchanged, ready_layers
from mot_fast.layer_pairs.memory_budget import Budget, needed_by_transport
from mot_fast.layer_pairs.passed_layer import PassedLayer
from mot_fast.measures.standardize import z_scores
from mot_fast.transport.solve import solve_transport
from mot_fast.transport.transport import require_optimal

Pair = tuple[int, int]
"""Positions of two networks."""

_BYTES_PER_PLAN = 512
_BYTES_PER_PLAN_UNIT = 64
"""Bytes of a plan in memory, and for each unit of both layers: twice what its numbers take, as they are copied once."""


@dataclass(frozen=True)
class TrainTest:
    """A network's training stimuli and its held-out stimuli."""

    train: StoredNetwork
    test: StoredNetwork

    @property
    def n_bytes(self) -> int:
        """Bytes of standardized layers, and of held-out activations: as they are predicted, twice as they predict."""
        train, test = self.train.network, self.test.network
        return sum(STANDARDIZED.n_bytes(train.n_stimuli, n) + 24 * test.n_stimuli * n for n in train.widths)


def budget_beside_widest_pair(networks: Collection[TrainTest], budget: Budget) -> Budget:
    """The budget less what the transport between the widest layers of any two networks takes in any case."""
    widest = max(max(each.train.network.widths) for each in networks)
    n_stimuli = max(each.train.network.n_stimuli for each in networks)
    return budget.less(needed_by_transport(n_stimuli, widest, widest))


def groups_that_fit(
    pairs: Sequence[Pair], networks: Mapping[int, TrainTest], most_bytes: int, n_threads: int
) -> Iterator[tuple[list[Pair], bool]]:
    """Cut pairs into groups, and say of each whether its figures are found together within `most_bytes`."""
    group: list[Pair] = []
    held: set[int] = set()
    n_bytes = 0
    for pair in pairs:
        at_once = n_threads * max(bytes_at_once(networks[k].test.network) for k in pair)
        of_plans = _bytes_of_plans(*(networks[k].train.network.widths for k in pair))
        added = of_plans + sum(networks[k].n_bytes for k in {*pair} - held)
        if group and n_bytes + added + at_once > most_bytes:
            yield group, True
            group, held, n_bytes = [], set(), 0
            added = of_plans + sum(networks[k].n_bytes for k in {*pair})
        if added + at_once > most_bytes:
            yield [pair], False
            continue
        group.append(pair)
        held.update(pair)
        n_bytes += added
    if group:
        yield group, True


def _bytes_of_plans(source: Sequence[int], target: Sequence[int]) -> int:
    n_units = len(target) * sum(source) + len(source) * sum(target)
    return _BYTES_PER_PLAN * len(source) * len(target) + _BYTES_PER_PLAN_UNIT * n_units


def joint_figures(
    pairs: Sequence[Pair],
    networks: Mapping[int, TrainTest],
    budget: Budget,
    n_threads: int,
    *,
    is_standardized: bool,
) -> F64:
    """Figures of every pair without rotations: its cost, and the held-out scores both ways, `(n_pairs, 3)`."""
    positions = sorted({k for pair in pairs for k in pair})
    some = [networks[k] for k in positions]
    place = {k: p for p, k in enumerate(positions)}
    layers = ready_layers([each.train for each in some], STANDARDIZED, budget, n_threads)
    table = _LayerTable.of([each.train for each in some])
    between = table.pairs_of_layers([(place[i], place[j]) for i, j in pairs])
    standardized = [layer for layer in layers if not isinstance(layer, PassedLayer)]
    n_stimuli = some[0].train.network.n_stimuli
    solutions = solve_between(
        standardized, table.widths, n_stimuli, (between.source, between.target), budget, n_threads
    )
    _require_optimal(solutions, table, between)
    costs, moved = _between_layers(solutions.costs, between.shapes)
    lengths, rows, columns, mass, _, _ = solutions.take_plans()
    plans = LayerPlans(
        network_pair=between.network_pair,
        source=between.source,
        target=between.target,
        layer_masses=table.masses,
        moved=moved,
        entry_starts=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
        entries=(rows, columns, mass),
    )
    held_out = HeldOutLayers.of(_held_out(some, standardized if is_standardized else None))
    return np.column_stack([costs, scores_both_ways(plans, held_out, n_threads, is_standardized=is_standardized)])


@dataclass(frozen=True, eq=False)
class _LayerPairs:
    """Pairs of layers of many pairs of networks, one pair of networks after the other, row by row."""

    shapes: list[tuple[int, int]]
    """Numbers of source layers and of target layers of every pair of networks."""
    network_pair: Index
    source: Index
    target: Index
    """The source layer and the target layer of every pair of layers, among the layers of all networks."""


@dataclass(frozen=True, eq=False)
class _LayerTable:
    """The layers of many networks, one network after the other."""

    labels: list[str]
    widths: Index
    masses: F64
    """The mass of every layer in its network."""
    starts: list[int]
    """Where the layers of each network begin, and where those of the last one end."""

    @classmethod
    def of(cls, networks: Sequence[StoredNetwork]) -> _LayerTable:
        some = [each.network for each in networks]
        widths = np.array([width for network in some for width in network.widths], np.int64)
        masses = np.concatenate([np.full(len(network), 1.0 / len(network)) for network in some])
        starts = np.cumsum([0, *map(len, some)]).tolist()
        return cls([label for network in some for label in network.labels], widths, masses, starts)

    def pairs_of_layers(self, pairs: Sequence[Pair]) -> _LayerPairs:
        """All pairs of layers of these pairs of networks."""
        blocks = [tuple(np.arange(self.starts[k], self.starts[k + 1]) for k in pair) for pair in pairs]
        return _LayerPairs(
            [(len(rows), len(columns)) for rows, columns in blocks],
            np.concatenate([np.full(len(rows) * len(columns), p) for p, (rows, columns) in enumerate(blocks)]),
            np.concatenate([np.repeat(rows, len(columns)) for rows, columns in blocks]),
            np.concatenate([np.tile(columns, len(rows)) for rows, columns in blocks]),
        )


def _require_optimal(solutions: Solutions, table: _LayerTable, between: _LayerPairs) -> None:
    p = solutions.first_unproven()
    if p is not None:
        labels = [table.labels[layers[p]] for layers in (between.source, between.target)]
        require_optimal(solutions[p], transport_name(*labels))


def _between_layers(layer_costs: F64, shapes: Sequence[tuple[int, int]]) -> tuple[F64, F64]:
    """The cost of every pair of networks, and the mass that its layer plan moves along every pair of layers."""
    costs, moved, first = [], [], 0
    for shape in shapes:
        last = first + shape[0] * shape[1]
        masses = (np.full(n, 1.0 / n) for n in shape)
        transport = solve_transport(layer_costs[first:last].reshape(shape), *masses)
        costs.append(transport.cost)
        moved.append(transport.toarray().ravel())
        first = last
    return np.array(costs), np.concatenate(moved)


def _held_out(
    networks: Sequence[TrainTest], standardized: Sequence[StandardizedLayer] | None
) -> Iterator[tuple[Array, F64]]:
    """Held-out activations of every layer, and what they predict from: z-scores by its training, or themselves."""
    at = 0
    for each in networks:
        for l in range(len(each.test.network)):
            activations = read_unchanged(each.test, l).astype(np.float64)
            if standardized is None:
                yield activations, activations
            else:
                layer = standardized[at]
                yield activations, z_scores(activations, layer.mean, layer.deviation, "target")
            at += 1
