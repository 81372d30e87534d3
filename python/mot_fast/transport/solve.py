"""Exact optimal transport on one cost matrix: of all mass, or of as much as is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from mot_fast import _validate
from mot_fast._core import solve_plain_transport
from mot_fast.transport.partial import PartialTransport, solve_partial_problem
from mot_fast.transport.problem import problem_of
from mot_fast.transport.transport import Transport

if TYPE_CHECKING:
    import numpy.typing as npt


@overload
def solve_transport(
    cost: Any,
    a: npt.ArrayLike | None = None,
    b: npt.ArrayLike | None = None,
    *,
    potentials: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    mass: None = None,
    unmatched_cost: None = None,
) -> Transport: ...
@overload
def solve_transport(
    cost: Any,
    a: npt.ArrayLike | None = None,
    b: npt.ArrayLike | None = None,
    *,
    potentials: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    mass: float | None = None,
    unmatched_cost: Any = None,
) -> PartialTransport: ...
def solve_transport(
    cost: Any,
    a: npt.ArrayLike | None = None,
    b: npt.ArrayLike | None = None,
    *,
    potentials: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    mass: float | None = None,
    unmatched_cost: Any = None,
) -> Transport:
    """Carry the mass `a` onto the mass `b` at least total cost, exactly; or only some of it.

    Parameters
    ----------
    cost : array or SciPy sparse matrix, `(n, m)`
        Cost of moving one unit of mass, finite; float32 is solved as it is, all else as float64. An entry that is
        missing in a sparse matrix forbids the pair.
    a, b : arrays, `(n,)` and `(m,)`, optional
        Non-negative masses with equal sums; uniform with sum 1 by default. Sums that differ by less than a millionth
        are levelled by scaling `b`. Where mass may be left behind sums may differ.
    potentials : arrays `(n,)` and `(m,)`, optional
        Potentials `u` and `v` to start from: those of the same problem, or of one like it, such as the last step of an
        optimization. They save time if they are near to the optimum; others, even NaN, change nothing but the time.
        Not used where costs are sparse or mass may be left behind.
    mass : float, optional
        Total mass to carry: what fits worst is left behind. At most the smaller sum of the masses.
    unmatched_cost : float, or pair of floats or arrays `(n,)` and `(m,)`, optional
        Price of every unit of mass that is left behind, in place of `mass`: a pair is used only where it costs less.
        Of one number a row and a column pay half each; a pair of numbers or arrays says what rows pay, and columns.

    Returns
    -------
    Transport
        Plan, cost, and potentials with ``u[i] + v[j] <= cost[i, j]``, tight wherever the plan moves mass; the
        marginals are met to 1e-9 of the total mass.
    PartialTransport
        Where `mass` or `unmatched_cost` is given: besides, what every row and column leaves behind, and the price of
        carrying more.

    Raises
    ------
    TypeError, ValueError
        If the costs are not finite real numbers, the masses are negative, not finite, all zero, of unequal sums or of
        the wrong shape, the potentials are of the wrong shape, a sparse `cost` forbids so much that not all mass, or
        not so much as `mass`, can be carried, `mass` is not positive or more than there is, or prices are not finite.
    SolverError
        If the answer could not be proven optimal, as when products of costs and masses leave the range of doubles.

    See Also
    --------
    mot_fast.solve_transports : Many problems at once, on all threads.
    mot_fast.partial_path : The least cost of every mass.
    mot_fast.solve_sample : Points, at costs from their coordinates.
    mot_fast.ot : POT's and SciPy's signatures.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> transport = mot.solve_transport([[0.0, 1.0, 3.0], [3.0, 1.0, 0.0]])
    >>> round(transport.cost, 6)
    0.333333
    >>> np.round(transport.toarray(), 3)
    array([[0.333, 0.167, 0.   ],
           [0.   , 0.167, 0.333]])

    A problem like it starts from its potentials:

    >>> next_cost = [[0.0, 1.1, 3.0], [3.0, 1.0, 0.0]]
    >>> round(mot.solve_transport(next_cost, potentials=(transport.u, transport.v)).cost, 6)
    0.35

    Half of the mass, the one that fits best:

    >>> mot.solve_transport([[0.1, 0.9], [0.9, 0.3]], mass=0.5)
    PartialTransport(2 x 2, 1 entries, mass 0.5, cost 0.05,
                     left behind by rows and columns 0.5 and 0.5, price 0.1)
    """
    if mass is not None or unmatched_cost is not None:
        problem = problem_of(cost, a, b, is_partial=True)
        _validate.potentials(potentials, (len(problem.a), len(problem.b)), "potentials")
        return solve_partial_problem(problem, mass, unmatched_cost)
    solution = solve_plain_transport(cost, a, b) if potentials is None else None
    if solution is None:  # an argument has to be converted, or an error has to name it
        problem = problem_of(cost, a, b, is_partial=False)
        start = _validate.potentials(potentials, (len(problem.a), len(problem.b)), "potentials")
        solution = problem.solve(start)
        if solution.is_infeasible:
            raise ValueError("cost: expected entries that leave a plan; every plan would use one that is missing")
    return Transport.from_solution(solution, "the transport")
