"""What lies at a path: the layers of a network in depth order, whatever kind of file or folder holds them."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mot_fast import _optional, _validate
from mot_fast.containers import OF_SUFFIX, ZARR, Container, Stored
from mot_fast.network import Layer, Stimuli

Result = TypeVar("Result")

INDEX = "network.json"
"""In a folder that `mot_fast.extract` wrote: what its files are."""
INDEX_FORMAT = "mot_fast activations"
INDEX_VERSION = 1

_KINDS = "a .npz, .safetensors, HDF5 or Zarr file or a folder of .npy files"
_HINTS = {".npy": "; put the .npy files of one network into a folder", ".mot": "; mot_fast.Alignment.load reads it"}


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
    if (path / INDEX).exists():
        return _of_index(path)
    if not path.is_dir() and path.suffix not in OF_SUFFIX:
        raise ValueError(f"{path}: expected {_KINDS}, found a '{path.suffix}' file{_HINTS.get(path.suffix, '')}")
    if path.is_dir() and not _is_zarr(path):
        return Contents(path.stem, _of_folder(path))
    return Contents(path.stem, _of_container(path, ZARR if path.is_dir() else OF_SUFFIX[path.suffix]))


def _is_zarr(path: Path) -> bool:
    return path.suffix == ".zarr" or any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zarray"))


def _of_folder(path: Path) -> dict[str, Callable[[], Layer]]:
    files = {file.stem: file for file in path.glob("*.npy")}
    if not files:
        raise ValueError(f"{path}: expected a folder of .npy files, found none in it")
    return {label: partial(layer_of_npy, files[label]) for label in natural(list(files))}


def layer_of_npy(path: Path, label: str | None = None) -> Layer:
    """The layer that a `.npy` file holds, by default under the file's name."""
    read = partial(np.load, path, mmap_mode="r", allow_pickle=False)
    array = _guarded(path, ".npy file", read)
    return _layer(
        path, ".npy file", str(path), path.stem if label is None else label, Stored(array.shape, array.dtype, read)
    )


def _of_container(path: Path, container: Container) -> dict[str, Callable[[], Layer]]:
    if container.package is not None and importlib.util.find_spec(container.package) is None:
        raise _optional.missing(f"{path}: a {container.kind} needs", container.package)
    arrays = _guarded(path, container.kind, partial(container.list_arrays, path))

    def make(label: str) -> Layer:
        stored = _guarded(path, container.kind, arrays[label])
        return _layer(path, container.kind, f"{path}, layer '{label}'", label, stored)

    labels = list(arrays)
    # An alphabetical order is nobody's choice: names were sorted, and "layer10" came before "layer2".
    keeps_order = container.keeps_order and labels != sorted(labels)
    return {label: partial(make, label) for label in (labels if keeps_order else natural(labels))}


def _layer(path: Path, kind: str, what: str, label: str, stored: Stored) -> Layer:
    shape = _validate.layer_shape(stored.shape, stored.dtype, what)
    return Layer(label, shape, partial(_guarded, path, kind, stored.read), is_in_file=True)


def natural(labels: Sequence[str]) -> list[str]:
    """Sorted with `layer2` before `layer10`."""

    def key(label: str) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", label) if part]

    return sorted(labels, key=key)


def _of_index(path: Path) -> Contents:
    """A folder that `mot_fast.extract` wrote."""
    index = _guarded(path / INDEX, "index of activations", partial(_index, path / INDEX))
    if not index["is_complete"]:
        raise ValueError(
            f"{path}: expected all stimuli, found the activations of the first {index['n_stimuli']}; the extraction "
            "was stopped, and goes on when it is started again"
        )

    def make(label: str, file: str, n_units: int) -> Layer:
        layer = layer_of_npy(path / file, label)
        if layer.shape != (index["n_stimuli"], n_units):
            raise ValueError(f"{path / file}: expected shape {(index['n_stimuli'], n_units)}, found {layer.shape}")
        return layer

    layers = {each["label"]: partial(make, each["label"], each["file"], each["n_units"]) for each in index["layers"]}
    return Contents(index["name"], layers, Stimuli(index["stimuli"]["digest"]))


def _index(path: Path) -> Any:
    """What the index says, whose fields are of the types that they must have."""
    index = json.loads(path.read_text(encoding="utf-8"))
    if index["format"] != INDEX_FORMAT or index["version"] != INDEX_VERSION:
        raise ValueError(f"its format is {index['format']!r}, version {index['version']!r}, not ours, {INDEX_VERSION}")
    types = [(index["name"], str), (index["is_complete"], bool), (index["n_stimuli"], int)]
    types += [(index["stimuli"]["digest"], str)]
    for layer in index["layers"]:
        types += [(layer["label"], str), (layer["file"], str), (layer["n_units"], int)]
        if Path(layer["file"]).name != layer["file"]:
            raise ValueError(f"its layer {layer['label']!r} lies elsewhere, in {layer['file']!r}")
    for value, kind in types:
        if type(value) is not kind:
            raise ValueError(f"it holds {value!r} where a {kind.__name__} belongs")
    return index


def _guarded(path: Path, kind: str, read: Callable[[], Result]) -> Result:
    """Runs a reader and names the file in whatever it raises."""
    try:
        return read()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: expected the file that was loaded, found nothing there") from error
    except Exception as error:  # a damaged file can make its readers raise anything
        raise ValueError(f"{path}: expected a complete {kind}, found a damaged one ({error})") from error
