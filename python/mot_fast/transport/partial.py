"""Partial transport: plans that leave mass behind, at a given mass, at a price, or along the whole curve of masses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from mot_fast import _validate
from mot_fast._core import Solution, Solutions
from mot_fast._validate import F64
from mot_fast.system import optional
from mot_fast.system.brief_repr import brief_repr
from mot_fast.transport.problem import (
    MASS_TOLERANCE,
    Kept,
    Problem,
    largest_carried,
    mass_to_carry,
    prices_of_unmatched,
    problem_of,
)
from mot_fast.transport.transport import I32, Certificate, Transport, require_optimal

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas

    from mot_fast._core import PartialCurve


@dataclass(frozen=True, eq=False, repr=False)
class PartialTransport(Transport):
    """A proven optimal transport that leaves mass behind.

    Its potentials have ``u[i] + v[j] + price <= cost[i, j]``, tight wherever the plan moves mass; those of a unit are
    at most what it pays for mass left behind (zero, where the mass to carry was given), and equal to it wherever it
    leaves some.
    """

    left_rows: F64
    """`(n,)`: mass that every row keeps."""
    left_columns: F64
    """`(m,)`: mass that every column goes without."""
    price: float
    """What the last bit of mass cost, for each unit of mass; zero where prices for mass left behind were given, as it
    cost what it saved."""
    unmatched_cost: float
    """What is paid for mass left behind; zero where the mass to carry was given."""

    _COSTS = ("u", "v", "price")  # `unmatched_cost` comes from the caller's prices

    @classmethod
    def from_partial(
        cls, solution: Solution, kept: Kept | None, what: str = "the partial transport"
    ) -> PartialTransport:
        """The core's solution as a result of this package; leaves nothing in `solution`."""
        certificate = Certificate.of(require_optimal(solution, what).certificate)
        rows, columns, mass, u, v = solution.take_arrays()
        left = solution.take_left_behind()
        paid = 0.0 if kept is None else float(kept[0] @ left[0] + kept[1] @ left[1])
        return cls(rows, columns, mass, solution.cost, u, v, certificate, *left, solution.price, paid)

    @property
    def carried(self) -> float:
        """Total mass that is carried."""
        return float(self.mass.sum())

    @property
    def matched_rows(self) -> F64:
        """`(n,)`: share of each row's mass that is carried; NaN for a row without mass."""
        return _share(self.rows, self.mass, self.left_rows)

    @property
    def matched_columns(self) -> F64:
        """`(m,)`: share of each column's mass that is carried; NaN for a column without mass."""
        return _share(self.columns, self.mass, self.left_columns)

    def _pair_costs(self) -> F64:
        return super()._pair_costs() + self.price

    def __repr__(self) -> str:
        n, m = self.shape
        left = f"{self.left_rows.sum():.4g} and {self.left_columns.sum():.4g}"
        return (
            f"PartialTransport({n} x {m}, {self.nnz} entries, mass {self.carried:.6g}, cost {self.cost:.6g},\n"
            f"                 left behind by rows and columns {left}, price {self.price:.6g})"
        )


@dataclass(frozen=True, eq=False)
class UnitPrices:
    """At which prices of carrying more mass each unit of one side is matched."""

    first: F64
    """`(n,)`: the price at which mass of the unit is carried first; infinite if none ever is."""
    all: F64
    """`(n,)`: the price at which all of it is; infinite if not all is at the end of the path."""

    __repr__ = brief_repr


@dataclass(frozen=True, eq=False, repr=False)
class PartialPath:
    """The least cost of carrying every mass, and how it grows: convex and linear between breakpoints.

    The plan of largest mass is proven optimal; `at` solves and proves that of any other.
    """

    masses: F64
    """`(k + 1,)`: masses at the breakpoints, from 0 to the largest that can be carried."""
    costs: F64
    """`(k + 1,)`: least costs of carrying them."""
    prices: F64
    """`(k,)`: what each unit of mass costs between one breakpoint and the next: slopes, which increase."""
    rows: UnitPrices
    """Prices at which the rows are matched: those of low ones have good counterparts."""
    columns: UnitPrices
    """Prices at which the columns are matched."""
    end: PartialTransport
    """The plan of the largest mass."""
    _problem: Problem

    @overload
    def at(self, mass: float) -> PartialTransport: ...
    @overload
    def at(self, mass: Sequence[float]) -> list[PartialTransport]: ...
    def at(self, mass: float | Sequence[float]) -> PartialTransport | list[PartialTransport]:
        """The plan that carries this mass, proven optimal; of several masses a list, in one walk along the path.

        Raises
        ------
        TypeError, ValueError
            If a mass is not a number above 0 and at most the largest.
        """
        if np.ndim(mass) == 0:
            return solve_masses(self._problem, [self._mass(mass, "mass")])[0]
        masses = [self._mass(each, f"mass[{k}]") for k, each in enumerate(mass)]  # type: ignore[arg-type]
        chosen = sorted(set(masses))
        plans = dict(zip(chosen, solve_masses(self._problem, chosen), strict=True))
        return [plans[each] for each in masses]

    def _mass(self, value: Any, what: str) -> float:
        mass = _validate.real_number(value, what)
        if not 0 < mass <= self.masses[-1] * (1 + MASS_TOLERANCE):
            raise ValueError(f"{what}: expected more than 0 and at most {self.masses[-1]:.9g}, found {mass:.9g}")
        return min(mass, float(self.masses[-1]))

    def cost_at(self, mass: npt.ArrayLike) -> F64:
        """The least cost of carrying each of these masses, in their shape; NaN for masses off the path."""
        masses = np.asarray(mass, dtype=np.float64)
        return np.asarray(np.interp(masses, self.masses, self.costs, left=np.nan, right=np.nan))

    def knee(self, n_masses: int = 100) -> float:
        """The mass at which the curve bends most, which leaves behind what costs much more than the rest.

        The curve of what is left behind against its cost is taken at evenly spaced masses, both relative to the largest
        mass, and the one of the largest curvature is returned, as Kapoor et al. (2026, Partial soft-matching distance,
        arXiv 2602.19331) choose it for costs of 1 - correlation. It depends on the scale of the costs, may be among the
        very first masses where few pairs are far better than the rest, and a curve without a bend has a knee all the
        same, anywhere: look at it.

        Parameters
        ----------
        n_masses : int
            Number of masses between 0 and the largest, both included; 0 itself is no knee.
        """
        n = _validate.whole_number(n_masses, "n_masses", at_least=3)
        masses, most = np.linspace(0.0, self.masses[-1], n), self.masses[-1]
        return float(masses[1:][np.argmax(curvature(self.cost_at(masses) / most, 1.0 - masses / most)[1:])])

    def to_pandas(self) -> pandas.DataFrame:
        """The breakpoints as a table: `mass`, `cost`, and the `price` of each unit of mass that leads there.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {"mass": self.masses[1:], "cost": self.costs[1:], "price": self.prices}
        return optional.pandas().DataFrame(columns)

    def __repr__(self) -> str:
        n, m = self.end.shape
        return (
            f"PartialPath({n} x {m}, {len(self.prices)} breakpoints, mass 0 to {self.masses[-1]:.6g},\n"
            f"            cost 0 to {self.costs[-1]:.6g}, prices {self.prices[0]:.6g} to {self.prices[-1]:.6g})"
        )


def partial_path(cost: Any, a: Any = None, b: Any = None) -> PartialPath:
    """The whole curve of least cost against the mass that is carried, exactly.

    Parameters
    ----------
    cost : array or SciPy sparse matrix, `(n, m)`
        Cost of moving one unit of mass, finite. An entry that is missing in a sparse matrix forbids the pair.
    a, b : arrays, `(n,)` and `(m,)`, optional
        Non-negative masses, whose sums may differ; uniform with sum 1 by default.

    Returns
    -------
    PartialPath
        Breakpoints and slopes, the prices at which rows and columns are matched, and the plan at any mass.

    Raises
    ------
    TypeError, ValueError
        If the costs are not finite real numbers, no pair is allowed, or the masses are negative, not finite, all zero
        or of the wrong shape.
    SolverError
        If the plan of the largest mass could not be proven optimal.

    See Also
    --------
    mot_fast.solve_transport : One mass, or one price.

    Examples
    --------
    >>> import mot_fast as mot
    >>> path = mot.partial_path([[0.1, 0.9], [0.9, 0.3]])
    >>> path.masses, path.prices
    (array([0. , 0.5, 1. ]), array([0.1, 0.3]))
    >>> path.at(0.5).toarray()
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    return path_of(problem_of(cost, a, b, is_partial=True))


def path_of(problem: Problem) -> PartialPath:
    """The path of a problem, up to the largest mass that its pairs can carry."""
    most = min(float(problem.a.sum()), float(problem.b.sum()))
    solutions, curve = problem.solve_partial([most], None, has_curve=True)
    if solutions[0].is_infeasible:
        most = largest_carried(curve)
        if not most > 0:
            raise ValueError("cost: expected an entry between a row and a column that have mass, found none")
        solutions, curve = problem.solve_partial([most], None, has_curve=True)
    end = _transport(problem, solutions[0], None)
    masses, prices, (rows_first, rows_all), (columns_first, columns_all) = curve
    masses = np.concatenate([[0.0], masses])
    costs = np.concatenate([[0.0], np.cumsum(np.diff(masses) * prices)])
    rows, columns = UnitPrices(rows_first, rows_all), UnitPrices(columns_first, columns_all)
    return PartialPath(masses, costs, prices, rows, columns, end, problem)


def solve_partial_problem(problem: Problem, mass: Any, unmatched_cost: Any) -> PartialTransport:
    """The plan of a mass, or at prices of mass left behind, of which one is given."""
    if mass is not None and unmatched_cost is not None:
        raise ValueError("mass and unmatched_cost: expected one of them, found both: the price follows from the mass")
    if mass is not None:
        return solve_masses(problem, [mass_to_carry(mass, problem.a, problem.b)])[0]
    kept = prices_of_unmatched(unmatched_cost, (len(problem.a), len(problem.b)))
    solutions, _ = problem.solve_partial([], kept)
    return _transport(problem, solutions[0], kept)


def solve_masses(problem: Problem, masses: Sequence[float]) -> list[PartialTransport]:
    """Plans of increasing masses, in one walk.

    Raises
    ------
    ValueError
        If the pairs that are allowed carry less.
    """
    solutions, curve = problem.solve_partial(masses, None)
    _refuse_infeasible(solutions, curve, masses)
    return [_transport(problem, solution, None) for solution in solutions]


def _transport(problem: Problem, solution: Solution, kept: Kept | None) -> PartialTransport:
    return PartialTransport.from_partial(solution, kept).with_costs_times(problem.cost_exponent)


def curvature(x: F64, y: F64) -> F64:
    """Curvature of a curve through evenly numbered points, by central differences."""
    dx, dy = np.gradient(x), np.gradient(y)
    ddx, ddy = np.gradient(dx), np.gradient(dy)
    return np.asarray(np.abs(dx * ddy - ddx * dy) / ((dx**2 + dy**2) ** 1.5 + 1e-8))


def _refuse_infeasible(solutions: Solutions, curve: PartialCurve, masses: Sequence[float]) -> None:
    for solution, mass in zip(solutions, masses, strict=True):
        if solution.is_infeasible:
            most = largest_carried(curve)
            raise ValueError(f"mass: expected at most {most!r}, all that the listed pairs carry, found {mass!r}")


def _share(units: I32, masses: F64, left: F64) -> F64:
    carried: F64 = np.bincount(units, masses, minlength=len(left)).astype(np.float64, copy=False)
    share = np.full(len(left), np.nan)
    return np.asarray(np.divide(carried, carried + left, out=share, where=carried + left > 0))
