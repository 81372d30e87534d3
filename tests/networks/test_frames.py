"""Networks from data frames and datasets, and back."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import mot_fast as mot

pandas = pytest.importorskip("pandas")
xarray = pytest.importorskip("xarray")


@pytest.fixture
def arrays(rng):
    return {f"block{k}": rng.random((8, 2 + k)).astype(np.float32) for k in range(12)}


@pytest.fixture
def frame(arrays):
    return mot.load(arrays).to_pandas()


def test_a_network_has_a_column_for_every_unit(arrays, frame):
    assert list(frame.columns.names) == ["layer", "unit"]
    assert list(frame.index) == list(range(8))
    for label, values in arrays.items():
        np.testing.assert_array_equal(frame[label], values)
    assert list(frame["block3"].columns) == [0, 1, 2, 3, 4]


def test_it_comes_back_as_it_was(arrays, frame):
    network = mot.load(frame, name="again")
    assert network.labels == tuple(arrays)  # depth, not the alphabet
    assert network.name == "again"
    for label, values in arrays.items():
        assert network.layer(label).dtype == np.float32
        np.testing.assert_array_equal(network.layer(label), values)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_layer_keeps_its_type(rng, dtype):
    frame = mot.load({"a": rng.random((5, 2)).astype(dtype), "b": rng.random((5, 3))}).to_pandas()
    assert set(frame["a"].dtypes) == {np.dtype(dtype)}
    again = mot.load(frame)
    assert (again.layer("a").dtype, again.layer("b").dtype) == (dtype, np.float64)


def test_a_frame_is_a_copy_of_the_activations(arrays):
    frame = mot.load(arrays).to_pandas()
    frame.iloc[0, 0] = 9.0
    assert arrays["block0"][0, 0] != 9.0


def test_selected_stimuli_are_rows(arrays):
    frame = mot.load(arrays)[[5, 2]].to_pandas()
    np.testing.assert_array_equal(frame["block1"], arrays["block1"][[5, 2]])


def test_layers_are_read_without_a_copy_where_they_stand_together(rng):
    values = rng.random((6, 5))
    columns = pandas.MultiIndex.from_arrays([["V1", "V1", "IT", "IT", "IT"], [0, 1, 0, 1, 2]])
    network = mot.load(pandas.DataFrame(values, columns=columns, copy=False))
    assert network.labels == ("V1", "IT")
    assert all(np.shares_memory(network.layer(l), values) for l in range(2))


def test_scattered_columns_are_gathered(rng):
    values = rng.random((6, 4))
    columns = pandas.MultiIndex.from_arrays([["V1", "IT", "V1", "V1"], [0, 0, 1, 2]])
    network = mot.load(pandas.DataFrame(values, columns=columns))
    np.testing.assert_array_equal(network.layer("V1"), values[:, [0, 2, 3]])
    np.testing.assert_array_equal(network.layer("IT"), values[:, [1]])


def test_labels_that_are_numbers_are_written_out(rng):
    frame = pandas.concat({0: pandas.DataFrame(rng.random((4, 2))), 10: pandas.DataFrame(rng.random((4, 1)))}, axis=1)
    assert mot.load(frame).labels == ("0", "10")


def test_they_are_aligned_like_arrays(layers):
    one, two = (mot.load(layers([4, 5], seed=seed)) for seed in (0, 1))
    expected = mot.align(one, two)
    found = mot.align(one.to_pandas(), two.to_pandas())
    assert (found.source.name, found.target.name) == ("source", "target")
    np.testing.assert_array_equal(found.layer_plan, expected.layer_plan)


def test_they_are_networks_at_higher_levels(layers):
    frames = [mot.load(layers([4, 5], seed=seed)).to_pandas() for seed in range(2)]
    runs = mot.align_trajectories(frames, {"late": frames[1]})
    assert runs.costs.shape == (2, 1)
    assert runs.costs[1, 0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", ["frames", "data arrays", "dataset", "list of frames"])
def test_labelled_layers_are_layers(arrays, kind):
    def data_array(label, values):
        return xarray.DataArray(values, dims=("stimulus", f"unit of {label}"), coords={"stimulus": range(8)})

    source = {
        "frames": {label: pandas.DataFrame(values) for label, values in arrays.items()},
        "data arrays": {label: data_array(label, values) for label, values in arrays.items()},
        "dataset": xarray.Dataset({label: data_array(label, values) for label, values in arrays.items()}),
        "list of frames": [pandas.DataFrame(values) for values in arrays.values()],
    }[kind]
    network = mot.load(source)
    assert network.labels == (tuple(arrays) if kind != "list of frames" else tuple(f"layer{k}" for k in range(12)))
    for l, values in enumerate(arrays.values()):
        assert network.layer(l).dtype == np.float32
        np.testing.assert_array_equal(network.layer(l), values)
        assert np.shares_memory(network.layer(l), values) or kind in ("frames", "list of frames")


@pytest.mark.parametrize(
    ("columns", "found"), [(["a", "b"], 1), (pandas.MultiIndex.from_tuples([("a", 0, 0), ("a", 0, 1)]), 3)]
)
def test_columns_must_name_layer_and_unit(columns, found):
    frame = pandas.DataFrame(np.zeros((4, 2)), columns=columns)
    message = (
        rf"network 'flat': expected a data frame whose columns have two levels, \(layer, unit\), found {found}; the"
    )
    with pytest.raises(ValueError, match=message):
        mot.load(frame, name="flat")


def test_numbers_that_are_missing_are_named(frame):
    frame.loc[3, ("block2", 1)] = np.nan
    with pytest.raises(ValueError, match="layer 'block2': expected finite activations, found nan first at stimulus 3"):
        mot.load(frame).layer("block2")
    words = pandas.DataFrame({("a", 0): ["x", "y"]})
    with pytest.raises(TypeError, match=r"network 'network', layer 'a': expected real numbers, found (str|object)"):
        mot.load(words)


@pytest.mark.parametrize(
    "dtype", ["Float64", "Float32", "Int64", "Int16", "UInt8", "boolean", pandas.SparseDtype("float64"), "bool", "int8"]
)
def test_columns_of_every_type_of_numbers_are_numbers(rng, dtype):
    values = rng.integers(0, 2, (6, 3))
    frame = pandas.DataFrame(values).astype(dtype)
    for source in ([frame], pandas.concat({"a": frame}, axis=1)):
        np.testing.assert_array_equal(mot.load(source).layer(0), values)


def test_columns_of_different_types_are_joined_as_they_are(rng):
    columns = {
        "real": rng.random(5),
        "half": rng.random(5).astype(np.float16),
        "flag": np.arange(5) > 2,
        "count": np.arange(5) + 2**53 - 5,
        "nullable": pandas.array([1.5, 2, 3, 4, 5], dtype="Float64"),
    }
    expected = np.stack([np.asarray(column, dtype=np.float64) for column in columns.values()], axis=1)
    np.testing.assert_array_equal(mot.load([pandas.DataFrame(columns)]).layer(0), expected)
    assert mot.load([pandas.DataFrame({"a": np.ones(3, "f2"), "b": np.ones(3, "f4")})]).layer(0).dtype == np.float32


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (
            {"a": [1.0, 2], "b": pandas.array([1, None], "Int64")},
            ValueError,
            "every number, found none in column 'b' at",
        ),
        ({"a": pandas.array([None, 0.5], "Float64")}, ValueError, "found none in column 'a' at row 's0'"),
        ({"a": pandas.array([True, None], "boolean")}, ValueError, "found none in column 'a' at row 's1'"),
        ({"a": [1.0, 2], "b": [2**53 + 1, 0]}, ValueError, r"column 'b': expected integers up to 2\*\*53"),
        ({"a": pandas.array([2**53 + 1, 0], "Int64")}, ValueError, r"column 'a': expected integers up to 2\*\*53"),
        ({"a": [1.0, 2], "b": pandas.Series([1, 2], ["s0", "s1"], object)}, TypeError, "found object in column 'b'"),
        ({"a": [1.0, 2], "b": [1j, 2]}, TypeError, "expected real numbers, found complex128 in column 'b'"),
        ({"a": pandas.Categorical([1, 2])}, TypeError, "expected real numbers, found category in column 'a'"),
        ({"a": pandas.interval_range(0, 2)}, TypeError, r"expected real numbers, found interval.* in column 'a'"),
        ({"a": pandas.date_range("2020", periods=2, tz="UTC")}, TypeError, "found datetime64.* in column 'a'"),
        ({"a": pandas.date_range("2020", periods=2)}, TypeError, "expected real numbers, found datetime64"),
        ({"a": pandas.array(["x", "y"], "string")}, TypeError, "expected real numbers, found string in column 'a'"),
    ],
)
def test_columns_that_are_no_numbers_are_named(columns, error, message):
    frame = pandas.DataFrame(columns).set_axis(["s0", "s1"])
    with pytest.raises(error, match=f"network 'network', layer 'v1'.*{message}"):
        mot.load({"v1": frame})


def test_a_missing_pandas_is_named(arrays, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    network = mot.load(arrays)
    with pytest.raises(ImportError, match="data frames need pandas: pip install pandas"):
        network.to_pandas()


def test_levels_of_columns_are_told_apart_by_their_names(arrays, frame):
    swapped = mot.load(frame.swaplevel(axis="columns"))
    assert swapped.labels == tuple(arrays)
    for label, values in arrays.items():
        np.testing.assert_array_equal(swapped.layer(label), values)


def test_checkpoints_are_datasets_too(arrays):
    dataset = xarray.Dataset({label: (("stimulus", f"unit of {label}"), x) for label, x in list(arrays.items())[:2]})
    network = mot.load(dataset)
    expected = mot.align_trajectories([network, network], [network]).costs
    np.testing.assert_array_equal(mot.align_trajectories([dataset, dataset], [dataset]).costs, expected)
