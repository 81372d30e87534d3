"""Curves: residuals while rotations converge, scores against units kept, scores and costs against mass matched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64, check_alignment
from mot_fast.display.axes import ABOVE, AS_WRITTEN, new_axes, open_frame
from mot_fast.display.colours import BLUE, LIGHT_GREY, SERIES_COLOURS, SERIES_LINES, SERIES_MARKERS
from mot_fast.display.score_plots import standard_deviation
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mot_fast.alignment.result import Alignment
    from mot_fast.analysis.partial_curve import PartialCurve
    from mot_fast.analysis.subsample import SubsampleCurve

_STYLES = (SERIES_COLOURS, SERIES_MARKERS, SERIES_LINES)


def plot_convergence(alignment: Alignment, ax: Axes | None = None) -> Axes:
    """Draw how the residual of every pair of layers changes while transport and rotation alternate.

    Pairs that the layer plan uses stand out from the others. A dot marks the least residual, whose rotation is kept.
    The residual may rise on the way, since each transport maximizes the correlation of units, not the fit.

    Parameters
    ----------
    alignment : Alignment
        An alignment with rotations, ``mot.align(..., rotate=True)``.
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If this is no alignment, or one without rotations or their traces.
    ImportError
        If matplotlib is not installed.
    """
    check_alignment(alignment)
    if alignment.alternation is None:
        raise ValueError("alignment: expected one with rotate=True, found one without rotations")
    if alignment.traces is None:
        raise ValueError("alignment: expected the traces of the rotations, found none")
    (ax,) = new_axes((6.4, 4.2)) if ax is None else (ax,)
    from matplotlib.ticker import MaxNLocator

    is_used = alignment.layer_plan > 0
    prominent: dict[str, Any] = {"color": BLUE, "marker": "o", "markersize": 4, "zorder": 2.5}
    faint: dict[str, Any] = {"color": LIGHT_GREY, "linewidth": 0.6}
    for used, what, style in (
        (True, "pairs that the layer plan uses (dot: least residual, which is kept)", prominent),
        (False, "other pairs", faint),
    ):
        pairs = np.argwhere(is_used == used)
        for k, (l, m) in enumerate(pairs):
            change = percent_change(alignment.traces[l][m])
            label = f"{what}: {len(pairs)}" if k == 0 else None
            steps = range(1, len(change) + 1)
            ax.plot(steps, change, label=label, markevery=[int(change.argmin())], **style)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    alternation = alignment.alternation
    n_settled = sum(alternation.has_settled(trace) for row in alignment.traces for trace in row)
    ax.set_xlabel(f"alternation ({n_settled} of {is_used.size} pairs settled within {alternation.max_iter})")
    ax.set_ylabel("change of the residual since the first (%)")
    ax.legend(**ABOVE, fontsize=8)
    open_frame(ax)
    return ax


def percent_change(trace: F64) -> F64:
    """Change of every residual against the first one, in percent; 0 throughout where the first one is 0."""
    return 100.0 * (trace / trace[0] - 1.0) if trace[0] > 0 else np.zeros(len(trace))


def plot_subsample_curve(curve: SubsampleCurve, ax: Axes | None = None) -> Axes:
    """Draw scores against the fraction of units kept: means over seeds or splits, with bands of one standard deviation.

    Parameters
    ----------
    curve : SubsampleCurve
        Or anything with its ``fractions``, `(F,)`, and ``scores``, which maps each method to an array `(F, n_splits)`.
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    (ax,) = new_axes((7.2, 4.2)) if ax is None else (ax,)
    order = np.argsort(curve.fractions)
    fractions = np.asarray(curve.fractions)[order]
    lines = {}
    for k, (name, values) in enumerate(curve.scores.items()):
        scores = np.asarray(values, dtype=np.float64)[order]
        mean, sd = scores.mean(axis=1), standard_deviation(scores)
        color, marker, line = (style[k % len(style)] for style in _STYLES)
        (lines[name],) = ax.plot(fractions, mean, color=color, marker=marker, linestyle=line, markersize=5)
        ax.fill_between(fractions, mean - sd, mean + sd, color=color, alpha=0.15, linewidth=0)
    ax.set_xlabel("fraction of the target's units")
    over = "seeds" if getattr(curve, "split_kind", "random") == "random" else "splits"
    ax.set_ylabel(f"held-out score (mean over {over}; band: sd)")
    # The legend has the order in which the lines end.
    names = sorted(lines, key=lambda name: -np.nan_to_num(np.asarray(lines[name].get_ydata())[-1]))
    handles, texts = [lines[name] for name in names], [printable(name) for name in names]
    legend = ax.legend(handles, texts, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    for text in legend.get_texts():
        text.set(**AS_WRITTEN)
    open_frame(ax)
    return ax


def plot_partial_curve(curve: PartialCurve, ax: Axes | None = None) -> Axes:
    """Draw scores and costs against the share of the units that is matched, with the knee of the held-out cost.

    Means over splits, with bands of one standard deviation. The balanced alignment is at the right end. Where stimuli
    were shuffled, what networks cost by chance is drawn too.

    Parameters
    ----------
    curve : PartialCurve
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    (ax,) = new_axes((7.2, 4.2)) if ax is None else (ax,)
    lines = {
        "held-out score": curve.scores,
        "cost on held-out stimuli": curve.held_out_costs,
        "cost on training stimuli": curve.costs,
    }
    if curve.chance_costs is not None:
        lines["cost after shuffling stimuli"] = curve.chance_costs
    for k, (name, values) in enumerate(lines.items()):
        mean, sd = values.mean(axis=1), standard_deviation(values)
        color, marker, line = (style[k % len(style)] for style in _STYLES)
        ax.plot(curve.unit_masses, mean, color=color, marker=marker, linestyle=line, markersize=5, label=name)
        ax.fill_between(curve.unit_masses, mean - sd, mean + sd, color=color, alpha=0.15, linewidth=0)
    if len(curve.unit_masses) > 2:
        ax.axvline(curve.knee(), color=LIGHT_GREY, linewidth=1.2, zorder=0.5, label=f"knee, {curve.knee():.2g}")
    ax.set_xlabel("share of the units that is matched")
    ax.set_ylabel("of what is matched (mean; band: sd)")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    open_frame(ax)
    return ax
