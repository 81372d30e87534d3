"""The functions behind `mot_fast.ot`, with the signatures of POT's and SciPy's; `mot_fast.ot` says how they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._core import Solution, assign, solve_many, solve_sparse_transport, solve_transport
from mot_fast._dlpack import ArrayLike
from mot_fast._validate import F64, Index
from mot_fast._warnings import warn
from mot_fast.transport.backend import Backend
from mot_fast.transport.drop_in_validation import assignment_costs, masses_and_costs
from mot_fast.transport.transport import Certificate, SolverError, require_optimal

__all__ = ["emd", "emd2", "linear_sum_assignment"]


def emd(
    a: Any,
    b: Any,
    M: Any,
    numItermax: int = 100000,  # noqa: ARG001
    log: bool = False,
    center_dual: bool = True,  # noqa: ARG001
    numThreads: int | str | None = 1,
    check_marginals: bool = True,
    potentials_init: Any = None,
) -> Any:
    """Carry the mass `a` onto the mass `b` at least total cost: the plan, as `ot.emd` gives it.

    Parameters
    ----------
    a, b : arrays, lists or tensors, `(n,)` and `(m,)`
        Non-negative masses with equal sums; empty or None means uniform with sum 1.
    M : array, list, tensor or sparse matrix, `(n, m)`
        Finite costs of moving one unit of mass. An entry that is missing in a sparse matrix forbids the pair; one that
        is stored is the pair's cost, even a zero.
    log : bool
        Whether to return the potentials too.
    check_marginals : bool
        Whether sums that differ at the sixth decimal are an error; `b` is scaled to the sum of `a` in any case.
    potentials_init : pair of arrays, lists or tensors, `(n,)` and `(m,)`, optional
        Potentials `u` and `v` of the same problem, or of one like it, to start from: the answer is the same, and comes
        sooner. Any values are taken, NaN too, and cost time at worst. Ignored where `M` is sparse.
    numItermax, center_dual, numThreads
        Accepted for compatibility and ignored: every solve ends at the optimum, its potentials are always centred so
        that ``a @ u == b @ v``, and it needs no threads (values other than 1 warn, as in POT).

    Returns
    -------
    plan : array, tensor or sparse matrix, `(n, m)`
        The mass moved, in the dtype of `a`, else of `b`, else of `M` if that holds fractions, else float64; lists take
        the dtype of the first array. Integer masses warn, because fractions are cut off.
    log : dict
        With ``log=True``: `cost`; potentials `u` and `v`, with ``u[i] + v[j] <= M[i, j]`` wherever `M` has an entry
        before they are rounded to the plan's dtype; `warning` (None) and `result_code` (1).

    Raises
    ------
    AssertionError
        If the masses do not have the lengths that `M` says, or unequal sums.
    TypeError, ValueError
        If the costs are not finite real numbers, the masses are negative, not finite or all zero, the arrays are of
        different libraries, a sparse `M` forbids so much that no plan is left, `potentials_init` is not of the shapes
        above, or `numThreads` is no positive integer.
    SolverError
        If the answer could not be proven optimal, as when products of costs and masses leave the range of doubles.

    Examples
    --------
    >>> import mot_fast as mot
    >>> mot.ot.emd([0.5, 0.5], [0.25, 0.75], [[0.0, 1.0], [1.0, 0.5]])
    array([[0.25, 0.25],
           [0.  , 0.5 ]])
    """
    check_threads(numThreads)
    mass_a, mass_b, costs, backend = Backend.unpack(a, b, M)
    mass_a, mass_b, costs, scale = masses_and_costs(mass_a, mass_b, costs, check_marginals)
    start = _starting_potentials(potentials_init, costs, backend)
    solution = _solve(mass_a, mass_b, costs, scale, start)
    _warn_of_integers(backend)
    cost = solution.cost
    plan, u, v = _plan_and_potentials(solution, costs, backend)
    return (plan, _log(cost, u, v, backend)) if log else plan


def emd2(
    a: Any,
    b: Any,
    M: Any,
    processes: int = 1,  # noqa: ARG001
    numItermax: int = 100000,  # noqa: ARG001
    log: bool = False,
    return_matrix: bool = False,
    center_dual: bool = True,  # noqa: ARG001
    numThreads: int | str | None = 1,
    check_marginals: bool = True,
    potentials_init: Any = None,
) -> Any:
    """Least total cost of carrying the mass `a` onto the mass `b`, as `ot.emd2` gives it.

    Parameters
    ----------
    a, b, M, check_marginals, potentials_init
        As for `emd`. A `b` of shape `(m, k)` stands for k problems, one for each column, which all threads share where
        `M` is dense.
    log : bool
        Whether to return the potentials too.
    return_matrix : bool
        Whether to return the plan too, in the log.
    processes, numItermax, center_dual, numThreads
        Accepted for compatibility and ignored, see `emd`.

    Returns
    -------
    float or 0-d tensor
        The cost. A tensor knows its derivatives: the plan by `M`, the potentials less their means by `a` and `b`.
    list
        With ``log=True`` or ``return_matrix=True``: the cost, and the log of `emd` with the plan as `G` if asked for.
        For k problems: a list of k such results.

    Raises
    ------
    AssertionError, TypeError, ValueError, SolverError
        As for `emd`.

    Examples
    --------
    >>> import mot_fast as mot
    >>> mot.ot.emd2([0.5, 0.5], [0.25, 0.75], [[0.0, 1.0], [1.0, 0.5]])
    0.5
    """
    check_threads(numThreads)
    mass_a, mass_b, costs, backend = Backend.unpack(a, b, M)
    _warn_of_integers(backend)
    if mass_b is None or mass_b.ndim < 2:
        mass_a, mass_b, costs, scale = masses_and_costs(mass_a, mass_b, costs, check_marginals)
        start = _starting_potentials(potentials_init, costs, backend)
        solution = _solve(mass_a, mass_b, costs, scale, start)
        return _result(solution, costs, None, backend, log, return_matrix)
    solutions, costs = _solve_each(mass_a, mass_b, costs, check_marginals, potentials_init, backend)
    return [_result(solution, costs, k, backend, log, return_matrix) for k, solution in enumerate(solutions)]


def linear_sum_assignment(cost_matrix: ArrayLike, maximize: bool = False) -> tuple[Index, Index]:
    """Match rows with columns at least total cost, as `scipy.optimize.linear_sum_assignment` gives it.

    Parameters
    ----------
    cost_matrix : array, `(n, m)`
        Costs; every row gets a column, or every column a row if there are fewer. An infinite cost forbids a pair.
    maximize : bool
        Whether the numbers are gains: then the total is greatest, and minus infinity forbids a pair.

    Returns
    -------
    row_ind, col_ind : arrays, `(min(n, m),)`
        The matched pairs, by row. Where several matchings are best, it may be another one than SciPy's.

    Raises
    ------
    TypeError
        If the costs are an array of a type that float64 does not hold safely, or not numbers.
    ValueError
        If `cost_matrix` is no dense matrix, holds NaN or minus infinity (plus infinity when maximizing), or forbids so
        many pairs that no matching is left.
    SolverError
        If the matching could not be proven optimal.

    Examples
    --------
    >>> import mot_fast as mot
    >>> rows, columns = mot.ot.linear_sum_assignment([[4, 1, 3], [2, 0, 5]])
    >>> rows, columns
    (array([0, 1]), array([1, 0]))
    """
    rows, columns, certificate = assign(assignment_costs(cost_matrix), bool(maximize))
    if not certificate.is_optimal:
        raise SolverError(f"the matching could not be proven optimal: {Certificate.of(certificate)}")
    return rows, columns


def _starting_potentials(values: Any, costs: Any, backend: Backend) -> tuple[F64, F64] | None:
    if isinstance(values, (tuple, list)):
        values = [backend.plain(side) for side in values]
    return _validate.potentials(values, costs.shape, "potentials_init")


def _result(
    solution: Solution, costs: Any, column: int | None, backend: Backend, with_log: bool, with_plan: bool
) -> Any:
    """The result of `emd2` for one problem: the one of the given column of `b`, if `b` holds many."""
    number = solution.cost
    if not (with_log or with_plan or backend.wants_gradients):
        return backend.number(number)
    plan, u, v = _plan_and_potentials(solution, costs, backend)
    cost = backend.differentiable(number, column, u, v, plan)
    if not (with_log or with_plan):
        return cost
    result = _log(cost, u, v, backend)
    return [cost, {**result, "G": plan} if with_plan else result]


def _solve(a: F64, b: F64, costs: Any, scale: float, start: tuple[F64, F64] | None) -> Solution:
    if isinstance(costs, np.ndarray):
        return require_optimal(solve_transport(costs, a, b, scale, potentials=start), "the transport")
    rows, columns = costs.indptr.astype(np.int64), costs.indices.astype(np.int32)
    solution = solve_sparse_transport(rows, columns, costs.data, a, b)
    if solution.is_infeasible:
        raise ValueError("M: expected entries that leave a plan; every plan would use one that is missing")
    return require_optimal(solution, "the transport")


def _solve_each(
    a: Any, b: Any, costs: Any, are_sums_compared: bool, potentials_init: Any, backend: Backend
) -> tuple[Sequence[Solution], Any]:
    """The solutions of a problem for every column of `b`, and the costs of all of them as validated.

    All threads solve them where costs are dense and no potentials are given.
    """
    masses = []
    for k, column in enumerate(np.ascontiguousarray(b.T)):
        mass_a, mass_b, costs, scale = masses_and_costs(a, column, costs, are_sums_compared, f"b[:, {k}]")
        masses.append((mass_a, mass_b, scale))
    if not masses or not isinstance(costs, np.ndarray) or potentials_init is not None:
        start = _starting_potentials(potentials_init, costs, backend)
        return [_solve(mass_a, mass_b, costs, scale, start) for mass_a, mass_b, scale in masses], costs
    all_b = np.stack([mass_b for _, mass_b, _ in masses])
    solutions = solve_many(costs, masses[0][0], all_b, len(masses), _validate.n_threads(None))
    unproven = solutions.first_unproven()
    if unproven is not None:
        require_optimal(solutions[unproven], "the transport")
    return solutions, costs


def _plan_and_potentials(solution: Solution, costs: Any, backend: Backend) -> tuple[Any, F64, F64]:
    """The plan, dense or sparse as the costs are, and the potentials; leaves nothing in `solution`."""
    dense = backend.array(solution.dense_plan()) if isinstance(costs, np.ndarray) else None
    rows, columns, mass, u, v = solution.take_arrays()
    return (backend.sparse(rows, columns, mass, costs.shape) if dense is None else dense), u, v


def _log(cost: Any, u: F64, v: F64, backend: Backend) -> dict[str, Any]:
    return {"cost": cost, "u": backend.array(u), "v": backend.array(v), "warning": None, "result_code": 1}


def _warn_of_integers(backend: Backend) -> None:
    if not backend.is_floating:
        warn("the masses are integers, and so are plan and potentials, and of tensors the cost: fractions are cut off")


def check_threads(number: Any) -> None:
    if isinstance(number, int) and number == 1:
        return
    is_maximum = number is None or (isinstance(number, str) and number.lower() == "max")
    if not is_maximum and not (isinstance(number, int) and number > 0):
        raise ValueError(f"numThreads: expected 'max' or a positive integer, found {number!r}")
    warn("numThreads is accepted and ignored, as in POT itself", DeprecationWarning)
