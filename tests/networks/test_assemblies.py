"""Assemblies as Brain-Score makes them, datasets of xarray and NetCDF files, cut into layers by their coordinates."""

from __future__ import annotations

import importlib.util
import pickle
import re

import h5py
import numpy as np
import pytest

import mot_fast as mot

xarray = pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")

REGIONS = ["V4", "IT", "V4", "IT", "IT"]
IMAGES = [f"image{k}" for k in range(8)]
VALUES = np.random.default_rng(0).random((8, 5))


class Assembly(xarray.DataArray):
    """A subclass that gathers its coordinates to indexes of several levels, as Brain-Score's DataAssembly does."""

    __slots__ = ()

    def __init__(self, *args, **kwargs):
        if not kwargs.get("fastpath"):
            made = xarray.DataArray(*args, **kwargs)
            levels = {
                dim: [name for name, each in made.coords.items() if each.dims == (dim,) and name != dim]
                for dim in made.dims
            }
            args, kwargs = (made.set_index({dim: names for dim, names in levels.items() if names}),), {}
        super().__init__(*args, **kwargs)


def coordinates(regions=REGIONS, images=IMAGES, of_units="region"):
    return {
        "neuroid_id": ("neuroid", [f"n{k}" for k in range(len(regions))]),
        of_units: ("neuroid", regions),
        "stimulus_id": ("presentation", images),
        "object_name": ("presentation", ["face"] * len(images)),
    }


def assembly(dims=("presentation", "neuroid"), made=Assembly, **changes):
    return made(VALUES if dims[0] == "presentation" else VALUES.T, dims=list(dims), coords=coordinates(**changes))


@pytest.mark.parametrize("dims", [("presentation", "neuroid"), ("neuroid", "presentation")])
@pytest.mark.parametrize(
    ("made", "form"),
    [
        (Assembly, "memory"),
        (xarray.DataArray, "memory"),
        (xarray.DataArray, "file"),  # where indexes of several levels are written as plain coordinates
        (xarray.DataArray, "old file"),
    ],
)
@pytest.mark.parametrize("has_bin", [False, True])
def test_units_are_cut_by_region_and_stimuli_have_names(dims, made, has_bin, form, tmp_path):
    array = assembly(dims, made)
    if has_bin:
        array = array.expand_dims(time_bin=1).assign_coords(time_bin_start=("time_bin", [70]))
    source = array
    if form != "memory":
        source = tmp_path / "assembly.nc"
        engine = "h5netcdf" if form == "file" else "scipy"
        array.rename("recording").to_netcdf(source, engine=engine)
    network = mot.load(source)
    assert network.labels == ("V4", "IT")
    assert network.name == ("network" if form == "memory" else "assembly")
    np.testing.assert_array_equal(network.layer("V4"), VALUES[:, [0, 2]])
    np.testing.assert_array_equal(network.layer("IT"), VALUES[:, [1, 3, 4]])
    assert mot.load(source, layers="IT").labels == ("IT",)
    model = Assembly(
        VALUES, dims=["presentation", "neuroid"], coords=coordinates(["conv"] * 2 + ["fc"] * 3, of_units="layer")
    )
    assert mot.align(network, model).layer_plan.shape == (2, 2)
    with pytest.raises(ValueError, match="found the same ones in another order by their index, first 'image0' and 'im"):
        mot.align(network, model[[1, 0, *range(2, 8)]])
    with pytest.raises(ValueError, match="found others by their index, first 'image7' and 'other'"):
        mot.align(network, assembly(made=made, images=[*IMAGES[:7], "other"]))


def test_files_are_read_when_needed_and_by_other_processes(tmp_path):
    assembly(made=xarray.DataArray).to_netcdf(tmp_path / "assembly.nc", engine="h5netcdf")
    network = mot.load(tmp_path / "assembly.nc")
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again[2:].layer("V4"), VALUES[2:, [0, 2]])


def test_variables_of_a_dataset_are_layers_or_have_some(tmp_path):
    plain = xarray.Dataset({name: (("stimulus", f"{name} unit"), VALUES) for name in ("stem", "head")})
    recording = assembly(made=xarray.DataArray)
    both = xarray.Dataset({"day1": recording, "day2": recording + 1})
    for source, labels in ((plain, ("stem", "head")), (both, ("day1/V4", "day1/IT", "day2/V4", "day2/IT"))):
        source.to_netcdf(tmp_path / "set.nc", engine="h5netcdf")
        for each in (source, tmp_path / "set.nc"):
            assert mot.load(each).labels == labels
    np.testing.assert_array_equal(mot.load(both).layer("day2/V4"), VALUES[:, [0, 2]] + 1)
    assert mot.load(plain["stem"]).labels == ("stem",)
    assert mot.load(xarray.DataArray(VALUES)).labels == ("layer0",)
    assert mot.load({"all": recording}).widths == (5,)  # a mapping says itself what the layers are


def test_the_older_name_of_stimuli_is_known():
    renamed = assembly(made=xarray.DataArray).rename(stimulus_id="image_id")
    with pytest.raises(ValueError, match="found others by their index, first 'image7' and 'other'"):
        mot.align(renamed, assembly(images=[*IMAGES[:7], "other"]))


def test_a_coordinate_of_one_value_does_not_cut():
    array = assembly(made=xarray.DataArray).assign_coords(layer=("neuroid", ["only"] * 5))
    assert mot.load(array).labels == ("V4", "IT")
    alike = array.assign_coords(layer=("neuroid", [f"of {region}" for region in REGIONS]))
    assert mot.load(alike).labels == ("of V4", "of IT")


def test_what_says_no_layer_is_an_error():
    array = assembly(made=xarray.DataArray)
    other = array.assign_coords(layer=("neuroid", list("aabbb")))
    with pytest.raises(
        ValueError, match=r"expected one coordinate that says .* found layer and region, which do not cut"
    ):
        mot.load(other)
    lacking = array.assign_coords(region=("neuroid", ["V4", None, "V4", "IT", "IT"]))
    with pytest.raises(ValueError, match="coordinate 'region': expected a value for every unit, found none for unit 1"):
        mot.load(lacking)
    both = xarray.Dataset({1: array, "1": array})
    with pytest.raises(ValueError, match="expected distinct layer labels, found '1/V4' twice"):
        mot.load(both)


def test_several_time_bins_are_an_error():
    array = assembly(made=xarray.DataArray).expand_dims(time_bin=2)
    message = re.escape("expected one time bin, found 2 along 'time_bin'; choose one, .isel(time_bin=0), or their mean")
    for source in (array, {"V4": array}):
        with pytest.raises(ValueError, match=message):
            mot.load(source)
    assert mot.load(array.mean("time_bin")).labels == ("V4", "IT")
    both = xarray.Dataset({"bins": array, "mean": array.mean("time_bin")})
    assert mot.load(both, layers="mean/*").labels == ("mean/V4", "mean/IT")  # what is not chosen may have any shape


def test_fill_values_are_nan_and_can_be_left_out(tmp_path):
    values = VALUES.copy()
    values[3, 2] = np.nan
    array = xarray.DataArray(values, dims=["presentation", "neuroid"], coords=coordinates())
    array.to_netcdf(
        tmp_path / "a.nc", engine="h5netcdf", encoding={"__xarray_dataarray_variable__": {"_FillValue": -9.0}}
    )
    with pytest.raises(
        ValueError, match="layer 'V4': expected finite activations, found nan first at stimulus 3, unit 1"
    ):
        mot.load(tmp_path / "a.nc").layer("V4")
    with pytest.warns(mot.DroppedUnitsWarning, match=r"layer 'V4' 1 of 2 \(1\)$"):
        network = mot.load(tmp_path / "a.nc", nan="drop")
    np.testing.assert_array_equal(network.layer("V4"), VALUES[:, [0]])


def test_files_that_are_damaged_or_incomplete_are_errors(tmp_path):
    path = tmp_path / "a.nc"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(ValueError, match=r"a.nc: expected a complete NetCDF file, found a damaged one"):
        mot.load(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (8, 5), "f4", chunks=(2, 5))
    with pytest.raises(ValueError, match=r"a.nc, variable 'x': expected numbers in all of its 4 chunks, found 0"):
        mot.load(path)
    xarray.Dataset(coords={"x": [1, 2]}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(ValueError, match=r"a.nc: expected variables in the root of the file, found none; those of a"):
        mot.load(path)
    with pytest.raises(FileNotFoundError, match=r"missing.nc: expected .* found nothing"):
        mot.load(tmp_path / "missing.nc")


def test_what_reads_netcdf_is_named_where_it_is_missing(tmp_path, monkeypatch):
    assembly(made=xarray.DataArray).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("netCDF4", "h5netcdf") else find(name)
    )
    with pytest.raises(
        ImportError, match=r"a.nc: a NetCDF file needs xarray and h5py and h5netcdf: pip install xarray"
    ):
        mot.load(tmp_path / "a.nc")
