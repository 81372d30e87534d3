"""Labelled arrays of xarray as layers: assemblies as Brain-Score makes them, and datasets, cut by layer or region."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np

from mot_fast._validate import Index

LAYER_NAMES = ("layer", "region")
"""Coordinates of units whose values are labels of layers."""
STIMULUS_NAMES = ("stimulus_id", "image_id")
"""Coordinates of stimuli that identify them, in place of all coordinates of an index together."""
STIMULUS_DIMENSION = "presentation"
_TIME_DIMENSION = "time_bin"


def is_labelled(value: Any) -> bool:
    """Whether a value is an array of xarray."""
    xarray = sys.modules.get("xarray")  # such an array exists only if xarray is loaded
    return xarray is not None and isinstance(value, xarray.DataArray)


def by_layer(source: Any, what: str) -> Any:
    """Cut an array or a dataset of xarray into an array for each layer; return other values unchanged.

    Layers are the values of a coordinate of the units, "layer" or "region", in the order in which they come first. An
    array without such a coordinate is one layer. Those of several variables are called "variable/layer".

    Raises
    ------
    ValueError
        If both coordinates are there and cut otherwise, or a unit has no value.
    """
    if is_labelled(source):
        name = "layer0" if source.name is None else str(source.name)
        return dict(_layers_of(source, name, what, is_only=True))
    xarray = sys.modules.get("xarray")
    if xarray is None or not isinstance(source, xarray.Dataset):
        return source
    variables = source.data_vars.items()
    is_only = len(variables) == 1
    parts = [part for name, values in variables for part in _layers_of(values, str(name), what, is_only=is_only)]
    labels = [label for label, _ in parts]
    for k, label in enumerate(labels):
        if label in labels[:k]:
            raise ValueError(f"{what}: expected distinct layer labels, found '{label}' twice")
    return dict(parts)


def in_two_dimensions(values: Any, what: str) -> Any:
    """A labelled array without its dimension of time bins, if it has one bin; other values unchanged.

    Raises
    ------
    ValueError
        If there are several time bins.
    """
    if not is_labelled(values) or _TIME_DIMENSION not in values.dims:
        return values
    n_bins = values.sizes[_TIME_DIMENSION]
    if n_bins != 1:
        raise ValueError(
            f"{what}: expected one time bin, found {n_bins} along '{_TIME_DIMENSION}'; choose one, "
            f".isel({_TIME_DIMENSION}=0), or their mean, .mean('{_TIME_DIMENSION}')"
        )
    return values.isel({_TIME_DIMENSION: 0})


def stimulus_index(values: Any) -> Any:
    """Index of pandas with the names of the stimuli, which are the first dimension; None if they have none."""
    dimension = values.dims[0]
    for name in STIMULUS_NAMES:
        coordinate = values.coords.get(name)
        if coordinate is not None and coordinate.dims == (dimension,):
            pandas = sys.modules["pandas"]  # which xarray stands on
            return pandas.Index(coordinate.values)
    return values.indexes.get(dimension)


def _layers_of(values: Any, name: str, what: str, *, is_only: bool) -> Iterator[tuple[str, Any]]:
    """Labels and arrays of the layers in one array, units last if it is known which they are."""
    cut = _cut(values, f"{what}, '{name}'")
    if cut is None:
        yield name, values
        return
    dimension, positions = cut
    values = values.transpose(..., dimension)
    for label, at in positions.items():
        where = slice(int(at[0]), int(at[-1]) + 1) if np.ptp(at) + 1 == len(at) else at
        yield (label if is_only else f"{name}/{label}"), values.isel({dimension: where})


def _cut(values: Any, what: str) -> tuple[Hashable, Mapping[str, Index]] | None:
    """The dimension of the units, and the positions of each layer's units along it; None without such a coordinate."""
    found: dict[str, tuple[Hashable, dict[str, Index]]] = {}
    for name in LAYER_NAMES:
        coordinate = values.coords.get(name)
        if coordinate is not None and coordinate.ndim == 1 and coordinate.dims[0] != STIMULUS_DIMENSION:
            found[name] = coordinate.dims[0], _positions(coordinate.values, f"{what}, coordinate '{name}'")
    several = {name: cut for name, cut in found.items() if len(cut[1]) > 1} or found
    if len(several) > 1 and len({_shape_of(*cut) for cut in several.values()}) > 1:
        raise ValueError(
            f"{what}: expected one coordinate that says which layer a unit is of, found {' and '.join(several)}, which "
            "do not cut alike; choose the layers as in {name: array.sel(region=name) for name in ...}"
        )
    return next(iter(several.values()), None)


def _shape_of(dimension: Hashable, positions: Mapping[str, Index]) -> tuple[Hashable, tuple[bytes, ...]]:
    return dimension, tuple(each.tobytes() for each in positions.values())


def _positions(labels: Any, what: str) -> dict[str, Index]:
    """Positions of each label, in the order of the first ones."""
    pandas = sys.modules["pandas"]
    is_missing = pandas.isna(labels)
    if is_missing.any():
        raise ValueError(f"{what}: expected a value for every unit, found none for unit {int(np.argmax(is_missing))}")
    codes, distinct = pandas.factorize(np.array([str(label) for label in labels], dtype=object))
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return dict(zip(distinct, parts, strict=True))
