"""Alignments after the target's stimuli are shuffled, of which nulls are made: some at a time, here or by workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mot_fast._validate import F64, Array, Index
from mot_fast.alignment.align import align
from mot_fast.alignment.options import PRICES, RESOURCES, RotatingOptions, expect_none
from mot_fast.alignment.problem import alignment_problem
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.pieces import BESIDE_THE_POINT, Piece, check_shapes, in_memory, results_of, shared_networks
from mot_fast.analysis.shuffles import of_unknown_stimuli
from mot_fast.layer_pairs.blocks import MOST_SECONDS, seconds_per_block
from mot_fast.layer_pairs.layer_cache import StoredNetwork
from mot_fast.layer_pairs.pair_work import seconds_sizes
from mot_fast.layer_pairs.resources import Resources
from mot_fast.networks.network import Network
from mot_fast.system import memory
from mot_fast.system.progress import progress_bar


@dataclass(frozen=True, eq=False)
class ShuffledFigures:
    """What was found after every shuffle, n of them, for networks of L and M layers."""

    costs: F64
    """`(n,)`: alignment costs."""
    layer_costs: F64
    """`(n, L, M)`."""
    layer_plans: F64
    """`(n, L, M)`."""
    scores: F64
    """`(n,)`: held-out scores; empty where nothing is held out."""


@dataclass(frozen=True, eq=False)
class SplitOrders:
    """Training and held-out stimuli, and orders of the target's stimuli on either side, as positions among them."""

    train: Index
    test: Index
    """Empty where nothing is held out."""
    train_orders: Sequence[Index]
    test_orders: Sequence[Index]
    """One for each order of the training stimuli."""

    def select(self, some: range) -> SplitOrders:
        """Some of the orders, by position."""
        chosen = slice(some.start, some.stop)
        return SplitOrders(self.train, self.test, self.train_orders[chosen], self.test_orders[chosen])


@dataclass(frozen=True, eq=False)
class ShuffledAlignments(Piece):
    """Alignments after some shuffles of the target's stimuli."""

    source: StoredNetwork
    target: StoredNetwork
    orders: SplitOrders
    options: Mapping[str, Any]
    """Arguments of `align` that say what is aligned."""
    limits: Mapping[str, Any] = field(metadata=BESIDE_THE_POINT)
    """Its arguments that say where and by how many threads, and where the blocks of long alignments are kept."""

    def run(self) -> dict[str, Array]:
        """Figures of every shuffle."""
        source, target = (of_unknown_stimuli(in_memory(each)) for each in (self.source, self.target))
        orders = self.orders
        train, test = (source[orders.train], target[orders.train]), (source[orders.test], target[orders.test])
        shape = len(orders.train_orders), len(source), len(target)
        found = {"costs": np.empty(shape[0]), "layer_costs": np.empty(shape), "layer_plans": np.empty(shape)}
        if len(orders.test):
            found["scores"] = np.empty(shape[0])
        for k, order in enumerate(orders.train_orders):
            alignment = align(train[0], train[1][order], **self.options, **self.limits)
            found["costs"][k] = alignment.cost
            found["layer_costs"][k], found["layer_plans"][k] = alignment.layer_costs, alignment.layer_plan
            if len(orders.test):
                found["scores"][k] = alignment.score(test[0], test[1][orders.test_orders[k]]).value
        return found

    def check(self, arrays: Mapping[str, Array]) -> None:
        """See `Piece`."""
        shape = len(self.orders.train_orders), len(self.source.network), len(self.target.network)
        shapes = {"costs": shape[:1], "layer_costs": shape, "layer_plans": shape}
        check_shapes(arrays, shapes | ({"scores": shape[:1]} if len(self.orders.test) else {}))
        if (arrays["layer_plans"] < 0.0).any() or (arrays["layer_plans"].sum(axis=(1, 2)) > 1.0 + 1e-6).any():
            raise ValueError("its layer plans carry other masses")


def shuffled_alignments(
    source: Network, target: Network, orders: SplitOrders, *, is_shown: bool, options: RotatingOptions
) -> tuple[Alignment, ShuffledFigures]:
    """The alignment of two networks as they are, and what is found with the target's stimuli in each of these orders.

    Parameters
    ----------
    source, target : Network
        All of their stimuli.
    orders : SplitOrders
    is_shown : bool
        Whether a progress bar over the shuffles is shown.
    options : mapping
        Arguments of `mot_fast.align`, but for prices.
    """
    expect_none(options, PRICES, "as shuffled networks match nothing at the price of networks that have much in common")
    given: dict[str, Any] = dict(options)
    resources = Resources.of(len(source) * len(target), **{name: given.pop(name, None) for name in RESOURCES})
    given["memory_limit"] = resources.memory_limit
    if resources.executor is None:
        source, target = source.in_memory(), target.in_memory()
    observed = align(source[orders.train], target[orders.train], **options)
    n, seconds = len(orders.train_orders), _seconds((source[orders.train], target[orders.train]), given)
    # Blocks of short alignments are not kept: their pieces are.
    limits = (resources if seconds > MOST_SECONDS else replace(resources, store=None)).limits
    found = ShuffledFigures(*(np.full((n, *shape), np.nan) for shape in ((), *[observed.layer_plan.shape] * 2, ())))
    with (
        progress_bar("shuffles of the stimuli", is_shown=is_shown, total=n) as bar,
        shared_networks((source, target), resources) as (shared_source, shared_target),
    ):
        pieces = {
            block: ShuffledAlignments(shared_source, shared_target, orders.select(block), given, limits)
            for block in memory.blocks([seconds] * n, seconds_per_block(n * seconds))
        }
        for block, arrays in results_of(pieces, resources):
            for name, values in arrays.items():
                getattr(found, name)[block.start : block.stop] = values
            bar.update(len(block))
    return observed, found


def _seconds(networks: tuple[Network, Network], options: Mapping[str, Any]) -> float:
    """Estimate of the seconds that an alignment takes on one thread, the same on all machines."""
    work = alignment_problem(networks, options.get("rotate", False), CONVENTIONS[0]).work
    sizes = [seconds_sizes(network, work) for network in networks]
    return sum(sizes[0]) * sum(sizes[1])
