"""Two-level alignment: transports between the units of every pair of layers, then between the layers."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np

from mot_fast import _core, _validate
from mot_fast.alignment import Alignment
from mot_fast.loading import Source, load
from mot_fast.network import Network
from mot_fast.record import CONVENTIONS, Side
from mot_fast.transport import Certificate, UnitPlan, fields_of, solve_transport


def align(
    source: Source,
    target: Source,
    *,
    convention: str = "standardized",
    n_jobs: int | None = None,
    progress: bool = False,
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

    n_threads = min(n_threads, len(source) * len(target))
    source_layers = _standardized(source, n_threads)
    target_layers = _standardized(target, n_threads)
    source_side, target_side = _side(source, source_layers), _side(target, target_layers)
    _warn_of_constant_units(source_side, target_side)

    with _progress_callback(progress, len(source) * len(target)) as report, _one_blas_thread:
        solutions = _core.solve_pairs(source_layers, target_layers, n_threads, 2**62, report)
    unit_plans = tuple(
        tuple(_unit_plan(solutions[l * len(target) + m], source_side, l, target_side, m) for m in range(len(target)))
        for l in range(len(source))
    )
    layer_costs = np.array([[plan.cost for plan in row] for row in unit_plans])
    between_layers = solve_transport(layer_costs)
    return Alignment(
        source=source_side,
        target=target_side,
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


def _standardized(network: Network, n_threads: int) -> list[_core.StandardizedLayer]:
    def standardize(l: int) -> _core.StandardizedLayer:
        return _core.StandardizedLayer(*network.read(l))

    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(standardize, range(len(network))))


def _side(network: Network, layers: list[_core.StandardizedLayer]) -> Side:
    return Side(
        name=network.name,
        labels=network.labels,
        means=tuple(layer.mean for layer in layers),
        deviations=tuple(layer.deviation for layer in layers),
    )


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


class _OneBlasThread:
    """Each of our threads calls BLAS by itself; its own threads would only compete with ours.

    The limit holds for the whole process: of several alignments at once the first sets it and the last takes it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0
        self._limits: Any = None

    def __enter__(self) -> None:
        import scipy.linalg.cython_blas  # noqa: F401  the core's BLAS; a limit binds only what is loaded
        from threadpoolctl import threadpool_limits

        with self._lock:
            if self._n_users == 0:
                self._limits = threadpool_limits(1, user_api="blas")
            self._n_users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._limits.restore_original_limits()


_one_blas_thread = _OneBlasThread()


def _unit_plan(solution: _core.Solution, source: Side, l: int, target: Side, m: int) -> UnitPlan:
    source_label, target_label = source.labels[l], target.labels[m]
    what = f"the transport from layer '{source_label}' to layer '{target_label}'"
    return UnitPlan(**fields_of(solution, what), source=source_label, target=target_label)
