"""Layers that this process has made ready are kept for the next block that needs them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mot_fast._validate import F64
from mot_fast.layer_pairs import Layers, Preparation, Prepared, PreparedNetwork, Statistics, prepare
from mot_fast.memory import MOST_HELD, Budget
from mot_fast.network import Network
from mot_fast.store import layer_digest

Result = TypeVar("Result")


@dataclass(frozen=True)
class StoredNetwork:
    """Layers, and the digests that tell whether they are still what they were."""

    network: Network
    digests: tuple[str, ...]

    def part(self, layers: range) -> StoredNetwork:
        """Some of the layers."""
        return StoredNetwork(self.network.select(layers), self.digests[layers.start : layers.stop])


@dataclass(frozen=True)
class Surveyed:
    """What was seen of a layer."""

    digest: str
    mean: F64
    deviation: F64


class LayerCache(Generic[Prepared]):
    """Prepared layers by preparation and digest, those used last, as many as fit into so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._layers: OrderedDict[tuple[str, str], tuple[Prepared, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str]) -> Prepared | None:
        """The layer, if it is there."""
        with self._lock:
            if key not in self._layers:
                return None
            self._layers.move_to_end(key)
            return self._layers[key][0]

    def put(self, key: tuple[str, str], layer: Prepared, n_bytes: int) -> None:
        """Keep a layer, and give up those not used for longest."""
        with self._lock:
            self._layers[key] = layer, n_bytes
            while sum(size for _, size in self._layers.values()) > self._most_bytes:
                self._layers.popitem(last=False)

    def clear(self) -> None:
        """Give up all of them."""
        with self._lock:
            self._layers.clear()


_cache: LayerCache[Any] = LayerCache(MOST_HELD)


def clear() -> None:
    """Give the memory back, in this process."""
    _cache.clear()


def stored(network: Network, layers: Sequence[Surveyed]) -> StoredNetwork:
    """The network with the digests that were seen."""
    return StoredNetwork(network, tuple(layer.digest for layer in layers))


def statistics_of(layers: Sequence[Surveyed]) -> Statistics:
    """What was seen of all layers of a network."""
    return Statistics(tuple(layer.mean for layer in layers), tuple(layer.deviation for layer in layers))


def ready(
    networks: tuple[StoredNetwork, StoredNetwork], preparation: Preparation[Prepared], budget: Budget, n_threads: int
) -> tuple[Layers[Prepared], tuple[Statistics, Statistics]]:
    """Both networks with all layers ready, where the budget has room for them, else ready when they are needed."""
    sizes = [
        [preparation.n_bytes(n.n_stimuli, width) for width in n.widths] for n in (each.network for each in networks)
    ]
    if sum(map(sum, sizes)) > budget.layers:
        return prepare((networks[0].network, networks[1].network), preparation, budget, n_threads)
    source, target = (_prepared(each, preparation, n_threads) for each in networks)
    return (source, target), (source.survey(budget, is_kept=True), target.survey(budget, is_kept=True))


def _prepared(stored: StoredNetwork, preparation: Preparation[Prepared], n_threads: int) -> PreparedNetwork[Prepared]:
    """All layers ready; `ValueError` where one is not what it was."""

    def make(l: int) -> Prepared:
        found: Prepared | None = _cache.get((preparation.name, stored.digests[l]))
        if found is not None:
            return found
        layer, digest = _make(stored.network, l, preparation)
        if digest != stored.digests[l]:
            raise ValueError(
                f"network '{stored.network.name}', layer '{stored.network.labels[l]}': expected the activations that "
                "the run began with, found others; they were changed in the meantime"
            )
        return layer

    layers = _in_threads(make, len(stored.network), n_threads)
    return PreparedNetwork(stored.network, preparation, n_threads, dict(enumerate(layers)))


def survey(network: Network, preparation: Preparation[Any], n_threads: int) -> list[Surveyed]:
    """Every layer's digest and statistics."""

    def look(l: int) -> Surveyed:
        layer, digest = _make(network, l, preparation)
        return Surveyed(digest, layer.mean, layer.deviation)

    return _in_threads(look, len(network), n_threads)


def _make(network: Network, l: int, preparation: Preparation[Prepared]) -> tuple[Prepared, str]:
    values, rows = network.read(l)
    digest = layer_digest(values, rows)
    layer = preparation.make(values, rows)
    _cache.put((preparation.name, digest), layer, preparation.n_bytes(network.n_stimuli, network.widths[l]))
    return layer, digest


def _in_threads(function: Callable[[int], Result], n: int, n_threads: int) -> list[Result]:
    if n_threads == 1:
        return [function(k) for k in range(n)]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, range(n)))
