"""Section of a report on the stability of the plan: its texts and its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast.networks.summary import same_layers

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment
    from mot_fast.analysis.stability.result import Stability

_OFTEN = 0.5
"""Share of the resamples in which pairs of layers carry mass that are listed, at least."""


def check_stability(stability: Stability, alignment: Alignment) -> None:
    """Check that a value is a stability of an alignment of these layers.

    Raises
    ------
    TypeError, ValueError
        If it is not.
    """
    if not hasattr(stability, "consensus_plan"):
        raise TypeError(f"stability: expected what mot_fast.stability returns, found {type(stability).__name__}")
    for side in ("source", "target"):
        expected, found = getattr(alignment, side), getattr(stability.alignment, side)
        same_layers(expected, found, "stability", f"the alignment's {side}")


def stability_content(stability: Stability) -> dict[str, Any]:
    """Values that fill the template `page/stability.html`, by name."""
    source, target = stability.alignment.source, stability.alignment.target
    shares, sds = (each / source.layer_masses[:, None] for each in (stability.consensus_plan, stability.sd))
    is_listed = stability.confidence >= _OFTEN
    pairs = []
    for l, m in np.argwhere(is_listed).tolist():
        matches = stability.unit_matches.get((l, m))
        has_decoys = matches is not None and matches.decoy_confidence.size > 0
        pairs.append(
            {
                "labels": (source.labels[l], target.labels[m]),
                "share": shares[l, m],
                "sd": sds[l, m],
                "used": stability.confidence[l, m],
                "confidence": None if matches is None else float(np.median(matches.confidence)),
                "n_units": source.widths[l],
                "n_matched": len(matches.discoveries()) if matches is not None and has_decoys else None,
            }
        )
    return {
        "description": stability.description,
        "in_common": stability.mass_in_common,
        "by_chance": stability.mass_in_common_by_chance,
        "pairs": pairs,
        "full_cell": float(shares.max()),
        "mass_of_others": float(stability.consensus_plan[~is_listed].sum()),
        "has_units": bool(stability.unit_matches),
    }
