"""Pictures of what is measured over and over: convergence, sub-samples, splits and shuffles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.axes import ABOVE, AS_WRITTEN, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, new_axes, open_frame
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mot_fast.alignment.record import Record

_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, "black")
_MARKERS = "osD^vPX<>*"
_LINES = ("-", "--", "-.", ":")


class Curve(Protocol):
    """Scores when only a fraction of the target's units is kept."""

    @property
    def fractions(self) -> F64:
        """`(F,)`."""

    @property
    def scores(self) -> Mapping[str, F64]:
        """Of each method, `(F, n_seeds)`."""


class Scores(Protocol):
    """Scores of methods over splits of the stimuli."""

    @property
    def methods(self) -> Sequence[str]:
        """Names, of which those that end in "+r" are with rotation."""

    @property
    def scores(self) -> Mapping[str, F64]:
        """Of each method, `(n_splits,)`."""

    def kind(self, name: str, /) -> str:
        """Whether the method gives a "score" or a "similarity"."""


class Null(Protocol):
    """A hierarchy score beside those that chance gives."""

    @property
    def observed(self) -> float:
        """Of the networks as they are."""

    @property
    def ceiling(self) -> float:
        """Of the monotone coupling."""

    @property
    def stimuli(self) -> F64:
        """After the stimuli are shuffled, `(n_draws,)`."""

    @property
    def layers(self) -> F64:
        """After the layers are shuffled, `(n_layer_draws,)`."""

    @property
    def p_stimuli(self) -> float:
        """Of the observed score among `stimuli`."""

    @property
    def p_layers(self) -> float:
        """Of the observed score among `layers`."""


def plot_convergence(alignment: Record, ax: Axes | None = None) -> Axes:
    """Draw how the residual of every pair of layers changes while transport and rotation alternate.

    Pairs that the layer plan uses stand out from the others; a dot marks the least residual, whose iterate is kept. The
    residual may rise on the way, for the transport seeks correlation between units.

    Parameters
    ----------
    alignment : Alignment
        With rotations, ``mot.align(..., rotate=True)``.
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ValueError
        If the alignment is without rotations, or does not hold their traces.
    ImportError
        If matplotlib is not installed.
    """
    if alignment.alternation is None:
        raise ValueError("alignment: expected one with rotate=True, found one without rotations")
    if alignment.traces is None:
        raise ValueError("alignment: expected the traces of the rotations, found none")
    (ax,) = new_axes((6.4, 4.2)) if ax is None else (ax,)
    from matplotlib.ticker import MaxNLocator

    is_used = alignment.layer_plan > 0
    prominent: dict[str, Any] = {"color": BLUE, "marker": "o", "markersize": 4, "zorder": 2.5}
    faint: dict[str, Any] = {"color": "0.75", "linewidth": 0.6}
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
    """Against the first residual; where that is zero, nothing changes."""
    return 100.0 * (trace / trace[0] - 1.0) if trace[0] > 0 else np.zeros(len(trace))


def plot_subsample_curve(curve: Curve, ax: Axes | None = None) -> Axes:
    """Draw scores against the fraction of units kept: means over seeds, with bands of one standard deviation.

    Parameters
    ----------
    curve
        With ``fractions``, `(F,)`, and ``scores``, which maps each method to an array `(F, n_seeds)`.
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
        mean, sd = scores.mean(axis=1), _sd(scores)
        color, marker, line = _COLOURS[k % 7], _MARKERS[k % 10], _LINES[k % 4]
        (lines[name],) = ax.plot(fractions, mean, color=color, marker=marker, linestyle=line, markersize=5)
        ax.fill_between(fractions, mean - sd, mean + sd, color=color, alpha=0.15, linewidth=0)
    ax.set_xlabel("fraction of the target's units")
    ax.set_ylabel("held-out score (mean over seeds; band: sd)")
    names = sorted(lines, key=lambda name: -np.nan_to_num(np.asarray(lines[name].get_ydata())[-1]))  # as lines end
    handles, texts = [lines[name] for name in names], [printable(name) for name in names]
    legend = ax.legend(handles, texts, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    for text in legend.get_texts():
        text.set(**AS_WRITTEN)
    open_frame(ax)
    return ax


def _sd(scores: F64) -> F64:
    """Standard deviation over the last axis; 0 of one value."""
    return np.asarray(scores.std(axis=-1, ddof=1)) if scores.shape[-1] > 1 else np.zeros(scores.shape[:-1])


def plot_scores(comparison: Scores, ax: Axes | None = None) -> Axes:
    """Draw a bar for each method: the mean over splits, with a line of one standard deviation and a dot for each split.

    A method with rotation stands below the same without. Similarities, which are not held-out scores, stand apart.

    Parameters
    ----------
    comparison
        With ``methods``, ``scores``, which maps each method to an array `(n_splits,)`, and ``kind(method)``, which is
        "score" or "similarity".
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
            _draw_bar(ax, place, np.asarray(comparison.scores[name], dtype=np.float64), _STYLES[_variant(name, kind)])
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_yticks(list(places.values()), [printable(name) for name in places], **AS_WRITTEN)
    ax.set_ylim(place + 0.7, -0.7)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("mean over splits (line: standard deviation, dots: single splits)")
    if any(name.endswith(_ROTATED) for name in places):
        from matplotlib.patches import Patch

        shown = ("without rotation", "with rotation")
        ax.legend([Patch(**_STYLES[label]) for label in shown], shown, **ABOVE, ncols=2)
    open_frame(ax)
    return ax


_ROTATED = "+r"
_KINDS = {"score": "held-out scores", "similarity": "similarities (not comparable with scores)"}
_STYLES: dict[str, dict[str, Any]] = {
    "without rotation": {"facecolor": BLUE, "edgecolor": "white"},
    "with rotation": {"facecolor": ORANGE, "edgecolor": "white", "hatch": "////"},
    "similarity": {"facecolor": "0.75", "edgecolor": "white", "hatch": ".."},
}


def _variant(name: str, kind: str) -> str:
    if kind == "similarity":
        return kind
    return "with rotation" if name.endswith(_ROTATED) else "without rotation"


def _grouped(names: Sequence[str]) -> list[str]:
    """The names in their order, but those with rotation right behind the same without."""
    plain = dict.fromkeys(name.removesuffix(_ROTATED) for name in names)
    return [name for first in plain for name in (first, first + _ROTATED) if name in names]


def _draw_bar(ax: Axes, place: float, scores: F64, style: Mapping[str, Any]) -> None:
    mean, sd = scores.mean(), float(_sd(scores))
    text = "undefined"
    if np.isfinite(mean):
        ax.barh(place, mean, height=0.8, **style)
        if len(scores) > 1:
            ax.errorbar(mean, place - 0.15, xerr=sd, color="black", capsize=2.5, linewidth=1.2)
        ax.plot(scores, np.full(len(scores), place + 0.2), "o", color="black", markersize=3, markerfacecolor="white")
        text = f"{mean:.3f} ± {sd:.3f}" if len(scores) > 1 else f"{mean:.3f}"
    ax.text(1.01, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=9)


def plot_hierarchy_null(null: Null, ax: Axes | None = None) -> Axes:
    """Draw the hierarchy scores that chance gives as histograms, with the observed one and the ceiling.

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
    scores = np.concatenate([null.stimuli, null.layers, [null.observed, null.ceiling]])
    bins = np.linspace(scores.min(), max(scores.max(), scores.min() + 0.01), 41).tolist()
    for what, scores, p, color, hatch in (
        ("layers", null.layers, null.p_layers, ORANGE, "////"),
        ("stimuli", null.stimuli, null.p_stimuli, BLUE, "...."),
    ):
        label = f"{what} shuffled, {len(scores)} times: p = {p:.2g}"
        style: dict[str, Any] = {"histtype": "stepfilled", "facecolor": color, "edgecolor": color, "hatch": hatch}
        ax.hist(scores, bins, weights=np.full(len(scores), 100.0 / len(scores)), alpha=0.5, label=label, **style)
    ax.axvline(null.observed, color="black", linewidth=2.0, label=f"observed: {null.observed:.3f}")
    ax.axvline(null.ceiling, color="black", linewidth=1.2, linestyle=":", label=f"ceiling: {null.ceiling:.3f}")
    ax.set_xlabel("hierarchy score")
    ax.set_ylabel("% of the shuffles")
    ax.legend(**ABOVE, ncols=2, fontsize=8)
    open_frame(ax)
    return ax
