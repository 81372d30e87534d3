"""Pictures of scores: bars of methods over splits, and the hierarchy score among those that chance gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.axes import ABOVE, AS_WRITTEN, GivenAxes, as_list, new_axes, open_frame
from mot_fast.display.colours import BAR_STYLES, BLUE, ORANGE
from mot_fast.display.distributions import are_few, common_edges, draw_values
from mot_fast.display.names import ROTATED
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mot_fast.analysis.alignment_null import AlignmentNull
    from mot_fast.analysis.comparison import Comparison
    from mot_fast.analysis.hierarchy_null import HierarchyNull

SHUFFLED = {
    "stimuli": "stimuli shuffled",
    "circular": "stimuli shifted",
    "blocks": "blocks shuffled",
    "groups": "groups shuffled",
}
"""Short descriptions of the ways to shuffle stimuli."""
_KINDS = {"score": "held-out scores", "similarity": "similarities (not comparable with scores)"}


def plot_scores(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """Draw a bar for each method: the mean over splits, with a line of one standard deviation and a dot for each split.

    A method with rotation stands below the same without. Similarities, which are not held-out scores, stand apart.

    Parameters
    ----------
    comparison : Comparison
        Or anything with its ``methods``, ``scores``, which maps each method to an array `(n_splits,)`, and
        ``kind(method)``, which is "score" or "similarity".
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
    groups = {kind: _grouped([name for name in comparison.methods if comparison.kind(name) == kind]) for kind in _KINDS}
    (ax,) = new_axes((7.0, 1.4 + 0.3 * (len(comparison.methods) + 3))) if ax is None else (ax,)
    places: dict[str, float] = {}
    place = -1.5
    for kind, names in groups.items():
        if names:
            place += 1.5
            ax.text(0.01, place, _KINDS[kind], transform=ax.get_yaxis_transform(), va="center", style="italic")
        for name in names:
            place += 1.0
            places[name] = place
            style = BAR_STYLES[_variant(name, kind)]
            _draw_bar(ax, place, np.asarray(comparison.scores[name], dtype=np.float64), style)
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_yticks(list(places.values()), [printable(name) for name in places], **AS_WRITTEN)
    ax.set_ylim(place + 0.7, -0.7)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("mean over splits (line: standard deviation, dots: single splits)")
    if any(name.endswith(ROTATED) for name in places):
        from matplotlib.patches import Patch

        shown = ("without rotation", "with rotation")
        ax.legend([Patch(**BAR_STYLES[label]) for label in shown], shown, **ABOVE, ncols=2)
    open_frame(ax)
    return ax


def _variant(name: str, kind: str) -> str:
    """Key of the style that a method's bar has."""
    if kind == "similarity":
        return kind
    return "with rotation" if name.endswith(ROTATED) else "without rotation"


def _grouped(names: Sequence[str]) -> list[str]:
    """Names of methods in their order, except that a method with rotation follows the same without."""
    plain = dict.fromkeys(name.removesuffix(ROTATED) for name in names)
    return [name for first in plain for name in (first, first + ROTATED) if name in names]


def _draw_bar(ax: Axes, place: float, scores: F64, style: Mapping[str, Any]) -> None:
    """Draw a method's mean as a bar, with a line of one standard deviation, a dot for every split, and the numbers."""
    mean, sd = scores.mean(), float(standard_deviation(scores))
    text = "undefined"
    if np.isfinite(mean):
        ax.barh(place, mean, height=0.8, **style)
        if len(scores) > 1:
            ax.errorbar(mean, place - 0.15, xerr=sd, color="black", capsize=2.5, linewidth=1.2)
        ax.plot(scores, np.full(len(scores), place + 0.2), "o", color="black", markersize=3, markerfacecolor="white")
        text = f"{mean:.3f} ± {sd:.3f}" if len(scores) > 1 else f"{mean:.3f}"
    ax.text(1.01, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=9)


def plot_hierarchy_null(null: HierarchyNull, ax: Axes | None = None) -> Axes:
    """Draw the hierarchy scores that chance gives, beside the observed score and the ceiling.

    Fewer than fifty shuffles are drawn as a stroke each, more as a histogram.

    Parameters
    ----------
    null : HierarchyNull
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
    (ax,) = new_axes((6.4, 3.8)) if ax is None else (ax,)
    edges = common_edges((null.layers, null.stimuli))
    for what, scores, p, color, hatch in (
        ("layers shuffled", null.layers, null.p_layers, ORANGE, "////"),
        (SHUFFLED[null.shuffle], null.stimuli, null.p_stimuli, BLUE, "...."),
    ):
        label = f"{what}, {len(scores):,} times: p = {p:.2g}"
        draw_values(ax, scores, what=label, color=color, hatch=hatch, edges=edges)
    ax.axvline(null.observed, color="black", linewidth=2.0, label=f"observed: {null.observed:.3f}")
    ax.axvline(null.ceiling, color="black", linewidth=1.2, linestyle=":", label=f"ceiling: {null.ceiling:.3f}")
    ax.set_xlabel("hierarchy score")
    _name_frequencies(ax, is_needed=not (are_few(null.layers) and are_few(null.stimuli)))
    ax.legend(**ABOVE, ncols=2, fontsize=8)
    open_frame(ax)
    return ax


def plot_alignment_null(null: AlignmentNull, axes: GivenAxes = None) -> list[Axes]:
    """Draw the costs, held-out scores and hierarchy scores that chance gives, beside those observed.

    Fewer than fifty shuffles are drawn as a stroke each, more as a histogram.

    Parameters
    ----------
    null : AlignmentNull
    axes : sequence of matplotlib axes, optional
        Three axes, or two where a network has one layer and so no hierarchy; those of a new figure by default.

    Returns
    -------
    list of matplotlib axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are too many or too few axes.
    """
    figures = [
        ("alignment cost", null.cost, null.null_costs, null.p_cost),
        ("held-out score", null.score, null.null_scores, null.p_score),
        ("hierarchy score", null.hierarchy, null.null_hierarchies, null.p_hierarchy),
    ]
    shown = [each for each in figures if not np.isnan(each[1])]
    drawn = new_axes((3.6 * len(shown), 3.6), len(shown)) if axes is None else as_list(axes)
    if len(drawn) != len(shown):
        raise ValueError(f"axes: expected {len(shown)}, found {len(drawn)}")
    for ax, (what, observed, scores, p) in zip(drawn, shown, strict=True):
        label = f"{SHUFFLED[null.shuffle]}, {len(scores):,} times: p = {p:.2g}"
        draw_values(ax, scores, what=label, color=BLUE, hatch="....")
        _name_frequencies(ax, is_needed=not are_few(scores))
        ax.axvline(observed, color="black", linewidth=2.0, label=f"observed: {observed:.3f}")
        ax.set_xlabel(what)
        ax.legend(**ABOVE, fontsize=8)
        open_frame(ax)
    for ax in drawn[1:]:
        ax.set_ylabel("")
    return drawn


def _name_frequencies(ax: Axes, *, is_needed: bool) -> None:
    """Title the axis of frequencies, or remove it where values are drawn singly."""
    if is_needed:
        ax.set_ylabel("% of the shuffles")
    else:
        ax.set_ylim(0.0, 1.0)
        ax.yaxis.set_visible(False)
        ax.spines["left"].set_visible(False)


def standard_deviation(scores: F64) -> F64:
    """Standard deviation over the last axis; 0 where there is only one value."""
    return np.asarray(scores.std(axis=-1, ddof=1)) if scores.shape[-1] > 1 else np.zeros(scores.shape[:-1])
