"""The functions of `mot_fast.ot` that leave mass behind, with POT's signatures; `mot_fast.ot` says how they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast.transport.backend import Backend, NumPyBackend
from mot_fast.transport.drop_in_validation import masses_and_costs
from mot_fast.transport.drop_ins import check_threads
from mot_fast.transport.partial import PartialTransport, path_of, solve_masses
from mot_fast.transport.problem import MASS_TOLERANCE, DenseProblem, SparseProblem
from mot_fast.transport.transport import Certificate

__all__ = ["partial_wasserstein", "partial_wasserstein2"]

_IGNORED_OPTIONS = "numItermax", "center_dual", "numThreads", "check_marginals", "potentials_init"
"""The options of `emd`, to which POT passes what it does not know."""


def partial_wasserstein(
    a: Any,
    b: Any,
    M: Any,
    m: float | None = None,
    nb_dummies: int = 1,  # noqa: ARG001
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """Carry the mass `m` from `a` to `b` at least total cost: the plan, as `ot.partial.partial_wasserstein` gives it.

    Parameters
    ----------
    a, b : arrays, lists or tensors, `(n,)` and `(m,)`
        Non-negative masses, whose sums may differ; empty or None means uniform with sum 1.
    M : array, list, tensor or sparse matrix, `(n, m)`
        Finite costs of moving one unit of mass. An entry that is missing in a sparse matrix forbids the pair; one that
        is stored is the pair's cost, even a zero.
    m : float, optional
        Total mass to carry, at most the smaller sum of the masses: what fits worst is left behind. By default as much
        as can be carried, of masses whose sums are at most 1.
    log : bool
        Whether to return the cost, the potentials and the price of carrying more too.
    nb_dummies
        Accepted for compatibility and ignored: no points are added that could take what is left behind.
    **kwargs
        Options of `emd`, accepted for compatibility and ignored, see there.

    Returns
    -------
    plan : array, tensor or sparse matrix, `(n, m)`
        The mass moved, in the dtype of `a`, else of `b`, else of `M` if that holds fractions, else float64; lists take
        the dtype of the first array, and integer masses count as float64.
    log : dict
        With ``log=True``: `cost`, and the same as `partial_w_dist`, of which a tensor knows its derivative by `M`, the
        plan; potentials `u` and `v`, at most zero, and zero wherever a unit leaves mass behind; the `price`, what
        carrying a little more would cost for each unit of mass (for ``m=0`` the least cost in `M`); `warning` (None)
        and `result_code` (1). Before they are rounded to the plan's dtype, ``u[i] + v[j] + price <= M[i, j]`` wherever
        `M` has an entry, tight wherever the plan moves mass: ``u + price`` and ``v`` are potentials as POT's are, which
        include the price.

    Raises
    ------
    AssertionError
        If the masses do not have the lengths that `M` says.
    TypeError, ValueError
        If `m` is negative or more than can be carried, or None where a sum of masses is more than 1, an option is none
        of `emd`'s, the costs are not finite real numbers, the masses are negative, not finite or all zero, or the
        arrays are of different libraries.
    SolverError
        If the answer could not be proven optimal.

    See Also
    --------
    mot_fast.partial_path : The least cost of every mass.

    Examples
    --------
    >>> import mot_fast as mot
    >>> mot.ot.partial_wasserstein([0.5, 0.5], [0.25, 0.75], [[0.0, 1.0], [1.0, 0.5]], m=0.5)
    array([[0.25, 0.  ],
           [0.  , 0.25]])
    """
    found = _solve(a, b, M, m, kwargs)
    plan = found.plan()
    return (plan, found.log(plan)) if log else plan


def partial_wasserstein2(
    a: Any,
    b: Any,
    M: Any,
    m: float | None = None,
    nb_dummies: int = 1,  # noqa: ARG001
    log: bool = False,
    **kwargs: Any,
) -> Any:
    """Least total cost of carrying the mass `m` from `a` to `b`, as `ot.partial.partial_wasserstein2` gives it.

    Parameters
    ----------
    a, b, M, m, nb_dummies, **kwargs
        As for `partial_wasserstein`.
    log : bool
        Whether to return the log of `partial_wasserstein` too, with the plan.

    Returns
    -------
    cost : float or 0-d tensor
        The cost. A tensor knows its derivative by `M`, the plan, and as in POT none by the masses.
    log : dict
        With ``log=True``: the log of `partial_wasserstein`, with the plan as `T`.

    Raises
    ------
    AssertionError, TypeError, ValueError, SolverError
        As for `partial_wasserstein`.

    Examples
    --------
    >>> import mot_fast as mot
    >>> mot.ot.partial_wasserstein2([0.5, 0.5], [0.25, 0.75], [[0.0, 1.0], [1.0, 0.5]], m=0.5)
    0.125
    """
    found = _solve(a, b, M, m, kwargs)
    if not (log or found.backend.wants_gradients):
        return found.backend.number(found.transport.cost)
    plan = found.plan()
    return (found.cost(plan), {**found.log(plan), "T": plan}) if log else found.cost(plan)


@dataclass(frozen=True)
class _Solved:
    """A partial transport, on its way into the caller's library."""

    transport: PartialTransport
    is_dense: bool
    backend: Backend

    def plan(self) -> Any:
        """The plan, dense or sparse as the costs are."""
        found = self.transport
        if self.is_dense:
            return self.backend.array(found.toarray())
        return self.backend.sparse(found.rows, found.columns, found.mass, found.shape)

    def cost(self, plan: Any) -> Any:
        """The cost, which knows its derivative by the costs if the library has any."""
        found = self.transport
        return self.backend.differentiable(found.cost, None, found.u, found.v, plan)

    def log(self, plan: Any) -> dict[str, Any]:
        """The log of both functions."""
        found = self.transport
        return {
            "cost": found.cost,
            "u": self.backend.array(found.u),
            "v": self.backend.array(found.v),
            "warning": None,
            "result_code": 1,
            "partial_w_dist": self.cost(plan),
            "price": found.price,
        }


def _solve(a: Any, b: Any, M: Any, m: Any, options: Mapping[str, Any]) -> _Solved:
    for name in options:
        if name not in _IGNORED_OPTIONS:
            raise TypeError(f"kwargs: expected options of emd, {', '.join(_IGNORED_OPTIONS)}, found {name!r}")
    check_threads(options.get("numThreads", 1))
    # As in POT, the masses get no derivatives.
    a, b = (masses.detach() if hasattr(masses, "detach") else masses for masses in (a, b))
    mass_a, mass_b, costs, backend = Backend.unpack(a, b, M)
    mass_a, mass_b, costs, scale = masses_and_costs(mass_a, mass_b, costs, False)
    is_dense = isinstance(costs, np.ndarray)
    problem: DenseProblem | SparseProblem
    if is_dense:
        problem = DenseProblem(costs, scale, mass_a, mass_b)
    else:
        rows, columns = costs.indptr.astype(np.int64), costs.indices.astype(np.int32)
        problem = SparseProblem(rows, columns, costs.data, mass_a, mass_b)
    return _Solved(_solve_problem(problem, m), is_dense, _with_fractions(backend))


def _solve_problem(problem: DenseProblem | SparseProblem, m: Any) -> PartialTransport:
    """The plan of a mass, or of all that can be carried."""
    if m is None:
        sums = float(problem.a.sum()), float(problem.b.sum())
        if max(sums) > 1 + MASS_TOLERANCE:
            raise ValueError(
                f"a and b: Problem infeasible, expected sums of at most 1 where m is None, "
                f"found {sums[0]:.9g} and {sums[1]:.9g}"
            )
        try:
            return path_of(problem).end
        except ValueError as error:
            raise ValueError(f"M: {str(error).removeprefix('cost: ')}") from None
    mass = _mass_to_carry(m, problem)
    if mass == 0:
        return _nothing_carried(problem)
    try:
        return solve_masses(problem, [mass])[0]
    except ValueError as error:
        raise ValueError(f"m: Problem infeasible, {str(error).removeprefix('mass: ')}") from None


def _mass_to_carry(m: Any, problem: DenseProblem | SparseProblem) -> float:
    """The mass to carry, which may exceed the smaller sum by rounding and is cut to it."""
    mass = _validate.real_number(m, "m")
    most = min(float(problem.a.sum()), float(problem.b.sum()))
    if mass < 0:
        raise ValueError(f"m: Problem infeasible, expected at least 0, found {mass:.9g}")
    if mass > most * (1 + MASS_TOLERANCE):
        raise ValueError(
            f"m: Problem infeasible, expected at most {most:.9g}, the smaller sum of the masses, found {mass:.9g}"
        )
    return min(mass, most)


def _nothing_carried(problem: DenseProblem | SparseProblem) -> PartialTransport:
    """The plan that leaves everything behind; the least cost is the price that proves it with potentials of zero."""
    none = np.empty(0, dtype=np.int32)
    return PartialTransport(
        rows=none,
        columns=none,
        mass=np.empty(0),
        cost=0.0,
        u=np.zeros(len(problem.a)),
        v=np.zeros(len(problem.b)),
        certificate=Certificate(0.0, 0.0, 0.0, 0.0, 0.0),
        left_rows=problem.a,
        left_columns=problem.b,
        price=float(problem.cost.min(initial=np.inf)),
        unmatched_cost=0.0,
    )


def _with_fractions(backend: Backend) -> Backend:
    """The backend itself, or the one in double precision for masses that are integers."""
    if backend.is_floating:
        return backend
    if isinstance(backend, NumPyBackend):
        return NumPyBackend(np.dtype(np.float64))
    from mot_fast.transport.torch_backend import TorchBackend

    assert isinstance(backend, TorchBackend)
    return TorchBackend(backend.like.double(), backend.inputs)
