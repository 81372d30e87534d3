"""HDF5 files: names, groups, and links within a file and to others."""

from __future__ import annotations

import itertools

import h5py
import numpy as np
import pytest

import mot_fast as mot
from support.hdf5_files import A, B, add, assert_refused, written


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.h5"


def test_external_links_are_read_in_the_file_that_they_name(tmp_path, path):
    (tmp_path / "inner").mkdir()
    written(tmp_path / "inner" / "inner.h5", {"x": B, "g/y": 2 * B, "h/z": 3 * B}, userblock_size=1024)
    add(tmp_path / "inner" / "inner.h5", lambda file: file.__setitem__("soft", h5py.SoftLink("/h/z")))
    written(path, {"x": A})
    links = {"linked": "/x", "group": "g", "twice": "/soft"}
    for name, target in links.items():
        add(
            path,
            lambda file, name=name, target=target: file.__setitem__(name, h5py.ExternalLink("inner/inner.h5", target)),
        )
    add(path, lambda file: file.__setitem__("absolute", h5py.ExternalLink(tmp_path / "inner" / "inner.h5", "x")))
    network = mot.load(path)
    assert network.labels == ("absolute", "group/y", "linked", "twice", "x")
    for label, expected in (("x", A), ("linked", B), ("absolute", B), ("group/y", 2 * B), ("twice", 3 * B)):
        np.testing.assert_array_equal(network.layer(label), expected)
        np.testing.assert_array_equal(network[[3, 1]].layer(label), expected[[3, 1]])
    assert isinstance(network.layers[2].read(), np.memmap)


def test_arrays_have_all_their_names_and_groups_one(path):
    written(path, {"own": A, "g/x": B})

    def link(file):
        file["alias"], file["soft"] = file["own"], h5py.SoftLink("/g/x")
        file["a"], file["later"] = h5py.SoftLink("g"), file["g"]
        file["g/round"], file["g/up"] = file["g"], h5py.SoftLink("/")
        file["kind"] = np.dtype("f8")

    add(path, link)
    network = mot.load(path)
    assert network.labels == ("alias", "g/x", "own", "soft")
    for label, expected in zip(network.labels, (A, B, A, B), strict=True):
        np.testing.assert_array_equal(network.layer(label), expected)


def test_groups_linked_in_a_lattice_are_entered_once(path):
    with h5py.File(path, "w") as file:
        groups = [file.create_group(f"g{k}") for k in range(60)]
        for one, other in itertools.pairwise(groups):
            one["a"], one["b"], one["soft"] = other, other, h5py.SoftLink(other.name)
        groups[-1]["x"] = A
    assert mot.load(path).labels == ("g59/x",)


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (h5py.SoftLink("/nothing"), "expected an array, found a link that leads nowhere"),
        (h5py.SoftLink("/own/below"), "expected an array, found a link that leads nowhere"),
        (h5py.SoftLink("/net"), "expected an array, found a link that leads on over more than 16 others"),
        (
            h5py.ExternalLink("gone.h5", "/x"),
            "expected an array, found a link to another file, 'gone.h5', which is not",
        ),
        (h5py.ExternalLink("/dev/zero", "/x"), "expected an array, found a link to another file, '/dev/zero'"),
        (h5py.ExternalLink("text.h5", "/x"), "expected a link to an HDF5 file, found one to 'text.h5'"),
        (h5py.ExternalLink("net.h5", "/nothing"), "expected an array, found a link that leads nowhere"),
    ],
)
def test_links_that_lead_nowhere_are_named(tmp_path, path, link, message):
    (tmp_path / "text.h5").write_text("no HDF5")
    written(path, {"own": A})
    add(path, lambda file: file.__setitem__("net", link))
    assert_refused(path, "net", message)


def test_names_that_are_absurd_are_refused(path):
    written(path, {"/".join("g" * 101) + "/x": A})
    with pytest.raises(
        ValueError, match=r"net.h5: expected a complete HDF5 file.*it has groups in more than 100 others"
    ):
        mot.load(path)
    written(path, {"x" * 5000: A})
    with pytest.raises(ValueError, match=r"net.h5: .*it has names of more than 4096 characters"):
        mot.load(path)
    written(path, {"own": A, b"\xff": A})
    assert_refused(path, "\udcff", "expected a name in UTF-8, found other bytes")


@pytest.mark.parametrize("track_order", [False, True])
def test_groups_keep_their_depth_order_beside_other_names(path, track_order):
    labels = [f"h/{k}" for k in range(12)]
    beside = ["h 1", "h!", "h-1", "h.norm"]
    written(path, dict.fromkeys(sorted([*labels, *beside]), A), track_order=track_order)
    assert mot.load(path).labels == (*labels, *beside)


def test_orders_that_groups_track_are_kept_in_each(path):
    labels = ["stem", "blocks/2/mlp", "blocks/10/mlp", "blocks/10/attention", "head"]
    written(path, dict.fromkeys(labels, A), track_order=True)
    assert mot.load(path).labels == tuple(labels)
