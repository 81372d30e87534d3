"""What lies at a path: the layers of a network in depth order, whatever kind of file or folder holds them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from mot_fast import _validate
from mot_fast.networks.files.activation_index import INDEX, LayerFile, read_index
from mot_fast.networks.files.containers import (
    NPZ,
    SAFETENSORS,
    SHARDS,
    Container,
    Refused,
    Stored,
    is_alphabetical,
    natural,
)
from mot_fast.networks.files.hdf5 import HDF5, is_hdf5
from mot_fast.networks.files.mapped import Mapped
from mot_fast.networks.files.matlab import MATLAB
from mot_fast.networks.files.npz import npy_file
from mot_fast.networks.files.safetensors import INDEX_SUFFIX
from mot_fast.networks.files.zarr_store import ZARR
from mot_fast.networks.network import Layer, Stimuli
from mot_fast.system import optional

Result = TypeVar("Result")

_OF_SUFFIX = {".npz": NPZ, ".safetensors": SAFETENSORS, ".h5": HDF5, ".hdf5": HDF5, ".mat": MATLAB}
_KINDS = "a .npz, .safetensors, .mat, HDF5 or Zarr file or a folder of .npy files"
_HINTS = {
    ".npy": "; put the .npy files of one network into a folder",
    ".mot": "; mot_fast.Alignment.load reads it",
    ".zip": "; unpack it, as folders of .npy files and Zarr groups are read from their folders",
}


@dataclass(frozen=True)
class Contents:
    """The layers at a path, each made when it is asked for."""

    name: str
    layers: Mapping[str, Callable[[], Layer]]
    """By label, in depth order."""
    stimuli: Stimuli | None = None


def contents(path: Path) -> Contents:
    """What lies at a path.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        If there is nothing, what is there is of an unknown kind, damaged or unfinished, or its reader is not installed.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected {_KINDS}, found nothing")
    path = path.absolute()  # for processes that run in another folder
    if path.is_file() and path.name.endswith(INDEX_SUFFIX):
        return Contents(path.name.removesuffix(INDEX_SUFFIX), _of_container(path, SHARDS))
    if (path / INDEX).exists():
        return _of_index(path)
    if path.is_dir() and not _is_zarr(path):
        return Contents(path.stem, _of_folder(path))
    return Contents(path.stem, _of_container(path, ZARR if path.is_dir() else _container_of(path)))


def _container_of(path: Path) -> Container:
    """By its suffix; what HDF5 is, under whatever other suffix, says so itself, as MATLAB's newer files do."""
    if not path.is_file():
        raise ValueError(f"{path}: expected {_KINDS}, found neither a file nor a folder")
    container = _OF_SUFFIX.get(path.suffix.lower())
    if container in (None, MATLAB) and is_hdf5(path):
        return HDF5
    if container is None:
        raise ValueError(
            f"{path}: expected {_KINDS}, found a '{path.suffix}' file{_HINTS.get(path.suffix.lower(), '')}"
        )
    return container


def _is_zarr(path: Path) -> bool:
    return path.suffix == ".zarr" or any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zarray"))


def _of_folder(path: Path) -> dict[str, Callable[[], Layer]]:
    """Its `.npy` files, or those that an index of shards names; hidden files are of Finders, editors and the like."""
    seen = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    files = {each.stem: each for each in seen if each.name.endswith(".npy")}
    indexes = [each for each in seen if each.name.endswith(INDEX_SUFFIX)]
    if len(indexes) + bool(files) > 1:
        names = ", ".join(f"'{index.name}'" for index in indexes)
        raise ValueError(f"{path}: expected one network, found {names}{' beside .npy files' if files else ''}")
    if indexes:
        return _of_container(indexes[0], SHARDS)
    if not files:
        others = [each.name for each in seen if each.is_dir() or each.suffix in _OF_SUFFIX]
        hint = f"; '{others[0]}' in it may be a network" if others else ""
        raise ValueError(f"{path}: expected a folder of .npy files, found none in it{hint}")
    return {label: partial(layer_of_npy, files[label]) for label in natural(list(files))}


def layer_of_npy(path: Path, label: str | None = None, crc32: int | None = None, dtype: str | None = None) -> Layer:
    """The layer that a `.npy` file holds, by default under the file's name; numbers may have a checksum and a type."""

    def look() -> Mapped:
        array = npy_file(path, crc32)
        if dtype is not None and (array.dtype.name != dtype or array.is_by_columns):
            order = " by columns" if array.is_by_columns else ""
            raise ValueError(f"it was altered: it holds {array.dtype}{order}, and {INDEX} says {dtype} by rows")
        return array

    array = _guarded(path, ".npy file", look)
    stored = Stored(array.shape, array.dtype, array.read, array.check)
    return _layer(path, ".npy file", str(path), path.stem if label is None else label, stored)


def _of_container(path: Path, container: Container) -> dict[str, Callable[[], Layer]]:
    if container.package is not None and importlib.util.find_spec(container.package) is None:
        raise optional.missing(f"{path}: a {container.kind} needs", container.package)
    arrays = _guarded(path, container.kind, partial(container.list_arrays, path))

    def make(label: str) -> Layer:
        stored = _guarded(path, container.kind, arrays[label], label)
        return _layer(path, container.kind, f"{path}, layer '{label}'", label, stored)

    labels = list(arrays)
    # An alphabetical order is nobody's choice: names were sorted, and "layer10" came before "layer2".
    keeps_order = container.keeps_order and not is_alphabetical(labels)
    return {label: partial(make, label) for label in (labels if keeps_order else natural(labels))}


def _layer(path: Path, kind: str, what: str, label: str, stored: Stored) -> Layer:
    shape = _validate.layer_shape(stored.shape, stored.dtype, what)
    check = None if stored.check is None else partial(_guarded, path, kind, stored.check)
    return Layer(label, shape, partial(_guarded, path, kind, stored.read, label), is_in_file=True, check=check)


def _of_index(path: Path) -> Contents:
    """A folder that `mot_fast.extract` wrote."""
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
    """Runs a reader and names the file, and the layer if it is one's, in whatever it raises."""
    try:
        return read()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: expected the file that was loaded, found nothing there") from error
    except Refused as error:
        what = path if label is None else f"{path}, layer '{label}'"
        raise error.error(f"{what}: {error}") from error
    except Exception as error:  # a damaged file can make its readers raise anything
        where = "" if label is None else f"layer '{label}': "
        raise ValueError(f"{path}: expected a complete {kind}, found a damaged one ({where}{error})") from error
