"""Arrays of jax in; skipped where jax is not installed."""

from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot

jax = pytest.importorskip("jax")

pytestmark = pytest.mark.torch
jnp = jax.numpy


@pytest.fixture(autouse=True)
def _doubles():
    """Without this jax has no float64."""
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_layers_share_the_memory_of_arrays(dtype, rng):
    array = jnp.asarray(rng.random((8, 6)), dtype=dtype)
    layer = mot.load([array]).layer(0)
    assert layer.ctypes.data == array.unsafe_buffer_pointer()
    assert np.shares_memory(layer, np.asarray(array))
    assert layer.dtype == dtype
    np.testing.assert_array_equal(layer, np.asarray(array))


def test_bfloat16_becomes_float32_exactly(rng):
    array = jnp.asarray(rng.random((8, 6)), dtype=jnp.bfloat16)
    layer = mot.load([array]).layer(0)
    assert layer.dtype == np.float32
    np.testing.assert_array_equal(layer, np.asarray(array.astype(jnp.float32)))


def test_integers_and_booleans_become_float64(rng):
    array = jnp.asarray(rng.integers(0, 9, (8, 6)))
    np.testing.assert_array_equal(mot.load([array]).layer(0), np.asarray(array))
    assert mot.load([array > 4]).layer(0).dtype == np.float64


def test_arrays_are_aligned_like_those_of_numpy(layers):
    source, target = layers([5, 6]), layers([4], seed=2)
    expected = mot.align(source, target)
    found = mot.align([jnp.asarray(x) for x in source], {"only": jnp.asarray(target[0])})
    np.testing.assert_array_equal(found.layer_costs, expected.layer_costs)


def test_what_is_no_array_yet_is_refused():
    with pytest.raises(ValueError, match=r"layer 'layer0': expected an array of numbers, found .*Tracer"):
        jax.jit(lambda x: mot.load([x]).layer(0).sum())(jnp.ones((4, 2)))


def test_types_that_no_network_has_are_refused_and_those_of_one_byte_are_float32():
    with pytest.raises(TypeError, match="layer 'layer0': expected real numbers, found complex64"):
        mot.load([jnp.ones((4, 2), jnp.complex64)])
    values = jnp.asarray(np.linspace(-2, 2, 8).reshape(4, 2), jnp.float8_e4m3fn)
    read = mot.load([values]).layer(0)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, np.asarray(values.astype(jnp.float32)))
