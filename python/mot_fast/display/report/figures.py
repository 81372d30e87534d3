"""Figures of a report: their data and layouts for plotly, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.colours import BLUE, COUPLING_STYLES, LEFT_SCALE, REPORT_SCALE, VERMILION, see_through
from mot_fast.display.escaping import plotly_text
from mot_fast.display.names import method_name, short_names

if TYPE_CHECKING:
    from mot_fast.alignment.record import Evaluation
    from mot_fast.alignment.result import Alignment
    from mot_fast.analysis.partial_curve import PartialCurve
    from mot_fast.analysis.stability.result import Stability

_LEFT_BEHIND = "left behind\N{NO-BREAK SPACE}"
"""Name of the row and the column of what is left behind, which no layer has."""
_INTERVAL, _SPREAD = {"thickness": 2, "width": 6}, {"thickness": 12, "width": 0}
"""Bars of confidence intervals, and bands of standard deviations over orders."""
_BAND = 0.35
"""Opacity of a band."""

Figure = dict[str, Any]


def figures(
    alignment: Alignment,
    centres: Sequence[float],
    pairs: Sequence[Sequence[Any]],
    stability: Stability | None = None,
    curve: PartialCurve | None = None,
) -> dict[str, Figure]:
    """Figures for which the alignment, its stability and the curve have data, by name.

    What depends on the chosen pair of layers is left empty for the page's script.
    """
    found = {"plan": _layer_plan(alignment), "histogram": _histogram(centres)}
    if alignment.evaluation is not None:
        is_rotated = alignment.alternation is not None
        found["scores"] = _scores(alignment.evaluation, is_rotated=is_rotated)
        found["layers"] = _per_layer(alignment.evaluation, alignment.source.labels, is_rotated=is_rotated)
    if alignment.traces is not None:
        used = [pairs[l][m] for l, m in np.argwhere(alignment.layer_plan > 0)]
        found["convergence"] = _convergence(used)
    if stability is not None:
        found["stability"] = _stability(stability)
    if curve is not None:
        found["curve"] = _curve(curve)
    return found


def _figure(traces: Sequence[Figure], height: int, x: Figure, y: Figure, **layout: Any) -> Figure:
    """A figure of these traces and axes in the style of the page, its height in pixels."""
    import plotly.graph_objects as go

    clear = "rgba(0, 0, 0, 0)"
    # Ticks that cannot be seen keep names away from the cells. plotly measures the distance of a title to its middle.
    axis = {"automargin": True, "zeroline": False, "ticks": "outside", "ticklen": 5, "tickcolor": clear}
    figure = go.Figure(
        traces,
        {
            "template": "none",
            "height": height,
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "paper_bgcolor": clear,
            "plot_bgcolor": clear,
            "font": {"family": "system-ui, sans-serif", "size": 12},
            "dragmode": False,  # a finger that touches the figure scrolls the page
            "xaxis": {**axis, "title_standoff": 18, **x},
            "yaxis": {**axis, "title_standoff": 14, **y},
            **layout,
        },
    )
    return dict(figure.to_plotly_json())


def _layer_plan(alignment: Alignment) -> Figure:
    """Heat map of the layer plan, whose cells show names, mass and cost when they are pointed at."""
    names = [list(map(plotly_text, side.labels)) for side in (alignment.source, alignment.target)]
    rows, columns = (list(map(plotly_text, short_names(side.labels))) for side in (alignment.source, alignment.target))
    shares = alignment.layer_plan / alignment.source.layer_masses[:, None]
    cells = [
        [
            [names[0][l], names[1][m], *(float(f"{values[l, m]:.6g}") for values in figures_of_cells)]
            for m in range(len(columns))
        ]
        for figures_of_cells in [(alignment.layer_plan, shares, alignment.layer_costs)]
        for l in range(len(rows))
    ]
    trace = {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": np.sqrt(np.clip(shares, 0.0, 1.0)).round(4).tolist(),  # so that small shares can be seen
        "zmin": 0.0,
        "zmax": 1.0,
        "customdata": cells,
        "colorscale": REPORT_SCALE,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "<b>%{customdata[0]}</b> to <b>%{customdata[1]}</b><br>mass %{customdata[2]:.4f}, "
        "%{customdata[3]:.1%} of the source layer<br>layer cost %{customdata[4]:.4f}<extra></extra>",
        "showscale": False,
    }
    margin = [] if alignment.goals.layers.is_all else [_margin(alignment, names, (rows, columns))]
    return _map([trace, *margin])


def _map(traces: Sequence[Figure], **layout: Any) -> Figure:
    """A figure of cells, whose size the page's script finds; its axes have their titles on the page."""
    category = {"type": "category", "showgrid": False, "automargin": False}
    columns, rows = {**category, "tickangle": -90}, {**category, "autorange": "reversed"}
    return _figure(traces, 160, columns, rows, meta="cells", **layout)


def _margin(alignment: Alignment, names: Sequence[list[str]], labels: tuple[list[str], list[str]]) -> Figure:
    """Heat map of a column and a row beyond the layer plan: the shares of the layers that it leaves behind."""
    plan, masses = alignment.layer_plan, (alignment.source.layer_masses, alignment.target.layer_masses)
    left = [np.clip(1.0 - plan.sum(axis=1 - k) / masses[k], 0.0, 1.0).tolist() for k in range(2)]
    m = plan.shape[1]
    shares: list[list[float | None]] = [[*[None] * m, share] for share in left[0]]
    words = [
        [*[""] * m, f"<b>{name}</b><br>{share:.1%} left behind"] for name, share in zip(names[0], left[0], strict=True)
    ]
    shares.append([*left[1], None])
    words.append(
        [*(f"<b>{name}</b><br>{share:.1%} left behind" for name, share in zip(names[1], left[1], strict=True)), ""]
    )
    return {
        "type": "heatmap",
        "x": [*labels[1], _LEFT_BEHIND],
        "y": [*labels[0], _LEFT_BEHIND],
        "z": [[None if share is None else round(float(np.sqrt(share)), 4) for share in row] for row in shares],
        "zmin": 0.0,
        "zmax": 1.0,
        "text": words,
        "colorscale": LEFT_SCALE,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _histogram(centres: Sequence[float]) -> Figure:
    """Histogram of correlations, whose bars the page fills in."""
    width = round(centres[1] - centres[0], 3) if len(centres) > 1 else 0.05
    trace = {
        "type": "bar",
        "x": list(centres),
        "y": [],
        "width": width,
        "marker": {"color": BLUE},
        "hovertemplate": f"correlation %{{x:.3f}} ± {width / 2:.3f}<br>%{{y:.1%}} of the mass<extra></extra>",
    }
    span = [centres[0] - width / 2, centres[-1] + width / 2]
    x = {"title_text": "correlation", "range": span, "showgrid": False}
    y = {"title_text": "share of the mass", "tickformat": ".0%", "rangemode": "tozero"}
    return _figure([trace], 300, x, y)


def _scores(evaluation: Evaluation, *, is_rotated: bool) -> Figure:
    """Scores of the couplings as dots with their intervals, or with bands; undefined scores are left out.

    A band is the spread over orders of the layers, which is no interval.
    """
    traces = []
    for coupling, score in evaluation.scores.items():
        if score.value is None:
            continue
        name = method_name(coupling, is_rotated=is_rotated)
        low, high = (0.0, 0.0) if score.low is None or score.high is None else (score.low, score.high)
        up, down = (score.sd, score.sd) if score.sd is not None else (high - score.value, score.value - low)
        color, symbol = COUPLING_STYLES[coupling]
        is_spread = score.sd is not None
        bar = f"± {score.sd:.3f} (sd over orders)" if is_spread else f"{low:.3f} to {high:.3f} (confidence interval)"
        style = {**_SPREAD, "color": see_through(color, _BAND)} if is_spread else {**_INTERVAL, "color": color}
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [score.value],
                "y": [f"{name}<br>(band: sd over orders)" if is_spread else name],
                "marker": {"color": color, "symbol": symbol, "size": 11},
                "error_x": {"array": [up], "arrayminus": [down], **style},
                "hovertemplate": f"<b>{name}</b> %{{x:.3f}}<br>{bar}<extra></extra>",
                "showlegend": False,
            }
        )
    y = {"type": "category", "autorange": "reversed", "showgrid": False}
    return _figure(traces, 280, {"title_text": "held-out score"}, y)


def _per_layer(evaluation: Evaluation, labels: Sequence[str], *, is_rotated: bool) -> Figure:
    """Score of every source layer under each coupling, as lines; as dots alone where there is one layer."""
    names = list(map(plotly_text, short_names(labels)))
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": method_name(coupling, is_rotated=is_rotated),
            "x": names,
            "y": list(score.per_layer),
            "line": {"color": COUPLING_STYLES[coupling][0], "width": 1.5},
            "marker": {"symbol": COUPLING_STYLES[coupling][1], "size": 7},
            "hovertemplate": "%{x}: %{y:.3f}",
        }
        for coupling, score in evaluation.scores.items()
    ]
    x = {"type": "category", "showgrid": False, "tickangle": -90}
    return _figure(traces, 400, x, {"title_text": "held-out score"}, legend=_ABOVE)


def _curve(curve: PartialCurve) -> Figure:
    """Held-out score and costs of ever more of the units' mass, and the knee."""
    lines = [
        ("held-out score", curve.scores, BLUE, "circle"),
        ("held-out cost", curve.held_out_costs, VERMILION, "square"),
    ]
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": curve.unit_masses.tolist(),
            "y": values.mean(axis=1).tolist(),
            "error_y": {"array": values.std(axis=1, ddof=1).tolist() if values.shape[1] > 1 else [], "thickness": 1},
            "line": {"color": color, "width": 1.5},
            "marker": {"symbol": symbol, "size": 7},
            "hovertemplate": "%{x:.0%} matched: %{y:.3f}",
        }
        for name, values, color, symbol in lines
    ]
    shapes, notes = [], []
    if len(curve.unit_masses) > 2:
        knee = curve.knee()
        shapes = [{"type": "line", "x0": knee, "x1": knee, "yref": "paper", "y0": 0, "y1": 1, "line": {"dash": "dot"}}]
        note = {"x": knee, "y": 0, "yref": "paper", "text": "knee ", "showarrow": False}
        notes = [{**note, "xanchor": "right", "yanchor": "bottom"}]
    x = {"title_text": "share of the units' mass that is matched", "tickformat": ".0%"}
    y = {"title_text": "mean over splits", "rangemode": "tozero"}
    return _figure(traces, 340, x, y, legend=_ABOVE, shapes=shapes, annotations=notes)


def _convergence(used: Sequence[Any]) -> Figure:
    """Convergence of all pairs that carry mass, as one line with gaps, and of the chosen pair, as another line."""
    steps = [step for pair in used for step in (*pair["steps"], None)]
    changes = [change for pair in used for change in (*pair["changes"], None)]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "every pair that carries mass",
            "x": steps,
            "y": changes,
            "line": {"color": "rgba(128, 128, 128, 0.6)", "width": 1},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "the pair chosen above",
            "x": [],
            "y": [],
            "line": {"color": VERMILION, "width": 2},
            "hovertemplate": "alternation %{x}: %{y:.2f} %<extra></extra>",
        },
    ]
    longest = max(pair["n_alternations"] for pair in used)
    x = {"title_text": "alternation", "showgrid": False, "tick0": 1, "dtick": -(-longest // 10)}
    y = {"title_text": "change of the residual (%)"}
    return _figure(traces, 360, x, y, legend=_ABOVE)


def _stability(stability: Stability) -> Figure:
    """Consensus plan as squares: their area is the share of the source layer, their opacity the confidence."""
    source, target = stability.alignment.source, stability.alignment.target
    names = [list(map(plotly_text, short_names(side.labels))) for side in (source, target)]
    shares = stability.consensus_plan / source.layer_masses[:, None]
    numbers = (shares, stability.sd / source.layer_masses[:, None], stability.confidence)
    cells = [
        [
            [plotly_text(row), plotly_text(column), *(round(float(values[l, m]), 4) for values in numbers)]
            for m, column in enumerate(target.labels)
        ]
        for l, row in enumerate(source.labels)
    ]
    hidden = {  # cells that can be pointed at
        "type": "heatmap",
        "x": names[1],
        "y": names[0],
        "z": np.zeros(shares.shape).tolist(),
        "customdata": cells,
        "colorscale": [[0.0, REPORT_SCALE[0][1]], [1.0, REPORT_SCALE[0][1]]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "<b>%{customdata[0]}</b> to <b>%{customdata[1]}</b><br>%{customdata[2]:.1%} of the source "
        "layer (sd %{customdata[3]:.1%})<br>used by %{customdata[4]:.0%} of the resamples<extra></extra>",
    }
    return _map([hidden], shapes=_squares(shares, stability.confidence), showlegend=False)


def _squares(shares: F64, opacities: F64) -> list[Figure]:
    """Squares in the cells of a heat map, the largest of which fills its cell, as shapes of a layout."""
    sides = _LARGEST_SQUARE * np.sqrt(shares / shares.max()) / 2
    return [
        {
            "type": "rect",
            "x0": round(m - sides[l, m], 3),
            "x1": round(m + sides[l, m], 3),
            "y0": round(l - sides[l, m], 3),
            "y1": round(l + sides[l, m], 3),
            "fillcolor": BLUE,
            "opacity": round(float(opacities[l, m]), 3),
            "line": {"width": 0},
        }
        for l, m in np.argwhere(shares > 0).tolist()
    ]


_LARGEST_SQUARE = 0.92
"""Side of the largest square of the consensus plan, where that of a cell is 1."""
_ABOVE = {"orientation": "h", "x": 0.0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"}
"""Place of a legend above the axes, where it hides nothing."""
