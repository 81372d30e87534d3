"""Suite of trajectories: alignments of training runs against NumPy products in single precision and POT."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import mot_fast as mot
from harness.report import Section
from harness.targets import OURS, faster_than
from harness.turns import Timing, time_in_turns
from mot_fast.system.resource_usage import measure_usage
from problems.layers import F64, Array, standardized
from rivals import SINGLE_PRECISION, align_plainly, pot_cost, standardized_costs

PER_PAIR = "standardized for every pair"
PER_CHECKPOINTS = "for every pair of checkpoints"
ONCE = "once"
"""Plain ways, by how often they standardize a layer."""
N_CHECKPOINTS, N_LAYERS, N_STIMULI = 154, 6, 2552
"""Numbers of the paper's Pythia-14M, whose layers have 128 units."""
N_SAMPLED = 5
NOISE = 0.3

Run = list[list[Array]]


@dataclass(frozen=True, kw_only=True)
class Trajectories(Timing):
    """Timing of some checkpoints of two training runs: seconds for a pair of layers, of every way."""

    n_pairs: int


@dataclass(frozen=True)
class AllCheckpoints:
    """Run on all checkpoints of two training runs."""

    work: str
    n_pairs: int
    n_threads: int
    seconds: float
    peak_bytes: int
    input_bytes: int
    hierarchies: tuple[float, float]


def section(options: argparse.Namespace) -> Section:
    """Time a sample of checkpoints, and all of them if that is asked for."""
    sample = time_trajectories(options.data, min(options.repeats, 3))
    figures, tables = [asdict(sample)], [trajectory_rows(sample)]
    if options.data and options.whole_runs:
        run = align_all_checkpoints(options.data, n_threads=2)
        figures.append(asdict(run))
        tables.append(all_checkpoint_rows(run))
    return Section(figures, tables, (), sample.verdicts())


def time_trajectories(folder: Path | None, n_repeats: int) -> Trajectories:
    """Timing of a sample of the paper's case, made of recorded runs, or without a folder of the bundled ones."""
    runs = training_runs(folder, N_SAMPLED)
    n_pairs = sum(map(len, runs[0])) * sum(map(len, runs[1]))
    calls: dict[str, Callable[[], F64]] = {
        OURS: lambda: mot.align_trajectories(*runs, n_jobs=1).costs,
        PER_PAIR: lambda: _over_checkpoints(*runs, _pair_by_pair),
        PER_CHECKPOINTS: lambda: _over_checkpoints(*runs, align_plainly),
        ONCE: lambda: _over_checkpoints(*_standardized_runs(runs), standardized_costs),
    }
    seconds, answers = time_in_turns(calls, n_repeats)
    for name, answer in answers.items():
        assert np.abs(answer - answers[OURS]).max() <= SINGLE_PRECISION, name
    width, n_stimuli = runs[0][0][0].shape[1], len(runs[0][0][0])
    work = f"{N_SAMPLED} x {N_SAMPLED} checkpoints of {len(runs[0][0])} layers of {width} units, T = {n_stimuli}"
    targets = (faster_than(ONCE, at_least=4, aim=6),) if folder else ()
    of_pairs = {name: [each / n_pairs for each in runs] for name, runs in seconds.items()}
    return Trajectories(work=work, seconds=of_pairs, targets=targets, n_pairs=n_pairs)


def align_all_checkpoints(folder: Path, n_threads: int) -> AllCheckpoints:
    """Align all checkpoints of the paper's case."""
    runs = training_runs(folder, N_CHECKPOINTS)
    with measure_usage() as usage:
        found = mot.align_trajectories(*runs, n_jobs=n_threads)
    n_pairs = found.layer_costs.size
    inputs = sum(layer.nbytes for run in runs for checkpoint in run for layer in checkpoint)
    work = f"{N_CHECKPOINTS} x {N_CHECKPOINTS} checkpoints of {N_LAYERS} layers of 128 units, T = {N_STIMULI}"
    hierarchies = found.hierarchy(), found.hierarchy("pairwise_best")
    return AllCheckpoints(work, n_pairs, n_threads, usage.seconds, usage.peak_bytes, inputs, hierarchies)


def training_runs(folder: Path | None, n_checkpoints: int) -> tuple[Run, Run]:
    """Two runs of `n_checkpoints`, whose activations are mixed from recorded ones, and stimuli repeated with noise."""
    if folder is None:
        recorded = [[_layers(checkpoint) for checkpoint in run.values()] for run in mot.data.training_runs()]
    else:
        recorded = [_recorded(folder / f"neox6x128_seed{seed}_trajectory.npz") for seed in (1, 2)]
    n_stimuli = len(recorded[0][0][0]) if folder is None else N_STIMULI
    first, second = ([*_stretched(run, n_checkpoints, n_stimuli, seed)] for seed, run in enumerate(recorded))
    return first, second


def _layers(checkpoint: mot.Network) -> list[Array]:
    """Activations of all layers of a checkpoint."""
    return [checkpoint.layer(label) for label in checkpoint.labels]


def _recorded(path: Path) -> Run:
    """All checkpoints of a recorded run, without the embedding."""
    checkpoints: dict[str, list[Array]] = {}
    with np.load(path, allow_pickle=False) as archive:
        for label in archive.files:
            checkpoints.setdefault(label.split("_")[0], []).append(archive[label])
    return [layers[-N_LAYERS:] for layers in checkpoints.values()]


def _stretched(run: Run, n_checkpoints: int, n_stimuli: int, seed: int) -> Iterator[list[Array]]:
    """Checkpoints at places between those of the run, mixed from their neighbours, with noise."""
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


def _pair_by_pair(source: list[Array], target: list[Array]) -> F64:
    """Layer costs of two checkpoints, where every pair of layers is aligned by itself."""
    return np.array([[align_plainly([x], [y])[0, 0] for y in target] for x in source])


def _standardized_runs(runs: tuple[Run, Run]) -> list[Run]:
    """Both runs with standardized layers, all in memory."""
    return [[[standardized(layer, np.float32) for layer in layers] for layers in run] for run in runs]


def _over_checkpoints(first: Run, second: Run, layer_costs: Callable[[list[Array], list[Array]], F64]) -> F64:
    """Cost of every pair of checkpoints by POT, out of their layer costs."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.array([[pot_cost(layer_costs(source, target)) for target in second] for source in first])


def trajectory_rows(sample: Trajectories) -> list[list[str]]:
    """Table of medians for a pair of layers, and of the hours that the paper's case would take."""
    figures, n_all = sample.figures(), (N_CHECKPOINTS * N_LAYERS) ** 2
    rows = [[sample.work, "ms a pair of layers", "ratio", f"hours for {n_all:,} pairs"]]
    for name, seconds in figures.items():
        label = name if name == OURS else f"NumPy and POT, {name}"
        rows.append([label, f"{1e3 * seconds:.3f}", f"{seconds / figures[OURS]:.2f}", f"{seconds * n_all / 3600:.2f}"])
    return rows


def all_checkpoint_rows(run: AllCheckpoints) -> list[list[str]]:
    """Table of the one run."""
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
        f"{run.seconds / 60:.1f}",
        f"{1e3 * run.seconds / run.n_pairs:.3f}",
        f"{run.peak_bytes / 1e6:.0f}",
        f"{run.input_bytes / 1e6:.0f}",
        *(f"{value:.3f}" for value in run.hierarchies),
    ]
    return [head, [run.work, str(run.n_threads), *cells]]
