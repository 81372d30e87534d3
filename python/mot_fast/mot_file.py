"""`.mot` files: an alignment as an archive of plain arrays and one JSON header; docs/format.md describes them.

Of the arrays those of both sides' units, and of unit plans, traces and rotations, are laid end to end, the latter three
as `packing` does it. A file is believed where what it says of one thing agrees with what it says of the others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from reprlib import repr as shown
from typing import Any

import numpy as np

from mot_fast import archive, packing
from mot_fast._validate import F64, Array
from mot_fast.header_values import check_fields, field, number, texts
from mot_fast.mot_history import digests_of, evaluation_of, run_of
from mot_fast.packing import check_shapes, cut, in_rows
from mot_fast.record import CONVENTIONS, Record, Side
from mot_fast.rotation import Alternation
from mot_fast.transport import Certificate

FORMAT = "mot_fast alignment"
FORMAT_VERSION = 3

_SIDES = ("source", "target")
_OF_UNITS = ("mean", "deviation")
_PLANS = {"cost", "certificate", "entries", "row", "column", "mass", "u", "v"}
_ROTATIONS = {"alternations", "trace", "rotated_pair", "rotation"}
_ORTHOGONALITY = 1e-9
"""Largest entry of ``R^T R - I`` in a file that is sound; rounding leaves far less."""
MARGINAL_ERROR = 1e-9
"""That transports are certified to, over the total mass."""
_TOLERANCE = 1e-6
"""That the transports of units are certified to; that of layers to `_LAYER_TOLERANCE` of the largest cost."""
_LAYER_TOLERANCE = 2e-9
_ROUNDING = 2e-9
"""Of sums of masses, and of costs over the largest cost: what a certificate allows, and rounding."""


def save(alignment: Record, path: str | os.PathLike[str]) -> None:
    """Write `alignment`, whole or not at all; see `Alignment.save`."""
    optional = {name: getattr(alignment, name) for name in ("alternation", "run", "evaluation")}
    header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "convention": alignment.convention,
        "cost": alignment.cost,
        "certificate": asdict(alignment.certificate),
        "source": _names(alignment.source),
        "target": _names(alignment.target),
        **{name: None if value is None else asdict(value) for name, value in optional.items()},
    }
    archive.write(Path(path), header, _arrays(alignment), stored=("rotation",))


def _names(side: Side) -> dict[str, Any]:
    names = {"name": str(side.name), "labels": list(map(str, side.labels)), "widths": side.widths}
    return {**names, "digests": side.digests}


def _arrays(alignment: Record) -> dict[str, Array]:
    return {
        **_side_arrays("source", alignment.source),
        **_side_arrays("target", alignment.target),
        **_rotation_arrays(alignment),
        "layer_costs": alignment.layer_costs,
        "layer_plan": alignment.layer_plan,
        **packing.pack_plans([plan for row in alignment.unit_plans for plan in row]),
    }


def _side_arrays(prefix: str, side: Side) -> dict[str, Array]:
    arrays = {
        f"{prefix}_mean": np.concatenate(side.means),
        f"{prefix}_deviation": np.concatenate(side.deviations),
        f"{prefix}_layer_mass": side.layer_masses,
    }
    return arrays if side.unit_masses is None else {**arrays, f"{prefix}_unit_mass": np.concatenate(side.unit_masses)}


def _rotation_arrays(alignment: Record) -> dict[str, Array]:
    if alignment.traces is None:
        return {}
    return {
        **packing.pack_traces([trace for row in alignment.traces for trace in row]),
        "rotated_pair": np.array(list(alignment.rotations), dtype=np.int64).reshape(-1, 2),
        "rotation": np.concatenate([np.zeros(0), *(rotation.ravel() for rotation in alignment.rotations.values())]),
    }


def load(path: str | os.PathLike[str]) -> Record:
    """Read an alignment; see `Alignment.load`."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a .mot file, found nothing")
    try:
        with np.errstate(all="ignore"):  # what overflows is refused
            return _record(*archive.read(path, FORMAT, FORMAT_VERSION))
    except Exception as error:  # a damaged file can make its readers raise anything
        raise ValueError(f"{path}: expected a complete .mot file, found none ({error})") from error


def _record(header: dict[str, Any], arrays: dict[str, Array]) -> Record:
    alternation = _alternation(header)
    _check_names(arrays, has_masses=header["version"] > 1, has_rotations=alternation is not None)
    packing.check_types(arrays, {**packing.TYPES, "rotated_pair": "int64"})
    source, target = (_side(header, arrays, side) for side in _SIDES)
    shape = len(source.labels), len(target.labels)
    check_shapes(arrays, {"layer_costs": shape, "layer_plan": shape})
    convention = field(header, "convention", str)
    if convention not in CONVENTIONS:
        raise ValueError(f"its convention is {shown(convention)}")
    certificate = _certificate(field(header, "certificate", dict))
    record = Record(
        source=source,
        target=target,
        convention=convention,
        cost=number(header, "cost"),
        layer_costs=arrays["layer_costs"],
        layer_plan=arrays["layer_plan"],
        certificate=certificate,
        unit_plans=in_rows(packing.unpack_plans(arrays, source, target), shape[1]),
        **({} if alternation is None else _rotated(alternation, arrays, source, shape)),
        run=run_of(header),
        evaluation=evaluation_of(header, shape[0]),
    )
    _check_proofs(arrays["certificate"], certificate, np.abs(record.layer_costs).max())
    _check_layer_plan(record)
    _check_unit_plans(record)
    return record


def _certificate(values: Mapping[str, Any]) -> Certificate:
    check_fields(values, Certificate)
    return Certificate(**{name: number(values, name) for name in values})


def _alternation(header: Mapping[str, Any]) -> Alternation | None:
    if header["version"] == 1 or field(header, "alternation", dict, type(None)) is None:
        return None
    check_fields(header["alternation"], Alternation)
    return Alternation(**header["alternation"])


def _check_names(arrays: Mapping[str, Array], has_masses: bool, has_rotations: bool) -> None:
    """No array is missing, and none is there that nothing would look at."""
    expected = {"layer_costs", "layer_plan", *_PLANS, *(f"{side}_{name}" for side in _SIDES for name in _OF_UNITS)}
    expected |= {f"{side}_layer_mass" for side in _SIDES if has_masses} | (_ROTATIONS if has_rotations else set())
    optional = {f"{side}_unit_mass" for side in _SIDES if has_masses}
    for name in sorted(expected - arrays.keys()):
        raise ValueError(f"it lacks '{name}'")
    for name in sorted(arrays.keys() - expected - optional):
        raise ValueError(f"it holds {shown(name)}, which has no place in it")


def _side(header: Mapping[str, Any], arrays: Mapping[str, Array], prefix: str) -> Side:
    names = field(header, prefix, dict)
    labels, widths = texts(names, "labels"), field(names, "widths", list)
    if not 0 < len(set(labels)) == len(labels) == len(widths):
        raise ValueError(f"the {prefix} has {len(widths)} widths and the labels {shown(labels)}")
    if not all(type(width) is int and width > 0 for width in widths):
        raise ValueError(f"the {prefix} has the widths {shown(widths)}")
    layer_masses = arrays.get(f"{prefix}_layer_mass", np.full(len(widths), 1.0 / len(widths)))
    unit_masses = cut(arrays[f"{prefix}_unit_mass"], widths) if f"{prefix}_unit_mass" in arrays else None
    if layer_masses.shape != (len(widths),):
        raise ValueError(f"'{prefix}_layer_mass' has shape {layer_masses.shape} for {len(widths)} layers")
    if not all((each > 0).all() and abs(each.sum() - 1) <= _ROUNDING for each in (layer_masses, *(unit_masses or ()))):
        raise ValueError("masses of layers or units are not positive with sum 1")
    if (arrays[f"{prefix}_deviation"] < 0).any():
        raise ValueError(f"'{prefix}_deviation' is negative")
    return Side(
        name=field(names, "name", str),
        labels=tuple(labels),
        means=tuple(cut(arrays[f"{prefix}_mean"], widths)),
        deviations=tuple(cut(arrays[f"{prefix}_deviation"], widths)),
        layer_masses=layer_masses,
        unit_masses=None if unit_masses is None else tuple(unit_masses),
        digests=digests_of(header, prefix, len(labels)),
    )


def _rotated(
    alternation: Alternation, arrays: Mapping[str, Array], source: Side, shape: tuple[int, int]
) -> dict[str, Any]:
    """What an alignment with rotations has in addition."""
    traces = packing.unpack_traces(arrays, shape[0] * shape[1])
    if max(map(len, traces)) > alternation.max_iter:
        raise ValueError(f"it holds traces of more than {alternation.max_iter} alternations")
    check_shapes(arrays, {"rotated_pair": (len(arrays["rotated_pair"]), 2)})
    pairs = [(int(l), int(m)) for l, m in arrays["rotated_pair"]]
    if any(not (0 <= l < shape[0] and 0 <= m < shape[1]) for l, m in pairs) or len(set(pairs)) < len(pairs):
        raise ValueError("it holds rotations of layers that there are not, or two of one pair")
    of_layer = source.widths
    widths = [of_layer[l] for l, _ in pairs]
    flat = cut(arrays["rotation"], [width**2 for width in widths])
    matrices = [matrix.reshape(width, width) for matrix, width in zip(flat, widths, strict=True)]
    if not all(np.abs(matrix.T @ matrix - np.eye(len(matrix))).max() <= _ORTHOGONALITY for matrix in matrices):
        raise ValueError("it holds rotations that are not orthogonal")
    return {
        "alternation": alternation,
        "traces": in_rows(traces, shape[1]),
        "rotations": dict(zip(pairs, matrices, strict=True)),
    }


def _check_proofs(figures: F64, worst: Certificate, largest_cost: float) -> None:
    """All transports are proven optimal, and the worst figures are no better than any."""
    worst_figures = np.array(worst.figures)
    every = np.vstack([figures, worst_figures])
    limits = np.append(np.full(len(figures), _TOLERANCE), max(_TOLERANCE, _LAYER_TOLERANCE * largest_cost))
    is_proven = (every[:, :3] <= every[:, 4:]).all() and (every[:, 3] <= MARGINAL_ERROR).all()
    if not (is_proven and (every >= 0).all() and (every[:, 4] <= limits).all()):
        raise ValueError("it holds transports that are not proven optimal")
    if (every > worst_figures).any():
        raise ValueError("its certificate is better than that of a transport")


def _agree(found: Array, expected: Array) -> bool:
    return bool((np.abs(found - expected) <= _ROUNDING).all())


def _check_layer_plan(record: Record) -> None:
    """It is between the masses of layers, at the cost that is said, which is that of the unit plans."""
    costs, plan = record.layer_costs, record.layer_plan
    if not (_agree(plan.sum(1), record.source.layer_masses) and _agree(plan.sum(0), record.target.layer_masses)):
        raise ValueError("the rows or columns of 'layer_plan' do not sum to the masses of layers")
    if (plan < 0).any():
        raise ValueError("'layer_plan' is negative")
    if not abs(record.cost - float((costs * plan).sum())) <= _ROUNDING * np.abs(costs).max():
        raise ValueError(f"its cost is {record.cost}, and not that of its layer plan")
    if record.traces is None and costs.tolist() != [[unit.cost for unit in row] for row in record.unit_plans]:
        raise ValueError("its layer costs are not those of its unit plans")
    if record.traces is not None and costs.tolist() != [[trace.min() for trace in row] for row in record.traces]:
        raise ValueError("its layer costs are not the least residuals of its traces")


def _check_unit_plans(record: Record) -> None:
    """They are between the masses of units, and cost what their potentials say."""
    masses_a, masses_b = (
        [side.masses_of_units(layer) for layer in range(len(side.labels))] for side in (record.source, record.target)
    )
    for a, row in zip(masses_a, record.unit_plans, strict=True):
        for b, plan in zip(masses_b, row, strict=True):
            what = f"the plan from layer {shown(plan.source)} to {shown(plan.target)}"
            sums = np.bincount(plan.rows, plan.mass, len(a)), np.bincount(plan.columns, plan.mass, len(b))
            if not (_agree(sums[0], a) and _agree(sums[1], b)):
                raise ValueError(f"the rows or columns of {what} do not sum to the masses of units")
            gap = plan.cost - float(a @ plan.u + b @ plan.v)
            if not abs(gap) <= plan.certificate.duality_gap + _ROUNDING:
                raise ValueError(f"{what} costs {plan.cost}, which is {gap} more than its potentials allow")
