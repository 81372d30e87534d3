"""A folder of activations that grows, and what it refuses."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mot_fast.networks.extraction.store import ActivationStore
from support.extraction_request import REQUEST


@pytest.fixture
def batches(rng):
    return [[rng.random((n, width), dtype=np.float32) for width in REQUEST.widths] for n in (4, 2, 3)]


def header(folder):
    return json.loads((folder / "network.json").read_text())


def appended(store, batches, first=0):
    for k, batch in enumerate(batches[first:], first):
        store.append(batch, f"0{k + 1}")


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_what_is_appended_can_be_read(dtype, batches, tmp_path):
    with ActivationStore(tmp_path / "a" / "b", replace(REQUEST, dtype=dtype)) as store:
        appended(store, batches)
    for l in range(2):
        found = np.load(tmp_path / f"a/b/layer00{l}.npy")
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, np.concatenate([batch[l] for batch in batches]).astype(dtype))
    found = header(tmp_path / "a/b")
    assert (found["n_stimuli"], found["is_complete"]) == (9, True)
    assert found["stimuli"] == {"digest": "03", "of": "texts"}
    largest = [max(batch[l].max() for batch in batches) for l in range(2)]
    assert [layer["largest"] for layer in found["layers"]] == [float(x) for x in largest]
    assert [(x["label"], x["file"], x["n_units"]) for x in found["layers"]] == [
        ("embedding", "layer000.npy", 3),
        ("block.0", "layer001.npy", 5),
    ]
    assert (found["model"], found["pooling"], found["dtype"]) == (REQUEST.model, REQUEST.pooling, dtype)
    assert (found["torch"], found["transformers"]) == ("2", None)


def test_a_run_goes_on_from_its_last_record(batches, tmp_path, monkeypatch):
    with ActivationStore(tmp_path / "whole", REQUEST) as store:
        appended(store, batches)
    store = ActivationStore(tmp_path / "killed", REQUEST)
    monkeypatch.setattr("mot_fast.networks.extraction.store.SECONDS_BETWEEN_RECORDS", -1)
    store.append(batches[0], "01")
    monkeypatch.undo()
    store.append([np.full_like(values, 7) for values in batches[2]], "07")  # never recorded
    (tmp_path / "killed" / ".0123456789abcdef").write_text("{")
    with ActivationStore(tmp_path / "killed", REQUEST) as store:
        assert (store.progress.n_stimuli, store.progress.digest) == (4, "01")
        appended(store, batches, first=1)
    whole, killed = ({path.name: path.read_bytes() for path in (tmp_path / x).iterdir()} for x in ("whole", "killed"))
    assert whole == killed


def test_a_kill_before_the_layers_are_there(batches, tmp_path):
    ActivationStore(tmp_path, REQUEST)
    (tmp_path / "layer001.npy").unlink()
    with ActivationStore(tmp_path, REQUEST) as store:
        appended(store, batches)
    assert np.load(tmp_path / "layer001.npy").shape == (9, 5)


def test_a_kill_before_the_first_header_is_there(batches, tmp_path):
    (tmp_path / ".0123456789abcdef").write_text("{")
    with ActivationStore(tmp_path, REQUEST) as store:
        appended(store, batches)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layer000.npy", "layer001.npy", "network.json"]


def test_an_error_leaves_what_came_before(batches, tmp_path):
    def fail():
        with ActivationStore(tmp_path, REQUEST) as store:
            store.append(batches[0], "01")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (header(tmp_path)["n_stimuli"], header(tmp_path)["is_complete"]) == (4, False)


def test_an_error_before_anything_came_leaves_an_empty_folder(tmp_path):
    with pytest.raises(ValueError, match="too short"), ActivationStore(tmp_path, REQUEST):
        raise ValueError("too short")
    assert not list(tmp_path.iterdir())


def test_what_is_complete_stays_as_it_is(batches, tmp_path):
    with ActivationStore(tmp_path, REQUEST) as store:
        appended(store, batches)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    with ActivationStore(tmp_path, REQUEST) as store:
        assert store.progress.is_complete
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {**REQUEST.model, "digest": "cd"}}, "digest of the model's numbers ab there, cd now"),
        ({"model": {**REQUEST.model, "class": "Other"}}, "model class Net there, Other now"),
        ({"labels": ("embedding", "block.1")}, "layers 'embedding' of 3, 'block.0' of 5 there, .*'block.1' of 5 now"),
        ({"widths": (3, 6)}, "'block.0' of 5 there, .*'block.0' of 6 now"),
        ({"pooling": {**REQUEST.pooling, "pool": "last"}}, "pooling .*'mean'.* there, .*'last'"),
        ({"dtype": "float16"}, "dtype float32 there, float16 now"),
        ({"stimuli_of": "inputs"}, "stimuli known by texts there, inputs now"),
    ],
)
def test_another_request_is_refused(changes, message, tmp_path):
    ActivationStore(tmp_path, REQUEST)
    with pytest.raises(ValueError, match=f"folder: expected what an earlier run began in .*{message}.*another folder"):
        ActivationStore(tmp_path, replace(REQUEST, **changes))


def test_names_and_versions_may_differ(batches, tmp_path):
    ActivationStore(tmp_path, REQUEST)
    with ActivationStore(tmp_path, replace(REQUEST, name="other", versions={"torch": "3"})) as store:
        appended(store, batches)
    assert header(tmp_path)["name"] == "other"


def test_long_differences_are_cut(tmp_path):
    many = replace(REQUEST, labels=tuple(map(str, range(99))), widths=(3,) * 99)
    ActivationStore(tmp_path, many)
    with pytest.raises(ValueError, match=r"'0' of 3.{150,200} \.\.\. there"):
        ActivationStore(tmp_path, REQUEST)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "network.json: .*its format is 'mot_fast activations', version 2, not ours, 1"),
        ({"format": "x"}, "its format is 'x', version 1, not ours, 1"),
        ({"layers": None}, "found a damaged one .'layers' in its header is None"),
        ({"stimuli": {}}, "found a damaged one .its header lacks 'digest'"),
        ({"stimuli": {"digest": "no hex", "of": "texts"}}, "found a damaged one .*non-hexadecimal"),
    ],
)
def test_other_headers_are_refused(change, message, tmp_path):
    ActivationStore(tmp_path, REQUEST)
    (tmp_path / "network.json").write_text(json.dumps({**header(tmp_path), **change}))
    with pytest.raises(ValueError, match=message):
        ActivationStore(tmp_path, REQUEST)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b""])
def test_a_header_that_is_no_json_is_refused(content, tmp_path):
    (tmp_path / "network.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"network.json: expected a complete index of activations, found a damaged"):
        ActivationStore(tmp_path, REQUEST)


@pytest.mark.parametrize("is_there", [True, False])
def test_layers_that_lost_their_end_are_refused(is_there, batches, tmp_path):
    with ActivationStore(tmp_path, REQUEST) as store:
        appended(store, batches)
    path = tmp_path / "layer001.npy"
    if is_there:
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    with pytest.raises(ValueError, match=r"layer001.npy: expected at least 308 bytes, .* 9 stimuli, found (307|0); "):
        ActivationStore(tmp_path, REQUEST)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"folder: expected a new or empty folder .* with 'notes.txt' in it"):
        ActivationStore(tmp_path, REQUEST)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_no_folder_can_be_made_in_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"folder: expected a folder to write to, found none at .*file"):
        ActivationStore(tmp_path / "file", REQUEST)
    with pytest.raises(OSError, match=r"folder: expected a folder to write to, found none at .*below"):
        ActivationStore(tmp_path / "file" / "below", REQUEST)


@pytest.mark.processes
def test_a_disk_without_room_is_named_before_the_work(small_disk):
    widths = sum(REQUEST.widths)
    with ActivationStore(small_disk / "net", REQUEST) as store:
        n_fitting = shutil.disk_usage(small_disk).free // (4 * widths)
        store.check_space(n_fitting)
        with pytest.raises(
            OSError, match=r"folder: expected room for .*, the activations of \d+ stimuli, found .* free"
        ):
            store.check_space(n_fitting + 1)


def test_a_full_disk_is_named_and_the_run_goes_on_later(small_disk, rng):
    many = [rng.random((3000, width), dtype=np.float32) for width in REQUEST.widths]
    few = [values[:5] for values in many]
    message = r"disk/net: the activations could not be written, and what is there is kept; .* No space left on device"

    def fill():
        with ActivationStore(small_disk / "net", REQUEST) as store:
            store.append(few, "01")
            store.append([np.repeat(values, 40, axis=0) for values in many], "02")

    with pytest.raises(OSError, match=message):
        fill()
    assert (header(small_disk / "net")["n_stimuli"], header(small_disk / "net")["is_complete"]) == (5, False)
    with ActivationStore(small_disk / "net", REQUEST) as store:
        assert (store.progress.n_stimuli, store.progress.digest) == (5, "01")
        store.append(few, "03")
    np.testing.assert_array_equal(np.load(small_disk / "net" / "layer000.npy"), np.concatenate([few[0], few[0]]))
