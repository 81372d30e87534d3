"""Masses and costs of the drop-ins, validated as POT and SciPy validate them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._core import figures_of
from mot_fast._validate import F64
from mot_fast._validate_masses import marginal
from mot_fast.transport.problem import is_sparse, sparse_costs

HISTOGRAM_SUM_TOLERANCE = 1.5e-6
"""Largest difference of two sums that are equal to 6 decimals, as `numpy.testing` and POT count decimals."""


def assignment_costs(values: Any) -> F64:
    """The costs of an assignment as a float64 matrix, of the types and shapes that SciPy takes.

    The core validates the numbers in it.
    """
    if is_sparse(values):
        raise ValueError(
            "cost_matrix: expected a dense matrix, found a sparse one; mot_fast.solve_transport takes those, and so do "
            "functions of scipy.sparse.csgraph"
        )
    costs = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=np.float64)
    if costs.ndim != 2:
        raise ValueError(f"expected a matrix (2-D array), got a {costs.ndim} array")
    return np.ascontiguousarray(costs.astype(np.float64, casting="safe", copy=False))


def masses_and_costs(
    a: Any, b: Any, costs: Any, are_sums_compared: bool, what_b: str = "b"
) -> tuple[F64, F64, Any, float]:
    """Masses and costs of a transport as POT validates them, and the largest magnitude of a cost.

    As in POT, masses of the wrong length and unequal sums are an `AssertionError`.
    """
    figures = figures_of(a, b, costs)
    if figures is None:  # an argument has to be converted, or an error has to name it
        costs, largest = sparse_costs(costs, "M") if is_sparse(costs) else _validate.cost_matrix(costs, "M")
        a = _masses(a, costs.shape[0], "a")
        b = _masses(b, costs.shape[1], what_b)
        figures = abs(float(a.sum()) - float(b.sum())), largest
    if are_sums_compared and figures[0] >= HISTOGRAM_SUM_TOLERANCE:
        raise AssertionError(f"a and {what_b}: expected the same sum to 6 decimals, found {a.sum()} and {b.sum()}")
    return a, b, costs, figures[1]


def masses_of_points(a: Any, b: Any, shape: tuple[int, int], are_sums_compared: bool) -> tuple[F64, F64]:
    """Masses of points as POT validates them: wrong lengths and unequal sums are an `AssertionError`."""
    masses = _masses(a, shape[0], "a", "the points"), _masses(b, shape[1], "b", "the points")
    sum_a, sum_b = (each.sum() for each in masses)
    if are_sums_compared and abs(sum_a - sum_b) >= HISTOGRAM_SUM_TOLERANCE:
        raise AssertionError(f"a and b: expected the same sum to 6 decimals, found {sum_a} and {sum_b}")
    return masses


def _masses(values: Any, n: int, what: str, of: str = "M") -> F64:
    if values is None or values.size == 0:
        return np.full(n, 1.0 / n)
    if values.shape != (n,):
        say = "says" if of == "M" else "say"
        raise AssertionError(f"{what}: expected shape ({n},) as {of} {say}, found {values.shape}")
    return marginal(values, n, what)
