"""An alignment as text that a terminal shows well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mot_fast.alignment import Alignment
from mot_fast.coupling import COUPLINGS
from mot_fast.hierarchy import ceiling, hierarchy
from mot_fast.loading import Source, load
from mot_fast.transport import Certificate

N_PERMUTATIONS = 20

_SHADES = " ░▒▓█"
_ASCII_SHADES = " .:+#"


def layer_plan_table(alignment: Alignment, encoding: str | None = "utf-8") -> str:
    """The layer plan: a row for each source layer, a column for each target layer, darker for more mass."""
    shares = alignment.layer_plan * len(alignment.layer_plan)
    shades = _SHADES if _can_encode(_SHADES, encoding) else _ASCII_SHADES
    levels = np.ceil(np.clip(shares, 0.0, 1.0) * (len(shades) - 1) - 1e-9).astype(int)
    width = max(map(len, (*alignment.source.labels, "target layer")))
    header = "".join(f"{m:<10d}" for m in range(0, shares.shape[1], 5))
    lines = [f"{'target layer':>{width}}  {header}"]
    for label, row, share in zip(alignment.source.labels, levels, shares, strict=True):
        best = int(share.argmax())
        cells = "".join(shades[level] * 2 for level in row)
        lines.append(f"{label:>{width}} |{cells}| {share[best]:4.0%} in {best}")
    step = 100 // (len(shades) - 1)
    legend = ", ".join(f"{shade} to {step * k} %" for k, shade in enumerate(shades) if k)
    lines.append(f"{'':>{width}}  of the source layer: {legend}")
    return "\n".join(lines)


def _can_encode(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def score_table(alignment: Alignment, source: Source, target: Source) -> str:
    """Held-out score and hierarchy score of the alignment and of every baseline."""
    source, target = load(source).in_memory(), load(target).in_memory()
    rows = [f"{'coupling':15s}{'held-out score':18s}hierarchy"]
    for name in COUPLINGS:
        seeds = range(N_PERMUTATIONS) if name == "permuted" else range(1)
        weights = [alignment.coupling(name, seed=seed) for seed in seeds]
        scores = [score.value for score in alignment.scores(source, target, weights)]
        hierarchies = [_hierarchy(each) for each in weights]
        rows.append(f"{name:15s}{_mean_and_sd(scores):18s}{_mean_and_sd(hierarchies)}")
    rows.append(f"permuted: mean and sd over {N_PERMUTATIONS} draws")
    n_source, n_target = alignment.layer_plan.shape
    if min(n_source, n_target) > 1:
        rows.append(
            f"hierarchy of the monotone coupling, the best that the masses allow: {ceiling(n_source, n_target):.3f}"
        )
    return "\n".join(rows)


def _hierarchy(weights: np.ndarray) -> float:
    return hierarchy(weights) if min(weights.shape) > 1 else float("nan")


def _mean_and_sd(values: Sequence[float]) -> str:
    if np.isnan(values).any():
        return "-"
    sd = f" (sd {np.std(values, ddof=1):.3f})" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{sd}"


def certificate_text(certificate: Certificate, n_transports: int) -> str:
    """What proves the answer."""
    return (
        f"{n_transports} transports proven optimal, to {certificate.tolerance:.0e} or better; the worst figures:\n"
        f"duality gap {certificate.duality_gap:.1e}, dual violation {certificate.dual_violation:.1e}, "
        f"slackness {certificate.slackness:.1e}, marginals {certificate.marginal_error:.1e}"
    )
