"""Pieces of an analysis: done in this process or by workers, and each kept in a store as soon as it is done.

What a piece finds depends on its fields alone. In a store it has a name that is a hash of them, of the activations of
its networks and of the release, so that a run that was stopped finds every piece that an earlier one had finished.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from mot_fast import _warnings
from mot_fast._validate import Array
from mot_fast._version import __version__
from mot_fast.layer_pairs.block_store import Store, block_key
from mot_fast.layer_pairs.layer_cache import StoredNetwork, digested, read_unchanged
from mot_fast.layer_pairs.packing import check_names
from mot_fast.layer_pairs.resources import Resources
from mot_fast.layer_pairs.run import readable_by_workers
from mot_fast.networks.network import Layer, Network
from mot_fast.system.control_characters import printable
from mot_fast.system.executor import results_as_completed

_WARNINGS = "warnings"
"""Name of the array that holds a piece's warnings."""
_MOST_WARNING_BYTES = 2**16
BESIDE_THE_POINT = {"is_beside_the_point": True}
"""Metadata of a field on which a piece's result does not depend, such as a number of threads."""
IN_THIS_PROCESS = Resources(n_threads=1)
"""Resources of work that is done here, on one thread, and not kept."""


class Piece(ABC):
    """A piece of an analysis: a dataclass of what its result depends on, and the work."""

    @abstractmethod
    def run(self) -> dict[str, Array]:
        """Do the work."""

    @abstractmethod
    def check(self, arrays: Mapping[str, Array]) -> None:
        """Raise an error where arrays cannot be the result: whoever writes to a store can write a fitting digest."""

    @property
    def most_bytes(self) -> int:
        """Most bytes that the result takes in memory."""
        return 2**26

    def key(self) -> str:
        """Name of the piece in a store."""
        return block_key({"work": type(self).__name__, "release": __version__, "fields": fingerprint(self)})


Place = TypeVar("Place")


def results_of(pieces: Mapping[Place, Piece], resources: Resources) -> Iterator[tuple[Place, dict[str, Array]]]:
    """The place and the result of every piece, those of the store first; warnings of the pieces are given here.

    Raises
    ------
    OSError, RuntimeError
        If the store cannot be read or written; if the executor breaks down.
    """
    if resources.is_plain:
        yield from ((place, piece.run()) for place, piece in pieces.items())
        return
    missing = {}
    for place, piece in pieces.items():
        found = None if resources.store is None else _kept(piece, resources.store)
        if found is None:
            missing[id(piece)] = place
        else:
            yield place, _warned(found)
    finish = partial(_finish, store=resources.store)
    tasks = [pieces[place] for place in missing.values()]
    for piece, found in results_as_completed(finish, tasks, resources.executor):
        yield missing[id(piece)], _warned(found)


@contextmanager
def shared_networks(networks: Sequence[Network], resources: Resources) -> Iterator[list[StoredNetwork]]:
    """Networks as pieces refer to them: in memory, or where workers can read them.

    They have digests where workers read them, or a store keeps what they give.
    """
    if resources.executor is None:
        networks = [network.in_memory() for network in networks]
    if resources.is_plain:
        yield [StoredNetwork(network, ()) for network in networks]
        return
    with readable_by_workers(networks, resources) as readable:
        yield [digested(network, resources.n_threads) for network in readable]


def in_memory(shared: StoredNetwork) -> Network:
    """A shared network in memory; `ValueError` if the activations are not those that the run began with."""
    network = shared.network
    if not any(layer.is_in_file for layer in network.layers):
        return network
    layers = []
    for l, label in enumerate(network.labels):
        values = read_unchanged(shared, l)
        layers.append(Layer(label, (network.n_stimuli, network.widths[l]), partial(np.asarray, values)))
    return network.with_layers(layers)


def fingerprint(value: Any) -> Any:
    """A value that JSON can hold, and that is another one wherever results can be others.

    Raises
    ------
    TypeError
        If the value is of a type whose identity is not known.
    """
    if isinstance(value, np.generic):
        value = value.item()
    elif isinstance(value, StoredNetwork):
        value = [value.network.name, value.network.labels, value.digests]
    elif not isinstance(value, np.ndarray) and hasattr(value, "__array__"):  # other libraries' arrays
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        content = np.ascontiguousarray(value).tobytes()
        value = [value.dtype.str, value.shape, hashlib.blake2b(content, digest_size=20).hexdigest()]
    if is_dataclass(value) and not isinstance(value, type):
        value = {each.name: getattr(value, each.name) for each in fields(value) if each.metadata != BESIDE_THE_POINT}
    if isinstance(value, Mapping):
        return {str(key): fingerprint(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [fingerprint(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"expected a value whose identity is known, found {type(value).__name__}")


def check_shapes(arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise `ValueError` unless the arrays have these names and shapes, and hold float64 numbers without infinities."""
    check_names(arrays, set(shapes))
    for name, shape in shapes.items():
        values = arrays[name]
        if values.dtype != "float64" or values.shape != shape or np.isinf(values).any():
            raise ValueError(f"its '{name}' are {values.dtype} numbers of shape {values.shape}")


@dataclass(frozen=True)
class _Noted:
    """Warnings of a piece, as an array that the store can keep."""

    warnings: tuple[tuple[str, str], ...]
    """Class and text of each."""

    def packed(self) -> Array:
        return np.frombuffer(json.dumps(self.warnings).encode(), np.uint8).astype(np.int32)

    @classmethod
    def unpacked(cls, values: Array) -> _Noted:
        """Raise `ValueError` if an array holds anything but warnings."""
        if values.dtype != "int32" or values.ndim != 1 or len(values) > _MOST_WARNING_BYTES:
            raise ValueError(f"its warnings are {values.dtype} numbers of shape {values.shape}")
        found = json.loads(bytes(values.tolist()).decode())
        if not isinstance(found, list):
            raise ValueError("its warnings are no list")
        for each in found:
            name, text = each
            if not (isinstance(text, str) and name in _warnings.CLASSES):
                raise ValueError("its warnings are none of this package")
        return cls(tuple((name, text) for name, text in found))


def _finish(piece: Piece, store: Store | None) -> dict[str, Array]:
    """Do a piece, unless another process was faster; keep it, and return it with its warnings."""
    if store is not None and (found := _kept(piece, store, is_silent=True)) is not None:
        return found
    with _warnings.collected() as warnings:
        arrays = piece.run()
    noted = _Noted(tuple((category.__name__, message) for message, category in warnings))
    found = {**arrays, _WARNINGS: noted.packed()}
    if store is not None:
        store.put(piece.key(), found)
    return found


def _kept(piece: Piece, store: Store, *, is_silent: bool = False) -> dict[str, Array] | None:
    """What the store holds of a piece; None if it is not done."""

    def check(arrays: Mapping[str, Array]) -> None:
        others = dict(arrays)
        _Noted.unpacked(others.pop(_WARNINGS))
        piece.check(others)

    return store.get(piece.key(), check, most_bytes=piece.most_bytes, is_silent=is_silent)


def _warned(found: dict[str, Array]) -> dict[str, Array]:
    """The result of a piece, after its warnings were given."""
    noted = _Noted.unpacked(found.pop(_WARNINGS))
    for name, text in noted.warnings:
        _warnings.warn(printable(text), _warnings.CLASSES[name])
    return found
