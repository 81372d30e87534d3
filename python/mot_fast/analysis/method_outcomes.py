"""What a method of a comparison finds on one split, and its result over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mot_fast._validate import F64
from mot_fast.analysis.comparison import MethodResult
from mot_fast.analysis.pieces import check_shapes
from mot_fast.layer_pairs.consistency import TOLERANCE
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.system.resource_usage import ResourceUsage

_SINGLE = ("value", "over_units", "p_hierarchy", "in_rotated_units", "matched", "noise_ceiling")
"""Fields of an outcome that are one number, or None."""
_NUMBERS = (*_SINGLE, "layer_map", "order_sds", "parts")
_P_BETTER = "p_better."
_BOUNDS = {"p_better": (0.0, 1.0), "p_hierarchy": (0.0, 1.0), "usage": (0.0, np.inf), "parts": (-np.inf, np.inf)}
"""Least and largest numbers that fields hold; of the others, those of a correlation."""


@dataclass(frozen=True)
class MethodOutcome:
    """Held-out value of one method on one split, and the time and memory that it took."""

    value: float
    over_units: float | None
    """Mean over all units of the source, whatever their layers; None for similarities."""
    layer_map: F64 | None
    usage: ResourceUsage = field(default_factory=ResourceUsage)
    order_sds: tuple[float, float] | None = None
    """Standard deviations of value and hierarchy over all orders, for a permuted coupling."""
    p_better: Mapping[str, float] | None = None
    """P-values of "scores higher" than other methods of the same alignment, by their names."""
    p_hierarchy: float | None = None
    in_rotated_units: float | None = None
    """Score along the rotated units, for couplings with rotations that the alignment keeps."""
    matched: float | None = None
    """Share of the source's mass that is matched, where some is left behind."""
    noise_ceiling: float | None = None
    """Ceiling of the score where repeats of the target are given."""
    parts: F64 | None = None
    """Parts of the held-out stimuli in the score, `(n_stimuli,)`, where it is compared with that of another method."""

    def packed(self) -> dict[str, F64]:
        """The outcome as arrays by name; what is None has none."""
        usage = self.usage
        found = {"usage": np.array([usage.seconds, usage.initial_bytes, usage.highest_bytes], dtype=np.float64)}
        for name in _NUMBERS:
            if (value := getattr(self, name)) is not None:
                found[name] = np.array(value, dtype=np.float64)
        for other, p in (self.p_better or {}).items():
            found[f"{_P_BETTER}{other}"] = np.array(p, dtype=np.float64)
        return found

    @classmethod
    def unpacked(cls, arrays: Mapping[str, F64]) -> MethodOutcome:
        """The outcome that `packed` made arrays of."""
        seconds, initial, highest = arrays["usage"].tolist()
        p_better = {key.removeprefix(_P_BETTER): float(p) for key, p in arrays.items() if key.startswith(_P_BETTER)}
        single = {name: float(arrays[name]) for name in _SINGLE if name in arrays}
        return cls(
            value=float(arrays["value"]),
            over_units=single.get("over_units"),
            layer_map=arrays.get("layer_map"),
            usage=ResourceUsage(seconds, int(initial), int(highest)),
            order_sds=tuple(arrays["order_sds"].tolist()) if "order_sds" in arrays else None,
            p_better=p_better if "p_hierarchy" in arrays else None,
            p_hierarchy=single.get("p_hierarchy"),
            in_rotated_units=single.get("in_rotated_units"),
            matched=single.get("matched"),
            noise_ceiling=single.get("noise_ceiling"),
            parts=arrays.get("parts"),
        )

    @staticmethod
    def check(arrays: Mapping[str, F64], shape: tuple[int, int], n_test: int) -> None:
        """Raise `ValueError` unless arrays can be an outcome for so many layers and held-out stimuli."""
        shapes: dict[str, tuple[int, ...]] = {
            name: () for name in arrays if name in _SINGLE or name.startswith(_P_BETTER)
        }
        shapes |= {"value": (), "usage": (3,)}
        others = {"layer_map": shape, "order_sds": (2,), "parts": (n_test,)}
        check_shapes(arrays, shapes | {name: of for name, of in others.items() if name in arrays})
        for name, values in arrays.items():
            low, high = _BOUNDS.get(name.partition(".")[0], (-1.0 - TOLERANCE, 1.0 + TOLERANCE))
            if not (np.isnan(values) | ((values >= low) & (values <= high))).all():
                raise ValueError(f"its '{name}' is beyond {low:g} and {high:g}")


Figures = tuple[float, "float | None", "F64 | None"]
"""Value of a method, its mean over all units, and its map of layers; None where it has none."""


def method_result(outcomes: Sequence[MethodOutcome]) -> MethodResult:
    """The result of one method from its outcomes on all splits."""
    layer_maps = tuple(each.layer_map for each in outcomes if each.layer_map is not None)
    sds = np.array([each.order_sds for each in outcomes if each.order_sds is not None])
    p_better = [each.p_better for each in outcomes if each.p_better is not None]
    tested = dict.fromkeys(name for each in p_better for name in each)
    p_values = {name: _combined_p_value([each.get(name, float("nan")) for each in p_better]) for name in tested}
    p_hierarchies = [each.p_hierarchy for each in outcomes if each.p_hierarchy is not None]
    matched = [each.matched for each in outcomes if each.matched is not None]
    over_units = [each.over_units for each in outcomes if each.over_units is not None]
    in_rotated_units = [each.in_rotated_units for each in outcomes if each.in_rotated_units is not None]
    noise_ceilings = [each.noise_ceiling for each in outcomes if each.noise_ceiling is not None]
    hierarchies = [_hierarchy_or_nan(layer_map) for layer_map in layer_maps]
    pairwise = [p for name, p in p_values.items() if name.startswith("pairwise_best")]
    return MethodResult(
        scores=np.array([each.value for each in outcomes]),
        hierarchies=np.array(hierarchies or np.full(len(outcomes), np.nan)),
        seconds=np.array([each.usage.seconds for each in outcomes]),
        peak_bytes=np.array([each.usage.peak_bytes for each in outcomes]),
        permuted_sds=sds[:, 0] if len(sds) else None,
        permuted_hierarchy_sds=sds[:, 1] if len(sds) else None,
        layer_maps=layer_maps or None,
        over_units=np.array(over_units) if over_units else None,
        in_rotated_units=np.array(in_rotated_units) if in_rotated_units else None,
        matched=np.array(matched) if matched else None,
        noise_ceilings=np.array(noise_ceilings) if noise_ceilings else None,
        p_better=pairwise[0] if pairwise else None,
        p_values=p_values if p_better else None,
        p_hierarchy=_combined_p_value(p_hierarchies) if p_hierarchies else None,
    )


def _combined_p_value(p_values: Sequence[float]) -> float:
    """One p-value from those of splits that may depend on each other in any way; NaN if one of them is."""
    if len(p_values) == 1 or np.isnan(p_values).any():
        return float(np.mean(p_values))
    return min(1.0, 2.0 * float(np.median(p_values)))


def _hierarchy_or_nan(layer_map: F64) -> float:
    """Hierarchy score of a layer map; NaN where a network has one layer."""
    return hierarchy(layer_map) if min(layer_map.shape) > 1 else float("nan")
