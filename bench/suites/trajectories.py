"""Times alignments of training runs against the plain way: NumPy products in single precision and POT, pair by pair."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import ot

import mot_fast as mot
from harness.targets import OURS, Target, faster_than
from harness.turns import turns
from mot_fast.system.resource_usage import measure_usage
from problems.layers import F64, Array, standardized
from suites.alignments import SINGLE_PRECISION, align_plainly
from suites.transports import POT_ITERATIONS, uniform

PER_PAIR = "standardized for every pair"
PER_CHECKPOINTS = "for every pair of checkpoints"
ONCE = "once"
RIVALS = (PER_PAIR, PER_CHECKPOINTS, ONCE)
"""How often the plain way standardizes a layer."""
N_CHECKPOINTS, N_LAYERS, N_STIMULI = 154, 6, 2552
"""Of the paper's Pythia-14M, whose layers have 128 units."""
N_SAMPLED = 5
NOISE = 0.3

Run = list[list[Array]]


@dataclass(frozen=True)
class Trajectories:
    """Some checkpoints of two training runs: seconds for a pair of layers, of every way."""

    work: str
    n_pairs: int
    seconds: dict[str, list[float]]
    targets: tuple[Target, ...]

    def figures(self) -> dict[str, float]:
        """Medians."""
        return {name: statistics.median(runs) for name, runs in self.seconds.items()}


@dataclass(frozen=True)
class WholeRuns:
    """All checkpoints of two training runs."""

    work: str
    n_pairs: int
    n_threads: int
    seconds: float
    peak_bytes: int
    input_bytes: int
    hierarchies: tuple[float, float]


def time_trajectories(folder: Path | None, n_repeats: int) -> Trajectories:
    """A sample of the paper's case, made of recorded runs; without a folder, of the bundled ones."""
    runs = training_runs(folder, N_SAMPLED)
    n_pairs = sum(map(len, runs[0])) * sum(map(len, runs[1]))
    calls: dict[str, Callable[[], F64]] = {
        OURS: lambda: mot.align_trajectories(*runs, n_jobs=1).costs,
        PER_PAIR: lambda: _align_pair_by_pair(*runs),
        PER_CHECKPOINTS: lambda: _align_checkpoints_plainly(*runs),
        ONCE: lambda: _align_standardized(*runs),
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    answers = {}
    for name in turns(seconds, n_repeats):
        started = perf_counter()
        answers[name] = calls[name]()
        seconds[name].append((perf_counter() - started) / n_pairs)
    for name, answer in answers.items():
        assert np.abs(answer - answers[OURS]).max() <= SINGLE_PRECISION, name
    width, n_stimuli = runs[0][0][0].shape[1], len(runs[0][0][0])
    work = f"{N_SAMPLED} x {N_SAMPLED} checkpoints of {len(runs[0][0])} layers of {width} units, T = {n_stimuli}"
    targets = (faster_than(PER_CHECKPOINTS, at_least=3, aim=6),) if folder else ()
    return Trajectories(work, n_pairs, seconds, targets)


def align_whole_runs(folder: Path, n_threads: int) -> WholeRuns:
    """The paper's case as a whole."""
    runs = training_runs(folder, N_CHECKPOINTS)
    with measure_usage() as usage:
        found = mot.align_trajectories(*runs, n_jobs=n_threads)
    n_pairs = found.layer_costs.size
    inputs = sum(layer.nbytes for run in runs for checkpoint in run for layer in checkpoint)
    work = f"{N_CHECKPOINTS} x {N_CHECKPOINTS} checkpoints of {N_LAYERS} layers of 128 units, T = {N_STIMULI}"
    hierarchies = found.hierarchy(), found.hierarchy("pairwise_best")
    return WholeRuns(work, n_pairs, n_threads, usage.seconds, usage.peak_bytes, inputs, hierarchies)


def training_runs(folder: Path | None, n_checkpoints: int) -> tuple[Run, Run]:
    """Two runs with so many checkpoints: activations mixed between recorded ones, stimuli repeated with noise."""
    if folder is None:
        recorded = [[_layers(checkpoint) for checkpoint in run.values()] for run in mot.data.training_runs()]
    else:
        recorded = [_recorded(folder / f"neox6x128_seed{seed}_trajectory.npz") for seed in (1, 2)]
    n_stimuli = len(recorded[0][0][0]) if folder is None else N_STIMULI
    first, second = ([*_stretched(run, n_checkpoints, n_stimuli, seed)] for seed, run in enumerate(recorded))
    return first, second


def _layers(checkpoint: mot.Network) -> list[Array]:
    return [checkpoint.layer(label) for label in checkpoint.labels]


def _recorded(path: Path) -> Run:
    """All checkpoints, without the embedding."""
    checkpoints: dict[str, list[Array]] = {}
    with np.load(path, allow_pickle=False) as archive:
        for label in archive.files:
            checkpoints.setdefault(label.split("_")[0], []).append(archive[label])
    return [layers[-N_LAYERS:] for layers in checkpoints.values()]


def _stretched(run: Run, n_checkpoints: int, n_stimuli: int, seed: int) -> Iterator[list[Array]]:
    rng = np.random.default_rng(seed)
    rows = np.arange(n_stimuli) % len(run[0][0])
    for place in np.linspace(0, len(run) - 1, n_checkpoints):
        before, share = int(place), place % 1
        after = min(before + 1, len(run) - 1)
        checkpoint = []
        for x, y in zip(run[before], run[after], strict=True):
            mixed = ((1 - share) * x + share * y.astype(np.float32))[rows]
            noise = rng.standard_normal(mixed.shape, np.float32) * mixed.std(axis=0)
            checkpoint.append((mixed + NOISE * noise).astype(np.float16))
        yield checkpoint


def _align_checkpoints_plainly(first: Run, second: Run) -> F64:
    """Two-level alignments, one after the other."""
    return _over_checkpoints(first, second, align_plainly)


def _align_pair_by_pair(first: Run, second: Run) -> F64:
    """Every pair of layers by itself."""

    def layer_costs(source: list[Array], target: list[Array]) -> F64:
        return np.array([[align_plainly([x], [y])[0, 0] for y in target] for x in source])

    return _over_checkpoints(first, second, layer_costs)


def _align_standardized(first: Run, second: Run) -> F64:
    """Of layers that are standardized beforehand, all in memory."""
    runs = [[[standardized(layer, np.float32) for layer in layers] for layers in run] for run in (first, second)]

    def layer_costs(source: list[Array], target: list[Array]) -> F64:
        costs = [[1 - x.T @ y for y in target] for x in source]
        return np.array([[ot.emd2(*uniform(c), c, numItermax=POT_ITERATIONS) for c in row] for row in costs])

    return _over_checkpoints(*runs, layer_costs)


def _over_checkpoints(first: Run, second: Run, layer_costs: Callable[[list[Array], list[Array]], F64]) -> F64:
    """The cost of every pair of checkpoints."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.array(
            [[ot.emd2(*uniform(c), c) for c in (layer_costs(source, target) for target in second)] for source in first]
        )


def trajectory_rows(sample: Trajectories) -> list[list[str]]:
    """A table of medians for a pair of layers, and of hours for the paper's case."""
    figures, n_whole = sample.figures(), (N_CHECKPOINTS * N_LAYERS) ** 2
    rows = [[sample.work, "ms a pair of layers", "ratio", f"hours for {n_whole:,} pairs"]]
    for name, seconds in figures.items():
        label = name if name == OURS else f"NumPy and POT, {name}"
        rows.append(
            [label, f"{1e3 * seconds:.3f}", f"{seconds / figures[OURS]:.2f}", f"{seconds * n_whole / 3600:.2f}"]
        )
    return rows


def whole_run_rows(whole: WholeRuns) -> list[list[str]]:
    """A table of one line."""
    head = [
        "align_trajectories",
        "threads",
        "minutes",
        "ms a pair",
        "peak MB over the inputs",
        "inputs MB",
        "H",
        "H pairwise",
    ]
    cells = [
        f"{whole.seconds / 60:.1f}",
        f"{1e3 * whole.seconds / whole.n_pairs:.3f}",
        f"{whole.peak_bytes / 1e6:.0f}",
        f"{whole.input_bytes / 1e6:.0f}",
        *(f"{value:.3f}" for value in whole.hierarchies),
    ]
    return [head, [whole.work, str(whole.n_threads), *cells]]
