"""Compare couplings of layers over many subjects, each of which is a network, with error bars across subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Index
from mot_fast._warnings import named_once
from mot_fast.alignment.options import GOALS, PlainOptions, expect_none
from mot_fast.analysis.autocorrelation import warn_of_autocorrelation
from mot_fast.analysis.compare import known_methods
from mot_fast.analysis.layer_orders import validated_permutations
from mot_fast.analysis.methods import validated_alternation
from mot_fast.analysis.splits import GivenSplits, Groups, Splits
from mot_fast.analysis.stimulus_sets import BlockLength, automatic_length, is_automatic, stimulus_sets
from mot_fast.analysis.subjects.group import SubjectGroup
from mot_fast.analysis.subjects.random_effects import RandomEffects
from mot_fast.analysis.subjects.result import SubjectComparison
from mot_fast.analysis.subjects.scores import GROUP, METHODS, PLAIN, SubjectWork
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.networks.load import Source
from mot_fast.networks.split import group_numbers

_ALTERNATION = Alternation()


def compare_subjects(
    subjects: Sequence[Source] | Mapping[str, Source],
    target: Source | None = None,
    methods: Sequence[str] | None = None,
    *,
    common_units: bool = False,
    splits: GivenSplits = 5,
    groups: Groups | None = None,
    block_length: BlockLength | None = None,
    test_size: float = 0.2,
    seed: int = 0,
    confidence: float = 0.95,
    n_permutations: int = 9999,
    alternation: Alternation = _ALTERNATION,
    progress: bool = False,
    **options: Unpack[PlainOptions],
) -> SubjectComparison:
    """Compare couplings of layers over many subjects, with error bars across subjects and across stimuli.

    Every subject is aligned with the target on the training stimuli of each split and scored on the held-out ones. Its
    score by a method is the mean over the splits, and the methods are compared by paired tests over subjects.

    Two intervals belong to each mean. One counts the subjects as a sample: it is for other subjects who see the same
    stimuli. The other counts subjects and held-out stimuli as samples, crossed (random effects of both): it is for
    other subjects and other stimuli. In both, the training stimuli are fixed. See Notes.

    Without a target the subjects predict each other, leaving one out: each is predicted from the units of all others
    side by side, layer by layer, or from their mean where units are common. Scores of subjects that predict each other
    are not independent, so that error bars and tests are of contributions: each has a subject's own score and what the
    subject does to the scores of the others.

    Parameters
    ----------
    subjects : sequence, or mapping from names
        At least three, each anything `mot_fast.load` takes, on the same stimuli in the same order; they are read into
        memory. Their layers may have any widths. If the labels of the layers are the same in all subjects, there are
        group plans as well, and the method "group"; they must be, where no target is given.
    target : Network or anything `mot_fast.load` takes, optional
        The network that predicts every subject; by default each subject is predicted from the others.
    methods : sequence of str, optional
        Couplings, as `Alignment.coupling` knows them, and "group", the mean of the other subjects' layer plans; with
        rotations "mot+r" and so on. By default all of those without rotations. "permuted" is the mean over all orders.
    common_units : bool
        Whether unit i of a layer is the same in all subjects, as sensors are, or voxels of a common space. Then group
        means of units have a meaning: they are taken of z-scores by the training stimuli.
    splits : int, list of (train, test), or splitter
        How stimuli are split into training and held-out ones; see `mot_fast.compare`. For time series,
        `mot_fast.blocked_splits` holds out contiguous blocks.
    groups : sequence, optional
        Group of every stimulus, such as the film or the session that it belongs to. No split may have stimuli of one
        group on both sides, and groups are what counts as drawn, at least three of them held out.
    block_length : int or "auto", optional
        Number of consecutive stimuli that may depend on each other, as volumes of a time series do: blocks of them are
        what counts as drawn, at least three held out. "auto" finds it from the autocorrelation of the stimuli's parts
        in the mean score of the first method; see `mot_fast.bootstrap_score`. By default "auto" for splits that
        each hold out stimuli in a row, as those of `mot_fast.blocked_splits`, and otherwise single stimuli.
    test_size, seed : float, int
        Fraction of the stimuli, or of the groups, that random splits hold out, and seed of the first split; it is that
        of random signs, too.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    n_permutations : int
        Number of random signs in the paired tests. Up to 12 subjects all signs are tried.
    alternation : Alternation
        How the methods with "+r" find their rotations.
    progress : bool
        Show a progress bar.
    **options
        Any other argument of `mot_fast.align` but those that leave units or layers behind.

    Returns
    -------
    SubjectComparison

    Raises
    ------
    TypeError, ValueError
        If there are fewer than three subjects, two have the same name, they or the target saw different stimuli, their
        layers or units are not alike where they must be, or an argument is none of the values above; as
        `mot_fast.align`.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    AutocorrelatedStimuliWarning
        If most held-out stimuli have neighbours that are trained on, as in random splits without groups, though
        consecutive stimuli are much alike in the first subject or in the target.
    ConstantUnitsWarning
        If units are constant over training stimuli: once, at the end, about the first alignment that has some.
    TransposedLayersWarning
        If all layers have the same number of columns and far fewer rows, as if units were in rows.

    Notes
    -----
    Intervals over subjects are Student's. For those over subjects and stimuli, the standard error is that of a
    bootstrap which draws subjects and stimuli anew, both at once, without the interaction that this counts three times
    (Owen, Annals of Applied Statistics 1, 2007; Schuett et al., eLife 12, 2023). It is found without draws: scores are
    linear in the weights of the stimuli to first order (the infinitesimal jackknife), which takes one number for each
    method, subject and stimulus. Degrees of freedom are Satterthwaite's.

    P-values are one-sided, from flipping the signs of the subjects' differences, and adjusted for all tests of the
    comparison by Holm's procedure. They speak for other subjects and the same stimuli.

    Where subjects predict each other, the standard deviation of their scores is too small for the error of the mean
    (Chen et al., NeuroImage 142, 2016). A subject's contribution adds, to first order, the change of all scores with
    its weight in the targets of the others, the plans being as they are.

    Intervals over subjects and stimuli are too narrow with few stimuli, above all where few of them drive the units,
    and for records that are not many times as long as their autocorrelation lasts.

    The alignments of all subjects on one split are in memory at once: about 16 bytes a pair of layers and unit of
    either, beside the subjects' activations, which without a target are there twice. Of one layer of one subject, the
    predictions by all methods are, and without a target as many slopes as there are methods, for each held-out
    activation that predicts a subject.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> network, other = (each[:300] for each in mot.data.resnets())
    >>> rng = np.random.default_rng(0)
    >>> subjects = {
    ...     f"s{k}": [x + 2 * x.std() * rng.standard_normal(x.shape) for x in map(network.layer, (2, 5, 8))]
    ...     for k in range(4)
    ... }
    >>> found = mot.compare_subjects(subjects, other, ["mot", "pairwise_best", "permuted"], splits=2)
    >>> score = found.score("mot")
    >>> bool(score.crossed_low <= score.low < score.value < score.high <= score.crossed_high)
    True
    >>> [(test.than, test.n_better, test.p_value) for test in found.tests]
    [('pairwise_best', 4, 0.0625), ('permuted', 4, 0.0625)]
    """
    expect_none(options, GOALS, "as subjects are compared by plans which carry all mass")
    group = SubjectGroup.validated(subjects, target, common_units)
    names = _methods(methods, group)
    numbered = None if groups is None else group_numbers(groups, group.n_stimuli)
    labels = None if numbered is None else numbered.tolist()
    chosen = Splits.validated(splits, group.n_stimuli, groups=labels, test_size=test_size, seed=seed)
    if block_length is None and numbered is None and chosen.are_blocks:
        block_length = "auto"
    effects = RandomEffects(
        n_stimuli=len(_held_out(chosen)),
        confidence=_validate.fraction(confidence, "confidence"),
        n_permutations=validated_permutations(n_permutations),
        seed=seed,
        groups=numbered,
    )
    effects = _with_sets(effects, chosen, block_length)
    work = SubjectWork(group, names, validated_alternation(alternation), options)
    warn_of_autocorrelation(group.networks[:1] if group.target is None else (group.networks[0], group.target), chosen)
    with named_once():
        figures = work.figures(chosen.rows, progress=progress)
    if block_length == "auto":
        series = figures.results[names[0]].parts.mean(axis=0)[_held_out(chosen)]
        effects = replace(effects, block_length=automatic_length(series))
    return SubjectComparison(
        results=figures.results,
        subjects=tuple(network.name for network in group.networks),
        tests=effects.tests(_pairs(names), {name: result.values for name, result in figures.results.items()}),
        plans=figures.plans,
        ceiling=figures.ceiling,
        source_labels=group.networks[0].labels if group.stranger is None else None,
        target_name=None if group.target is None else group.target.name,
        target_labels=group.networks[0].labels if group.target is None else group.target.labels,
        effects=effects,
        n_splits=len(chosen.rows),
        split_description=chosen.description,
        has_common_units=group.has_common_units,
        convention=options.get("convention", "standardized"),
    )


def _held_out(splits: Splits) -> Index:
    """Positions of the stimuli that are held out in at least one split."""
    return np.unique(np.concatenate([test for _, test in splits.rows]))


def _with_sets(effects: RandomEffects, splits: Splits, block_length: BlockLength | None) -> RandomEffects:
    """How stimuli are drawn: by groups, or in blocks, whose length is still to be found where it is automatic."""
    if effects.groups is not None:
        is_automatic(effects.groups, block_length)  # for its error
        numbers = effects.groups[_held_out(splits)]
        return replace(effects, n_groups=stimulus_sets(len(numbers), numbers.tolist(), None).n)
    if is_automatic(None, block_length):
        return effects
    return replace(effects, block_length=stimulus_sets(effects.n_stimuli, None, block_length).block_length)


def _methods(methods: Sequence[str] | None, group: SubjectGroup) -> tuple[str, ...]:
    """Names of the methods; one by the others' plans is an error where subjects' layers are not alike."""
    stranger = group.stranger
    if methods is None:
        return tuple(name for name in PLAIN if name != GROUP or stranger is None)
    names = known_methods(methods, METHODS)
    for k, name in enumerate(names):
        if name.removesuffix("+r") == GROUP and stranger is not None:
            first = group.networks[0]
            raise ValueError(
                f"methods[{k}]: expected none by the others' plans, as the layers of subjects['{stranger.name}'], "
                f"{', '.join(stranger.labels)}, are not those of '{first.name}', {', '.join(first.labels)}, found "
                f"'{name}'"
            )
    return names


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of a method and its controls: the plan of MOT and all other couplings that have no other subject's plan."""
    return [
        (f"mot{suffix}", name)
        for suffix in ("", "+r")
        for name in names
        if f"mot{suffix}" in names and name.endswith("+r") == bool(suffix)
        if name.removesuffix("+r") not in ("mot", GROUP)
    ]
