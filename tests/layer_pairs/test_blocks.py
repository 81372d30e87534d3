"""Blocks solved in this process or by a process pool give the same bits as a run in one go."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.layer_pairs import blocks, layer_cache
from mot_fast.layer_pairs.block_store import Store
from mot_fast.layer_pairs.pair_work import seconds_sizes
from mot_fast.layer_pairs.resources import Resources
from mot_fast.layer_pairs.run import BlockRun
from mot_fast.layer_pairs.transport_costs import TransportCosts
from mot_fast.layer_pairs.unit_transports import UnitTransports
from support.faults import bits, use_small_blocks, write_networks


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    use_small_blocks(monkeypatch)


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def networks(layers):
    return layers([6, 40, 13], 50), layers([7, 45, 8, 13], 50, seed=2)


OPTIONS = {
    "plain": {},
    "masses": {"source_mass": [np.arange(1.0, n + 1) for n in (6, 40, 13)], "target_mass": [1, 2, 3, 4]},
    "rotated": {"rotate": True, "convention": "paper"},
    "restarted": {"rotate": mot.Alternation(restarts=2)},
}


@pytest.mark.processes
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_blocks_give_the_same_bits_wherever_they_are_solved(networks, pool, tmp_path, options):
    expected = mot.align(*networks, **options)
    ways = [
        {"store": tmp_path},
        {"store": tmp_path},
        {"executor": pool},
        {"executor": pool, "store": tmp_path / "other"},
    ]
    for way in ways:
        found = mot.align(*networks, **options, **way)
        assert bits(found) == bits(expected)
        assert found.cost == expected.cost
        assert found.certificate == expected.certificate
        assert found.rotations.keys() == expected.rotations.keys()
        for pair, rotation in expected.rotations.items():
            np.testing.assert_array_equal(found.rotations[pair], rotation)
        for row, other_row in zip(found.traces or (), expected.traces or (), strict=True):
            for trace, other in zip(row, other_row, strict=True):
                np.testing.assert_array_equal(trace, other)


def test_a_network_with_itself_gives_the_same_bits(networks, tmp_path):
    """Aligning a network with itself, each layer stands on both sides."""
    for options in OPTIONS["plain"], OPTIONS["rotated"]:
        expected = mot.align(networks[0], networks[0], **options)
        assert bits(mot.align(networks[0], networks[0], store=tmp_path, **options)) == bits(expected)


@pytest.mark.processes
def test_costs_alone_give_the_same_bits(rng, pool, tmp_path):
    runs = [[[rng.standard_normal((30, 5)) for _ in range(2)] for _ in range(4)] for _ in range(2)]
    expected = mot.align_trajectories(*runs)
    for way in ({"store": tmp_path}, {"store": tmp_path}, {"executor": pool}, {"executor": pool, "store": tmp_path}):
        found = mot.align_trajectories(*runs, **way)
        np.testing.assert_array_equal(found.layer_costs, expected.layer_costs)
        np.testing.assert_array_equal(found.plan, expected.plan)
        assert found.certificate == expected.certificate


def test_threads_of_this_process_are_an_executor_too(networks):
    with ThreadPoolExecutor(3) as threads:
        assert bits(mot.align(*networks, executor=threads)) == bits(mot.align(*networks))


def test_only_references_to_layers_in_files_are_sent(tmp_path, monkeypatch):
    """A task stays small however many activations there are, and is solved from any working directory."""
    paths = write_networks(tmp_path, n_layers=4, n_units=200, n_stimuli=3000)
    monkeypatch.chdir(tmp_path)
    source, target = mot.load(paths[0].name), mot.load(paths[1].name)
    with BlockRun((source, target), UnitTransports(), Resources(1, executor=ThreadPoolExecutor(1))) as run:
        run.scan()
        tasks = list(run.tasks())
    assert len(tasks) > 4
    sizes = [len(pickle.dumps(task)) for task in tasks]
    assert max(sizes) < 10_000 < 200 * 3000 * 8
    monkeypatch.chdir("/")
    arrays = blocks.solve_block(pickle.loads(pickle.dumps(tasks[0])))
    assert len(arrays["cost"]) == len(tasks[0].rows) * len(tasks[0].columns)


@pytest.mark.processes
def test_temporary_layers_are_removed_when_the_run_is_over(networks, pool, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    mot.align(*networks, executor=pool)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="found nan first at stimulus 0, unit 0"):
        mot.align([np.full((9, 2), np.nan)], [np.ones((9, 2))], executor=pool)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.processes
def test_layers_of_every_type_reach_the_workers(pool, tmp_path, rng):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = rng.standard_normal((40, 6))
    source = {
        "half": values.astype(np.float16),
        "brain": values.astype(ml_dtypes.bfloat16),
        "integers": (values * 10).astype(np.int8),
        "by columns": np.asfortranarray(values),
        "backwards": values[::-1, ::-1],
    }
    target = [rng.standard_normal((40, 5)).astype(np.float32)]
    rows = rng.permutation(40)[:30]
    networks = mot.load(source)[rows], mot.load(target)[rows]
    expected = bits(mot.align(*networks))
    assert bits(mot.align(*networks, executor=pool)) == expected
    assert bits(mot.align(*networks, executor=pool, store=tmp_path)) == expected


def test_a_layer_that_changes_in_mid_run_is_an_error(tmp_path):
    paths = write_networks(tmp_path, n_layers=2)
    source, target = map(mot.load, paths)
    with BlockRun((source, target), TransportCosts(), Resources(1)) as run:
        run.scan()
        layer_cache.clear()
        write_networks(tmp_path, n_layers=2)
        np.savez(paths[0], **{name: values + np.eye(200, 40) for name, values in np.load(paths[0]).items()})
        message = r"source.npz: .*its member 'layer00.npy' was altered since it was written, or since it was loaded"
        with pytest.raises(ValueError, match=message):
            run.solve(None)


def test_progress_counts_every_pair_once(networks, tmp_path):
    for _ in range(2):  # computed, then found in the store
        reported = []
        loaded = tuple(map(mot.load, networks))
        with BlockRun(loaded, TransportCosts(), Resources(1, store=Store(tmp_path))) as run:
            run.scan()
            run.solve(reported.append)
        assert reported == sorted(reported)
        assert reported[-1] == 12


def test_blocks_take_about_as_long_whatever_the_widths():
    """Most blocks of a long run take between a quarter of the time aimed at, as layers are not cut, and all of it."""
    rng = np.random.default_rng(0)
    network = mot.load([np.broadcast_to(np.float32(0), (2000, int(n))) for n in rng.integers(16, 600, 200)])
    cut = list(blocks.cut_into_blocks((network, network), TransportCosts()))
    assert sum(len(rows) * len(columns) for rows, columns in cut) == 200 * 200
    sizes = seconds_sizes(network, TransportCosts())
    seconds = [sum(sizes[l] for l in rows) * sum(sizes[m] for m in columns) for rows, columns in cut]
    aim = blocks.seconds_per_block(sum(sizes) ** 2)
    assert max(seconds) <= aim * (1 + 1e-9)
    assert np.median(seconds) > 0.25 * aim


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (4, r"executor: expected a concurrent.futures.Executor, found int$"),
        (threading.Thread(), r"executor: expected a concurrent.futures.Executor, found Thread$"),
    ],
)
def test_what_is_no_executor_is_refused(networks, value, message):
    with pytest.raises(TypeError, match=message):
        mot.align(*networks, executor=value)


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing is killed by a signal here")
def test_a_pool_whose_process_is_killed_says_how_to_go_on(tmp_path):
    networks = tuple(map(mot.load, write_networks(tmp_path, n_units=150, n_stimuli=1000)))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        process = pool.submit(os.getpid).result()

        def kill():
            while not list(tmp_path.glob("store/blocks/*.block")):
                time.sleep(0.001)
            os.kill(process, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(RuntimeError, match=r"executor: it broke down .*; with a store, another run goes on"):
            mot.align(*networks, executor=pool, store=tmp_path / "store")
        killer.join()
    assert bits(mot.align(*networks, store=tmp_path / "store")) == bits(mot.align(*networks))


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_forked_workers_asked_for_threads_do_not_hang(networks):
    """A forked worker gets one thread, as OpenMP's threads do not survive a fork."""
    expected = bits(mot.align(*networks, n_jobs=2))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        assert bits(mot.align(*networks, n_jobs=2, executor=pool)) == expected


@pytest.mark.processes
def test_layers_in_any_memory_layout_give_the_same_bits(rng, pool):
    recording = np.asfortranarray(rng.standard_normal((60, 14)))
    target = [rng.standard_normal((30, 6))]
    for layer in (recording[30:], recording[::2], recording[:30, ::2], recording[29::-1]):
        expected = mot.align([np.ascontiguousarray(layer)], target, rotate=True)
        assert bits(mot.align([layer], target, rotate=True)) == bits(expected)
        assert bits(mot.align([layer], target, rotate=True, executor=pool)) == bits(expected)
