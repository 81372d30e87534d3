"""Alignments on a Dask cluster of two worker processes."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from distributed import Client, LocalCluster

import mot_fast as mot
from mot_fast.system import executor
from support.analyses import ANALYSES, same
from support.faults import bits, use_small_blocks, write_networks

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def networks(tmp_path):
    return tuple(map(mot.load, write_networks(tmp_path)))


@pytest.mark.slow
def test_workers_give_the_same_bits(client, networks, monkeypatch):
    use_small_blocks(monkeypatch)
    for options in ({}, {"rotate": True}):
        expected = mot.align(*networks, **options)
        assert bits(mot.align(*networks, executor=client.get_executor(), **options)) == bits(expected)


def test_arrays_in_memory_reach_them_through_a_folder(client, layers, tmp_path):
    source, target = layers([20, 30]), layers([25], seed=3)
    expected = bits(mot.align(source, target))
    assert bits(mot.align(source, target, executor=client.get_executor())) == expected
    assert bits(mot.align(source, target, executor=client.get_executor(), store=tmp_path)) == expected


def test_training_runs_and_many_networks_take_them_as_well(client, tmp_path):
    runs = mot.data.training_runs()
    found = mot.align_trajectories(*runs, executor=client.get_executor(), store=tmp_path)
    np.testing.assert_array_equal(found.costs, mot.align_trajectories(*runs).costs)
    some = {step: runs[0][step] for step in ("step0000", "step0064", "step1000")}
    matrix = mot.similarity_matrix(some, executor=client.get_executor(), store=tmp_path)
    local = mot.similarity_matrix(some)
    np.testing.assert_array_equal(matrix.costs, local.costs)
    np.testing.assert_array_equal(matrix.scores, local.scores)


@pytest.mark.parametrize("analysis", ANALYSES)
def test_analyses_are_done_there_and_kept(client, analysis, layers, tmp_path):
    networks = mot.load(layers([6, 5]), name="one"), mot.load(layers([7, 4, 8], seed=2), name="two")
    expected = analysis(networks)
    same(analysis(networks, executor=client.get_executor(), store=tmp_path), expected)
    same(analysis(networks, store=tmp_path), expected)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing is killed by a signal here")
def test_a_worker_killed_in_mid_run_costs_only_its_block(client, tmp_path, monkeypatch):
    use_small_blocks(monkeypatch)
    networks = tuple(map(mot.load, write_networks(tmp_path, n_layers=10, n_units=250, n_stimuli=1000)))
    expected = mot.align(*networks)
    folder, before, is_over = tmp_path / "store" / "blocks", {}, threading.Event()

    def kill():
        """Kill a worker once some blocks are finished, and others are not."""
        while len(list(folder.glob("*.block"))) < 3 and not is_over.is_set():
            time.sleep(0.005)
        before.update({path.name: path.stat().st_mtime_ns for path in folder.glob("*.block")})
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    found = mot.align(*networks, executor=client.get_executor(), store=tmp_path / "store")
    is_over.set()
    killer.join()
    client.wait_for_workers(2)
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.block")}
    assert bits(found) == bits(expected)
    assert before.items() < after.items(), "a finished block was computed again, or the worker was killed too late"


def test_the_scheduler_remembers_no_more_than_is_in_flight(client, networks, monkeypatch):
    """The scheduler remembers at most the tasks in flight, however many pairs of layers there are."""
    use_small_blocks(monkeypatch)
    monkeypatch.setattr(executor, "IN_FLIGHT", 10)
    scheduler = client.cluster.scheduler
    seen, is_over = [], threading.Event()

    def look():
        while not is_over.wait(0.001):
            seen.append(len(scheduler.tasks))

    watcher = threading.Thread(target=look)
    watcher.start()
    mot.align(*networks, executor=client.get_executor())
    is_over.set()
    watcher.join()
    assert 0 < max(seen) < 40 < 12 * 12  # the scheduler forgets a task a little after its result is released
    for _ in range(100):
        if not scheduler.tasks:
            break
        time.sleep(0.05)
    assert not scheduler.tasks


def test_an_error_on_a_worker_is_raised_here(client, tmp_path):
    paths = write_networks(tmp_path)
    networks = tuple(map(mot.load, paths))
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"target.npz: expected the file that was loaded, found nothing there"):
        mot.align(*networks, executor=client.get_executor())


def test_a_client_in_place_of_its_executor_is_refused(client, networks):
    message = (
        r"executor: expected a concurrent.futures.Executor, found Client; a Dask client's is client.get_executor\(\)"
    )
    with pytest.raises(TypeError, match=message):
        mot.align(*networks, executor=client)
