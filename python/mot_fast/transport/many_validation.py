"""Costs and masses of many transports, validated; the core validates the numbers in the costs."""

from __future__ import annotations

import numbers
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64, Array
from mot_fast._validate_masses import MARGINAL_SUM_TOLERANCE, marginal
from mot_fast.transport.problem import DenseProblem

Costs = Array | list[Array]
"""A stack `(k, n, m)`, the one matrix of all problems `(n, m)`, or a list of matrices."""
Masses = F64 | list[F64] | None
"""The masses of one side: the same in all problems `(n,)`, a stack `(k, n)`, a list; None where uniform."""


@dataclass(frozen=True)
class Problems:
    """Many transports as the core takes them."""

    costs: Costs
    a: Masses
    b: Masses
    n_problems: int

    @classmethod
    def of(cls, costs: Any, a: Any, b: Any, *, is_partial: bool = False) -> Problems:
        """The problems of `solve_transports`; masses of partial ones may have different sums.

        Raises
        ------
        TypeError, ValueError
            If the arrays do not fit together, or hold masses that are no marginals. The costs may still be not finite.
        """
        found = _costs(costs)
        if isinstance(found, list):
            n_problems, sizes = len(found), [[cost.shape[side] for cost in found] for side in (0, 1)]
        else:
            counts = [_count(a, "a"), _count(b, "b")] if found.ndim == 2 else [len(found)]
            n_problems = next((count for count in counts if count is not None), -1)
            if n_problems < 0:
                raise ValueError(
                    "costs: expected a stack (k, n, m), a list of matrices, or a matrix with masses of many problems, "
                    f"found shape {found.shape}; solve_transport solves one problem"
                )
            sizes = [[found.shape[side]] * n_problems for side in (-2, -1)]
        problems = cls(found, _masses(a, sizes[0], "a"), _masses(b, sizes[1], "b"), n_problems)
        if not is_partial:
            problems._check_sums()
        return problems

    @property
    def shape(self) -> tuple[int, int] | None:
        """The shape of every problem, `(n, m)`; None if there are several, or no problem of a list to have one."""
        if not isinstance(self.costs, list):
            return self.costs.shape[-2], self.costs.shape[-1]
        shapes = {cost.shape for cost in self.costs}
        return shapes.pop() if len(shapes) == 1 else None

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """The shapes of all problems."""
        if isinstance(self.costs, list):
            return [cost.shape for cost in self.costs]
        return [(self.costs.shape[-2], self.costs.shape[-1])] * self.n_problems

    def cost(self, p: int) -> tuple[Array, str]:
        """The costs of one problem, and how an error names them."""
        has_many = isinstance(self.costs, list) or self.costs.ndim == 3
        return (self.costs[p], f"costs[{p}]") if has_many else (np.asarray(self.costs), "costs")

    def partial_problem(self, p: int) -> DenseProblem:
        """One problem, of which mass may be left behind, with its costs validated."""
        cost, largest = _validate.cost_matrix(*self.cost(p))
        masses = (_masses_of(side, p, n) for side, n in zip((self.a, self.b), cost.shape, strict=True))
        return DenseProblem(cost, largest, *masses)

    def name(self, p: int) -> str:
        """One problem, as an error names it."""
        named = self.cost(p)[1], *(name for name in (_name(self.a, "a", p), _name(self.b, "b", p)) if "[" in name)
        return next((name for name in named if "[" in name), named[0])

    def _check_sums(self) -> None:
        sum_a, sum_b = _sums(self.a), _sums(self.b)
        is_off = np.abs(sum_a - sum_b) > MARGINAL_SUM_TOLERANCE * np.maximum(sum_a, sum_b)
        if is_off.any():
            p = int(np.argmax(is_off))
            found = (float(sums[p] if sums.ndim else sums) for sums in (sum_a, sum_b))
            names = f"{_name(self.a, 'a', p)} and {_name(self.b, 'b', p)}"
            raise ValueError(f"{names}: expected equal sums, found {next(found)} and {next(found)}")


def _masses_of(masses: Masses, p: int, n: int) -> F64:
    if masses is None:
        return np.full(n, 1.0 / n)
    has_many = isinstance(masses, list) or masses.ndim == 2
    found = masses[p] if has_many else masses
    return np.full(n, 1.0 / n) if found is None else np.asarray(found)


def has_tensors(*given: Any) -> bool:
    """Whether there are PyTorch's tensors among the arguments, or in lists of them."""
    torch = sys.modules.get("torch")  # a caller who has tensors has imported it
    each = (x for values in given for x in (values if isinstance(values, (list, tuple)) else [values]))
    return torch is not None and any(isinstance(x, torch.Tensor) for x in each)


def _costs(values: Any) -> Costs:
    if isinstance(values, (list, tuple)) and not _is_matrix(values):
        return [cost if _is_ready(cost) else _validate.costs(cost, 2, f"costs[{p}]") for p, cost in enumerate(values)]
    stack = _validate.array(values, "costs")
    return _validate.costs(stack, 2 if stack.ndim == 2 else 3, "costs")


def _is_matrix(values: list[Any] | tuple[Any, ...]) -> bool:
    """Whether a list is one matrix, row by row, and not a list of matrices."""
    if not values:
        return False
    row = values[0]
    if isinstance(row, (list, tuple)):
        return bool(row) and np.ndim(row[0]) == 0
    return getattr(row, "ndim", 0) == 1


def _is_ready(cost: Any) -> bool:
    """Whether the core reads costs as they are; there may be many, so this must not take long."""
    if type(cost) is not np.ndarray or cost.ndim != 2 or not cost.size:
        return False
    flags = cost.flags
    return flags.c_contiguous and flags.aligned and cost.dtype.isnative and cost.dtype.type in (np.float64, np.float32)


def _count(masses: Any, what: str) -> int | None:
    """The number of problems that masses are given for; None if they are for one problem, or for all."""
    if masses is None or (isinstance(masses, (list, tuple)) and masses and isinstance(masses[0], numbers.Real)):
        return None
    if isinstance(masses, (list, tuple)):
        return len(masses)
    found = _validate.array(masses, what)
    return len(found) if found.ndim == 2 else None


def _masses(values: Any, sizes: list[int], what: str) -> Masses:
    """The masses of one side of problems of these sizes."""
    if values is None:
        return None
    if isinstance(values, (list, tuple)) and any(not isinstance(each, numbers.Real) for each in values):
        return _masses_of_each(values, sizes, what)
    masses = _validate.array(values, what)
    n = next(iter(sizes), masses.shape[-1] if masses.ndim else 0)
    if any(size != n for size in sizes):
        raise ValueError(f"{what}: expected a list of masses, as problems have {min(sizes)} to {max(sizes)} units")
    if masses.ndim < 2:
        return marginal(masses, n, what)
    if masses.shape != (len(sizes), n):
        raise ValueError(f"{what}: expected shape ({len(sizes)}, {n}) or ({n},), found {masses.shape}")
    return _stack(masses, what)


def _masses_of_each(values: list[Any] | tuple[Any, ...], sizes: list[int], what: str) -> Masses:
    if len(values) != len(sizes):
        raise ValueError(f"{what}: expected masses of {len(sizes)} problems, found {len(values)}")
    is_stack = len(set(sizes)) == 1 and all(type(each) is np.ndarray and each.shape == (sizes[0],) for each in values)
    if is_stack:
        return _stack(np.stack(values), what)
    return [marginal(each, n, f"{what}[{p}]") for p, (each, n) in enumerate(zip(values, sizes, strict=True))]


def _stack(values: Array, what: str) -> F64:
    """Marginals of many problems, `(k, n)`."""
    masses = np.ascontiguousarray(_validate.activations(values, what), dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = masses.sum(axis=1)
    is_sound = (masses >= 0).all(axis=1) & (sums > 0) & (sums < np.inf)
    if not is_sound.all():
        p = int(np.argmin(is_sound))
        marginal(masses[p], masses.shape[1], f"{what}[{p}]")  # which finds the fault, and raises
    return masses


def _sums(masses: Masses) -> npt.NDArray[Any]:
    if masses is None:
        return np.array(1.0)
    return np.array([each.sum() for each in masses]) if isinstance(masses, list) else masses.sum(axis=-1)


def _name(masses: Masses, what: str, p: int) -> str:
    return f"{what}[{p}]" if isinstance(masses, list) or (masses is not None and masses.ndim == 2) else what
