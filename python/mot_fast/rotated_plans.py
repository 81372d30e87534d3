"""Transports with rotations between the units of every pair of layers, and the rotations of those asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from mot_fast import parallel
from mot_fast._validate import F64
from mot_fast.centred import CentredLayer
from mot_fast.layer_pairs import Batch, Preparation, PreparedNetwork, for_each_pair
from mot_fast.memory import Budget, shown
from mot_fast.network import Network
from mot_fast.record import Side
from mot_fast.rotation import Alternation, LayerPair, RotatedPair
from mot_fast.transport import UnitPlan

CENTRED = Preparation(CentredLayer, CentredLayer.n_bytes)


@dataclass(frozen=True)
class Rotated:
    """How the pairs of two networks' layers are aligned with rotations."""

    sides: tuple[Side, Side]
    convention: str
    alternation: Alternation

    def pair(self, l: int, m: int, source: CentredLayer, target: CentredLayer) -> LayerPair:
        """Two layers by position, ready to be aligned."""
        labels = self.sides[0].labels[l], self.sides[1].labels[m]
        masses = self.sides[0].masses_of_units(l), self.sides[1].masses_of_units(m)
        return LayerPair(source, target, labels, masses, self.convention)

    def align(self, l: int, m: int, pair: LayerPair, check: Callable[[], None]) -> RotatedPair:
        """The best of the alternations from every start."""
        starts = self.alternation.starts(len(pair.cross), (l, m))
        return pair.align(starts, self.alternation.tol, self.alternation.max_iter, check)

    def rotation(
        self, l: int, m: int, plan: UnitPlan, networks: tuple[Network, Network], check: Callable[[], None]
    ) -> F64:
        """That of a pair aligned before: by one factorization where it depends on the plan alone."""
        source, target = (self._layer(which, k, networks[which]) for which, k in ((0, l), (1, m)))
        pair = self.pair(l, m, source, target)
        rotation = pair.rotation_of(plan)
        if rotation is None:
            rotation = self.align(l, m, pair, check).rotation
            assert rotation is not None
        return rotation

    def _layer(self, which: int, k: int, network: Network) -> CentredLayer:
        """One of the layers aligned, which must be what it was."""
        side, layer = self.sides[which], CentredLayer(*network.read(k))
        is_same = np.array_equal(layer.mean, side.means[k]) and np.array_equal(layer.deviation, side.deviations[k])
        if not is_same:
            raise ValueError(
                f"rotation: expected the activations that were aligned, found others in layer '{side.labels[k]}' of "
                f"'{side.name}'; they were changed in the meantime"
            )
        return layer


def solve(
    layers: tuple[PreparedNetwork[CentredLayer], PreparedNetwork[CentredLayer]],
    rotated: Rotated,
    budget: Budget,
    n_threads: int,
    report: Callable[[int], None] | None,
) -> tuple[tuple[RotatedPair, ...], ...]:
    """Every pair aligned, `[source layer][target layer]`, without their rotations."""

    def work(batch: Batch[CentredLayer], n_done: int) -> list[RotatedPair]:
        source_layers = dict(zip(batch.source_block, batch.source_layers, strict=True))
        target_layers = dict(zip(batch.target_block, batch.target_layers, strict=True))

        def align(l: int, m: int, check: Callable[[], None]) -> RotatedPair:
            pair = rotated.pair(l, m, source_layers[l], target_layers[m])
            return rotated.align(l, m, pair, check).without_rotation()

        pieces = [partial(align, *pair) for pair in batch.pairs]
        return parallel.run(pieces, n_threads, report and (lambda n: report(n_done + n)))

    return for_each_pair(*layers, budget, n_threads, work)


def rotations(
    rotated: Rotated,
    plans: tuple[tuple[UnitPlan, ...], ...],
    pairs: Iterable[tuple[int, int]],
    networks: tuple[Network, Network],
    budget: Budget,
    n_threads: int,
) -> dict[tuple[int, int], F64]:
    """The rotations of some pairs aligned before, by positions."""
    pairs = list(pairs)
    layers, each = _needed(*networks, budget)
    n_threads = max(1, min(n_threads, budget.limit // (layers + each)))

    def rotation(l: int, m: int, check: Callable[[], None]) -> F64:
        return rotated.rotation(l, m, plans[l][m], networks, check)

    return dict(zip(pairs, parallel.run([partial(rotation, *pair) for pair in pairs], n_threads), strict=True))


def affordable_threads(source: Network, target: Network, budget: Budget, wanted: int) -> int:
    """Threads that may align a pair each at the same time, beside the layers that are held and those that pass by.

    Raises
    ------
    ValueError
        If even one pair does not fit into the memory limit.
    """
    _, each = _needed(source, target, budget)
    return max(1, min(wanted, (budget.limit - budget.layers - budget.passing) // each))


def _needed(source: Network, target: Network, budget: Budget) -> tuple[int, int]:
    """Bytes of the two largest layers, and of what their alignment takes besides, which must fit into the limit."""
    l = max(range(len(source)), key=source.widths.__getitem__)
    m = max(range(len(target)), key=target.widths.__getitem__)
    layers = CENTRED.n_bytes(source.n_stimuli, source.widths[l]) + CENTRED.n_bytes(target.n_stimuli, target.widths[m])
    each = LayerPair.n_bytes(source.widths[l], target.widths[m])
    if layers + each > budget.limit:
        raise ValueError(
            f"rotate: aligning layer '{source.labels[l]}' ({source.widths[l]} units) of '{source.name}' with layer "
            f"'{target.labels[m]}' ({target.widths[m]} units) of '{target.name}' needs about {shown(layers + each)}, "
            f"and {shown(budget.limit)} may be taken; raise memory_limit, take fewer units or stimuli, or align "
            "without rotation"
        )
    return layers, each
