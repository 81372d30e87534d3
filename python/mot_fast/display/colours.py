"""Colours of all pictures, and the markers, lines and hatches that stand beside them for readers who see no colour."""

from __future__ import annotations

from typing import Any

# The palette of Okabe and Ito, whose colours colour-blind readers tell apart.
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
LIGHT_GREY, PALE_GREY = "0.75", "0.88"

MORE_IS_DARKER, LESS_IS_DARKER = "Blues", "Blues_r"
"""Colour maps of heat maps in pictures."""
LEFT_IS_DARKER = "Oranges"
"""Colour map of the margin of what is left behind."""
REPORT_SCALE = [[0.0, "rgba(0, 114, 178, 0.07)"], [1.0, "rgba(0, 114, 178, 1)"]]
"""Colour scale of the report's heat map: blue over the page, whether that is light or dark."""
LEFT_SCALE = [[0.0, "rgba(213, 94, 0, 0.05)"], [1.0, "rgba(213, 94, 0, 0.9)"]]
"""Colour scale of the report's margin of what is left behind."""
OPACITY_SCALE = [[0.0, "rgba(0, 114, 178, 0)"], [1.0, "rgba(0, 114, 178, 1)"]]
"""Colour scale of the opacities of the report's consensus plan."""

SERIES_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, "black")
SERIES_MARKERS = "osD^vPX<>*"
SERIES_LINES = ("-", "--", "-.", ":")
"""Styles of the lines of one picture, taken in turn; as their numbers differ, many lines differ in one of them."""

COUPLING_STYLES = {
    "mot": (BLUE, "circle"),
    "single_best": (ORANGE, "square"),
    "pairwise_best": (GREEN, "diamond"),
    "greedy": (SKY, "triangle-up"),
    "uniform": (VERMILION, "star"),
    "permuted": (PURPLE, "x"),
}
"""Colour and plotly's symbol of every coupling in the report."""

BAR_STYLES: dict[str, dict[str, Any]] = {
    "without rotation": {"facecolor": BLUE, "edgecolor": "white"},
    "with rotation": {"facecolor": ORANGE, "edgecolor": "white", "hatch": "////"},
    "similarity": {"facecolor": LIGHT_GREY, "edgecolor": "white", "hatch": ".."},
}
"""Bars of methods by what they are."""


def see_through(color: str, opacity: float) -> str:
    """A colour of the palette as browsers read it, with an opacity.

    Examples
    --------
    >>> see_through("#0072B2", 0.5)
    'rgba(0, 114, 178, 0.5)'
    """
    red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"
