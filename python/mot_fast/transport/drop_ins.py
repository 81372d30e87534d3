"""Drop-in replacements for `ot.emd`, `ot.emd2` (POT 0.9.7) and `scipy.optimize.linear_sum_assignment`.

They take and give what the originals do, and differ in this: an answer is proven optimal or it is an error, never a
warning with a partial plan. So no iteration limit cuts a solve short; and where POT warns or answers something, `emd`
and `emd2` refuse costs that are NaN, infinite or above 1e300, masses that are negative or all zero, and sparse costs
that leave no plan. Their potentials are always centred. Arrays of libraries other than NumPy and PyTorch come back as
NumPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mot_fast._core import Solution, assign, solve_sparse_transport, solve_transport
from mot_fast._dlpack import ArrayLike
from mot_fast._validate import F64, Index
from mot_fast._warnings import warn
from mot_fast.transport import histograms
from mot_fast.transport.backend import Caller, arguments
from mot_fast.transport.transport import Certificate, SolverError, proven

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
    potentials_init: Any = None,  # noqa: ARG001
) -> Any:
    """Carry the mass `a` onto the mass `b` at least total cost: the plan, as `ot.emd` gives it.

    Parameters
    ----------
    a, b : arrays, lists or tensors, `(n,)` and `(m,)`
        Non-negative masses with equal sums; empty or None means uniform with sum 1.
    M : array, list, tensor or sparse matrix, `(n, m)`
        Finite costs of moving one unit of mass. What is missing in a sparse matrix is forbidden, what is stored costs
        what it says, be it zero.
    log : bool
        Whether to return the potentials too.
    check_marginals : bool
        Whether sums that differ at the sixth decimal are an error; b is scaled to the sum of a in any case.
    numItermax, center_dual, numThreads, potentials_init
        Accepted for compatibility: every solve ends at the optimum, its potentials are always centred so that
        ``a @ u == b @ v``, and it needs neither threads (other values than 1 warn, as they do there) nor a warm start.

    Returns
    -------
    plan : array, tensor or sparse matrix, `(n, m)`
        In the dtype of `a`, else of `b`, else of `M` if that holds fractions, else float64; lists take that of the
        first array. Integer masses warn, because fractions are cut off.
    log : dict
        With ``log=True``: `cost`; potentials `u` and `v`, rounded to that dtype from those with
        ``u[i] + v[j] <= M[i, j]`` wherever `M` has an entry; `warning` (None) and `result_code` (1).

    Raises
    ------
    AssertionError
        If the masses do not have the lengths that `M` says, or unequal sums.
    TypeError, ValueError
        If the costs are not finite real numbers, the masses are negative, not finite or all zero, the arrays are of
        different libraries, a sparse `M` forbids so much that no plan is left, or `numThreads` is no positive integer.
    SolverError
        If the answer could not be proven optimal, as when products of costs and masses leave the range of doubles.

    Examples
    --------
    >>> import mot_fast as mot
    >>> mot.ot.emd([0.5, 0.5], [0.25, 0.75], [[0.0, 1.0], [1.0, 0.5]])
    array([[0.25, 0.25],
           [0.  , 0.5 ]])
    """
    _check_threads(numThreads)
    mass_a, mass_b, costs, caller = arguments(a, b, M)
    mass_a, mass_b, costs, scale = histograms.histograms(mass_a, mass_b, costs, check_marginals)
    solution = _solved(mass_a, mass_b, costs, scale)
    _warn_of_integers(caller)
    cost = solution.cost
    plan, u, v = _plan_and_potentials(solution, costs, caller)
    return (plan, _log(cost, u, v, caller)) if log else plan


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
    potentials_init: Any = None,  # noqa: ARG001
) -> Any:
    """Least total cost of carrying the mass `a` onto the mass `b`, as `ot.emd2` gives it.

    Parameters
    ----------
    a, b, M, check_marginals
        As for `emd`; a `b` of shape `(m, k)` is k problems.
    log : bool
        Whether to return the potentials too.
    return_matrix : bool
        Whether to return the plan too, in the log.
    processes, numItermax, center_dual, numThreads, potentials_init
        Accepted for compatibility, see `emd`.

    Returns
    -------
    float or 0-d tensor
        The cost; a tensor knows its derivatives: by `M` the plan, by `a` and `b` the potentials less their means.
    list
        With ``log=True`` or ``return_matrix=True``: the cost, and the log of `emd` with the plan as `G` if asked for.
        For k problems: k of whatever one would give.

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
    _check_threads(numThreads)
    mass_a, mass_b, costs, caller = arguments(a, b, M)
    _warn_of_integers(caller)
    if mass_b is None or mass_b.ndim < 2:
        problem = histograms.histograms(mass_a, mass_b, costs, check_marginals)
        return _cost(*problem, None, caller, log, return_matrix)
    results = []
    for k, column in enumerate(np.ascontiguousarray(mass_b.T)):
        problem = histograms.histograms(mass_a, column, costs, check_marginals, f"b[:, {k}]")
        results.append(_cost(*problem, k, caller, log, return_matrix))
    return results


def linear_sum_assignment(cost_matrix: ArrayLike, maximize: bool = False) -> tuple[Index, Index]:
    """Match rows with columns at least total cost, as `scipy.optimize.linear_sum_assignment` gives it.

    Parameters
    ----------
    cost_matrix : array, `(n, m)`
        Costs; every row gets a column, or every column a row if there are fewer. An infinite cost forbids a pair.
    maximize : bool
        Whether the numbers are gains: then the total is the greatest, and minus infinity forbids a pair.

    Returns
    -------
    row_ind, col_ind : arrays, `(min(n, m),)`
        The matched pairs, by row.

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
    rows, columns, certificate = assign(histograms.assignment_costs(cost_matrix), bool(maximize))
    if not certificate.is_optimal:
        raise SolverError(f"the matching could not be proven optimal: {Certificate.of(certificate)}")
    return rows, columns


def _cost(
    a: F64, b: F64, costs: Any, scale: float, column: int | None, caller: Caller, with_log: bool, with_plan: bool
) -> Any:
    """What `emd2` returns for one problem, that of the given column of `b` if there are many."""
    solution = _solved(a, b, costs, scale)
    number = solution.cost
    if not (with_log or with_plan or caller.wants_gradients):
        return caller.number(number)
    plan, u, v = _plan_and_potentials(solution, costs, caller)
    cost = caller.differentiable(number, column, u, v, plan)
    if not (with_log or with_plan):
        return cost
    result = _log(cost, u, v, caller)
    return [cost, {**result, "G": plan} if with_plan else result]


def _solved(a: F64, b: F64, costs: Any, scale: float) -> Solution:
    if isinstance(costs, np.ndarray):
        return proven(solve_transport(costs, a, b, scale), "the transport")
    rows, columns = costs.indptr.astype(np.int64), costs.indices.astype(np.int32)
    solution = solve_sparse_transport(rows, columns, costs.data, a, b)
    if solution.is_infeasible:
        raise ValueError("M: expected entries that leave a plan; every plan would use one that is missing")
    return proven(solution, "the transport")


def _plan_and_potentials(solution: Solution, costs: Any, caller: Caller) -> tuple[Any, F64, F64]:
    """The plan as the caller has his costs, dense or sparse; leaves nothing in `solution`."""
    dense = caller.array(solution.dense_plan()) if isinstance(costs, np.ndarray) else None
    rows, columns, mass, u, v = solution.take_arrays()
    return (caller.sparse(rows, columns, mass, costs.shape) if dense is None else dense), u, v


def _log(cost: Any, u: F64, v: F64, caller: Caller) -> dict[str, Any]:
    return {"cost": cost, "u": caller.array(u), "v": caller.array(v), "warning": None, "result_code": 1}


def _warn_of_integers(caller: Caller) -> None:
    if not caller.is_floating:
        warn("the masses are integers, and so are plan and potentials, and of tensors the cost: fractions are cut off")


def _check_threads(number: Any) -> None:
    if isinstance(number, int) and number == 1:
        return
    is_maximum = number is None or (isinstance(number, str) and number.lower() == "max")
    if not is_maximum and not (isinstance(number, int) and number > 0):
        raise ValueError(f"numThreads: expected 'max' or a positive integer, found {number!r}")
    warn("numThreads is accepted and ignored, as in POT itself", DeprecationWarning)
