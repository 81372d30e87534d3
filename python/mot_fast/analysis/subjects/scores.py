"""Scores of every subject by several couplings of layers: fitted on training stimuli, evaluated on held-out ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mot_fast._validate import F64, Index
from mot_fast.alignment.align import align
from mot_fast.alignment.held_out import mean_influences
from mot_fast.alignment.options import PlainOptions
from mot_fast.alignment.predict import Predictor
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.layer_orders import row_weights
from mot_fast.analysis.subjects.group import GroupOnSplit, SubjectGroup, ceilings
from mot_fast.analysis.subjects.influences import TargetSlopes
from mot_fast.analysis.subjects.random_effects import SubjectValues
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.measures.score import correlate_deviations, means_of_defined
from mot_fast.measures.standardize import unit_deviations
from mot_fast.networks.network import Network
from mot_fast.system.blas import one_blas_thread
from mot_fast.system.brief_repr import brief_repr
from mot_fast.system.progress import progress_bar

GROUP = "group"
"""The coupling by the mean of the other subjects' layer plans."""
PLAIN = (*COUPLINGS, GROUP)
METHODS = (*PLAIN, *(f"{name}+r" for name in PLAIN))

Split = tuple[Index, Index]
"""Rows of the training stimuli and of the held-out ones."""


@dataclass(frozen=True, eq=False)
class SubjectResult:
    """Figures of one method on every subject of a comparison."""

    scores: F64
    """`(n_subjects, n_splits)`: held-out scores; higher is better."""
    hierarchies: F64
    """`(n_subjects, n_splits)`: hierarchy scores of the layer weights; NaN where a network has one layer."""
    parts: F64
    """`(n_subjects, n_stimuli)`: change of a subject's mean score with the weight of each stimulus, to first order.
    Where none is held out twice, a share of how far the score of its split is from the mean is added. Rows sum to 0,
    and are 0 where a stimulus is never held out."""
    contributions: F64
    """`(n_subjects,)`: scores, means over the splits; where subjects predict each other, with what each does to the
    scores of the others, to first order. Their mean is the mean score."""
    layer_maps: tuple[F64, ...]
    """For each subject, weights of layer pairs `(L, M)` with sum 1: means over the splits."""

    __repr__ = brief_repr

    @property
    def values(self) -> SubjectValues:
        """The scores, means over the splits, as samples of subjects and stimuli."""
        return SubjectValues(self.scores.mean(axis=1), self.contributions, self.parts)


@dataclass(frozen=True, eq=False)
class GroupBounds:
    """How far each subject agrees with the group, `(n_subjects,)` each: means over the splits.

    The ends of a ceiling as Nili et al. (PLOS Computational Biology 10, 2014) have them.
    """

    lower: F64
    """Agreement with the mean of the other subjects: what can be known of a subject from the others."""
    upper: F64
    """Agreement with the mean of all subjects, itself included: more than any group mean can reach."""
    chance: F64 | None = None
    """Agreement with the mean of the other subjects where the subject's layers are in random order, in expectation;
    for layer plans only."""

    __repr__ = brief_repr


@dataclass(frozen=True, eq=False)
class SubjectFigures:
    """All that is found of the subjects of a group."""

    results: dict[str, SubjectResult]
    plans: dict[str, GroupBounds]
    """By "mot" and "mot+r": share of mass that layer plans have in common; empty where layers are not alike."""
    ceiling: GroupBounds | None
    """Scores of each subject from the mean of its own units over the group; None unless units are common."""


class SubjectWork:
    """The work on all subjects, split by split.

    The alignments of all subjects on one split are held at once, since each subject is predicted by the others' plans,
    too; the predictions of one layer of one subject are held at a time.
    """

    def __init__(
        self, group: SubjectGroup, methods: Sequence[str], alternation: Alternation, options: PlainOptions
    ) -> None:
        self._group, self._options = group, options
        self._rotations: dict[str, bool | Alternation] = {
            suffix: rotate
            for suffix, rotate in (("", False), ("+r", alternation))
            if any(name.endswith("+r") == bool(suffix) for name in methods)
        }
        self._methods = tuple(methods)

    def figures(self, splits: Sequence[Split], *, progress: bool) -> SubjectFigures:
        """Align and score every subject on every split."""
        found = {name: _Sums(self._group, [test for _, test in splits]) for name in self._methods}
        agreements: dict[str, list[F64]] = {f"mot{suffix}": [] for suffix in self._rotations}
        bounds = []
        n = len(self._group.networks)
        with progress_bar("subjects", is_shown=progress, total=len(splits) * len(self._rotations) * n) as bar:
            for split in splits:
                on_split = self._group.on_split(*split)
                if on_split.standardized is not None:
                    bounds.append(ceilings(on_split))
                for suffix, rotate in self._rotations.items():
                    alignments = self._alignments(on_split, rotate)
                    if self._group.stranger is None:
                        agreements[f"mot{suffix}"].append(_agreements(alignments))
                    for s in range(n):
                        for name, figures in self._evaluate(on_split, alignments, s, suffix):
                            found[name].add(s, figures)
                        bar.update()
        return SubjectFigures(
            {name: sums.result() for name, sums in found.items()},
            {name: GroupBounds(*np.mean(each, axis=0)) for name, each in agreements.items() if each},
            GroupBounds(*np.mean(bounds, axis=0)) if bounds else None,
        )

    def _alignments(self, on_split: GroupOnSplit, rotate: bool | Alternation) -> list[Alignment]:
        """Alignments of all subjects on the training stimuli of a split."""
        return [align(*on_split.training(s), rotate=rotate, **self._options) for s in range(len(on_split.targets))]

    def _evaluate(
        self, on_split: GroupOnSplit, alignments: Sequence[Alignment], s: int, suffix: str
    ) -> Iterator[tuple[str, _Figures]]:
        """Names of the methods with these rotations, and the figures of subject s by each."""
        weights, methods = _Weights(alignments, s), {}
        for name in self._methods:
            if name.endswith("+r") == bool(suffix):
                methods[name] = weights.add(name.removesuffix("+r"))
        source, target = on_split.held_out(s)
        predictor = Predictor(alignments[s], target, self._options.get("n_jobs"))
        slopes = None
        if self._group.target is None:
            over_masses = weights.stacked / alignments[s].source.layer_masses[:, None]
            slopes = TargetSlopes(predictor, over_masses, list(methods.values()))
        scores, influences = _scores_and_influences(source, predictor, weights.stacked, slopes)
        in_others = None if slopes is None else slopes.in_subjects(s, on_split)
        for k, (name, some) in enumerate(methods.items()):
            yield (
                name,
                _Figures(
                    score=float(scores[some].mean()),
                    influences=influences[some].mean(axis=0),
                    weights=weights.stacked[some].mean(axis=0),
                    in_others=None if in_others is None else in_others[k],
                ),
            )


@dataclass(frozen=True, eq=False)
class _Figures:
    """Figures of one method for one subject on one split."""

    score: float
    influences: F64
    """`(n_stimuli,)`: influences of the held-out stimuli."""
    weights: F64
    """`(L, M)`: layer weights."""
    in_others: F64 | None
    """`(n_subjects,)`: slopes of the score in the weights of other subjects; None where a target is given."""


class _Sums:
    """Figures of one method while they are found."""

    def __init__(self, group: SubjectGroup, tests: Sequence[Index]) -> None:
        shape = len(group.networks), len(tests)
        self._tests = tests
        self._scores, self._hierarchies = np.empty(shape), np.empty(shape)
        self._parts = np.zeros((shape[0], group.n_stimuli))
        self._in_others = np.zeros(shape[0])
        self._weights: list[list[F64]] = [[] for _ in group.networks]

    def add(self, s: int, figures: _Figures) -> None:
        """Add the figures of subject s on the next split."""
        k, n_splits = len(self._weights[s]), len(self._tests)
        weights = figures.weights
        self._weights[s].append(weights)
        self._scores[s, k] = figures.score
        self._hierarchies[s, k] = hierarchy(weights) if min(weights.shape) > 1 else np.nan
        self._parts[s, self._tests[k]] += figures.influences / (len(self._tests[k]) * n_splits)
        if figures.in_others is not None:
            self._in_others += figures.in_others / n_splits

    def result(self) -> SubjectResult:
        """The figures, once all have been added."""
        every = np.concatenate(self._tests)
        means = self._scores.mean(axis=1)
        if len(np.unique(every)) == len(every):
            shares = (self._scores - means[:, None]) / len(self._tests)
            for test, share in zip(self._tests, shares.T, strict=True):
                self._parts[:, test] += share[:, None] / len(test)
        maps = tuple(np.mean(weights, axis=0) for weights in self._weights)
        return SubjectResult(self._scores, self._hierarchies, self._parts, means + self._in_others, maps)


class _Weights:
    """Layer weights of several methods for subject s, some of which are means over several."""

    def __init__(self, alignments: Sequence[Alignment], s: int) -> None:
        self._alignments, self._s = alignments, s
        self._found: list[F64] = []

    def add(self, name: str) -> slice:
        """Add the weights of a method, and return where they are."""
        first, alignment = len(self._found), self._alignments[self._s]
        if name == GROUP:
            plans = [each.layer_plan for each in self._alignments]
            self._found.append(np.delete(plans, self._s, axis=0).mean(axis=0))
        elif name == "permuted":
            self._found.extend(row_weights(alignment))
        else:
            self._found.append(alignment.coupling(name))
        return slice(first, len(self._found))

    @property
    def stacked(self) -> F64:
        """All weights, `(n_weights, L, M)`."""
        return np.array(self._found)


def _scores_and_influences(
    source: Network, predictor: Predictor, weights: F64, slopes: TargetSlopes | None
) -> tuple[F64, F64]:
    """Held-out score of each layer weights, `(n_weights,)`, and influence of each stimulus, `(n_weights, n_stimuli)`.

    Predictions of one layer are held at a time; slopes of the scores are added to those given.
    """
    scores, influences = [], []
    with one_blas_thread:  # so that no bit depends on the number of BLAS's threads
        for l in range(source.n_layers):
            truth = unit_deviations(source.layer(l).astype(np.float64))
            if truth.is_constant.all():
                continue
            varies = ~truth.is_constant
            values = np.array(list(predictor.predict(l, list(weights[:, l]))))
            predictions = unit_deviations(values)
            scores.append(means_of_defined(correlate_deviations(truth, predictions)))
            influences.append(mean_influences(truth.values[:, varies], predictions.values[:, :, varies]))
            if slopes is not None:
                slopes.add_layer(l, truth, values)
    if not scores:
        return np.full(len(weights), np.nan), np.zeros((len(weights), source.n_stimuli))
    return np.mean(scores, axis=0), np.mean(influences, axis=0)


def _agreements(alignments: Sequence[Alignment]) -> F64:
    """Share of mass that each layer plan has in common with the mean of the others, of all, and by chance, `(3, n)`."""
    plans = np.array([alignment.layer_plan for alignment in alignments])
    mean = plans.mean(axis=0)
    found = np.empty((3, len(plans)))
    for s, alignment in enumerate(alignments):
        others = np.delete(plans, s, axis=0).mean(axis=0)
        by_chance = np.mean([_in_common(weights, others) for weights in row_weights(alignment)])
        found[:, s] = _in_common(plans[s], others), _in_common(plans[s], mean), by_chance
    return found


def _in_common(plan: F64, other: F64) -> float:
    """Share of mass that two plans with sum 1 have in common: the sum of the smaller of each two cells."""
    return float(np.minimum(plan, other).sum())
