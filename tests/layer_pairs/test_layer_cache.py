from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.layer_pairs import layer_cache
from mot_fast.layer_pairs.exact_transports import STANDARDIZED
from mot_fast.layer_pairs.layer_cache import LayerCache, ready, scan_layers, stored
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.layer_pairs.pairs import Preparation
from mot_fast.layer_pairs.rotated_transports import CENTRED
from mot_fast.networks.network import Layer

ROOMY = Budget(2**30)


@pytest.fixture(autouse=True)
def _empty():
    layer_cache.clear()
    yield
    layer_cache.clear()


def test_the_layers_used_last_are_kept():
    cache = LayerCache()
    for key in "abc":
        cache.put(("", key), key.upper(), 4, 10)
    assert [cache.get(("", key)) for key in "abc"] == [None, "B", "C"]
    cache.get(("", "b"))
    cache.put(("", "d"), "D", 4, 10)
    assert [cache.get(("", key)) for key in "bcd"] == ["B", None, "D"]
    cache.put(("", "e"), "E", 11, 10)
    assert [cache.get(("", key)) for key in "bde"] == [None, None, None]
    cache.put(("", "f"), "F", 1, 10)
    cache.clear()
    assert cache.get(("", "f")) is None


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("preparation", [STANDARDIZED, CENTRED])
def test_a_scan_has_the_statistics_that_an_alignment_keeps(layers, preparation, n_threads):
    network = mot.load(layers([5, 6, 7]))[10:50]
    scans = scan_layers(network, preparation, ROOMY, n_threads)
    rotate = preparation is CENTRED
    source = mot.align(network, network, rotate=rotate).source
    for layer, mean, deviation in zip(scans, source.means, source.deviations, strict=True):
        np.testing.assert_array_equal(layer.mean, mean)
        np.testing.assert_array_equal(layer.deviation, deviation)
    assert len({layer.digest for layer in scans}) == 3


def test_a_layer_is_read_once_for_many_blocks(layers):
    n_reads = 0

    def read():
        nonlocal n_reads
        n_reads += 1
        return values

    values = layers([5])[0]
    network = mot.Network([Layer("layer", values.shape, read)])
    found = stored(network, scan_layers(network, STANDARDIZED, ROOMY, 1))
    for _ in range(3):
        layers_ready = ready((found, found), STANDARDIZED, ROOMY, 1)
        assert len(layers_ready[0].layers(range(1))) == 1
    assert n_reads == 1
    ready((found, found), CENTRED, ROOMY, 1)
    assert n_reads == 2


def test_without_room_layers_are_made_ready_when_they_are_needed(layers):
    network = mot.load(layers([50, 60]))
    found = stored(network, scan_layers(network, STANDARDIZED, ROOMY, 1))
    tight = ready((found, found), STANDARDIZED, Budget(1000), 1)
    roomy = ready((found, found), STANDARDIZED, ROOMY, 1)
    for one, other in zip(tight[0].layers(range(2)), roomy[0].layers(range(2)), strict=True):
        np.testing.assert_array_equal(one.deviation, other.deviation)


@pytest.mark.parametrize("budget", [ROOMY, Budget(1000)])
def test_a_layer_that_changed_is_an_error_with_room_and_without(layers, budget):
    values = layers([50])[0]
    network = mot.load([values])
    found = stored(network, scan_layers(network, STANDARDIZED, Budget(0), 1))
    values[3] += 1
    with pytest.raises(ValueError, match="layer 'layer0': expected the activations that the run began with"):
        ready((found, found), STANDARDIZED, budget, 1)[0].layers(range(1))
    with pytest.raises(ValueError, match="they were changed in the meantime"):
        layer_cache.check_unchanged(found, 1)


def test_a_layer_that_changes_while_it_is_read_is_an_error(layers):
    values = layers([5])[0]

    def make(activations, rows):
        values[0] += 1
        return STANDARDIZED.make(activations, rows)

    with pytest.raises(ValueError, match="they were changed in the meantime"):
        scan_layers(mot.load([values]), Preparation(make, STANDARDIZED.n_bytes, "changing"), ROOMY, 1)


def test_no_more_is_kept_than_the_budget_allows(layers):
    network = mot.load(layers([50] * 20))
    scan_layers(network, STANDARDIZED, Budget(200_000), 1)
    kept = sum(size for _, size in layer_cache._cache._layers.values())
    assert 0 < kept <= Budget(200_000).layers
