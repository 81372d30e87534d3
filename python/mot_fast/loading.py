"""Networks from arrays in memory and from files."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import numpy as np

from mot_fast import _frames, _validate
from mot_fast._dlpack import ArrayLike
from mot_fast._frames import DataFrame
from mot_fast._validate import Array
from mot_fast.network import Layer, Network

Result = TypeVar("Result")
Source = Network | Mapping[str, ArrayLike] | Sequence[ArrayLike] | DataFrame | str | os.PathLike[str]


def load(source: Source, name: str | None = None) -> Network:
    """The network that `source` holds, its layers read when needed.

    Parameters
    ----------
    source : mapping, sequence, path or Network
        A mapping of labels to arrays or a sequence of arrays, each `(n_stimuli, n_units)` and in depth order (data
        frames are arrays, and a dataset of xarray is a mapping); a data frame whose columns have two levels, (layer,
        unit), as `Network.to_pandas` gives it; a `.npz` file, whose arrays are taken in the order of the file; or a
        folder of `.npy` files, taken in natural order (`layer2` before `layer10`). Arrays in `.npy` files and in
        uncompressed `.npz` files are memory-mapped (a layer of the latter whose numbers are not aligned in the file is
        copied when read). CPU arrays with DLPack, as torch's and jax's, share their memory; torch's bfloat16, which
        numpy lacks, is copied to float32. Integers and booleans become float64 when read.
    name : str, optional
        For messages, tables and pictures; by default the file's, or "network".

    Returns
    -------
    Network

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError, ValueError
        If a layer is not a two-dimensional array of real numbers with at least one unit, the layers have different
        numbers of stimuli, or a file is damaged or of an unknown kind.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> mot.load([np.zeros((10, 4)), np.zeros((10, 3))], name="small")
    Network('small', 2 layers, 7 units, 10 stimuli)
    """
    if isinstance(source, Network):
        return source
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        return Network(_layers_of_path(path), path.stem if name is None else name)
    name = "network" if name is None else name
    source = _frames.by_layer(source, f"network '{name}'")
    if isinstance(source, Mapping):
        return Network(_layers_of_arrays(source.items(), name), name)
    if isinstance(source, Sequence):
        return Network(_layers_of_arrays(((f"layer{k}", values) for k, values in enumerate(source)), name), name)
    raise TypeError(
        f"network '{name}': expected a mapping or a sequence of arrays, a .npz file or a folder of .npy files, "
        f"found {type(source).__name__}"
    )


def named(source: Source, argument: str) -> Network:
    """The network; one that is nothing but arrays is called by its argument's name."""
    is_nameless = not isinstance(source, (Network, str)) and not hasattr(source, "__fspath__")
    return load(source, argument if is_nameless else None)


def pair(source: Source, target: Source) -> tuple[Network, Network]:
    """Two networks on the same stimuli, enough of them for correlations."""
    source, target = named(source, "source"), named(target, "target")
    _validate.same_stimuli(source.name, source.n_stimuli, target.name, target.n_stimuli)
    _validate.enough_stimuli(source.n_stimuli, f"networks '{source.name}' and '{target.name}'")
    return source, target


def _layers_of_arrays(items: Iterable[tuple[Any, Any]], name: str) -> list[Layer]:
    layers = []
    for label, values in items:
        what = f"network '{name}', layer '{label}'"
        array = _validate.array(values, what)
        shape = _validate.layer_shape(array.shape, array.dtype, what)
        layers.append(Layer(str(label), shape, partial(np.asarray, array)))
    return layers


def _layers_of_path(path: Path) -> list[Layer]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a .npz file or a folder of .npy files, found nothing")
    path = path.absolute()  # for processes that run in another folder
    if path.is_dir():
        files = sorted(path.glob("*.npy"), key=lambda file: _natural(file.stem))
        if not files:
            raise ValueError(f"{path}: expected a folder of .npy files, found none in it")
        return [layer_of_npy(file) for file in files]
    if path.suffix == ".npz":
        return _layers_of_npz(path)
    hints = {".npy": "put the .npy files of one network into a folder", ".mot": "mot_fast.Alignment.load reads it"}
    hint = f"; {hints[path.suffix]}" if path.suffix in hints else ""
    raise ValueError(f"{path}: expected a .npz file or a folder of .npy files, found a '{path.suffix}' file{hint}")


def _natural(text: str) -> list[tuple[int, str]]:
    """Sorts `layer2` before `layer10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text) if part]


def layer_of_npy(path: Path) -> Layer:
    """The layer that a `.npy` file holds."""
    read = partial(_guarded, path, partial(np.load, path, mmap_mode="r", allow_pickle=False))
    array = read()
    return Layer(path.stem, _validate.layer_shape(array.shape, array.dtype, str(path)), read, is_in_file=True)


def _layers_of_npz(path: Path) -> list[Layer]:
    layers = []
    for member in _guarded(path, partial(_members, path)):
        label = member.filename.removesuffix(".npy")
        what = f"{path}, layer '{label}'"
        shape, fortran, dtype, offset = _guarded(path, partial(_npz_header, path, member))
        layer_shape = _validate.layer_shape(shape, dtype, what)
        read: Callable[[], Array] = partial(_read_npz_member, path, label)
        if member.compress_type == zipfile.ZIP_STORED:
            order = "F" if fortran else "C"
            read = partial(np.memmap, path, dtype=dtype, mode="r", offset=offset, shape=shape, order=order)
        layers.append(Layer(label, layer_shape, partial(_guarded, path, read), is_in_file=True))
    return layers


def _members(path: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(path) as archive:
        return archive.infolist()


def _read_npz_member(path: Path, label: str) -> Array:
    with np.load(path, allow_pickle=False) as archive:
        return cast(Array, archive[label])


def _npz_header(path: Path, member: zipfile.ZipInfo) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order and type of one array of the archive, and where its numbers start in the file if it is stored."""
    with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        shape, fortran, dtype = _npy_header(stream)
        header_length = stream.tell()
    # The local header repeats the name and has an extra field of its own length (PKWARE's APPNOTE, 4.3.7).
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        name_length = int.from_bytes(file.read(2), "little")
        extra_length = int.from_bytes(file.read(2), "little")
    start = member.header_offset + 30 + name_length + extra_length
    return shape, fortran, dtype, start + header_length


def _npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"unknown version {version} of the .npy format")
    return readers[version](stream)


def _guarded(path: Path, read: Callable[[], Result]) -> Result:
    """Runs a reader and names the file in whatever it raises."""
    try:
        return read()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: expected the file that was loaded, found nothing there") from error
    except Exception as error:  # a damaged file can make its readers raise anything
        raise ValueError(f"{path}: expected a complete .npz or .npy file, found a damaged one ({error})") from error
