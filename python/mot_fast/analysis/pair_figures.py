"""Figures of pairs of networks, cost and scores: found by workers, kept in a store, and checked when they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Array
from mot_fast._warnings import DamagedBlockWarning, warn
from mot_fast.alignment.problem import PlainProblem, RotatedProblem, alignment_problem
from mot_fast.analysis.joint_figures import TrainTest, budget_beside_widest_pair, groups_that_fit, joint_figures
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.block_store import block_key
from mot_fast.layer_pairs.blocks import seconds_per_block
from mot_fast.layer_pairs.consistency import TOLERANCE
from mot_fast.layer_pairs.layer_cache import check_unchanged, digested, scan_layers, statistics_of, stored
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.layer_pairs.pair_work import ResourceNeeds, seconds_sizes
from mot_fast.layer_pairs.pairs import Preparation, PreparedLayer, Statistics
from mot_fast.layer_pairs.resources import Resources, budget_of
from mot_fast.networks.network import Network
from mot_fast.system import memory
from mot_fast.system.blas import one_blas_thread
from mot_fast.system.executor import results_as_completed

_LEAST_SHARE = 0.1
"""Share of the pairs in a store that is aligned again, to check what the store holds."""
_SOON = 0.02
"""Seconds of an alignment that is so short that it is always run again, to check what the store holds."""
_MOST_BYTES = 2**16
"""Most bytes that a pair's figures take, with their header."""
_ROUNDING = 1e-5
"""Largest difference of figures found again, which other processors may round otherwise."""


@dataclass(frozen=True)
class Setting:
    """Options with which each pair of networks is aligned."""

    alternation: Alternation | None
    convention: str

    def problem(
        self, networks: tuple[Network, Network], memory_limit: int | None = None
    ) -> PlainProblem | RotatedProblem:
        """The alignment of two networks."""
        return alignment_problem(networks, self.alternation or False, self.convention, memory_limit=memory_limit)


@dataclass(frozen=True)
class TrainTestScanTask:
    """Task of a worker: to scan a network."""

    position: int
    """Position of the network among all networks."""
    train: Network
    test: Network
    preparation: Preparation[PreparedLayer]
    n_threads: int
    memory_limit: int | None


@dataclass(frozen=True)
class NetworkPairsTask:
    """Task of a worker: to align some pairs of networks."""

    pairs: tuple[tuple[int, int], ...]
    networks: dict[int, TrainTest]
    """The networks of the pairs, by position."""
    setting: Setting
    resources: Resources


def scan_networks(
    networks: Sequence[tuple[Network, Network]], preparation: Preparation[PreparedLayer], resources: Resources
) -> tuple[list[TrainTest], list[Statistics]]:
    """Scan training and held-out stimuli of every network once; statistics are of the training stimuli."""
    limits = resources.n_threads, resources.memory_limit
    tasks = [TrainTestScanTask(k, *halves, preparation, *limits) for k, halves in enumerate(networks)]
    found = {task.position: scan for task, scan in results_as_completed(_scan, tasks, resources.executor)}
    return [found[k][0] for k in range(len(networks))], [found[k][1] for k in range(len(networks))]


def _scan(task: TrainTestScanTask) -> tuple[TrainTest, Statistics]:
    n_threads = _validate.n_threads(task.n_threads)
    scans = scan_layers(task.train, task.preparation, budget_of(task.memory_limit), n_threads)
    return TrainTest(stored(task.train, scans), digested(task.test, n_threads)), statistics_of(scans)


def figures_of_pairs(
    pairs: Sequence[tuple[int, int]],
    networks: Sequence[TrainTest],
    setting: Setting,
    work: ResourceNeeds,
    resources: Resources,
) -> Iterator[tuple[int, int, dict[str, Array]]]:
    """Yield the positions and figures of every pair, first those that the store holds."""
    missing, again = [], {}
    rng, sizes = np.random.default_rng(), [sum(seconds_sizes(each.train.network, work)) for each in networks]
    check = partial(_check, setting)
    for i, j in pairs:
        found = None
        if resources.store is not None:
            key = _key(networks[i], networks[j], setting, resources)
            found = resources.store.get(key, check, most_bytes=_MOST_BYTES)
        if found is None:
            missing.append((i, j))
        elif rng.random() < max(_LEAST_SHARE, _SOON / (sizes[i] * sizes[j])):
            again[i, j] = found["figures"]
        else:
            yield i, j, found
    tasks = _tasks([*missing, *again], sizes, networks, setting, resources)
    for task, results in results_as_completed(_align, tasks, resources.executor):
        for pair, figures in zip(task.pairs, results, strict=True):
            if pair in again and not np.allclose(again[pair], figures["figures"], _ROUNDING, _ROUNDING, equal_nan=True):
                names = " and ".join(f"'{networks[k].train.network.name}'" for k in pair)
                message = f"store: its figures of {names} are not those of the activations, and are replaced"
                warn(message, DamagedBlockWarning)
            yield *pair, figures


def _check(setting: Setting, arrays: Mapping[str, Array]) -> None:
    """Raise `ValueError` unless figures are a possible cost and possible scores."""
    packing.check_names(arrays, {"figures"})
    figures = arrays["figures"]
    if figures.dtype != "float64" or figures.shape != ((3,) if setting.alternation is None else (2,)):
        raise ValueError(f"its figures are {figures.dtype} numbers of shape {figures.shape}")
    most = 2.0 + TOLERANCE if setting.convention == "standardized" or setting.alternation is None else np.inf
    if not (-TOLERANCE <= figures[0] <= most and np.isfinite(figures[0])):
        raise ValueError(f"its cost is {figures[0]}")
    if (np.abs(figures[1:]) > 1.0 + TOLERANCE).any():
        raise ValueError(f"its scores are {figures[1:].tolist()}")


def _key(source: TrainTest, target: TrainTest, setting: Setting, resources: Resources) -> str:
    """The key under which the figures of a pair are stored."""
    parameters = {
        "work": "network pair",
        "alternation": None if setting.alternation is None else asdict(setting.alternation),
        "convention": setting.convention,
        "memory_limit": resources.memory_limit,
    }
    return block_key(parameters, *(each.digests for each in (source.train, source.test, target.train, target.test)))


def _tasks(
    pairs: Sequence[tuple[int, int]],
    sizes: Sequence[float],
    networks: Sequence[TrainTest],
    setting: Setting,
    resources: Resources,
) -> Iterator[NetworkPairsTask]:
    """Tasks of consecutive pairs that take about as long, by an estimate that is the same on all machines."""
    seconds = [sizes[i] * sizes[j] for i, j in pairs]
    sent = replace(resources, executor=None)
    for block in memory.blocks(seconds, seconds_per_block(sum(seconds))):
        some = tuple(pairs[k] for k in block)
        yield NetworkPairsTask(some, {k: networks[k] for pair in some for k in pair}, setting, sent)


def _align(task: NetworkPairsTask) -> list[dict[str, Array]]:
    """Figures of every pair: cost, score of the source, and without rotations the score of the target from the source.

    Without rotations many pairs of networks are aligned together, as far as they fit into memory.
    """
    resources, setting = task.resources, task.setting
    n_threads, budget = _validate.n_threads(resources.n_threads), resources.budget
    of_groups = budget_beside_widest_pair(task.networks.values(), budget)
    most_bytes = of_groups.layers if setting.alternation is None else 0
    found: list[dict[str, Array]] = []
    with one_blas_thread:
        for pairs, is_fitting in groups_that_fit(task.pairs, task.networks, most_bytes, n_threads):
            if is_fitting:
                is_standardized = setting.convention == "standardized"
                figures = joint_figures(pairs, task.networks, of_groups, n_threads, is_standardized=is_standardized)
            else:
                source, target = (task.networks[k] for k in pairs[0])
                figures = np.array([_align_pair(source, target, task, budget, n_threads)])
            for (i, j), of_pair in zip(pairs, figures, strict=True):
                found.append({"figures": of_pair})
                if resources.store is not None:
                    resources.store.put(_key(task.networks[i], task.networks[j], setting, resources), found[-1])
    return found


def _align_pair(
    source: TrainTest, target: TrainTest, task: NetworkPairsTask, budget: Budget, n_threads: int
) -> list[float]:
    """Figures of one pair, whose layers may pass through memory."""
    setting = task.setting
    problem = setting.problem((source.train.network, target.train.network), task.resources.memory_limit)
    alignment = problem.solve_stored(source.train, target.train, budget, n_threads)
    for each in (source.test, target.test):
        check_unchanged(each, n_threads)
    held_out = source.test.network, target.test.network
    found = [alignment.cost, alignment.score(*held_out).value]
    if setting.alternation is None:
        found.append(alignment.transpose().score(*held_out[::-1]).value)
    return found
