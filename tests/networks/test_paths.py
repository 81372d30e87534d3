from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tracemalloc
import types
import zlib

import h5py
import ml_dtypes
import numpy as np
import pytest
import xarray
import zarr
from safetensors.numpy import save_file

import mot_fast as mot
from mot_fast.networks.files.label_order import natural_order

LABELS = ["layer2", "layer10", "layer1"]


def arrays_of(labels, dtype=np.float32, n_stimuli=8):
    rng = np.random.default_rng(0)
    return {label: (100 * rng.random((n_stimuli, 2 + k))).astype(dtype) for k, label in enumerate(labels)}


def write_npz(path, arrays, save=np.savez):
    save(path, **arrays)


def write_folder(path, arrays):
    path.mkdir()
    for label, values in arrays.items():
        np.save(path / f"{label}.npy", values)


def write_hdf5(path, arrays, **options):
    with h5py.File(path, "w") as file:
        for label, values in arrays.items():
            file.create_dataset(label, data=values, **options)


def write_zarr(path, arrays, **options):
    group = zarr.open_group(path, mode="w", **options)
    for label, values in arrays.items():
        group.create_array(label, data=values)


WRITERS = {
    "net.npz": write_npz,
    "net": write_folder,
    "net.safetensors": lambda path, arrays: save_file(arrays, path),
    "net.h5": write_hdf5,
    "net.hdf5": lambda path, arrays: write_hdf5(path, arrays, compression="gzip", chunks=True),
    "net.zarr": write_zarr,
    "net.v2.zarr": lambda path, arrays: write_zarr(path, arrays, zarr_format=2),
    "a group": write_zarr,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "u1", ">f4"])
def test_what_is_written_is_read(name, dtype, tmp_path):
    if name == "net.safetensors" and dtype == ">f4":
        pytest.skip("safetensors holds little-endian numbers alone")
    arrays = arrays_of(sorted(LABELS), dtype)
    WRITERS[name](tmp_path / name, arrays)
    network = mot.load(tmp_path / name)
    assert network.labels == ("layer1", "layer2", "layer10")
    assert (network.n_stimuli, network.name) == (8, (tmp_path / name).stem)
    for label, values in arrays.items():
        np.testing.assert_array_equal(network.layer(label), values)
        np.testing.assert_array_equal(network[[5, 2]].layer(label), values[[5, 2]])
    assert all(layer.is_in_file for layer in network.layers)
    again = pickle.loads(pickle.dumps(network))  # as it is sent to other processes
    np.testing.assert_array_equal(again.layer("layer10"), arrays["layer10"])


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_gives_the_same_alignment(name, tmp_path, layers):
    arrays = {f"layer{k}": values for k, values in enumerate(layers([6, 5, 4]))}
    WRITERS[name](tmp_path / name, arrays)
    expected = mot.align(arrays, layers([5, 7], seed=3))
    found = mot.align(tmp_path / name, layers([5, 7], seed=3), store=tmp_path / "finished")
    assert found.layer_costs.tobytes() == expected.layer_costs.tobytes()


@pytest.mark.parametrize("name", ["net.npz", "net.h5"])
def test_an_order_that_somebody_chose_is_kept(name, tmp_path):
    labels = ["stem", "layer1", "layer10", "layer2", "head"]
    if name == "net.npz":
        write_npz(tmp_path / name, arrays_of(labels))
    else:
        with h5py.File(tmp_path / name, "w", track_order=True) as file:
            for label, values in arrays_of(labels).items():
                file[label] = values
    assert mot.load(tmp_path / name).labels == tuple(labels)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("net.safetensors", WRITERS["net.safetensors"]),
        ("net.h5", WRITERS["net.h5"]),
        ("net.zarr", WRITERS["net.zarr"]),
    ],
)
def test_a_file_that_keeps_no_order_is_in_natural_order(name, write, tmp_path):
    arrays = arrays_of(["layer2", "layer10"])
    arrays["layer10"] = arrays["layer10"].astype(np.float64)  # safetensors puts wide numbers first
    write(tmp_path / name, arrays)
    assert mot.load(tmp_path / name).labels == ("layer2", "layer10")


def test_groups_in_groups_are_one_network(tmp_path):
    labels = ["block2/mlp", "block10/mlp", "embedding"]
    for name, write in (("net.h5", write_hdf5), ("net.zarr", write_zarr)):
        write(tmp_path / name, arrays_of(labels))
        network = mot.load(tmp_path / name)
        assert network.labels == tuple(labels)
        np.testing.assert_array_equal(network.layer("block10/mlp"), arrays_of(labels)["block10/mlp"])


def test_natural_order_is_one_order():
    labels = ["h/2", "h/10", "h.norm", "h", "x1", "x01", "x001", f"x{'9' * 5000}", "x²"]
    expected = ["h", "h/2", "h/10", "h.norm", "x001", "x01", "x1", labels[-2], "x²"]
    for order in (labels, labels[::-1]):
        assert natural_order(order) == expected


def test_bfloat16_in_safetensors_becomes_float32(tmp_path):
    values = np.random.default_rng(0).random((5, 3)).astype(ml_dtypes.bfloat16)
    save_file({"layer": values}, tmp_path / "net.safetensors")
    np.testing.assert_array_equal(mot.load(tmp_path / "net.safetensors").layer(0), values.astype(np.float32))


@pytest.mark.parametrize("name", WRITERS)
def test_layers_are_chosen_before_they_are_judged(name, tmp_path):
    arrays = arrays_of(["stem", "layer2", "layer10", "labels"])
    arrays["labels"] = np.arange(8)
    WRITERS[name](tmp_path / name, arrays)
    with pytest.raises(ValueError, match=r"labels.*: expected shape \(n_stimuli, n_units\), found \(8,\)"):
        mot.load(tmp_path / name)
    assert mot.load(tmp_path / name, layers=["stem", "layer*"]).labels == ("stem", "layer2", "layer10")
    assert mot.load(tmp_path / name, layers="layer*").labels == ("layer2", "layer10")


def test_a_pattern_chooses_layers_of_arrays_and_networks():
    arrays = arrays_of(["a1", "b1", "a2"])
    for source in (arrays, mot.load(arrays)):
        assert mot.load(source, layers="a?").labels == ("a1", "a2")
        assert mot.load(source, layers=("b*", "*1", "a2")).labels == ("b1", "a1", "a2")
    assert mot.load(list(arrays.values()), layers="layer[12]").labels == ("layer1", "layer2")


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ("c*", ValueError, r"layers: expected a pattern of labels of network 'network', a1, b1, found 'c\*'"),
        (["a1", "c1"], ValueError, "found 'c1'"),
        ([], ValueError, "layers: expected at least one pattern, found none"),
        (3, TypeError, "layers: expected a pattern of labels or several, found 3"),
        ([3], TypeError, r"layers: expected a pattern of labels or several, found \[3\]"),
    ],
)
def test_wrong_patterns_are_named(layers, error, message):
    with pytest.raises(error, match=message):
        mot.load(arrays_of(["a1", "b1"]), layers=layers)


@pytest.mark.parametrize("name", ["net.npz", "net.safetensors", "net.h5", "net.hdf5"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_truncated_files_are_named(name, kept, tmp_path):
    path = tmp_path / name
    WRITERS[name](path, arrays_of(LABELS, n_stimuli=500))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    kinds = {".npz": ".npz file", ".safetensors": ".safetensors file", ".h5": "HDF5 file", ".hdf5": "HDF5 file"}
    with pytest.raises(ValueError, match=f"{name}: expected a complete {kinds[path.suffix]}, found a damaged one"):
        mot.load(path)


def test_a_damaged_zarr_group_is_named(tmp_path):
    write_zarr(tmp_path / "net.zarr", arrays_of(LABELS))
    (tmp_path / "net.zarr" / "layer10" / "c" / "0" / "0").write_bytes(b"not zstd")
    network = mot.load(tmp_path / "net.zarr")
    with pytest.raises(ValueError, match=r"net.zarr: expected a complete Zarr group, found a damaged one"):
        network.layer("layer10")
    (tmp_path / "net.zarr" / "zarr.json").write_text("{")
    with pytest.raises(ValueError, match=r"net.zarr: expected a complete Zarr group, found a damaged one"):
        mot.load(tmp_path / "net.zarr")
    zarr.save_array(tmp_path / "alone.zarr", np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"alone.zarr: expected a complete Zarr group"):
        mot.load(tmp_path / "alone.zarr")


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_is_gone_is_named(name, tmp_path):
    WRITERS[name](tmp_path / name, arrays_of(LABELS))
    network = mot.load(tmp_path / name)
    (tmp_path / name).rename(tmp_path / "elsewhere")
    with pytest.raises((FileNotFoundError, ValueError), match=f"{name}.*: expected"):
        network.layer(0)


@pytest.mark.processes
@pytest.mark.parametrize(("name", "library"), [("net.h5", "h5py"), ("net.zarr", "zarr")])
def test_a_reader_that_is_not_installed_is_named(name, library, tmp_path):
    WRITERS[name](tmp_path / name, arrays_of(LABELS))
    program = (
        "import sys, importlib.abc\n"
        "class Hidden(importlib.abc.MetaPathFinder):\n"
        f"    def find_spec(self, name, path=None, target=None):\n        if name == {library!r}: raise ImportError\n"
        "import importlib.util; real = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *rest: None if name == {library!r} else real(name, *rest)\n"
        f"import mot_fast as mot; mot.load({str(tmp_path / name)!r})\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert f"needs {library}: pip install {library}" in result.stderr


def test_xarray_datasets_and_lazy_arrays_are_read_when_needed(tmp_path):
    arrays = arrays_of(["v1", "v4"])
    dataset = xarray.Dataset({label: (("stimulus", f"{label}_unit"), values) for label, values in arrays.items()})
    np.testing.assert_array_equal(mot.load(dataset).layer("v4"), arrays["v4"])
    write_hdf5(tmp_path / "net.h5", arrays)
    with h5py.File(tmp_path / "net.h5") as file:
        network = mot.load({"one": file["v1"]})
        np.testing.assert_array_equal(network.layer("one"), arrays["v1"])
    with pytest.raises(ValueError, match="network 'network', layer 'one': expected an array of numbers, found Dataset"):
        network.layer("one")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (None, r"expected shape \(n_stimuli, n_units\), found an array without a shape"),
        ((float("nan"), 4), r"found \(nan, 4\), of unknown length; its compute_chunk_sizes\(\) tells it"),
        ((5, float("nan")), r"found \(5, nan\), of unknown length"),
        ((5,), r"expected shape \(n_stimuli, n_units\), found \(5,\)"),
        ((), r"expected shape \(n_stimuli, n_units\), found \(\)"),
    ],
)
def test_lazy_arrays_without_a_size_are_named(shape, message):
    lazy = types.SimpleNamespace(shape=shape, dtype=np.dtype("f4"))  # as of dask after a filter, or an empty dataset
    with pytest.raises(ValueError, match=f"network 'network', layer 'x': .*{message}"):
        mot.load({"x": lazy})


def test_labels_that_are_the_same_as_text_are_refused():
    with pytest.raises(ValueError, match="network 'network': expected distinct layer labels, found 1, 1"):
        mot.load({1: np.zeros((4, 2)), "1": np.zeros((4, 2))})


def write_extracted(path, arrays, *, digest="0123456789abcdef", **changes):
    path.mkdir()
    for k, values in enumerate(arrays.values()):
        np.save(path / f"layer{k:03d}.npy", values)
    index = {
        "format": "mot_fast activations",
        "version": 1,
        "name": "model",
        "n_stimuli": 8,
        "is_complete": True,
        "layers": [
            {"label": label, "file": f"layer{k:03d}.npy", "n_units": values.shape[1]}
            for k, (label, values) in enumerate(arrays.items())
        ],
        "stimuli": {"digest": digest},
    }
    (path / "network.json").write_text(json.dumps({**index, **changes}))


def test_extracted_numbers_are_held_to_their_checksums(tmp_path):
    arrays = arrays_of(["stem", "head"])
    layers = [
        {"label": label, "file": f"layer{k:03d}.npy", "n_units": values.shape[1], "crc32": zlib.crc32(values.tobytes())}
        for k, (label, values) in enumerate(arrays.items())
    ]
    write_extracted(tmp_path / "net", arrays, layers=layers)
    assert mot.align(tmp_path / "net", arrays).cost == pytest.approx(0, abs=1e-12)
    path = tmp_path / "net" / "layer001.npy"
    path.write_bytes(path.read_bytes()[:-4] + bytes(4))
    for call in (lambda: mot.align(tmp_path / "net", arrays), lambda: mot.load(tmp_path / "net")[2:].layer("head")):
        with pytest.raises(
            ValueError, match=r"layer001.npy: .*, found a damaged one \(it was altered since it was written"
        ):
            call()
    np.testing.assert_array_equal(mot.load(tmp_path / "net").layer("stem"), arrays["stem"])


def test_extracted_networks_keep_order_name_and_stimuli(tmp_path):
    arrays = arrays_of(["stem", "layer2", "head"])
    write_extracted(tmp_path / "net", arrays)
    network = mot.load(tmp_path / "net")
    assert (network.name, network.labels) == ("model", ("stem", "layer2", "head"))
    np.testing.assert_array_equal(network.layer("head"), arrays["head"])
    for same in (network[2:], network.select(["head"]), network.in_memory(), network.with_name("other")):
        assert same.stimuli.digest == "0123456789abcdef"
    assert mot.load(tmp_path / "net", check_stimuli=False).stimuli is None


def test_networks_that_saw_different_stimuli_are_refused(tmp_path):
    write_extracted(tmp_path / "one", arrays_of(["a"]))
    write_extracted(tmp_path / "two", arrays_of(["b"]), digest="fedcba9876543210", name="second")
    one, two = mot.load(tmp_path / "one"), mot.load(tmp_path / "two")
    message = "expected the same stimuli, found different ones in '.*', whose digests are 01234567 and fedcba98"
    for call in (
        lambda: mot.align(one, two),
        lambda: mot.compare(one, two, ["cka"]),
        lambda: mot.align_trajectories([one, one], [two, two]),
        lambda: mot.similarity_matrix([one, two]),
        lambda: mot.align(one, mot.load(tmp_path / "two", check_stimuli=False)).score(one, two),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    for unknown in (mot.load(tmp_path / "two", check_stimuli=False), arrays_of(["b"])):
        assert mot.align(one, unknown).cost == pytest.approx(0, abs=1e-12)


def test_other_rows_of_the_same_stimuli_are_refused(tmp_path):
    write_extracted(tmp_path / "one", arrays_of(["a"]))
    network = mot.load(tmp_path / "one")
    assert mot.align(network[2:][1:], network[3:]).cost == pytest.approx(0, abs=1e-12)
    assert mot.align(network[:], network).cost == pytest.approx(0, abs=1e-12)
    for other in (network[:5], network[3:].in_memory()[[1, 0, 2, 3, 4]]):
        with pytest.raises(ValueError, match=r"found others selected in 'model' than in 'model', first 3 and [04]"):
            mot.align(network[3:], other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "network.json: expected a complete index of activations, .*its format is 'other'"),
        ({"version": 2}, "version 2, not ours, 1"),
        (
            {"is_complete": False, "n_stimuli": 5},
            "expected all stimuli, found the activations of the first 5; the",
        ),
        ({"n_stimuli": 9}, r"layer000.npy: expected shape \(9, 2\), found \(8, 2\)"),
        ({"n_stimuli": "8"}, "'n_stimuli' in its header is '8'"),
        ({"layers": [{"label": "a", "file": "../x.npy", "n_units": 2}]}, "its layer 'a' lies elsewhere, in '../x.npy'"),
        ({"layers": [{"label": "a", "file": "layer000.npy", "n_units": 2}] * 2}, "two of its layers have one label"),
        ({"layers": [{"label": "a", "file": "..", "n_units": 2}]}, "its layer 'a' lies elsewhere"),
        (
            {"layers": [{"label": "a", "file": "layer000.npy", "n_units": 2, "crc32": "0"}]},
            "'crc32' in its header is '0'",
        ),
        ({"dtype": "float16"}, r"layer000.npy: .*it holds float32, and network.json says float16"),
        ({"layers": []}, "network.json: .*it has no layers"),
        ({"stimuli": None}, "network.json: expected a complete index of activations, found a damaged one"),
    ],
)
def test_a_wrong_index_is_named(changes, message, tmp_path):
    write_extracted(tmp_path / "net", arrays_of(["a"]), **changes)
    with pytest.raises(ValueError, match=message):
        mot.load(tmp_path / "net")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["net.npz", "net.hdf5", "net.zarr", "net.safetensors"])
def test_a_network_is_never_held_as_a_whole(name, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {f"layer{k}": rng.random((4000, 250)).astype(np.float32) for k in range(12)}  # 4 MB each
    save = {**WRITERS, "net.npz": lambda path, values: write_npz(path, values, np.savez_compressed)}[name]
    save(tmp_path / name, arrays)
    source = mot.load(tmp_path / name)
    mot.align(source.select([0]), source.select([0]))  # what is imported on first use is imported now
    tracemalloc.start()
    mot.align(source, source.select([0, 1]), memory_limit=2**24, n_jobs=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * arrays["layer0"].nbytes < sum(values.nbytes for values in arrays.values()) / 2
