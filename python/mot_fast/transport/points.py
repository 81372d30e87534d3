"""Exact optimal transport between points, at costs from their coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._core import Solution, Solutions, solve_partial_points
from mot_fast._core import solve_points as solve_in_core
from mot_fast._validate import F64
from mot_fast._validate_masses import marginal, marginals
from mot_fast.system import memory
from mot_fast.system.blas import one_blas_thread
from mot_fast.transport.partial import solve_partial_problem
from mot_fast.transport.prepared_points import PreparedPoints
from mot_fast.transport.problem import Kept
from mot_fast.transport.transport import Transport

if TYPE_CHECKING:
    from mot_fast._core import PartialCurve

_MOST_STORED = 2**25
"""Largest number of costs, in single precision, that are kept: more take longer to write than to compute anew."""
_ALWAYS_STORED = 2**18
"""Number of costs that are kept however low the limit is."""
_BYTES_PER_COST = 4


def solve_sample(
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    *,
    metric: str = "sqeuclidean",
    mass: float | None = None,
    unmatched_cost: Any = None,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
) -> Transport:
    """Carry the mass `a` of the points `x` onto the mass `b` of the points `y` at least total cost, exactly.

    It answers as ``solve_transport(scipy.spatial.distance.cdist(x, y, metric), a, b)`` does, but the costs of many
    points are computed only while they are searched, and need no memory.

    Parameters
    ----------
    x, y : arrays or SciPy sparse matrices, `(n, d)` and `(m, d)`
        Coordinates of the points, finite.
    a, b : arrays, `(n,)` and `(m,)`, optional
        Non-negative masses with equal sums; uniform with sum 1 by default. Sums that differ by less than a millionth
        are levelled by scaling `b`.
    metric : str
        The cost of moving one unit of mass: 'sqeuclidean' (the default), 'euclidean', 'cityblock', 'cosine' or
        'correlation', as SciPy defines them, or 'inner_product', which is minus the inner product: the plan is that of
        the greatest total inner product.
    mass, unmatched_cost : optional
        Total mass to carry, or the price of mass that is left behind, as for `solve_transport`.
    memory_limit : int, optional
        Bytes of which half may go to costs that are kept; half of the memory that is free by default. Costs that do not
        fit are computed anew whenever they are searched, as those of very many pairs are in any case.
    n_jobs : int, optional
        Number of threads, which all work on this transport; as many as allowed by default. Results do not depend on it.

    Returns
    -------
    Transport
        Plan, cost, and potentials with ``u[i] + v[j] <= cost[i, j]`` for all pairs, tight wherever the plan moves mass;
        a `PartialTransport` where `mass` or `unmatched_cost` is given.

    Raises
    ------
    TypeError, ValueError
        If the points are not finite real numbers of as many dimensions, are zero where the metric is 'cosine' or
        constant where it is 'correlation', or costs exceed 1e300; if the masses are negative, not finite, all zero, of
        unequal sums (unless some may be left behind) or of the wrong shape; if `mass` is not positive or more than
        there is, or prices are not finite.
    SolverError
        If the answer could not be proven optimal.

    See Also
    --------
    mot_fast.solve_transport : Any cost matrix.
    mot_fast.ot.solve_sample : The same with POT's signature, and with derivatives of tensors.

    Examples
    --------
    >>> import mot_fast as mot
    >>> transport = mot.solve_sample([[0.0, 0.0], [4.0, 0.0]], [[4.0, 1.0], [0.0, 1.0]])
    >>> transport.cost
    1.0
    >>> transport.toarray()
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    limit = _validate.memory_limit(memory_limit, memory.available())
    n_threads = _validate.n_threads(n_jobs)
    points = PreparedPoints.of(x, y, metric, limit // 2)
    if mass is not None or unmatched_cost is not None:
        partial = PointsProblem.of(points, a, b, limit, n_threads)
        return solve_partial_problem(partial, mass, unmatched_cost)
    masses = marginals(a, b, (len(points.x), len(points.y)))
    solution = solve_points(points, *masses, limit, n_threads)
    return Transport.from_solution(solution, "the transport").with_costs_times(points.cost_exponent)


@dataclass(frozen=True, eq=False)
class PointsProblem:
    """A partial transport between points, whose coordinates were scaled."""

    points: PreparedPoints
    a: F64
    b: F64
    limit: int
    """Bytes of memory for costs."""
    n_threads: int

    @classmethod
    def of(cls, points: PreparedPoints, a: Any, b: Any, limit: int, n_threads: int) -> PointsProblem:
        """The problem of these masses, whose sums may differ."""
        mass_a, mass_b = marginal(a, len(points.x), "a"), marginal(b, len(points.y), "b")
        return cls(points, mass_a, mass_b, limit, n_threads)

    @property
    def cost_exponent(self) -> int:
        """Costs are two to this power times as large as those that the core solves on."""
        return self.points.cost_exponent

    def solve_partial(
        self,
        masses: Sequence[float],
        kept: Kept | None,
        *,
        has_curve: bool = False,  # noqa: ARG002
    ) -> tuple[Solutions, PartialCurve]:
        """Solutions for these masses, or for what is paid, and the curve; costs are the scaled ones."""
        points = self.points
        if kept is not None:
            kept = np.ldexp(kept[0], -self.cost_exponent), np.ldexp(kept[1], -self.cost_exponent)
        where = points.x, points.y, self.a, self.b, points.metric, points.base, _most_costs(self.limit)
        with one_blas_thread:
            return solve_partial_points(*where, self.n_threads, list(masses), kept)


def solve_points(points: PreparedPoints, a: F64, b: F64, limit: int, n_threads: int) -> Solution:
    """The core's solution of the transport between prepared points, within a memory limit in bytes."""
    with one_blas_thread:
        return solve_in_core(points.x, points.y, a, b, points.metric, points.base, _most_costs(limit), n_threads)


def _most_costs(limit: int) -> int:
    return min(_MOST_STORED, max(_ALWAYS_STORED, limit // 2 // _BYTES_PER_COST))
