"""The table of a comparison: its title, its cells, and the notes that say what its columns are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mot_fast.display.tables import number, p_text, with_sd
from mot_fast.display.verdict import METHOD
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from mot_fast.analysis.comparison import Comparison


def title(comparison: Comparison) -> str:
    """The names of both networks, and the convention."""
    sides = (comparison.source_name, comparison.source_labels), (comparison.target_name, comparison.target_labels)
    source, target = (f"{printable(name)} ({len(labels)} layers)" for name, labels in sides)
    return f"{source} from {target}, {comparison.convention}"


def cells(comparison: Comparison) -> list[list[str]]:
    """The cells of the table, one row a method; the head is the first row."""
    has_ceiling = comparison.noise_ceiling is not None or comparison.has_target_repeats
    corrected = ["noise-corrected"] if has_ceiling else []
    scores = ["held-out value", *corrected, "95 % interval", "over units"]
    rows = [["method", "kind", *scores, "hierarchy", "s", "MB", "p"]]
    for row in comparison.rows():
        value, depth = (with_sd(row[column], row[f"{column}_sd"]) for column in ("value", "hierarchy"))
        corrected = [number(row["noise_corrected"])] if has_ceiling else []
        low, high = row["value_low"], row["value_high"]
        interval = "" if np.isnan(low) else f"{low:.3f} to {high:.3f}"
        resources = f"{row['seconds']:.2f}", f"{row['peak_bytes'] / 1e6:.0f}"
        values = [value, *corrected, interval, number(row["over_units"]), depth]
        rows.append([row["method"], row["kind"], *values, *resources, p_text(row["p_mot_better"])])
    return rows


def notes(comparison: Comparison) -> list[str]:
    """Notes on the columns of the table."""
    what = "groups" if comparison.split_kind == "grouped" else "stimuli"
    splits = f"{comparison.split_description}: {comparison.n_splits}"
    lines = [
        f"{what} held out: {comparison.test_size:.0%}; {splits}; +-: sd over splits",
        "score: mean correlation of source units with their predictions: of units in a layer, then of layers",
        "95 % interval: of the expected value, over splits with Nadeau and Bengio's correction",
        "over units: the same, all units alike; compare columns, not one with the other",
    ]
    if any(comparison.kind(name) == "similarity" for name in comparison.methods):
        lines.append("similarity: of source layers with those chosen in training; not comparable with any other")
    lines += [
        "s: median seconds, MB: highest peak, loaded code included; couplings: with the alignment that they share",
    ]
    for name, result in comparison.results.items():
        if result.permuted_sds is not None and result.permuted_hierarchy_sds is not None:
            sds = (each.mean() for each in (result.permuted_sds, result.permuted_hierarchy_sds))
            score, depth = ("-" if np.isnan(sd) else f"{sd:.3f}" for sd in sds)
            lines.append(f"{name}: mean over all orders of layers; sd over orders {score}, of the hierarchy {depth}")
    for name, result in comparison.results.items():
        if result.matched is not None:
            lines.append(
                f"{name}: {result.matched.mean():.0%} of the mass matched, the share of the units at the knee of the "
                "curve of costs; its scores are of those, and not comparable with others"
            )
    turned = {name: each.in_rotated_units for name, each in comparison.results.items()}
    if shown := [
        f"{name} {values.mean():.3f}"
        for name, values in turned.items()
        if values is not None and not np.isnan(values).any()
    ]:
        lines.append(
            f"+r: scores in the source's own units; along rotated units, in axes like the target's: {', '.join(shown)}"
        )
    if not np.isnan(comparison.hierarchy_ceiling):
        lines.append(
            f"hierarchy of the monotone coupling, the best that the masses allow: {comparison.hierarchy_ceiling:.3f}"
        )
    if comparison.noise_ceiling is not None:
        lines.append(
            f"noise ceiling of the source, the best score that its noise allows: {comparison.noise_ceiling.value:.3f}"
            + ("" if comparison.has_target_repeats else "; noise-corrected: relative to it")
        )
    if comparison.has_target_repeats:
        lines.append(
            "noise-corrected: relative to the noise ceiling of source and predictions: what these plans would score "
            "without noise"
            if comparison.noise_ceiling is not None
            else "noise-corrected: relative to the noise ceiling of predictions: what these plans would score if the "
            "target had no noise"
        )
    if p_values := [p for of_method in comparison.p_values.values() for p in of_method.values()]:
        lines.append(
            "p: none, as splits hold out fewer than three groups, or nothing varies"
            if np.isnan(p_values).all()
            else "p: of mot (of mot+r, for methods with +r) being better than this method by chance, over all splits"
        )
    if comparison.verdict():
        lines.append(METHOD)
    return lines


def best_cells(comparison: Comparison) -> set[tuple[int, int]]:
    """Row and column of the cells with the highest score and the highest hierarchy; the head is row 0."""
    rows = comparison.rows()
    best = set()
    head = cells(comparison)[0]
    for column, title in (("value", "held-out value"), ("over_units", "over units"), ("hierarchy", "hierarchy")):
        k = head.index(title)
        # Similarities are on scales of their own, so that none of them is the best.
        is_hierarchy = column == "hierarchy"
        # Nor is a score of a part of the units.
        found = {
            i: row[column]
            for i, row in enumerate(rows, start=1)
            if (row["kind"] == "score" and row["matched"] == 1.0) or is_hierarchy
        }
        shown = {i: round(value, 3) for i, value in found.items() if not np.isnan(value)}
        best |= {(i, k) for i, value in shown.items() if value == max(shown.values())}
    return best
