from __future__ import annotations

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.networks.network import Layer, Network


@pytest.fixture
def arrays(rng):
    return {"first": rng.random((10, 3)), "second": rng.random((10, 5))}


def test_a_network_knows_its_layers(arrays):
    network = mot.load(arrays, name="small")
    assert (network.name, network.labels, network.widths) == ("small", ("first", "second"), (3, 5))
    assert (len(network), network.n_layers, network.n_stimuli) == (2, 2, 10)
    assert repr(network) == "Network('small', 2 layers, 8 units, 10 stimuli)"


def test_it_is_selected_from_like_a_matrix(arrays):
    network = mot.load(arrays)
    assert network.shape == (10, 8)
    assert network[[1, 9], ...].shape == (2, 8)
    np.testing.assert_array_equal(network[[1, 9], ...].layer(1), arrays["second"][[1, 9]])


def test_layers_are_found_by_position_and_label(arrays):
    network = mot.load(arrays)
    for which in (1, -1, np.int64(1), "second"):
        np.testing.assert_array_equal(network.layer(which), arrays["second"])


@pytest.mark.parametrize(
    "rows", [slice(2, 8, 3), [1, 1, 9], np.array([-1, 0], dtype=np.int32), np.arange(10) % 2 == 0, []]
)
def test_indexing_selects_stimuli_as_numpy_does(arrays, rows):
    selected = mot.load(arrays)[rows]
    expected = arrays["first"][np.asarray(rows, dtype=int) if isinstance(rows, list) else rows]
    np.testing.assert_array_equal(selected.layer("first"), expected)
    assert selected.n_stimuli == len(expected)


def test_selections_compose(arrays):
    network = mot.load(arrays)[2:9][::2][[0, -1]]
    np.testing.assert_array_equal(network.layer(0), arrays["first"][[2, 8]])


def test_reading_does_not_copy(arrays):
    values, rows = mot.load(arrays)[3:].read("first")
    assert np.shares_memory(values, arrays["first"])
    np.testing.assert_array_equal(rows, np.arange(3, 10))


def test_in_memory_reads_once(arrays):
    reads = []

    def read():
        reads.append(1)
        return arrays["first"]

    network = Network([Layer("first", (10, 3), read)], "counted")[1:4].in_memory()
    for _ in range(3):
        np.testing.assert_array_equal(network.layer(0), arrays["first"][1:4])
    assert len(reads) == 1
    assert network.name == "counted"


def test_layers_are_not_iterated_by_indexing_stimuli(arrays):
    network = mot.load(arrays)
    with pytest.raises(TypeError):
        list(network)
    with pytest.raises(TypeError):
        "first" in network  # noqa: B015


def test_layers_cannot_be_written_through(arrays):
    with pytest.raises(ValueError, match="read-only"):
        mot.load(arrays).layer(0)[0, 0] = 9


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (3, ValueError, "stimuli: expected a slice or a one-dimensional index or mask, found 3"),
        ([[0, 1]], ValueError, r"one-dimensional index or mask, found shape \(1, 2\)"),
        ([0.5], TypeError, "stimuli: expected integers or booleans, found float64"),
        ([0, 10], IndexError, "stimuli: expected indices below 10, found 10"),
        ([-11], IndexError, "stimuli: expected indices below 10, found -11"),
        ([True, False], ValueError, "stimuli: expected a mask of length 10, found 2"),
    ],
)
def test_bad_selections_are_named(arrays, rows, error, message):
    with pytest.raises(error, match=message):
        mot.load(arrays)[rows]


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        (2, IndexError, "layer of network 'small': expected a position from 0 to 1, found 2"),
        ("third", KeyError, "layer of network 'small': expected one of first, second, found 'third'"),
        (0.0, TypeError, "layer of network 'small': expected an integer, found 0.0"),
        (True, TypeError, "expected an integer, found True"),
    ],
)
def test_unknown_layers_are_named(arrays, which, error, message):
    with pytest.raises(error, match=message):
        mot.load(arrays, name="small").layer(which)


def test_nonfinite_activations_are_located_within_the_selection(arrays):
    arrays["second"][7, 2] = np.nan
    arrays["second"][8, 0] = np.inf
    network = mot.load(arrays, name="broken")
    with pytest.raises(
        ValueError,
        match="network 'broken', layer 'second': expected finite activations, found nan first at stimulus 7, unit 2",
    ):
        network.layer("second")
    with pytest.raises(ValueError, match="found inf first at stimulus 8, unit 0"):
        network[[8, 7]].layer("second")
    assert network[:7].layer("second").shape == (7, 5)


def test_a_layer_that_changes_under_us_is_refused(arrays):
    network = Network([Layer("first", (10, 4), lambda: arrays["first"])], "changed")
    with pytest.raises(ValueError, match=r"layer 'first': expected shape \(10, 4\) as before, found \(10, 3\)"):
        network.layer(0)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([], "network 'bad': expected at least one layer, found none"),
        (
            [(4, 2), (5, 2)],
            "network 'bad': expected the same stimuli in every layer, found 4 in layer 'a' and 5 in layer 'b'",
        ),
    ],
)
def test_networks_that_cannot_be_are_refused(shapes, message):
    layers = [Layer("ab"[k], shape, lambda: np.zeros((1, 1))) for k, shape in enumerate(shapes)]
    with pytest.raises(ValueError, match=message):
        Network(layers, "bad")


def test_repeated_labels_are_refused():
    layers = [Layer("a", (4, 2), lambda: np.zeros((4, 2)))] * 2
    with pytest.raises(ValueError, match="network 'bad': expected distinct layer labels, found a, a"):
        Network(layers, "bad")


def test_a_layer_s_name_selects_no_stimuli(rng):
    network = mot.load({"a": rng.random((5, 2))})
    with pytest.raises(TypeError, match=r"stimuli: expected a slice, .*, found 'a'; a layer is network\.layer"):
        network["a"]


def test_layers_are_selected_by_position_or_label():
    network = mot.load({"a": np.zeros((4, 1)), "b": np.ones((4, 2)), "c": np.full((4, 3), 2.0)}, name="net")[1:3]
    some = network.select(["c", 0])
    assert (some.name, some.labels, some.widths, some.n_stimuli) == ("net", ("c", "a"), (3, 1), 2)
    np.testing.assert_array_equal(some.layer("c"), np.full((2, 3), 2.0))


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ("ab", TypeError, "layers: expected several layers, found 'ab'; one alone is a list of one"),
        (["d"], KeyError, "layer of network 'net': expected one of a, b, found 'd'"),
        ([5], IndexError, "layer of network 'net': expected a position from 0 to 1, found 5"),
        ([], ValueError, "network 'net': expected at least one layer, found none"),
        ([0, "a"], ValueError, "network 'net': expected distinct layer labels, found a, a"),
    ],
)
def test_layers_that_are_not_there_cannot_be_selected(layers, error, message):
    network = mot.load({"a": np.zeros((4, 1)), "b": np.ones((4, 2))}, name="net")
    with pytest.raises(error, match=message):
        network.select(layers)


def test_layers_keep_their_own_rows():
    """Layers of a network that was joined from several networks."""
    first, second = mot.load([np.arange(8.0)[:, None]])[::2], mot.load([np.arange(4.0)[:, None]])
    both = Network([*first.layers, Layer("other", (4, 1), second.layers[0].read)], "both")
    assert both.n_stimuli == 4
    np.testing.assert_array_equal(both[[3, 1]].layer(0).ravel(), [6, 2])
    np.testing.assert_array_equal(both[[3, 1]].layer(1).ravel(), [3, 1])
    with pytest.raises(ValueError, match=r"expected the same stimuli in every layer, found 2 in layer 'layer0' and 4"):
        Network([*first[:2].layers, Layer("other", (4, 1), second.layers[0].read)], "both")
