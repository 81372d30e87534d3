"""One transport problem as the core takes it: validated costs, dense or listed, and masses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from mot_fast import _validate
from mot_fast._core import (
    GREATEST_COST,
    Solution,
    Solutions,
    largest_magnitude,
    solve_partial,
    solve_sparse_partial,
    solve_sparse_transport,
)
from mot_fast._core import solve_transport as solve_in_core
from mot_fast._validate import F64, Array
from mot_fast._validate_masses import marginal, marginals

if TYPE_CHECKING:
    from mot_fast._core import PartialCurve

Kept = tuple[F64, F64]
"""What rows and columns pay for every unit of mass that they leave behind."""


class Problem(Protocol):
    """A transport problem, wherever its costs come from."""

    @property
    def a(self) -> F64:
        """Masses of the rows."""

    @property
    def b(self) -> F64:
        """Masses of the columns."""

    @property
    def cost_exponent(self) -> int:
        """Costs are two to this power times as large as those that the core solves on."""

    def solve_partial(
        self, masses: Sequence[float], kept: Kept | None, *, has_curve: bool = False
    ) -> tuple[Solutions, PartialCurve]:
        """Solutions for these masses, in increasing order, or for what is paid; and the curve up to the last one.

        Of dense costs the curve may be empty unless it is asked for.
        """


@dataclass(frozen=True, eq=False)
class DenseProblem:
    """Costs in a matrix, float32 or float64."""

    cost: Array
    scale: float
    """Largest absolute cost."""
    a: F64
    b: F64
    cost_exponent: ClassVar[int] = 0

    def solve(self, potentials: Kept | None) -> Solution:
        """The solution in which all mass is carried, started from potentials, if there are any."""
        return solve_in_core(self.cost, self.a, self.b, self.scale, potentials=potentials)

    def solve_partial(
        self, masses: Sequence[float], kept: Kept | None, *, has_curve: bool = False
    ) -> tuple[Solutions, PartialCurve]:
        """Solutions for these masses, or for what is paid, and the curve."""
        return solve_partial(self.cost, self.a, self.b, self.scale, list(masses), kept, has_curve)


@dataclass(frozen=True, eq=False)
class SparseProblem:
    """Costs of the pairs that are listed; all others are forbidden."""

    row_starts: np.ndarray[Any, np.dtype[np.int64]]
    columns: np.ndarray[Any, np.dtype[np.int32]]
    cost: F64
    a: F64
    b: F64
    cost_exponent: ClassVar[int] = 0

    def solve(self, potentials: Kept | None) -> Solution:  # noqa: ARG002
        """The solution in which all mass is carried."""
        return solve_sparse_transport(self.row_starts, self.columns, self.cost, self.a, self.b)

    def solve_partial(
        self,
        masses: Sequence[float],
        kept: Kept | None,
        *,
        has_curve: bool = False,  # noqa: ARG002
    ) -> tuple[Solutions, PartialCurve]:
        """Solutions for these masses, or for what is paid, and the curve."""
        return solve_sparse_partial(self.row_starts, self.columns, self.cost, self.a, self.b, list(masses), kept)


def problem_of(cost: Any, a: Any, b: Any, *, is_partial: bool) -> DenseProblem | SparseProblem:
    """The problem of these costs and masses, validated; masses of partial problems may have different sums."""
    shape: tuple[int, int]
    if is_sparse(cost):
        rows, _ = sparse_costs(cost, "cost")
        shape = rows.shape
    else:
        matrix, scale = _validate.cost_matrix(cost)
        shape = matrix.shape
    mass_a, mass_b = (marginal(a, shape[0], "a"), marginal(b, shape[1], "b")) if is_partial else marginals(a, b, shape)
    if is_sparse(cost):
        return SparseProblem(rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data, mass_a, mass_b)
    return DenseProblem(matrix, scale, mass_a, mass_b)


def is_sparse(values: Any) -> bool:
    """Whether this is one of SciPy's sparse matrices; `scipy.sparse` is not imported to find out."""
    return type(values).__module__.startswith("scipy.sparse")


def sparse_costs(values: Any, what: str) -> tuple[Any, float]:
    """Finite costs in compressed rows, with increasing columns, and the largest magnitude among them.

    Entries that are stored twice are summed, stored zeros are kept.
    """
    import scipy.sparse

    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{what}: expected a non-empty matrix, found shape {values.shape}")
    if not _validate.is_readable_dtype(values.dtype):
        raise TypeError(f"{what}: expected real numbers, found {values.dtype}")
    rows = scipy.sparse.csr_array(values, copy=True)
    rows.sum_duplicates()
    rows.data = _validate.activations(rows.data, what).astype(np.float64, copy=False)
    largest = largest_magnitude(rows.data)
    if not largest <= GREATEST_COST:
        raise ValueError(f"{what}: expected finite costs up to {GREATEST_COST}, found {largest}")
    return rows, largest


MASS_TOLERANCE = 1e-6
"""By how much more than all, relatively, a mass to carry may be: rounding (to single precision, say) explains it."""


def mass_to_carry(value: Any, a: F64, b: F64, what: str = "mass") -> float:
    """A total mass that can be carried: positive, and no more than either side has."""
    mass = _validate.real_number(value, what)
    most = min(float(a.sum()), float(b.sum()))
    if not 0 < mass <= most * (1 + MASS_TOLERANCE):
        raise ValueError(
            f"{what}: expected more than 0 and at most {most:.9g}, the smaller sum of the masses, found {mass:.9g}"
        )
    return min(mass, most)


def prices_of_unmatched(value: Any, shape: tuple[int, int], what: str = "unmatched_cost") -> Kept:
    """What every row and every column pays for mass left behind; of one number each side pays half."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{what}: expected one number, or a pair for rows and columns, found {len(value)} of them")
        rows, columns = (
            _price_of_side(side, n, f"{what}[{k}]") for k, (side, n) in enumerate(zip(value, shape, strict=True))
        )
        return rows, columns
    price = _validate.real_number(value, what)
    return np.full(shape[0], price / 2), np.full(shape[1], price / 2)


def _price_of_side(value: Any, n: int, what: str) -> F64:
    prices = _validate.array(value, what)
    if prices.shape not in ((), (n,)):
        raise ValueError(f"{what}: expected one number or shape ({n},), found shape {prices.shape}")
    prices = np.array(np.broadcast_to(_validate.activations(prices, what), (n,)), dtype=np.float64)
    largest = largest_magnitude(prices)
    if not largest <= GREATEST_COST:
        place = int(np.argmax(~(np.abs(prices) <= GREATEST_COST)))
        raise ValueError(
            f"{what}: expected finite prices up to {GREATEST_COST}, found {prices[place]} first at {place}"
        )
    return prices


def largest_carried(curve: PartialCurve) -> float:
    """The mass at the end of a curve."""
    masses = curve[0]
    return float(masses[-1]) if len(masses) else 0.0
