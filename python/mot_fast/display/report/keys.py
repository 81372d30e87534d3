"""Keys of a report's maps: what their colours mean, as bars of colours that the page draws by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mot_fast.display.colours import LEFT_SCALE, OPACITY_SCALE, REPORT_SCALE
from mot_fast.display.heat_map import SHARES

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment

_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares that stand at a linear scale."""


def keys_of_plan(alignment: Alignment) -> list[dict[str, Any]]:
    """Keys of the layer plan, whose colours follow square roots, and of its margin, if it has one."""
    roots = [(share**0.5, share) for share in SHARES]
    keys = [_key("share of the source layer", REPORT_SCALE, roots)]
    if not alignment.goals.layers.is_all:
        keys.append(_key("share of a layer left behind", LEFT_SCALE, roots))
    return keys


def keys_of_stability() -> list[dict[str, Any]]:
    """Key of the consensus plan."""
    return [_key("share of the resamples that use the pair", OPACITY_SCALE, [(share, share) for share in _QUARTERS])]


def _key(title: str, scale: list[list[Any]], places: list[tuple[float, float]]) -> dict[str, Any]:
    """A key: its title, its first and its last colour, and the places of its ticks, in percent, with their texts."""
    ticks = [(f"{100 * place:.1f}", f"{100 * share:.0f} %") for place, share in places]
    return {"title": title, "colours": [colour for _, colour in scale], "ticks": ticks}
