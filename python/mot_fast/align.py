"""Two-level alignment: transports between the units of every pair of layers, then between the layers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from mot_fast import _core, _validate, memory
from mot_fast._blas import one_blas_thread
from mot_fast.alignment import Alignment
from mot_fast.layer_pairs import solve_layer_pairs, standardized
from mot_fast.loading import Source, load
from mot_fast.network import Network
from mot_fast.record import CONVENTIONS, Side
from mot_fast.transport import Certificate, solve_transport


def align(
    source: Source,
    target: Source,
    *,
    convention: str = "standardized",
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
) -> Alignment:
    """Align two networks exactly at two levels: units within every pair of layers, and layers within the networks.

    For every pair of layers the cost ``C_lm = min_Q <1 - r(X_l, Y_m), Q>`` over plans between their units, r being
    Pearson correlations over stimuli; then the layer plan ``min_P <C, P>``; all marginals uniform (Shah & Khosla,
    arXiv 2510.01706). Every transport is proven optimal.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order.
    convention : {"standardized", "paper"}
        How activations are reconstructed later: from z-scores with plans whose rows sum to 1, or from raw activations
        and raw plans as the paper prints it. The plans are the same.
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

    Raises
    ------
    TypeError, ValueError
        If the networks saw different numbers of stimuli or fewer than 3, an activation is NaN or infinite, or an
        argument is none of the values above.
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
    _validate.choice(convention, CONVENTIONS, "convention")
    n_threads = _validate.n_threads(n_jobs)
    source, target = _named(source, "source"), _named(target, "target")
    _validate.same_stimuli(source.name, source.n_stimuli, target.name, target.n_stimuli)
    _validate.enough_stimuli(source.n_stimuli, f"networks '{source.name}' and '{target.name}'")

    n_threads = min(n_threads, max(len(source) * len(target), _core.processors()))
    budget = memory.Budget(_validate.memory_limit(memory_limit, memory.available()))
    source_layers, target_layers = standardized(source, target, budget=budget, n_threads=n_threads)
    _warn_of_constant_units(source_layers.side, target_layers.side)
    with _progress_callback(progress, len(source) * len(target)) as report, one_blas_thread:
        unit_plans = solve_layer_pairs(source_layers, target_layers, budget, n_threads, report)
    layer_costs = np.array([[plan.cost for plan in row] for row in unit_plans])
    between_layers = solve_transport(layer_costs)
    return Alignment(
        source=source_layers.side,
        target=target_layers.side,
        convention=convention,
        cost=between_layers.cost,
        layer_costs=layer_costs,
        layer_plan=between_layers.toarray(),
        certificate=Certificate.worst(
            [between_layers.certificate, *(plan.certificate for row in unit_plans for plan in row)]
        ),
        unit_plans=unit_plans,
    )


def _named(source: Source, argument: str) -> Network:
    """The network; one that is nothing but arrays is called by its argument's name."""
    is_nameless = not isinstance(source, (Network, str)) and not hasattr(source, "__fspath__")
    return load(source, argument if is_nameless else None)


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
            stacklevel=3,
        )


@contextmanager
def _progress_callback(is_shown: bool, n_pairs: int) -> Iterator[Callable[[int], None] | None]:
    if not is_shown:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=n_pairs, desc="layer pairs", unit="pair") as bar:
        yield lambda n_done: bar.update(n_done - bar.n) and None
        bar.update(n_pairs - bar.n)
