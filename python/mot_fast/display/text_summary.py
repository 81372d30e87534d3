"""An alignment as text for a terminal: its layer plan, its scores, and the proof of its optimality."""

from __future__ import annotations

import codecs
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mot_fast.display.names import method_name
from mot_fast.display.tables import p_text
from mot_fast.display.verdict import METHOD
from mot_fast.system.control_characters import printable
from mot_fast.transport.transport import Certificate

if TYPE_CHECKING:
    from mot_fast.alignment.record import Evaluation
    from mot_fast.alignment.result import Alignment

_SHADES = " ░▒▓█"
_ASCII_SHADES = " .:+#"
_LEAST_LEFT = 1e-6
"""Least share of a layer that counts as left behind: less is rounding."""


def layer_plan_table(alignment: Alignment, encoding: str | None = "utf-8") -> str:
    """The layer plan as text: a row for each source layer, a column for each target layer, darker for more mass.

    Where layers may be left behind, every row says what share of its layer is, and a last line does for target layers.
    """
    shares = alignment.layer_plan / alignment.source.layer_masses[:, None]
    is_all = alignment.goals.layers.is_all
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
        left = 1.0 - float(share.sum())
        most = f"{share[best]:4.0%} in {best}" if is_all or share[best] > _LEAST_LEFT else ""
        lines.append(f"{label:>{width}} |{cells}| {', '.join(filter(None, [most, _left_text(left, is_all)]))}")
    step = 100 // (len(shades) - 1)
    legend = ", ".join(f"{shade} to {step * k} %" for k, shade in enumerate(shades) if k)
    lines.append(f"{'':>{width}}  of the source layer: {legend}")
    if not is_all:
        lefts = 1.0 - alignment.layer_plan.sum(axis=0) / alignment.target.layer_masses
        shown = ", ".join(f"{m} ({left:.0%})" for m, left in enumerate(lefts.tolist()) if left > _LEAST_LEFT)
        lines.append(_wrapped(f"target layers left behind: {shown or 'none'}"))
    if not alignment.goals.are_all:
        lines.append(_wrapped(f"matched: {matched_text(alignment)}"))
    return "\n".join(lines)


def _left_text(left: float, is_all: bool) -> str:
    return "" if is_all or left <= _LEAST_LEFT else f"{left:4.0%} left behind"


def matched_text(alignment: Alignment) -> str:
    """How much of the source an alignment matches, at both levels."""
    layers = float(alignment.layer_plan.sum())
    of_layers = [] if alignment.goals.layers.is_all else [f"{layers:.3g} of the layers' mass"]
    units = alignment.matched / layers
    of_units = [] if alignment.goals.units.is_all else [f"{units:.3g} of the mass of units in layers that are matched"]
    return " and ".join([*of_layers, *of_units])


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
    is_rotated = alignment.alternation is not None
    names = {coupling: method_name(coupling, is_rotated=is_rotated) for coupling in evaluation.scores}
    width = max(15, 2 + max(map(len, names.values())))
    rows = [f"{'coupling':{width}s}{'held-out score':16s}{interval:18s}{'p':9s}{'over units':12s}hierarchy"]
    for coupling, score in evaluation.scores.items():
        interval = "" if score.low is None else f"{score.low:.3f} to {score.high:.3f}"
        p = "" if score.p_better is None else p_text(score.p_better)
        over_units = "" if score.over_units is None else _number(score.over_units)
        cells = f"{_number(score.value):16s}{interval:18s}{p:9s}{over_units:12s}"
        rows.append(f"{names[coupling]:{width}s}{cells}{_number(score.hierarchy)}")
    rows += [f"p: of {names['mot']} being better than this coupling by chance", _about_orders(evaluation, names)]
    if not alignment.goals.are_all:
        rows.append(_wrapped(f"scores are of what is matched, by {names['mot']} {matched_text(alignment)}"))
    if min(alignment.layer_plan.shape) > 1:
        best = alignment.hierarchy_ceiling()
        of = "the monotone coupling, the best that the masses allow"
        rows.append(
            f"hierarchy of {of if alignment.goals.layers.is_all else 'the best plan of as much mass'}: {best:.3f}"
        )
    found = evaluation.verdict(is_rotated=is_rotated)
    return "\n".join([*rows, "", *map(_wrapped, [*found, METHOD])] if found else rows)


def _wrapped(sentence: str) -> str:
    """A sentence on lines that fit a terminal, none of which ends within "p = 0.01"."""
    unbroken = sentence.replace(" = ", "\0=\0").replace("p < ", "p\0<\0")
    return textwrap.fill(unbroken, 84, subsequent_indent="  ").replace("\0", " ")


def _about_orders(evaluation: Evaluation, names: Mapping[str, str]) -> str:
    """Note on the figures of the permuted coupling."""
    permuted = evaluation.scores["permuted"]
    of = "all orders" if evaluation.n_draws is None else f"{evaluation.n_draws} random orders"
    sds = f"sd over orders {_number(permuted.sd)}, of the hierarchy {_number(permuted.hierarchy_sd)}"
    return f"{names['permuted']}: mean over {of}; {sds}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def certificate_text(certificate: Certificate, n_transports: int) -> str:
    """Figures of the certificate that proves the plans optimal."""
    return (
        f"{n_transports} transports proven optimal, to {certificate.tolerance:.0e} or better; the worst figures:\n"
        f"duality gap {certificate.duality_gap:.1e}, dual violation {certificate.dual_violation:.1e}, "
        f"slackness {certificate.slackness:.1e}, marginals {certificate.marginal_error:.1e}"
    )
