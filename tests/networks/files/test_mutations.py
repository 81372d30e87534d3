"""Files changed at random: each is an error that names it, or a network that can be aligned."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from support import mutations


def test_mutated_matlab_files(tmp_path):
    files = list(mutations.matlab_files())
    outcomes = Counter()
    for seed in range(150):
        content = mutations.mutated(files[seed % len(files)], np.random.default_rng(seed))
        (tmp_path / "net.mat").write_bytes(content)
        outcomes[mutations.outcome(tmp_path / "net.mat")] += 1
    assert min(outcomes["read"], outcomes["refused"]) > 20


@pytest.mark.parametrize("name", ["2.zarr", "3.zarr"])
def test_mutated_zarr_groups(tmp_path, name):
    files = mutations.zarr_group(tmp_path / name)
    metadata = [path for path in files if path.name in (".zarray", "zarr.json")]
    outcomes = Counter()
    for seed in range(50):
        rng = np.random.default_rng(seed)
        change = mutations.mutated_json if rng.random() < 0.8 else mutations.mutated
        path = metadata[rng.integers(len(metadata))]
        (tmp_path / name / path).write_bytes(change(files[path], rng))
        outcomes[mutations.outcome(tmp_path / name)] += 1
        (tmp_path / name / path).write_bytes(files[path])
    assert outcomes["read"] > 20


@pytest.mark.slow
@pytest.mark.processes
def test_mutated_hdf5_files(tmp_path):
    """The files are read in a process of their own, since the HDF5 library itself may crash on them."""
    command = [sys.executable, mutations.__file__, str(tmp_path), "80"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode <= 0, result.stderr
    outcomes = Counter(result.stdout.split())
    assert set(outcomes) == {"read", "refused"}
    assert result.returncode < 0 or outcomes.total() == 80
