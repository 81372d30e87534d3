"""Families of costs and of masses, of any size: what users of exact transport bring, and what is known to be hard.

All are made from a seed. Rows and columns of dense costs are in random order, which would else give answers away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from problems.layers import F64, correlation_cost

Index = npt.NDArray[np.integer[Any]]
Rng = np.random.Generator
MakeCost = Callable[[int, int, Rng], F64]
MakeSparse = Callable[[F64, F64, Rng], scipy.sparse.csr_array]
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


def _pixels(k: int) -> F64:
    """Places of the first pixels of a square image, row by row, within the unit square."""
    side = int(np.ceil(np.sqrt(k)))
    return np.stack(np.divmod(np.arange(k), side), axis=1) / side


def _grid(metric: str, n: int, m: int, rng: Rng) -> F64:  # noqa: ARG001
    """Pixels of two square images, as in DOTmark (Schrieber, Schuhmacher and Gottschlich 2017)."""
    return cdist(_pixels(n), _pixels(m), metric)


def _integers(greatest: int, n: int, m: int, rng: Rng) -> F64:
    return rng.integers(0, greatest + 1, (n, m)).astype(float)


def _chain(n: int, m: int, rng: Rng) -> F64:  # noqa: ARG001
    """Every row wants the next one's column, and the last one's pushes all of them back."""
    step = (np.arange(m) - np.arange(n)[:, None]) % m
    return np.where(step == 0, 1.0, np.where(step == 1, 0.0, 2.0 * max(n, m)))


def _blocks(n: int, m: int, rng: Rng) -> F64:
    """Ten groups, cheap inside and dear between."""
    return rng.random((n, m)) + 10 * (rng.integers(0, 10, n)[:, None] != rng.integers(0, 10, m))


def _monge(n: int, m: int, rng: Rng) -> F64:
    """Sums over rectangles of a density: the plan along both orders is optimal."""
    return -np.cumsum(np.cumsum(rng.random((n, m)), axis=0), axis=1)


def _machol_wien(n: int, m: int, rng: Rng) -> F64:  # noqa: ARG001
    """Products of the ranks (Machol and Wien 1976), on which assignment methods visit nearly everything."""
    return np.outer(np.arange(1.0, n + 1), np.arange(1.0, m + 1))


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


def _alike(n: int, m: int, rng: Rng) -> F64:
    """Units of one layer, and the same ones in another order with some noise; a wider side has others besides."""
    layer = rng.normal(size=(500, max(n, m)))

    def seen(k: int) -> F64:
        return layer[:, rng.permutation(k)] + 0.3 * rng.normal(size=(500, k))

    return correlation_cost(seen(n), seen(m))


def _concave(n: int, m: int, rng: Rng) -> F64:
    """Square roots of distances on a line: concave, so that short and long ways are better than two middling ones."""
    return np.sqrt(cdist(rng.random((n, 1)), rng.random((m, 1)), "cityblock"))


def _nearest(dimension: int, a: F64, b: F64, rng: Rng) -> scipy.sparse.csr_array:
    """Points with their nearest ones of the other side alone, and what a plan needs to exist."""
    x, y = rng.random((len(a), dimension)), rng.random((len(b), dimension))
    k = min(N_NEIGHBOURS, len(b))
    near = cKDTree(y).query(x, k)[1].ravel()
    staircase = _staircase(a, b)
    rows, columns = np.r_[np.repeat(np.arange(len(a)), k), staircase[0]], np.r_[near, staircase[1]]
    return _sparse(rows, columns, np.linalg.norm(x[rows] - y[columns], axis=1), (len(a), len(b)))


def _random_pairs(a: F64, b: F64, rng: Rng) -> scipy.sparse.csr_array:
    """Random costs of random pairs, and what a plan needs to exist."""
    n, m = len(a), len(b)
    staircase = _staircase(a, b)
    rows = np.r_[np.repeat(np.arange(n), min(N_NEIGHBOURS, m)), staircase[0]]
    columns = np.r_[rng.integers(0, m, n * min(N_NEIGHBOURS, m)), staircase[1]]
    return _sparse(rows, columns, 0.01 + rng.random(len(rows)), (n, m))


def _staircase(a: F64, b: F64) -> tuple[Index, Index]:
    """Pairs of the plan that carries the masses over in their order, and those beside them, in case of rounding."""
    ends = np.sort(np.r_[0, np.cumsum(a)[:-1], np.cumsum(b)[:-1]])
    rows, columns = (np.searchsorted(np.cumsum(mass)[:-1], ends, side="right") for mass in (a, b))
    beside = np.minimum(columns + 1, len(b) - 1), np.minimum(rows + 1, len(a) - 1)
    return np.r_[rows, rows, beside[1]], np.r_[columns, beside[0], columns]


def _sparse(rows: Index, columns: Index, costs: F64, shape: tuple[int, int]) -> scipy.sparse.csr_array:
    """Costs by row and column; of those that are given twice, the first."""
    keys, first = np.unique(rows * np.int64(shape[1]) + columns, return_index=True)
    rows, columns = np.divmod(keys, shape[1])
    return scipy.sparse.coo_array((costs[first], (rows.astype(np.int32), columns.astype(np.int32))), shape).tocsr()


COSTS: dict[str, MakeCost] = {
    "uniform random": lambda n, m, rng: rng.random((n, m)),
    "heavy-tailed random": lambda n, m, rng: np.exp(2 * rng.normal(size=(n, m))),
    # On a line L2 is L1.
    **{
        f"points {d}-D, {name}": partial(_points, d, metric)
        for d in (1, 2, 3, 16)
        for name, metric in METRICS.items()
        if (d, name) != (1, "L2")
    },
    "points 50-D, cosine": lambda n, m, rng: cdist(rng.normal(size=(n, 50)), rng.normal(size=(m, 50)), "cosine"),
    "points 1-D, root": _concave,
    "shifted clouds 2-D": partial(_shifted, 2),
    "shifted clouds 16-D": partial(_shifted, 16),
    "clusters 2-D": partial(_clusters, 2),
    "clusters 3-D": partial(_clusters, 3),
    "clusters 16-D": partial(_clusters, 16),
    "colours": _colours,
    **{f"pixels, {name}": partial(_grid, metric) for name, metric in METRICS.items()},
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
    "correlations, alike": _alike,
}

SPARSE_COSTS: dict[str, MakeSparse] = {
    **{f"{N_NEIGHBOURS} nearest, {d}-D": partial(_nearest, d) for d in (2, 3, 16)},
    f"{N_NEIGHBOURS} random pairs": _random_pairs,
}
"""Costs of some pairs alone, which depend on the masses: a plan must be left."""


def _named(*beginnings: str) -> tuple[str, ...]:
    return tuple(name for name in COSTS if name.startswith(beginnings))


KINDS: dict[str, tuple[str, ...]] = {
    "random costs": ("uniform random", "heavy-tailed random", "big M", "blocks", *_named("nearly", "sums")),
    "points in one dimension": _named("points 1-D"),
    "points in two and three dimensions": _named("points 2-D", "points 3-D"),
    "points in many dimensions": _named("points 16-D", "points 50-D"),
    "clouds and colours": _named("shifted", "clusters", "colours"),
    "pixels of images": _named("pixels"),
    "integers and ties": ("integers to 100", "integers to 10", "0 or 1", "all equal"),
    "structured costs": ("chain", "Monge", "Machol-Wien", *_named("rank")),
    "correlations of units": _named("correlations"),
    "sparse costs": tuple(SPARSE_COSTS),
}
"""Families by kind."""


def _power_law(n: int, rng: Rng) -> F64:
    return rng.permutation(1 / np.arange(1.0, n + 1) ** 1.5)


def _spike(n: int, rng: Rng) -> F64:
    """One unit holds half of all mass."""
    masses = rng.random(n)
    masses[rng.integers(n)] += masses.sum()
    return masses


def _random_field(n: int, rng: Rng) -> F64:
    """Exponential of a smooth Gaussian field, drawn by its Fourier coefficients."""
    side = int(np.ceil(np.sqrt(n)))
    frequencies = np.hypot(side * np.fft.fftfreq(side)[:, None], side * np.fft.fftfreq(side))
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) / (1 + frequencies**2)).real
    return np.exp(1.5 * (field - field.mean()) / max(field.std(), 1e-300)).ravel()[:n]


def _cauchy(n: int, rng: Rng) -> F64:
    """Sum of three Cauchy densities of random centres and widths."""
    squares = cdist(_pixels(n), rng.random((3, 2)), "sqeuclidean")
    return ((1 + squares / rng.uniform(0.02, 0.2, 3) ** 2) ** -1.5).sum(axis=1)


def _shapes(n: int, rng: Rng) -> F64:
    """Two discs of even density; nothing is outside them."""
    distances = cdist(_pixels(n), rng.uniform(0.2, 0.7, (2, 2)))
    masses = (distances < rng.uniform(0.1, 0.4, 2)).sum(axis=1).astype(float)
    return masses if masses.any() else np.ones(n)


MASSES: dict[str, MakeMasses] = {
    "uniform": lambda n, rng: np.ones(n),  # noqa: ARG005
    "Dirichlet": lambda n, rng: rng.dirichlet(np.ones(n)),
    "power law": _power_law,
    "spike": _spike,
}

IMAGES: dict[str, MakeMasses] = {"random field": _random_field, "Cauchy density": _cauchy, "shapes": _shapes}
"""Masses of the pixels of square images, row by row, of the classes in DOTmark."""


def masses_of(family: str) -> tuple[str, ...]:
    """Masses that go with a family: images with pixels, and all others with everything else."""
    return ("uniform", *IMAGES) if family in KINDS["pixels of images"] else tuple(MASSES)


def problem(family: str, masses: str, n: int, m: int) -> tuple[F64 | scipy.sparse.csr_array, list[F64]]:
    """Costs of a family, and masses of sum 1 of both sides; always the same ones."""
    rng = np.random.default_rng([n, m, *f"{family}, {masses}".encode()])
    a, b = (mass / mass.sum() for mass in ((MASSES | IMAGES)[masses](k, rng) for k in (n, m)))
    if family in SPARSE_COSTS:
        return SPARSE_COSTS[family](a, b, rng), [a, b]
    cost, rows, columns = COSTS[family](n, m, rng), rng.permutation(n), rng.permutation(m)
    return np.ascontiguousarray(cost[rows][:, columns]), [a[rows], b[columns]]
