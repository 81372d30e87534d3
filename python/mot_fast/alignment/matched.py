"""How much of two networks an alignment matches, where units or layers may be left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mot_fast._validate import F64
from mot_fast.measures.hierarchy import ceiling
from mot_fast.transport.solve import solve_transport

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment


def matched_share(alignment: Alignment, weights: F64) -> float:
    """Share of the source's mass that layer weights `(L, M)` and the units' plans carry."""
    if alignment.goals.are_all:
        return 1.0
    plans = alignment.unit_plans
    return float(sum(weights[l, m] * plans[l][m].mass.sum() for l, m in np.argwhere(weights)))


def hierarchy_ceiling(alignment: Alignment) -> float:
    """Highest hierarchy score of a layer plan that carries as much mass; NaN where a network has one layer."""
    masses = alignment.source.layer_masses, alignment.target.layer_masses
    n_source, n_target = alignment.layer_plan.shape
    if min(n_source, n_target) < 2:
        return float("nan")
    if alignment.goals.layers.is_all:
        return ceiling(n_source, n_target, *masses)
    distances = np.abs(np.subtract.outer(np.linspace(0.0, 1.0, n_source), np.linspace(0.0, 1.0, n_target)))
    carried = min(float(alignment.layer_plan.sum()), *(float(side.sum()) for side in masses))
    return 1.0 - solve_transport(distances, *masses, mass=carried).cost / carried


def refuse_nothing(alignment: Alignment) -> None:
    """Refuse prices at which no unit, or no layer, is matched."""
    for_units, for_layers = alignment.goals.units.price, alignment.goals.layers.price
    if for_units is not None and not any(len(plan.mass) for row in alignment.unit_plans for plan in row):
        raise ValueError(f"unit_cost: expected more than the least cost of a pair of units, found {for_units:.6g}")
    if for_layers is not None and not alignment.layer_plan.any():
        least = alignment.layer_costs.min()
        raise ValueError(
            f"layer_cost: expected more than the least cost of a pair of layers, {least:.6g}, found {for_layers:.6g}"
        )
