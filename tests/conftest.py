"""Small networks that the tests share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import hypothesis
import numpy as np
import pytest

# Threads that have nothing to do sleep: several processes of tests share the cores. It is read when OpenMP is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import mot_fast as mot
from mot_fast._core import available_threads

# A process started by one that ignores Ctrl-C, as in a shell's background, would ignore it as well.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores for `-n auto`: for a third of the time tests wait for processes."""
    return available_threads() + 1


# A property is no matter of time: the first example may import a library, or share the machine with others.
hypothesis.settings.register_profile("without deadlines", deadline=None)
hypothesis.settings.load_profile("without deadlines")


@pytest.fixture(autouse=True)
def _threads_start_for_any_work(monkeypatch):
    """As many threads as a test asks for, however little there is to do: tests are of small layers."""
    monkeypatch.setattr("mot_fast.system.threads._ACTIVATIONS_PER_THREAD", 1)
    monkeypatch.setattr("mot_fast.layer_pairs.exact_transports._SECONDS_PER_THREAD", 1e-9)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def predicted(monkeypatch):
    """Pairs of a source layer and the bytes of its layer weights, one for each prediction that is made."""
    from mot_fast.alignment.predict import Predictor

    made, predict = [], Predictor.predict

    def counted(self, l, weights):
        made.extend((l, each.tobytes()) for each in weights)
        return predict(self, l, weights)

    monkeypatch.setattr(Predictor, "predict", counted)
    return made


@pytest.fixture
def layers():
    """Makes layers of given widths that share latent causes, so that alignments mean something."""

    def make(widths, n_stimuli=60, seed=0, dtype=np.float64):
        rng = np.random.default_rng(seed)
        latent = np.random.default_rng(1234).standard_normal((n_stimuli, 6))
        return [
            (latent @ rng.standard_normal((6, width)) + rng.standard_normal((n_stimuli, width))).astype(dtype)
            for width in widths
        ]

    return make


@pytest.fixture
def alignment(layers):
    return mot.align(mot.load(layers([6, 5], 50), name="one"), mot.load(layers([7, 4, 8], 50, seed=2), name="two"))


@pytest.fixture
def rotated(layers):
    return mot.align(layers([6, 5], 50), layers([7, 4, 8], 50, seed=2), rotate=True)


@pytest.fixture
def small_disk(tmp_path):
    """A file system with 200 KB, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a file system can only be mounted with the rights to: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
