"""An exact optimal transport, with the certificate that proves it optimal."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import numpy.typing as npt

from mot_fast._core import Certificate as MeasuredCertificate
from mot_fast._core import Solution
from mot_fast._validate import F64
from mot_fast.system import optional
from mot_fast.system.brief_repr import brief_repr
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    import pandas
    import scipy.sparse

I32 = npt.NDArray[np.int32]


class SolverError(RuntimeError):
    """A transport could not be proven optimal; no plan is returned."""


MARGINAL_ERROR = 1e-9
"""The largest error of a marginal, relative to the total mass, that a transport proven optimal may have."""


@dataclass(frozen=True)
class Certificate:
    """Distance of a transport from proven optimality, measured apart from the solver; a perfect one has zeros.

    With potentials u, v the dual value bounds every plan's cost from below, so a plan whose cost equals it is optimal.
    The first three figures are in units of cost, per unit of mass, and at most `tolerance`.
    """

    dual_violation: float
    """``max(u_i + v_j - cost_ij, 0)`` over all pairs."""
    slackness: float
    """``max |cost_ij - u_i - v_j|`` over the pairs that carry mass."""
    duality_gap: float
    """``|primal cost - dual value|``, plus the part of the dual value that is lost when the potentials are made
    feasible, over the total mass: no plan is cheaper by more than this."""
    marginal_error: float
    """Largest error of a row or column sum of the plan, over the total mass."""
    tolerance: float
    """Largest value allowed to the figures in units of cost: a billionth of the mean ``|cost|`` that the plan pays,
    plus the rounding error of potentials as large as these; at least 1e-6 for correlations."""

    __repr__ = brief_repr

    @property
    def figures(self) -> tuple[float, ...]:
        """The figures in the order of the core: violation, slackness, gap, marginal error, tolerance."""
        return self.dual_violation, self.slackness, self.duality_gap, self.marginal_error, self.tolerance

    @classmethod
    def of(cls, measured: MeasuredCertificate) -> Certificate:
        """The core's certificate as plain numbers."""
        return cls(*measured.figures)

    @classmethod
    def worst(cls, certificates: Iterable[Certificate]) -> Certificate:
        """The certificate that holds the largest of each figure."""
        return cls(*map(max, zip(*(each.figures for each in certificates), strict=True)))

    @classmethod
    def worst_of(cls, figures: F64) -> Certificate:
        """The certificate that holds the largest of each figure, given those of many certificates, `(n, 5)`."""
        return cls(*figures.max(axis=0).tolist())


_FIGURES_OF_COST = "dual_violation", "slackness", "duality_gap", "tolerance"


@dataclass(frozen=True, eq=False, repr=False)
class Transport:
    """A proven optimal transport."""

    rows: I32
    """`(n_entries,)`: rows of the pairs that carry mass, in increasing order; at most n + m - 1 of them."""
    columns: I32
    """`(n_entries,)`: columns of these pairs, increasing within a row."""
    mass: F64
    """`(n_entries,)`: masses that these pairs carry."""
    cost: float
    """Sum of cost times mass."""
    u: F64
    """Potentials `(n,)` of the rows, with ``u[i] + v[j] <= cost[i, j]``, tight wherever the plan moves mass."""
    v: F64
    """Potentials `(m,)` of the columns, shifted against `u` so that both have the same mean, weighted by the masses."""
    certificate: Certificate

    _COSTS: ClassVar[tuple[str, ...]] = ("u", "v")
    """Fields besides `cost` that are in units of cost."""

    @classmethod
    def from_solution(cls, solution: Solution, what: str, **labels: str) -> Self:
        """The core's solution as a result of this package; leaves nothing in `solution`.

        Parameters
        ----------
        solution : Solution
        what : str
            The transport, as an error names it.
        **labels : str
            Fields that a subclass has besides.

        Raises
        ------
        SolverError
            If the solution is not proven optimal.
        """
        certificate = Certificate.of(require_optimal(solution, what).certificate)
        rows, columns, mass, u, v = solution.take_arrays()
        return cls(rows, columns, mass, solution.cost, u, v, certificate, **labels)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns, `(n, m)`."""
        return len(self.u), len(self.v)

    @functools.cached_property
    def plan(self) -> scipy.sparse.csr_array:
        """The transport plan: the mass moved between every pair, sparse `(n, m)`."""
        import scipy.sparse

        return scipy.sparse.csr_array((self.mass, self.columns, self.row_starts), shape=self.shape)

    @property
    def row_starts(self) -> I32:
        """`(n + 1,)`: where the entries of each row begin, and those of the last one end."""
        row_starts = np.zeros(self.shape[0] + 1, dtype=np.int32)
        np.cumsum(np.bincount(self.rows, minlength=self.shape[0]), out=row_starts[1:])
        return row_starts

    @property
    def nnz(self) -> int:
        """Number of pairs that carry mass."""
        return len(self.mass)

    def toarray(self) -> F64:
        """The dense plan `(n, m)`."""
        plan = np.zeros(self.shape)
        plan[self.rows, self.columns] = self.mass
        return plan

    def with_costs_times(self, exponent: int) -> Self:
        """The same transport where all costs are two to this power times as large."""
        if exponent == 0:
            return self
        figures = {name: math.ldexp(getattr(self.certificate, name), exponent) for name in _FIGURES_OF_COST}
        costs = {name: np.ldexp(getattr(self, name), exponent) for name in self._COSTS}
        certificate = replace(self.certificate, **figures)
        return replace(self, cost=math.ldexp(self.cost, exponent), certificate=certificate, **costs)

    def to_pandas(self) -> pandas.DataFrame:
        """The plan as a table, one row for each pair that carries mass. Needs pandas.

        Returns
        -------
        pandas.DataFrame
            `source_unit`, `target_unit`: row and column of the plan; `mass`: the mass moved; `cost`: the cost of moving
            one unit of mass, ``u + v``, which is tight on these pairs.

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
        cost = self._pair_costs()
        columns = {"source_unit": self.rows, "target_unit": self.columns, "mass": self.mass, "cost": cost}
        return optional.pandas().DataFrame(columns)

    def _pair_costs(self) -> F64:
        """The cost of each pair that carries mass, for each unit of it."""
        return np.asarray(self.u[self.rows] + self.v[self.columns])

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
        """Return this transport seen from the target layer's units, carried to the source layer's."""
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


def require_optimal(solution: Solution, what: str) -> Solution:
    """The core's solution, which must be proven optimal.

    Raises
    ------
    SolverError
        If it is not.
    """
    if not solution.is_optimal:
        raise unproven(solution, what)
    return solution


def unproven(solution: Solution, what: str) -> SolverError:
    """The error for a solution that is not proven optimal."""
    certificate = " ".join(repr(Certificate.of(solution.certificate)).split())
    found = f"{what} could not be proven optimal: {certificate}"
    return SolverError(found if math.isfinite(solution.cost) else f"{found} of a cost that is {solution.cost}")
