"""Work on all pairs of two networks' layers: here in one go, or in blocks where there are workers or a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mot_fast.layer_pairs.blocks import BlockRun, Resources
from mot_fast.layer_pairs.pairs import PairWork, Prepared, Statistics, Whole, prepare
from mot_fast.networks.network import Network
from mot_fast.system.blas import one_blas_thread

Report = Callable[[int], None] | None


@contextmanager
def surveyed(
    networks: tuple[Network, Network], work: PairWork[Prepared, Whole], resources: Resources
) -> Iterator[tuple[tuple[Statistics, Statistics], Callable[[Report], Whole]]]:
    """What is seen of both networks at first, and a function that does the work, telling how many pairs are done."""
    with one_blas_thread:
        if resources.executor is None or resources.memory_limit is not None:
            work, budget, n_threads = work.within(networks, resources.budget, resources.n_threads)
        if resources.is_plain:
            layers, statistics = prepare(networks, work.preparation, budget, n_threads)
            yield statistics, lambda report: work.solve(layers, budget, n_threads, report)
        else:
            with BlockRun(networks, work, resources) as run:
                yield run.survey(), run.solve
