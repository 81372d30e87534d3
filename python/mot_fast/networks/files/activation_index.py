"""`network.json`, the index of a folder that `mot_fast.extract` wrote: its layers, their files, and the stimuli.

Anybody may have written the file: every value is validated before it is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shown
from typing import Any

from mot_fast.system import json_header

INDEX = "network.json"
"""Name of the index in its folder."""
INDEX_FORMAT = "mot_fast activations"
INDEX_VERSION = 1

_MAX_BYTES = 2**26
"""Largest size of an index; a layer takes about 100 bytes."""
_MAX_COUNT = 2**48
"""Largest number of stimuli or units: more than any disk holds."""


@dataclass(frozen=True)
class LayerFile:
    """A layer of the index, and the file that holds its numbers."""

    label: str
    file: str
    n_units: int
    crc32: int | None
    """Checksum of the numbers; None in an index of an early version, which recorded none."""
    largest: float | None
    """Largest magnitude among the numbers, if the index has it."""


@dataclass(frozen=True)
class ActivationIndex:
    """The content of an index."""

    name: str
    n_stimuli: int
    is_complete: bool
    layers: tuple[LayerFile, ...]
    """The layers in depth order, with distinct labels and files."""
    digest: str
    """Digest of the stimuli."""
    dtype: str | None
    fields: Mapping[str, Any]
    """All fields of the index. "stimuli" is an object; so are "model" and "pooling", where they are there."""


def read_index(path: Path) -> ActivationIndex:
    """Read and validate the index at a path.

    Raises
    ------
    ValueError
        If the file is damaged, of another kind, or contradicts itself.
    """
    try:
        if not path.is_file():
            raise ValueError("it is no file")
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it has more than {_MAX_BYTES:,} bytes")
        fields = json.loads(
            path.read_bytes().decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique_fields
        )
        return _index_of(fields)
    except (ValueError, OverflowError, RecursionError, OSError) as error:  # of huge numbers, and of deep nesting
        raise ValueError(f"{path}: expected a complete index of activations, found a damaged one ({error})") from error


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"it holds {constant}")


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError(f"an object in it has a field twice: {shown([key for key, _ in pairs])}")
    return dict(pairs)


def _index_of(fields: Any) -> ActivationIndex:
    if type(fields) is not dict:
        raise ValueError(f"it holds {shown(fields)} where an object belongs")
    found = json_header.field(fields, "format", str), json_header.field(fields, "version", int)
    if found != (INDEX_FORMAT, INDEX_VERSION):
        raise ValueError(f"its format is {shown(found[0])}, version {shown(found[1])}, not ours, {INDEX_VERSION}")
    for name in ("model", "pooling", "stimuli"):
        if name == "stimuli" or name in fields:
            json_header.field(fields, name, dict)
    n_stimuli = _count(fields, "n_stimuli", 0)
    is_complete = json_header.field(fields, "is_complete", bool)
    if is_complete and not n_stimuli:
        raise ValueError("it is complete without any stimulus")
    layers = tuple(_layer_of(each) for each in json_header.field(fields, "layers", list))
    if not layers:
        raise ValueError("it has no layers")
    for what, values in (("label", [x.label for x in layers]), ("file", [x.file for x in layers])):
        if len(set(values)) < len(values):
            raise ValueError(f"two of its layers have one {what}: {shown(values)}")
    dtype = fields.get("dtype")
    if dtype not in (None, "float16", "float32"):
        raise ValueError(f"its dtype is {shown(dtype)}")
    return ActivationIndex(
        name=_text(fields, "name"),
        n_stimuli=n_stimuli,
        is_complete=is_complete,
        layers=layers,
        digest=_hexadecimal(fields["stimuli"], "digest"),
        dtype=dtype,
        fields=fields,
    )


def _layer_of(fields: Any) -> LayerFile:
    if type(fields) is not dict:
        raise ValueError(f"it holds {shown(fields)} where a layer belongs")
    label, file = _text(fields, "label"), _text(fields, "file")
    if not file or file in (".", "..") or set(file) & set("/\\:\0"):
        raise ValueError(f"its layer {shown(label)} lies elsewhere, in {shown(file)}")
    crc32 = _count(fields, "crc32", 0) if "crc32" in fields else None
    largest = json_header.number(fields, "largest", 0) if "largest" in fields else None
    return LayerFile(label, file, _count(fields, "n_units", 1), crc32, largest)


def _text(fields: Mapping[str, Any], name: str) -> str:
    found: str = json_header.field(fields, name, str)
    found.encode()  # half a surrogate pair is no text
    return found


def _count(fields: Mapping[str, Any], name: str, at_least: int) -> int:
    found = json_header.count(fields, name, at_least)
    if found > _MAX_COUNT:
        raise ValueError(f"'{name}' is {shown(found)}, more than any disk holds")
    return found


def _hexadecimal(fields: Mapping[str, Any], name: str) -> str:
    return bytes.fromhex(_text(fields, name)).hex()
