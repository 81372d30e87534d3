"""Packs the plans and traces of many pairs of layers into a few flat arrays, for files and other processes, and back.

The arrays of unit plans hold all pairs of layers end to end, in row-major order: the `cost` and `certificate` of each
pair, its number of `entries`, their `row`, `column` and `mass`, and the potentials `u` and `v`. With rotations there
are two more: the number of `alternations` of each pair, and their residuals in `trace`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from reprlib import repr as shown
from typing import Any, TypeVar, overload

import numpy as np

from mot_fast._core import Solutions
from mot_fast._validate import F64, Array, Index
from mot_fast.networks.network import Network
from mot_fast.networks.summary import NetworkSummary
from mot_fast.transport.transport import Certificate, UnitPlan

TYPES = {"entries": "int64", "row": "int32", "column": "int32", "alternations": "int64"}
"""Types of the packed arrays that are not float64."""
PLANS = {"cost", "certificate", "entries", "row", "column", "mass", "u", "v"}
"""Names of the arrays of unit plans."""
TRACES = {"alternations", "trace"}
"""Names of the arrays of traces."""
Layers = Network | NetworkSummary
"""The layers of a network, of which labels and widths are needed."""
Item = TypeVar("Item")


def pack_plans(plans: Sequence[UnitPlan]) -> dict[str, Array]:
    """Pack the plans of every pair, which are given in row-major order."""
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


def pack_solutions(solutions: Solutions) -> dict[str, Array]:
    """Pack the plans of the core's solutions, which hold no plans afterwards."""
    names = "entries", "row", "column", "mass", "u", "v"
    figures = {"cost": solutions.costs, "certificate": solutions.certificates}
    return {**figures, **dict(zip(names, solutions.take_plans(), strict=True))}


def pack_certificates(certificates: Sequence[Certificate]) -> F64:
    """Pack certificates as a matrix of their figures, `(n, 5)`."""
    return np.array([certificate.figures for certificate in certificates])


def pack_traces(traces: Sequence[F64]) -> dict[str, Array]:
    """Pack the traces of every pair, which are given in row-major order."""
    return {"alternations": np.array([len(trace) for trace in traces], np.int64), "trace": np.concatenate(traces)}


def most_bytes(source: Layers, target: Layers, iterations: int = 0) -> int:
    """Most bytes that packed plans take with their names and headers, and traces of so many alternations.

    The entries of an optimal plan are fewer than the units on both sides; twice as many are left to be refused.
    """
    n_pairs = len(source.widths) * len(target.widths)
    n_units = len(target.widths) * sum(source.widths) + len(source.widths) * sum(target.widths)
    return 2**16 + 48 * n_units + n_pairs * (128 + 8 * iterations)


class PackedPlans(Sequence[UnitPlan]):
    """The plans between all layers of two networks, in row-major order, each made of its arrays when it is asked for.

    Many small plans in memory would take many times what their numbers take.

    Parameters
    ----------
    arrays : mapping
        Arrays that `pack_plans` made, of the types in `TYPES`.
    source, target : Network or NetworkSummary
        The networks whose layers the plans are between.
    are_kept : bool
        Whether a plan that has been asked for is kept, so that it is the same object when it is asked for again.
    are_solved : bool
        Whether the core has just made the arrays: then their entries are in order, and need no check.

    Raises
    ------
    ValueError
        If the arrays are not plans between these layers.
    """

    def __init__(
        self,
        arrays: Mapping[str, Array],
        source: Layers,
        target: Layers,
        *,
        are_kept: bool = False,
        are_solved: bool = False,
    ) -> None:
        self._kept: dict[int, UnitPlan] | None = {} if are_kept else None
        self._labels = source.labels, target.labels
        shape = len(source.labels), len(target.labels)
        n_pairs = shape[0] * shape[1]
        check_shapes(arrays, {"cost": (n_pairs,), "certificate": (n_pairs, 5), "entries": (n_pairs,)})
        widths = np.array(source.widths, np.int64), np.array(target.widths, np.int64)
        self.arrays = arrays
        self.pair_layers = np.divmod(np.arange(n_pairs), shape[1])
        """Positions of the source layer and the target layer of each pair."""
        self.source_starts, self.target_starts = map(_starts, widths)
        """Positions of the first unit of each layer among the units of all layers."""
        self.u_starts = starts(arrays["u"], widths[0][self.pair_layers[0]])
        self.v_starts = starts(arrays["v"], widths[1][self.pair_layers[1]])
        self.entry_starts = starts(arrays["row"], arrays["entries"])
        for name in ("column", "mass"):
            check_shapes(arrays, {name: arrays["row"].shape})
        if not are_solved:
            self._check_entries(*(widths[k][self.pair_layers[k]] for k in (0, 1)))

    def _check_entries(self, heights: Array, widths: Array) -> None:
        rows, columns = self.arrays["row"], self.arrays["column"]
        pair = np.repeat(np.arange(len(self)), np.diff(self.entry_starts))
        for index, most in ((rows, heights), (columns, widths)):
            for k in np.flatnonzero((index < 0) | (index >= most[pair]))[:1]:
                shape = int(heights[pair[k]]), int(widths[pair[k]])
                raise ValueError(f"a plan has entries outside its shape {shape}")
        place = rows.astype(np.int64) * widths[pair] + columns
        if ((np.diff(place) <= 0) & (np.diff(pair) == 0)).any():
            raise ValueError("the entries of a plan are out of order")
        if not (self.arrays["mass"] > 0).all():
            raise ValueError("a plan has entries without mass")

    def labels(self, p: int) -> tuple[str, str]:
        """Labels of the two layers of a pair."""
        l, m = divmod(p, len(self._labels[1]))
        return self._labels[0][l], self._labels[1][m]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": None if self._kept is None else {}}

    def __len__(self) -> int:
        return len(self.pair_layers[0])

    @overload
    def __getitem__(self, p: int) -> UnitPlan: ...
    @overload
    def __getitem__(self, p: slice) -> list[UnitPlan]: ...
    def __getitem__(self, p: int | slice) -> UnitPlan | list[UnitPlan]:
        if isinstance(p, slice):
            return [self[k] for k in range(*p.indices(len(self)))]
        p = range(len(self))[p]
        if self._kept is None:
            return self._make(p)
        return self._kept.get(p) or self._kept.setdefault(p, self._make(p))

    def _make(self, p: int) -> UnitPlan:
        of_entries, of_u, of_v = (
            slice(each[p], each[p + 1]) for each in (self.entry_starts, self.u_starts, self.v_starts)
        )
        source, target = self.labels(p)
        return UnitPlan(
            rows=self.arrays["row"][of_entries],
            columns=self.arrays["column"][of_entries],
            mass=self.arrays["mass"][of_entries],
            cost=float(self.arrays["cost"][p]),
            u=self.arrays["u"][of_u],
            v=self.arrays["v"][of_v],
            certificate=Certificate(*map(float, self.arrays["certificate"][p])),
            source=source,
            target=target,
        )


class Pieces(Sequence[Array]):
    """Pieces of a flat array, each made when it is asked for; their lengths must use the array up."""

    def __init__(self, values: Array, lengths: Sequence[int] | Array) -> None:
        self.values = values
        self.starts = starts(values, lengths)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, k: int) -> Array: ...
    @overload
    def __getitem__(self, k: slice) -> list[Array]: ...
    def __getitem__(self, k: int | slice) -> Array | list[Array]:
        if isinstance(k, slice):
            return [self[each] for each in range(*k.indices(len(self)))]
        k = range(len(self))[k]
        return np.asarray(self.values[self.starts[k] : self.starts[k + 1]])


class Row(Sequence[Item]):
    """Some consecutive items of a sequence, none of which is made before it is asked for."""

    def __init__(self, items: Sequence[Item], places: range) -> None:
        self._items, self._places = items, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, k: int) -> Item: ...
    @overload
    def __getitem__(self, k: slice) -> list[Item]: ...
    def __getitem__(self, k: int | slice) -> Item | list[Item]:
        found = self._places[k]
        return [self._items[each] for each in found] if isinstance(found, range) else self._items[found]


def unpack_traces(arrays: Mapping[str, Array], n_pairs: int) -> Pieces:
    """Unpack the traces of every pair, in row-major order."""
    check_shapes(arrays, {"alternations": (n_pairs,)})
    traces = Pieces(arrays["trace"], arrays["alternations"])
    if arrays["alternations"].min() < 1:
        raise ValueError("it holds a trace of no alternations")
    if (arrays["trace"] < 0).any():
        raise ValueError("it holds residuals below 0")
    return traces


def least(values: Array, lengths: Array) -> F64:
    """The least value of every piece of an array, given the lengths of the pieces, none of which is empty."""
    return np.asarray(np.minimum.reduceat(values, _starts(lengths)[:-1]))


def check_names(arrays: Mapping[str, Array], expected: Collection[str], optional: Collection[str] = ()) -> None:
    """Raise `ValueError` if an array is missing, or if there is one that nothing would read."""
    for name in sorted(set(expected) - arrays.keys()):
        raise ValueError(f"it lacks '{name}'")
    for name in sorted(arrays.keys() - set(expected) - set(optional)):
        raise ValueError(f"it holds {shown(name)}, which has no place in it")


def check_types(arrays: Mapping[str, Array], types: Mapping[str, str] = TYPES) -> None:
    """Raise `ValueError` unless all arrays hold finite numbers of their types, float64 where `types` names no other."""
    for name, values in arrays.items():
        expected = types.get(name, "float64")
        if values.dtype != expected or not np.isfinite(values).all():
            raise ValueError(f"'{name}' holds something else than finite {expected} numbers")


def check_shapes(arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise `ValueError` unless the arrays named have the shapes given."""
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"'{name}' has shape {arrays[name].shape} instead of {shape}")


def in_rows(values: Sequence[Item], n_target: int) -> tuple[Row[Item], ...]:
    """Cut a row-major sequence over pairs of layers into rows, one for each source layer."""
    return tuple(Row(values, range(k, k + n_target)) for k in range(0, len(values), n_target))


def starts(values: Array, lengths: Sequence[int] | Array) -> Index:
    """Positions where the pieces of an array begin, and the last one ends; their lengths must use the array up."""
    found = np.asarray(lengths, dtype=np.int64)
    is_sum_safe = len(found) == 0 or (found.min() >= 0 and found.max() <= len(values))  # then it does not overflow
    if values.ndim != 1 or not is_sum_safe or found.sum() != len(values):
        n_expected = sum(map(int, lengths))
        raise ValueError(f"an array has shape {values.shape} where {n_expected} entries are expected")
    return _starts(found)


def _starts(lengths: Array) -> Index:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
