"""Matches of units in every pair of layers: the heaviest ones, and a histogram of the correlations of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.curves import percent_change
from mot_fast.transport.transport import UnitPlan

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment

MOST_MATCHES = 50
"""Matches that are listed of one pair, at most."""
MOST_NUMBERS = 40_000
"""Matches that are listed of all pairs together, and likewise residuals: so the page of hundreds of layers is small."""
_EDGES = np.linspace(-1.0, 1.0, 41)
"""Edges of the bins of the histograms of correlations."""


def matches_of_pairs(alignment: Alignment) -> dict[str, Any]:
    """Matches of all pairs of layers, ready for JSON.

    Returns
    -------
    dict
        `pairs`, a list of L lists of M pairs, and `centres`, those of the histograms' bins that hold anything.
    """
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


def match_correlations(plan: UnitPlan) -> F64:
    """Correlation of the two units of every match, `(n_entries,)`.

    It follows from the potentials: where a plan moves mass they are tight, ``1 - r = u_i + v_j``. With rotations, the
    source's units are meant as they were rotated when the plan was found, before the last step of the alternation.
    """
    return np.clip(1.0 - plan.u[plan.rows] - plan.v[plan.columns], -1.0, 1.0)


def _pair(alignment: Alignment, l: int, m: int, most: int) -> dict[str, Any]:
    """One pair of layers: its mass and cost, at most `most` of its matches, and the histogram of all of them.

    At a price, the units of a pair may have no match at all.
    """
    plan, mass = alignment.unit_plans[l][m], float(alignment.layer_plan[l, m])
    r, matched = match_correlations(plan), float(plan.mass.sum()) if plan.nnz else 1.0
    # Among matches whose masses are equal but for rounding, the best correlated ones come first.
    heaviest = np.lexsort((-r, -np.round(plan.mass / plan.mass.max(initial=0.0), 6)))[: min(most, MOST_MATCHES)]
    masses_of_sources = alignment.source.masses_of_units(l)[plan.rows[heaviest]]
    histogram = np.histogram(np.round(r, 9), _EDGES, weights=plan.mass)[0]
    pair = {
        "mass": _rounded(mass),
        "share": _rounded(mass / float(alignment.source.layer_masses[l])),
        "cost": _rounded(float(alignment.layer_costs[l, m])),
        "correlation": _rounded(float(r @ plan.mass) / matched) if plan.nnz else None,
        "n_matches": plan.nnz,
        "sources": plan.rows[heaviest].tolist(),
        "targets": plan.columns[heaviest].tolist(),
        "correlations": [round(float(each), 4) for each in r[heaviest]],
        "masses": [_rounded(each) for each in plan.mass[heaviest]],
        "shares": [_rounded(each) for each in plan.mass[heaviest] / masses_of_sources],
        "histogram": histogram / matched,
    }
    return pair if alignment.traces is None else {**pair, **_convergence(alignment.traces[l][m], most)}


def _convergence(trace: F64, most: int) -> dict[str, Any]:
    """Change of the residual at the steps of an alternation, from the first to the last, at `most` steps or so."""
    n_shown = min(len(trace), max(2, most))
    shown = np.unique(np.linspace(0, len(trace) - 1, n_shown).round().astype(int))
    return {
        "n_alternations": len(trace),
        "steps": (shown + 1).tolist(),
        "changes": [_rounded(change) for change in percent_change(trace)[shown]],
    }


def _rounded(value: float) -> float:
    """Value rounded to four digits, which is more than the page shows."""
    return float(f"{value:.4g}")
