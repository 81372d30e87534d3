"""Zarr groups in folders, of formats 2 and 3, as networks; metadata are validated before zarr reads them.

The metadata of an array name the codecs that decode its chunks, and some codecs unpickle Python objects. Only numbers
are read, through codecs that turn bytes into bytes or numbers into numbers. Metadata that are consolidated at the top
of a group are a copy that may be out of date: the folders themselves are searched for arrays.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from reprlib import repr as shown
from typing import Any

import numpy as np

from mot_fast._validate import Array
from mot_fast._warnings import warn
from mot_fast.networks.files.file_format import (
    INTEGER_TYPES,
    Arrays,
    FileFormat,
    StoredArray,
    UnusableArray,
    require_depth,
    require_memory,
)
from mot_fast.system import memory

_MAX_METADATA_BYTES = 2**20
_MAX_SHARD_DEPTH = 4
"""Largest number of shards that are nested in each other."""
_BYTE_CODECS = {"blosc", "bz2", "gzip", "lz4", "lzma", "shuffle", "zlib", "zstd"}
_CHECKSUMS = {"adler32", "crc32", "crc32c", "fletcher32", "jenkins_lookup3"}
_NUMBER_CODECS = {"astype", "bitround", "delta", "fixedscaleoffset", "packbits", "quantize"}
_CODECS = _BYTE_CODECS | _CHECKSUMS | _NUMBER_CODECS
"""Codecs that are accepted in format 2, by their names in numcodecs."""
_CODECS_OF_FORMAT_3 = {"bytes", "transpose", "blosc", "crc32c", "gzip", "zstd", "sharding_indexed"}
_CODECS_OF_FORMAT_3 |= {f"numcodecs.{name}" for name in _CODECS}
"""Codecs that are accepted in format 3: its own, and those of numcodecs."""
_TYPES_OF_FORMAT_3 = INTEGER_TYPES | {"bool", "float16", "float32", "float64"}
_TYPE = re.compile(r"[<>|=]?[fiub][0-9]{1,2}|float(16|32|64)|u?int(8|16|32|64)|bool")
"""Types of numbers as format 2 and numcodecs write them."""


@dataclass(frozen=True)
class _Metadata:
    """Validated metadata of an array."""

    version: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunk: tuple[int, ...]
    prefix: str
    """Start of the names of all chunks, before their indices."""
    separator: str
    """Character between the indices in the name of a chunk."""
    fill_value: Any

    @property
    def n_chunks(self) -> int:
        """Number of chunks of the array, stored or not."""
        return math.prod(self.grid)

    @property
    def grid(self) -> tuple[int, ...]:
        """Number of chunks along each axis."""
        return tuple(-(-n // step) for n, step in zip(self.shape, self.chunk, strict=True))


def _list(path: Path) -> Arrays:
    if _is_array(path):
        _metadata(path)
        raise ValueError("it is an array instead of a group of them")
    if not _is_group(path):
        raise ValueError("it lacks .zgroup or zarr.json")
    return {label: partial(_stored if is_array else _refuse_folder, path, label) for label, is_array in _walk(path)}


def _walk(top: Path) -> Iterator[tuple[str, bool]]:
    """Yield the labels of all arrays (True), and of folders with files but without metadata (False).

    A folder that several paths lead to is entered once, by a path without links if there is one.
    """
    entered: set[tuple[int, int]] = set()
    groups, links = [("", top)], list[tuple[str, Path]]()
    while groups or links:
        label, folder = groups.pop() if groups else links.pop()
        require_depth(label.count("/"))
        identity = folder.stat().st_dev, folder.stat().st_ino
        if identity in entered:
            continue
        entered.add(identity)
        if label and not _is_group(folder) and any(child.is_file() for child in folder.iterdir()):
            yield label, False
        for child in sorted(folder.iterdir()):
            name = f"{label}/{child.name}" if label else child.name
            if child.name.startswith((".", "__")):  # not names of arrays
                continue
            if not child.exists() or (child.is_dir() and _is_array(child)):
                yield name, child.exists()
            elif child.is_dir():
                (links if child.is_symlink() else groups).append((name, child))


def _is_group(folder: Path) -> bool:
    return (folder / ".zgroup").exists() or (folder / "zarr.json").exists()


def _is_array(folder: Path) -> bool:
    """Whether a folder holds an array; damaged metadata count as an array, whose loading then raises an error."""
    if not (folder / "zarr.json").exists():
        return (folder / ".zarray").exists()
    try:
        return bool(_json(folder / "zarr.json")["node_type"] != "group")
    except Exception:  # the file may hold anything
        return True


def _refuse_folder(path: Path, label: str) -> StoredArray:
    raise UnusableArray(f"expected an array, found files without .zarray or zarr.json in {path / label}, or nothing")


def _stored(path: Path, label: str) -> StoredArray:
    found = _metadata(path / label)
    _check_chunks(path / label, found, f"{path}, layer '{label}'")
    return StoredArray(found.shape, found.dtype, partial(_read, path, label))


def _read(path: Path, label: str) -> Array:
    found = _metadata(path / label)
    require_memory(found.shape, found.dtype)
    require_memory(found.chunk, found.dtype)
    array = import_module("zarr").open_array(path / label, mode="r", zarr_format=found.version)
    return np.asarray(array[...])


def _check_chunks(folder: Path, array: _Metadata, what: str) -> None:
    """Warn of missing chunks, which are read as the fill value, and refuse an array without any chunk or fill value."""
    n_chunks = array.n_chunks
    n_found = sum(1 for _ in _chunks(folder, array))
    if n_found == n_chunks:
        return
    if not n_found or array.fill_value is None:
        raise UnusableArray(f"expected all of its {n_chunks} chunks, found {n_found}")
    warn(
        f"{what}: expected all of its {n_chunks} chunks, found {n_found}; the others are read as {array.fill_value}: "
        "they were nothing else when they were written, or they are lost"
    )


def _chunks(folder: Path, array: _Metadata, above: str = "", depth: int = 0) -> Iterator[str]:
    """Yield the names of the stored chunks."""
    name = re.compile(re.escape(array.prefix) + re.escape(array.separator).join(["([0-9]{1,19})"] * len(array.grid)))
    with os.scandir(folder) as entries:
        for entry in entries:
            found = name.fullmatch(above + entry.name)
            if found is not None and all(int(k) < n for k, n in zip(found.groups(), array.grid, strict=True)):
                if not entry.is_file():
                    raise UnusableArray(f"expected a file as chunk {found[0]}, found none")
                yield found[0]
            elif array.separator == "/" and depth <= len(array.grid) and entry.is_dir():
                yield from _chunks(Path(entry.path), array, f"{above}{entry.name}/", depth + 1)


def _json(path: Path) -> Mapping[str, Any]:
    if not path.is_file() or path.stat().st_size > _MAX_METADATA_BYTES:
        raise ValueError(f"{path.name} is no file of up to {memory.format_bytes(_MAX_METADATA_BYTES)}")
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{path.name} holds {shown(values)}")
    return values


def _metadata(folder: Path) -> _Metadata:
    """Read and validate the metadata of an array."""
    if (folder / "zarr.json").exists():
        return _metadata_of_format_3(_json(folder / "zarr.json"))
    if (folder / ".zattrs").exists():
        _json(folder / ".zattrs")  # zarr reads this file as well
    return _metadata_of_format_2(_json(folder / ".zarray"))


def _metadata_of_format_2(found: Mapping[str, Any]) -> _Metadata:
    if found["zarr_format"] != 2:
        raise ValueError(f"the format of .zarray is {shown(found['zarr_format'])}")
    for codec in (found["compressor"], *(found["filters"] or ())):
        if codec is not None:
            _check_codec(codec["id"], codec, _CODECS)
    separator = found.get("dimension_separator", ".")
    return _checked(found["shape"], _dtype(found["dtype"]), found["chunks"], "", separator, 2, found["fill_value"])


def _metadata_of_format_3(found: Mapping[str, Any]) -> _Metadata:
    if (found["zarr_format"], found["node_type"]) != (3, "array"):
        raise ValueError(f"zarr.json is of format {shown(found['zarr_format'])}, a {shown(found['node_type'])}")
    if found.get("storage_transformers"):
        raise UnusableArray(
            f"expected chunks as they are, found storage transformers {shown(found['storage_transformers'])}"
        )
    grid, keys = found["chunk_grid"], found["chunk_key_encoding"]
    if grid["name"] != "regular" or keys["name"] not in ("default", "v2"):
        raise UnusableArray(
            f"expected a regular grid of chunks with usual names, found {shown(grid)} and {shown(keys)}"
        )
    if not isinstance(found["data_type"], str) or found["data_type"] not in _TYPES_OF_FORMAT_3:
        raise UnusableArray(f"expected real numbers, found {shown(found['data_type'])}", TypeError)
    _check_codecs(found["codecs"])
    is_default = keys["name"] == "default"
    separator = keys.get("configuration", {}).get("separator", "/" if is_default else ".")
    prefix = f"c{separator}" if is_default else ""
    chunk = grid["configuration"]["chunk_shape"]
    return _checked(found["shape"], np.dtype(found["data_type"]), chunk, prefix, separator, 3, found["fill_value"])


def _checked(
    shape: Any, dtype: np.dtype[Any], chunk: Any, prefix: str, separator: Any, version: int, fill_value: Any
) -> _Metadata:
    """Validate shapes and names of chunks."""
    for name, lengths, least in (("shape", shape, 0), ("shape of chunks", chunk, 1)):
        if not isinstance(lengths, list) or not all(type(n) is int and least <= n < 2**63 for n in lengths):
            raise ValueError(f"its {name} is {shown(lengths)}")
    if len(shape) != len(chunk) or separator not in (".", "/"):
        raise ValueError(f"its shape is {shown(shape)}, in chunks {shown(chunk)} whose places {shown(separator)} parts")
    return _Metadata(version, tuple(shape), dtype, tuple(chunk), prefix, separator, fill_value)


def _dtype(found: Any) -> np.dtype[Any]:
    """Type of numbers from its name in format 2 and numcodecs."""
    if not isinstance(found, str) or not _TYPE.fullmatch(found):
        raise UnusableArray(f"expected real numbers, found {shown(found)}", TypeError)
    return np.dtype(found)


def _check_codecs(codecs: Sequence[Any], depth: int = 0) -> None:
    """Validate the codecs of format 3, and those of the chunks inside of shards."""
    for codec in codecs:
        name = codec if isinstance(codec, str) else codec["name"]
        configuration = {} if isinstance(codec, str) else codec.get("configuration") or {}
        _check_codec(name, configuration, _CODECS_OF_FORMAT_3)
        if name == "sharding_indexed":
            if depth == _MAX_SHARD_DEPTH:
                raise UnusableArray(f"expected shards in up to {_MAX_SHARD_DEPTH} others, found more")
            _check_codecs(configuration["codecs"], depth + 1)
            _check_codecs(configuration.get("index_codecs", ()), depth + 1)


def _check_codec(name: Any, configuration: Mapping[str, Any], known: Collection[str]) -> None:
    if not isinstance(name, str) or name not in known:
        raise UnusableArray(f"expected one of the codecs {', '.join(sorted(known))}, found {shown(name)}")
    for key, value in configuration.items():
        if key.endswith("type"):  # the type of the numbers before or after encoding
            _dtype(value)


ZARR = FileFormat("Zarr group", _list, "zarr", keeps_order=False)
