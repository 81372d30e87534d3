"""What a report tells of every pair of layers: its heaviest matches of units, and how all of them correlate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.curves import percent_change
from mot_fast.transport.transport import UnitPlan

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment

MOST_MATCHES = 50
"""Of a pair that are listed."""
MOST_NUMBERS = 40_000
"""Matches of all pairs that are listed, and likewise residuals: a page of hundreds of layers stays small."""
_EDGES = np.linspace(-1.0, 1.0, 41)
"""Of the histograms of correlations."""


def of_pairs(alignment: Alignment) -> dict[str, Any]:
    """As JSON holds it: `pairs`, L lists of M, and the `centres` of the bins that any histogram fills."""
    shape = alignment.layer_plan.shape
    most = max(1, MOST_NUMBERS // alignment.layer_plan.size)
    pairs = [[_pair(alignment, l, m, most) for m in range(shape[1])] for l in range(shape[0])]
    filled = np.flatnonzero(np.any([pair["histogram"] for row in pairs for pair in row], axis=0))
    bins = slice(filled[0], filled[-1] + 1)
    for row in pairs:
        for pair in row:
            pair["histogram"] = [_rounded(share) for share in pair["histogram"][bins]]
    centres = (_EDGES[:-1] + _EDGES[1:])[bins] / 2
    return {"pairs": pairs, "centres": [round(float(centre), 3) for centre in centres]}


def correlations(plan: UnitPlan) -> F64:
    """Of every match, `(n_entries,)`: where a plan moves mass its potentials are tight, ``1 - r = u_i + v_j``.

    With rotations of the units as they were rotated when the plan was found, before the last step of the alternation.
    """
    return np.clip(1.0 - plan.u[plan.rows] - plan.v[plan.columns], -1.0, 1.0)


def _pair(alignment: Alignment, l: int, m: int, most: int) -> dict[str, Any]:
    plan, mass = alignment.unit_plans[l][m], float(alignment.layer_plan[l, m])
    r = correlations(plan)
    # Of matches whose masses are equal but for rounding, the best correlated come first.
    heaviest = np.lexsort((-r, -np.round(plan.mass / plan.mass.max(), 6)))[: min(most, MOST_MATCHES)]
    of_units = alignment.source.masses_of_units(l)[plan.rows[heaviest]]
    histogram = np.histogram(np.round(r, 9), _EDGES, weights=plan.mass)[0]
    pair = {
        "mass": _rounded(mass),
        "share": _rounded(mass / float(alignment.source.layer_masses[l])),
        "cost": _rounded(float(alignment.layer_costs[l, m])),
        "correlation": _rounded(float(r @ plan.mass / plan.mass.sum())),
        "n_matches": plan.nnz,
        "sources": plan.rows[heaviest].tolist(),
        "targets": plan.columns[heaviest].tolist(),
        "correlations": [round(float(each), 4) for each in r[heaviest]],
        "masses": [_rounded(each) for each in plan.mass[heaviest]],
        "shares": [_rounded(each) for each in plan.mass[heaviest] / of_units],
        "histogram": histogram / plan.mass.sum(),
    }
    return pair if alignment.traces is None else {**pair, **_convergence(alignment.traces[l][m], most)}


def _convergence(trace: F64, most: int) -> dict[str, Any]:
    """Residuals from the first to the last, some of them if there are many."""
    n_shown = min(len(trace), max(2, most))
    shown = np.unique(np.linspace(0, len(trace) - 1, n_shown).round().astype(int))
    return {
        "n_alternations": len(trace),
        "steps": (shown + 1).tolist(),
        "changes": [_rounded(change) for change in percent_change(trace)[shown]],
    }


def _rounded(value: float) -> float:
    """To four digits, which is more than a page shows."""
    return float(f"{value:.4g}")
