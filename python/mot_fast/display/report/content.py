"""Content of a report: the texts, tables and data that its template is filled with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast.display.names import axis_title, method_name
from mot_fast.display.report.figures import figures
from mot_fast.display.report.keys import keys_of_plan, keys_of_stability
from mot_fast.display.report.left_behind import curve_content, left_behind
from mot_fast.display.report.matches import matches_of_pairs
from mot_fast.display.report.stability import stability_content
from mot_fast.display.tables import p_text
from mot_fast.display.verdict import LEVEL
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system.control_characters import printable
from mot_fast.system.memory import format_bytes
from mot_fast.transport.transport import MARGINAL_ERROR

if TYPE_CHECKING:
    from mot_fast.alignment.record import Evaluation
    from mot_fast.alignment.result import Alignment
    from mot_fast.analysis.partial_curve import PartialCurve
    from mot_fast.analysis.stability.result import Stability
    from mot_fast.layer_pairs.alternation import Alternation


def page_content(
    alignment: Alignment, stability: Stability | None = None, curve: PartialCurve | None = None
) -> dict[str, Any]:
    """Values that fill the template `page/report.html`, by name."""
    found = matches_of_pairs(alignment)
    l, m = np.unravel_index(alignment.layer_plan.argmax(), alignment.layer_plan.shape)
    sides = {"source": alignment.source, "target": alignment.target}
    return {
        "figures": figures(alignment, found["centres"], found["pairs"], stability, curve),
        "data": {
            "pairs": found["pairs"],
            "chosen": [int(l), int(m)],
            "labels": [list(map(printable, side.labels)) for side in sides.values()],
        },
        "names": {name: method_name(name, is_rotated=alignment.alternation is not None) for name in COUPLINGS},
        "axis_titles": {side: axis_title(side, summary.name) for side, summary in sides.items()},
        "keys": {"plan": keys_of_plan(alignment), "stability": keys_of_stability()},
        "p_text": p_text,
        "sides": {name: _network(side) for name, side in sides.items()},
        "left_behind": left_behind(alignment),
        "curve": None if curve is None else curve_content(curve),
        "ceiling": _ceiling(alignment),
        "verdict": []
        if alignment.evaluation is None
        else alignment.evaluation.verdict(is_rotated=alignment.alternation is not None),
        "orders": None if alignment.evaluation is None else _orders(alignment.evaluation),
        "proof": _proof(alignment),
        "level": LEVEL,
        "settled": _settled(alignment),
        "stability": None if stability is None else stability_content(stability),
        "history": _history(alignment),
    }


def _ceiling(alignment: Alignment) -> float | None:
    """Highest hierarchy score that the layers' masses allow; None where a network has one layer."""
    return alignment.hierarchy_ceiling() if min(alignment.layer_plan.shape) > 1 else None


def _network(side: NetworkSummary) -> dict[str, Any]:
    """One network's name and layers."""
    layers = zip(side.labels, side.widths, side.deviations, side.digests or [None] * len(side.labels), strict=True)
    return {
        "name": side.name,
        "n_units": sum(side.widths),
        "layers": [
            {"label": label, "n_units": width, "n_constant": int((deviation == 0).sum()), "digest": digest}
            for label, width, deviation, digest in layers
        ],
    }


def _proof(alignment: Alignment) -> list[tuple[str, str, float, float]]:
    """Rows of the certificate's table: a figure's name, its meaning, its worst value, and the largest value allowed."""
    worst = alignment.certificate
    return [
        ("duality gap", "cost of a plan above the cost proven to be least", worst.duality_gap, worst.tolerance),
        ("dual violation", "excess of the potentials that prove it over a cost", worst.dual_violation, worst.tolerance),
        ("slackness", "shortfall of the potentials below a cost where mass is moved", worst.slackness, worst.tolerance),
        ("marginal error", "mass of a unit or a layer missing or in excess", worst.marginal_error, MARGINAL_ERROR),
    ]


def _settled(alignment: Alignment) -> tuple[int, int] | None:
    """Number of pairs that converged, and number of alternations of all pairs; None without rotations."""
    if alignment.alternation is None or alignment.traces is None:
        return None
    traces = [trace for row in alignment.traces for trace in row]
    return sum(alignment.alternation.has_settled(trace) for trace in traces), sum(map(len, traces))


def _history(alignment: Alignment) -> dict[str, str]:
    """Terms and texts that say how the alignment was made."""
    found = {
        "Convention": alignment.convention,
        "Rotations": "none" if alignment.alternation is None else _rotations(alignment.alternation),
        "Masses": f"source: {_masses(alignment.source)}; target: {_masses(alignment.target)}",
    }
    run = alignment.run
    if run is not None:
        found |= {
            "Stimuli": f"{run.n_stimuli:,}",
            "Began": run.began.replace("T", " ").replace("+00:00", " UTC"),
            "Took": f"{run.seconds:.4g} s on {run.n_threads} thread{'s' * (run.n_threads != 1)}",
            "Memory limit": "half of what was free" if run.memory_limit is None else format_bytes(run.memory_limit),
            "Versions": ", ".join(f"{name} {version}" for name, version in run.versions.items()),
            "Machine": f"{run.platform} ({run.machine})",
        }
    evaluation = alignment.evaluation
    if evaluation is not None:
        found["Scores"] = (
            f"{evaluation.n_stimuli:,} held-out stimuli, {evaluation.n_resamples:,} resamples with seed "
            f"{evaluation.seed}; permuted: mean over {_orders(evaluation)} of layers"
        )
    return found


def _orders(evaluation: Evaluation) -> str:
    """Number of orders that figures of the permuted coupling are means over, in words."""
    return "all orders" if evaluation.n_draws is None else f"{evaluation.n_draws} random orders"


def _rotations(alternation: Alternation) -> str:
    """Sentence about the options of the rotations."""
    restarts = (
        f"{alternation.restarts} restarts with seed {alternation.seed}" if alternation.restarts else "no restarts"
    )
    return f"at most {alternation.max_iter} alternations a pair, tolerance {alternation.tol:g}, {restarts}"


def _masses(side: NetworkSummary) -> str:
    """Sentence about the masses of a network's layers and units."""
    layers = "layers weigh the same" if np.ptp(side.layer_masses) == 0 else "layers have masses of their own"
    units = "units of a layer weigh the same" if side.unit_masses is None else "units have masses of their own"
    return f"{layers}, {units}"
