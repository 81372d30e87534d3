"""Tables of results: for pandas and xarray, in Markdown, and as aligned text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast._validate import F64
from mot_fast.display.escaping import markdown_cell
from mot_fast.measures.coupling import coupling
from mot_fast.system import optional

if TYPE_CHECKING:
    import pandas
    import xarray


def pairs(what: str, labels: tuple[Sequence[str], Sequence[str]], plan: F64, costs: F64) -> pandas.DataFrame:
    """A pandas table of a plan: one row for each pair of source and target, in order, with the weights of couplings.

    Parameters
    ----------
    what : str
        Word for what the labels name, "layer" or "part".
    labels : two sequences of str
        Labels of the n sources and of the m targets.
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
        # Ordered categories: sorted or pivoted as text, layer10 would come before layer2.
        f"{side}_{what}": frames.Categorical.from_codes(codes.ravel(), categories=list(names), ordered=True)
        for side, codes, names in zip(("source", "target"), np.indices(plan.shape), labels, strict=True)
    }
    columns |= {"cost": costs.ravel(), "mass": plan.ravel()}
    columns |= {name: coupling(name, plan, costs).ravel() for name in ("single_best", "pairwise_best")}
    return frames.DataFrame(columns)


def dataset(
    dimensions: Mapping[str, Sequence[str | int]], variables: Mapping[str, F64], attributes: Mapping[str, float | str]
) -> xarray.Dataset:
    """An xarray data set of variables over the same labelled dimensions; the numbers are copied.

    Raises
    ------
    ImportError
        If xarray is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> made = dataset({"source_layer": ["x"], "target_layer": ["y", "z"]}, {"costs": np.ones((1, 2))}, {"cost": 1.0})
    >>> float(made.costs.sel(source_layer="x", target_layer="z"))
    1.0
    """
    arrays = {name: (tuple(dimensions), values.copy()) for name, values in variables.items()}
    coordinates = {name: list(labels) for name, labels in dimensions.items()}
    return optional.xarray().Dataset(arrays, coordinates, dict(attributes))


def markdown_table(cells: list[list[str]], n_left: int) -> list[str]:
    """Lines of a table in Markdown, which shows the cells to the letter, whatever they hold; see `aligned_table`."""
    return aligned_table([list(map(markdown_cell, row)) for row in cells], n_left)


def aligned_table(cells: list[list[str]], n_left: int) -> list[str]:
    r"""Lines of a table whose first row is the head; the first `n_left` columns are aligned left, the others right.

    Examples
    --------
    >>> print("\n".join(aligned_table([["layer", "units"], ["V1", "64"]], n_left=1)))
    | layer | units |
    | ----- | ----: |
    | V1    |    64 |
    """
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["-" * width if k < n_left else "-" * (width - 1) + ":" for k, width in enumerate(widths)]
    return [
        "| " + " | ".join(f"{cell:{'<' if k < n_left else '>'}{widths[k]}}" for k, cell in enumerate(row)) + " |"
        for row in (cells[0], rule, *cells[1:])
    ]


def number(value: float) -> str:
    """A number as tables show it; an empty text where there is none."""
    return "" if np.isnan(value) else f"{value:.3f}"


def with_sd(value: float, sd: float) -> str:
    """Value and standard deviation as a table shows them; an empty text where there is no value."""
    if np.isnan(value):
        return ""
    return f"{value:.3f}" if np.isnan(sd) else f"{value:.3f} +- {sd:.3f}"


def p_text(p: float) -> str:
    """A p-value as tables show it: three digits, and no more than that it is very small; an empty text without one."""
    return "" if np.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3g}"
