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

import numpy as np

from mot_fast import _validate
from mot_fast._core import solve_transport
from mot_fast._validate import F64
from mot_fast.layer_pairs.centred_layer import CentredLayer
from mot_fast.layer_pairs.goal import ALL, Goal
from mot_fast.layer_pairs.procrustes import orthogonal_factor
from mot_fast.layer_pairs.reconstruction import add_prediction, rows_to_one
from mot_fast.system.jit import compiled
from mot_fast.transport.transport import I32, Certificate, UnitPlan

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Alternation:
    """Options of the alternation between transport and rotation in ``mot.align(..., rotate=True)``.

    Parameters
    ----------
    tol : float
        The alternation stops when the residual changes by at most this share of itself; at least 0.
    max_iter : int
        Most alternations from one start; at least 1.
    restarts : int
        Number of further starts, from random rotations; the best result of all is kept.
    seed : int
        Seed of the random rotations, which depend on the pair of layers as well.

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

    def is_still(self, trace: F64 | Sequence[float]) -> bool:
        """Whether the last alternation hardly changed the residual, given the residuals of all so far."""
        return len(trace) > 1 and bool(abs(trace[-2] - trace[-1]) <= self.tol * trace[-2])

    def has_settled(self, trace: F64) -> bool:
        """Whether an alternation with these residuals ended by itself, not because of `max_iter`."""
        return self.is_still(trace) or len(trace) < self.max_iter

    def starts(self, n_units: int, pair: tuple[int, int]) -> Sequence[Callable[[], F64]]:
        """The rotations to start from: the identity, then random ones, which depend on the pair of layers."""
        seeds = ([self.seed, *pair, k] for k in range(self.restarts))
        return [partial(np.eye, n_units), *(partial(_random_rotation, n_units, seed) for seed in seeds)]


def _random_rotation(n: int, seed: Sequence[int]) -> F64:
    """Draw a uniform orthogonal matrix (Mezzadri 2007, How to generate random matrices from the classical groups)."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    return np.asarray(q * np.where(np.diag(r) < 0, -1.0, 1.0))


@dataclass(frozen=True, eq=False)
class RotatedPair:
    """The result for two layers: the best iterate of the alternation."""

    plan: UnitPlan
    """Plan between the rotated units of the source layer, columns of ``X R``, and the units of the target layer."""
    rotation: F64 | None
    """R, `(n_l, n_l)`, orthogonal; None where it is not kept."""
    trace: F64
    """Residual after each alternation from the best start; the least residual is the layer cost."""
    certificate: Certificate
    """The worst figures of the certificates of all transports on the way."""

    @property
    def residual(self) -> float:
        """The least residual of the trace: the layer cost."""
        return float(self.trace.min())

    def without_rotation(self) -> RotatedPair:
        """Return this result without its rotation."""
        return replace(self, rotation=None)


class LayerPair:
    """Two layers, and the matrices that the alternation between them needs.

    Parameters
    ----------
    source, target : CentredLayer
    labels : (str, str)
        Labels of the layers.
    masses : (array or None, array or None)
        Masses of the layers' units, `(n_l,)` and `(n_m,)`, each with sum 1; uniform where None.
    convention : {"standardized", "paper"}
        Which residual is used: scale-free with rows of the plan scaled to sum to 1, or as the paper prints it.
    goal : Goal
        How much of the units' mass is carried. A rotated unit of which only a share is carried counts by that share in
        the reconstruction, and wholly in the residual.
    """

    def __init__(
        self,
        source: CentredLayer,
        target: CentredLayer,
        labels: tuple[str, str],
        masses: tuple[F64 | None, F64 | None] = (None, None),
        convention: str = "standardized",
        goal: Goal = ALL,
    ) -> None:
        self.goal = goal
        self.source, self.target, self.labels = source, target, labels
        # BLAS computes a matrix times its own transpose by another routine: without the copy, the bits would depend on
        # whether both layers share their memory.
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
        """Bytes that one alternation takes beside the layers, including two singular value decompositions."""
        return 8 * (15 * n_source**2 + 3 * n_source * n_target)

    def align(
        self, starts: Sequence[Callable[[], F64]], alternation: Alternation, check: Callable[[], None]
    ) -> RotatedPair:
        """The best result of the alternations from every start; `check` is called now and then and may raise."""
        runs = (self.alternate(start(), alternation, check) for start in starts)
        best = next(runs)
        for run in runs:
            worst = Certificate.worst([best.certificate, run.certificate])
            best = replace(min(best, run, key=lambda pair: pair.residual), certificate=worst)
        return best

    def alternate(self, rotation: F64, alternation: Alternation, check: Callable[[], None]) -> RotatedPair:
        """Alternate from a rotation until the residual hardly changes, or vanishes."""
        trace: list[float] = []
        certificates = []
        plan: UnitPlan | None = None
        best: tuple[UnitPlan, F64] | None = None
        for _ in range(alternation.max_iter):
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
            if self._is_zero(residual) or alternation.is_still(trace):
                break
        assert best is not None
        return RotatedPair(best[0], best[1], self._in_own_units(np.array(trace)), Certificate.worst(certificates))

    def rotation_of(self, plan: UnitPlan) -> F64 | None:
        """The best rotation for a plan; None where several are best, of which the alternation chose one."""
        if self.basis is not None:
            return None
        n = len(self.cross)
        rotation, rank = orthogonal_factor(self._carried(plan), near=np.eye(n))
        return rotation if rank == n else None

    def residual_of(self, plan: UnitPlan) -> tuple[float, float]:
        """The residual of the best rotation for a plan, and the largest that any has: rounding is relative to that."""
        fit = float(np.linalg.svd(self._carried(plan), compute_uv=False).sum())
        residual, largest = self._in_own_units(np.array([self._residual(plan, fit), self._residual(plan, 0.0)]))
        return float(residual), float(largest)

    def _factored(self) -> tuple[F64 | None, F64]:
        """Factor ``K = basis core``, the basis orthonormal, if few units or stimuli make its rank low; else None, K."""
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
        solution = solve_transport(cost, self.a, self.b, largest, goal=self.goal.for_core)
        what = f"the transport from rotated layer '{self.labels[0]}' to layer '{self.labels[1]}'"
        return UnitPlan.from_solution(solution, what, source=self.labels[0], target=self.labels[1])

    def _weights(self, plan: UnitPlan) -> tuple[I32, I32, F64]:
        """Where the entries of each row of the weights begin, their columns, and the weights."""
        return plan.row_starts, plan.columns, rows_to_one(plan, self.a) if self.is_scale_free else plan.mass

    def _carried(self, plan: UnitPlan) -> F64:
        """``X^T (Y Q^T)``, `(n_l, n_l)`, or its product with the transposed basis."""
        carried = np.zeros((len(self.core), len(self.cross)))
        add_prediction(carried, self.core, *self._weights(plan), 1.0)
        return carried

    def _residual(self, plan: UnitPlan, fit: float) -> float:
        """The residual of ``X R`` reconstructed as ``Y Q^T``, given ``fit = tr(R^T X^T Y Q^T)``."""
        carried = _squared_norm(self.target.gram, *self._weights(plan))
        if self.is_scale_free:
            product = self.source.squared_norm * carried
            return max(0.0, 1.0 - fit**2 / product) if product > 0 else 1.0
        source, target = self.source.exponent - self.exponent, self.target.exponent - self.exponent
        squares = math.ldexp(self.source.squared_norm, 2 * source) + math.ldexp(carried, 2 * target)
        return max(0.0, squares - 2.0 * math.ldexp(fit, source + target))

    def _in_own_units(self, trace: F64) -> F64:
        """Residuals in the units of the activations, which until here were divided by ``2^exponent``."""
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

    def _is_zero(self, residual: float) -> bool:
        """Whether a residual is zero up to rounding."""
        source = 2 * (self.source.exponent - self.exponent)
        largest = 1.0 if self.is_scale_free else math.ldexp(self.source.squared_norm, source)
        return residual <= len(self.cross) * _EPSILON * largest


def _are_same(plan: UnitPlan, other: UnitPlan) -> bool:
    """Whether two plans move the same mass."""
    return (
        np.array_equal(plan.rows, other.rows)
        and np.array_equal(plan.columns, other.columns)
        and np.array_equal(plan.mass, other.mass)
    )


def _inverse_roots(squares: F64, rounding: float) -> F64:
    """Inverse square roots, and 0 for squares that are zero up to rounding: constant units have no correlation."""
    is_zero = squares <= rounding
    return np.where(is_zero, 0.0, 1.0 / np.sqrt(np.where(is_zero, 1.0, squares)))


@compiled
def _to_correlation_cost(products: F64, source: F64, target: F64) -> float:
    """Turn inner products into 1 - correlation, in place, given the units' inverse norms; return the largest."""
    largest = 0.0
    for i in range(products.shape[0]):
        for j in range(products.shape[1]):
            cost = 1.0 - min(1.0, max(-1.0, products[i, j] * source[i] * target[j]))
            products[i, j] = cost
            largest = max(largest, cost)
    return largest


@compiled
def _squared_norm(gram: F64, row_starts: I32, columns: I32, masses: F64) -> float:
    """``|Y Q^T|_F^2`` for sparse rows of Q, given ``Y^T Y``."""
    total = 0.0
    for i in range(len(row_starts) - 1):
        for k in range(row_starts[i], row_starts[i + 1]):
            for h in range(row_starts[i], row_starts[i + 1]):
                total += masses[k] * masses[h] * gram[columns[k], columns[h]]
    return total
