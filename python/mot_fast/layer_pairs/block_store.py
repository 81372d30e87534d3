"""A folder of finished blocks, each in a file of its own, named by a hash of its layers and parameters.

Blocks are archives (see `system.archive`) in `blocks/`, written completely or not at all, with a digest of their
arrays. Layers that were arrays in memory are `.npy` files in `layers/`, named by the digest of their numbers. Many
processes may work on one folder: the same name always means the same content.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mot_fast._validate import Array, Index
from mot_fast._warnings import DamagedBlockWarning, warn
from mot_fast.networks.network import Layer, Network
from mot_fast.networks.paths import layer_of_npy
from mot_fast.system import archive, atomic_write

FORMAT = "mot_fast block"
FORMAT_VERSION = 1
_ABANDONED = 3600.0
"""Seconds after which an unfinished file is taken to belong to a process that is gone."""
_CHUNK = 2**22
"""Bytes of activations that are hashed at once."""
_AT_THE_PATH = {errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR, errno.ENXIO, errno.EPERM}
"""Errors due to what stands at a block's path, such as a link that leads nowhere, and not to the disk."""


@dataclass(frozen=True)
class Store:
    """A folder of finished blocks, which is made if there is none.

    Raises
    ------
    OSError
        If the folder cannot be made.
    """

    folder: Path

    def __post_init__(self) -> None:
        for folder in (self._blocks, self._layers):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OSError(f"store: expected a folder to write to, found none at {self.folder} ({error})") from error

    @property
    def _blocks(self) -> Path:
        return self.folder / "blocks"

    @property
    def _layers(self) -> Path:
        return self.folder / "layers"

    def clean(self) -> None:
        """Remove the unfinished files of processes that were killed."""
        for folder in (self._blocks, self._layers):
            for path in folder.glob(".*"):
                with suppress(OSError):  # other processes clean as well
                    if time.time() - path.lstat().st_mtime > _ABANDONED:
                        path.unlink()

    def get(
        self,
        key: str,
        check: Callable[[dict[str, Array]], None] | None = None,
        *,
        most_bytes: float = math.inf,
        is_silent: bool = False,
    ) -> dict[str, Array] | None:
        """The arrays of a finished block; None if there is none, or only one that cannot be used.

        Parameters
        ----------
        key : str
        check : function, optional
            Raises an error where arrays are not what such a block holds: whoever can write to the folder can write a
            digest that fits.
        most_bytes : float
            Most bytes that such a block can take in memory.
        is_silent : bool
            Whether no warning is given of a block that cannot be used.

        Raises
        ------
        OSError, ValueError
            If the block cannot be read; if it is of a newer format.

        Warns
        -----
        DamagedBlockWarning
            If the block is damaged, or is not a file.
        """
        path = self._path(key)
        try:
            header, arrays = archive.read(path, FORMAT, FORMAT_VERSION, most_bytes)
            if (header["key"], header["digest"]) != (key, digest_of(arrays)):
                raise ValueError("its content is not what was written")
            with np.errstate(all="ignore"):  # what overflows is refused
                if check is not None:
                    check(arrays)
        except FileNotFoundError as error:
            if path.is_symlink():
                _warn_of_damage(path, error, is_silent)
            return None
        except archive.NewerFormat as error:
            raise ValueError(
                f"{path}: expected a block of version {FORMAT_VERSION} at most, found another ({error})"
            ) from None
        except Exception as error:  # a damaged file can make its readers raise anything
            if isinstance(error, (MemoryError, OSError)) and getattr(error, "errno", None) not in _AT_THE_PATH:
                raise
            _warn_of_damage(path, error, is_silent)
            return None
        return arrays

    def put(self, key: str, arrays: Mapping[str, Array]) -> None:
        """Keep a finished block, unless a folder stands in its place.

        Raises
        ------
        OSError
            If the block cannot be written; other blocks are unchanged.
        """
        header = {"format": FORMAT, "version": FORMAT_VERSION, "key": key, "digest": digest_of(arrays)}
        path = self._path(key)
        if path.is_symlink() or not path.is_dir():
            archive.write(path, header, arrays, stored=arrays, is_replaced=True)

    def _path(self, key: str) -> Path:
        return self._blocks / f"{key}.block"

    def with_layers_of(self, network: Network) -> Network:
        """The network as other processes can read it: layers that are arrays in memory are written to the folder."""
        layers = []
        for l, layer in enumerate(network.layers):
            if layer.is_in_file:
                layers.append(layer)
                continue
            values, rows = network.read(l)
            digest = layer_digest(values, rows)
            path = self._layers / f"{digest}.npy"
            if not _holds(path, (len(values) if rows is None else len(rows), values.shape[1]), digest):
                with atomic_write.open_atomically(path, is_replaced=True) as file:
                    np.lib.format.write_array(file, values if rows is None else values[rows], allow_pickle=False)
            kept = layer_of_npy(path.absolute())
            layers.append(Layer(layer.label, kept.shape, kept.read, is_in_file=True))
        return network.with_layers(layers)


def block_key(parameters: Mapping[str, Any], *digests: tuple[str, ...]) -> str:
    """The key of a block: a hash of the work's parameters and of its layers' digests."""
    text = json.dumps({"version": FORMAT_VERSION, "parameters": parameters, "layers": digests}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def layer_digest(values: Array, rows: Index | None) -> str:
    """A hash of the selected activations of a layer: of their type, shape and numbers."""
    n_stimuli = len(values) if rows is None else len(rows)
    found = hashlib.blake2b(f"{values.dtype.str} {n_stimuli} {values.shape[1]}".encode(), digest_size=20)
    step = max(1, _CHUNK // max(1, values.shape[1] * values.itemsize))
    for first in range(0, n_stimuli, step):
        chunk = slice(first, first + step)
        found.update(np.ascontiguousarray(values[chunk] if rows is None else values[rows[chunk]]).data)
    return found.hexdigest()


def digest_of(arrays: Mapping[str, Array]) -> str:
    """Digest of arrays and their names, types and shapes; it does not depend on their order."""
    found = hashlib.blake2b(digest_size=20)
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape} ".encode())
        found.update(np.ascontiguousarray(arrays[name]).data)
    return found.hexdigest()


def _warn_of_damage(path: Path, error: Exception, is_silent: bool) -> None:
    """Warn that the block at a path is damaged."""
    if not is_silent:
        message = f"{path}: this block is damaged and is computed again ({error})"
        warn(message, DamagedBlockWarning)


def _holds(path: Path, shape: tuple[int, int], digest: str) -> bool:
    """Whether the layer is there and undamaged; a file of another shape, which may be endless, is not read."""
    try:
        layer = layer_of_npy(path) if path.is_file() else None
        return layer is not None and layer.shape == shape and layer_digest(layer.read(), None) == digest
    except (OSError, ValueError):
        return False
