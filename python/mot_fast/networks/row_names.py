"""Names of the rows of data frames and labelled arrays, which must agree between the layers and networks of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mot_fast._validate import Index
from mot_fast.networks import frames
from mot_fast.networks.labelled_arrays import STIMULUS_DIMENSION, in_two_dimensions, is_labelled, stimulus_index


@dataclass(frozen=True, eq=False)
class RowNames:
    """Names of the rows of an array, as far as they are known."""

    labels: Sequence[Hashable] | None = None
    """Names of the rows; None if they have none."""
    levels: tuple[Hashable, ...] = ()
    """Names of the index levels, if the index has several."""
    is_counted: bool = False
    """Whether the labels are the default index 0, 1, 2, ..., which does not identify the stimuli."""
    dimension: Hashable = None
    """Name of the dimension that holds the rows."""
    unit_dimensions: frozenset[Hashable] = frozenset()
    """Names of the dimensions that hold the units of the layers."""

    def select(self, rows: Index | None) -> RowNames:
        """Names of some of the rows."""
        if rows is None or self.labels is None:
            return self
        return replace(self, labels=[self.labels[row] for row in rows])

    def contradiction(self, other: RowNames) -> str | None:
        """Describe how the names of other rows differ from these; None if no difference is known.

        Rows with a default index may be any stimuli, but not those of the other array in another order.
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
    """Transpose labelled arrays so that the dimension that they share comes first, and collect the names of the rows.

    Raises
    ------
    ValueError
        If the arrays share both dimensions, or the names of two arrays contradict each other.
    """
    found = {label: in_two_dimensions(values, f"{what}, layer '{label}'") for label, values in arrays.items()}
    labelled = {label: values for label, values in found.items() if is_labelled(values) and values.ndim == 2}
    dimension = _shared_dimension(labelled, what)
    if dimension is not None:
        labelled = {label: values.transpose(dimension, ...) for label, values in labelled.items()}
        found.update(labelled)
    indexes = {label: values.index for label, values in arrays.items() if frames.is_frame(values)}
    indexes |= {label: stimulus_index(values) for label, values in labelled.items()}
    units = frozenset(name for values in labelled.values() for name in values.dims[1:])
    names = _agreed({label: index for label, index in indexes.items() if index is not None}, what)
    if not labelled and names is None:
        return found, None
    return found, replace(names or RowNames(), dimension=dimension, unit_dimensions=units)


def _shared_dimension(labelled: Mapping[str, Any], what: str) -> Hashable:
    """Name of the dimension of the stimuli: "presentation", or the first one, or the only one that all arrays share."""
    dims = [values.dims for values in labelled.values()]
    if dims and all(STIMULUS_DIMENSION in each for each in dims):
        return STIMULUS_DIMENSION
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
    """Names of the rows of all layers; `ValueError` if two indexes differ.

    An index is read once, since the layers of a data frame share theirs.
    """
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
    """Names in an index of pandas."""
    parts = [index.get_level_values(level) for level in range(index.nlevels)]
    lists = [
        [None if is_missing else label for label, is_missing in zip(part.tolist(), part.isna(), strict=True)]
        for part in parts
    ]
    labels: list[Any] = lists[0] if len(lists) == 1 else list(zip(*lists, strict=True))
    levels = () if len(lists) == 1 else tuple(index.names)
    return RowNames(labels, levels, is_counted=labels == list(range(len(labels))))
