"""Two-level alignment: transports between the units of every pair of layers, then between the layers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mot_fast import _core, _validate, _validate_masses, memory, rotated_plans, unit_plans
from mot_fast._blas import one_blas_thread
from mot_fast._validate import F64
from mot_fast.alignment import Alignment
from mot_fast.coupling import UNSHUFFLED
from mot_fast.layer_pairs import PreparedNetwork, prepare
from mot_fast.loading import Source, pair
from mot_fast.network import Network
from mot_fast.record import CONVENTIONS, Side
from mot_fast.rotated_plans import Rotated
from mot_fast.rotation import Alternation
from mot_fast.transport import Certificate, solve_transport

Report = Callable[[int], None] | None


def align(
    source: Source,
    target: Source,
    *,
    rotate: bool | Alternation = False,
    convention: str = "standardized",
    source_mass: Any = None,
    target_mass: Any = None,
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
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
        Threads; by default, and for -1, as many as `OMP_NUM_THREADS` and the processor affinity allow. The result is
        the same to the last bit for any number. One in a forked child, as OpenMP's threads do not survive a fork.
    progress : bool
        Show a progress bar.
    memory_limit : int, optional
        Bytes that the standardized layers and the costs of layer pairs may take beside the activations given and the
        result; by default half of what the machine, or this process's control group, has left. A network whose layers
        take more is standardized block by block, and the costs of a pair of layers that take more than half of it are
        computed anew whenever they are searched. The plans are optimal for any limit.

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
        argument is none of the values above, or the matrices of a pair to be rotated do not fit into the memory limit.
    SolverError
        If a transport could not be proven optimal.

    Warns
    -----
    UserWarning
        If units are constant over the stimuli: they have no correlation with any other and cost 1 everywhere.

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
    alternation = _alternation(rotate)
    _validate.choice(convention, CONVENTIONS, "convention")
    n_threads = _validate.n_threads(n_jobs)
    source, target = pair(source, target)

    task = _Task(
        networks=(source, target),
        convention=convention,
        masses=(
            _validate_masses.network_masses(source_mass, source.widths, "source_mass"),
            _validate_masses.network_masses(target_mass, target.widths, "target_mass"),
        ),
        n_threads=min(n_threads, max(len(source) * len(target), _core.processors())),
        budget=memory.Budget(_validate.memory_limit(memory_limit, memory.available())),
    )
    with _progress_callback(progress, len(source) * len(target)) as report, one_blas_thread:
        return task.align_rotated(alternation, report) if alternation else task.align(report)


@dataclass(frozen=True)
class _Task:
    """An alignment, its arguments judged."""

    networks: tuple[Network, Network]
    convention: str
    masses: tuple[tuple[F64, tuple[F64, ...] | None], ...]
    n_threads: int
    budget: memory.Budget

    def align(self, report: Report) -> Alignment:
        """Without rotations."""
        layers = prepare(self.networks, unit_plans.STANDARDIZED, self.budget, self.n_threads)
        sides = self._sides(layers)
        plans = unit_plans.solve(layers, sides, self.budget, self.n_threads, report)
        layer_costs = np.array([[plan.cost for plan in row] for row in plans])
        certificates = [plan.certificate for row in plans for plan in row]
        return self._alignment(sides, layer_costs, certificates, unit_plans=plans)

    def align_rotated(self, alternation: Alternation, report: Report) -> Alignment:
        """With rotations, of which those are kept that a coupling uses."""
        n_threads = rotated_plans.affordable_threads(*self.networks, self.budget, self.n_threads)
        layers = prepare(self.networks, rotated_plans.CENTRED, self.budget, n_threads)
        sides = self._sides(layers)
        rotated = Rotated(sides, self.convention, alternation)
        pairs = rotated_plans.solve(layers, rotated, self.budget, n_threads, report)
        del layers
        alignment = self._alignment(
            sides,
            layer_costs=np.array([[pair.residual for pair in row] for row in pairs]),
            certificates=[pair.certificate for row in pairs for pair in row],
            unit_plans=tuple(tuple(pair.plan for pair in row) for row in pairs),
            alternation=alternation,
            traces=tuple(tuple(pair.trace for pair in row) for row in pairs),
            training=self.networks,
            memory_limit=self.budget.limit,
        )
        used = sum(alignment.coupling(name) for name in UNSHUFFLED)
        return replace(alignment, rotations=alignment.rotations_of(np.argwhere(used).tolist(), self.n_threads))

    def _sides(self, layers: Sequence[PreparedNetwork[Any]]) -> tuple[Side, Side]:
        source, target = (
            Side(network.name, network.labels, tuple(prepared.means), tuple(prepared.deviations), *masses)
            for network, prepared, masses in zip(self.networks, layers, self.masses, strict=True)
        )
        _warn_of_constant_units(source, target)
        return source, target

    def _alignment(
        self, sides: tuple[Side, Side], layer_costs: F64, certificates: Sequence[Certificate], **fields: Any
    ) -> Alignment:
        between_layers = solve_transport(layer_costs, *(side.layer_masses for side in sides))
        return Alignment(
            source=sides[0],
            target=sides[1],
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


def _warn_of_constant_units(*sides: Side) -> None:
    found = [
        f"'{side.name}' layer '{label}': {int((deviation == 0).sum())} of {len(deviation)}"
        for side in sides
        for label, deviation in zip(side.labels, side.deviations, strict=True)
        if (deviation == 0).any()
    ]
    if found:
        warnings.warn(
            "some units are constant over the stimuli; their correlation with every unit counts as 0: "
            + "; ".join(found),
            UserWarning,
            stacklevel=5,
        )


@contextmanager
def _progress_callback(is_shown: bool, n_pairs: int) -> Iterator[Report]:
    if not is_shown:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=n_pairs, desc="layer pairs", unit="pair") as bar:
        yield lambda n_done: bar.update(n_done - bar.n) and None
        bar.update(n_pairs - bar.n)
