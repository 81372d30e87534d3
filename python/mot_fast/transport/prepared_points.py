"""Points as the core takes them: validated, in double precision, brought to coordinates of about one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._core import GREATEST_COST
from mot_fast._validate import F64
from mot_fast.system.memory import format_bytes
from mot_fast.transport.problem import is_sparse

METRICS = "sqeuclidean", "euclidean", "cityblock", "cosine", "correlation", "inner_product"
"""Costs between points: SciPy's distances of these names, and minus the inner product."""
_DIRECTIONS = "cosine", "correlation"
"""Metrics by which a point is a direction, so that it may not be zero."""


@dataclass(frozen=True)
class PreparedPoints:
    """Sources and targets, and what the core makes costs of them with."""

    x: F64
    """`(n, d)`: the sources, times a power of two."""
    y: F64
    """`(m, d)`: the targets, times a power of two."""
    metric: str
    """A metric of the core: 'sqeuclidean', 'euclidean', 'cityblock', or 'product', which is `base` less a product."""
    base: float
    """The cost of points whose product is zero."""
    cost_exponent: int
    """The costs between the points as they were given are those between `x` and `y` times two to this power."""

    @classmethod
    def of(cls, x: Any, y: Any, metric: str, limit: int, names: tuple[str, str] = ("x", "y")) -> PreparedPoints:
        """Validate points and prepare them.

        Parameters
        ----------
        x, y : array-likes or SciPy sparse matrices, `(n, d)` and `(m, d)`
        metric : str
            One of `METRICS`.
        limit : int
            Bytes that sparse points may take as dense ones.
        names : tuple of str
            The points as errors name them.

        Raises
        ------
        TypeError, ValueError
            If the points are not finite real numbers of as many dimensions, cannot be compared by the metric, or are so
            far apart that costs exceed 1e300.
        """
        metric = _validate.choice(metric, METRICS, "metric")
        x, y = _dense(x, y, limit, names) if is_sparse(x) or is_sparse(y) else (x, y)
        x, y = _validate.matrix(x, names[0]), _validate.matrix(y, names[1])
        if x.shape[1] != y.shape[1]:
            found = f"{x.shape[1]} and {y.shape[1]}"
            raise ValueError(f"{names[0]} and {names[1]}: expected points of as many dimensions, found {found}")
        if metric in _DIRECTIONS:
            x, y = (_directions(points, metric, name) for points, name in zip((x, y), names, strict=True))
            return cls(x, y, "product", 1.0, 0)
        prepared = _products(x, y) if metric == "inner_product" else _distances(x, y, metric)
        prepared._check_costs(metric, names)
        return prepared

    def _check_costs(self, metric: str, names: tuple[str, str]) -> None:
        """Check that no cost between the points as they were given is beyond what the core adds up."""
        if self.metric == "product":
            largest = float(np.abs(self.x).max(0) @ np.abs(self.y).max(0))
        else:
            extents = _extents(self.x, self.y)
            largest = float(extents @ extents if metric == "sqeuclidean" else extents.sum())
        if largest > 0 and math.log2(largest) + self.cost_exponent > math.log2(GREATEST_COST):
            raise ValueError(
                f"{names[0]} and {names[1]}: expected points whose costs are up to {GREATEST_COST}, found some whose "
                f"'{metric}' may be 2**{math.log2(largest) + self.cost_exponent:.0f}"
            )


def _extents(x: F64, y: F64) -> F64:
    """The lengths of the box around all points."""
    extents: F64 = np.maximum(x.max(0), y.max(0)) - np.minimum(x.min(0), y.min(0))
    return extents


def _distances(x: F64, y: F64, metric: str) -> PreparedPoints:
    """Points in a box whose longest side is about one."""
    exponent = int(np.frexp(_extents(x / 2, y / 2).max())[1]) + 1
    cost_exponent = exponent * (2 if metric == "sqeuclidean" else 1)
    return PreparedPoints(np.ldexp(x, -exponent), np.ldexp(y, -exponent), metric, 0.0, cost_exponent)


def _products(x: F64, y: F64) -> PreparedPoints:
    of_x, of_y = (int(np.frexp(np.abs(points).max())[1]) for points in (x, y))
    return PreparedPoints(np.ldexp(x, -of_x), np.ldexp(y, -of_y), "product", 0.0, of_x + of_y)


def _directions(points: F64, metric: str, name: str) -> F64:
    """Points divided by their norms, for correlations once their own means have been taken off."""
    largest = np.abs(points).max(1, keepdims=True)
    scaled = np.ldexp(points, -np.frexp(largest)[1])  # so that no square leaves the range of doubles
    if metric == "correlation":
        is_constant = (points == points[:, :1]).all(1)
        scaled = scaled - scaled.mean(1, keepdims=True)
        expected = "points whose coordinates differ, which a correlation needs, found a constant one"
    else:
        is_constant = largest[:, 0] == 0
        expected = "points other than zero, which have no direction, found one"
    if is_constant.any():
        raise ValueError(f"{name}: expected {expected} first at row {int(np.argmax(is_constant))}")
    directions: F64 = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    return directions


def _dense(x: Any, y: Any, limit: int, names: tuple[str, str]) -> tuple[Any, Any]:
    """Sparse points as dense ones, if these have room within the limit."""
    for points, name in zip((x, y), names, strict=True):
        if is_sparse(points) and points.ndim != 2:
            raise ValueError(f"{name}: expected a non-empty matrix, found shape {points.shape}")
    needed = 8 * sum(math.prod(points.shape) for points in (x, y) if is_sparse(points))
    if needed > limit:
        raise ValueError(
            f"{names[0]} and {names[1]}: expected sparse points that fit into the memory limit as dense ones, found "
            f"{format_bytes(needed)} of them; the limit leaves {format_bytes(limit)}"
        )
    return tuple(points.toarray() if is_sparse(points) else points for points in (x, y))
