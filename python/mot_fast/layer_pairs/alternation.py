"""Transport with rotation between two layers: exact transport and orthogonal Procrustes in turn (MOT+R).

The activations of both layers enter once, through ``K = X^T Y`` and the Gram matrices of X and Y; the alternation never
touches the stimuli again. Method: Shah & Khosla, arXiv 2510.01706, section 2.3.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._core import solve_transport
from mot_fast._validate import F64
from mot_fast.layer_pairs.centred_layer import CentredLayer
from mot_fast.layer_pairs.procrustes import orthogonal_factor
from mot_fast.layer_pairs.reconstruction import add_prediction, rows_to_one
from mot_fast.system.jit import compiled
from mot_fast.transport.transport import Certificate, UnitPlan

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Alternation:
    """How ``mot.align(..., rotate=True)`` alternates between transport and rotation for each pair of layers.

    Parameters
    ----------
    tol : float
        It stops when the residual changes by at most this share of itself; from 0 on.
    max_iter : int
        Most alternations from one start; at least 1.
    restarts : int
        Further starts, from random rotations; the best result of all is kept.
    seed : int
        Of the random rotations, which depend on the pair of layers as well.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number of this kind.

    Examples
    --------
    >>> Alternation(restarts=2)
    Alternation(tol=0.0001, max_iter=20, restarts=2, seed=0)
    """

    tol: float = 1e-4
    max_iter: int = 20
    restarts: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.tol, bool) or not isinstance(self.tol, numbers.Real):
            raise TypeError(f"tol: expected a number, found {self.tol!r}")
        if not 0 <= self.tol < math.inf:
            raise ValueError(f"tol: expected a number from 0 on, found {self.tol!r}")
        object.__setattr__(self, "tol", float(self.tol))
        for name, least, most in (("max_iter", 1, None), ("restarts", 0, _validate.MOST_REPEATS), ("seed", 0, None)):
            object.__setattr__(self, name, _validate.whole_number(getattr(self, name), name, least, most))

    def has_settled(self, trace: F64) -> bool:
        """Whether the alternation whose residuals these are stopped before it had to."""
        is_still = len(trace) > 1 and abs(trace[-2] - trace[-1]) <= self.tol * trace[-2]
        return bool(is_still or len(trace) < self.max_iter)

    def starts(self, n_units: int, pair: tuple[int, int]) -> Sequence[Callable[[], F64]]:
        """The rotations to start from: none at all, then random ones, which depend on the pair of layers."""
        seeds = ([self.seed, *pair, k] for k in range(self.restarts))
        return [partial(np.eye, n_units), *(partial(_random_rotation, n_units, seed) for seed in seeds)]


def _random_rotation(n: int, seed: Sequence[int]) -> F64:
    """Uniform over orthogonal matrices (Mezzadri 2007, How to generate random matrices from the classical groups)."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    return np.asarray(q * np.where(np.diag(r) < 0, -1.0, 1.0))


@dataclass(frozen=True, eq=False)
class RotatedPair:
    """Two layers aligned: the best iterate of the alternation."""

    plan: UnitPlan
    """Between the rotated units of the source layer, columns of ``X R``, and the units of the target layer."""
    rotation: F64 | None
    """R, `(n_l, n_l)`, orthogonal; None where it is not kept."""
    trace: F64
    """Residual after each alternation from the start that gave the best; its least value is the layer cost."""
    certificate: Certificate
    """The worst figures of all transports on the way."""

    @property
    def residual(self) -> float:
        """The least of the trace."""
        return float(self.trace.min())

    def without_rotation(self) -> RotatedPair:
        """The same, the rotation forgotten."""
        return replace(self, rotation=None)


class LayerPair:
    """Two layers as the alternation sees them.

    Parameters
    ----------
    source, target : CentredLayer
    labels : (str, str)
        Of the layers.
    masses : (array or None, array or None)
        Of their units, `(n_l,)` and `(n_m,)`, each with sum 1; uniform where None.
    convention : {"standardized", "paper"}
        Which residual: scale-free with rows of the plan scaled to sum to 1, or as the paper prints it.
    """

    def __init__(
        self,
        source: CentredLayer,
        target: CentredLayer,
        labels: tuple[str, str],
        masses: tuple[F64 | None, F64 | None] = (None, None),
        convention: str = "standardized",
    ) -> None:
        self.source, self.target, self.labels = source, target, labels
        # A matrix times its own transpose takes another way through BLAS: the bits would tell who shares whose memory.
        others = target.values.copy() if target.values is source.values else target.values
        self.cross: F64 = source.values.T @ others
        self.basis, self.core = self._factored()
        n, m = self.cross.shape
        self.a = np.full(n, 1 / n) if masses[0] is None else masses[0]
        self.b = np.full(m, 1 / m) if masses[1] is None else masses[1]
        self.is_scale_free = convention == "standardized"
        self.exponent = max(source.exponent, target.exponent)
        self.inverse_norms = _inverse_roots(np.einsum("ti,ti->i", target.values, target.values), rounding=0.0)

    @staticmethod
    def n_bytes(n_source: int, n_target: int) -> int:
        """What one alternation takes beside the layers, two singular value decompositions and their work among it."""
        return 8 * (15 * n_source**2 + 3 * n_source * n_target)

    def align(
        self, starts: Sequence[Callable[[], F64]], tol: float, max_iter: int, check: Callable[[], None]
    ) -> RotatedPair:
        """The best of the alternations from every start; `check` is called now and then and may raise."""
        runs = (self.alternate(start(), tol, max_iter, check) for start in starts)
        best = next(runs)
        for run in runs:
            worst = Certificate.worst([best.certificate, run.certificate])
            best = replace(min(best, run, key=lambda pair: pair.residual), certificate=worst)
        return best

    def alternate(self, rotation: F64, tol: float, max_iter: int, check: Callable[[], None]) -> RotatedPair:
        """Alternate from a rotation until the residual hardly changes."""
        trace: list[float] = []
        certificates = []
        plan: UnitPlan | None = None
        best: tuple[UnitPlan, F64] | None = None
        for _ in range(max_iter):
            check()
            last_plan, plan = plan, self._transport(rotation)
            if last_plan is not None and _are_same(plan, last_plan):  # and so would be the rotation
                trace.append(trace[-1])
                break
            check()
            carried = self._carried(plan)
            rotation, _ = orthogonal_factor(carried, rotation, self.basis)
            turned = rotation if self.basis is None else self.basis.T @ rotation
            residual = self._residual(plan, float(np.vdot(turned, carried)))
            certificates.append(plan.certificate)
            if best is None or residual < min(trace):
                best = plan, rotation
            trace.append(residual)
            if self._has_settled(trace, tol):
                break
        assert best is not None
        return RotatedPair(best[0], best[1], self._in_own_units(np.array(trace)), Certificate.worst(certificates))

    def rotation_of(self, plan: UnitPlan) -> F64 | None:
        """The rotation that belongs to a plan; None where it leaves directions free, which depend on those before."""
        if self.basis is not None:
            return None
        n = len(self.cross)
        rotation, rank = orthogonal_factor(self._carried(plan), near=np.eye(n))
        return rotation if rank == n else None

    def residual_of(self, plan: UnitPlan) -> tuple[float, float]:
        """What the best rotation for a plan leaves, and what there is without any, to which rounding is relative."""
        fit = float(np.linalg.svd(self._carried(plan), compute_uv=False).sum())
        residual, whole = self._in_own_units(np.array([self._residual(plan, fit), self._residual(plan, 0.0)]))
        return float(residual), float(whole)

    def _factored(self) -> tuple[F64 | None, F64]:
        """``K = basis core``, orthonormal columns first, where few units or stimuli make its rank low; else None, K."""
        n_stimuli, n = self.source.values.shape
        m = self.cross.shape[1]
        if 2 * min(m, n_stimuli) >= n:
            return None, self.cross
        if m <= n_stimuli:
            basis, rest = np.linalg.qr(self.cross)
            return basis, rest
        basis, rest = np.linalg.qr(self.source.values.T)
        return basis, rest @ self.target.values

    def _transport(self, rotation: F64) -> UnitPlan:
        """Exact transport from the units of ``X R`` to those of Y at cost 1 - correlation."""
        cost = rotation.T @ self.cross
        squares = np.einsum("ki,ki->i", rotation, self.source.gram @ rotation)
        rounding = len(squares) * _EPSILON * float(squares.max())
        largest = _to_correlation_cost(cost, _inverse_roots(squares, rounding), self.inverse_norms)
        solution = solve_transport(cost, self.a, self.b, largest)
        what = f"the transport from rotated layer '{self.labels[0]}' to layer '{self.labels[1]}'"
        return UnitPlan.from_solution(solution, what, source=self.labels[0], target=self.labels[1])

    def _weights(self, plan: UnitPlan) -> Any:
        return rows_to_one(plan.plan, self.a) if self.is_scale_free else plan.plan

    def _carried(self, plan: UnitPlan) -> F64:
        """``X^T (Y Q^T)``, `(n_l, n_l)`, or its product with the transposed basis."""
        carried = np.zeros((len(self.core), len(self.cross)))
        add_prediction(carried, self.core, self._weights(plan), 1.0)
        return carried

    def _residual(self, plan: UnitPlan, fit: float) -> float:
        """What ``Y Q^T`` leaves of ``X R``, given ``fit = tr(R^T X^T Y Q^T)``."""
        weights = self._weights(plan)
        carried = _squared_norm(self.target.gram, weights.indptr, weights.indices, weights.data)
        if self.is_scale_free:
            whole = self.source.squared_norm * carried
            return max(0.0, 1.0 - fit**2 / whole) if whole > 0 else 1.0
        source, target = self.source.exponent - self.exponent, self.target.exponent - self.exponent
        squares = math.ldexp(self.source.squared_norm, 2 * source) + math.ldexp(carried, 2 * target)
        return max(0.0, squares - 2.0 * math.ldexp(fit, source + target))

    def _in_own_units(self, trace: F64) -> F64:
        """Residuals as printed are of activations over ``2^exponent`` until here: no scale makes them overflow."""
        if self.is_scale_free:
            return trace
        with np.errstate(over="ignore", under="ignore"):
            residuals = np.ldexp(trace, 2 * self.exponent)
        if not np.isfinite(residuals).all() or (residuals < np.finfo(np.float64).tiny)[trace > 0].any():
            raise ValueError(
                f"convention: expected activations whose squares float64 holds, found those of layers "
                f"'{self.labels[0]}' and '{self.labels[1]}' of the order of 2^{self.exponent}; scale them, or take "
                "'standardized'"
            )
        return np.asarray(residuals)

    def _has_settled(self, trace: Sequence[float], tol: float) -> bool:
        source = 2 * (self.source.exponent - self.exponent)
        largest = 1.0 if self.is_scale_free else math.ldexp(self.source.squared_norm, source)
        is_perfect = trace[-1] <= len(self.cross) * _EPSILON * largest
        return is_perfect or (len(trace) > 1 and abs(trace[-2] - trace[-1]) <= tol * trace[-2])


def _are_same(plan: UnitPlan, other: UnitPlan) -> bool:
    return (
        np.array_equal(plan.rows, other.rows)
        and np.array_equal(plan.columns, other.columns)
        and np.array_equal(plan.mass, other.mass)
    )


def _inverse_roots(squares: F64, rounding: float) -> F64:
    """1 / sqrt, and 0 for what is zero up to rounding: a unit that does not vary has no correlation."""
    is_zero = squares <= rounding
    return np.where(is_zero, 0.0, 1.0 / np.sqrt(np.where(is_zero, 1.0, squares)))


@compiled
def _to_correlation_cost(products: F64, source: F64, target: F64) -> float:
    """Turns inner products into 1 - correlation, given the units' inverse norms; returns the largest."""
    largest = 0.0
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            cost = 1.0 - min(1.0, max(-1.0, products[i, j] * source[i] * target[j]))
            products[i, j] = cost
            largest = max(largest, cost)
    return largest


@compiled
def _squared_norm(gram: F64, row_starts: npt.NDArray[np.int32], columns: npt.NDArray[np.int32], masses: F64) -> float:
    """``|Y Q^T|_F^2`` for sparse rows of Q, given ``Y^T Y``."""
    total = 0.0
    for i in range(len(row_starts) - 1):
        for k in range(row_starts[i], row_starts[i + 1]):
            for h in range(row_starts[i], row_starts[i + 1]):
                total += masses[k] * masses[h] * gram[columns[k], columns[h]]
    return total
