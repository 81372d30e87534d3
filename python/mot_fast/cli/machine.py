"""The machine and the libraries that mot_fast finds here, as `mot-fast info --system` prints them."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mot_fast import _core, _validate
from mot_fast._version import __version__
from mot_fast.layer_pairs.resources import budget_of
from mot_fast.system.memory import format_bytes

_NEEDED = ("numpy", "scipy", "numba")
OPTIONAL = {
    "plot": ("pictures", ("matplotlib",)),
    "compare": ("all methods of compare", ("scikit-learn",)),
    "io": ("HDF5, Zarr and NetCDF files, faster checksums", ("h5py", "zarr", "h5netcdf", "isal")),
    "report": ("reports", ("plotly", "jinja2")),
    "interop": ("data frames and labelled arrays", ("pandas", "xarray")),
    "neuro": ("recordings of brains", ("nilearn", "pynwb")),
    "completion": ("completion of commands in the shell", ("shtab",)),
    "torch": ("activations extracted from models", ("torch",)),
    "vision": ("activations on images", ("torch", "transformers", "pillow")),
    "dask": ("many machines", ("distributed",)),
    "slurm": ("jobs of SLURM", ("dask-jobqueue",)),
}
"""What every extra of the package is for, and the packages that it installs."""
_CPUINFO = Path("/proc/cpuinfo")


def describe_machine() -> tuple[str, Mapping[str, Any]]:
    """Text about the machine, its limits and the libraries found, and the same for JSON."""
    values: dict[str, Any] = {
        "mot_fast": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "n_processors": _core.processors(),
        "n_threads": _validate.n_threads(None),
        "memory_limit": budget_of(None).limit,
        "loops": _core.kernels(),
        "products": _core.products(),
        "available_products": _core.available_products(),
        "blas": _blas_of_scipy(),
        "packages": {name: _version_of(name) for name in _NEEDED},
        "optional_packages": {
            extra: {name: _version_of(name) for name in names} for extra, (_, names) in OPTIONAL.items()
        },
    }
    return _text(values), values


def _text(values: Mapping[str, Any]) -> str:
    """The values as lines for people."""
    packages = ", ".join(f"{name} {found}" for name, found in values["packages"].items())
    entries = {
        "processor": f"{values['processor']}; {values['n_processors']} processors may be used",
        "threads": f"{values['n_threads']}, unless --jobs says otherwise; OMP_NUM_THREADS bounds them",
        "memory limit": f"{format_bytes(values['memory_limit'])}, half of what is left, unless --memory-limit "
        "says otherwise",
        "loops": f"{values['loops']}, the instruction set of the compiled loops",
        "products": f"{values['products']}; this processor runs {', '.join(values['available_products'])}, of which "
        "MOT_FAST_PRODUCTS pins one",
        "BLAS of scipy": values["blas"],
    }
    width = max(map(len, entries))
    lines = [f"mot_fast {values['mot_fast']}, Python {values['python']}, {packages}", values["platform"], ""]
    lines += [f"{name:<{width}}  {entry}" for name, entry in entries.items()]
    lines += ["", "optional packages"]
    for extra, found in values["optional_packages"].items():
        names = ", ".join(f"{name} {number or '(not installed)'}" for name, number in found.items())
        lines.append(f"{OPTIONAL[extra][0]}: {names}")
    return "\n".join(lines)


def _version_of(package: str) -> str | None:
    """The version of an installed package, which is not loaded; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The name of the processor, as exactly as the system tells it."""
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _blas_of_scipy() -> str:
    """Name and version of the BLAS that multiplies single-precision matrices, and its kernels as far as it tells."""
    import scipy
    import scipy.linalg.cython_blas  # only what is loaded is found
    from threadpoolctl import threadpool_info

    libraries = [each for each in threadpool_info() if each["user_api"] == "blas"]
    # NumPy may bring a copy of its own, which lies in another folder.
    libraries.sort(key=lambda each: "scipy" not in str(Path(each["filepath"]).parent))
    if not libraries:  # such as Apple's, which is part of the system
        built: dict[str, Any] = scipy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{built.get('name')} {built.get('version')}"
    found = libraries[0]
    kernels = found.get("architecture")
    return f"{found['internal_api']} {found['version']}" + (f", {kernels} kernels" if kernels else "")
