"""A run that is killed or interrupted at any moment goes on from its finished blocks."""

from __future__ import annotations

import signal
import sys
import time

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.layer_pairs.block_store import Store
from support.faults import bits, blocks_in, fork_run, start_run, write_networks

pytestmark = pytest.mark.processes


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing is killed by a signal here")
def test_killed_at_any_moment_a_run_goes_on_from_what_was_finished(tmp_path):
    networks = write_networks(tmp_path, n_layers=30)
    store, rng = tmp_path / "store", np.random.default_rng(0)
    n_kills, finished = 0, {}
    while n_kills < 20:
        process = fork_run(networks, store)
        wanted = len(finished) + rng.integers(0, 9)
        while process.is_alive() and len(blocks_in(store)) < wanted:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "the run ended before it was killed: it is too short for this test"
        n_kills += 1
        now = blocks_in(store)
        assert finished.items() <= now.items(), "a finished block was lost or computed again"
        assert all(Store(store).get(name.removesuffix(".block")) is not None for name in now)
        finished = now
    process = fork_run(networks, store)
    process.join()
    assert process.exitcode == 0
    everything = blocks_in(store)
    assert finished.items() < everything.items()
    assert len(finished) > 20
    local = mot.align(*map(mot.load, networks))
    assert bits(mot.align(*map(mot.load, networks), store=store)) == bits(local)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_interrupted_run_goes_on_from_what_was_finished(tmp_path):
    networks = write_networks(tmp_path)
    store = tmp_path / "store"
    process = start_run(networks, store)
    while process.poll() is None and len(blocks_in(store)) < 3:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert errors.rstrip().endswith("KeyboardInterrupt")
    finished = blocks_in(store)
    process = start_run(networks, store)
    process.communicate()
    assert process.returncode == 0
    assert finished.items() < blocks_in(store).items()
    assert bits(mot.align(*map(mot.load, networks), store=store)) == bits(mot.align(*map(mot.load, networks)))
