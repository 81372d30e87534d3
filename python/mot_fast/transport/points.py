"""Exact optimal transport between points, at costs from their coordinates."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._core import Solution
from mot_fast._core import solve_points as solve_in_core
from mot_fast._validate import F64
from mot_fast._validate_masses import marginals
from mot_fast.system import memory
from mot_fast.system.blas import one_blas_thread
from mot_fast.transport.prepared_points import PreparedPoints
from mot_fast.transport.transport import Certificate, Transport

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
    memory_limit : int, optional
        Bytes of which half may go to costs that are kept; half of the memory that is free by default. Costs that do not
        fit are computed anew whenever they are searched, as those of very many pairs are in any case.
    n_jobs : int, optional
        Number of threads, which all work on this transport; as many as allowed by default. Results do not depend on it.

    Returns
    -------
    Transport
        Plan, cost, and potentials with ``u[i] + v[j] <= cost[i, j]`` for all pairs, tight wherever the plan moves mass.

    Raises
    ------
    TypeError, ValueError
        If the points are not finite real numbers of as many dimensions, are zero where the metric is 'cosine' or
        constant where it is 'correlation', or costs exceed 1e300; if the masses are negative, not finite, all zero, of
        unequal sums or of the wrong shape.
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
    masses = marginals(a, b, (len(points.x), len(points.y)))
    solution = solve_points(points, *masses, limit, n_threads)
    return scaled(Transport.from_solution(solution, "the transport"), points.cost_exponent)


def solve_points(points: PreparedPoints, a: F64, b: F64, limit: int, n_threads: int) -> Solution:
    """The core's solution of the transport between prepared points, within a memory limit in bytes."""
    most_costs = min(_MOST_STORED, max(_ALWAYS_STORED, limit // 2 // _BYTES_PER_COST))
    with one_blas_thread:
        return solve_in_core(points.x, points.y, a, b, points.metric, points.base, most_costs, n_threads)


def scaled(transport: Transport, exponent: int) -> Transport:
    """The transport of which all costs are two to this power times as large."""
    if exponent == 0:
        return transport
    found = transport.certificate
    violation, slackness, gap, tolerance = (
        math.ldexp(figure, exponent)
        for figure in (found.dual_violation, found.slackness, found.duality_gap, found.tolerance)
    )
    return replace(
        transport,
        cost=math.ldexp(transport.cost, exponent),
        u=np.ldexp(transport.u, exponent),
        v=np.ldexp(transport.v, exponent),
        certificate=Certificate(violation, slackness, gap, found.marginal_error, tolerance),
    )
