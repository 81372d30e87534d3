"""`load`, which makes a network from arrays in memory or from a file, and the checks of pairs of networks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePath
from typing import Any, TypeGuard, TypeVar

import numpy as np

from mot_fast import _validate
from mot_fast._dlpack import ArrayLike
from mot_fast._warnings import TransposedLayersWarning, warn
from mot_fast.networks import frames
from mot_fast.networks.dropped_units import without_nan
from mot_fast.networks.files import hdf5
from mot_fast.networks.files.file_format import UnusableArray
from mot_fast.networks.frames import DataFrame
from mot_fast.networks.labelled_arrays import by_layer
from mot_fast.networks.netcdf import is_netcdf, opened
from mot_fast.networks.network import Layer, Network, Stimuli, same_stimuli
from mot_fast.networks.paths import contents
from mot_fast.networks.row_names import with_stimuli_first

Result = TypeVar("Result")
_MANY_COLUMNS, _MORE_COLUMNS, _FEW_ROWS = 20, 4, 16
"""Columns per row from which layers look transposed: `_MORE_COLUMNS` if there are fewer than `_FEW_ROWS` rows."""
Source = Network | Mapping[str, ArrayLike] | Sequence[ArrayLike] | DataFrame | str | bytes | os.PathLike[str]


def load(
    source: Source,
    name: str | None = None,
    *,
    layers: str | Sequence[str] | None = None,
    check_stimuli: bool = True,
    nan: str = "raise",
) -> Network:
    """Load a network from arrays in memory or from a file; its layers are read when they are needed.

    Parameters
    ----------
    source : mapping, sequence, data frame, path or Network
        The layers in depth order, each `(n_stimuli, n_units)`, as one of the following:

        - a mapping of labels to arrays, or a sequence of arrays;
        - an array or a dataset of xarray, such as an assembly of Brain-Score: units have their layer's label in a
          coordinate "layer" or "region", or each variable is a layer;
        - a data frame whose columns have two levels, (layer, unit), as `Network.to_pandas` returns it;
        - a folder of `.npy` files, or a folder that `mot_fast.extract` wrote;
        - a `.npz` file;
        - a `.safetensors` file, the `.safetensors.index.json` of several, or a folder with one such index;
        - an HDF5 file (`.h5`, `.hdf5`, or any file that holds HDF5; needs h5py) with all arrays in all groups;
        - a NetCDF file (`.nc`; needs xarray, and h5py and h5netcdf but for early versions), read as xarray's dataset;
        - a MATLAB file (`.mat`; version 7.3 needs h5py) with all full matrices, also those in structures;
        - a Zarr group (a folder, often `.zarr`; needs zarr) with all arrays in all groups.

        Arrays may be data frames, CPU arrays with DLPack, as those of torch and jax, whose memory is shared (bfloat16
        and float8, which numpy lacks, are copied to float32), or arrays of h5py, zarr, xarray or dask, which are read
        when needed. In arrays of xarray, the dimension "presentation", or the one that all layers share, or else the
        first, holds the stimuli; the coordinate "stimulus_id" or "image_id", or else the dimension's index, has their
        names.

        Layers of files are in natural order (`layer2` before `layer10`), unless the file keeps an order of its own
        that is not alphabetical (`.npz`; HDF5 that tracks the order; `mot_fast.extract`). Arrays in `.npy` and
        `.safetensors` files, and those in `.npz` and HDF5 files that are neither compressed nor in chunks, are
        memory-mapped (an array that is not aligned in the file is copied when it is read). Integers and booleans become
        float64 when they are read, bfloat16 and float8 become float32. The checksums of `.npz` files and of
        `mot_fast.extract` are compared if at least half of the stimuli of a layer are read.
    name : str, optional
        Name of the network in messages, tables and figures; by default the name of the file, or "network".
    layers : str or sequence of str, optional
        Labels, or shell patterns of labels (``"block*"``, ``["stem", "block*"]``), of the layers to load, in the order
        of the patterns. A string that is a label is not taken for a pattern. By default all layers are loaded.
    check_stimuli : bool
        Whether this network is refused in comparisons with networks that are known to have seen other stimuli, or the
        same stimuli in another order. Stimuli are known from `mot_fast.extract`, and from the indexes of data frames
        and labelled arrays.
    nan : {"raise", "drop"}
        What is done with units that are NaN for some stimuli. By default reading them is an error, which counts them
        in every layer. With "drop" they are left out: every layer is read once for it, now; units that are NaN for any
        stimulus go, so that all selections of stimuli have the same units, and `Network.original_units` tells which.
        A layer that lost units is copied whenever it is read, where the others lie apart. Infinity stays an error.

    Returns
    -------
    Network
        The network, whose activations are read from `source` when they are needed.

    Raises
    ------
    FileNotFoundError
        If there is no file at the path.
    ImportError
        If the file needs a package that is not installed.
    TypeError, ValueError
        If a layer is not a two-dimensional array of real numbers with at least one unit, the layers have different
        numbers of stimuli or different names of stimuli, no layer matches a pattern, a path is empty, or a file is
        damaged, unfinished or of an unknown format; with ``nan="drop"``, if every unit of a layer has NaN.

    Warns
    -----
    DroppedUnitsWarning
        If units are left out by ``nan="drop"``.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> mot.load([np.zeros((10, 4)), np.zeros((10, 3))], name="small")
    Network('small', 2 layers, 7 units, 10 stimuli)
    >>> mot.load({"stem": np.zeros((10, 4)), "block0": np.zeros((10, 3))}, layers="block*").labels
    ('block0',)
    """
    is_dropped = _validate.choice(nan, ("raise", "drop"), "nan") == "drop"
    network = _network(source, name, _patterns(layers), is_nan_dropped=is_dropped)
    if is_dropped:
        network = without_nan(network)
    return network if check_stimuli else Network(network.layers, network.name)


def named(source: Source, argument: str) -> Network:
    """Load a network; if it consists of arrays, which have no name, the name of its argument becomes its name."""
    return load(source, None if isinstance(source, Network) or is_path(source) else argument)


def is_path(source: Any) -> TypeGuard[str | bytes | os.PathLike[str]]:
    """Whether a source is the path of a network."""
    return isinstance(source, (str, bytes, os.PathLike))


def _path(source: str | bytes | os.PathLike[str]) -> Path:
    # Path("") is Path("."): an empty name would load the files of the current folder.
    is_empty = isinstance(source, PurePath) and not source.parts
    return Path(_validate.path("" if is_empty else source, "source"))


def warn_of_rows(networks: Sequence[Network]) -> None:
    """Warn the caller if layers look transposed, with units in rows and stimuli in columns.

    Transposed layers all have one width, the number of stimuli, in all networks that are compared. So may layers that
    are not transposed; hence the warning also requires `_MANY_COLUMNS` times as many columns as rows, or
    `_MORE_COLUMNS` times as many if there are fewer rows than `_FEW_ROWS`, which is less than a study has stimuli. The
    stored rows count, since few of many stimuli may be selected.
    """
    n_rows, widths = networks[0].layers[0].shape[0], {width for network in networks for width in network.widths}
    width = min(widths)
    if len(widths) > 1 or width < (_MORE_COLUMNS if n_rows < _FEW_ROWS else _MANY_COLUMNS) * n_rows:
        return
    warn(
        f"all layers of {' and '.join(repr(network.name) for network in networks[:2])} have {n_rows} rows and {width} "
        f"columns: are stimuli in rows, and units in columns?",
        TransposedLayersWarning,
    )


def pair(source: Source, target: Source) -> tuple[Network, Network]:
    """Load two networks, and check that they saw the same stimuli and enough of them for correlations."""
    source, target = named(source, "source"), named(target, "target")
    same_stimuli([source, target])
    _validate.enough_stimuli(source.n_stimuli, f"networks '{source.name}' and '{target.name}'")
    return source, target


def _patterns(layers: Any) -> list[str] | None:
    if layers is None:
        return None
    patterns = [layers] if isinstance(layers, str) else layers
    if not isinstance(patterns, Sequence) or not all(isinstance(each, str) for each in patterns):
        raise TypeError(f"layers: expected a pattern of labels or several, found {layers!r}")
    if not patterns:
        raise ValueError("layers: expected at least one pattern, found none")
    return list(patterns)


def _network(source: Source, name: str | None, patterns: list[str] | None, *, is_nan_dropped: bool) -> Network:
    if isinstance(source, Network):
        labels = _matching(source.labels, patterns, f"network '{source.name}'")
        return source if patterns is None else source.select(labels)
    if is_path(source):
        path = _path(source)
        if not is_netcdf(path):
            found = contents(path)
            labels = _matching(list(found.layers), patterns, str(path))
            name = found.name if name is None else name
            return Network([found.layers[label]() for label in labels], name, found.stimuli)
        source, name = opened(path), path.stem if name is None else name
    name = "network" if name is None else name
    source = by_layer(frames.by_layer(source, f"network '{name}'"), f"network '{name}'")
    if isinstance(source, Mapping):
        arrays = {str(label): values for label, values in source.items()}
        if len(arrays) < len(source):
            raise ValueError(f"network '{name}': expected distinct layer labels, found {', '.join(map(str, source))}")
    elif isinstance(source, Sequence):
        arrays = {f"layer{k}": values for k, values in enumerate(source)}
    else:
        raise TypeError(
            f"network '{name}': expected a mapping or a sequence of arrays, or the path of a file or folder, found "
            f"{type(source).__name__}"
        )
    labels = _matching(list(arrays), patterns, f"network '{name}'")
    arrays, names = with_stimuli_first({label: arrays[label] for label in labels}, f"network '{name}'")
    stimuli = None if names is None else Stimuli(names=names)
    made = [_layer(label, values, name, is_nan_dropped=is_nan_dropped) for label, values in arrays.items()]
    return Network(made, name, stimuli)


def _matching(labels: Sequence[str], patterns: list[str] | None, what: str) -> list[str]:
    """Labels that equal or match a pattern, in the order of the patterns; without patterns all labels."""
    if patterns is None:
        return list(labels)
    found: list[str] = []
    for pattern in patterns:
        matching = [pattern] if pattern in labels else [label for label in labels if fnmatchcase(label, pattern)]
        if not matching:
            raise ValueError(f"layers: expected a pattern of labels of {what}, {', '.join(labels)}, found '{pattern}'")
        found.extend(label for label in matching if label not in found)
    return found


def _layer(label: str, values: Any, name: str, *, is_nan_dropped: bool) -> Layer:
    what = f"network '{name}', layer '{label}'"
    if type(values).__module__.partition(".")[0] == "h5py":
        return _layer_of_hdf5(label, values, what)
    values = frames.numbers(values, what, is_missing_nan=is_nan_dropped)
    is_here = isinstance(values, np.ndarray) or hasattr(values, "__dlpack__") or hasattr(values, "nnz")
    if not is_here and isinstance(getattr(values, "dtype", None), np.dtype):  # read again each time it is needed
        shape = _validate.layer_shape(values.shape, values.dtype, what)
        return Layer(label, shape, partial(_validate.array, values, what))
    array = _validate.array(values, what)
    return Layer(label, _validate.layer_shape(array.shape, array.dtype, what), partial(np.asarray, array))


def _layer_of_hdf5(label: str, values: Any, what: str) -> Layer:
    """Make a layer of a dataset that the caller opened with h5py, with the checks of HDF5 files at a path."""

    def run(read: Callable[[], Result]) -> Result:
        try:
            return read()
        except UnusableArray as error:
            raise error.error(f"{what}: {error}") from error
        except Exception as error:  # the file may be closed or damaged
            raise ValueError(
                f"{what}: expected an array of numbers, found {type(values).__name__} ({error})"
            ) from error

    stored = run(partial(hdf5.stored_dataset, values))
    return Layer(label, _validate.layer_shape(stored.shape, stored.dtype, what), partial(run, stored.read))
