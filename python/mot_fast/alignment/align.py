"""Two-level alignment: transports between the units of every pair of layers, then between the layers."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import replace
from typing import Literal

from mot_fast._validate_masses import GivenMasses
from mot_fast._warnings import named_once
from mot_fast.alignment.matched import refuse_nothing
from mot_fast.alignment.problem import alignment_problem, alternation_of
from mot_fast.alignment.provenance import Stopwatch
from mot_fast.alignment.record import Goals
from mot_fast.alignment.result import Alignment
from mot_fast.alignment.unit_path import UnitCurve, is_knee, unit_paths
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.resources import Resources
from mot_fast.networks.load import Source, pair, warn_of_rows


def align(
    source: Source,
    target: Source,
    *,
    rotate: bool | Alternation = False,
    convention: str = "standardized",
    source_mass: GivenMasses | None = None,
    target_mass: GivenMasses | None = None,
    unit_mass: float | Literal["path"] | None = None,
    layer_mass: float | None = None,
    unit_cost: float | None = None,
    layer_cost: float | None = None,
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
        One positive number a layer: the masses of layers, whose units have equal masses. Or one array `(n_units,)` a
        layer: the masses of units; each layer then has the mass of its units together (arrays of ones weigh layers by
        width). Only ratios count. By default all layers have equal masses, and so have the units of a layer. With
        rotations the masses are those of the rotated units, and the residual counts all units alike.
    unit_mass, layer_mass : float, optional
        Share of the mass, above 0 and at most 1, that is carried between the units of every pair of layers, or between
        the layers: what fits worst is left behind (partial transport). All of it by default. For "path" the units'
        share is found: all of them are matched first, then ever more of the units of each pair of layers that the layer
        plan couples (`mot_fast.partial_path`), and the share is taken at the knee of the mean of these curves;
        `Alignment.goals` says which it is. Not with rotations. A curve without a bend has a knee all the same: look at
        it with `mot_fast.rank_units` or `mot_fast.partial_curve`.
    unit_cost, layer_cost : float, optional
        In their place, a price of mass that is left behind: a pair of units, or of layers, is used only where it costs
        less. Costs of units are 1 - correlation, those of layers are `Alignment.layer_costs`.
    n_jobs : int, optional
        Number of threads; by default, and for -1, as many as `OMP_NUM_THREADS` and the processor affinity allow; for
        -2 all of them but one, and so on, as in joblib. The result is the same to the last bit for any number. A forked
        child uses one thread, as OpenMP's threads do not survive a fork.
    progress : bool
        Show a progress bar.
    memory_limit : int, optional
        Bytes that the alignment may take beside the activations given and the result: for standardized layers, costs
        of layer pairs and the solvers' own memory. By default half of what the machine, or this process's control
        group, has left; with an executor, the limit of each worker. What the largest pair of layers takes in any case
        must fit, or 16 MiB, which are always allowed. A network whose layers take more is standardized block by block,
        and the costs of a pair of layers that take more than half of what is left are computed anew whenever they are
        searched. Where the largest two layers do not fit, standardized, no layer is standardized as a whole: the
        activations are read in pieces of stimuli, twice for their statistics and once more for every pair, whose costs
        are then held in double precision (with rotations such layers are refused). The plans are optimal for any limit.
    executor : concurrent.futures.Executor, optional
        An executor whose workers solve the pairs of layers, block by block: a process pool, a Dask client's
        ``get_executor()``, MPI's. Workers are sent the places of layers, not their activations, and must see the same
        files; layers that are arrays in memory are written to the store, or else to a temporary folder. The result is
        the same to the last bit on machines of one kind with one memory limit. Each block runs on one thread, or on
        `n_jobs`.
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
    ConstantUnitsWarning
        If units are constant over the stimuli: they have no correlation with any other and cost 1 everywhere.
    DamagedBlockWarning
        If a block of the store is damaged: it is computed again.
    TransposedLayersWarning
        If all layers have the same number of columns and far fewer rows, as if units were in rows.

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
    is_at_knee = is_knee(unit_mass, is_rotated=alternation_of(rotate) is not None)
    # Any share stands for that at the knee until it is known.
    goals = Goals.of(0.5 if is_at_knee else unit_mass, unit_cost, layer_mass, layer_cost)
    problem = alignment_problem((source, target), rotate, convention, (source_mass, target_mass), memory_limit, goals)
    resources = Resources.of(len(source) * len(target), n_jobs, memory_limit, executor, store)
    with named_once() if is_at_knee else nullcontext():
        if is_at_knee:
            of_all_units = replace(problem, goals=Goals(layers=goals.layers)).solve(resources, has_progress=progress)
            refuse_nothing(of_all_units)
            paths = unit_paths(problem.networks, problem.unit_masses, of_all_units.layer_plan, resources.n_threads)
            share = UnitCurve.of(paths, of_all_units.layer_plan).knee()
            problem = replace(problem, goals=Goals.of(share, None, layer_mass, layer_cost))
        alignment = problem.solve(resources, has_progress=progress)
    refuse_nothing(alignment)
    return replace(alignment, run=stopwatch.run(source.n_stimuli, resources.n_threads, resources.memory_limit))
