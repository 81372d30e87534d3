"""HDF5 files: links, types, places of numbers, and what was never written."""

from __future__ import annotations

import itertools

import h5py
import numpy as np
import pytest

import mot_fast as mot
from mot_fast.system import memory

RNG = np.random.default_rng(0)
A, B = RNG.random((20, 4)), RNG.random((20, 3))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.h5"


def written(path, arrays, **options):
    with h5py.File(path, "w", **options) as file:
        for label, values in arrays.items():
            file[label] = values
    return path


def add(path, change):
    with h5py.File(path, "a") as file:
        change(file)


def raw(path, label, kind, values, change=lambda _: None):
    """An array of any type of HDF5's, whose bytes or numbers are these."""
    with h5py.File(path, "a") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        change(made)
        space = h5py.h5s.create_simple(values.shape)
        dataset = h5py.h5d.create(file.id, label.encode(), kind, space, made)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values, None if values.dtype.kind in "fiu" else kind)


def refuses(path, label, message):
    """The array is an error that names file and layer, and the others are read without it."""
    with pytest.raises((TypeError, ValueError), match=rf"{path.name}, layer '{label}': {message}"):
        mot.load(path)
    assert mot.load(path, layers=["own"]).labels == ("own",)


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
    refuses(path, "net", message)


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
    refuses(path, "\udcff", "expected a name in UTF-8, found other bytes")


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


@pytest.mark.parametrize("order", ["LE", "BE"])
@pytest.mark.parametrize(("precision", "offset", "sign"), [(12, 0, "I"), (12, 3, "I"), (9, 7, "U"), (16, 0, "I")])
def test_integers_of_any_precision_are_what_hdf5_says(path, order, precision, offset, sign):
    kind = getattr(h5py.h5t, f"STD_{sign}16{order}").copy()
    kind.set_precision(precision)
    kind.set_offset(offset)
    values = np.arange(80, dtype="i2").reshape(20, 4) - (40 if sign == "I" else 0)
    raw(path, "adc", kind, values)
    np.testing.assert_array_equal(mot.load(path).layer(0), values)


def test_floats_of_any_precision_are_what_hdf5_says(path):
    values = RNG.integers(-100, 100, (20, 4)).astype(np.float32) / 8
    brain = h5py.h5t.IEEE_F32LE.copy()  # bfloat16: sign, 8 bits of exponent, 7 of mantissa
    brain.set_fields(15, 7, 8, 0, 7)
    brain.set_size(2)
    brain.set_ebias(127)
    raw(path, "brain", brain, values)
    raw(path, "half", h5py.h5t.IEEE_F16BE, values)
    raw(path, "double", h5py.h5t.IEEE_F64BE, values)
    network = mot.load(path)
    assert network.labels == ("brain", "double", "half")
    for label in network.labels:
        np.testing.assert_array_equal(network.layer(label), values)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (h5py.h5t.STD_B8LE, np.zeros((20, 4), "u1"), "found bit fields"),
        (
            h5py.h5t.py_create(h5py.enum_dtype({"A": 0, "B": 1}), logical=True),
            np.zeros((20, 4), "i8"),
            "found codes of an enumer",
        ),
        (h5py.h5t.UNIX_D32LE, None, "found a type that numpy lacks"),
        (h5py.h5t.C_S1, None, "found .S1"),
        (h5py.h5t.py_create(np.dtype("c16")), None, "found complex128"),
        (h5py.h5t.py_create(np.dtype([("a", "f8")])), None, "found .*'a'"),
        (h5py.h5t.py_create(np.dtype(("f8", (3,)))), None, "found .*'<f8'"),
        (h5py.h5t.STD_REF_OBJ, None, "found object"),
        (h5py.h5t.py_create(h5py.string_dtype(), logical=True), None, "found object"),
    ],
)
def test_what_are_no_numbers_is_named(path, kind, values, message):
    written(path, {"own": A})
    with h5py.File(path, "a") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_layout(h5py.h5d.COMPACT)
        dataset = h5py.h5d.create(file.id, b"x", kind, h5py.h5s.create_simple((20, 4)), made)
        if values is not None:
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values, kind)
    with pytest.raises(TypeError, match=f"net.h5, layer 'x': expected real numbers, {message}"):
        mot.load(path)
    assert mot.load(path, layers="own").labels == ("own",)


def test_booleans_are_true_or_false(path):
    written(path, {"x": A > 0.5})
    np.testing.assert_array_equal(mot.load(path).layer("x"), A > 0.5)
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        content[file["x"].id.get_offset()] = 7
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"layer 'x': it has booleans that are neither true nor false"):
        mot.load(path).layer("x")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((), r"expected shape \(n_stimuli, n_units\), found \(\)"),
        ((4,), r"expected shape \(n_stimuli, n_units\), found \(4,\)"),
        ((4, 2, 2), r"expected shape \(n_stimuli, n_units\), found \(4, 2, 2\)"),
        ((4, 0), "expected at least one unit"),
        (None, "expected shape .* found an array that is empty and has no shape"),
    ],
)
def test_other_shapes_are_named(path, shape, message):
    written(path, {"own": A, "x": h5py.Empty("f8") if shape is None else np.zeros(shape)})
    refuses(path, "x", message)
    with h5py.File(path) as file, pytest.raises(ValueError, match=f"layer 'x': {message}"):
        mot.load({"x": file["x"]})


def test_empty_arrays_of_h5py_are_named():
    with pytest.raises(ValueError, match=r"layer 'x': expected shape .*, found an array of h5py that is empty"):
        mot.load({"x": h5py.Empty("f8")})


def test_open_files_are_mappings(path):
    with h5py.File(written(path, {"own": A, "g/x": B})) as file:
        network = mot.load(file, layers="own")
        np.testing.assert_array_equal(network.layer("own"), A)
        with pytest.raises(
            ValueError, match=r"layer 'g': expected an array, found a Group of h5py; a whole file is loade"
        ):
            mot.load(file)
        in_memory = h5py.File("memory", "w", driver="core", backing_store=False)
        in_memory["x"] = B
        np.testing.assert_array_equal(mot.load(in_memory).layer("x"), B)
        in_memory.close()
    with pytest.raises(ValueError, match="layer 'own': expected an array of numbers, found Dataset"):
        network.layer("own")


@pytest.mark.parametrize("userblock_size", [0, 2048])
def test_numbers_are_read_wherever_they_lie(path, userblock_size):
    with h5py.File(path, "w", userblock_size=userblock_size) as file:
        file["whole"] = A
        file.create_dataset("chunks", data=A, chunks=(7, 3))
        file.create_dataset("packed", data=A, compression="gzip", shuffle=True, fletcher32=True)
        file["none"] = A[:0]
        file["turned"] = A.astype(">f4")
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_layout(h5py.h5d.COMPACT)
        file.create_dataset("compact", data=A, dcpl=made)
    network = mot.load(path, layers=["whole", "chunks", "packed", "compact", "turned"])
    is_mapped = [isinstance(layer.read(), np.memmap) for layer in network.layers]
    assert is_mapped == [True, False, False, False, True]
    for label in network.labels:
        expected = A.astype("f4") if label == "turned" else A
        np.testing.assert_array_equal(network.layer(label), expected)
        np.testing.assert_array_equal(network[::3].layer(label), expected[::3])
    assert mot.load(path, layers="none").layer(0).shape == (0, 4)


def test_a_file_that_is_written_again_is_read_where_its_numbers_are_now(path):
    network = mot.load(written(path, {"x": A}))
    written(path, {"before": np.zeros((50, 50)), "x": 2 * A})
    np.testing.assert_array_equal(network.layer("x"), 2 * A)
    written(path, {"x": A[:5]})
    with pytest.raises(ValueError, match=r"layer 'x': expected shape \(20, 4\) as before, found \(5, 4\)"):
        network.layer("x")
    written(path, {"y": A})
    with pytest.raises(ValueError, match=r"net.h5, layer 'x': expected an array, found a link that leads nowhere"):
        network.layer("x")


def test_what_was_never_written_is_no_numbers(path):
    written(path, {"own": A})
    add(path, lambda file: file.create_dataset("x", (20, 4), "f8"))
    refuses(path, "x", "expected numbers, found an array that was never written")
    with (
        h5py.File(path) as file,
        pytest.raises(ValueError, match=r"layer 'x': expected numbers, found an array that was"),
    ):
        mot.load({"x": file["x"]})

    def in_part(file):
        del file["x"]
        file.create_dataset("x", (20, 4), "f8", chunks=(4, 4), fillvalue=1.0)[4:12] = 2
        file.create_dataset("zeros", data=np.zeros((20, 4)), chunks=(4, 4))

    add(path, in_part)
    refuses(path, "x", "expected numbers in all of its 5 chunks, found 2 that were ever written")
    assert mot.load(path, layers="zeros").layer(0).sum() == 0


def test_numbers_in_files_of_other_kinds_are_refused(tmp_path, path):
    written(path, {"own": A})
    A.tofile(tmp_path / "numbers.raw")
    add(path, lambda file: file.create_dataset("x", (20, 4), "f8", external=[("numbers.raw", 0, A.nbytes)]))
    refuses(path, "x", "expected numbers in an HDF5 file, found an array whose numbers are in another, 'numbers.raw'")


def test_filters_that_are_missing_are_named(path):
    written(path, {"own": A})
    with h5py.File(path, "a") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((20, 4))
        made.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, (1,))
        dataset = h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((20, 4)), made)
        dataset.write_direct_chunk((0, 0), A.tobytes())
    refuses(
        path, "x", r"expected filters that the HDF5 library here has, found 32999 \(.*\): put the folder of its plugin"
    )


def virtual(path, sources, shape=(20, 4)):
    """An array that is put together: of pairs of where, and a source with its part."""
    layout = h5py.VirtualLayout(shape, "f8")
    for where, source in sources:
        layout[where] = source
    add(path, lambda file: file.create_virtual_dataset("x", layout))


def test_virtual_datasets_are_put_together(tmp_path, path):
    written(tmp_path / "one.h5", {"x": A, "g/y": B.astype("f4")})
    written(path, {"own": A})
    one = h5py.VirtualSource("one.h5", "x", (20, 4))
    virtual(
        path,
        [
            (np.s_[:10], one[5:15]),
            (np.s_[10:20:2], one[:5]),
            (np.s_[11:20:2, :3], h5py.VirtualSource("one.h5", "g/y", (20, 3))[::4]),
            (np.s_[11:20:2, 3:], h5py.VirtualSource(".", "own", (20, 4))[15:, :1]),
        ],
    )
    expected = np.empty((20, 4))
    expected[:10], expected[10::2], expected[11::2, :3], expected[11::2, 3] = (
        A[5:15],
        A[:5],
        B.astype("f4")[::4],
        A[15:, 0],
    )
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["x"], expected)
        np.testing.assert_array_equal(mot.load({"x": file["x"]}).layer("x"), expected)
    np.testing.assert_array_equal(mot.load(path).layer("x"), expected)


def source_of(shape, name="one.h5", label="x"):
    return h5py.VirtualSource(name, label, shape)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([], "expected sources for all 80 numbers, found them for 0"),
        ([(np.s_[:], source_of((20, 4), "gone.h5"))], "expected an array, found a link to another file, 'gone.h5'"),
        (
            [(np.s_[:], source_of((20, 4), label="y"))],
            "expected all sources of a virtual dataset, found none where 'y'",
        ),
        ([(np.s_[:12], source_of((20, 4))[:12])], "expected sources for all 80 numbers, found them for 48"),
        ([(np.s_[:], source_of((30, 4))[10:])], "expected regular parts of a virtual dataset, found others of 'x'"),
        (
            [(np.s_[:], source_of((20, 4), label="unwritten"))],
            "expected numbers, found an array that was never written, in",
        ),
        (
            [(np.s_[:], source_of((20, 4), "net.h5", "x"))],
            "expected numbers, found another virtual dataset, in a source",
        ),
        ([(np.s_[:], source_of((20, 4), label="text"))], "expected real numbers, found .S4, in a source of a virtual"),
    ],
)
def test_virtual_datasets_without_all_their_sources_are_refused(tmp_path, path, sources, message):
    written(tmp_path / "one.h5", {"x": A, "text": np.full((20, 4), b"text")})
    add(tmp_path / "one.h5", lambda file: file.create_dataset("unwritten", (20, 4), "f8"))
    written(path, {"own": A})
    virtual(path, sources)
    refuses(path, "x", message)


def test_sources_that_overlap_leave_no_hole(tmp_path, path):
    written(tmp_path / "one.h5", {"x": A})
    written(path, {"own": A})
    virtual(path, [(np.s_[:12], source_of((20, 4))[:12]), (np.s_[4:12], source_of((20, 4))[:8])])
    with pytest.raises(ValueError, match=r"layer 'x': expected sources for all 80 numbers, found them for 48"):
        mot.load(path).layer("x")


@pytest.mark.parametrize("name", ["net.nwb", "net.nc", "net.mat", "net"])
@pytest.mark.parametrize("userblock_size", [0, 512])
def test_hdf5_is_known_by_what_it_holds(tmp_path, name, userblock_size):
    written(tmp_path / name, {"x": A}, userblock_size=userblock_size)
    np.testing.assert_array_equal(mot.load(tmp_path / name).layer("x"), A)


def test_what_has_its_suffix_and_is_none_is_named(path):
    path.write_text("no HDF5")
    with pytest.raises(ValueError, match=r"net.h5: expected a complete HDF5 file, found a damaged one \(.*signature"):
        mot.load(path)


def test_arrays_that_memory_has_no_room_for_are_refused(path, monkeypatch):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.ones((2000, 500)), compression="gzip")
    network = mot.load(path)
    monkeypatch.setattr(memory, "available", lambda: 2**22)
    message = (
        r"net.h5, layer 'x': expected an array that fits into the memory that is left, 4 MiB, found 7.63 MiB, shape \(2"
    )
    with pytest.raises(ValueError, match=message):
        network.layer("x")
