"""Exact optimal transport on one cost matrix, and the proof that comes with it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._core import Certificate as MeasuredCertificate
from mot_fast._core import Solution
from mot_fast._core import solve_transport as solve_in_core
from mot_fast._validate import F64
from mot_fast.system import optional
from mot_fast.system.printable import printable

if TYPE_CHECKING:
    import pandas
    import scipy.sparse

I32 = npt.NDArray[np.int32]


class SolverError(RuntimeError):
    """A transport could not be proven optimal; no plan is returned."""


MARGINAL_ERROR = 1e-9
"""The largest error of a marginal, over the total mass, that a proven transport has."""


@dataclass(frozen=True)
class Certificate:
    """How far an answer is from proven optimality, measured apart from the solver. A perfect answer has zeros.

    With potentials u, v the dual value bounds every plan's cost from below, so a plan whose cost equals it is optimal.
    The first three figures are in units of cost, per unit of mass, and at most `tolerance`.
    """

    dual_violation: float
    """``max(u_i + v_j - cost_ij, 0)`` over all pairs."""
    slackness: float
    """``max |cost_ij - u_i - v_j|`` over the pairs that carry mass."""
    duality_gap: float
    """``|primal cost - dual value|``, and what making the potentials feasible takes from the dual value, over the total
    mass: no plan is cheaper by more."""
    marginal_error: float
    """Largest error of a row or column sum of the plan, over the total mass."""
    tolerance: float
    """What the figures in units of cost were held to: a billionth of the mean ``|cost|`` that the plan pays, and what
    rounding does to potentials as large as these; at least 1e-6 for correlations."""

    @property
    def figures(self) -> tuple[float, ...]:
        """All of them, in this order."""
        return self.dual_violation, self.slackness, self.duality_gap, self.marginal_error, self.tolerance

    @classmethod
    def of(cls, measured: MeasuredCertificate) -> Certificate:
        """The core's certificate as plain numbers."""
        return cls(
            measured.dual_violation,
            measured.slackness,
            measured.duality_gap,
            measured.marginal_error,
            measured.tolerance,
        )

    @classmethod
    def worst(cls, certificates: Iterable[Certificate]) -> Certificate:
        """The largest of each figure."""
        return cls(*map(max, zip(*(each.figures for each in certificates), strict=True)))


@dataclass(frozen=True, eq=False, repr=False)
class Transport:
    """A proven optimal transport."""

    rows: I32
    """`(n_entries,)`: of every pair that carries mass, its row, in increasing order; at most n + m - 1 of them."""
    columns: I32
    """`(n_entries,)`: its column, increasing within a row."""
    mass: F64
    """`(n_entries,)`: the mass it carries."""
    cost: float
    """Sum of cost times mass."""
    u: F64
    """Potentials `(n,)` of the rows, with ``u[i] + v[j] <= cost[i, j]``, tight wherever the plan moves mass."""
    v: F64
    """Potentials `(m,)` of the columns; the total is shared so that u and v have equal weighted means."""
    certificate: Certificate

    @property
    def shape(self) -> tuple[int, int]:
        """`(n, m)`."""
        return len(self.u), len(self.v)

    @functools.cached_property
    def plan(self) -> scipy.sparse.csr_array:
        """The mass moved, sparse `(n, m)`."""
        import scipy.sparse

        row_starts = np.zeros(self.shape[0] + 1, dtype=np.int32)
        np.cumsum(np.bincount(self.rows, minlength=self.shape[0]), out=row_starts[1:])
        return scipy.sparse.csr_array((self.mass, self.columns, row_starts), shape=self.shape)

    @property
    def nnz(self) -> int:
        """Number of pairs that carry mass."""
        return len(self.mass)

    def toarray(self) -> F64:
        """The dense plan `(n, m)`."""
        return np.asarray(self.plan.toarray(), dtype=np.float64)

    def to_pandas(self) -> pandas.DataFrame:
        """The plan as a table, one row for each pair that carries mass. Needs pandas.

        Returns
        -------
        pandas.DataFrame
            `source_unit`, `target_unit`: row and column of the plan; `mass`: what is moved; `cost`: of moving one unit
            of mass, ``u + v``, which is tight on these pairs.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> import mot_fast as mot
        >>> mot.solve_transport([[0.0, 1.0, 3.0], [3.0, 1.0, 0.0]]).to_pandas().round(3)
           source_unit  target_unit   mass  cost
        0            0            0  0.333   0.0
        1            0            1  0.167   1.0
        2            1            1  0.167   1.0
        3            1            2  0.333   0.0
        """
        cost = self.u[self.rows] + self.v[self.columns]
        columns = {"source_unit": self.rows, "target_unit": self.columns, "mass": self.mass, "cost": cost}
        return optional.pandas().DataFrame(columns)

    def __repr__(self) -> str:
        return f"Transport({self.shape[0]} x {self.shape[1]}, {self.nnz} entries, cost {self.cost:.6g})"


@dataclass(frozen=True, eq=False, repr=False)
class UnitPlan(Transport):
    """The transport between the units of two layers: rows are units of `source`, columns units of `target`."""

    source: str
    """Label of the source layer."""
    target: str
    """Label of the target layer."""

    def transpose(self) -> UnitPlan:
        """From the target layer's units to the source layer's."""
        order = np.lexsort((self.rows, self.columns))
        return replace(
            self,
            rows=self.columns[order],
            columns=self.rows[order],
            mass=self.mass[order],
            u=self.v,
            v=self.u,
            source=self.target,
            target=self.source,
        )

    def to_pandas(self) -> pandas.DataFrame:
        """The plan as a table, one row for each pair of units matched, with their `correlation`, ``1 - cost``.

        With rotations the source's units are the rotated ones; see `Transport.to_pandas`. Needs pandas.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> import numpy as np, mot_fast as mot
        >>> layer = np.random.default_rng(0).random((50, 3))
        >>> mot.align([layer], [layer[:, ::-1]]).unit_plan(0, 0).to_pandas()[["source_unit", "target_unit"]]
           source_unit  target_unit
        0            0            2
        1            1            1
        2            2            0
        """
        frame = super().to_pandas()
        return frame.assign(correlation=1.0 - frame["cost"])

    def __repr__(self) -> str:
        names = printable(f"'{self.source}' to '{self.target}'")
        return f"UnitPlan({names}, {self.shape[0]} x {self.shape[1]}, cost {self.cost:.6g})"


def solve_transport(cost: npt.ArrayLike, a: npt.ArrayLike | None = None, b: npt.ArrayLike | None = None) -> Transport:
    """Carry the mass `a` onto the mass `b` at least total cost, exactly.

    Parameters
    ----------
    cost : array, `(n, m)`
        Cost of moving one unit of mass, finite; float32 is solved as it is, all else as float64.
    a, b : arrays, `(n,)` and `(m,)`, optional
        Non-negative masses with equal sums; uniform with sum 1 by default. Sums that differ by less than a millionth
        are levelled by scaling `b`.

    Returns
    -------
    Transport
        Plan, cost, and potentials with ``u[i] + v[j] <= cost[i, j]``, tight wherever the plan moves mass; the
        marginals are met to 1e-9 of the total mass.

    Raises
    ------
    TypeError, ValueError
        If the costs are not finite real numbers, or the masses are negative, not finite, all zero, of unequal sums or
        of the wrong shape.
    SolverError
        If the answer could not be proven optimal, as when products of costs and masses leave the range of doubles.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> transport = mot.solve_transport([[0.0, 1.0, 3.0], [3.0, 1.0, 0.0]])
    >>> round(transport.cost, 6)
    0.333333
    >>> np.round(transport.toarray(), 3)
    array([[0.333, 0.167, 0.   ],
           [0.   , 0.167, 0.333]])
    """
    matrix, largest = _validate.cost_matrix(cost)
    mass_a, mass_b = _validate.marginals(a, b, matrix.shape)
    return Transport(**fields_of(solve_in_core(matrix, mass_a, mass_b, largest), "the transport"))


def proven(solution: Solution, what: str) -> Solution:
    """The core's solution if it is proven optimal; else raises `SolverError`."""
    if not solution.is_optimal:
        raise SolverError(f"{what} could not be proven optimal: {Certificate.of(solution.certificate)}")
    return solution


def fields_of(solution: Solution, what: str) -> dict[str, Any]:
    """The fields of a `Transport`, taken out of the core's solution; an unproven one raises `SolverError`."""
    certificate = Certificate.of(proven(solution, what).certificate)
    arrays = zip(("rows", "columns", "mass", "u", "v"), solution.take_arrays(), strict=True)
    return {**dict(arrays), "cost": solution.cost, "certificate": certificate}
