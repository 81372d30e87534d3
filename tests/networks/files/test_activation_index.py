"""Altered indexes `network.json` and layer files: either an error names the file, or the numbers are right."""

from __future__ import annotations

import copy
import functools
import json
import operator
import os
import shutil

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.networks.extraction.store import ActivationStore
from support.extraction_request import REQUEST
from support.header_values import JUNK, places

RNG = np.random.default_rng(0)
ARRAYS = [RNG.standard_normal((9, width), dtype=np.float32) for width in REQUEST.widths]


@pytest.fixture
def folder(tmp_path):
    with ActivationStore(tmp_path / "net", REQUEST) as store:
        store.append(ARRAYS, "0a")
    return tmp_path / "net"


def change(folder, **fields):
    path = folder / "network.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def layers_of(folder):
    return json.loads((folder / "network.json").read_text())["layers"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n_stimuli": 10**400}, "'n_stimuli' in its header is 1000"),
        ({"n_stimuli": 10**15}, "'n_stimuli' is 1000000000000000, more than any disk holds"),
        ({"n_stimuli": -1}, "'n_stimuli' in its header is -1"),
        ({"n_stimuli": 0}, "it is complete without any stimulus"),
        ({"n_stimuli": True}, "'n_stimuli' in its header is True"),
        ({"version": 1.0}, "'version' in its header is 1.0"),
        ({"name": "\ud800"}, r"'name' in its header is '\\ud800'"),
        ({"dtype": "object"}, "its dtype is 'object'"),
        ({"dtype": []}, r"its dtype is \[\]"),
        ({"model": []}, r"'model' in its header is \[\]"),
        ({"stimuli": {"digest": "xy"}}, "non-hexadecimal"),
        ({"layers": []}, "it has no layers"),
        ({"layers": [3]}, "it holds 3 where a layer belongs"),
    ],
)
def test_values_that_make_no_sense_are_named(fields, message, folder):
    change(folder, **fields)
    with pytest.raises(ValueError, match=rf"network.json: expected a complete index of activations, .*{message}"):
        mot.load(folder)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("label", "block.0", "two of its layers have one label"),
        ("file", "layer001.npy", "two of its layers have one file"),
        ("file", "../layer000.npy", "lies elsewhere"),
        ("file", "/etc/passwd", "lies elsewhere"),
        ("file", "..\\x.npy", "lies elsewhere"),
        ("file", "c:x.npy", "lies elsewhere"),
        ("file", "a\0b", "lies elsewhere"),
        ("file", "..", "lies elsewhere"),
        ("file", "", "lies elsewhere"),
        ("n_units", 0, "'n_units' in its header is 0"),
        ("crc32", None, "'crc32' in its header is None"),
        ("largest", 10**400, "'largest' in its header is 1000"),
    ],
)
def test_layers_that_make_no_sense_are_named(field, value, message, folder):
    first, *others = layers_of(folder)
    change(folder, layers=[{**first, field: value}, *others])
    with pytest.raises(ValueError, match=rf"network.json: expected a complete index .*{message}"):
        mot.load(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"null", "it holds None where an object belongs"),
        (b"[]", r"it holds \[\] where an object belongs"),
        (b'{"n_stimuli": NaN}', "it holds NaN"),
        (b'{"format": 1, "format": 2}', "an object in it has a field twice"),
        (b"[" * 100_000, "recursion"),
        (b"\xff", "can't decode"),
        (b"9" * 5000, "digits"),
    ],
)
def test_what_is_no_index_is_named(content, message, folder):
    (folder / "network.json").write_bytes(content)
    with pytest.raises(ValueError, match=rf"network.json: expected a complete index of activations, .*{message}"):
        mot.load(folder)


def test_an_index_that_is_no_file_or_too_large_is_not_read(folder, monkeypatch):
    monkeypatch.setattr("mot_fast.networks.files.activation_index._MAX_BYTES", 100)
    with pytest.raises(ValueError, match=r"network.json: .*it has more than 100 bytes"):
        mot.load(folder)
    (folder / "network.json").unlink()
    (folder / "network.json").mkdir()
    with pytest.raises(ValueError, match=r"network.json: .*it is no file"):
        mot.load(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file that is none")
def test_a_layer_that_is_no_file_is_not_waited_for(folder):
    (folder / "layer001.npy").unlink()
    os.mkfifo(folder / "layer001.npy")
    with pytest.raises(ValueError, match=r"layer001.npy: .* \(it is no regular file\)"):
        mot.load(folder)


def flip(content):
    content[-5] ^= 1


def retype(content):
    content[:] = content.replace(b"<f4", b"<i4")


def turn(content):
    content[:] = content.replace(b"False", b"True ")


@pytest.mark.parametrize("alter", [flip, retype, turn])
def test_numbers_that_were_altered_are_noticed_when_they_are_read(alter, folder):
    network = mot.load(folder)
    np.testing.assert_array_equal(network.layer("block.0"), ARRAYS[1])
    path = folder / "layer001.npy"
    content = bytearray(path.read_bytes())
    alter(content)
    shutil.copystat(folder / "layer000.npy", path)
    path.write_bytes(content)
    np.testing.assert_array_equal(network.layer("embedding"), ARRAYS[0])
    if alter is flip:
        with pytest.raises(ValueError, match=r"layer001.npy: .* \(it was altered"):
            network.layer("block.0")
    else:  # the numbers are still those of which type and order are known
        np.testing.assert_array_equal(network.layer("block.0"), ARRAYS[1])
    with pytest.raises(ValueError, match=r"layer001.npy: .* \(it was altered"):
        mot.align(mot.load(folder), mot.load(folder))


def test_folders_from_before_there_were_checksums_are_read(folder):
    old = [{key: value for key, value in layer.items() if key != "crc32"} for layer in layers_of(folder)]
    change(folder, layers=old)
    np.testing.assert_array_equal(mot.load(folder).layer("block.0"), ARRAYS[1])


@pytest.mark.parametrize("is_old", [False, True])
def test_a_run_that_goes_on_has_the_checksum_of_all(is_old, tmp_path):
    def begin():
        with ActivationStore(tmp_path / "net", REQUEST) as store:
            store.append([values[:4] for values in ARRAYS], "01")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin()
    if is_old:
        old = [{key: value for key, value in layer.items() if key != "crc32"} for layer in layers_of(tmp_path / "net")]
        change(tmp_path / "net", layers=old)
    with ActivationStore(tmp_path / "net", REQUEST) as store:
        store.append([values[4:] for values in ARRAYS], "02")
    with ActivationStore(tmp_path / "whole", REQUEST) as store:
        store.append(ARRAYS, "02")
    assert layers_of(tmp_path / "net") == layers_of(tmp_path / "whole")
    np.testing.assert_array_equal(mot.load(tmp_path / "net").layer("block.0"), ARRAYS[1])


def test_what_was_altered_is_not_gone_on_with(tmp_path):
    def begin():
        with ActivationStore(tmp_path, REQUEST) as store:
            store.append(ARRAYS, "01")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin()
    content = bytearray((tmp_path / "layer000.npy").read_bytes())
    flip(content)
    (tmp_path / "layer000.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"layer000.npy: .* found altered or damaged ones; remove the folder"):
        ActivationStore(tmp_path, REQUEST)


def mutated(text, rng):
    """Bytes of the index with a value replaced or left out, or with some bytes changed."""
    content = bytearray(text.encode())
    if rng.random() < 0.6:
        header = {"header": json.loads(text)}
        found = list(places(header["header"]))
        *parents, last = "header", *found[rng.integers(len(found))]
        parent = functools.reduce(operator.getitem, parents, header)
        if rng.random() < 0.2 and len(parents) > 0:
            del parent[last]
            return json.dumps(header["header"]).encode()
        if rng.random() < 0.2:
            others = found[rng.integers(len(found))]
            parent[last] = copy.deepcopy(functools.reduce(operator.getitem, others, json.loads(text)))
            return json.dumps(header["header"]).encode()
        parent[last] = "HERE"
        junk = JUNK[rng.integers(len(JUNK))]
        return json.dumps(header["header"]).replace('"HERE"', junk).encode("utf-8", "surrogatepass")
    for _ in range(rng.integers(1, 4)):
        place, kind = rng.integers(len(content)), rng.integers(4)
        if kind == 0:
            content[place] = rng.integers(256)
        elif kind == 1:
            del content[place : place + rng.integers(1, 40)]
        elif kind == 2:
            content[place:place] = content[rng.integers(len(content)) :][: rng.integers(1, 40)]
        else:
            content[place : place + 1] = bytes(rng.choice(list(b'0123456789-.eE"[]{},:\\u'), 1).astype(np.uint8))
        if not content:
            return b""
    return bytes(content)


def use(folder):
    """Load, read and compare a folder: the numbers are right, or the error names a file of the folder."""
    message = ""
    try:
        network = mot.load(folder)
        found = [network.layer(label) for label in network.labels]
    except (ValueError, FileNotFoundError) as error:
        message = str(error)
    if message:
        assert str(folder) in message
        return False
    assert all(any(np.array_equal(values, each) for each in ARRAYS) for values in found)
    assert network.n_stimuli == 9
    assert repr(network)
    repr(network).encode()
    mot.align(network, network)
    return True


def test_an_index_may_hold_anything(folder):
    rng = np.random.default_rng(7)
    path = folder / "network.json"
    text = path.read_text()
    n_used = 0
    for _ in range(120):
        path.write_bytes(mutated(text, rng))
        n_used += use(folder)
        message = str(folder)
        try:
            ActivationStore(folder, REQUEST)
        except ValueError as error:
            message = str(error)
        assert str(folder) in message
    assert 0 < n_used < 120
