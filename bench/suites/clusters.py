"""Suite of clusters: work here and on workers, memory of a Dask scheduler, the cost model, and many small networks."""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import psutil

import mot_fast as mot
from harness.report import Section
from harness.targets import Target
from harness.turns import Timing, time_in_turns, turns
from mot_fast.layer_pairs import blocks
from mot_fast.layer_pairs.pair_work import seconds_sizes
from mot_fast.layer_pairs.transport_plans import TransportPlans
from problems.layers import synthetic
from suites.trajectories import Run, training_runs

HERE, HERE_2, DASK, DASK_2, POOL_2 = "here, 1 thread", "here, 2 threads", "Dask, 1 worker", "Dask, 2 workers", "pool, 2"
N_CHECKPOINTS = 16
N_LAYERS, N_UNITS, N_STIMULI = 8, 256, 2000
MODEL_SIZES = (4, 10)
SCHEDULED, SCHEDULED_SECONDS = (100, 400, 800, 800, 1000), 0.0121
"""Layers on either side of the runs whose scheduler is measured, and length of a block of 20 x 20 layers."""
SMALL, SMALL_FILE = (27, 6, 12, 362), "alice_fmri_6roi_27subjects.npz"
"""Numbers of networks, layers, units and stimuli, so small that what surrounds the transports could take longest."""
SMALL_TARGETS = Target((HERE,), None, 1.2, 0.8), Target((HERE_2,), None, 0.8, 0.5)
SCALING_TARGET = Target((DASK,), DASK_2, 1.7, 1.9)
SCORING = 3e-8
"""Seconds that a unit and a held-out stimulus of one network take, to be predicted or read."""


@dataclass(frozen=True)
class Modelled:
    """Seconds for all pairs of some networks on one thread: predicted by the cost model, and measured."""

    n_networks: int
    predicted: float
    measured: float


@dataclass(frozen=True)
class Scheduled:
    """Most memory of a Dask scheduler's process during one of several runs."""

    n_pairs: int
    n_blocks: int
    n_bytes: int


def section(options: argparse.Namespace) -> Section:
    """Time work on workers, and measure cost model and scheduler."""
    scaling = time_scaling(options.data, min(options.repeats, 3), is_quick=options.quick)
    modelled, scheduled = check_model(is_quick=options.quick), measure_scheduler(is_quick=options.quick)
    small = time_small_networks(options.data, options.repeats)
    tables = [scaling_rows(scaling), scaling_rows(small), model_rows(modelled), scheduler_rows(scheduled)]
    verdicts = [] if options.quick else [*scaling.verdicts(), *small.verdicts()]
    return Section([*map(asdict, (scaling, small, *modelled, *scheduled))], tables, (), verdicts)


def time_scaling(folder: Path | None, n_repeats: int, *, is_quick: bool) -> Timing:
    """Timing of one run of training runs in files, wherever it is carried out; all ways must give the same bits."""
    seconds: dict[str, list[float]] = {name: [] for name in (HERE, HERE_2, DASK, DASK_2, POOL_2)}
    with tempfile.TemporaryDirectory() as files:
        stretched = training_runs(folder, 4 if is_quick else N_CHECKPOINTS)
        runs = [_written(run, Path(files) / name) for run, name in zip(stretched, "ab", strict=True)]
        where: dict[str, Callable[[], AbstractContextManager[Executor | None]]] = {
            HERE: nullcontext,
            HERE_2: nullcontext,
            DASK: partial(dask_workers, 1),
            DASK_2: partial(dask_workers, 2),
            POOL_2: partial(ProcessPoolExecutor, 2, mp_context=multiprocessing.get_context("spawn")),
        }
        answers = []
        for name in turns(seconds, n_repeats):
            with where[name]() as executor:  # no others beside them: waiting workers take time too
                if executor:
                    list(executor.map(_load, range(2)))
                n_jobs = 2 if name == HERE_2 else 1
                started = perf_counter()
                answers.append(mot.align_trajectories(*runs, executor=executor, n_jobs=n_jobs).layer_costs)
                seconds[name].append(perf_counter() - started)
    assert all(np.array_equal(answer, answers[0]) for answer in answers), "the bits depend on where it ran"
    n_checkpoints, n_layers = len(stretched[0]), len(stretched[0][0])
    work = f"{n_checkpoints} x {n_checkpoints} checkpoints of {n_layers} layers, from files"
    return Timing(work=work, seconds=seconds, targets=(SCALING_TARGET,))


def _load(_: int) -> None:
    """Load in a worker what it would load during its first work."""
    mot.align([np.eye(9)], [np.eye(9)], n_jobs=1)


def _written(run: Run, folder: Path) -> list[mot.Network]:
    """Checkpoints of a run in files, which workers map into memory."""
    checkpoints = []
    for c, layers in enumerate(run):
        (folder / str(c)).mkdir(parents=True)
        for l, layer in enumerate(layers):
            np.save(folder / str(c) / f"{l}.npy", layer)
        checkpoints.append(mot.load(folder / str(c)))
    return checkpoints


@contextmanager
def dask_workers(n: int) -> Iterator[Executor]:
    """Executor of `n` Dask processes with one thread each."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=n, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


def check_model(*, is_quick: bool) -> list[Modelled]:
    """Seconds of similarity matrices: of a few networks predicted and measured, of 100 networks only predicted."""
    n_stimuli = 200 if is_quick else N_STIMULI
    layers = [*synthetic([N_UNITS // (4 if is_quick else 1)] * (N_LAYERS * max(MODEL_SIZES)), n_stimuli, np.float32)]
    networks = {str(k): layers[k * N_LAYERS : (k + 1) * N_LAYERS] for k in range(max(MODEL_SIZES))}
    found = []
    mot.similarity_matrix({name: networks[name][:1] for name in "01"}, n_jobs=1)  # loads what the first call needs
    for n in MODEL_SIZES:
        some = dict(list(networks.items())[:n])
        started = perf_counter()
        mot.similarity_matrix(some, n_jobs=1)
        found.append(Modelled(n, predicted_seconds(mot.load(networks["0"]), n), perf_counter() - started))
    return [*found, Modelled(100, predicted_seconds(mot.load(networks["0"]), 100), float("nan"))]


def time_small_networks(folder: Path | None, n_repeats: int) -> Timing:
    """Timing of the similarity matrix of many small networks: some subjects of the recorded regions, or synthetic."""
    n_networks, n_layers, n_units, n_stimuli = SMALL
    if folder is None:
        layers = [*synthetic([n_units] * n_layers * n_networks, n_stimuli, np.float64)]
        networks = {str(k): layers[k * n_layers : (k + 1) * n_layers] for k in range(n_networks)}
    else:
        with np.load(folder / SMALL_FILE, allow_pickle=False) as archive:
            regions = [archive[name] for name in archive.files]
        subjects = [np.random.default_rng(k).permutation(regions[0].shape[1])[:n_units] for k in range(n_networks)]
        networks = {str(k): [region[:, some] for region in regions] for k, some in enumerate(subjects)}
    calls = {HERE: partial(mot.similarity_matrix, networks, n_jobs=1)}
    calls[HERE_2] = partial(mot.similarity_matrix, networks, n_jobs=2)
    seconds, answers = time_in_turns(calls, n_repeats)
    assert np.array_equal(answers[HERE].scores, answers[HERE_2].scores), "the bits depend on the number of threads"
    work = f"all pairs of {n_networks} networks of {n_layers} layers of {n_units} units, T = {n_stimuli}"
    return Timing(work=work, seconds=seconds, targets=SMALL_TARGETS)


def predicted_seconds(network: mot.Network, n_networks: int) -> float:
    """Seconds of the similarity matrix of `n_networks` like this one, by the cost model of `docs/clusters.md`."""
    training, _ = mot.split(network.n_stimuli)
    aligned = sum(seconds_sizes(network[training], TransportPlans())) ** 2
    scored = SCORING * 4 * sum(network.widths) * (network.n_stimuli - len(training))
    return n_networks * (n_networks + 1) / 2 * (aligned + scored)


def measure_scheduler(*, is_quick: bool) -> list[Scheduled]:
    """Memory of a scheduler in a process of its own, during runs of more and more blocks of the same size."""
    found = []
    blocks.LEAST_SECONDS = blocks.MOST_SECONDS = SCHEDULED_SECONDS
    with tempfile.TemporaryDirectory() as folder, _processes(Path(folder)) as (client, scheduler):
        executor = client.get_executor()
        mot.align([np.eye(9)], [np.eye(9)], executor=executor)
        for n in SCHEDULED[:1] if is_quick else SCHEDULED:
            layers = [*synthetic([8] * n, 50, np.float32)]
            with _watched(scheduler) as most:
                mot.align_trajectories([layers], [layers], executor=executor)
            found.append(Scheduled(n * n, (n // 20) ** 2, most()))
    return found


@contextmanager
def _processes(folder: Path) -> Iterator[tuple[object, psutil.Process]]:
    """Client of a scheduler with two workers, and the scheduler's process."""
    from distributed import Client

    file = str(folder / "scheduler.json")
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--scheduler-file", file, "--port", "0"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", file, "--nthreads", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [subprocess.Popen([*command, "--no-dashboard"], **quiet)]
    try:
        while not Path(file).exists():
            sleep(0.05)
        started += [subprocess.Popen([*worker, "--no-dashboard"], **quiet) for _ in range(2)]
        with Client(scheduler_file=file) as client:
            client.wait_for_workers(2)
            yield client, psutil.Process(started[0].pid)
    finally:
        for process in started[::-1]:
            process.terminate()
        for process in started:
            process.wait()


@contextmanager
def _watched(process: psutil.Process) -> Iterator[Callable[[], int]]:
    """Function that returns the most memory that the process has held since."""
    seen, is_over = [process.memory_info().rss], threading.Event()

    def look() -> None:
        while not is_over.wait(0.01):
            seen.append(process.memory_info().rss)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield lambda: max(seen)
    finally:
        is_over.set()
        watcher.join()


def scaling_rows(scaling: Timing) -> list[list[str]]:
    """Table of medians."""
    figures = scaling.figures()
    rows = [[scaling.work, "s", "times faster than 1 thread here"]]
    return [*rows, *([name, f"{seconds:.2f}", f"{figures[HERE] / seconds:.2f}"] for name, seconds in figures.items())]


def model_rows(found: list[Modelled]) -> list[list[str]]:
    """Table of predictions beside measurements."""
    rows = [["networks", "predicted s", "measured s", "measured / predicted"]]
    for each in found:
        is_measured = each.measured == each.measured
        seen = [f"{each.measured:.2f}", f"{each.measured / each.predicted:.2f}"] if is_measured else ["", ""]
        rows.append([str(each.n_networks), f"{each.predicted:.2f}", *seen])
    return rows


def scheduler_rows(found: list[Scheduled]) -> list[list[str]]:
    """Table of the scheduler's memory."""
    rows = [["pairs of layers", "blocks", "scheduler's peak MB"]]
    return [*rows, *([f"{each.n_pairs:,}", f"{each.n_blocks:,}", f"{each.n_bytes / 1e6:.0f}"] for each in found)]
