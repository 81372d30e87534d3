"""Reads the file or folder at a path as a network: recognizes its format and lists its layers in depth order."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from mot_fast import _validate
from mot_fast.networks.files.activation_index import INDEX, LayerFile, read_index
from mot_fast.networks.files.file_format import (
    NPZ,
    SAFETENSORS,
    SHARDS,
    FileFormat,
    StoredArray,
    UnusableArray,
)
from mot_fast.networks.files.hdf5 import HDF5, is_hdf5
from mot_fast.networks.files.label_order import is_alphabetical, natural_order
from mot_fast.networks.files.mapped_array import MappedArray
from mot_fast.networks.files.matlab import MATLAB
from mot_fast.networks.files.numpy_files import npy_file
from mot_fast.networks.files.safetensors import INDEX_SUFFIX
from mot_fast.networks.files.zarr_store import ZARR
from mot_fast.networks.network import Layer, Stimuli
from mot_fast.system import optional

Result = TypeVar("Result")

_FORMATS = {".npz": NPZ, ".safetensors": SAFETENSORS, ".h5": HDF5, ".hdf5": HDF5, ".mat": MATLAB}
_KINDS = "a .npz, .safetensors, .mat, HDF5, NetCDF or Zarr file or a folder of .npy files"
_OF_IMAGES = "; nilearn makes arrays of images, see the guide to fMRI"
_MODEL = "config.json"
"""File by which a folder is known for a model of transformers, whose weights are no activations."""
_HINTS = {
    ".npy": "; put the .npy files of one network into a folder",
    ".mot": "; mot_fast.Alignment.load reads it",
    ".zip": "; unpack it, as folders of .npy files and Zarr groups are read from their folders",
    ".nii": _OF_IMAGES,
    ".nii.gz": _OF_IMAGES,
}


@dataclass(frozen=True)
class Contents:
    """Name, layers and stimuli of the network at a path."""

    name: str
    layers: Mapping[str, Callable[[], Layer]]
    """Functions that open the layers, by label in depth order."""
    stimuli: Stimuli | None = None


def contents(path: Path) -> Contents:
    """List the layers of the network at a path.

    Raises
    ------
    FileNotFoundError
        If there is nothing at the path.
    ImportError
        If the package that reads the file is not installed.
    ValueError
        If the file or folder is of an unknown format, damaged or unfinished.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected {_KINDS}, found nothing")
    path = path.absolute()  # for processes that run in another folder
    if path.is_file() and path.name.endswith(INDEX_SUFFIX):
        return Contents(path.name.removesuffix(INDEX_SUFFIX), _layers_of_file(path, SHARDS))
    if (path / INDEX).exists():
        return _extracted_network(path)
    if path.is_dir() and not _is_zarr(path):
        return Contents(path.stem, _layers_of_folder(path))
    return Contents(path.stem, _layers_of_file(path, ZARR if path.is_dir() else _format_of(path)))


def _format_of(path: Path) -> FileFormat:
    """Format of a file by its suffix, or by the HDF5 signature, which MATLAB files of version 7.3 have as well."""
    if not path.is_file():
        raise ValueError(f"{path}: expected {_KINDS}, found neither a file nor a folder")
    found = _FORMATS.get(path.suffix.lower())
    if found in (None, MATLAB) and is_hdf5(path):
        return HDF5
    if found is None:
        ending = next((each for each in _HINTS if path.name.lower().endswith(each)), path.suffix)
        raise ValueError(f"{path}: expected {_KINDS}, found a '{ending}' file{_HINTS.get(ending, '')}")
    return found


def _is_zarr(path: Path) -> bool:
    return path.suffix == ".zarr" or any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zarray"))


def _layers_of_folder(path: Path) -> dict[str, Callable[[], Layer]]:
    """List the `.npy` files of a folder, or the tensors of its index of shards; hidden files are skipped."""
    seen = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    files = {each.stem: each for each in seen if each.name.endswith(".npy")}
    indexes = [each for each in seen if each.name.endswith(INDEX_SUFFIX)]
    if len(indexes) + bool(files) > 1:
        names = ", ".join(f"'{index.name}'" for index in indexes)
        raise ValueError(f"{path}: expected one network, found {names}{' beside .npy files' if files else ''}")
    if indexes:
        return _layers_of_file(indexes[0], SHARDS)
    if not files:
        others = [each.name for each in seen if each.is_dir() or each.suffix in _FORMATS]
        hint = f"; '{others[0]}' in it may be a network" if others else ""
        if any(each.name == _MODEL for each in seen):
            hint = f"; it has the {_MODEL} of a model, whose activations mot-fast extract records"
        raise ValueError(f"{path}: expected a folder of .npy files, found none in it{hint}")
    return {label: partial(layer_of_npy, files[label]) for label in natural_order(list(files))}


def layer_of_npy(path: Path, label: str | None = None, crc32: int | None = None, dtype: str | None = None) -> Layer:
    """Open a `.npy` file as a layer.

    Parameters
    ----------
    path : Path
    label : str, optional
        Label of the layer; by default the name of the file without its suffix.
    crc32 : int, optional
        Expected checksum of the numbers.
    dtype : str, optional
        Expected type of the numbers, which must then be stored by rows.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        If there is no such file, or it is damaged, of another type, or not a matrix of real numbers.
    """

    def opened() -> MappedArray:
        array = npy_file(path, crc32)
        if dtype is not None and (array.dtype.name != dtype or array.is_by_columns):
            order = " by columns" if array.is_by_columns else ""
            raise ValueError(f"it was altered: it holds {array.dtype}{order}, and {INDEX} says {dtype} by rows")
        return array

    array = _guarded(path, ".npy file", opened)
    stored = StoredArray(array.shape, array.dtype, array.read, array.check)
    return _layer(path, ".npy file", str(path), path.stem if label is None else label, stored)


def _layers_of_file(path: Path, format: FileFormat) -> dict[str, Callable[[], Layer]]:
    """List the layers of a file, or of a Zarr folder, in depth order."""
    if format.package is not None and importlib.util.find_spec(format.package) is None:
        raise optional.missing(f"{path}: a {format.kind} needs", format.package)
    arrays = _guarded(path, format.kind, partial(format.list_arrays, path))

    def make(label: str) -> Layer:
        stored = _guarded(path, format.kind, arrays[label], label)
        return _layer(path, format.kind, f"{path}, layer '{label}'", label, stored)

    labels = list(arrays)
    # An alphabetical order comes from sorting, which puts "layer10" before "layer2", and is not the order of depth.
    keeps_order = format.keeps_order and not is_alphabetical(labels)
    return {label: partial(make, label) for label in (labels if keeps_order else natural_order(labels))}


def _layer(path: Path, kind: str, what: str, label: str, stored: StoredArray) -> Layer:
    shape = _validate.layer_shape(stored.shape, stored.dtype, what)
    check = None if stored.check is None else partial(_guarded, path, kind, stored.check)
    return Layer(label, shape, partial(_guarded, path, kind, stored.read, label), is_in_file=True, check=check)


def _extracted_network(path: Path) -> Contents:
    """List the layers of a folder that `mot_fast.extract` wrote."""
    index = read_index(path / INDEX)
    if not index.is_complete:
        raise ValueError(
            f"{path}: expected all stimuli, found the activations of the first {index.n_stimuli}; the extraction "
            "was stopped, and goes on when it is started again"
        )

    def make(each: LayerFile) -> Layer:
        layer = layer_of_npy(path / each.file, each.label, each.crc32, index.dtype)
        if layer.shape != (index.n_stimuli, each.n_units):
            raise ValueError(
                f"{path / each.file}: expected shape {(index.n_stimuli, each.n_units)}, found {layer.shape}"
            )
        return layer

    stimuli = Stimuli(index.digest, is_of_names=index.fields["stimuli"].get("of") == "identities")
    return Contents(index.name, {each.label: partial(make, each) for each in index.layers}, stimuli)


def _guarded(path: Path, kind: str, read: Callable[[], Result], label: str | None = None) -> Result:
    """Run a reader; name the file, and the layer if there is one, in the errors that it raises."""
    try:
        return read()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: expected the file that was loaded, found nothing there") from error
    except UnusableArray as error:
        what = path if label is None else f"{path}, layer '{label}'"
        raise error.error(f"{what}: {error}") from error
    except Exception as error:  # a damaged file can make its readers raise anything
        where = "" if label is None else f"layer '{label}': "
        raise ValueError(f"{path}: expected a complete {kind}, found a damaged one ({where}{error})") from error
