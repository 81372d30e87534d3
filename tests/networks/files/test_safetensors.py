"""`.safetensors` files, alone and in shards."""

from __future__ import annotations

import json
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save, save_file

import mot_fast as mot
from mot_fast.networks.files import safetensors


def with_header(header, numbers):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def tensor(dtype="F32", shape=(4, 3), begin=0, end=48):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"])
def test_types_are_those_that_were_saved(tmp_path, dtype):
    values = np.arange(12).reshape(4, 3).astype(dtype)
    save_file({"x": values}, tmp_path / "a.safetensors")
    layer = mot.load(tmp_path / "a.safetensors").layers[0]
    assert isinstance(layer.read(), np.memmap)
    assert layer.read().dtype == values.dtype
    np.testing.assert_array_equal(layer.read(), values)


@pytest.mark.parametrize(
    ("kind", "dtype"), [("BF16", "bfloat16"), ("F8_E4M3", "float8_e4m3fn"), ("F8_E5M2", "float8_e5m2")]
)
def test_every_narrow_number_becomes_its_float32(tmp_path, kind, dtype):
    narrow = np.dtype(getattr(ml_dtypes, dtype))
    codes = np.arange(256**narrow.itemsize, dtype=f"u{narrow.itemsize}").reshape(-1, 16)
    (tmp_path / "a.safetensors").write_bytes(
        with_header({"x": tensor(kind, codes.shape, 0, codes.nbytes)}, codes.tobytes())
    )
    read = mot.load(tmp_path / "a.safetensors").layers[0].read()
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, codes.view(narrow).astype(np.float32))


@pytest.mark.processes
def test_narrow_numbers_need_nothing_else(tmp_path):
    values = np.arange(12).reshape(4, 3)
    save_file({"x": values.astype(ml_dtypes.bfloat16)}, tmp_path / "a.safetensors")
    program = "import sys, mot_fast as mot; print(mot.load(sys.argv[1]).layer(0).sum(), *sys.modules)"
    found = subprocess.check_output([sys.executable, "-c", program, tmp_path / "a.safetensors"], text=True).split()
    assert found[0] == "66.0"
    assert not {"ml_dtypes", "torch", "safetensors"} & set(found)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "its header of 0 bytes does not fit into 0"),
        (b"\1\0\0\0\0\0\0\0{}", "its header of 1 bytes does not fit into 10"),
        ((2**40).to_bytes(8, "little") + b"{}", "its header of 1099511627776 bytes does not fit into 10"),
        (with_header([], b""), r"its header is no object, but \[\]"),
        (with_header(b'{"x": {}, "x": {}}', b""), "a name stands twice"),
        (with_header(b"[" * 100_000, b""), "recursion|expected"),
        (
            with_header({"x": tensor("F4")}, bytes(48)),
            "its tensor 'x' is of the type F4, which is none of F16, F32, F64",
        ),
        (with_header({"x": tensor(shape=(4, 4))}, bytes(48)), r"its tensor 'x', \(4, 4\) of F32, has 48 bytes"),
        (with_header({"x": tensor(shape=(-4, -3))}, bytes(48)), "its tensor 'x' has no type, shape and place"),
        (with_header({"x": tensor(shape=(True, 12))}, bytes(48)), "its tensor 'x' has no type, shape and place"),
        (with_header({"x": tensor(shape=(4.0, 3))}, bytes(48)), "its tensor 'x' has no type, shape and place"),
        (with_header({"x": tensor()}, bytes(44)), "its tensors take 48 bytes, and it holds 44"),
        (with_header({"x": tensor()}, bytes(52)), "its tensors take 48 bytes, and it holds 52"),
        (
            with_header({"x": tensor(), "y": tensor()}, bytes(48)),
            "its tensor 'y' begins at 0 where 48 bytes are told of",
        ),
        (
            with_header({"x": tensor(begin=8, end=56)}, bytes(56)),
            "its tensor 'x' begins at 8 where 0 bytes are told of",
        ),
        (with_header({"x": tensor(begin=48, end=0)}, bytes(48)), "its tensor 'x', .* has -48 bytes"),
        (with_header({"x": {**tensor(), "data_offsets": [0]}}, bytes(48)), "not enough values"),
        (with_header({"x": 3}, bytes(48)), "not subscriptable"),
    ],
)
def test_headers_that_lie_are_named(tmp_path, content, message):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.safetensors: expected a complete .safetensors file, .*({message})"):
        mot.load(tmp_path / "a.safetensors")


def test_complex_tensors_and_odd_shapes_are_named(tmp_path):
    save_file(
        {"x": np.zeros((3, 2), np.complex64), "y": np.array(3.0), "z": np.zeros((0, 2))}, tmp_path / "a.safetensors"
    )
    with pytest.raises(TypeError, match="layer 'x': expected real numbers, found complex64"):
        mot.load(tmp_path / "a.safetensors", layers="x")
    with pytest.raises(ValueError, match=r"layer 'y': expected shape \(n_stimuli, n_units\), found \(\)"):
        mot.load(tmp_path / "a.safetensors", layers="y")
    assert mot.load(tmp_path / "a.safetensors", layers="z").layer("z").shape == (0, 2)


SHARDS = {"a-1.safetensors": ["h.10", "h.9"], "a-2.safetensors": ["h.1"]}


@pytest.fixture
def sharded(tmp_path, rng):
    """A folder of shards, and the arrays in them."""
    arrays = {label: rng.random((5, 3)) for labels in SHARDS.values() for label in labels}
    for shard, labels in SHARDS.items():
        save_file({label: arrays[label] for label in labels}, tmp_path / shard)
    write_index(tmp_path, {label: shard for shard, labels in SHARDS.items() for label in labels})
    return tmp_path, arrays


def write_index(folder, weight_map):
    (folder / "a.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def test_shards_are_one_network(sharded, monkeypatch):
    folder, arrays = sharded
    index = folder / "a.safetensors.index.json"
    for path, name in ((folder, folder.stem), (index, "a")):
        network = mot.load(path)
        assert (network.labels, network.name) == (("h.1", "h.9", "h.10"), name)
        for label, values in arrays.items():
            np.testing.assert_array_equal(network.layer(label), values)
    assert mot.load(folder, layers="h.9").labels == ("h.9",)
    assert all(layer.is_in_file for layer in network.layers)
    monkeypatch.setattr(safetensors, "MOST_HEADER_BYTES", 64)
    with pytest.raises(ValueError, match=r"its header of .* is too long"):
        mot.load(folder)


@pytest.mark.parametrize(
    ("weight_map", "message"),
    [
        ({"h.1": "a-3.safetensors"}, "its shard 'a-3.safetensors' is missing"),
        ({"h.1": "../a-2.safetensors"}, "its shard '../a-2.safetensors' lies elsewhere"),
        ({"h.1": "/etc/passwd"}, "its shard '/etc/passwd' lies elsewhere"),
        ({"h.1": "C:\\a-2.safetensors"}, r"its shard .*C:.* lies elsewhere"),
        ({"h.2": "a-2.safetensors"}, "the index lacks the tensor 'h.1', which the shard places in 'a-2.safetensors'"),
        ({"h.1": "a-2.safetensors", "h.2": "a-2.safetensors"}, "the shard lacks the tensor 'h.2', which the index"),
        ({"h.9": "a-1.safetensors"}, "the index lacks the tensor 'h.10'"),
        ({"h.1": 3}, "its weight_map does not name a file for each tensor"),
        (["h.1"], "its weight_map does not name a file for each tensor"),
    ],
)
def test_indexes_that_lie_are_named(sharded, weight_map, message):
    folder, _ = sharded
    write_index(folder, weight_map)
    with pytest.raises(ValueError, match=rf"a\.safetensors\.index\.json: expected a complete index .*{message}"):
        mot.load(folder)


def test_one_folder_is_one_network(sharded):
    folder, arrays = sharded
    np.save(folder / "x.npy", arrays["h.1"])
    with pytest.raises(ValueError, match=r"expected one network, found 'a.safetensors.index.json' beside .npy files"):
        mot.load(folder)
    (folder / "x.npy").unlink()
    (folder / "b.safetensors.index.json").write_text("{}")
    with pytest.raises(ValueError, match=r"expected one network, found 'a.safetensors.index.json', 'b.safe"):
        mot.load(folder)
    for index in folder.glob("*.json"):
        index.unlink()
    with pytest.raises(ValueError, match=r"found none in it; 'a-1.safetensors' in it may be a network"):
        mot.load(folder)


def test_a_shard_that_is_cut_short_is_named(sharded):
    folder, _ = sharded
    content = save({"h.1": np.zeros((5, 3))})
    (folder / "a-2.safetensors").write_bytes(content[:-8])
    with pytest.raises(ValueError, match=r"index.json: expected a complete index .*its tensors take 120 bytes, and it"):
        mot.load(folder)
