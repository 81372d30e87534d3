"""Families of costs and of masses, of any size: what users of exact transport bring, and what is known to be hard.

All are made from a seed. Rows and columns are in random order wherever the order would give the answer away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.sparse
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from problems.layers import F64, correlation_cost

Rng = np.random.Generator
MakeCost = Callable[[int, int, Rng], F64]
MakeMasses = Callable[[int, Rng], F64]

METRICS = {"L1": "cityblock", "L2": "euclidean", "squared": "sqeuclidean"}
BIG_M = 1e6
"""Cost of a cell that nobody should use, where users know no way to forbid it."""
N_NEIGHBOURS = 10


def _points(dimension: int, metric: str, n: int, m: int, rng: Rng) -> F64:
    return cdist(rng.random((n, dimension)), rng.random((m, dimension)), metric)


def _shifted(dimension: int, n: int, m: int, rng: Rng) -> F64:
    """Two Gaussian clouds whose centres are three standard deviations apart."""
    return cdist(rng.normal(size=(n, dimension)), rng.normal(size=(m, dimension)) + 3, "sqeuclidean")


def _clusters(dimension: int, n: int, m: int, rng: Rng) -> F64:
    """Clouds of ten clusters; the two sides' clusters lie near each other and hold different shares."""
    centres = 10 * rng.normal(size=(10, dimension))

    def cloud(k: int) -> F64:
        return centres[rng.choice(10, k, p=rng.dirichlet(np.ones(10)))] + rng.normal(size=(k, dimension))

    return cdist(cloud(n), cloud(m), "sqeuclidean")


def _colours(n: int, m: int, rng: Rng) -> F64:
    """Colours of two images: smooth curves through the cube of colours, in whole steps of 1/255."""

    def image(k: int) -> F64:
        place = rng.random((k, 2))
        waves = rng.normal(size=(2, 3)) * 3
        smooth = 0.5 + 0.4 * np.sin(place @ waves + rng.random(3) * 6) + 0.03 * rng.normal(size=(k, 3))
        return np.round(255 * np.clip(smooth, 0, 1)) / 255

    return cdist(image(n), image(m), "sqeuclidean")


def _grid(n: int, m: int, rng: Rng) -> F64:  # noqa: ARG001
    """Pixels of two square images, as in DOTmark (Schrieber, Schuhmacher and Gottschlich 2017)."""

    def pixels(k: int) -> F64:
        side = int(np.ceil(np.sqrt(k)))
        return np.stack(np.divmod(np.arange(k), side), axis=1) / side

    return cdist(pixels(n), pixels(m), "sqeuclidean")


def _integers(greatest: int, n: int, m: int, rng: Rng) -> F64:
    return rng.integers(0, greatest + 1, (n, m)).astype(float)


def _chain(n: int, m: int, rng: Rng) -> F64:
    """Every row wants the next one's column, and the last one's pushes all of them back."""
    i, j = rng.permutation(n)[:, None], rng.permutation(m)
    step = (j - i) % m
    return np.where(step == 0, 1.0, np.where(step == 1, 0.0, 2.0 * max(n, m)))


def _blocks(n: int, m: int, rng: Rng) -> F64:
    """Ten groups, cheap inside and dear between."""
    return rng.random((n, m)) + 10 * (rng.integers(0, 10, n)[:, None] != rng.integers(0, 10, m))


def _monge(n: int, m: int, rng: Rng) -> F64:
    """Sums over rectangles of a density: the plan along both orders is optimal."""
    density = rng.random((n, m))
    return -np.cumsum(np.cumsum(density, axis=0), axis=1)[rng.permutation(n)][:, rng.permutation(m)]


def _machol_wien(n: int, m: int, rng: Rng) -> F64:
    """Products of the ranks (Machol and Wien 1976), on which assignment methods visit nearly everything."""
    return np.outer(1.0 + rng.permutation(n), 1.0 + rng.permutation(m))


def _low_rank(rank: int, n: int, m: int, rng: Rng) -> F64:
    return rng.normal(size=(n, rank)) @ rng.normal(size=(rank, m))


def _big_m(n: int, m: int, rng: Rng) -> F64:
    """Random costs, half of the cells as good as forbidden."""
    return np.where(rng.random((n, m)) < 0.5, BIG_M, rng.random((n, m)))


def _equal_rows(n: int, m: int, rng: Rng) -> F64:
    """A number a column, and a little noise."""
    return rng.random(m) + 1e-4 * rng.random((n, m))


def _sums(n: int, m: int, rng: Rng) -> F64:
    """A number a row and a number a column, and a little noise: nobody is far from the optimum."""
    return rng.random((n, 1)) + rng.random(m) + 1e-6 * rng.random((n, m))


def _correlations(n: int, m: int, rng: Rng) -> F64:
    """Units that share ten factors, over 500 stimuli."""
    factors = rng.normal(size=(500, 10))

    def layer(k: int) -> F64:
        return factors @ rng.normal(size=(10, k)) + 2 * rng.normal(size=(500, k))

    return correlation_cost(layer(n), layer(m))


def _nearest(n: int, m: int, rng: Rng) -> scipy.sparse.csr_array:
    """Points of the plane with their nearest ones of the other side alone, and a staircase by which a plan exists."""
    x, y = rng.random((n, 2)), rng.random((m, 2))
    k = min(N_NEIGHBOURS, m)
    distance, near = cKDTree(y).query(x, k)
    rows = [np.repeat(np.arange(n), k), *(np.arange(max(n, m)) * side // max(n, m) for side in (n,))]
    columns = [near.ravel(), np.arange(max(n, m)) * m // max(n, m)]
    steps = np.linalg.norm(x[rows[1]] - y[columns[1]], axis=1)
    costs = scipy.sparse.coo_array((np.r_[distance.ravel(), steps], (np.r_[*rows], np.r_[*columns])), shape=(n, m))
    sparse = costs.tocsr()
    sparse.sum_duplicates()
    return sparse


COSTS: dict[str, MakeCost] = {
    "uniform random": lambda n, m, rng: rng.random((n, m)),
    "heavy-tailed random": lambda n, m, rng: np.exp(2 * rng.normal(size=(n, m))),
    **{f"points {d}-D, {name}": partial(_points, d, metric) for d in (1, 2, 3, 16) for name, metric in METRICS.items()},
    "shifted clouds 2-D": partial(_shifted, 2),
    "shifted clouds 16-D": partial(_shifted, 16),
    "clusters 2-D": partial(_clusters, 2),
    "clusters 3-D": partial(_clusters, 3),
    "clusters 16-D": partial(_clusters, 16),
    "colours": _colours,
    "pixels": _grid,
    "integers to 100": partial(_integers, 100),
    "integers to 10": partial(_integers, 10),
    "0 or 1": partial(_integers, 1),
    "all equal": lambda n, m, rng: np.ones((n, m)),  # noqa: ARG005
    "chain": _chain,
    "blocks": _blocks,
    "Monge": _monge,
    "Machol-Wien": _machol_wien,
    **{f"rank {rank}": partial(_low_rank, rank) for rank in (1, 2, 3)},
    "big M": _big_m,
    "nearly equal rows": _equal_rows,
    "sums of rows and columns": _sums,
    "correlations": _correlations,
}


def _power_law(n: int, rng: Rng) -> F64:
    return rng.permutation(1 / np.arange(1.0, n + 1) ** 1.5)


def _spike(n: int, rng: Rng) -> F64:
    """One unit holds half of all mass."""
    masses = rng.random(n)
    masses[rng.integers(n)] += masses.sum()
    return masses


MASSES: dict[str, MakeMasses] = {
    "uniform": lambda n, rng: np.ones(n),  # noqa: ARG005
    "Dirichlet": lambda n, rng: rng.dirichlet(np.ones(n)),
    "power law": _power_law,
    "spike": _spike,
}
