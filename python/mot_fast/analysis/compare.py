"""Compare two networks by many methods on the same splits of the stimuli."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from mot_fast import _validate
from mot_fast._validate_masses import GivenMasses
from mot_fast._warnings import named_once, renamed_arguments
from mot_fast.analysis.autocorrelation import warn_of_autocorrelation
from mot_fast.analysis.comparison import ALL, DEFAULT_METHODS, METHODS, Comparison
from mot_fast.analysis.layer_orders import N_ORDERS
from mot_fast.analysis.methods import ComparisonPlan
from mot_fast.analysis.methods_on_splits import results_of_methods
from mot_fast.analysis.splits import GivenSplits, Groups, Splits
from mot_fast.analysis.stimulus_sets import BlockLength, Together
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.resources import Resources
from mot_fast.measures.noise_ceiling import noise_ceiling
from mot_fast.measures.similarity import MIN_STIMULI_DEBIASED
from mot_fast.networks.load import Source, named, warn_of_rows
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.networks.split import group_numbers
from mot_fast.networks.summary import same_layers
from mot_fast.system import optional

_ALTERNATION = Alternation()


@renamed_arguments(rotate="alternation", n_splits="splits")
def compare(
    source: Source,
    target: Source,
    methods: Sequence[str] = DEFAULT_METHODS,
    *,
    splits: GivenSplits = 5,
    groups: Groups | None = None,
    test_size: float = 0.2,
    seed: int = 0,
    n_permutations: int = N_ORDERS,
    n_resamples: int = 999,
    n_shuffles: int = 0,
    block_length: BlockLength | None = None,
    alternation: Alternation = _ALTERNATION,
    convention: str = "standardized",
    source_mass: GivenMasses | None = None,
    target_mass: GivenMasses | None = None,
    source_repeats: Sequence[Source] | None = None,
    target_repeats: Sequence[Source] | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
    memory_limit: int | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Comparison:
    """Compare two networks by many methods: each is fitted on training stimuli and evaluated on held-out ones.

    Couplings ("mot", "single_best", "pairwise_best" and the controls "greedy", "uniform", "permuted", see
    `Alignment.coupling`; with rotations "mot+r" and so on), "global_ot" (all layers of a network as one),
    "global_linear" and "linear" (ridge regression) predict the source's units: their value is the held-out score, a
    mean over layers of means over their units. Beside it stands the mean over all units alike. "partial" is "mot" with
    as many of the units matched as the knee of their curve says (``unit_mass="path"``): its scores are of those. "rsa",
    "cka", "debiased_cka" and "procrustes" predict nothing: their value is the held-out similarity of each source layer
    with the target layer that is most similar in training. "linear" chooses target layers in the same way.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order; without an executor they are read into
        memory.
    methods : sequence of str, or "all"
        Names of the methods. By default the couplings without rotations and the similarities: rotations and regressions
        take longest, and "global_linear" needs scikit-learn.
    splits : int, list of (train, test), or splitter
        How stimuli are split into training and held-out ones. An integer is a number of random splits: split s is
        ``mot_fast.split(n_stimuli, test_size, seed + s, groups=groups)``; seeds that hold out the same stimuli as an
        earlier one, as happens with few groups, are passed over. A list has one pair of indices or masks for each
        split; `mot_fast.blocked_splits` makes one for stimuli whose neighbours are alike, such as time series. A
        splitter is any object with scikit-learn's ``split(X, y, groups)``, as `KFold`; its X is an array of zeros. No
        split may come twice.
    groups : sequence, optional
        Group of every stimulus; no split may have stimuli of one group on both sides. See `mot_fast.split`.
    test_size, seed : float, int
        Fraction of the stimuli, or of the groups, that random splits hold out, and seed of the first split.
    n_permutations : int
        Number of random orders of layers for p-values, see `mot_fast.score_layer_orders`; the value of "permuted" is
        the mean over all orders.
    n_resamples : int
        Number of resamples of the tests whether "mot" is better than "permuted", "mot+r" than "permuted+r", and "mot+r"
        than "mot". The other couplings asked for are compared with "mot", or "mot+r", by `mot_fast.p_better` with the
        method "t", which holds its level where couplings are good at different units. Twice the median of the splits'
        p-values, at most 1, is valid however these depend on each other (Rueger 1978; Vovk & Wang, Biometrika 107,
        2020); the p-value of a single split is taken as it is. Held-out stimuli of one group are resampled together; a
        split that holds out fewer than three groups has no p-values.
    n_shuffles : int
        Number of alignments with shuffled stimuli, to which the verdict compares the hierarchy score of "mot" and of
        "mot+r", fitted to all stimuli: see `mot_fast.hierarchy_null`. Groups are shuffled as wholes; where held-out
        stimuli are resampled in blocks, the record is shifted in a circle. None by default, since each takes as long as
        an alignment; 99 tell much.
    block_length : int or "auto", optional
        Number of consecutive held-out stimuli that are resampled together, as for `mot_fast.p_better`; by default
        "auto" for splits that each hold out stimuli in a row, as those of `mot_fast.blocked_splits`, and 1 for others.
    alternation : Alternation
        How the couplings with "+r" find their rotations.
    convention, source_mass, target_mass, n_jobs, memory_limit
        See `mot_fast.align`. In the global transport a unit has its share of its layer's mass; without masses, all
        units have the same. The activations of both networks, which are read into memory, do not count towards the
        memory limit. A method that would take more is refused before any work.
    source_repeats : sequence of networks, optional
        Repeated measurements of the source, whose mean it is: from them the noise ceiling of the scores is estimated,
        and the table has the scores relative to it as well.
    target_repeats : sequence of networks, optional
        Repeated measurements of the target, whose mean it is. Scores of couplings, but of permuted ones, are then
        relative to the noise ceiling of their predictions, and of the source if it has repeats: what the same plans
        would score without noise, and no bound for plans found with less of it; see `mot_fast.noise_ceiling`.
    progress : bool
        Show a progress bar over splits and groups of methods.
    executor : concurrent.futures.Executor, optional
        An executor whose workers run methods on splits, each as a whole; see `mot_fast.align`. The networks are then
        read into each worker's memory, and not into that of this process.
    store : path, optional
        A folder that keeps what every method found on every split, and finished blocks of alignments; see
        `mot_fast.align`. A run that was stopped goes on from there, and a finished one computes nothing again; seconds
        and memory in the table are then those of the run that did the work.

    Returns
    -------
    Comparison
        The seconds and peak memory of a method include those of an alignment that it shares with others.

    Raises
    ------
    ImportError
        If "global_linear" is asked for and scikit-learn is not installed.
    TypeError, ValueError
        If an argument is none of the values above, or a split has fewer than 3 stimuli on a side, a stimulus on both
        sides or twice on one, or a group on both; also the errors of `mot_fast.align` and of the functions in
        `mot_fast.baselines` and `mot_fast.linear`.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    AutocorrelatedStimuliWarning
        If most held-out stimuli have neighbours that are trained on, as in random splits without groups, though
        consecutive stimuli are much alike in one of the networks.
    ConstantUnitsWarning
        If units are constant over training stimuli: once, at the end, about the first split that has some.
    TransposedLayersWarning
        If all layers have the same number of columns and far fewer rows, as if units were in rows.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> comparison = mot.compare(source, target, ["mot", "pairwise_best", "cka"], splits=2, n_resamples=99)
    >>> bool(comparison.mean("mot") > comparison.mean("pairwise_best"))
    True
    >>> comparison.p_better["mot"] < 0.001
    True
    """
    is_all = isinstance(methods, str) and methods == ALL
    names = METHODS if is_all else known_methods(methods, METHODS)
    networks = source, target = named(source, "source"), named(target, "target")
    same_stimuli(networks)
    labels = None if groups is None else group_numbers(groups, source.n_stimuli).tolist()
    chosen = Splits.validated(splits, source.n_stimuli, groups=labels, test_size=test_size, seed=seed)
    _check_methods(names, chosen)
    n_shuffles = _validate.whole_number(n_shuffles, "n_shuffles", at_least=0, at_most=_validate.MOST_REPEATS)
    together = Together.validated(chosen, labels, block_length)
    if n_shuffles:
        together.shuffle(source.n_stimuli)  # for its errors
    warn_of_rows(networks)
    resources = Resources.of(len(source) * len(target), n_jobs, memory_limit, executor, store)
    plan = ComparisonPlan.validated(
        networks,
        (source_mass, target_mass),
        alternation=alternation,
        n_permutations=n_permutations,
        n_resamples=n_resamples,
        convention=convention,
        resources=resources,
    ).within_memory(names, networks, sizes=set(zip(chosen.n_train, chosen.n_test, strict=True)))
    repeats = (
        None if source_repeats is None else noise_ceiling(_repeats(source_repeats, source, "source_repeats"), seed=seed)
    )
    of_target = [] if target_repeats is None else _repeats(target_repeats, target, "target_repeats")
    if of_target:
        plan = replace(plan, of_source=repeats)
    if executor is None:
        source, target = source.in_memory(), target.in_memory()
    warn_of_autocorrelation((source, target), chosen)
    with named_once():
        results = results_of_methods(
            *(plan, (source, target), of_target, chosen, together, seed, names, n_shuffles, resources),
            has_progress=progress,
        )
    return Comparison(
        results=results,
        hierarchy_ceiling=plan.hierarchy_ceiling(),
        noise_ceiling=repeats,
        source_name=source.name,
        source_labels=source.labels,
        target_name=target.name,
        target_labels=target.labels,
        n_splits=len(chosen.rows),
        test_size=chosen.test_size,
        seed=int(seed),
        convention=convention,
        split_kind=chosen.kind,
        split_description=chosen.description,
        n_train=chosen.n_train,
        n_test=chosen.n_test,
        has_target_repeats=target_repeats is not None,
    )


def known_methods(methods: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Names of methods, validated: a sequence of known names, each of them given once."""
    if isinstance(methods, str) or not isinstance(methods, Sequence):
        raise TypeError(f"methods: expected a sequence of names, found {methods!r}")
    if not methods:
        raise ValueError(f"methods: expected some of {', '.join(map(repr, known))}, found none")
    for k, name in enumerate(methods):
        _validate.choice(name, known, f"methods[{k}]")
        if name in methods[:k]:
            raise ValueError(f"methods: expected each name once, found {name!r} again")
    return tuple(methods)


def check_methods_installed(methods: Sequence[str]) -> None:
    """Refuse methods whose library is missing."""
    if "global_linear" in methods and importlib.util.find_spec("sklearn") is None:
        raise optional.missing('methods: "global_linear" needs', "sklearn")


def _check_methods(methods: Sequence[str], splits: Splits) -> None:
    """Refuse methods before any work where what they need is missing: scikit-learn, or enough held-out stimuli."""
    check_methods_installed(methods)
    few = min(splits.n_test)
    if "debiased_cka" in methods and few < MIN_STIMULI_DEBIASED:
        where = f"splits[{splits.n_test.index(few)}]"
        raise ValueError(
            f"methods: 'debiased_cka' needs at least {MIN_STIMULI_DEBIASED} held-out stimuli, found {few} in {where}"
        )


def _repeats(repeats: Sequence[Source], network: Network, what: str) -> list[Network]:
    """Repeated measurements, which must have the layers and stimuli of a network."""
    if isinstance(repeats, (str, Mapping, Network)) or not isinstance(repeats, Sequence):
        raise TypeError(f"{what}: expected a sequence of networks, found {type(repeats).__name__}")
    if len(repeats) < 2:
        raise ValueError(f"{what}: expected at least 2 networks, found {len(repeats)}")
    loaded = [named(repeat, f"{what}[{k}]") for k, repeat in enumerate(repeats)]
    for repeat in loaded:
        if (repeat.labels, repeat.widths, repeat.n_stimuli) != (network.labels, network.widths, network.n_stimuli):
            raise ValueError(f"{what}: expected the layers and stimuli of '{network.name}', {network}, found {repeat}")
        same_layers(network, repeat, what, f"'{network.name}'")
    return loaded
