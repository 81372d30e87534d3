"""Many transports at once: independent problems, solved by all threads in one call of the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._core import Solution, Solutions, solve_many
from mot_fast._validate import F64, Index
from mot_fast.system import threads
from mot_fast.transport.many_validation import Problems, has_tensors
from mot_fast.transport.partial import PartialTransport, solve_partial_problem
from mot_fast.transport.transport import I32, Certificate, SolverError, Transport, unproven

if TYPE_CHECKING:
    from mot_fast._dlpack import ArrayLike

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, eq=False, repr=False)
class Transports(Sequence[Transport]):
    """Proven optimal transports of many problems: a sequence of `Transport`, with the numbers of all in arrays.

    Where problems differ in shape, a list holds one array for each of them in place of a stacked array. A slice is
    again a `Transports`.
    """

    costs: F64
    """Sums of cost times mass, `(k,)`."""
    u: F64 | list[F64]
    """Potentials of the rows, `(k, n)`, with ``u[p, i] + v[p, j] <= costs[p, i, j]``, tight where mass is moved."""
    v: F64 | list[F64]
    """Potentials of the columns, `(k, m)`."""
    _figures: F64  # (k, 5), of the certificates
    _starts: Index  # (k + 1,), where the entries of each plan begin, and those of the last one end
    _rows: I32
    _columns: I32
    _mass: F64

    @classmethod
    def from_solutions(cls, solutions: Solutions, shapes: list[tuple[int, int]] | tuple[int, int]) -> Transports:
        """The core's solutions as a result of this package; leaves nothing in them.

        `shapes` is the shape of all problems, or the list of their shapes.
        """
        costs, figures = solutions.costs, solutions.certificates
        entries, rows, columns, mass, flat_u, flat_v = solutions.take_plans()
        u, v = (_by_problem(flat, shapes, side) for side, flat in enumerate((flat_u, flat_v)))
        return cls(costs, u, v, figures, _starts(entries), rows, columns, mass)

    @property
    def certificate(self) -> Certificate:
        """The certificate that holds the largest of each figure; zeros if there is no transport."""
        return Certificate.worst_of(self._figures) if len(self) else Certificate(0.0, 0.0, 0.0, 0.0, 0.0)

    @property
    def permutations(self) -> Index | list[Index]:
        """Column that each row is matched with, `(k, n)`, of plans that match all rows and columns one to one.

        Those of square problems with uniform masses do.

        Raises
        ------
        ValueError
            If a plan is no such matching.
        """
        first_unit = np.repeat(self._starts[:-1], np.diff(self._starts))
        columns = self._columns.astype(np.int64)
        has_own_row = np.array_equal(first_unit + self._rows, np.arange(len(columns)))
        has_own_column = (np.bincount(first_unit + columns, minlength=len(columns)) == 1).all()
        sizes = [len(u) for u in self.u]
        if not (has_own_row and has_own_column and sizes == [len(v) for v in self.v] == np.diff(self._starts).tolist()):
            p = next(p for p, transport in enumerate(self) if not _is_matching(transport))
            raise ValueError(f"transports[{p}]: expected every row matched with a column of its own, found {self[p]}")
        return columns.reshape(self.u.shape) if isinstance(self.u, np.ndarray) else _split(columns, sizes)

    def toarray(self) -> F64 | list[F64]:
        """The dense plans, `(k, n, m)`."""
        if not (isinstance(self.u, np.ndarray) and isinstance(self.v, np.ndarray)):
            return [transport.toarray() for transport in self]
        plans = np.zeros((len(self), self.u.shape[1], self.v.shape[1]))
        plans[np.repeat(np.arange(len(self)), np.diff(self._starts)), self._rows, self._columns] = self._mass
        return plans

    def __len__(self) -> int:
        return len(self.costs)

    @overload
    def __getitem__(self, which: int) -> Transport: ...
    @overload
    def __getitem__(self, which: slice) -> Transports: ...
    def __getitem__(self, which: int | slice) -> Transport | Transports:
        if isinstance(which, slice):
            return self._chosen(which)
        p = range(len(self))[which]
        own = slice(self._starts[p], self._starts[p + 1])
        entries = self._rows[own], self._columns[own], self._mass[own]
        return Transport(*entries, self.costs[p].item(), self.u[p], self.v[p], Certificate(*self._figures[p].tolist()))

    def _chosen(self, which: slice) -> Transports:
        entries = np.diff(self._starts)[which]
        starts = _starts(entries)
        places = np.repeat(self._starts[:-1][which] - starts[:-1], entries) + np.arange(starts[-1])
        return replace(
            self,
            costs=self.costs[which],
            u=self.u[which],
            v=self.v[which],
            _figures=self._figures[which],
            _starts=starts,
            _rows=self._rows[places],
            _columns=self._columns[places],
            _mass=self._mass[places],
        )

    def __repr__(self) -> str:
        if not len(self):
            return "Transports(none)"
        sizes = [np.array([len(each) for each in side]) for side in (self.u, self.v)]
        n, m = (
            f"{least}" if least == most else f"{least}-{most}" for least, most in ((x.min(), x.max()) for x in sizes)
        )
        return (
            f"Transports({len(self)} of {n} x {m}, {len(self._mass)} entries,\n"
            f"           costs {self.costs.min():.6g} to {self.costs.max():.6g}, mean {self.costs.mean():.6g})"
        )


@overload
def solve_transports(
    costs: ArrayLike | Sequence[ArrayLike],
    a: ArrayLike | Sequence[ArrayLike | None] | None = None,
    b: ArrayLike | Sequence[ArrayLike | None] | None = None,
    *,
    mass: None = None,
    unmatched_cost: None = None,
    n_jobs: int | None = None,
) -> Transports: ...
@overload
def solve_transports(
    costs: ArrayLike | Sequence[ArrayLike],
    a: ArrayLike | Sequence[ArrayLike | None] | None = None,
    b: ArrayLike | Sequence[ArrayLike | None] | None = None,
    *,
    mass: float | Sequence[float] | None = None,
    unmatched_cost: Any = None,
    n_jobs: int | None = None,
) -> list[PartialTransport]: ...
def solve_transports(
    costs: ArrayLike | Sequence[ArrayLike],
    a: ArrayLike | Sequence[ArrayLike | None] | None = None,
    b: ArrayLike | Sequence[ArrayLike | None] | None = None,
    *,
    mass: float | Sequence[float] | None = None,
    unmatched_cost: Any = None,
    n_jobs: int | None = None,
) -> Transports | list[PartialTransport]:
    """Solve many transport problems at once, each as `solve_transport` does, on all threads.

    Of problems that share one cost matrix, those whose masses are nearly those of an earlier one start from its
    potentials (as by `solve_transport(potentials=...)`), which is several times as fast. "Nearly" is: less than a tenth
    of the mass lies elsewhere. Each is proven as any other; where several plans are optimal, it may be another one.

    Parameters
    ----------
    costs : array `(k, n, m)`, list of arrays, or array `(n, m)`
        Costs of moving one unit of mass, finite: a stack of matrices, a list of matrices of any shapes, or one matrix
        for problems that differ in their masses alone. float32 is solved as it is, all else as float64.
        PyTorch's tensors are solved as float64; then the costs of the result are a tensor that knows its derivatives.
    a, b : arrays or lists of arrays, optional
        Non-negative masses of rows and columns: the same in all problems, `(n,)` and `(m,)`; one row a problem,
        `(k, n)` and `(k, m)`; or a list with one array a problem. Both sides of a problem have equal sums; uniform with
        sum 1 by default.
    mass : float or sequence of floats, optional
        Total mass to carry in every problem, or in each: what fits worst is left behind, and sums may differ.
    unmatched_cost : optional
        Price of mass that is left behind, in place of `mass`, the same in all problems; see `solve_transport`.
    n_jobs : int, optional
        Number of threads, each of which solves one problem after another; -1 or None: as many as `OMP_NUM_THREADS` and
        the processor affinity allow. The results are the same bits for every number.

    Returns
    -------
    Transports
        A sequence of `Transport`, in the order of the problems, with the costs and potentials of all in arrays. Where
        an argument is a tensor, so are its `costs`, whose derivatives are those of `mot_fast.ot.emd2`: the plans by the
        costs, the potentials less their means by the masses. All else is in NumPy's arrays.
    list of PartialTransport
        Where `mass` or `unmatched_cost` is given.

    Raises
    ------
    TypeError, ValueError
        As for `solve_transport`, for the first problem that is at fault: the message names its place.
    SolverError
        If an answer could not be proven optimal.

    See Also
    --------
    mot_fast.solve_transport : One problem.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> costs = np.random.default_rng(0).random((500, 64, 64))
    >>> transports = mot.solve_transports(costs)
    >>> transports.costs.shape, transports.permutations.shape
    ((500,), (500, 64))
    >>> transports[17].cost == mot.solve_transport(costs[17]).cost
    True
    """
    if mass is not None or unmatched_cost is not None:
        return _solve_partial(Problems.of(costs, a, b, is_partial=True), mass, unmatched_cost, n_jobs)
    if has_tensors(costs, a, b):
        from mot_fast.transport.torch_batches import TensorBatch

        batch = TensorBatch(costs, a, b)
        return batch.with_derivatives(solve_transports(*batch.arrays, n_jobs=n_jobs))
    problems = Problems.of(costs, a, b)
    n_threads = _validate.n_threads(n_jobs)
    solutions = solve_many(problems.costs, problems.a, problems.b, problems.n_problems, n_threads)
    unproven = solutions.first_unproven()
    if unproven is not None:
        _raise_for(problems, unproven, solutions[unproven])
    return Transports.from_solutions(solutions, problems.shape or problems.shapes)


def _solve_partial(problems: Problems, mass: Any, unmatched_cost: Any, n_jobs: int | None) -> list[PartialTransport]:
    if np.ndim(mass) == 1 and len(mass) != problems.n_problems:
        raise ValueError(f"mass: expected one number, or one for each of {problems.n_problems}, found {len(mass)}")

    def solve_one(p: int) -> PartialTransport:
        mass_of_problem = mass[p] if np.ndim(mass) == 1 else mass
        try:
            return solve_partial_problem(problems.partial_problem(p), mass_of_problem, unmatched_cost)
        except (ValueError, SolverError) as error:
            where = problems.name(p)
            raise error if str(error).startswith(where) else type(error)(f"{where}: {error}") from None

    return threads.map_in_order(solve_one, range(problems.n_problems), _validate.n_threads(n_jobs))


def _raise_for(problems: Problems, p: int, solution: Solution) -> None:
    _validate.cost_matrix(*problems.cost(p))
    raise unproven(solution, f"{problems.name(p)}: the transport")


def _is_matching(transport: Transport) -> bool:
    each_once = [
        np.array_equal(np.sort(x), np.arange(n))
        for x, n in zip((transport.rows, transport.columns), transport.shape, strict=True)
    ]
    return all(each_once)


def _starts(lengths: Index) -> Index:
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


def _by_problem(flat: F64, shapes: list[tuple[int, int]] | tuple[int, int], side: int) -> F64 | list[F64]:
    """Potentials of one side of all problems, which come end to end."""
    if isinstance(shapes, list):
        return _split(flat, [shape[side] for shape in shapes])
    return flat.reshape(-1, shapes[side])


def _split(flat: npt.NDArray[Number], sizes: list[int]) -> list[npt.NDArray[Number]]:
    return np.split(flat, np.cumsum(sizes)[:-1]) if sizes else []
