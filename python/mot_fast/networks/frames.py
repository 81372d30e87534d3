"""Activations in data frames of pandas, whose rows are stimuli and whose columns are units of layers."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Array
from mot_fast.system import optional

if TYPE_CHECKING:
    import pandas

LEVELS = ["layer", "unit"]


class DataFrame(Protocol):
    """The attributes of `pandas.DataFrame` that are used here; pandas itself may not be installed."""

    @property
    def columns(self) -> Any:
        """Labels of the columns."""

    @property
    def iloc(self) -> Any:
        """Indexer that selects rows and columns by position."""

    def to_numpy(self) -> Array:
        """Return all numbers as an array."""


def frame(labels: Sequence[str], layers: Sequence[Array]) -> pandas.DataFrame:
    """Join layers side by side into a data frame, each layer in its own type."""
    frames = optional.pandas()
    parts = [frames.DataFrame(values) for values in layers]
    return frames.concat(parts, axis="columns", keys=labels, names=LEVELS)


def is_network(value: Any) -> bool:
    """Whether a value is a data frame of several layers, instead of the units of one layer."""
    return is_frame(value) and value.columns.nlevels > 1


def by_layer(source: Any, what: str) -> Any:
    """Split a data frame into a frame for each layer, in the order of first columns; return other values unchanged."""
    if not is_frame(source):
        return source
    if source.columns.nlevels != len(LEVELS):
        raise ValueError(
            f"{what}: expected a data frame whose columns have two levels, (layer, unit), found "
            f"{source.columns.nlevels}; the units of one layer are given in a list or a mapping"
        )
    names = list(source.columns.names)
    level = names.index(LEVELS[0]) if names.count(LEVELS[0]) == 1 else 0
    codes, labels = source.columns.get_level_values(level).factorize(use_na_sentinel=False)
    columns = (np.flatnonzero(codes == k) for k in range(len(labels)))
    return {
        label: source.iloc[:, slice(at[0], at[-1] + 1) if len(at) == np.ptp(at) + 1 else at]
        for label, at in zip(labels, columns, strict=True)
    }


def is_frame(value: Any) -> bool:
    """Whether a value is a data frame of pandas."""
    pandas = sys.modules.get("pandas")  # a frame exists only if pandas is loaded
    return pandas is not None and isinstance(value, pandas.DataFrame)


def numbers(value: Any, what: str, *, is_missing_nan: bool = False) -> Any:
    """Numbers of a data frame, without a copy if they lie in one block; other values are returned unchanged.

    Columns of different types are validated and converted to floats one by one, since pandas would round large
    integers. Columns of nullable types are accepted if they lack no number, or if a missing one shall be NaN.

    Raises
    ------
    TypeError, ValueError
        If a column holds no real numbers, or lacks one.
    """
    if not is_frame(value):
        return value
    kinds = set(value.dtypes)
    if not kinds or (len(kinds) == 1 and isinstance(next(iter(kinds)), np.dtype)):
        return value.to_numpy()
    names = list(value.columns)
    return np.stack(
        [_column(value.iloc[:, k], names[k], what, is_missing_nan=is_missing_nan) for k in range(len(names))], axis=1
    )


def _column(column: Any, name: Hashable, what: str, *, is_missing_nan: bool) -> Array:
    kind = column.dtype
    if not isinstance(kind, np.dtype):  # nullable and Arrow types know their type of numpy, sparse types contain it
        kind = kind.subtype if hasattr(kind, "fill_value") else getattr(kind, "numpy_dtype", None)
    if not isinstance(kind, np.dtype) or kind.kind not in "fiub":
        raise TypeError(f"{what}: expected real numbers, found {column.dtype} in column {name!r}")
    if not isinstance(column.dtype, np.dtype) and (missing := column.isna().to_numpy()).any():
        if is_missing_nan:  # a unit with NaN is left out, and its other numbers with it
            return np.full(len(column), np.nan)
        row = column.index[int(missing.argmax())]
        raise ValueError(f"{what}: expected every number, found none in column {name!r} at row {row!r}")
    return _validate.activations(column.to_numpy(dtype=kind), f"{what}, column {name!r}")
