"""A cache of the layers that this process has made ready, for the next block that needs them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

import numpy as np

from mot_fast._validate import F64, Array
from mot_fast.layer_pairs.block_store import layer_digest
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.layer_pairs.pairs import Layers, Preparation, Prepared, PreparedNetwork, Statistics, keep_all
from mot_fast.networks.network import Network
from mot_fast.system import threads

_BYTES_PER_ACTIVATION = 4
"""Bytes of an activation, about, that a digest is taken of."""


@dataclass(frozen=True)
class StoredNetwork:
    """Some layers of a network, and digests that show whether their activations are still the same."""

    network: Network
    digests: tuple[str, ...]

    def select(self, layers: range) -> StoredNetwork:
        """Some of the layers, by position."""
        return StoredNetwork(self.network.select(layers), self.digests[layers.start : layers.stop])


@dataclass(frozen=True)
class LayerScan:
    """The digest of a layer's activations, and its units' means and standard deviations."""

    digest: str
    mean: F64
    deviation: F64


class LayerCache(Generic[Prepared]):
    """Prepared layers by preparation and digest; those not used for longest are given up."""

    def __init__(self) -> None:
        self._layers: OrderedDict[tuple[str, str], tuple[Prepared, int]] = OrderedDict()
        self._n_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str]) -> Prepared | None:
        """The layer, if it is there."""
        with self._lock:
            if key not in self._layers:
                return None
            self._layers.move_to_end(key)
            return self._layers[key][0]

    def put(self, key: tuple[str, str], layer: Prepared, n_bytes: int, most_bytes: int) -> None:
        """Keep a layer, and give up others so that all of them take no more than `most_bytes`."""
        with self._lock:
            _, replaced = self._layers.pop(key, (None, 0))
            self._layers[key] = layer, n_bytes
            self._n_bytes += n_bytes - replaced
        self.shrink(most_bytes)

    def shrink(self, most_bytes: int) -> None:
        """Give up the layers not used for longest, until the others take no more than `most_bytes`."""
        with self._lock:
            while self._n_bytes > most_bytes:
                _, (_, n_bytes) = self._layers.popitem(last=False)
                self._n_bytes -= n_bytes

    def clear(self) -> None:
        """Give up all layers."""
        with self._lock:
            self._layers.clear()
            self._n_bytes = 0


_cache: LayerCache[Any] = LayerCache()


def clear() -> None:
    """Give up all layers that this process has cached."""
    _cache.clear()


def scan_layers(
    network: Network, preparation: Preparation[Prepared], budget: Budget, n_threads: int
) -> list[LayerScan]:
    """Make every layer ready once, and return its digest and statistics."""

    def scan(l: int) -> LayerScan:
        layer, digest = _make(network, l, preparation, budget)
        return LayerScan(digest, layer.mean, layer.deviation)

    sizes = [preparation.n_bytes(network.n_stimuli, width) for width in network.widths]
    n_threads = max(1, min(threads.worthwhile(n_threads, sum(sizes)), budget.passing // max(sizes)))
    return threads.map_in_order(scan, range(len(network)), n_threads)


def stored(network: Network, layers: Sequence[LayerScan]) -> StoredNetwork:
    """The network with the digests of its scans."""
    return StoredNetwork(network, tuple(layer.digest for layer in layers))


def statistics_of(layers: Sequence[LayerScan]) -> Statistics:
    """The statistics of a network, from the scans of all its layers."""
    return Statistics(
        tuple(layer.mean for layer in layers),
        tuple(layer.deviation for layer in layers),
        tuple(layer.digest for layer in layers),
    )


def digested(network: Network, n_threads: int) -> StoredNetwork:
    """The network with its layers' digests, taken now."""
    n_threads = threads.worthwhile(n_threads, _BYTES_PER_ACTIVATION * network.n_stimuli * sum(network.widths))
    digests = threads.map_in_order(lambda l: layer_digest(*network.read(l)), range(len(network)), n_threads)
    return StoredNetwork(network, tuple(digests))


def check_unchanged(expected: StoredNetwork, n_threads: int) -> None:
    """Raise `ValueError` if the activations of a layer are not those expected."""
    found = digested(expected.network, n_threads)
    for l, (digest, other) in enumerate(zip(expected.digests, found.digests, strict=True)):
        if digest != other:
            raise _changed(expected.network, l)


def read_unchanged(expected: StoredNetwork, l: int) -> Array:
    """A copy of a layer's activations, which must be those expected."""
    values, rows = expected.network.read(l)
    values = np.array(values if rows is None else values[rows], order="C")
    if layer_digest(values, None) != expected.digests[l]:
        raise _changed(expected.network, l)
    return values


def ready_layers(
    networks: Sequence[StoredNetwork], preparation: Preparation[Prepared], budget: Budget, n_threads: int
) -> list[Prepared]:
    """All layers of many networks, ready; `ValueError` if the activations of one are not those expected."""
    _cache.shrink(budget.cached)
    found: list[Prepared] = []
    for each in networks:
        make = partial(_make_again, each, preparation, budget)
        found += PreparedNetwork(each.network, preparation, n_threads, make).layers(range(len(each.network)))
    return found


def ready(
    networks: tuple[StoredNetwork, StoredNetwork], preparation: Preparation[Prepared], budget: Budget, n_threads: int
) -> Layers[Prepared]:
    """Both networks, with all layers ready if the budget has room for them; else each is made ready when it is needed.

    Raises
    ------
    ValueError
        If the activations of a layer are not those that its digest was taken of; now, or when it is made ready.
    """
    _cache.shrink(budget.cached)
    source, target = (
        PreparedNetwork(each.network, preparation, n_threads, make=partial(_make_again, each, preparation, budget))
        for each in networks
    )
    if sum(source.sizes) + sum(target.sizes) <= budget.layers:
        keep_all((source, target), n_threads)
    return source, target


def _make_again(expected: StoredNetwork, preparation: Preparation[Prepared], budget: Budget, l: int) -> Prepared:
    """A layer made ready, or from the cache; its activations must be those expected."""
    found: Prepared | None = _cache.get((preparation.name, expected.digests[l]))
    if found is not None:
        return found
    layer, digest = _make(expected.network, l, preparation, budget)
    if digest != expected.digests[l]:
        raise _changed(expected.network, l)
    return layer


def _make(network: Network, l: int, preparation: Preparation[Prepared], budget: Budget) -> tuple[Prepared, str]:
    """A layer made ready and cached, and its digest."""
    values, rows = network.read(l)
    digest = layer_digest(values, rows)
    layer = preparation.make(values, rows)
    if layer_digest(values, rows) != digest:  # a file may be written to at any time
        raise _changed(network, l)
    n_bytes = preparation.n_bytes(network.n_stimuli, network.widths[l])
    _cache.put((preparation.name, digest), layer, n_bytes, budget.cached)
    return layer, digest


def _changed(network: Network, l: int) -> ValueError:
    return ValueError(
        f"network '{network.name}', layer '{network.labels[l]}': expected the activations that the run began with, "
        "found others; they were changed in the meantime"
    )
