"""Alignment at three levels and more: training runs by their checkpoints, and networks nested to any depth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

from mot_fast import _validate
from mot_fast._warnings import renamed_arguments
from mot_fast.alignment.nested import NestedAlignment
from mot_fast.alignment.record import Goals
from mot_fast.layer_pairs.resources import Resources
from mot_fast.layer_pairs.run import solve_pairs_of_layers
from mot_fast.layer_pairs.transport_costs import TransportCosts
from mot_fast.networks.load import Source, warn_of_rows
from mot_fast.networks.nesting import Nested, NetworkGroup, as_one_network, network_group
from mot_fast.networks.network import same_stimuli


@renamed_arguments(checkpoints_a="source", checkpoints_b="target")
def align_trajectories(
    source: Sequence[Source] | Mapping[str, Source],
    target: Sequence[Source] | Mapping[str, Source],
    *,
    unit_mass: float | None = None,
    layer_mass: float | None = None,
    unit_cost: float | None = None,
    layer_cost: float | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
) -> NestedAlignment:
    """Align two training runs exactly at three levels: units, layers, and checkpoints.

    The cost of two checkpoints is that of their two-level alignment, which `mot_fast.align` solves; an exact transport
    between the checkpoints follows, all marginals uniform (Shah & Khosla, arXiv 2510.01706, section 3.4). Each layer is
    standardized once, or once a block where not all fit into memory. The result holds the costs of checkpoints and of
    layers, 8 bytes a pair; plans of units are solved anew when they are asked for.

    Parameters
    ----------
    source, target : sequence, or mapping from labels
        Checkpoints of either run, in the order of training: networks, or anything `mot_fast.load` takes, on the same
        stimuli.
    unit_mass, layer_mass, unit_cost, layer_cost : float, optional
        How much of the units' and of the layers' mass is carried, or at which price, as in `mot_fast.align`. All
        checkpoints are.
    n_jobs, memory_limit, executor, store
        As in `mot_fast.align`.
    progress : bool
        Show a progress bar over pairs of layers.

    Returns
    -------
    NestedAlignment
        Its parts are checkpoints: `costs`, `plan`, `coupling("pairwise_best")`, `hierarchy()`, `plot()`.

    Raises
    ------
    TypeError, ValueError
        If there are no checkpoints, or no networks in them; as `mot_fast.align`.
    SolverError
        If a transport could not be proven optimal.

    Warns
    -----
    ConstantUnitsWarning
        If units are constant over the stimuli: they have no correlation with any other and cost 1 everywhere.

    Examples
    --------
    >>> import mot_fast as mot
    >>> runs = mot.align_trajectories(*mot.data.training_runs())
    >>> runs.plan.shape
    (12, 12)
    >>> runs.hierarchy() > runs.hierarchy("pairwise_best")
    True
    """
    trees = network_group(source, "source"), network_group(target, "target")
    for tree in trees:
        if tree.depth != 1:
            raise ValueError(
                f"{tree.name}: expected checkpoints that are networks, found {tree.depth} levels above the networks; "
                "mot_fast.align_nested takes any number"
            )
    goals = Goals.of(unit_mass, unit_cost, layer_mass, layer_cost)
    return _align(trees, goals, n_jobs, progress, memory_limit, executor, store)


@renamed_arguments(a="source", b="target")
def align_nested(
    source: Nested,
    target: Nested,
    *,
    unit_mass: float | None = None,
    layer_mass: float | None = None,
    unit_cost: float | None = None,
    layer_cost: float | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
) -> NestedAlignment:
    """Align networks nested to any depth exactly, at every level: units, layers, networks, and whatever holds them.

    At each level above the layers the cost of two parts is the cost of aligning what is in them.

    Parameters
    ----------
    source, target : sequences, or mappings from labels
        Networks (anything `mot_fast.load` takes), or sequences or mappings of networks, and so on, to the same depth
        everywhere: families of training runs of checkpoints, for example. All networks saw the same stimuli in the same
        order.
    unit_mass, layer_mass, unit_cost, layer_cost, n_jobs, progress, memory_limit, executor, store
        As in `align_trajectories`.

    Returns
    -------
    NestedAlignment
        `between(i, j)` has the plan of each level below.

    Raises
    ------
    TypeError, ValueError, SolverError
        If `source` and `target` are not of one depth; as `align_trajectories`.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> rng = np.random.default_rng(0)
    >>> runs = [[[rng.random((20, 4)) for layer in range(2)] for checkpoint in range(3)] for run in range(2)]
    >>> aligned = mot.align_nested(runs, runs[::-1])
    >>> aligned.n_levels, aligned.plan.tolist()
    (4, [[0.0, 0.5], [0.5, 0.0]])
    >>> aligned.between(0, 1).plan.shape
    (3, 3)
    """
    trees = network_group(source, "source"), network_group(target, "target")
    if trees[0].depth != trees[1].depth:
        raise ValueError(
            f"source and target: expected one depth, found {trees[0].depth} and {trees[1].depth} levels of networks"
        )
    goals = Goals.of(unit_mass, unit_cost, layer_mass, layer_cost)
    return _align(trees, goals, n_jobs, progress, memory_limit, executor, store)


def _align(
    trees: tuple[NetworkGroup, NetworkGroup],
    goals: Goals,
    n_jobs: int | None,
    progress: bool,
    memory_limit: int | None,
    executor: Executor | None,
    store: str | os.PathLike[str] | None,
) -> NestedAlignment:
    """Align two trees of networks at every level."""
    source, target = map(as_one_network, trees)
    what = f"{source.name} and {target.name}"
    same_stimuli([source, target], what)
    same_stimuli(
        [network for tree in trees for network in tree.networks()], what
    )  # others may know more of their stimuli than the first
    _validate.enough_stimuli(source.n_stimuli, what)
    warn_of_rows((source, target))
    resources = Resources.of(len(source) * len(target), n_jobs, memory_limit, executor, store)
    _, found = solve_pairs_of_layers(
        (source, target), TransportCosts(goal=goals.units), resources, has_progress=progress
    )
    return NestedAlignment.of(*trees, found.costs, found.certificate, goals)
