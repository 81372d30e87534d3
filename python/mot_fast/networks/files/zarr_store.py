"""Zarr groups in folders, of formats 2 and 3: their arrays, whose metadata are judged before zarr sees them.

An array's metadata name the code that decodes its chunks, and some of what they can name unpickles. Only numbers are
read, through codecs that turn bytes into bytes or numbers into numbers. Metadata that are consolidated at the top of a
group are a copy, and may be out of date: what counts is what lies in the folders.
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
from mot_fast.networks.files.containers import Arrays, Container, Refused, Stored, with_room
from mot_fast.system import memory

_MOST_METADATA_BYTES = 2**20
_MOST_DEPTH = 100
"""Groups in groups."""
_MOST_SHARDS = 4
"""Shards in shards."""
_OF_BYTES = {"blosc", "bz2", "gzip", "lz4", "lzma", "shuffle", "zlib", "zstd"}
_CHECKSUMS = {"adler32", "crc32", "crc32c", "fletcher32", "jenkins_lookup3"}
_OF_NUMBERS = {"astype", "bitround", "delta", "fixedscaleoffset", "packbits", "quantize"}
_CODECS = _OF_BYTES | _CHECKSUMS | _OF_NUMBERS
"""As numcodecs names them; in format 3 some bear its name in front, and those of the format itself come to them."""
_CODECS_OF_FORMAT_3 = {"bytes", "transpose", "blosc", "crc32c", "gzip", "zstd", "sharding_indexed"}
_CODECS_OF_FORMAT_3 |= {f"numcodecs.{name}" for name in _CODECS}
_TYPES_OF_FORMAT_3 = {"bool", "float16", "float32", "float64"}
_TYPES_OF_FORMAT_3 |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_TYPE = re.compile(r"[<>|=]?[fiub][0-9]{1,2}|float(16|32|64)|u?int(8|16|32|64)|bool")
"""Of numbers, as format 2 and numcodecs write it."""


@dataclass(frozen=True)
class _Metadata:
    """What an array's metadata say of its numbers."""

    version: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunk: tuple[int, ...]
    start: str
    """Of the names of chunks, before their places."""
    separator: str
    """Between their places."""
    fill_value: Any

    @property
    def n_chunks(self) -> int:
        """Of all of the array, whether they are there or not."""
        return math.prod(self.grid)

    @property
    def grid(self) -> tuple[int, ...]:
        """How many along each axis."""
        return tuple(-(-n // step) for n, step in zip(self.shape, self.chunk, strict=True))


def _list(path: Path) -> Arrays:
    if _is_array(path):
        _metadata(path)
        raise ValueError("it is an array instead of a group of them")
    if not _is_group(path):
        raise ValueError("it lacks .zgroup or zarr.json")
    return {label: partial(_stored if is_array else _refuse, path, label) for label, is_array in _walk(path)}


def _walk(top: Path) -> Iterator[tuple[str, bool]]:
    """Labels of all arrays, and of what looks like one and has no metadata (False).

    A folder that several ways lead to is entered once, by one without links if there is one.
    """
    entered: set[tuple[int, int]] = set()
    groups, links = [("", top)], list[tuple[str, Path]]()
    while groups or links:
        label, folder = groups.pop() if groups else links.pop()
        if label.count("/") > _MOST_DEPTH:
            raise ValueError(f"it has groups in more than {_MOST_DEPTH} others")
        identity = folder.stat().st_dev, folder.stat().st_ino
        if identity in entered:
            continue
        entered.add(identity)
        if label and not _is_group(folder) and any(child.is_file() for child in folder.iterdir()):
            yield label, False
        for child in sorted(folder.iterdir()):
            name = f"{label}/{child.name}" if label else child.name
            if child.name.startswith((".", "__")):  # no names of arrays
                continue
            if not child.exists() or (child.is_dir() and _is_array(child)):
                yield name, child.exists()
            elif child.is_dir():
                (links if child.is_symlink() else groups).append((name, child))


def _is_group(folder: Path) -> bool:
    return (folder / ".zgroup").exists() or (folder / "zarr.json").exists()


def _is_array(folder: Path) -> bool:
    """What has damaged metadata counts as one: they are told of when it is asked for."""
    if not (folder / "zarr.json").exists():
        return (folder / ".zarray").exists()
    try:
        return bool(_json(folder / "zarr.json")["node_type"] != "group")
    except Exception:  # whatever stands in the place of metadata
        return True


def _refuse(path: Path, label: str) -> Stored:
    raise Refused(f"expected an array, found files without .zarray or zarr.json in {path / label}, or nothing")


def _stored(path: Path, label: str) -> Stored:
    found = _metadata(path / label)
    _check_chunks(path / label, found, f"{path}, layer '{label}'")
    return Stored(found.shape, found.dtype, partial(_read, path, label))


def _read(path: Path, label: str) -> Array:
    found = _metadata(path / label)
    with_room(found.shape, found.dtype)
    with_room(found.chunk, found.dtype)
    array = import_module("zarr").open_array(path / label, mode="r", zarr_format=found.version)
    return np.asarray(array[...])


def _check_chunks(folder: Path, array: _Metadata, what: str) -> None:
    """Chunks that are not there are read as the fill value, and may be nothing but that, or may be lost."""
    n_chunks = array.n_chunks
    n_found = sum(1 for _ in _chunks(folder, array))
    if n_found == n_chunks:
        return
    if not n_found or array.fill_value is None:
        raise Refused(f"expected all of its {n_chunks} chunks, found {n_found}")
    warn(
        f"{what}: expected all of its {n_chunks} chunks, found {n_found}; the others are read as {array.fill_value}: "
        "they were nothing else when they were written, or they are lost"
    )


def _chunks(folder: Path, array: _Metadata, above: str = "", depth: int = 0) -> Iterator[str]:
    """Names of those that are there."""
    name = re.compile(re.escape(array.start) + re.escape(array.separator).join(["([0-9]{1,19})"] * len(array.grid)))
    with os.scandir(folder) as entries:
        for entry in entries:
            found = name.fullmatch(above + entry.name)
            if found is not None and all(int(k) < n for k, n in zip(found.groups(), array.grid, strict=True)):
                if not entry.is_file():
                    raise Refused(f"expected a file as chunk {found[0]}, found none")
                yield found[0]
            elif array.separator == "/" and depth <= len(array.grid) and entry.is_dir():
                yield from _chunks(Path(entry.path), array, f"{above}{entry.name}/", depth + 1)


def _json(path: Path) -> Mapping[str, Any]:
    if not path.is_file() or path.stat().st_size > _MOST_METADATA_BYTES:
        raise ValueError(f"{path.name} is no file of up to {memory.format_bytes(_MOST_METADATA_BYTES)}")
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{path.name} holds {shown(values)}")
    return values


def _metadata(folder: Path) -> _Metadata:
    """What an array's metadata say, if all of it is of numbers and of codecs that are known."""
    if (folder / "zarr.json").exists():
        return _of_format_3(_json(folder / "zarr.json"))
    if (folder / ".zattrs").exists():
        _json(folder / ".zattrs")  # zarr reads it, too
    return _of_format_2(_json(folder / ".zarray"))


def _of_format_2(found: Mapping[str, Any]) -> _Metadata:
    if found["zarr_format"] != 2:
        raise ValueError(f"the format of .zarray is {shown(found['zarr_format'])}")
    for codec in (found["compressor"], *(found["filters"] or ())):
        if codec is not None:
            _check_codec(codec["id"], codec, _CODECS)
    separator = found.get("dimension_separator", ".")
    return _checked(found["shape"], _dtype(found["dtype"]), found["chunks"], "", separator, 2, found["fill_value"])


def _of_format_3(found: Mapping[str, Any]) -> _Metadata:
    if (found["zarr_format"], found["node_type"]) != (3, "array"):
        raise ValueError(f"zarr.json is of format {shown(found['zarr_format'])}, a {shown(found['node_type'])}")
    if found.get("storage_transformers"):
        raise Refused(f"expected chunks as they are, found storage transformers {shown(found['storage_transformers'])}")
    grid, keys = found["chunk_grid"], found["chunk_key_encoding"]
    if grid["name"] != "regular" or keys["name"] not in ("default", "v2"):
        raise Refused(f"expected a regular grid of chunks with usual names, found {shown(grid)} and {shown(keys)}")
    if not isinstance(found["data_type"], str) or found["data_type"] not in _TYPES_OF_FORMAT_3:
        raise Refused(f"expected real numbers, found {shown(found['data_type'])}", TypeError)
    _check_codecs(found["codecs"])
    is_default = keys["name"] == "default"
    separator = keys.get("configuration", {}).get("separator", "/" if is_default else ".")
    start = f"c{separator}" if is_default else ""
    chunk = grid["configuration"]["chunk_shape"]
    return _checked(found["shape"], np.dtype(found["data_type"]), chunk, start, separator, 3, found["fill_value"])


def _checked(
    shape: Any, dtype: np.dtype[Any], chunk: Any, start: str, separator: Any, version: int, fill_value: Any
) -> _Metadata:
    for name, lengths, least in (("shape", shape, 0), ("shape of chunks", chunk, 1)):
        if not isinstance(lengths, list) or not all(type(n) is int and least <= n < 2**63 for n in lengths):
            raise ValueError(f"its {name} is {shown(lengths)}")
    if len(shape) != len(chunk) or separator not in (".", "/"):
        raise ValueError(f"its shape is {shown(shape)}, in chunks {shown(chunk)} whose places {shown(separator)} parts")
    return _Metadata(version, tuple(shape), dtype, tuple(chunk), start, separator, fill_value)


def _dtype(found: Any) -> np.dtype[Any]:
    """As format 2 and numcodecs write it."""
    if not isinstance(found, str) or not _TYPE.fullmatch(found):
        raise Refused(f"expected real numbers, found {shown(found)}", TypeError)
    return np.dtype(found)


def _check_codecs(codecs: Sequence[Any], depth: int = 0) -> None:
    """Those of format 3: shards hold chunks that are encoded in ways of their own."""
    for codec in codecs:
        name = codec if isinstance(codec, str) else codec["name"]
        configuration = {} if isinstance(codec, str) else codec.get("configuration") or {}
        _check_codec(name, configuration, _CODECS_OF_FORMAT_3)
        if name == "sharding_indexed":
            if depth == _MOST_SHARDS:
                raise Refused(f"expected shards in up to {_MOST_SHARDS} others, found more")
            _check_codecs(configuration["codecs"], depth + 1)
            _check_codecs(configuration.get("index_codecs", ()), depth + 1)


def _check_codec(name: Any, configuration: Mapping[str, Any], known: Collection[str]) -> None:
    if not isinstance(name, str) or name not in known:
        raise Refused(f"expected one of the codecs {', '.join(sorted(known))}, found {shown(name)}")
    for key, value in configuration.items():
        if key.endswith("type"):  # of numbers: their bytes are nothing else
            _dtype(value)


ZARR = Container("Zarr group", _list, "zarr", keeps_order=False)
