"""Runs the work on all pairs of two networks' layers: in one go, or in blocks where there are workers or a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Generic

from mot_fast._validate import Array
from mot_fast._warnings import ConstantUnitsWarning, warn
from mot_fast.layer_pairs import layer_cache
from mot_fast.layer_pairs.block_store import Store
from mot_fast.layer_pairs.blocks import BlockTask, ScanTask, cut_into_blocks, scan, solve_block
from mot_fast.layer_pairs.layer_cache import LayerScan, StoredNetwork, statistics_of, stored
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.layer_pairs.pair_work import PairSolver, PairWork
from mot_fast.layer_pairs.pairs import BlockResult, Prepared, ReportProgress, Result, Statistics, prepare
from mot_fast.layer_pairs.resources import Resources
from mot_fast.networks.network import Network
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system import atomic_write, memory
from mot_fast.system.blas import one_blas_thread
from mot_fast.system.control_characters import printable
from mot_fast.system.executor import results_as_completed
from mot_fast.system.progress import progress_bar

_MOST_NAMED = 20
"""Layers with constant units that the warning names."""
_SCANNED_AT_ONCE = 2**24
"""Bytes of prepared layers that a worker is asked to scan in one task."""


def solve_pairs_of_layers(
    networks: tuple[Network, Network], work: PairWork[Prepared, Result], resources: Resources, *, has_progress: bool
) -> tuple[tuple[Statistics, Statistics], Result]:
    """Do the work on all pairs of two networks' layers.

    Parameters
    ----------
    networks : two Network
    work : PairWork
    resources : Resources
    has_progress : bool
        Whether a progress bar is shown.

    Returns
    -------
    statistics : two Statistics
        Statistics of the networks' units.
    result
        The result of the work.

    Warns
    -----
    ConstantUnitsWarning
        If units are constant over the stimuli.
    """
    n_pairs = len(networks[0]) * len(networks[1])
    with (
        progress_callback(has_progress, n_pairs) as report,
        _scanned(networks, work, resources) as (statistics, solve),
    ):
        warn_of_constant_units(networks, statistics)
        return statistics, solve(report)


@contextmanager
def progress_callback(has_progress: bool, n_pairs: int, of: str = "layer") -> Iterator[ReportProgress]:
    """A function that moves a progress bar over pairs of layers, or of something else; None without a bar."""
    if not has_progress:
        yield None
        return
    with progress_bar(f"{of} pairs", is_shown=True, total=n_pairs, unit="pair") as bar:
        yield lambda n_done: bar.update(n_done - bar.n) and None
        bar.update(n_pairs - bar.n)


def warn_of_constant_units(
    networks: Sequence[Network | NetworkSummary], statistics: Sequence[Statistics | NetworkSummary]
) -> None:
    """Warn the caller of units that are constant over the stimuli."""
    found = [
        printable(f"'{network.name}' layer '{label}': {int((deviation == 0).sum())} of {len(deviation)}")
        for network, seen in zip(networks, statistics, strict=True)
        for label, deviation in zip(network.labels, seen.deviations, strict=True)
        if not deviation.all()
    ]
    if found:
        others = f"; and in {len(found) - _MOST_NAMED} more layers" if len(found) > _MOST_NAMED else ""
        message = "some units are constant over the stimuli; their correlation with every unit counts as 0: "
        warn(message + "; ".join(found[:_MOST_NAMED]) + others, ConstantUnitsWarning)


@contextmanager
def _scanned(
    networks: tuple[Network, Network], work: PairWork[Prepared, Result], resources: Resources
) -> Iterator[tuple[tuple[Statistics, Statistics], Callable[[ReportProgress], Result]]]:
    """The statistics of both networks, and a function that does the work and reports how many pairs are done."""
    with one_blas_thread:
        if resources.executor is None or resources.memory_limit is not None:
            work, budget, n_threads = work.within(networks, resources.budget, resources.n_threads)
        if resources.is_plain:
            yield _scanned_in_one_go(networks, work, budget, n_threads)
        else:
            with BlockRun(networks, work, resources) as run:
                yield run.scan(), run.solve


def _scanned_in_one_go(
    networks: tuple[Network, Network], solver: PairSolver[Prepared, Result], budget: Budget, n_threads: int
) -> tuple[tuple[Statistics, Statistics], Callable[[ReportProgress], Result]]:
    """The statistics of both networks, and a function that solves all pairs of their layers in this process."""
    layers, statistics = prepare(networks, solver.preparation, budget, n_threads)
    return statistics, lambda report: solver.solve(layers, budget, n_threads, report)


@contextmanager
def readable_by_workers(networks: Sequence[Network], resources: Resources) -> Iterator[list[Network]]:
    """The networks as workers can read them: arrays in memory are written to the store, or to a temporary folder."""
    with ExitStack() as exits:
        exits.callback(layer_cache.clear)
        networks = [Network(network.layers, network.name) for network in networks]  # names of stimuli may take much
        folder = resources.store
        if folder is not None:
            folder.clean()
        is_all_in_files = all(layer.is_in_file for network in networks for layer in network.layers)
        if resources.executor is None or is_all_in_files:
            yield networks
            return
        if folder is None:
            folder = Store(exits.enter_context(atomic_write.temporary_folder("mot_fast-")))
        yield [folder.with_layers_of(network) for network in networks]


class BlockRun(Generic[Prepared, Result]):
    """The pairs of two networks' layers, solved block by block.

    A context manager: when it is left, the layers that were written for workers to a temporary folder are removed.
    """

    def __init__(
        self, networks: tuple[Network, Network], work: PairWork[Prepared, Result], resources: Resources
    ) -> None:
        self._work, self._resources = work, resources
        self._exit = ExitStack()
        self._networks = networks
        self._stored: tuple[StoredNetwork, ...] = ()

    def __enter__(self) -> BlockRun[Prepared, Result]:
        source, target = self._exit.enter_context(readable_by_workers(self._networks, self._resources))
        self._networks = source, target
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def scan(self) -> tuple[Statistics, Statistics]:
        """Validate the activations of every layer once, and return the networks' statistics and digests."""
        resources = self._resources
        tasks = []
        for which, network in enumerate(self._networks):
            sizes = [self._work.preparation.n_bytes(network.n_stimuli, width) for width in network.widths]
            for block in memory.blocks(sizes, _SCANNED_AT_ONCE):
                limits = resources.n_threads, resources.memory_limit
                tasks.append(ScanTask(which, block, network.select(block), self._work.preparation, *limits))
        found: dict[tuple[int, int], LayerScan] = {}
        for task, layers in results_as_completed(scan, tasks, resources.executor):
            found.update({(task.which, l): layer for l, layer in zip(task.layers, layers, strict=True)})
        of_networks = [[found[which, l] for l in range(len(each))] for which, each in enumerate(self._networks)]
        self._stored = tuple(map(stored, self._networks, of_networks))
        source, target = map(statistics_of, of_networks)
        return source, target

    def solve(self, report: ReportProgress) -> Result:
        """Solve every block, those of the store first; `report(n_done)` is called with the number of pairs done."""
        source, target = self._networks
        return self._work.join(self._block_results(report), (len(source), len(target)))

    def tasks(self) -> Iterator[BlockTask[Prepared, Result]]:
        """The task of every block."""
        for rows, columns in cut_into_blocks(self._networks, self._work):
            yield self._task(rows, columns)

    def _block_results(self, report: ReportProgress) -> Iterator[BlockResult[Result]]:
        n_done = 0
        for task, arrays in self._packed_results():
            yield task.rows, task.columns, self._work.unpack(arrays, task.source.network, task.target.network)
            n_done += len(task.rows) * len(task.columns)
            if report:
                report(n_done)

    def _packed_results(self) -> Iterator[tuple[BlockTask[Prepared, Result], dict[str, Array]]]:
        missing = []
        for task in self.tasks():
            found = None if task.stored is None else task.stored.find(is_silent=False)
            if found is None:
                missing.append((task.rows, task.columns))  # a task takes more memory than its place
            else:
                yield task, found
        yield from results_as_completed(
            solve_block, (self._task(*block) for block in missing), self._resources.executor
        )

    def _task(self, rows: range, columns: range) -> BlockTask[Prepared, Result]:
        source, target = self._stored
        resources = self._resources
        work = self._work.for_block(rows, columns)
        limits = resources.n_threads, resources.memory_limit, resources.store
        return BlockTask(rows, columns, source.select(rows), target.select(columns), work, *limits)
