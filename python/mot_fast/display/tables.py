"""Plans between layers, or between parts, as the tables of pandas and xarray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64
from mot_fast.measures.coupling import coupling
from mot_fast.system import optional

if TYPE_CHECKING:
    import pandas
    import xarray


def pairs(what: str, labels: tuple[Sequence[str], Sequence[str]], plan: F64, costs: F64) -> pandas.DataFrame:
    """One row for each pair of source and target, their labels in order, with the weights of couplings.

    Parameters
    ----------
    what : str
        "layer" or "part", whose labels they are.
    labels : two sequences of str
        Of the n sources and the m targets.
    plan, costs : arrays, `(n, m)`

    Raises
    ------
    ImportError
        If pandas is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> pairs("layer", (["x"], ["y", "z"]), np.array([[0.5, 0.5]]), np.array([[0.1, 0.3]]))
      source_layer target_layer  cost  mass  single_best  pairwise_best
    0            x            y   0.1   0.5          1.0            1.0
    1            x            z   0.3   0.5          0.0            0.0
    """
    frames = optional.pandas()
    columns: dict[str, Any] = {
        # Ordered, or whoever sorts or pivots them would have layer10 before layer2.
        f"{side}_{what}": frames.Categorical.from_codes(codes.ravel(), categories=list(names), ordered=True)
        for side, codes, names in zip(("source", "target"), np.indices(plan.shape), labels, strict=True)
    }
    columns |= {"cost": costs.ravel(), "mass": plan.ravel()}
    columns |= {name: coupling(name, plan, costs).ravel() for name in ("single_best", "pairwise_best")}
    return frames.DataFrame(columns)


def grid(
    dimensions: Mapping[str, Sequence[str | int]], variables: Mapping[str, F64], attributes: Mapping[str, float | str]
) -> xarray.Dataset:
    """Arrays over the same labelled dimensions, with copies of their numbers.

    Raises
    ------
    ImportError
        If xarray is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> dataset = grid({"source_layer": ["x"], "target_layer": ["y", "z"]}, {"costs": np.ones((1, 2))}, {"cost": 1.0})
    >>> float(dataset.costs.sel(source_layer="x", target_layer="z"))
    1.0
    """
    arrays = {name: (tuple(dimensions), values.copy()) for name, values in variables.items()}
    coordinates = {name: list(labels) for name, labels in dimensions.items()}
    return optional.xarray().Dataset(arrays, coordinates, dict(attributes))
