"""Checks that plans out of a store are those of the activations, by computing a sample of their arcs again.

The sample is drawn anew each time, so that nobody who writes to the store can foresee it.
"""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as shown

import numpy as np

from mot_fast._validate import F64, Array, Index
from mot_fast.layer_pairs.consistency import TOLERANCE
from mot_fast.layer_pairs.packing import PackedPlans
from mot_fast.layer_pairs.pair_work import ResourceNeeds, seconds_sizes
from mot_fast.measures.standardize import unit_deviations
from mot_fast.networks.network import Network
from mot_fast.transport.transport import UnitPlan

_ALL_UNITS = 64
"""Source layers of at most so many units have the arcs of all their units computed again."""
_SOME_UNITS = 32
"""Units of a wider source layer whose arcs are computed again."""
_MOST_BYTES = 2**25
"""Bytes of activations in double precision that are held for the check."""
_SINGLE_PRECISION = 1e-6
"""Largest error of correlations between units rounded to single precision: much more than is ever seen."""
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class _Units:
    """Some units of a layer as unit vectors, `(n_stimuli, k)`, and how uncertain rounding leaves each of them."""

    units: Index
    vectors: F64
    uncertainty: F64


def check_correlations(plans: PackedPlans, source: Network, target: Network) -> None:
    """Check that a sample of every plan's arcs cost what its potentials say, and arcs off the plan no less.

    Raises
    ------
    ValueError
        If they do not, or if the activations cannot be read.
    """
    rng = np.random.default_rng()
    most = int(max(4, _MOST_BYTES // (8 * source.n_stimuli * len(source))))
    chosen = []
    for l, width in enumerate(source.widths):
        n_units = min(most, width if width <= _ALL_UNITS else _SOME_UNITS)
        units = np.arange(width) if n_units == width else np.sort(rng.choice(width, n_units, replace=False))
        chosen.append(_units(*source.read(l), units))
    for m in range(len(target)):
        of_layer = [plans[l * len(target) + m] for l in range(len(source))]
        arcs = [_arcs(plan, some.units, rng) for plan, some in zip(of_layer, chosen, strict=True)]
        columns = [plan.columns[each] for plan, each in zip(of_layer, arcs, strict=True)]
        others = _units(*target.read(m), np.unique(np.concatenate(columns)))
        for plan, each, some in zip(of_layer, arcs, chosen, strict=True):
            _check_arcs(plan, each, some, others)


def _arcs(plan: UnitPlan, units: Index, rng: np.random.Generator) -> Index:
    """A plan's arcs at some source units, at most twice as many as there are units: more than a plan has as a rule."""
    is_of_units = np.zeros(plan.shape[0], dtype=bool)
    is_of_units[units] = True
    found = np.flatnonzero(is_of_units[plan.rows])
    most = 2 * len(units)
    return found if len(found) <= most else rng.choice(found, most, replace=False)


def _check_arcs(plan: UnitPlan, arcs: Index, source: _Units, others: _Units) -> None:
    """Check the arcs given, and that no arc between the units of both layers costs less than its potentials."""
    rows = np.searchsorted(source.units, plan.rows[arcs])
    places, columns = np.unique(np.searchsorted(others.units, plan.columns[arcs]), return_inverse=True)
    costs = 1.0 - np.clip(source.vectors.T @ others.vectors[:, places], -1.0, 1.0)
    reduced = costs - plan.u[source.units][:, None] - plan.v[others.units[places]]
    allowed = TOLERANCE + _SINGLE_PRECISION + source.uncertainty[:, None] + others.uncertainty[places]
    if (np.abs(reduced[rows, columns]) > allowed[rows, columns]).any() or (reduced < -allowed).any():
        name = f"the plan from layer {shown(plan.source)} to {shown(plan.target)}"
        raise ValueError(f"{name} is not that of the activations")


def _units(values: Array, rows: Index | None, units: Index) -> _Units:
    """Some units of a layer, centred and divided by their norms at any scale; zero where a unit is constant."""
    picked = np.asarray(values[:, units] if rows is None else values[rows[:, None], units], dtype=np.float64)
    vectors, is_constant, norms = unit_deviations(picked)
    # Values near 1 in size are known to as many digits as deviations that small leave of them.
    rounding = 8 * _EPSILON * np.sqrt(len(picked)) / np.where(is_constant, 1.0, norms)
    return _Units(units, vectors, np.where(is_constant, 0.0, rounding))


def sample_of_pairs(
    networks: tuple[Network, Network], work: ResourceNeeds, least_share: float, soon: float
) -> list[tuple[int, int]]:
    """Draw the pairs of layers that are computed again: all of them if that takes no more than `soon` seconds.

    Otherwise it is a share of them that takes as long, but `least_share` of all at least.
    """
    sizes = [sum(seconds_sizes(network, work)) for network in networks]
    share = max(least_share, soon / (sizes[0] * sizes[1]))
    is_drawn = np.random.default_rng().random((len(networks[0]), len(networks[1]))) < share
    return [(int(l), int(m)) for l, m in np.argwhere(is_drawn)]
