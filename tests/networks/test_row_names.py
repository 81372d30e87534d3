"""Stimuli that have names, in data frames, labelled arrays and extractions, are the same or are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.networks.stimulus_digest import NO_STIMULI, chained

pandas = pytest.importorskip("pandas")
xarray = pytest.importorskip("xarray")

NAMES = [f"image{k}" for k in range(12)]
ORDER = (
    "expected the same stimuli in the same order in '.*' and '.*', found the same ones in another order by their index"
)
OTHERS = "expected the same stimuli in the same order in '.*' and '.*', found others by their index, first"


@pytest.fixture
def values(rng):
    return rng.random((12, 4))


def named(values, index=NAMES):
    return pandas.DataFrame(values, index=index)


def labelled(values, dims, names=NAMES):
    return xarray.DataArray(values, dims=dims, coords={dims[int(values.shape[1] == 12)]: names})


@pytest.mark.parametrize("kind", ["layers", "one frame", "dataset", "network"])
def test_stimuli_in_another_order_are_refused_wherever_networks_meet(values, kind):
    def network(order):
        frame = named(values).iloc[order]
        wide = pandas.concat({"a": frame, "b": frame}, axis="columns")
        array = labelled(values[order], ("stimulus", "unit"), [NAMES[k] for k in order])
        return {
            "layers": {"a": frame},
            "one frame": wide,
            "dataset": xarray.Dataset({"a": array}),
            "network": mot.load({"a": values, "b": frame}),
        }[kind]

    one, two = network(list(range(12))), network([1, 0, *range(2, 12)])
    one, two = mot.load(one).with_name("one"), mot.load(two).with_name("two")
    alignment = mot.align(one, one)
    for call in (
        lambda: mot.align(network(list(range(12))), network([1, 0, *range(2, 12)])),
        lambda: mot.compare(one, two, ["cka"]),
        lambda: mot.similarity_matrix([one, two]),
        lambda: mot.similarity_matrix([mot.load([values], "unnamed"), one, two]),
        lambda: mot.align_trajectories([one, one], [one, two]),
        lambda: mot.align_trajectories([mot.load([values]), one], [two, two]),
        lambda: alignment.score(one, two),
        lambda: mot.evaluate(alignment, one, two),
        lambda: mot.Aligner().fit(one, two),
    ):
        with pytest.raises(ValueError, match=ORDER):
            call()
    free = mot.load(network([1, 0, *range(2, 12)]), "two", check_stimuli=False)
    assert mot.align(one, free).cost > 0.01


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        (NAMES, NAMES, None),
        (NAMES, range(12), None),  # numbers from 0 on are anybody's
        (range(12), range(11, -1, -1), ORDER),
        (range(12), range(100, 112), None),
        (range(50, 62), range(100, 112), OTHERS),
        (NAMES, [*NAMES[:-1], "another"], OTHERS),
        (NAMES, [*NAMES[:-1], None], OTHERS),
        ([*NAMES[:-1], None], [*NAMES[:-1], np.nan], None),
        (["a"] * 6 + ["b"] * 6, ["a"] * 6 + ["b"] * 6, None),
        (["a"] * 6 + ["b"] * 6, ["a", "b"] * 6, ORDER),
        (pandas.date_range("2020", periods=12), pandas.date_range("2020", periods=12), None),
        (pandas.date_range("2020", periods=12), pandas.date_range("2021", periods=12), OTHERS),
        ([(name, 0) for name in NAMES], [(name, 0) for name in NAMES], None),
        ([(name, 0) for name in NAMES], [(name, 0) for name in NAMES[::-1]], ORDER),
        ([(name, 0) for name in NAMES], NAMES[::-1], None),  # other parts cannot be compared
    ],
)
def test_what_two_indexes_say_of_each_other(values, one, two, message):
    def frame(index):
        is_parts = isinstance(index, list) and isinstance(index[0], tuple)
        return named(values, pandas.MultiIndex.from_tuples(index) if is_parts else index)

    for source, target in ((one, two), (two, one)):
        if message is None:
            assert mot.align([frame(source)], [frame(target)]).cost == pytest.approx(0, abs=1e-12)
        else:
            with pytest.raises(ValueError, match=message):
                mot.align([frame(source)], [frame(target)])


def test_selected_stimuli_keep_their_names(values):
    whole, part = mot.load([named(values)]), [named(values).iloc[[3, 5, 8, 9]]]
    assert mot.align(whole[[3, 5, 8, 9]], part).cost == pytest.approx(0, abs=1e-12)
    assert mot.align(whole[2:][[1, 3, 6, 7]].in_memory(), part).cost == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match=OTHERS + " 'image2' and 'image3' in row 0"):
        mot.align(whole[[2, 5, 8, 9]], part)


def test_layers_of_one_network_have_the_same_stimuli(values):
    message = "network 'mine': expected the same stimuli in layers 'a' and 'c', found the same ones in another order"
    with pytest.raises(ValueError, match=message):
        mot.load({"a": named(values), "b": pandas.DataFrame(values), "c": named(values).iloc[::-1]}, "mine")
    assert mot.load({"a": named(values), "c": named(values).iloc[::-1]}, layers="a").labels == ("a",)


def test_the_dimension_that_arrays_share_holds_the_stimuli(values):
    layers = {"a": labelled(values, ("image", "neuron")), "b": labelled(values.T, ("voxel", "image"))}
    for source in (layers, xarray.Dataset(layers), list(layers.values())):
        network = mot.load(source)
        for l in range(2):
            np.testing.assert_array_equal(network.layer(l), values)
    with pytest.raises(ValueError, match=ORDER):
        mot.align(layers, [named(values).iloc[::-1]])
    square = {"a": xarray.DataArray(np.eye(12), dims=("x", "y")), "b": xarray.DataArray(np.eye(12), dims=("y", "x"))}
    with pytest.raises(
        ValueError, match="expected one dimension that all layers share, the stimuli, found 'x', 'y' in"
    ):
        mot.load(square)
    assert mot.load(square, layers="b").labels == ("b",)
    uneven = {"a": xarray.DataArray(values, dims=("x", "y")), "b": xarray.DataArray(values[:, :3].T, dims=("y", "x"))}
    assert mot.load(uneven).widths == (4, 3)  # only x is of one length
    with pytest.raises(ValueError, match="found the dimension 'x' to be stimuli in one and units in the other"):
        mot.align(mot.load(square, layers="a"), mot.load(square, layers="b"))


def test_arrays_without_a_shared_dimension_are_taken_as_they_stand(values):
    layers = {"a": xarray.DataArray(values, dims=("x", "y")), "b": xarray.DataArray(values, dims=("z", "w"))}
    np.testing.assert_array_equal(mot.load(layers).layer("b"), values)
    with pytest.raises(ValueError, match=r"layer 'c': expected shape \(n_stimuli, n_units\), found \(2, 2, 2\)"):
        mot.load({**layers, "c": xarray.DataArray(np.zeros((2, 2, 2)))})


def extracted(folder, values, names, identity_kind):
    folder.mkdir()
    np.save(folder / "layer000.npy", values)
    stimuli = {"digest": chained(NO_STIMULI, [str(name).encode() for name in names]), "of": identity_kind}
    layers = [{"label": "a", "file": "layer000.npy", "n_units": values.shape[1]}]
    index = {"format": "mot_fast activations", "version": 1, "name": "model", "n_stimuli": 12, "is_complete": True}
    (folder / "network.json").write_text(json.dumps({**index, "layers": layers, "stimuli": stimuli}))
    return mot.load(folder)


def test_an_extraction_whose_stimuli_have_names_is_held_to_an_index(values, tmp_path):
    network = extracted(tmp_path / "names", values, NAMES, "identities")
    frame = mot.load([named(values)])
    assert mot.align(network, frame).cost == pytest.approx(0, abs=1e-12)
    assert mot.align(frame[3:], network[3:]).cost == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="found others than an index that begins with 'image11'"):
        mot.align(network, [named(values).iloc[::-1]])
    with pytest.raises(ValueError, match=r"found others selected, first rows \[3\] and \[2\]"):
        mot.align(frame[3:], network[2:-1])
    for unknown in ([values], [pandas.DataFrame(values)], [named(values, pandas.date_range("2020", periods=12))]):
        assert mot.align(network, unknown).cost == pytest.approx(0, abs=1e-12)
    texts = extracted(tmp_path / "texts", values, NAMES, "texts")  # an index may call sentences by other names
    assert mot.align(texts, [named(values).iloc[::-1]]).cost > 0.1
