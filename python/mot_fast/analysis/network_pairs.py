"""All pairs of many networks aligned: costs, and scores both ways."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Array
from mot_fast._warnings import DamagedBlockWarning, warn
from mot_fast.alignment.align import Task, progress_callback, resources, warn_of_constant_units
from mot_fast.analysis.similarity_matrix import SimilarityMatrix
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.block_store import block_key
from mot_fast.layer_pairs.blocks import Resources, budget_of, readable_by_workers, seconds_at_once, seconds_sizes
from mot_fast.layer_pairs.consistency import TOLERANCE
from mot_fast.layer_pairs.layer_cache import (
    StoredNetwork,
    check_unchanged,
    digested,
    ready,
    statistics_of,
    stored,
    survey,
)
from mot_fast.layer_pairs.pairs import PairWork, Preparation, Statistics
from mot_fast.networks.load import Source, is_path, load, warn_of_rows
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.networks.split import split
from mot_fast.system import memory
from mot_fast.system.blas import one_blas_thread
from mot_fast.system.executor import results_as_completed
from mot_fast.system.memory import Budget

_LEAST_SHARE, _SOON = 0.1, 0.02
"""What share of the pairs in a store is aligned again; and how many seconds an alignment takes that always is."""
_MOST_BYTES = 2**16
"""Of a pair's figures, with their header."""
_ROUNDING = 1e-5
"""Of figures found again, which other processors may round otherwise."""


def similarity_matrix(
    networks: Sequence[Source] | Mapping[str, Source],
    *,
    rotate: bool | Alternation = False,
    convention: str = "standardized",
    test_size: float = 0.2,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
) -> SimilarityMatrix:
    """Align every network with every other, and with itself, on the same training stimuli; score on held-out ones.

    Without rotations the cost is symmetric and each pair is aligned once, but the scores are not: that of `[i, j]` says
    how well network i is reconstructed from network j. With rotations neither is symmetric, and each pair is aligned
    both ways.

    Parameters
    ----------
    networks : sequence, or mapping from labels
        At least two, each anything `mot_fast.load` takes, on the same stimuli in the same order.
    rotate, convention, n_jobs, memory_limit, executor, store
        As of `mot_fast.align`; here an executor's workers are given whole pairs of networks, and the store keeps the
        figures of each.
    test_size, seed
        Of the split; see `mot_fast.split`.
    progress : bool
        Show a progress bar over pairs of networks.

    Returns
    -------
    SimilarityMatrix

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two networks, they have the same labels, or they saw different numbers of stimuli; as
        `mot_fast.align`.
    SolverError
        If a transport could not be proven optimal.

    Warns
    -----
    UserWarning
        If units are constant over the training stimuli. If all layers have the same number of columns and far fewer
        rows, as if units were in rows. If what the store holds is damaged, or not what the activations give.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> every_other = mot.load({label: source.layer(label) for label in source.labels[::2]}, name="half of resnet20")
    >>> found = mot.similarity_matrix([source, every_other])
    >>> found.labels
    ('resnet20', 'half of resnet20')
    >>> found.costs.shape, bool(found.scores[0, 1] < found.scores[1, 0])
    ((2, 2), True)
    """
    loaded = _loaded(networks)
    warn_of_rows(loaded)
    _validate.enough_stimuli(loaded[0].n_stimuli, "networks")
    train, test = split(loaded[0].n_stimuli, test_size, seed)
    _validate.enough_stimuli(min(len(train), len(test)), "networks: of training and of held-out stimuli")
    first = Task.of((loaded[0], loaded[1]), rotate, convention)
    setting, work = Setting(first.alternation, first.convention), first.work
    means = resources(max(map(len, loaded)) ** 2, n_jobs, memory_limit, executor, store)
    n = len(loaded)
    if means.executor is None or means.memory_limit is not None:
        work = _within([(network[train], network[test]) for network in loaded], work, means.budget)
    wanted = [(i, j) for i in range(n) for j in range(n) if i <= j or setting.alternation is not None]
    costs, scores = np.full((n, n), np.nan), np.full((n, n), np.nan)
    with (
        progress_callback(progress, len(wanted), "network") as report,
        readable_by_workers(loaded, means) as readable,
    ):
        halves, statistics = _survey([(network[train], network[test]) for network in readable], work, means)
        warn_of_constant_units(loaded, statistics)
        for n_done, (i, j, figures) in enumerate(_figures(wanted, halves, setting, work, means), 1):
            costs[i, j], scores[i, j], *back = figures["figures"]
            if back:
                costs[j, i], scores[j, i] = costs[i, j], back[0]
            if report:
                report(n_done)
    return SimilarityMatrix(tuple(network.name for network in loaded), costs, scores, len(train), len(test))


@dataclass(frozen=True)
class Setting:
    """How each pair is aligned."""

    alternation: Alternation | None
    convention: str

    def task(self, networks: tuple[Network, Network], memory_limit: int | None = None) -> Task:
        """The alignment of two networks."""
        return Task.of(networks, self.alternation or False, self.convention, memory_limit=memory_limit)


@dataclass(frozen=True)
class Halves:
    """A network's training and held-out stimuli."""

    train: StoredNetwork
    test: StoredNetwork


@dataclass(frozen=True)
class Order:
    """Some pairs of networks for a worker."""

    pairs: tuple[tuple[int, int], ...]
    halves: dict[int, Halves]
    """Of each network in the pairs."""
    setting: Setting
    resources: Resources


def _loaded(networks: Any) -> list[Network]:
    if not isinstance(networks, (Mapping, Sequence)) or isinstance(networks, (str, bytes)):
        raise TypeError(f"networks: expected a sequence or a mapping, found {type(networks).__name__}")
    if isinstance(networks, Mapping):
        named = [(str(label), load(value, f"networks['{label}']")) for label, value in networks.items()]
        loaded = [network.with_name(label) for label, network in named]
    else:
        loaded = [_with_name(value, f"network {k}") for k, value in enumerate(networks)]
    if len(loaded) < 2:
        raise ValueError(f"networks: expected at least two, found {len(loaded)}")
    names = [network.name for network in loaded]
    for k, network in enumerate(loaded):
        if network.name in names[:k]:
            raise ValueError(f"networks: expected distinct names, found '{network.name}' twice; a mapping gives others")
    same_stimuli(loaded, "networks")
    return loaded


def _with_name(value: Any, name: str) -> Network:
    return load(value, None if isinstance(value, Network) or is_path(value) else name)


def _within(
    networks: Sequence[tuple[Network, Network]], work: PairWork[Any, Any], budget: Budget
) -> PairWork[Any, Any]:
    """The work in the way that keeps to the memory limit whichever two networks are aligned.

    `ValueError` where the alignment of two networks, or its scores, would not.
    """
    for source, held_out in networks:
        for target, _ in networks:
            work, _, _ = work.within((source, target), budget, 1)
            needed = memory.needed_by_scores(held_out.n_stimuli, max(source.widths), sum(target.widths))
            if needed > max(budget.limit, memory.ALWAYS):
                raise ValueError(
                    f"memory_limit: scores of '{source.name}', reconstructed from '{target.name}' on "
                    f"{held_out.n_stimuli} stimuli, need about {memory.format_bytes(needed)}, and "
                    f"{memory.format_bytes(budget.limit)} may be taken; raise memory_limit, or take fewer units "
                    "or stimuli"
                )
    return work


def _survey(
    networks: Sequence[tuple[Network, Network]], work: PairWork[Any, Any], means: Resources
) -> tuple[list[Halves], list[Statistics]]:
    """Look at every network once; statistics are of the training stimuli."""
    limits = means.n_threads, means.memory_limit
    orders = [(k, halves, work.preparation, *limits) for k, halves in enumerate(networks)]
    found = {order[0]: seen for order, seen in results_as_completed(_look, orders, means.executor)}
    return [found[k][0] for k in range(len(networks))], [found[k][1] for k in range(len(networks))]


def _look(
    order: tuple[int, tuple[Network, Network], Preparation[Any], int, int | None],
) -> tuple[Halves, Statistics]:
    _, (train, test), preparation, wanted, memory_limit = order
    n_threads = _validate.n_threads(wanted)
    seen = survey(train, preparation, budget_of(memory_limit), n_threads)
    return Halves(stored(train, seen), digested(test, n_threads)), statistics_of(seen)


def _figures(
    wanted: Sequence[tuple[int, int]],
    halves: Sequence[Halves],
    setting: Setting,
    work: PairWork[Any, Any],
    means: Resources,
) -> Iterator[tuple[int, int, dict[str, Array]]]:
    """Of every pair, those of the store first."""
    missing, again = [], {}
    rng, sizes = np.random.default_rng(), [sum(seconds_sizes(each.train.network, work)) for each in halves]
    for i, j in wanted:
        key = _key(halves[i], halves[j], setting, means)
        check = partial(_check, setting)
        found = None if means.store is None else means.store.get(key, check, most_bytes=_MOST_BYTES)
        if found is None:
            missing.append((i, j))
        elif rng.random() < max(_LEAST_SHARE, _SOON / (sizes[i] * sizes[j])):
            again[i, j] = found["figures"]
        else:
            yield i, j, found
    orders = _orders([*missing, *again], halves, setting, work, means)
    for order, results in results_as_completed(_align, orders, means.executor):
        for pair, figures in zip(order.pairs, results, strict=True):
            if pair in again and not np.allclose(again[pair], figures["figures"], _ROUNDING, _ROUNDING, equal_nan=True):
                names = " and ".join(f"'{halves[k].train.network.name}'" for k in pair)
                message = f"store: its figures of {names} are not those of the activations, and are replaced"
                warn(message, DamagedBlockWarning)
            yield *pair, figures


def _check(setting: Setting, arrays: Mapping[str, Array]) -> None:
    """As far as three numbers can be judged."""
    packing.check_names(arrays, {"figures"})
    figures = arrays["figures"]
    if figures.dtype != "float64" or figures.shape != ((3,) if setting.alternation is None else (2,)):
        raise ValueError(f"its figures are {figures.dtype} numbers of shape {figures.shape}")
    most = 2.0 + TOLERANCE if setting.convention == "standardized" or setting.alternation is None else np.inf
    if not (-TOLERANCE <= figures[0] <= most and np.isfinite(figures[0])):
        raise ValueError(f"its cost is {figures[0]}")
    if (np.abs(figures[1:]) > 1.0 + TOLERANCE).any():
        raise ValueError(f"its scores are {figures[1:].tolist()}")


def _key(source: Halves, target: Halves, setting: Setting, means: Resources) -> str:
    parameters = {
        "work": "network pair",
        "alternation": None if setting.alternation is None else asdict(setting.alternation),
        "convention": setting.convention,
        "memory_limit": means.memory_limit,
    }
    return block_key(parameters, *(each.digests for each in (source.train, source.test, target.train, target.test)))


def _orders(
    pairs: Sequence[tuple[int, int]],
    halves: Sequence[Halves],
    setting: Setting,
    work: PairWork[Any, Any],
    means: Resources,
) -> Iterator[Order]:
    """Consecutive pairs that take about as long together, whatever the machine."""
    lengths = [sum(seconds_sizes(each.train.network, work)) for each in halves]
    seconds = [lengths[i] * lengths[j] for i, j in pairs]
    sent = replace(means, executor=None)
    for block in memory.blocks(seconds, seconds_at_once(sum(seconds))):
        some = tuple(pairs[k] for k in block)
        yield Order(some, {k: halves[k] for pair in some for k in pair}, setting, sent)


def _align(order: Order) -> list[dict[str, Array]]:
    return [_align_pair(order.halves[i], order.halves[j], order.setting, order.resources) for i, j in order.pairs]


def _align_pair(source: Halves, target: Halves, setting: Setting, means: Resources) -> dict[str, Array]:
    """`figures`: cost, score of the source, and without rotations that of the target from the source."""
    networks = source.train.network, target.train.network
    task = setting.task(networks, means.memory_limit)
    work, budget, n_threads = task.work.within(networks, means.budget, _validate.n_threads(means.n_threads))
    with one_blas_thread:
        layers = ready((source.train, target.train), work.preparation, budget, n_threads)
        statistics = layers[0].survey(budget, is_kept=False), layers[1].survey(budget, is_kept=False)
        alignment = task.alignment(statistics, work.solve(layers, budget, n_threads, None), n_threads)
        del layers
        again = (source.train, target.train) if work.preparation.is_read_again else ()
        for half in (*again, source.test, target.test):
            check_unchanged(half, n_threads)
        held_out = source.test.network, target.test.network
        found = [alignment.cost, alignment.score(*held_out).value]
        if task.alternation is None:
            found.append(alignment.transpose().score(*held_out[::-1]).value)
    figures = {"figures": np.array(found)}
    if means.store is not None:
        means.store.put(_key(source, target, setting, means), figures)
    return figures
