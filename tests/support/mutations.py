"""Small files of many arrays, changed at random, and what may come of them: an error that names them, or a network."""

from __future__ import annotations

import io
import json
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import zarr
from scipy.io import savemat

import mot_fast as mot
from mot_fast.networks.network import Network
from mot_fast.networks.paths import contents

EXTREMES = [0, 1, 2**7 - 1, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1]
VALUES = [
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**63,
    10**400,
    0.5,
    "",
    "x",
    "|O",
    "<f4",
    "pickle",
    "delta",
    "gzip",
    [],
    {},
    [[]],
]


def arrays():
    rng = np.random.default_rng(0)
    return [rng.random((5, 3)), rng.random((5, 2)).astype(np.float32), rng.integers(0, 9, (5, 2)).astype(np.int16)]


def hdf5_files(folder):
    """Arrays of every kind of place and type, in old and new forms of the format."""
    first, second, third = arrays()
    for k, options in enumerate(({}, {"libver": "latest"}, {"userblock_size": 512}, {"track_order": True})):
        stream = io.BytesIO()
        with h5py.File(stream, "w", **options) as file:
            file["whole"], file["text"], file["yes"] = first, np.array([b"a"]), third > 4
            file.create_dataset("g/packed", data=second, chunks=(2, 2), compression="gzip", fletcher32=True)
            file["g/names"] = np.array(["one", "two"], h5py.string_dtype())
            file["soft"], file["alias"] = h5py.SoftLink("/g/packed"), file["g"]
            file["linked"] = h5py.ExternalLink("other.h5", "/whole")
            file["whole"].attrs["MATLAB_class"] = np.bytes_("double")
            layout = h5py.VirtualLayout((5, 3), "f8")
            layout[:3], layout[3:] = (
                h5py.VirtualSource("other.h5", "whole", (5, 3))[part] for part in (np.s_[:3], np.s_[3:])
            )
            file.create_virtual_dataset("virtual", layout)
        if k == 0:
            (folder / "other.h5").write_bytes(stream.getvalue())
        yield stream.getvalue()


def matlab_files():
    """MATLAB files of all versions but the one that is HDF5."""
    first, second, third = arrays()
    cell = np.empty((1, 2), dtype=object)
    cell[0, 0], cell[0, 1] = first, "text"
    many = {"x": first, "y": second, "s": {"a": third, "t": "text"}, "c": cell, "z": first + 1j, "yes": third > 4}
    for values, options in ((many, {}), (many, {"do_compression": True}), ({"x": first, "t": "text"}, {"format": "4"})):
        stream = io.BytesIO()
        savemat(stream, values, **options)
        yield stream.getvalue()


def mutated(content, rng):
    """The content with some bytes changed, put in, taken out or copied."""
    content = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at, width = int(rng.integers(len(content))), int(rng.choice([1, 2, 4, 8]))
        match rng.integers(6):
            case 0:
                content[at] ^= 1 << rng.integers(8)
            case 1:
                content[at : at + width] = rng.bytes(width)
            case 2:
                value = EXTREMES[rng.integers(len(EXTREMES))] % 256**width
                content[at : at + width] = value.to_bytes(width, "little")
            case 3:
                other = int(rng.integers(len(content)))
                content[at : at + 8] = content[other : other + 8]
            case 4:
                content[at:at] = bytes(width)
            case 5:
                del content[at : at + (width if rng.random() < 0.9 else len(content))]
        if not content:
            return b""
    return bytes(content)


def zarr_group(folder):
    """A group of arrays and all its files, by their paths in it."""
    group = zarr.open_group(folder, mode="w", zarr_format=3 if folder.name.startswith("3") else 2)
    shards = {"shards": (4, 4), "chunks": (2, 2)} if folder.name.startswith("3") else {"filters": None}
    for name, values, options in zip(("x", "g/y", "z"), arrays(), ({}, {"chunks": (2, 1)}, shards), strict=True):
        group.create_array(name, data=values + 1, **options)
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def mutated_json(content, rng):
    """The JSON document with one of its values, at any depth, replaced or removed."""
    values = json.loads(content)
    places, rest = [], [values]
    while rest:
        found = rest.pop()
        keys = list(found) if isinstance(found, dict) else range(len(found))
        places += [(found, key) for key in keys]
        rest += [found[key] for key in keys if isinstance(found[key], (dict, list))]
    found, key = places[rng.integers(len(places))]
    if rng.random() < 0.1:
        del found[key]
    else:
        found[key] = VALUES[rng.integers(len(VALUES))]
    return json.dumps(values).encode()


def layers_of(path):
    """The layers that can be read; each other one is refused by an error that names the file."""
    for make in contents(path).layers.values():
        try:
            layer = make()
            Network([layer], path.stem).layer(0)
        except (TypeError, ValueError) as error:
            named = str(error)
            assert path.name in named or f"network '{path.stem}'" in named, named
        else:
            yield layer


def outcome(path):
    """The fate of a file: "read", and then aligned with itself, or "refused"; any other error is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant units and of chunks that are not there
        try:
            layers = list(layers_of(path))
        except ValueError as error:
            named = str(error)
            assert path.name in named, named
            return "refused"
        for n_stimuli in {layer.n_stimuli for layer in layers if 3 <= layer.n_stimuli <= 100 and layer.shape[1] <= 100}:
            network = Network([layer for layer in layers if layer.n_stimuli == n_stimuli and layer.shape[1] <= 100])
            assert mot.align(network, network, n_jobs=1).cost <= 1
    return "read" if layers else "refused"


def main(folder, n_mutations):
    """Print the outcomes of HDF5 files one by one, as the HDF5 library may end the process."""
    files = list(hdf5_files(folder))
    for seed in range(n_mutations):
        (folder / "net.h5").write_bytes(mutated(files[seed % len(files)], np.random.default_rng(seed)))
        print(outcome(folder / "net.h5"), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
