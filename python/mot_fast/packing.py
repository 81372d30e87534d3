"""Plans and traces of many pairs of layers as a few flat arrays, and back: what files and other processes are given.

Of the unit plans, in row-major order of layer pairs and end to end: `cost` and `certificate` of each pair, the number
of `entries`, their `row`, `column` and `mass`, and the potentials `u` and `v`. With rotations: `alternations` of each
pair, and their residuals end to end in `trace`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mot_fast._validate import F64, Array
from mot_fast.network import Network
from mot_fast.record import Side
from mot_fast.transport import Certificate, UnitPlan

TYPES = {"entries": "int64", "row": "int32", "column": "int32", "alternations": "int64"}
"""Of those arrays that are not float64."""
Layers = Network | Side
"""What has labels and widths."""


def pack_plans(plans: Sequence[UnitPlan]) -> dict[str, Array]:
    """Of every pair, in row-major order."""
    return {
        "cost": np.array([plan.cost for plan in plans]),
        "certificate": pack_certificates([plan.certificate for plan in plans]),
        "entries": np.array([plan.nnz for plan in plans], dtype=np.int64),
        "row": np.concatenate([plan.rows for plan in plans]),
        "column": np.concatenate([plan.columns for plan in plans]),
        "mass": np.concatenate([plan.mass for plan in plans]),
        "u": np.concatenate([plan.u for plan in plans]),
        "v": np.concatenate([plan.v for plan in plans]),
    }


def pack_certificates(certificates: Sequence[Certificate]) -> F64:
    """Their figures, `(n, 5)`."""
    return np.array([certificate.figures for certificate in certificates])


def pack_traces(traces: Sequence[F64]) -> dict[str, Array]:
    """Of every pair, in row-major order."""
    return {"alternations": np.array([len(trace) for trace in traces], np.int64), "trace": np.concatenate(traces)}


def unpack_plans(arrays: Mapping[str, Array], source: Layers, target: Layers) -> list[UnitPlan]:
    """The plans between all layers of two networks, row-major; `ValueError` where the arrays hold something else."""
    n_pairs = len(source.labels) * len(target.labels)
    check_shapes(arrays, {"cost": (n_pairs,), "certificate": (n_pairs, 5), "entries": (n_pairs,)})
    pairs = [(l, m) for l in range(len(source.labels)) for m in range(len(target.labels))]
    widths = source.widths, target.widths
    shapes = [(widths[0][l], widths[1][m]) for l, m in pairs]
    row, column, mass = (cut(arrays[name], arrays["entries"]) for name in ("row", "column", "mass"))
    u = cut(arrays["u"], [n for n, _ in shapes])
    v = cut(arrays["v"], [n for _, n in shapes])
    return [
        UnitPlan(
            **_entries(row[p], column[p], mass[p], shapes[p]),
            cost=float(arrays["cost"][p]),
            u=u[p],
            v=v[p],
            certificate=Certificate(*map(float, arrays["certificate"][p])),
            source=source.labels[l],
            target=target.labels[m],
        )
        for p, (l, m) in enumerate(pairs)
    ]


def unpack_traces(arrays: Mapping[str, Array], n_pairs: int) -> list[F64]:
    """Of every pair, row-major."""
    check_shapes(arrays, {"alternations": (n_pairs,)})
    traces = cut(arrays["trace"], arrays["alternations"])
    if min(map(len, traces)) < 1:
        raise ValueError("it holds a trace of no alternations")
    return traces


def check_types(arrays: Mapping[str, Array], types: Mapping[str, str] = TYPES) -> None:
    """All finite numbers, in double precision but for those of another type."""
    for name, values in arrays.items():
        expected = types.get(name, "float64")
        if values.dtype != expected or not np.isfinite(values).all():
            raise ValueError(f"'{name}' holds something else than finite {expected} numbers")


def check_shapes(arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Those of some of the arrays."""
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"'{name}' has shape {arrays[name].shape} instead of {shape}")


def in_rows(values: Sequence[Any], n_target: int) -> tuple[tuple[Any, ...], ...]:
    """One tuple a source layer."""
    return tuple(tuple(values[k : k + n_target]) for k in range(0, len(values), n_target))


def cut(values: Array, lengths: Sequence[int] | Array) -> list[Array]:
    """An array's pieces of these lengths, which must use it up."""
    lengths = [int(length) for length in lengths]  # whose sums do not overflow
    if values.ndim != 1 or min(lengths, default=0) < 0 or len(values) != sum(lengths):
        raise ValueError(f"an array has shape {values.shape} where {sum(lengths)} entries are expected")
    return np.split(values, np.cumsum(lengths)[:-1]) if lengths else []


def _entries(rows: Array, columns: Array, mass: Array, shape: tuple[int, int]) -> dict[str, Array]:
    for index, n in zip((rows, columns), shape, strict=True):
        if (index < 0).any() or (index >= n).any():
            raise ValueError(f"a plan has entries outside its shape {shape}")
    if (np.diff(rows.astype(np.int64) * shape[1] + columns) <= 0).any():
        raise ValueError("the entries of a plan are out of order")
    if (mass <= 0).any():
        raise ValueError("a plan has entries without mass")
    return {"rows": rows, "columns": columns, "mass": mass}
