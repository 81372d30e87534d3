"""`.mot` files: an alignment as an archive of plain arrays and one JSON header; docs/format.md describes them.

Arrays of all layers, or of all pairs of layers, are laid end to end; `layer_pairs.packing` does it for unit plans and
traces. A file is refused where its parts contradict each other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from reprlib import repr as shown
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Array
from mot_fast._validate_masses import LEAST_SHARE
from mot_fast.alignment import mot_archive
from mot_fast.alignment.mot_records import digests_of, evaluation_of, goals_of, run_of
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.consistency import ROUNDING, check_plans, check_proofs
from mot_fast.layer_pairs.packing import PackedPlans, Pieces, check_shapes, in_rows
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system import archive
from mot_fast.system.json_header import check_fields, field, number, texts

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment

FORMAT_VERSION = 6
_BEFORE_GOALS, _BEFORE_DROPPED_UNITS = 4, 5
"""Versions of files in which all mass is carried, and no units were left out: readers of these versions read them."""

_SIDES = ("source", "target")
_UNIT_STATISTICS = ("mean", "deviation")
_ROTATION_ARRAYS = {*packing.TRACES, "rotated_pair", "rotation"}
_KEPT_UNITS = {f"{side}_unit" for side in _SIDES}
_ORTHOGONALITY = 1e-9
"""Largest entry of ``R^T R - I`` for a matrix that counts as orthogonal; rounding leaves far less."""


def save(alignment: Alignment, path: str | os.PathLike[str]) -> None:
    """Write an alignment, completely or not at all; see `Alignment.save`."""
    place = Path(_validate.path(path, "path"))
    optional = {name: getattr(alignment, name) for name in ("alternation", "run", "evaluation")}
    header = {
        "format": mot_archive.ALIGNMENT,
        "version": _version(alignment),
        "convention": alignment.convention,
        "cost": alignment.cost,
        "certificate": asdict(alignment.certificate),
        "source": _names(alignment.source),
        "target": _names(alignment.target),
        **{name: None if value is None else asdict(value) for name, value in optional.items()},
    }
    if not alignment.goals.are_all:
        header["goals"] = asdict(alignment.goals)
    archive.write(place, header, _arrays(alignment), stored=("rotation",))


def _version(alignment: Alignment) -> int:
    """The earliest version that has everything that the alignment has."""
    if alignment.source.kept is not None or alignment.target.kept is not None:
        return FORMAT_VERSION
    return _BEFORE_GOALS if alignment.goals.are_all else _BEFORE_DROPPED_UNITS


def _names(summary: NetworkSummary) -> dict[str, Any]:
    """Fields of the header that describe one network."""
    name, *labels = map(mot_archive.writable_name, (summary.name, *summary.labels))
    return {"name": name, "labels": labels, "widths": summary.widths, "digests": summary.digests}


def _arrays(alignment: Alignment) -> dict[str, Array]:
    return {
        **_summary_arrays("source", alignment.source),
        **_summary_arrays("target", alignment.target),
        **_rotation_arrays(alignment),
        "layer_costs": alignment.layer_costs,
        "layer_plan": alignment.layer_plan,
        **packing.pack_plans([plan for row in alignment.unit_plans for plan in row]),
    }


def _summary_arrays(prefix: str, summary: NetworkSummary) -> dict[str, Array]:
    arrays = {
        f"{prefix}_mean": np.concatenate(summary.means),
        f"{prefix}_deviation": np.concatenate(summary.deviations),
        f"{prefix}_layer_mass": summary.layer_masses,
    }
    if summary.unit_masses is not None:
        arrays[f"{prefix}_unit_mass"] = np.concatenate(summary.unit_masses)
    if summary.kept is not None:
        arrays[f"{prefix}_unit"] = np.concatenate([summary.original_units(l) for l in range(len(summary.labels))])
    return arrays


def _rotation_arrays(alignment: Alignment) -> dict[str, Array]:
    if alignment.traces is None:
        return {}
    return {
        **packing.pack_traces([trace for row in alignment.traces for trace in row]),
        "rotated_pair": np.array(list(alignment.rotations), dtype=np.int64).reshape(-1, 2),
        "rotation": np.concatenate([np.zeros(0), *(rotation.ravel() for rotation in alignment.rotations.values())]),
    }


def load(path: str | os.PathLike[str], result_type: type[Alignment]) -> Alignment:
    """Read an alignment, as an instance of this type; see `Alignment.load`."""
    return mot_archive.read(path, mot_archive.ALIGNMENT, FORMAT_VERSION, partial(_alignment, result_type))


def _alignment(result_type: type[Alignment], header: dict[str, Any], arrays: dict[str, Array]) -> Alignment:
    alternation = _alternation(header)
    _check_names(arrays, header["version"], has_rotations=alternation is not None)
    packing.check_types(arrays, {**packing.TYPES, "rotated_pair": "int64", **dict.fromkeys(_KEPT_UNITS, "int64")})
    source, target = (_summary(header, arrays, side) for side in _SIDES)
    shape = len(source.labels), len(target.labels)
    check_shapes(arrays, {"layer_costs": shape, "layer_plan": shape})
    convention = field(header, "convention", str)
    if convention not in CONVENTIONS:
        raise ValueError(f"its convention is {shown(convention)}")
    plans = PackedPlans(arrays, source, target)
    goals = goals_of(header)
    alignment = result_type(
        source=source,
        target=target,
        convention=convention,
        cost=number(header, "cost"),
        layer_costs=arrays["layer_costs"],
        layer_plan=arrays["layer_plan"],
        certificate=mot_archive.certificate_of(field(header, "certificate", dict)),
        unit_plans=in_rows(plans, shape[1]),
        **({} if alternation is None else _rotated(alternation, arrays, source, shape)),
        goals=goals,
        run=run_of(header),
        evaluation=evaluation_of(header, shape[0]),
    )
    check_proofs(arrays["certificate"], alignment.certificate, np.abs(alignment.layer_costs).max())
    _check_layer_plan(alignment, arrays)
    check_plans(plans, goals.units, *(_masses_of_units(summary) for summary in (source, target)))
    return alignment


def _masses_of_units(summary: NetworkSummary) -> F64:
    """Masses of the units of all layers, end to end."""
    if isinstance(summary.unit_masses, Pieces):
        return np.asarray(summary.unit_masses.values)
    return np.repeat(1.0 / np.array(summary.widths), summary.widths)


def _alternation(header: Mapping[str, Any]) -> Alternation | None:
    if header["version"] == 1 or field(header, "alternation", dict, type(None)) is None:
        return None
    check_fields(header["alternation"], Alternation)
    return Alternation(**header["alternation"])


def _check_names(arrays: Mapping[str, Array], version: int, has_rotations: bool) -> None:
    """Raise `ValueError` if an array is missing, or if there is one that nothing reads."""
    has_masses = version > 1
    expected = {"layer_costs", "layer_plan", *packing.PLANS}
    expected |= {f"{side}_{name}" for side in _SIDES for name in _UNIT_STATISTICS}
    expected |= {f"{side}_layer_mass" for side in _SIDES if has_masses} | (_ROTATION_ARRAYS if has_rotations else set())
    optional = {f"{side}_unit_mass" for side in _SIDES if has_masses}
    packing.check_names(arrays, expected, optional | (_KEPT_UNITS if version > _BEFORE_DROPPED_UNITS else set()))


def _summary(header: Mapping[str, Any], arrays: Mapping[str, Array], prefix: str) -> NetworkSummary:
    names = field(header, prefix, dict)
    labels, widths = texts(names, "labels"), field(names, "widths", list)
    if not 0 < len(set(labels)) == len(labels) == len(widths):
        raise ValueError(f"the {prefix} has {len(widths)} widths and the labels {shown(labels)}")
    if not all(type(width) is int and width > 0 for width in widths):
        raise ValueError(f"the {prefix} has the widths {shown(widths)}")
    layer_masses = arrays.get(f"{prefix}_layer_mass", np.full(len(widths), 1.0 / len(widths)))
    unit_masses = Pieces(arrays[f"{prefix}_unit_mass"], widths) if f"{prefix}_unit_mass" in arrays else None
    if layer_masses.shape != (len(widths),):
        raise ValueError(f"'{prefix}_layer_mass' has shape {layer_masses.shape} for {len(widths)} layers")
    masses = [Pieces(layer_masses, [len(widths)])] + ([] if unit_masses is None else [unit_masses])
    if not all(map(_are_shares, masses)):
        raise ValueError("masses of layers or units are not positive with sum 1")
    if (arrays[f"{prefix}_deviation"] < 0).any():
        raise ValueError(f"'{prefix}_deviation' is negative")
    return NetworkSummary(
        name=field(names, "name", str),
        labels=tuple(labels),
        means=Pieces(arrays[f"{prefix}_mean"], widths),
        deviations=Pieces(arrays[f"{prefix}_deviation"], widths),
        layer_masses=layer_masses,
        unit_masses=unit_masses,
        digests=digests_of(header, prefix, len(labels)),
        kept=_kept_units(arrays[f"{prefix}_unit"], widths, prefix) if f"{prefix}_unit" in arrays else None,
    )


def _kept_units(units: Array, widths: list[int], prefix: str) -> tuple[Array, ...]:
    """Positions that the units of every layer had before some were left out."""
    check_shapes({f"{prefix}_unit": units}, {f"{prefix}_unit": (sum(widths),)})
    kept = tuple(np.split(units, np.cumsum(widths)[:-1]))
    if any(layer[0] < 0 or (np.diff(layer) <= 0).any() for layer in kept):
        raise ValueError(f"'{prefix}_unit' are no positions of units in ascending order")
    return kept


def _are_shares(masses: Pieces) -> bool:
    """Whether the masses of each piece sum to 1, and none is so small that division by it would overflow."""
    sums = np.add.reduceat(masses.values, masses.starts[:-1])
    return bool((masses.values >= LEAST_SHARE).all() and (np.abs(sums - 1.0) <= ROUNDING).all())


def _rotated(
    alternation: Alternation, arrays: Mapping[str, Array], source: NetworkSummary, shape: tuple[int, int]
) -> dict[str, Any]:
    """Fields that only an alignment with rotations has."""
    traces = packing.unpack_traces(arrays, shape[0] * shape[1])
    if arrays["alternations"].max() > alternation.max_iter:
        raise ValueError(f"it holds traces of more than {alternation.max_iter} alternations")
    check_shapes(arrays, {"rotated_pair": (len(arrays["rotated_pair"]), 2)})
    pairs = [(int(l), int(m)) for l, m in arrays["rotated_pair"]]
    if any(not (0 <= l < shape[0] and 0 <= m < shape[1]) for l, m in pairs) or len(set(pairs)) < len(pairs):
        raise ValueError("it holds rotations of layers that there are not, or two of one pair")
    widths = [source.widths[l] for l, _ in pairs]
    flat = Pieces(arrays["rotation"], [width**2 for width in widths])
    matrices = [matrix.reshape(width, width) for matrix, width in zip(flat, widths, strict=True)]
    if not all(np.abs(matrix.T @ matrix - np.eye(len(matrix))).max() <= _ORTHOGONALITY for matrix in matrices):
        raise ValueError("it holds rotations that are not orthogonal")
    return {
        "alternation": alternation,
        "traces": in_rows(traces, shape[1]),
        "rotations": dict(zip(pairs, matrices, strict=True)),
    }


def _check_layer_plan(alignment: Alignment, arrays: Mapping[str, Array]) -> None:
    """Raise `ValueError` if the layer plan contradicts the layers' masses, the cost, or the costs of the unit plans."""
    costs, plan = alignment.layer_costs, alignment.layer_plan
    masses = alignment.source.layer_masses, alignment.target.layer_masses
    mot_archive.check_plan("layer_plan", "layers", plan, masses, costs, alignment.cost, alignment.goals.layers)
    if alignment.traces is None:
        if not np.array_equal(costs.ravel(), alignment.goals.units.costs_of(arrays)):
            raise ValueError("its layer costs are not those of its unit plans")
    elif not np.array_equal(costs.ravel(), packing.least(arrays["trace"], arrays["alternations"])):
        raise ValueError("its layer costs are not the least residuals of its traces")
