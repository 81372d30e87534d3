"""Two-level alignment: transports between the units of every pair of layers, then between the layers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mot_fast import _validate, _validate_masses
from mot_fast._core import processors
from mot_fast._validate import F64
from mot_fast._validate_masses import GivenMasses
from mot_fast._warnings import ConstantUnitsWarning, warn
from mot_fast.alignment.provenance import Stopwatch
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.alignment.result import Alignment
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.block_store import Store
from mot_fast.layer_pairs.blocks import Resources
from mot_fast.layer_pairs.pairs import PairWork, Statistics
from mot_fast.layer_pairs.rotated_transports import RotatedTransports
from mot_fast.layer_pairs.run import Report, surveyed
from mot_fast.layer_pairs.unit_transports import UnitTransports
from mot_fast.measures.coupling import UNSHUFFLED
from mot_fast.networks.load import Source, pair, warn_of_rows
from mot_fast.networks.network import Network
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system.control_characters import printable
from mot_fast.system.executor import n_threads_per_task, validated_executor
from mot_fast.system.progress import progress_bar
from mot_fast.transport.transport import Certificate, solve_transport

_MOST_NAMED = 20
"""Layers with constant units that the warning names."""


def align(
    source: Source,
    target: Source,
    *,
    rotate: bool | Alternation = False,
    convention: str = "standardized",
    source_mass: GivenMasses | None = None,
    target_mass: GivenMasses | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Alignment:
    """Align two networks exactly at two levels: units within every pair of layers, and layers within the networks.

    For every pair of layers the cost ``C_lm = min_Q <1 - r(X_l, Y_m), Q>`` over plans between their units, r being
    Pearson correlations over stimuli; then the layer plan ``min_P <C, P>``; all marginals uniform (Shah & Khosla,
    arXiv 2510.01706). Every transport is proven optimal.

    With `rotate` (MOT+R) every pair of layers has an orthogonal R_lm as well, found with the plan in turn: exact
    transport between the units of ``X_l R_lm`` and ``Y_m``, then the R_lm nearest to their reconstruction (Procrustes).
    The layer costs are then the residuals of that reconstruction.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order.
    rotate : bool or Alternation
        Whether the source layers' units may be rotated; an `Alternation` says how, and when to stop.
    convention : {"standardized", "paper"}
        How activations are reconstructed: from z-scores with plans whose rows sum to 1, or from raw activations and raw
        plans as the paper prints it. Without rotations the plans are the same. With them, "standardized" centres units
        and divides each layer by one number, its root mean square, as z-scores of single units would not commute with
        rotations; the layer cost is the scale-free residual ``1 - tr(R^T X^T Y Q^T)^2 / (|X|^2 |Y Q^T|^2)``, in
        [0, 1]. In the paper's convention it is ``|X R - Y Q^T|^2`` in the layer's own units, X and Y centred.
    source_mass, target_mass : sequence, optional
        One positive number a layer: the masses of layers, whose units all weigh the same. Or one array `(n_units,)` a
        layer: the masses of units, and each layer has the mass of its units (arrays of ones weigh layers by width).
        Only ratios count. By default all layers weigh the same, and so do the units of a layer. With rotations the
        masses of units are those of the rotated ones, and the residual counts all units alike.
    n_jobs : int, optional
        Threads; by default, and for -1, as many as `OMP_NUM_THREADS` and the processor affinity allow; for -2 all of
        them but one, and so on, as in joblib. The result is the same to the last bit for any number. One in a forked
        child, as OpenMP's threads do not survive a fork.
    progress : bool
        Show a progress bar.
    memory_limit : int, optional
        Bytes that the standardized layers, the costs of layer pairs and what finds their plans may take beside the
        activations given and the result; by default half of what the machine, or this process's control group, has
        left. What the largest pair of layers takes in any case must fit, or 16 MiB, which are always allowed. A network
        whose layers take more is standardized block by block, and the costs of a pair of layers that take more than
        half of what is left are computed anew whenever they are searched. Where the largest two layers do not fit,
        standardized, no layer is: the activations are read in pieces of stimuli, twice for their statistics and once
        more for every pair, whose costs are then held in double precision (with rotations they are refused). The plans
        are optimal for any limit. With an executor, that of each worker.
    executor : concurrent.futures.Executor, optional
        Whose workers solve the pairs of layers, block by block: a process pool, a Dask client's ``get_executor()``,
        MPI's. They are sent where layers lie, not what is in them, and must see the same files; layers that are arrays
        in memory are written to the store, or else to a temporary folder. The result is the same to the last bit on
        machines of one kind with one memory limit. Each block runs on one thread, or on `n_jobs`.
    store : path, optional
        A folder where every finished block of pairs is kept under a hash of its activations and parameters. A run that
        was stopped, or killed, goes on from there; many runs and processes may share it.

    Returns
    -------
    Alignment

    See Also
    --------
    mot_fast.compare : scores over several splits, with their deviations, beside those of other methods

    Raises
    ------
    TypeError, ValueError
        If the networks saw different numbers of stimuli or fewer than 3, an activation is NaN or infinite, an
        argument is none of the values above, or what a pair of layers takes in any case does not fit into the memory
        limit.
    SolverError
        If a transport could not be proven optimal.
    OSError, RuntimeError
        If the store cannot be read or written; if the executor breaks down.

    Warns
    -----
    UserWarning
        If units are constant over the stimuli: they have no correlation with any other and cost 1 everywhere. If a
        block of the store is damaged: it is computed again. If all layers have the same number of columns and far fewer
        rows, as if units were in rows.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> train, test = mot.split(source.n_stimuli)
    >>> alignment = mot.align(source[train], target[train])
    >>> alignment.layer_plan.shape
    (10, 28)
    >>> bool(alignment.score(source[test], target[test]).value > 0.6)
    True
    """
    stopwatch = Stopwatch()
    source, target = pair(source, target)
    warn_of_rows((source, target))
    task = Task.of((source, target), rotate, convention, (source_mass, target_mass), memory_limit)
    n_pairs = len(source) * len(target)
    means = resources(n_pairs, n_jobs, memory_limit, executor, store)
    with (
        progress_callback(progress, n_pairs) as report,
        surveyed(task.networks, task.work, means) as (statistics, solve),
    ):
        warn_of_constant_units(task.networks, statistics)
        whole = solve(report)
    alignment = task.alignment(statistics, whole, means.n_threads)
    return replace(alignment, run=stopwatch.run(source.n_stimuli, means.n_threads, means.memory_limit))


def resources(
    n_pairs: int,
    n_jobs: int | None,
    memory_limit: int | None,
    executor: Executor | None,
    store: str | os.PathLike[str] | None,
) -> Resources:
    """What a run over so many pairs of layers may use, judged."""
    workers = validated_executor(executor)
    n_threads = n_threads_per_task(n_jobs, workers)
    if memory_limit is not None:
        memory_limit = _validate.memory_limit(memory_limit, 0)
    return Resources(
        n_threads=min(n_threads, max(n_pairs, processors())),
        memory_limit=memory_limit,
        executor=workers,
        store=None if store is None else Store(Path(_validate.path(store, "store")).absolute()),
    )


@dataclass(frozen=True)
class Task:
    """An alignment, its arguments judged."""

    networks: tuple[Network, Network]
    convention: str
    alternation: Alternation | None
    masses: tuple[tuple[F64, tuple[F64, ...] | None], ...]
    memory_limit: int | None

    @classmethod
    def of(
        cls,
        networks: tuple[Network, Network],
        rotate: bool | Alternation,
        convention: str,
        masses: tuple[GivenMasses | None, GivenMasses | None] = (None, None),
        memory_limit: int | None = None,
    ) -> Task:
        """Judge the arguments of `align`."""
        alternation = _alternation(rotate)
        _validate.choice(convention, CONVENTIONS, "convention")
        judged = tuple(
            _validate_masses.network_masses(values, network.widths, what)
            for values, network, what in zip(masses, networks, ("source_mass", "target_mass"), strict=True)
        )
        return cls(networks, convention, alternation, judged, memory_limit)

    @property
    def work(self) -> PairWork[Any, Any]:
        """What is done with every pair of layers."""
        unit_masses = self.masses[0][1], self.masses[1][1]
        if self.alternation is None:
            return UnitTransports(unit_masses)
        return RotatedTransports(self.convention, self.alternation, unit_masses)

    def alignment(self, statistics: tuple[Statistics, Statistics], whole: Any, n_threads: int) -> Alignment:
        """The result, given that of the work; rotations that a coupling uses are found on so many threads."""
        if self.alternation is None:
            layer_costs = np.array([[plan.cost for plan in row] for row in whole])
            certificates = [plan.certificate for row in whole for plan in row]
            return self._between_layers(statistics, layer_costs, certificates, unit_plans=whole)
        alignment = self._between_layers(
            statistics,
            layer_costs=np.array([[pair.residual for pair in row] for row in whole]),
            certificates=[pair.certificate for row in whole for pair in row],
            unit_plans=tuple(tuple(pair.plan for pair in row) for row in whole),
            alternation=self.alternation,
            traces=tuple(tuple(pair.trace for pair in row) for row in whole),
            training=self.networks,
            memory_limit=self.memory_limit,
        )
        used = sum(alignment.coupling(name) for name in UNSHUFFLED)
        return replace(alignment, rotations=alignment.rotations_of(np.argwhere(used).tolist(), n_threads))

    def _between_layers(
        self,
        statistics: tuple[Statistics, Statistics],
        layer_costs: F64,
        certificates: Sequence[Certificate],
        **fields: Any,
    ) -> Alignment:
        source, target = (
            NetworkSummary(network.name, network.labels, seen.means, seen.deviations, *masses, digests=seen.digests)
            for network, seen, masses in zip(self.networks, statistics, self.masses, strict=True)
        )
        between_layers = solve_transport(layer_costs, source.layer_masses, target.layer_masses)
        return Alignment(
            source=source,
            target=target,
            convention=self.convention,
            cost=between_layers.cost,
            layer_costs=layer_costs,
            layer_plan=between_layers.toarray(),
            certificate=Certificate.worst([between_layers.certificate, *certificates]),
            **fields,
        )


def _alternation(rotate: bool | Alternation) -> Alternation | None:
    if isinstance(rotate, Alternation):
        return rotate
    if not isinstance(rotate, (bool, np.bool_)):
        raise TypeError(f"rotate: expected True, False or an Alternation, found {rotate!r}")
    return Alternation() if rotate else None


def warn_of_constant_units(networks: Sequence[Network], statistics: Sequence[Statistics]) -> None:
    """Warn the caller of units that are constant over the stimuli."""
    found = [
        printable(f"'{network.name}' layer '{label}': {int((deviation == 0).sum())} of {len(deviation)}")
        for network, seen in zip(networks, statistics, strict=True)
        for label, deviation in zip(network.labels, seen.deviations, strict=True)
        if (deviation == 0).any()
    ]
    if found:
        others = f"; and in {len(found) - _MOST_NAMED} more layers" if len(found) > _MOST_NAMED else ""
        warn(
            "some units are constant over the stimuli; their correlation with every unit counts as 0: "
            + "; ".join(found[:_MOST_NAMED])
            + others,
            ConstantUnitsWarning,
        )


@contextmanager
def progress_callback(is_shown: bool, n_pairs: int, of: str = "layer") -> Iterator[Report]:
    """A progress bar over pairs of layers, or of something else, or None."""
    if not is_shown:
        yield None
        return
    with progress_bar(f"{of} pairs", is_shown=True, total=n_pairs, unit="pair") as bar:
        yield lambda n_done: bar.update(n_done - bar.n) and None
        bar.update(n_pairs - bar.n)
