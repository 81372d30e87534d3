"""Pictures of many subjects: a dot for each of them, means of methods with their intervals, and mean plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast.display import plan_maps
from mot_fast.display.axes import ABOVE, AS_WRITTEN, GivenAxes, new_axes, open_frame
from mot_fast.display.colours import BLUE, ORANGE, PALE_GREY
from mot_fast.display.names import ROTATED, method_name
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mot_fast.analysis.subjects.random_effects import PopulationMean
    from mot_fast.analysis.subjects.result import SubjectComparison

_GOLDEN = 0.6180339887498949
"""Fractions of its multiples are spread evenly, however many there are."""


def plot_subjects(comparison: SubjectComparison, ax: Axes | None = None) -> Axes:
    """Draw the score of every subject by every method as a dot, and below the dots the mean with its intervals.

    The thick line is the interval over subjects, the thin line that over subjects and stimuli. The group ceiling, if
    there is one, is a band from its lower to its upper end.

    Parameters
    ----------
    comparison : SubjectComparison
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
    methods = comparison.methods
    (ax,) = new_axes((7.4, 1.6 + 0.5 * len(methods))) if ax is None else (ax,)
    if comparison.ceiling is not None:
        ends = (float(np.mean(each)) for each in (comparison.ceiling.lower, comparison.ceiling.upper))
        ax.axvspan(*ends, color=PALE_GREY, linewidth=0, zorder=0, label="group ceiling")
    for place, name in enumerate(methods):
        _draw_row(ax, place, name, comparison)
    ax.set_yticks(range(len(methods)), [printable(name) for name in methods], **AS_WRITTEN)
    ax.set_ylim(len(methods) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    level = f"{100 * comparison.effects.confidence:.4g} %"
    ax.set_xlabel(f"held-out score (numbers: mean and {level} interval over subjects)")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles, labels, **ABOVE, ncols=2, fontsize=8)
    open_frame(ax)
    return ax


def _draw_row(ax: Axes, place: float, name: str, comparison: SubjectComparison) -> None:
    """Draw the dots of one method, its mean and intervals below them, and the numbers at the right."""
    scores, mean = comparison.scores[name], comparison.score(name)
    color = ORANGE if name.endswith(ROTATED) else BLUE
    spread = (np.arange(len(scores)) * _GOLDEN) % 1.0
    places = place - 0.32 + 0.3 * spread
    label = "one subject" if place == 0 else None
    style: dict[str, Any] = {"color": color, "markersize": 3.5, "alpha": 0.55, "markeredgewidth": 0, "zorder": 1}
    ax.plot(scores, places, "o", label=label, **style)
    text = "undefined"
    if np.isfinite(mean.value):
        _draw_mean(ax, place + 0.18, mean, is_labelled=place == 0)
        text = f"{mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f})"
    ax.text(1.01, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=9)


def _draw_mean(ax: Axes, place: float, mean: PopulationMean, *, is_labelled: bool) -> None:
    """Draw a mean with both of its intervals; one row of the picture has the labels of the legend."""
    names = ("interval over subjects and stimuli", "interval over subjects", "mean")
    crossed, plain, dot = names if is_labelled else (None, None, None)
    ax.plot([mean.crossed_low, mean.crossed_high], [place, place], color="black", linewidth=1.0, label=crossed)
    ax.plot([mean.low, mean.high], [place, place], color="black", linewidth=3.2, solid_capstyle="butt", label=plain)
    ax.plot([mean.value], [place], "D", color="white", markeredgecolor="black", markersize=5, label=dot)


@dataclass(frozen=True)
class _Side:
    """Name and layers of one side of a group plan."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class _GroupPlan(plan_maps.Plan):
    """A mean plan of many subjects, which has no cost of its own."""

    @property
    def caption(self) -> str:
        """The title alone."""
        return printable(self.title, keep="\n")


def plot_group_plans(
    comparison: SubjectComparison, axes: GivenAxes = None, *, methods: Sequence[str] = ("mot",)
) -> list[Axes]:
    """Draw the mean over subjects of the layer weights of some methods, as shares of the source layers, side by side.

    Parameters
    ----------
    comparison : SubjectComparison
    axes : sequence of matplotlib axes, optional
        Where to draw, one for each method; a new figure by default.
    methods : sequence of str
        Names of methods of the comparison.

    Returns
    -------
    list of matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If `methods` is no sequence of names of methods, the subjects' layers are not alike, or there are not as many
        axes as methods.
    ImportError
        If matplotlib is not installed.
    """
    if isinstance(methods, str):
        raise TypeError(f"methods: expected several names, found {methods!r}; one alone is [{methods!r}]")
    if not len(methods):
        raise ValueError("methods: expected something to draw, found nothing")
    n = len(comparison.subjects)
    target = _Side(comparison.target_name or "other subjects", comparison.target_labels)
    plans = []
    for name in methods:
        mean, _ = comparison.group_plan(name)
        text = f"{method_name(name)}, mean of {n} subjects"
        if name in comparison.plans:
            bounds = comparison.plans[name]
            text += f"\n{bounds.lower.mean():.2f} of the mass in common with the others"
        source = _Side(f"{n} subjects", comparison.source_labels or ())
        plans.append(_GroupPlan(text, source, target, mean, mean.sum(axis=1), np.zeros(mean.shape)))
    return plan_maps.draw_strip(plans, axes, 1.0)
