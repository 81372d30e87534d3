"""Every way to compare two networks on the same splits of the stimuli."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Index
from mot_fast._validate_masses import GivenMasses
from mot_fast._warnings import named_once
from mot_fast.alignment.record import CONVENTIONS
from mot_fast.analysis.comparison import METHODS, Comparison
from mot_fast.analysis.method_memory import threads_within
from mot_fast.analysis.methods import Masses, Outcome, Split, Task
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.measures.hierarchy import ceiling, hierarchy
from mot_fast.measures.noise_ceiling import NoiseCeiling, noise_ceiling
from mot_fast.networks.load import Source, load, named, warn_of_rows
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.networks.split import split
from mot_fast.system import memory, optional

_ALTERNATION = Alternation()


def compare(
    source: Source,
    target: Source,
    methods: Sequence[str] | None = None,
    *,
    n_splits: int = 5,
    test_size: float = 0.2,
    seed: int = 0,
    n_permutations: int = 20,
    n_resamples: int = 999,
    rotate: Alternation = _ALTERNATION,
    convention: str = "standardized",
    source_mass: GivenMasses | None = None,
    target_mass: GivenMasses | None = None,
    source_repeats: Sequence[Source] | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Comparison:
    """Compare two networks by many methods: each is fitted on training stimuli and judged on held-out ones.

    Couplings ("mot", "single_best", "pairwise_best", "permuted"; with rotations "mot+r" and so on), "global_ot" (all
    layers of a network as one), "global_linear" and "linear" (ridge regression) predict the source's units: their value
    is the held-out score. "rsa", "cka" and "procrustes" predict nothing: their value is the held-out similarity of each
    source layer with the target layer that is most similar in training, as "linear" maps layers too.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order; they are read into memory.
    methods : sequence of str, optional
        Some of `METHODS`; by default all.
    n_splits, test_size, seed : int, float, int
        Split s is ``mot_fast.split(n_stimuli, test_size, seed + s)``.
    n_permutations : int
        Random orders of the permuted couplings, in every split those of seeds 0, 1, ...
    n_resamples : int
        Of the test whether "mot" is better than "pairwise_best" (and "mot+r" than "pairwise_best+r"), done where both
        are asked for: see `mot_fast.p_better`. Twice the median of the splits' p-values, at most 1, is
        valid however these depend on each other (Rueger 1978; Vovk & Wang, Biometrika 107, 2020); that of a single
        split is taken as it is.
    rotate : Alternation
        How the couplings with "+r" find their rotations.
    convention, source_mass, target_mass, n_jobs, memory_limit
        As for `mot_fast.align`. The global transport gives units the share of their layer's mass, and without masses
        all the same. Both networks, which are read into memory, do not count to the memory limit; a method that would
        take more is refused before any work.
    source_repeats : sequence of networks, optional
        Repeated measurements of the source: the noise ceiling is given beside the values.
    progress : bool
        Show a progress bar over splits and groups of methods.
    store : path, optional
        As for `mot_fast.align`: the alignments of a run that was stopped are not computed again. What took no time then
        is not in the table's seconds.

    Returns
    -------
    Comparison
        Seconds and peak memory of a method include those of an alignment that it shares with others.

    Raises
    ------
    ImportError
        If "global_linear" is asked for and scikit-learn is not installed.
    TypeError, ValueError
        If an argument is none of the values above, a side of a split has fewer than 3 stimuli, or as `mot_fast.align`
        and the functions of the methods asked for.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    UserWarning
        If units are constant over training stimuli: once, when all is done, of the first split where there are some.
        If all layers have the same number of columns and far fewer rows, as if units were in rows.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> comparison = mot.compare(source, target, ["mot", "pairwise_best", "cka"], n_splits=2, n_resamples=99)
    >>> bool(comparison.mean("mot") > comparison.mean("pairwise_best"))
    True
    >>> comparison.p_better["mot"]
    0.02
    """
    names = known_methods(METHODS if methods is None else methods, METHODS)
    if "global_linear" in names and importlib.util.find_spec("sklearn") is None:
        raise optional.missing('methods: "global_linear" needs', "sklearn")
    source, target = named(source, "source"), named(target, "target")
    rows = seeded_splits(source, target, n_splits, test_size, seed, "n_splits")
    warn_of_rows((source, target))
    task = Task(
        rotate=judged_alternation(rotate),
        source_masses=Masses.judged(source_mass, source.widths, "source_mass"),
        target_masses=Masses.judged(target_mass, target.widths, "target_mass"),
        n_permutations=_validate.whole_number(
            n_permutations, "n_permutations", at_least=1, at_most=_validate.MOST_REPEATS
        ),
        n_resamples=_validate.whole_number(n_resamples, "n_resamples", at_least=1, at_most=_validate.MOST_RESAMPLES),
        convention=_validate.choice(convention, CONVENTIONS, "convention"),
        n_jobs=_validate.n_threads(n_jobs),
        memory_limit=memory_limit,
        store=None if store is None else _validate.path(store, "store"),
    )
    if memory_limit is not None:
        limit = _validate.memory_limit(memory_limit, 0)
        sizes = len(rows[0][1]), task.n_permutations, _validate.n_threads(n_jobs)
        task = replace(task, n_threads=threads_within(limit, names, (source, target), *sizes))
    repeats = None if source_repeats is None else _noise_ceiling(source_repeats, source, seed)
    source, target = source.in_memory(), target.in_memory()
    splits = [
        Split((source[train], target[train]), (source[test], target[test]), seed + s)
        for s, (train, test) in enumerate(rows)
    ]
    with named_once():
        outcomes = task.run(splits, names, progress)
    return _comparison(
        outcomes,
        names,
        hierarchy_ceiling=ceiling(len(source), len(target)) if min(len(source), len(target)) > 1 else float("nan"),
        noise_ceiling=repeats,
        source_name=source.name,
        source_labels=source.labels,
        target_name=target.name,
        target_labels=target.labels,
        n_splits=len(rows),
        test_size=float(test_size),
        seed=int(seed),
        convention=convention,
    )


def known_methods(methods: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The methods asked for, each of them known and named once."""
    if isinstance(methods, str) or not isinstance(methods, Sequence):
        raise TypeError(f"methods: expected a sequence of names, found {methods!r}")
    if not methods:
        raise ValueError(f"methods: expected some of {', '.join(map(repr, known))}, found none")
    for k, name in enumerate(methods):
        _validate.choice(name, known, f"methods[{k}]")
        if name in methods[:k]:
            raise ValueError(f"methods: expected each name once, found {name!r} again")
    return tuple(methods)


def seeded_splits(
    source: Network, target: Network, n: int, test_size: float, seed: int, argument: str
) -> list[tuple[Index, Index]]:
    """So many splits of the stimuli of both networks, of consecutive seeds, with enough stimuli on both sides."""
    same_stimuli([source, target])
    n = _validate.whole_number(n, argument, at_least=1, at_most=_validate.MOST_REPEATS)
    seed = _validate.whole_number(seed, "seed", at_least=0)
    n_bytes = n * source.n_stimuli * np.dtype(np.int64).itemsize
    if n_bytes > memory.available():
        raise ValueError(
            f"{argument}: expected splits that fit into memory, found {n} of {memory.format_bytes(n_bytes)}"
        )
    rows = [split(source.n_stimuli, test_size, seed + k) for k in range(n)]
    _validate.enough_stimuli(len(rows[0][0]), "training stimuli of a split")
    _validate.enough_stimuli(len(rows[0][1]), "held-out stimuli of a split")
    return rows


def judged_alternation(rotate: Any) -> Alternation:
    """What the methods with rotations need."""
    if not isinstance(rotate, Alternation):
        raise TypeError(
            f"rotate: expected an Alternation, found {rotate!r}; rotations are asked for by methods such as 'mot+r'"
        )
    return rotate


def _noise_ceiling(repeats: Sequence[Source], source: Network, seed: int) -> NoiseCeiling:
    if isinstance(repeats, Sequence) and len(repeats) < 2:
        raise ValueError(f"source_repeats: expected at least 2 networks, found {len(repeats)}")
    found = noise_ceiling(repeats, seed=seed)
    repeat = load(repeats[0])
    shapes = [list(zip(network.labels, network.widths, strict=True)) for network in (source, repeat)]
    if shapes[0] != shapes[1] or repeat.n_stimuli != source.n_stimuli:
        raise ValueError(
            f"source_repeats: expected the layers and stimuli of '{source.name}', {source}, found {repeat}"
        )
    return found


def _comparison(outcomes: list[dict[str, Outcome]], names: tuple[str, ...], **fields: Any) -> Comparison:
    """What came out of every split, method by method."""
    columns = {name: [of_split[name] for of_split in outcomes] for name in names}
    layer_maps, permuted_sds, p_values = {}, {}, {}
    for name, column in columns.items():
        if maps := tuple(each.layer_map for each in column if each.layer_map is not None):
            layer_maps[name] = maps
        if sds := [each.sd_over_draws for each in column if each.sd_over_draws is not None]:
            permuted_sds[name] = np.array(sds)
        if ps := [each.p_better for each in column if each.p_better is not None]:
            p_values[name] = _combined(ps)
    nothing = np.full(len(outcomes), np.nan)
    return Comparison(
        methods=names,
        scores={name: np.array([each.value for each in column]) for name, column in columns.items()},
        hierarchies={
            name: np.array([_hierarchy(each) for each in layer_maps[name]]) if name in layer_maps else nothing
            for name in names
        },
        seconds={name: np.array([each.usage.seconds for each in column]) for name, column in columns.items()},
        peak_bytes={name: np.array([each.usage.peak_bytes for each in column]) for name, column in columns.items()},
        permuted_sds=permuted_sds,
        layer_maps=layer_maps,
        p_better=p_values,
        **fields,
    )


def _combined(p_values: Sequence[float]) -> float:
    """One p-value from those of splits that depend on each other in any way."""
    return p_values[0] if len(p_values) == 1 else min(1.0, 2.0 * float(np.median(p_values)))


def _hierarchy(layer_map: F64) -> float:
    return hierarchy(layer_map) if min(layer_map.shape) > 1 else float("nan")
