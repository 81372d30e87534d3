"""What an alignment leaves behind, as a report tells it: shares of layers, and units without a counterpart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast.display.text_summary import matched_text
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment
    from mot_fast.analysis.partial_curve import PartialCurve

_LEAST = 1e-6
"""Least share of a layer that counts as left behind: less is rounding."""


def left_behind(alignment: Alignment) -> dict[str, Any] | None:
    """What is matched, in words, and the layers of both networks of which something is not; None if all mass is."""
    if alignment.goals.are_all:
        return None
    sides = (alignment.source, alignment.target)
    found = _matched_units(alignment)
    layers: list[dict[str, Any]] = [
        {
            "network": side.name,
            "label": printable(label),
            "share": max(0.0, 1.0 - float(alignment.layer_plan.sum(axis=1 - axis)[k] / side.layer_masses[k])),
            "n_units": None if matched is None else int(len(matched) - matched.sum()),
            "of_units": side.widths[k],
        }
        for axis, side in enumerate(sides)
        for k, (label, matched) in enumerate(zip(side.labels, found[axis], strict=True))
    ]
    return {
        "text": matched_text(alignment),
        "layers": [layer for layer in layers if layer["share"] > _LEAST or layer["n_units"]],
    }


def check_curve(curve: PartialCurve, alignment: Alignment) -> None:
    """Check that a value is a curve of scores and costs, of the networks that were aligned.

    Raises
    ------
    TypeError, ValueError
        If it is not.
    """
    if not hasattr(curve, "held_out_costs"):
        raise TypeError(f"curve: expected what mot_fast.partial_curve returns, found {type(curve).__name__}")
    expected, found = (alignment.source.name, alignment.target.name), (curve.source_name, curve.target_name)
    if expected != found:
        names = (" and ".join(f"'{printable(name)}'" for name in pair) for pair in (expected, found))
        raise ValueError("curve: expected that of {}, found that of {}".format(*names))


def curve_content(curve: PartialCurve) -> dict[str, Any]:
    """The table of a curve, its notes and its knee."""
    knee = curve.knee() if len(curve.unit_masses) > 2 else None
    return {"rows": curve.cells(), "notes": curve.notes(), "knee": knee}


def _matched_units(alignment: Alignment) -> tuple[list[np.ndarray | None], list[np.ndarray | None]]:
    """Which units of either network's layers the plans of units carry, None for layers that the layer plan does not."""
    sides: tuple[list[np.ndarray | None], list[np.ndarray | None]] = (
        [None] * len(alignment.source.labels),
        [None] * len(alignment.target.labels),
    )
    for l, m in np.argwhere(alignment.layer_plan).tolist():
        plan = alignment.unit_plans[l][m]
        for side, k, units, n in zip(sides, (l, m), (plan.rows, plan.columns), plan.shape, strict=True):
            matched = np.zeros(n, np.bool_) if (known := side[k]) is None else known
            matched[units] = True
            side[k] = matched
    return sides
