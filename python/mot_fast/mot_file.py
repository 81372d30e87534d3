"""`.mot` files: an alignment as a zip archive of plain `.npy` arrays and one JSON header.

`header.json` holds the format's version, names, labels, convention, cost, certificate and how rotations were found, if
they were; `layer_costs` and `layer_plan` are `(L, M)`; `source_mean`, `source_deviation`, and `source_unit_mass` where
masses are not uniform, are all layers' units end to end, `source_layer_mass` is of its layers; the same of the target;
of the unit plans, in row-major order of layer pairs and end to end: `cost` and `certificate` of each pair, the number
of `entries`, their `row`, `column` and `mass`, and the potentials `u` and `v`. With rotations: `alternations` of each
pair and their residuals end to end in `trace`; `rotated_pair`, `(n_kept, 2)`, and their matrices end to end in
`rotation`. Nothing is pickled: reading cannot execute code. Version 1 had neither masses nor rotations.
"""

from __future__ import annotations

import json
import os
import secrets
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import numpy as np

from mot_fast._validate import Array
from mot_fast.record import CONVENTIONS, Record, Side
from mot_fast.rotation import Alternation
from mot_fast.transport import Certificate, UnitPlan

FORMAT_VERSION = 2

_INTEGERS = ("entries", "row", "column", "alternations", "rotated_pair")
_INCOMPRESSIBLE = ("rotation",)
_ORTHOGONALITY = 1e-9
"""Largest entry of ``R^T R - I`` in a file that is sound; rounding leaves far less."""


def save(alignment: Record, path: str | os.PathLike[str]) -> None:
    """Write `alignment` beside `path` and move it there in one step, so that a file is whole or absent."""
    path = Path(path)
    header = {
        "format": "mot_fast alignment",
        "version": FORMAT_VERSION,
        "convention": alignment.convention,
        "cost": alignment.cost,
        "certificate": asdict(alignment.certificate),
        "source": _names(alignment.source),
        "target": _names(alignment.target),
        "alternation": None if alignment.alternation is None else asdict(alignment.alternation),
    }
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected a folder to write to, found none at {path.parent}")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("header.json", json.dumps(header, indent=1))
                for name, values in _arrays(alignment).items():
                    member = zipfile.ZipInfo(f"{name}.npy")
                    member.compress_type = zipfile.ZIP_STORED if name in _INCOMPRESSIBLE else zipfile.ZIP_DEFLATED
                    with archive.open(member, "w", force_zip64=True) as stream:
                        np.lib.format.write_array(stream, values, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OSError(f"{path}: could not be written, and is as it was ({error})") from error
    finally:
        temporary.unlink(missing_ok=True)


def _names(side: Side) -> dict[str, Any]:
    return {"name": side.name, "labels": side.labels, "widths": side.widths}


def _arrays(alignment: Record) -> dict[str, Array]:
    plans = [plan for row in alignment.unit_plans for plan in row]
    return {
        **_side_arrays("source", alignment.source),
        **_side_arrays("target", alignment.target),
        **_rotation_arrays(alignment),
        "layer_costs": alignment.layer_costs,
        "layer_plan": alignment.layer_plan,
        "cost": np.array([plan.cost for plan in plans]),
        "certificate": np.array([astuple(plan.certificate) for plan in plans]),
        "entries": np.array([plan.nnz for plan in plans], dtype=np.int64),
        "row": np.concatenate([plan.rows for plan in plans]),
        "column": np.concatenate([plan.columns for plan in plans]),
        "mass": np.concatenate([plan.mass for plan in plans]),
        "u": np.concatenate([plan.u for plan in plans]),
        "v": np.concatenate([plan.v for plan in plans]),
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
    traces = [trace for row in alignment.traces for trace in row]
    return {
        "alternations": np.array([len(trace) for trace in traces], dtype=np.int64),
        "trace": np.concatenate(traces),
        "rotated_pair": np.array(list(alignment.rotations), dtype=np.int64).reshape(-1, 2),
        "rotation": np.concatenate([np.zeros(0), *(rotation.ravel() for rotation in alignment.rotations.values())]),
    }


def load(path: str | os.PathLike[str]) -> Record:
    """Read an alignment; see `Alignment.load`."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a .mot file, found nothing")
    try:
        with zipfile.ZipFile(path) as archive:
            header = json.loads(archive.read("header.json"))
            if header["format"] != "mot_fast alignment":
                raise ValueError(f"the format is {header['format']!r}")
            version = header["version"]
            if type(version) is not int or version < 1:
                raise ValueError(f"its format version is {version!r}")
            if version > FORMAT_VERSION:
                raise ValueError(f"its format version is {version}, newer than {FORMAT_VERSION}: upgrade mot_fast")
            arrays = {}
            for name in archive.namelist():
                if name.endswith(".npy"):
                    with archive.open(name) as stream:
                        arrays[name.removesuffix(".npy")] = np.lib.format.read_array(stream, allow_pickle=False)
        return _alignment(header, arrays)
    except Exception as error:  # a damaged file can make its readers raise anything
        raise ValueError(f"{path}: expected a complete .mot file, found none ({error})") from error


def _alignment(header: dict[str, Any], arrays: dict[str, Array]) -> Record:
    source, target = (_side(header[side], arrays, side) for side in ("source", "target"))
    has_rotations, has_traces = header.get("alternation") is not None, "trace" in arrays
    if has_rotations != has_traces:
        raise ValueError("it says otherwise of rotations than it holds")
    for name, values in arrays.items():
        if name in _INTEGERS and values.dtype.kind != "i":
            raise ValueError(f"'{name}' holds something else than integers")
        if name not in _INTEGERS and (values.dtype != np.float64 or not np.isfinite(values).all()):
            raise ValueError(f"'{name}' holds something else than finite float64 numbers")
    for name in ("layer_costs", "layer_plan"):
        if arrays[name].shape != (len(source.labels), len(target.labels)):
            raise ValueError(f"'{name}' has shape {arrays[name].shape}")
    n_pairs = len(source.labels) * len(target.labels)
    pairs = [(l, m) for l in range(len(source.labels)) for m in range(len(target.labels))]
    row, column, mass = (_cut(arrays[name], arrays["entries"]) for name in ("row", "column", "mass"))
    u = _cut(arrays["u"], [source.widths[l] for l, _ in pairs])
    v = _cut(arrays["v"], [target.widths[m] for _, m in pairs])
    if not n_pairs == len(arrays["cost"]) == len(arrays["certificate"]) == len(mass):
        raise ValueError(f"it holds {len(mass)} plans for {n_pairs} pairs of layers")
    plans = [
        UnitPlan(
            **_entries(row[p], column[p], mass[p], (source.widths[l], target.widths[m])),
            cost=float(arrays["cost"][p]),
            u=u[p],
            v=v[p],
            certificate=Certificate(*map(float, arrays["certificate"][p])),
            source=source.labels[l],
            target=target.labels[m],
        )
        for p, (l, m) in enumerate(pairs)
    ]
    n_target = len(target.labels)
    if header["convention"] not in CONVENTIONS:
        raise ValueError(f"its convention is {header['convention']!r}")
    return Record(
        source=source,
        target=target,
        convention=header["convention"],
        cost=float(header["cost"]),
        layer_costs=arrays["layer_costs"],
        layer_plan=arrays["layer_plan"],
        certificate=Certificate(**header["certificate"]),
        unit_plans=_in_rows(plans, n_target),
        **_rotated(header, arrays, source, n_target),
    )


def _in_rows(values: Sequence[Any], n_target: int) -> tuple[tuple[Any, ...], ...]:
    """One tuple a source layer."""
    return tuple(tuple(values[k : k + n_target]) for k in range(0, len(values), n_target))


def _rotated(header: dict[str, Any], arrays: dict[str, Array], source: Side, n_target: int) -> dict[str, Any]:
    """What an alignment with rotations has in addition."""
    if header.get("alternation") is None:
        return {}
    traces = _cut(arrays["trace"], arrays["alternations"])
    if len(traces) != len(source.labels) * n_target or min(map(len, traces)) < 1:
        raise ValueError(f"it holds {len(traces)} traces for {len(source.labels) * n_target} pairs of layers")
    if [trace.min() for trace in traces] != arrays["layer_costs"].ravel().tolist():
        raise ValueError("its layer costs are not the least residuals of its traces")
    pairs = [(int(l), int(m)) for l, m in arrays["rotated_pair"]]
    if any(not (0 <= l < len(source.labels) and 0 <= m < n_target) for l, m in pairs):
        raise ValueError("it holds rotations of layers that there are not")
    widths = [source.widths[l] for l, _ in pairs]
    flat = _cut(arrays["rotation"], [width**2 for width in widths])
    matrices = [matrix.reshape(width, width) for matrix, width in zip(flat, widths, strict=True)]
    if any(np.abs(matrix.T @ matrix - np.eye(len(matrix))).max() > _ORTHOGONALITY for matrix in matrices):
        raise ValueError("it holds rotations that are not orthogonal")
    return {
        "alternation": Alternation(**header["alternation"]),
        "traces": _in_rows(traces, n_target),
        "rotations": dict(zip(pairs, matrices, strict=True)),
    }


def _entries(rows: Array, columns: Array, mass: Array, shape: tuple[int, int]) -> dict[str, Array]:
    for index, n in zip((rows, columns), shape, strict=True):
        if index.dtype != np.int32 or (index < 0).any() or (index >= n).any():
            raise ValueError(f"a plan has entries outside its shape {shape}")
    if (np.diff(rows.astype(np.int64) * shape[1] + columns) <= 0).any():
        raise ValueError("the entries of a plan are out of order")
    if (mass <= 0).any():
        raise ValueError("a plan has entries without mass")
    return {"rows": rows, "columns": columns, "mass": mass}


def _side(names: dict[str, Any], arrays: dict[str, Array], prefix: str) -> Side:
    widths = [int(width) for width in names["widths"]]
    layer_masses = arrays.get(f"{prefix}_layer_mass", np.full(len(widths), 1.0 / max(1, len(widths))))
    unit_masses = _cut(arrays[f"{prefix}_unit_mass"], widths) if f"{prefix}_unit_mass" in arrays else None
    if layer_masses.shape != (len(widths),):
        raise ValueError(f"it holds masses of {len(layer_masses)} layers of {len(widths)}")
    if not all((masses > 0).all() and abs(masses.sum() - 1) < 1e-9 for masses in (layer_masses, *(unit_masses or ()))):
        raise ValueError("masses of layers or units are not positive with sum 1")
    return Side(
        name=str(names["name"]),
        labels=tuple(map(str, names["labels"])),
        means=tuple(_cut(arrays[f"{prefix}_mean"], widths)),
        deviations=tuple(_cut(arrays[f"{prefix}_deviation"], widths)),
        layer_masses=layer_masses,
        unit_masses=None if unit_masses is None else tuple(unit_masses),
    )


def _cut(values: Array, lengths: Sequence[int] | Array) -> list[Array]:
    """An array's pieces of these lengths, which must use it up."""
    ends = np.cumsum(lengths)
    if values.ndim != 1 or min(lengths, default=0) < 0 or len(values) != (ends[-1] if len(ends) else 0):
        raise ValueError(f"an array has {len(values)} entries where {ends[-1] if len(ends) else 0} are expected")
    return np.split(values, ends[:-1])
