"""Activations as data frames, whose columns name a layer and a unit, and whose rows are stimuli."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mot_fast import _optional
from mot_fast._validate import Array

if TYPE_CHECKING:
    import pandas

LEVELS = ["layer", "unit"]


class DataFrame(Protocol):
    """What is read of a data frame of pandas, whose types are not always there."""

    @property
    def columns(self) -> Any:
        """Names of the columns."""

    @property
    def iloc(self) -> Any:
        """Selects by position."""

    def to_numpy(self) -> Array:
        """All numbers."""


def frame(labels: Sequence[str], layers: Sequence[Array]) -> pandas.DataFrame:
    """The layers side by side, each in its own type."""
    frames = _optional.pandas()
    parts = [frames.DataFrame(values) for values in layers]
    return frames.concat(parts, axis="columns", keys=labels, names=LEVELS)


def is_network(value: Any) -> bool:
    """Whether it is a data frame of layers, not of one layer's units."""
    return _is_frame(value) and value.columns.nlevels > 1


def by_layer(source: Any, what: str) -> Any:
    """A data frame's layers as a mapping of arrays, in order of their first columns; anything else as it is.

    A layer shares the frame's memory where its columns stand together and the frame holds them in one block.
    """
    if not _is_frame(source):
        return source
    if source.columns.nlevels != len(LEVELS):
        raise ValueError(
            f"{what}: expected a data frame whose columns have two levels, (layer, unit), found "
            f"{source.columns.nlevels}; the units of one layer are given in a list or a mapping"
        )
    codes, labels = source.columns.get_level_values(0).factorize(use_na_sentinel=False)
    columns = (np.flatnonzero(codes == k) for k in range(len(labels)))
    return {
        label: source.iloc[:, slice(at[0], at[-1] + 1) if len(at) == np.ptp(at) + 1 else at].to_numpy()
        for label, at in zip(labels, columns, strict=True)
    }


def _is_frame(value: Any) -> bool:
    pandas = sys.modules.get("pandas")  # whoever has a frame has loaded it
    return pandas is not None and isinstance(value, pandas.DataFrame)
