"""`.safetensors` files, single or in shards with an index: headers are checked against the file, numbers are mapped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.files.mapped_array import MappedArray, n_bytes, size_of_regular_file

INDEX_SUFFIX = ".safetensors.index.json"
MOST_HEADER_BYTES = 100_000_000
"""Largest header that the safetensors library accepts."""

_TYPES = {
    **{f"F{8 * size}": f"<f{size}" for size in (2, 4, 8)},
    **{f"{kind}{8 * size}": f"<{kind.lower()}{size}" for kind in "IU" for size in (1, 2, 4, 8)},
    **{"BOOL": "?", "C64": "<c8", "BF16": "<u2", "F8_E4M3": "u1", "F8_E5M2": "u1"},
}
"""Types of numpy by their names in the format; numpy lacks the last three, whose bits are read as integers."""


@dataclass(frozen=True)
class LowPrecisionTensor:
    """A tensor of bfloat16 or float8, types that numpy lacks, whose numbers are converted to float32 exactly."""

    codes: MappedArray
    kind: str
    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the stored tensor."""
        return self.codes.shape

    def read(self) -> Array:
        """Read the numbers as float32."""
        return _WIDENED[self.kind](self.codes.read())


def tensors(path: Path) -> dict[str, Callable[[], MappedArray | LowPrecisionTensor]]:
    """List the tensors of a file, or of all shards that an index names, by their labels.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, the header contradicts itself or the file, or a shard is missing or contradicts the
        index.
    """
    if path.name.endswith(".json"):
        return _of_shards(path)
    return {label: partial(_array, path, label, *entry) for label, entry in _entries(path).items()}


def _of_shards(path: Path) -> dict[str, Callable[[], MappedArray | LowPrecisionTensor]]:
    """List the tensors of all shards that the index at `path` names."""
    size_of_regular_file(path)
    of_tensor = _object(path.read_bytes())["weight_map"]
    if not isinstance(of_tensor, dict) or not all(isinstance(shard, str) for shard in of_tensor.values()):
        raise ValueError("its weight_map does not name a file for each tensor")
    found: dict[str, Callable[[], MappedArray | LowPrecisionTensor]] = {}
    for shard in sorted(set(of_tensor.values())):
        is_inside = ".." not in PurePosixPath(shard).parts and not PureWindowsPath(shard).anchor and "\\" not in shard
        if not is_inside or PurePosixPath(shard).is_absolute():
            raise ValueError(f"its shard {shard!r} lies elsewhere")
        if not (path.parent / shard).is_file():
            raise ValueError(f"its shard {shard!r} is missing")
        there, expected = tensors(path.parent / shard), {label for label, file in of_tensor.items() if file == shard}
        for label in sorted(expected ^ set(there)):
            lacks = ("the shard", "the index") if label in expected else ("the index", "the shard")
            raise ValueError(f"{lacks[0]} lacks the tensor '{label}', which {lacks[1]} places in {shard!r}")
        found.update(there)
    return {label: found[label] for label in of_tensor}


def _entries(path: Path) -> dict[str, tuple[str, tuple[int, ...], int]]:
    """Type, shape and offset of every tensor, from the header of a file whose tensors must fill it without overlap."""
    size = size_of_regular_file(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(MOST_HEADER_BYTES, size - 8):
            raise ValueError(f"its header of {length} bytes does not fit into {size}, or is too long")
        header = _object(file.read(length))
    header.pop("__metadata__", None)
    entries, places = {}, []
    for label, entry in header.items():
        kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        if not isinstance(kind, str) or any(type(number) is not int or number < 0 for number in (*shape, begin, end)):
            raise ValueError(f"its tensor '{label}' has no type, shape and place, but {entry!r:.200}")
        entries[label] = kind, shape, 8 + length + begin
        places.append((begin, end, label))
        if kind in _TYPES and end - begin != n_bytes(shape, np.dtype(_TYPES[kind])):
            raise ValueError(f"its tensor '{label}', {shape} of {kind}, has {end - begin} bytes")
    reached = 0
    for begin, end, label in sorted(places):
        if begin != reached or end < begin:
            raise ValueError(f"its tensor '{label}' begins at {begin} where {reached} bytes are told of")
        reached = end
    if reached != size - 8 - length:
        raise ValueError(f"its tensors take {reached} bytes, and it holds {size - 8 - length}")
    return entries


def _array(path: Path, label: str, kind: str, shape: tuple[int, ...], offset: int) -> MappedArray | LowPrecisionTensor:
    if kind not in _TYPES:
        raise ValueError(f"its tensor '{label}' is of the type {kind}, which is none of {', '.join(_TYPES)}")
    array = MappedArray(path, shape, np.dtype(_TYPES[kind]), offset)
    return LowPrecisionTensor(array, kind) if kind in _WIDENED else array


def _object(text: bytes) -> dict[str, Any]:
    """Decode a JSON object; a name that occurs twice raises `ValueError`."""

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands twice in its header")
        return found

    found = json.loads(text.decode("utf-8"), object_pairs_hook=distinct)
    if not isinstance(found, dict):
        raise ValueError(f"its header is no object, but {found!r:.200}")
    return found


def _from_bfloat16(codes: Array) -> Array:
    """Convert bfloat16, the upper half of a float32."""
    wide = codes.astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)


def _from_float8_e5m2(codes: Array) -> Array:
    """Convert float8 E5M2, the upper half of a float16."""
    wide = codes.astype(np.uint16)
    wide <<= 8
    return wide.view(np.float16).astype(np.float32)


def _from_float8_e4m3(codes: Array) -> Array:
    """Convert float8 E4M3: 4 bits of exponent, 3 of mantissa, no infinities (Micikevicius et al., arXiv 2209.05433)."""
    every = np.arange(256)
    exponent, mantissa = every >> 3 & 15, every & 7
    values = np.where(exponent == 0, np.ldexp(mantissa, -9), np.ldexp(8 + mantissa, exponent - 10))
    values[every & 127 == 127] = np.nan
    of_code: Array = np.where(every < 128, values, -values).astype(np.float32)
    return of_code[codes]


_WIDENED: dict[str, Callable[[Array], Array]] = {
    "BF16": _from_bfloat16,
    "F8_E4M3": _from_float8_e4m3,
    "F8_E5M2": _from_float8_e5m2,
}
