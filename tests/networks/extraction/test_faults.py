"""A long extraction is killed, interrupted, and weighed; skipped where torch is not installed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import mot_fast as mot

torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.torch, pytest.mark.processes]

N_STIMULI, BATCH_SIZE = 1000, 4
PROGRAM = f"""
import sys
import torch, mot_fast as mot
from mot_fast.networks.extraction import store
store.SECONDS_BETWEEN_RECORDS = 0.0
torch.manual_seed(0)
model = torch.nn.Sequential(*(torch.nn.Linear(20, 20) for _ in range(6)))
stimuli = torch.randn({N_STIMULI}, 20)
print("ready", flush=True)
mot.extract(model, stimuli, sys.argv[1], batch_size={BATCH_SIZE}, progress=False)
"""


def start(folder):
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def n_recorded(folder):
    path = folder / "network.json"
    return json.loads(path.read_text())["n_stimuli"] if path.exists() else 0


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    process = start(folder)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return content(folder)


@pytest.mark.parametrize(("kind", "n_times"), [(signal.SIGKILL, 4), (signal.SIGINT, 2)])
def test_killed_at_any_moment_a_run_goes_on_from_its_last_record(kind, n_times, uninterrupted, tmp_path):
    rng, folder, known = np.random.default_rng(0), tmp_path / "run", 0
    for k in range(n_times):
        process = start(folder)
        wanted = known + rng.integers(1, 120) if k else 0
        while process.poll() is None and n_recorded(folder) < wanted:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        process.send_signal(kind)
        _, errors = process.communicate()
        if kind == signal.SIGKILL:
            assert process.returncode == -signal.SIGKILL, "the run ended before it was killed: it is too short"
        else:
            assert errors.rstrip().endswith("KeyboardInterrupt")
        assert n_recorded(folder) >= wanted
        known = n_recorded(folder)
    assert 0 < known < N_STIMULI
    process = start(folder)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert content(folder) == uninterrupted


MEMORY_PROGRAM = """
import resource, sys
import torch, mot_fast as mot
model = torch.nn.Sequential(torch.nn.Linear(16, 15000), torch.nn.Linear(15000, 16), torch.nn.Linear(16, 15000))
def batches(n):
    yield from (torch.randn(16, 16) for _ in range(n))
mot.extract(model, batches(2), sys.argv[1] + "/little", progress=False)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
mot.extract(model, batches(170), sys.argv[1] + "/much", progress=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts in other units elsewhere")
def test_memory_holds_a_batch_and_not_the_whole(tmp_path):
    program = [sys.executable, "-W", "ignore", "-c", MEMORY_PROGRAM, str(tmp_path)]
    grown = 1024 * int(subprocess.check_output(program, text=True))
    size = sum(path.stat().st_size for path in Path(tmp_path / "much").glob("*.npy"))
    assert mot.load(tmp_path / "much").n_stimuli == 2720
    assert size > 300e6
    assert grown < size / 2
