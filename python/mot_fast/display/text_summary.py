"""An alignment as text for a terminal: its layer plan, its scores, and the proof of its optimality."""

from __future__ import annotations

import codecs
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from mot_fast.display.tables import p_text
from mot_fast.display.verdict import METHOD
from mot_fast.measures.hierarchy import ceiling
from mot_fast.system.control_characters import printable
from mot_fast.transport.transport import Certificate

if TYPE_CHECKING:
    from mot_fast.alignment.record import Evaluation
    from mot_fast.alignment.result import Alignment

_SHADES = " ░▒▓█"
_ASCII_SHADES = " .:+#"


def layer_plan_table(alignment: Alignment, encoding: str | None = "utf-8") -> str:
    """The layer plan as text: a row for each source layer, a column for each target layer, darker for more mass."""
    shares = alignment.layer_plan * len(alignment.layer_plan)
    encoding = _known_encoding(encoding)
    shades = _SHADES if printable(_SHADES, encoding=encoding) == _SHADES else _ASCII_SHADES
    levels = np.ceil(np.clip(shares, 0.0, 1.0) * (len(shades) - 1) - 1e-9).astype(int)
    labels = [printable(label, encoding=encoding) for label in alignment.source.labels]
    width = max(map(len, (*labels, "target layer")))
    header = "".join(f"{m:<10d}" for m in range(0, shares.shape[1], 5))
    lines = [f"{'target layer':>{width}}  {header}"]
    for label, row, share in zip(labels, levels, shares, strict=True):
        best = int(share.argmax())
        cells = "".join(shades[level] * 2 for level in row)
        lines.append(f"{label:>{width}} |{cells}| {share[best]:4.0%} in {best}")
    step = 100 // (len(shades) - 1)
    legend = ", ".join(f"{shade} to {step * k} %" for k, shade in enumerate(shades) if k)
    lines.append(f"{'':>{width}}  of the source layer: {legend}")
    return "\n".join(lines)


def _known_encoding(encoding: str | None) -> str:
    """The encoding, if Python knows it; otherwise ASCII, which all terminals show."""
    try:
        return codecs.lookup(encoding or "ascii").name
    except LookupError:
        return "ascii"


def score_table(alignment: Alignment) -> str:
    """Table of held-out scores with confidence intervals, and of hierarchy scores, of MOT and every other coupling.

    Raises
    ------
    ValueError
        If the alignment has no evaluation.
    """
    evaluation = alignment.evaluation
    if evaluation is None:
        raise ValueError("alignment: expected one with held-out scores, as mot_fast.evaluate returns it, found none")
    interval = f"{evaluation.confidence:.0%} interval"
    rows = [f"{'coupling':15s}{'held-out score':16s}{interval:18s}{'p':9s}{'over units':12s}hierarchy"]
    for name, score in evaluation.scores.items():
        interval = "" if score.low is None else f"{score.low:.3f} to {score.high:.3f}"
        p = "" if score.p_better is None else p_text(score.p_better)
        over_units = "" if score.over_units is None else _number(score.over_units)
        cells = f"{_number(score.value):16s}{interval:18s}{p:9s}{over_units:12s}"
        rows.append(f"{name:15s}{cells}{_number(score.hierarchy)}")
    rows += ["p: of mot being better than this coupling by chance", _about_orders(evaluation)]
    masses = alignment.source.layer_masses, alignment.target.layer_masses
    n_source, n_target = alignment.layer_plan.shape
    if min(n_source, n_target) > 1:
        best = ceiling(n_source, n_target, *masses)
        rows.append(f"hierarchy of the monotone coupling, the best that the masses allow: {best:.3f}")
    found = evaluation.verdict(is_rotated=alignment.alternation is not None)
    return "\n".join([*rows, "", *map(_wrapped, [*found, METHOD])] if found else rows)


def _wrapped(sentence: str) -> str:
    """A sentence on lines that fit a terminal, none of which ends within "p = 0.01"."""
    unbroken = sentence.replace(" = ", "\0=\0").replace("p < ", "p\0<\0")
    return textwrap.fill(unbroken, 84, subsequent_indent="  ").replace("\0", " ")


def _about_orders(evaluation: Evaluation) -> str:
    """Note on the figures of the permuted coupling."""
    permuted = evaluation.scores["permuted"]
    of = "all orders" if evaluation.n_draws is None else f"{evaluation.n_draws} random orders"
    sds = f"sd over orders {_number(permuted.sd)}, of the hierarchy {_number(permuted.hierarchy_sd)}"
    return f"permuted: mean over {of}; {sds}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def certificate_text(certificate: Certificate, n_transports: int) -> str:
    """Figures of the certificate that proves the plans optimal."""
    return (
        f"{n_transports} transports proven optimal, to {certificate.tolerance:.0e} or better; the worst figures:\n"
        f"duality gap {certificate.duality_gap:.1e}, dual violation {certificate.dual_violation:.1e}, "
        f"slackness {certificate.slackness:.1e}, marginals {certificate.marginal_error:.1e}"
    )
