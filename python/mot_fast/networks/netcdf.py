"""NetCDF files, which xarray opens: their variables are read when they are needed."""

from __future__ import annotations

import importlib.util
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mot_fast.networks.files import hdf5
from mot_fast.networks.files.file_format import UnusableArray
from mot_fast.system import optional

if TYPE_CHECKING:
    import xarray

_SUFFIXES = (".nc", ".nc4", ".cdf", ".netcdf")


def is_netcdf(path: Path) -> bool:
    """Whether a file's name says that it is NetCDF."""
    return path.suffix.lower() in _SUFFIXES and path.is_file()


def opened(path: Path) -> xarray.Dataset:
    """The dataset in a file: NetCDF 4, which is HDF5, or an earlier version.

    Raises
    ------
    ImportError
        If xarray, or h5py and h5netcdf or netCDF4 where the file is HDF5, is not installed.
    ValueError
        If the file is damaged or has no variables, or numbers of a variable without a fill value were never written.
    """
    is_hdf5 = hdf5.is_hdf5(path)
    reader = "netCDF4" if _is_installed("netCDF4") and not _is_installed("h5netcdf") else "h5netcdf"
    needed = ("xarray", "h5py", reader) if is_hdf5 else ("xarray",)
    if not all(map(_is_installed, needed)):
        raise optional.missing(f"{path}: a NetCDF file needs", *needed)
    try:
        dataset: xarray.Dataset = import_module("xarray").open_dataset(
            path.absolute(),
            engine=reader.lower() if is_hdf5 else "scipy",
            cache=False,
            decode_timedelta=False,
            **({"phony_dims": "sort"} if is_hdf5 and reader == "h5netcdf" else {}),
        )
    except Exception as error:  # a damaged file can make its readers raise anything
        raise ValueError(f"{path}: expected a complete NetCDF file, found a damaged one ({error})") from error
    if not dataset.data_vars:
        raise ValueError(
            f"{path}: expected variables in the root of the file, found none; those of a group are loaded as "
            "xarray.open_dataset(path, group=...)"
        )
    if is_hdf5:
        _require_written(path, dataset)
    return dataset


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _require_written(path: Path, dataset: xarray.Dataset) -> None:
    """Raise `ValueError` if numbers were never written that a reader could not tell from others.

    Where a variable names a fill value, such numbers are read as NaN.
    """
    with import_module("h5py").File(path, "r") as file:
        for name, values in dataset.data_vars.items():
            if values.ndim > 1 and values.dtype.kind in "fiub" and "_FillValue" not in values.encoding:
                try:
                    hdf5.stored_dataset(file[str(name)])
                except UnusableArray as error:
                    raise error.error(f"{path}, variable '{name}': {error}") from error
