"""What the rows of data frames and labelled arrays are called, and whether two arrays' rows contradict each other."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mot_fast._validate import Index
from mot_fast.networks import frames


@dataclass(frozen=True, eq=False)
class RowNames:
    """What is known of the names of rows."""

    labels: Sequence[Hashable] | None = None
    """One a row, where there are any."""
    levels: tuple[Hashable, ...] = ()
    """Of labels of several parts: what the parts are."""
    is_counted: bool = False
    """Whether the labels are no more than the rows' numbers from 0 on, which everybody's are."""
    dimension: Hashable = None
    """What the rows as a whole are called."""
    unit_dimensions: frozenset[Hashable] = frozenset()
    """What the columns of a network's layers are called as a whole."""

    def select(self, rows: Index | None) -> RowNames:
        """Those of some of the rows."""
        if rows is None or self.labels is None:
            return self
        return replace(self, labels=[self.labels[row] for row in rows])

    def contradiction(self, other: RowNames) -> str | None:
        """How the other rows differ from these; None where they do not, or nobody can tell.

        Rows that are only counted may be any stimuli, but they are not those of the other array in another order.
        """
        for one, two in ((self, other), (other, self)):
            if one.dimension in two.unit_dimensions and one.dimension not in one.unit_dimensions:
                return f"the dimension '{one.dimension}' to be stimuli in one and units in the other"
        if self.labels is None or other.labels is None or self.levels != other.levels:
            return None
        pairs = enumerate(zip(self.labels, other.labels, strict=False))
        different = next(((k, a, b) for k, (a, b) in pairs if a != b), None)
        if different is None:
            return None
        is_reordered = Counter(map(repr, self.labels)) == Counter(map(repr, other.labels))
        if not is_reordered and (self.is_counted or other.is_counted):
            return None
        row, mine, others = different
        how = "the same ones in another order" if is_reordered else "others"
        return f"{how} by their index, first {mine!r} and {others!r} in row {row}"


def with_stimuli_first(arrays: Mapping[str, Any], what: str) -> tuple[dict[str, Any], RowNames | None]:
    """Labelled arrays of one network with the dimension that they share in front, and what their rows are called.

    Raises
    ------
    ValueError
        If that could be either dimension, or the rows of two arrays contradict each other.
    """
    labelled = {label: values for label, values in arrays.items() if _is_labelled(values) and values.ndim == 2}
    dimension = _shared_dimension(labelled, what)
    found = dict(arrays)
    if dimension is not None:
        labelled = {label: values.transpose(dimension, ...) for label, values in labelled.items()}
        found.update(labelled)
    indexes = {label: values.index for label, values in arrays.items() if frames.is_frame(values)}
    indexes |= {label: values.indexes.get(values.dims[0]) for label, values in labelled.items()}
    units = frozenset(name for values in labelled.values() for name in values.dims[1:])
    names = _agreed({label: index for label, index in indexes.items() if index is not None}, what)
    if not labelled and names is None:
        return found, None
    return found, replace(names or RowNames(), dimension=dimension, unit_dimensions=units)


def _shared_dimension(labelled: Mapping[str, Any], what: str) -> Hashable:
    """The name of the stimuli's dimension: the first of all arrays, or the only one that all of them have."""
    dims = [values.dims for values in labelled.values()]
    if len({each[0] for each in dims}) < 2:
        return dims[0][0] if dims else None
    shared = [name for name in dims[0] if all(name in each for each in dims)]
    shared = [name for name in shared if len({values.sizes[name] for values in labelled.values()}) == 1]
    if len(shared) > 1:
        raise ValueError(
            f"{what}: expected one dimension that all layers share, the stimuli, found {', '.join(map(repr, shared))} "
            "in different orders; transpose them so that stimuli come first"
        )
    return shared[0] if shared else None


def _agreed(indexes: Mapping[str, Any], what: str) -> RowNames | None:
    """What the rows of a network's layers are called; an index is looked at once, as a frame's layers share theirs."""
    seen: dict[int, tuple[str, RowNames]] = {}
    for label, index in indexes.items():
        if id(index) not in seen:
            seen[id(index)] = label, _names(index)
    found = sorted(seen.values(), key=lambda each: each[1].is_counted)
    for label, names in found[1:]:
        if (how := found[0][1].contradiction(names)) is not None:
            raise ValueError(f"{what}: expected the same stimuli in layers '{found[0][0]}' and '{label}', found {how}")
    return found[0][1] if found else None


def _names(index: Any) -> RowNames:
    parts = [index.get_level_values(level) for level in range(index.nlevels)]
    lists = [
        [None if is_missing else label for label, is_missing in zip(part.tolist(), part.isna(), strict=True)]
        for part in parts
    ]
    labels: list[Any] = lists[0] if len(lists) == 1 else list(zip(*lists, strict=True))
    levels = () if len(lists) == 1 else tuple(index.names)
    return RowNames(labels, levels, is_counted=labels == list(range(len(labels))))


def _is_labelled(value: Any) -> bool:
    xarray = sys.modules.get("xarray")  # whoever has such an array has loaded it
    return xarray is not None and isinstance(value, xarray.DataArray)
