"""The functions of `mot_fast.ot` that take points, with POT's signatures; `mot_fast.ot` says how they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.system import memory
from mot_fast.transport.backend import Backend
from mot_fast.transport.drop_in_validation import masses_of_points
from mot_fast.transport.points import solve_points
from mot_fast.transport.prepared_points import PreparedPoints
from mot_fast.transport.transport import Transport

__all__ = ["SampleResult", "emd2_lazy", "solve_sample"]


@dataclass(frozen=True, eq=False, repr=False)
class SampleResult:
    """The result of `solve_sample`, with the fields of POT's `OTResult` that an exact transport has."""

    value: Any
    """The least total cost; a tensor knows its derivatives by masses and coordinates."""
    potentials: tuple[Any, Any]
    """Potentials `(n,)` and `(m,)` of the sources and of the targets."""
    sparse_plan: Any
    """The transport plan, sparse `(n, m)`."""
    status: str = "Converged"
    """Always 'Converged': a transport that is not proven optimal is an error."""

    @property
    def value_linear(self) -> Any:
        """The least total cost, as there is nothing else in the objective."""
        return self.value

    @property
    def plan(self) -> Any:
        """The transport plan as a dense array, made whenever it is asked for."""
        return self.sparse_plan.toarray() if hasattr(self.sparse_plan, "toarray") else self.sparse_plan.to_dense()

    @property
    def potential_a(self) -> Any:
        """Potentials of the sources."""
        return self.potentials[0]

    @property
    def potential_b(self) -> Any:
        """Potentials of the targets."""
        return self.potentials[1]

    def __repr__(self) -> str:
        return f"SampleResult(value={self.value}, shape={tuple(self.sparse_plan.shape)})"


def emd2_lazy(
    X_a: Any,
    X_b: Any,
    a: Any = None,
    b: Any = None,
    metric: str = "sqeuclidean",
    numItermax: int = 100000,  # noqa: ARG001
    log: bool = False,
    return_matrix: bool = True,
    center_dual: bool = True,  # noqa: ARG001
    check_marginals: bool = True,
    potentials_init: Any = None,  # noqa: ARG001
) -> Any:
    """Least total cost of carrying the mass of points `X_a` onto that of points `X_b`, as `ot.lp.emd2_lazy` gives it.

    Parameters
    ----------
    X_a, X_b : arrays, lists or tensors, `(n, d)` and `(m, d)`
        Coordinates of the points.
    a, b : arrays, lists or tensors, `(n,)` and `(m,)`, optional
        Non-negative masses with equal sums; uniform with sum 1 by default.
    metric : str
        A metric of `mot_fast.solve_sample`.
    log : bool
        Whether to return the potentials too.
    return_matrix : bool
        Whether to return the potentials and the plan too, in the log.
    check_marginals : bool
        Whether sums that differ at the sixth decimal are an error; `b` is scaled to the sum of `a` in any case.
    numItermax, center_dual, potentials_init
        Accepted for compatibility and ignored, see `emd`.

    Returns
    -------
    cost : float or 0-d tensor
        The cost. A tensor knows its derivatives by masses and coordinates.
    log : dict
        With ``log=True`` or ``return_matrix=True``, as a second result: `cost`, potentials `u` and `v`, `warning`
        (None) and `result_code` (1), and with ``return_matrix=True`` the sparse plan `G`.

    Raises
    ------
    AssertionError
        If the masses do not have the lengths that the points say, or unequal sums.
    TypeError, ValueError, SolverError
        As `mot_fast.solve_sample` raises them.

    Examples
    --------
    >>> import mot_fast as mot
    >>> mot.ot.emd2_lazy([[0.0], [1.0]], [[1.0], [2.0]], return_matrix=False)
    1.0
    """
    solved = _solve(X_a, X_b, a, b, metric, check_marginals)
    if not (log or return_matrix):
        return solved.cost
    result = {"cost": solved.cost, "u": solved.u, "v": solved.v, "warning": None, "result_code": 1}
    return solved.cost, {**result, "G": solved.plan} if return_matrix else result


def solve_sample(
    X_a: Any,
    X_b: Any,
    a: Any = None,
    b: Any = None,
    metric: str = "sqeuclidean",
    reg: float | None = None,
    c: Any = None,
    reg_type: str = "KL",
    unbalanced: Any = None,
    unbalanced_type: str = "KL",
    lazy: bool = False,  # noqa: ARG001
    batch_size: int | None = None,
    method: str | None = None,
    n_threads: int = 1,  # noqa: ARG001
    max_iter: int | None = None,  # noqa: ARG001
    plan_init: Any = None,  # noqa: ARG001
    rank: int = 100,
    scaling: float = 0.95,
    potentials_init: Any = None,  # noqa: ARG001
    X_init: Any = None,  # noqa: ARG001
    tol: float | None = None,  # noqa: ARG001
    verbose: bool = False,  # noqa: ARG001
    grad: str = "autodiff",
    random_state: Any = None,
    debias: bool | str = False,
    n_projections: int = 50,
    projections: Any = None,
    scaler: Any = None,
) -> SampleResult:
    """Carry the mass of points `X_a` onto that of points `X_b` at least total cost, as `ot.solve_sample` does.

    Parameters
    ----------
    X_a, X_b, a, b, metric
        As for `emd2_lazy`.
    reg, unbalanced, method, debias, scaler, c, projections
        What POT approximates or relaxes by them is not exact transport, and an error, unless they are left as they are.
    reg_type, unbalanced_type, batch_size, rank, scaling, grad, random_state, n_projections
        Options of those, ignored.
    lazy, n_threads, max_iter, plan_init, potentials_init, X_init, tol, verbose
        Accepted for compatibility and ignored: every solve ends at the optimum, and no more costs are kept than there
        is room for.

    Returns
    -------
    SampleResult
        `value`, `potentials`, `sparse_plan`, and `plan` as a dense array.

    Raises
    ------
    ValueError
        If an argument asks for what is not exact transport.
    AssertionError, TypeError, SolverError
        As for `emd2_lazy`.

    Examples
    --------
    >>> import mot_fast as mot
    >>> mot.ot.solve_sample([[0.0], [1.0]], [[1.0], [2.0]]).value
    1.0
    """
    del reg_type, unbalanced_type, batch_size, rank, scaling, grad, random_state, n_projections
    given = {"reg": reg or None, "unbalanced": unbalanced, "c": c, "method": method, "debias": debias or None}
    for name, value in {**given, "scaler": scaler, "projections": projections}.items():
        if value is not None:
            raise ValueError(
                f"{name}: expected None, as this transport is exact and balanced, found {value!r}; see POT"
            )
    solved = _solve(X_a, X_b, a, b, metric, True)
    return SampleResult(solved.cost, (solved.u, solved.v), solved.plan)


@dataclass(frozen=True)
class _Solved:
    """A solved transport in the caller's library."""

    cost: Any
    u: Any
    v: Any
    plan: Any


def _solve(X_a: Any, X_b: Any, a: Any, b: Any, metric: str, are_sums_compared: bool) -> _Solved:
    X_a, X_b = (
        _validate.array(x, name) if isinstance(x, (list, tuple)) else x for x, name in ((X_a, "X_a"), (X_b, "X_b"))
    )
    mass_a, mass_b, x, backend = Backend.unpack(a, b, X_a)
    _, _, y, _ = Backend.unpack(a, b, X_b)
    limit = _validate.memory_limit(None, memory.available())
    points = PreparedPoints.of(x, y, metric, limit // 2, ("X_a", "X_b"))
    masses: tuple[F64, F64] = masses_of_points(mass_a, mass_b, (len(points.x), len(points.y)), are_sums_compared)
    solution = solve_points(points, *masses, limit, _validate.n_threads(None))
    found = Transport.from_solution(solution, "the transport").with_costs_times(points.cost_exponent)
    rows, columns = found.rows.astype(np.int64), found.columns.astype(np.int64)
    cost = backend.cost_of_points((X_a, X_b), metric, found.cost, (rows, columns, found.mass), (found.u, found.v))
    plan = backend.sparse(rows, columns, found.mass, found.shape)
    return _Solved(cost, backend.array(found.u), backend.array(found.v), plan)
