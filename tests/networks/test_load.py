from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import scipy.sparse

import mot_fast as mot


@pytest.fixture
def arrays(rng):
    return {f"layer{k}": rng.random((8, 2 + k)).astype(np.float32) for k in range(12)}


def is_mapped(values):
    while values is not None:
        if isinstance(values, np.memmap):
            return True
        values = getattr(values, "base", None)
    return False


@pytest.mark.parametrize("kind", ["npz", "compressed npz", "folder", "mapping", "list", "tuple"])
def test_every_kind_gives_the_same_network(kind, arrays, tmp_path):
    source = {"mapping": arrays, "list": list(arrays.values()), "tuple": tuple(arrays.values())}.get(kind)
    if kind == "npz":
        source = tmp_path / "net.npz"
        np.savez(source, **arrays)
    elif kind == "compressed npz":
        source = str(tmp_path / "net.npz")
        np.savez_compressed(source, **arrays)
    elif kind == "folder":
        source = tmp_path / "net"
        source.mkdir()
        for label, values in arrays.items():
            np.save(source / f"{label}.npy", values)
    network = mot.load(source)
    assert network.labels == tuple(arrays)  # natural order: layer2 before layer10
    assert network.name == ("net" if "npz" in kind or kind == "folder" else "network")
    for label, values in arrays.items():
        assert network.layer(label).dtype == np.float32
        np.testing.assert_array_equal(network.layer(label), values)
    assert is_mapped(network.read(3)[0]) == (kind in ("npz", "folder"))


def test_natural_order_knows_odd_digits(tmp_path, rng):
    for name in ("l1²3", "l10", "l9"):
        np.save(tmp_path / f"{name}.npy", rng.random((4, 2)))
    assert mot.load(tmp_path).labels == ("l1²3", "l9", "l10")


def test_fortran_order_survives_the_map(tmp_path, rng):
    values = np.asfortranarray(rng.random((6, 4)))
    np.savez(tmp_path / "net.npz", layer=values)
    np.testing.assert_array_equal(mot.load(tmp_path / "net.npz").layer(0), values)


def test_a_network_is_taken_as_it_is(arrays):
    network = mot.load(arrays)
    assert mot.load(network) is network


@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "i8", "u8", "?", "f2", "f4", "f8", ">f4", ">i2"])
def test_numbers_of_any_type_keep_their_values(dtype, rng):
    values = rng.integers(0, 2, (5, 3)).astype(dtype)
    read = mot.load([values]).layer(0)
    assert read.dtype.kind == "f"
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, values)


def test_bfloat16_becomes_float32_exactly(rng):
    values = rng.standard_normal((5, 3)).astype(ml_dtypes.bfloat16)
    read = mot.load([values]).layer(0)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, values.astype(np.float32))


def test_arrays_with_dlpack_are_taken_without_a_copy(rng):
    class OnlyDlpack:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **options):
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    values = rng.random((5, 3))
    assert np.shares_memory(mot.load([OnlyDlpack(values)]).layer(0), values)


def test_arrays_that_may_not_be_read_say_why():
    class Elsewhere:
        def __dlpack__(self, **options):
            raise BufferError(f"memory of device 7, asked for with {sorted(options)}")

    with pytest.raises(ValueError, match=r"expected an array of numbers, found Elsewhere \(memory of device 7"):
        mot.load([Elsewhere()])


def test_lists_of_lists_are_layers():
    np.testing.assert_array_equal(mot.load([[[1.0, 2.0], [3.0, 4.0]]]).layer(0), [[1, 2], [3, 4]])


def test_odd_strides_are_read_right(rng):
    record = np.zeros(6, dtype=[("pad", "u1"), ("x", "f4", 3)])
    record["x"] = rng.random((6, 3))
    assert record["x"].strides[0] % 4
    np.testing.assert_array_equal(mot.load([record["x"]]).layer(0), record["x"])


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ([], ValueError, "network 'network': expected at least one layer, found none"),
        ({}, ValueError, "expected at least one layer, found none"),
        ([np.zeros((4, 0))], ValueError, r"layer 'layer0': expected at least one unit, found shape \(4, 0\)"),
        ([np.zeros(4)], ValueError, r"layer 'layer0': expected shape \(n_stimuli, n_units\), found \(4,\)"),
        ([np.zeros((4, 2, 2))], ValueError, r"expected shape \(n_stimuli, n_units\), found \(4, 2, 2\)"),
        ([[[1.0, 2.0], [1.0]]], ValueError, "layer 'layer0': expected an array of numbers, found list"),
        ([np.array([["a"]])], TypeError, "layer 'layer0': expected real numbers, found <U1"),
        ({"v1": [["x", "y"]]}, TypeError, "network 'network', layer 'v1': expected real numbers, found <U1"),
        ([np.array([[1j]])], TypeError, "expected real numbers, found complex128"),
        ([np.array([[None]])], TypeError, "expected real numbers, found object"),
        ([scipy.sparse.eye_array(3)], TypeError, r"expected a dense array, found a sparse one, dia_array; its toarray"),
        ([scipy.sparse.csr_matrix(np.eye(3))], TypeError, "expected a dense array, found a sparse one, csr_matrix"),
        ([np.zeros((3, 2), "V2")], TypeError, r"found \|V2; bfloat16 and float8 are saved so, .*: save float32"),
        ([np.zeros((3, 2), [("a", "f4")])], TypeError, "expected real numbers, found .*'a'"),
        ([np.zeros((3, 2), "M8[s]")], TypeError, "expected real numbers, found datetime64"),
        ([np.zeros((3, 2), ml_dtypes.int4)], TypeError, "expected real numbers, found int4"),
        ([np.ma.masked_equal([[1.0, 2.0]], 2.0)], ValueError, "layer 'layer0': expected every number, found masked"),
        (3, TypeError, "expected a mapping or a sequence of arrays, or the path of a file or folder, found int"),
        ([np.zeros((4, 2)), np.zeros((5, 2))], ValueError, "found 4 in layer 'layer0' and 5 in layer 'layer1'"),
    ],
)
def test_bad_sources_are_named(source, error, message):
    with pytest.raises(error, match=message):
        mot.load(source)


def test_integers_beyond_float64_are_refused_when_read():
    network = mot.load([np.array([[2**60 + 1, 0]] * 4)])
    with pytest.raises(ValueError, match=r"layer 'layer0': expected integers up to 2\*\*53"):
        network.layer(0)


def test_long_doubles_are_refused_when_read():
    network = mot.load([np.zeros((4, 2), np.longdouble)])
    with pytest.raises(TypeError, match="expected float16, float32 or float64, found"):
        network.layer(0)


@pytest.mark.parametrize("path", ["", b"", Path()])
def test_an_empty_path_is_not_the_current_folder(tmp_path, monkeypatch, path):
    np.save(tmp_path / "layer.npy", np.zeros((4, 2)))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"source: expected a path, found an empty one; the current folder is '\.'"):
        mot.load(path)
    for here in (".", b".", Path.cwd(), "./"):
        assert mot.load(here).name == tmp_path.name


def test_paths_may_be_bytes(tmp_path, arrays):
    np.savez(tmp_path / "net.npz", **arrays)
    path = os.fsencode(tmp_path / "net.npz")
    assert mot.load(path).name == "net"
    assert mot.align(path, path).source.name == "net"
    assert mot.similarity_matrix([path, mot.load(path).with_name("other")], test_size=0.4).labels == ("net", "other")
    assert mot.align_trajectories([path], [path, path]).plan.shape == (1, 2)


def test_a_label_is_itself_before_it_is_a_pattern(tmp_path, rng):
    labels = ["h[0]", "h[1]", "h0", "a*", "ab", "what?", "whats"]
    arrays = {label: rng.random((4, 2)) for label in labels}
    np.savez(tmp_path / "net.npz", **arrays)
    for source in (arrays, mot.load(arrays), tmp_path / "net.npz"):
        for label in labels:
            assert mot.load(source, layers=label).labels == (label,)
        assert mot.load(source, layers=["h[1]", "h[0-1]", "[a]*"]).labels == ("h[1]", "h0", "a*", "ab")
        with pytest.raises(ValueError, match=r"layers: expected a pattern of labels .*, found 'h\[2\]'"):
            mot.load(source, layers="h[2]")


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e8m0fnu"])
def test_float8_becomes_float32_exactly(rng, dtype):
    values = rng.random((5, 3)).astype(getattr(ml_dtypes, dtype))
    read = mot.load([values]).layer(0)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, values.astype(np.float32))


def test_layers_that_look_transposed_are_warned_of(rng):
    def networks(n_rows, *widths):
        return [[rng.random((n_rows, width))] for width in widths]

    message = r"all layers of 'source' and 'target' have 20 rows and 400 columns: are stimuli in rows"
    for call in (mot.align, lambda *pair: mot.compare(*pair, ["cka"], splits=1)):
        with pytest.warns(UserWarning, match=message) as caught:
            call(*networks(20, 400, 400))
        assert caught[0].filename == __file__ or call is not mot.align
    with pytest.warns(UserWarning, match="all layers of 'network 0' and 'network 1' have 16 rows and 320 columns"):
        mot.similarity_matrix(networks(16, 320, 320))
    with pytest.warns(UserWarning, match="all layers of 'source' and 'target' have 5 rows and 20 columns"):
        mot.align_trajectories(networks(5, 20, 20), networks(5, 20))
    for rows, *widths in ((20, 399, 399), (16, 300, 300), (20, 400, 401), (100, 768, 768), (15, 59, 59), (400, 20, 20)):
        mot.align(*networks(rows, *widths))


def test_looks_at_transposed_layers_are_had_once_for_many_alignments(rng):
    odd = [[rng.random((20, 400))] for _ in range(2)]
    for call in (
        lambda *pair: mot.compare(*pair, ["mot", "global_ot"], splits=2),
        lambda *pair: mot.subsample_curve(*pair, (0.5, 1.0), methods=["mot"], splits=1),
    ):
        with pytest.warns(UserWarning, match="are stimuli in rows, and units in columns") as caught:
            call(*odd)
        assert len(caught) == 1
    # All layers side by side are wide; the networks are not.
    mot.compare(*([rng.random((50, 100)) for _ in range(9)] for _ in range(2)), ["global_ot"], splits=1)


@pytest.mark.parametrize("name", ["nothing.npz", "nothing"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(
        FileNotFoundError,
        match=rf"{name}: expected a .npz, .safetensors, .mat, HDF5, NetCDF or Zarr file or a folder of .npy files",
    ):
        mot.load(tmp_path / name)


def test_unknown_kinds_of_file_are_named(tmp_path):
    (tmp_path / "net.csv").write_text("1,2")
    with pytest.raises(
        ValueError, match=r"net.csv: expected a .npz, .* file or a folder of .npy files, found a '.csv' file"
    ):
        mot.load(tmp_path / "net.csv")
    np.save(tmp_path / "net.npy", np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"put the .npy files of one network into a folder"):
        mot.load(tmp_path / "net.npy")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty: expected a folder of .npy files, found none in it"):
        mot.load(tmp_path / "empty")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_truncated_archives_are_named(tmp_path, arrays, save, kept):
    path = tmp_path / "net.npz"
    save(path, **arrays)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(ValueError, match=r"net.npz: expected a complete .npz file, found a damaged one"):
        mot.load(path)


def test_damaged_numbers_in_a_compressed_archive_are_named(tmp_path, rng):
    path = tmp_path / "net.npz"
    np.savez_compressed(path, layer=rng.random((100, 50)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    network = mot.load(path)
    with pytest.raises(ValueError, match=r"net.npz: expected a complete .npz file, found a damaged one"):
        network.layer(0)


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_gives_an_error_that_names_the_file_or_no_error(tmp_path, arrays, seed):
    path = tmp_path / "net.npz"
    np.savez_compressed(path, **arrays)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.integers(0, len(content), 5):
        content[position] = rng.integers(256)
    path.write_bytes(content)
    try:
        network = mot.load(path)
        assert all(network.layer(label).shape[0] == network.n_stimuli for label in network.labels)
    except (ValueError, TypeError) as error:
        assert "net" in str(error)  # noqa: PT017


def test_a_truncated_npy_file_is_named(tmp_path):
    path = tmp_path / "layer.npy"
    np.save(path, np.zeros((100, 50)))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"layer.npy: expected a complete .npy file, found a damaged one"):
        mot.load(tmp_path)


def test_archives_of_something_else_and_pickles_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"other.npz: expected a complete .npz file"):
        mot.load(tmp_path / "other.npz")
    np.savez(tmp_path / "pickle.npz", layer=np.array([[None]]))
    with pytest.raises(TypeError, match="layer 'layer': expected real numbers, found object"):
        mot.load(tmp_path / "pickle.npz")
    np.save(tmp_path / "pickle.npy", np.array([[None]]))
    with pytest.raises(ValueError, match=r"pickle.npy: expected a complete"):
        mot.load(tmp_path)


def test_versions_of_the_npy_format(tmp_path, rng):
    values = rng.random((3, 2))
    (tmp_path / "folder").mkdir()
    for version in ((1, 0), (2, 0), (3, 0)):
        path = tmp_path / f"v{version[0]}.npz"
        with zipfile.ZipFile(path, "w") as archive, archive.open("layer.npy", "w") as stream:
            np.lib.format.write_array(stream, values, version=version)
        np.testing.assert_array_equal(mot.load(path).layer(0), values)
        with (tmp_path / "folder" / f"v{version[0]}.npy").open("wb") as stream:
            np.lib.format.write_array(stream, values, version=version)
    for layer in mot.load(tmp_path / "folder").layers:
        np.testing.assert_array_equal(layer.read(), values)
    path = tmp_path / "folder" / "v3.npy"
    path.write_bytes(path.read_bytes().replace(b"NUMPY\3\0", b"NUMPY\4\0"))
    with pytest.raises(ValueError, match=r"v3.npy: .*unknown version \(4, 0\) of the .npy format"):
        mot.load(tmp_path / "folder")


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_images_of_brains_are_led_to_their_guide(tmp_path, ending):
    (tmp_path / f"bold{ending}").write_bytes(b"")
    with pytest.raises(ValueError, match=rf"found a '{ending}' file; nilearn makes arrays of images"):
        mot.load(tmp_path / f"bold{ending}")


def test_alignments_are_no_networks(tmp_path):
    (tmp_path / "run.mot").write_bytes(b"")
    with pytest.raises(ValueError, match=r"found a '.mot' file; mot_fast.Alignment.load reads it"):
        mot.load(tmp_path / "run.mot")


def test_a_few_of_many_stimuli_are_not_taken_for_units(rng):
    network = mot.load([rng.random((50, 300)), rng.random((50, 300))])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mot.align(network[:10], network[:10])
        mot.compare(network, network, ["mot"], splits=2, test_size=0.7, n_resamples=9)
    assert caught == []
