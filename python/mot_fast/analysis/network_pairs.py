"""Aligns all pairs of many networks on training stimuli, and scores them both ways on held-out stimuli."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Index
from mot_fast._warnings import named_once
from mot_fast.alignment.problem import alternation_of
from mot_fast.analysis.autocorrelation import warn_of_autocorrelation
from mot_fast.analysis.pair_figures import Setting, figures_of_pairs, scan_networks
from mot_fast.analysis.similarity_matrix import SimilarityMatrix, mean_over_splits
from mot_fast.analysis.splits import GivenSplits, Groups, Splits
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.memory_budget import ALWAYS, Budget, needed_by_scores
from mot_fast.layer_pairs.pair_work import PairWork, ResourceNeeds
from mot_fast.layer_pairs.resources import Resources
from mot_fast.layer_pairs.run import progress_callback, readable_by_workers, warn_of_constant_units
from mot_fast.networks.load import Source, is_path, load, warn_of_rows
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.system import memory

Work = TypeVar("Work", bound=ResourceNeeds)

_PER_TILE = 32
"""Networks on each side of a tile of pairs: as many pairs as a task has, if networks are small."""
_TOO_FEW = "networks: of training and of held-out stimuli"


def similarity_matrix(
    networks: Sequence[Source] | Mapping[str, Source],
    *,
    rotate: bool | Alternation = False,
    convention: str = "standardized",
    splits: GivenSplits = 1,
    groups: Groups | None = None,
    test_size: float = 0.2,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
) -> SimilarityMatrix:
    """Align every network with every other, and with itself, on the same training stimuli; score on held-out ones.

    Without rotations the cost is symmetric and each pair is aligned once, but the scores are not symmetric: the score
    `[i, j]` is how well network i is reconstructed from network j. With rotations neither is symmetric, and each pair
    is aligned both ways.

    Parameters
    ----------
    networks : sequence, or mapping from labels
        At least two, each anything `mot_fast.load` takes, on the same stimuli in the same order.
    rotate, convention, n_jobs, memory_limit, executor, store
        As in `mot_fast.align`; here an executor's workers are given whole pairs of networks, and the store keeps the
        cost and scores of each pair.
    splits, groups, test_size, seed
        How stimuli are split into training and held-out ones, as in `mot_fast.compare`; by default by one random split.
        Costs and scores are the means over the splits.
    progress : bool
        Show a progress bar over pairs of networks, once for each split.

    Returns
    -------
    SimilarityMatrix

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two networks, they have the same labels, or they saw different numbers of stimuli; as
        `mot_fast.align`, and as `mot_fast.compare` of splits.
    SolverError
        If a transport could not be proven optimal.

    Warns
    -----
    AutocorrelatedStimuliWarning
        If most held-out stimuli have neighbours that are trained on, as in random splits without groups, though
        consecutive stimuli are much alike in one of the networks.
    ConstantUnitsWarning
        If units are constant over the training stimuli.
    TransposedLayersWarning
        If all layers have the same number of columns and far fewer rows, as if units were in rows.
    DamagedBlockWarning
        If the store's figures of a pair are damaged, or are not those of the activations.

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
    chosen = Splits.validated(
        splits, loaded[0].n_stimuli, groups=groups, test_size=test_size, seed=seed, sides=_TOO_FEW
    )
    setting = Setting(alternation_of(rotate), convention)
    resources = Resources.of(max(map(len, loaded)) ** 2, n_jobs, memory_limit, executor, store)
    sizes = list(zip(chosen.n_train, chosen.n_test, strict=True))
    works = {
        size: _work_within(loaded, rows, setting, resources)
        for size, rows in dict(zip(sizes, chosen.rows, strict=True)).items()
    }
    warn_of_autocorrelation(loaded, chosen)
    n = len(loaded)
    pairs = _pairs_in_tiles(n, are_both_ways=setting.alternation is not None)
    costs, scores = np.full((2, len(sizes), n, n), np.nan)
    with (
        named_once(),
        progress_callback(progress, len(sizes) * len(pairs), "network") as report,
        readable_by_workers(loaded, resources) as readable,
    ):
        for k, (train, test) in enumerate(chosen.rows):
            work = works[sizes[k]]
            train_test = [(network[train], network[test]) for network in readable]
            scanned, statistics = scan_networks(train_test, work.preparation, resources)
            warn_of_constant_units(loaded, statistics)
            found = figures_of_pairs(pairs, scanned, setting, work, resources)
            for n_done, (i, j, figures) in enumerate(found, k * len(pairs) + 1):
                costs[k, i, j], scores[k, i, j], *back = figures["figures"]
                if back:
                    costs[k, j, i], scores[k, j, i] = costs[k, i, j], back[0]
                if report:
                    report(n_done)
    return mean_over_splits(tuple(network.name for network in loaded), costs, scores, chosen)


def _pairs_in_tiles(n: int, *, are_both_ways: bool) -> list[tuple[int, int]]:
    """Pairs of n networks, one way or both, in an order in which consecutive pairs are of few networks.

    What networks take by themselves, a task does once for all of its pairs.
    """
    pairs = [(i, j) for i in range(n) for j in range(n) if i <= j or are_both_ways]
    return sorted(pairs, key=lambda pair: tuple(k // _PER_TILE for k in pair))


def _work_within(
    networks: Sequence[Network], rows: tuple[Index, Index], setting: Setting, resources: Resources
) -> PairWork[Any, Any]:
    """The work of one split on pairs of networks, within the memory limit if there is one."""
    work = setting.problem((networks[0], networks[1])).work
    if resources.executor is not None and resources.memory_limit is None:
        return work
    train, test = rows
    return _within([(network[train], network[test]) for network in networks], work, resources.budget)


def _loaded(networks: Any) -> list[Network]:
    """Load the networks: at least two, with distinct names, on the same stimuli."""
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
    warn_of_rows(loaded)
    _validate.enough_stimuli(loaded[0].n_stimuli, "networks")
    return loaded


def _with_name(value: Any, name: str) -> Network:
    """Load a network; arrays without a name of their own get the one given."""
    return load(value, None if isinstance(value, Network) or is_path(value) else name)


def _within(networks: Sequence[tuple[Network, Network]], work: Work, budget: Budget) -> Work:
    """Fit the work into the memory limit, whichever two networks are aligned.

    Raises
    ------
    ValueError
        If the alignment of two networks, or its scores, do not fit.
    """
    for source, held_out in networks:
        for target, _ in networks:
            work, _, _ = work.within((source, target), budget, 1)
            needed = needed_by_scores(held_out.n_stimuli, max(source.widths), sum(target.widths))
            if needed > max(budget.limit, ALWAYS):
                raise ValueError(
                    f"memory_limit: scores of '{source.name}', reconstructed from '{target.name}' on "
                    f"{held_out.n_stimuli} stimuli, need about {memory.format_bytes(needed)}, and "
                    f"{memory.format_bytes(budget.limit)} may be taken; raise memory_limit, or take fewer units "
                    "or stimuli"
                )
    return work
