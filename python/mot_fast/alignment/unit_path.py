"""The least cost of matching ever more of the units of two layers, over many pairs of layers, and its knee."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.layer_pairs.exact_transports import UnitMasses
from mot_fast.measures.standardize import unit_deviations
from mot_fast.networks.network import Network
from mot_fast.system import threads
from mot_fast.system.blas import one_blas_thread
from mot_fast.system.brief_repr import brief_repr
from mot_fast.transport.partial import UnitPrices, curvature, partial_path

KNEE = "path"
"""Value of `unit_mass` by which `align` takes the share at the knee."""
_SHARES = np.linspace(0.0, 1.0, 100)
"""Shares at which curves of many pairs are averaged: as many as the published knee looks at."""

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class UnitPath:
    """What matching the units of two layers costs, the cheapest first."""

    costs: F64
    """`(100,)`: least cost of matching evenly spaced shares of the mass, from 0 to 1."""
    source: UnitPrices
    """Prices at which the units of the source layer are matched."""
    target: UnitPrices
    """Prices at which those of the target layer are."""


@dataclass(frozen=True, eq=False)
class UnitCurve:
    """Least cost of matching every share of the units' mass, a mean over pairs of layers."""

    shares: F64
    """`(100,)`: shares of the mass that is matched, from 0 to 1."""
    costs: F64
    """`(100,)`: least costs of matching them, 1 - correlation times mass."""

    __repr__ = brief_repr

    @classmethod
    def of(cls, paths: Mapping[Pair, UnitPath], layer_plan: F64) -> UnitCurve:
        """The mean of the paths of pairs of layers, by their weights in a layer plan."""
        weights = [layer_plan[pair] for pair in paths]
        return cls(_SHARES, np.average([path.costs for path in paths.values()], axis=0, weights=weights))

    def knee(self) -> float:
        """The share, above 0, at which the curve bends most, as `mot_fast.PartialPath.knee` finds it."""
        return float(self.shares[1:][np.argmax(curvature(self.costs, 1.0 - self.shares)[1:])])


def unit_paths(
    networks: tuple[Network, Network], masses: tuple[UnitMasses, UnitMasses], layer_plan: F64, n_threads: int
) -> dict[Pair, UnitPath]:
    """The path of every pair of layers that a plan couples; a thread holds the costs of a pair in double precision."""
    pairs = [(int(l), int(m)) for l, m in np.argwhere(layer_plan > 0)]
    with one_blas_thread:  # so that no bit depends on the number of BLAS's threads
        sides = [
            {k: unit_deviations(network.layer(k).astype(np.float64)).values for k in set(used)}
            for network, used in zip(networks, zip(*pairs, strict=True), strict=True)
        ]

        def path_of(pair: Pair) -> UnitPath:
            x, y = (layers[k] for layers, k in zip(sides, pair, strict=True))
            a, b = (None if units is None else units[k] for units, k in zip(masses, pair, strict=True))
            path = partial_path(1.0 - x.T @ y, a, b)
            return UnitPath(path.cost_at(_SHARES * path.masses[-1]), path.rows, path.columns)

        return dict(zip(pairs, threads.map_in_order(path_of, pairs, n_threads), strict=True))


def is_knee(unit_mass: object, *, is_rotated: bool) -> bool:
    """Whether the share of the units is to be that at the knee.

    Raises
    ------
    ValueError
        If it is another word, or layers are rotated.
    """
    if not isinstance(unit_mass, str):
        return False
    _validate.choice(unit_mass, (KNEE,), "unit_mass")
    if is_rotated:
        raise ValueError(f"unit_mass: expected a share of the mass where layers are rotated, found {unit_mass!r}")
    return True
