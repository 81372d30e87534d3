"""Means over subjects with their error bars, where subjects and stimuli are both samples, and paired tests of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mot_fast._validate import F64, Index
from mot_fast.analysis.resampling import VALUES_AT_ONCE
from mot_fast.measures.p_values import TIE, adjust
from mot_fast.system.brief_repr import brief_repr

MOST_EXACT = 12
"""Number of subjects up to which all their 2^n signs are tried."""


@dataclass(frozen=True)
class PopulationMean:
    """Mean of a figure over subjects, with its error bars; see `mot_fast.compare_subjects` for both kinds of them."""

    value: float
    """Mean over the subjects."""
    sd: float
    """Standard deviation over the subjects."""
    standard_error: float
    """Standard error of the mean where only the subjects are a sample: ``sd / sqrt(n_subjects)``, or, where subjects
    predict each other, the same of their contributions."""
    low: float
    """Lower end of the t interval that belongs to `standard_error`: other subjects, the same stimuli."""
    high: float
    """Upper end of that interval."""
    crossed_standard_error: float
    """Standard error where the held-out stimuli are a sample, too; NaN for what no stimuli are held out for."""
    crossed_low: float
    """Lower end of the t interval that belongs to `crossed_standard_error`: other subjects, other stimuli. It is no
    shorter than the interval over subjects."""
    crossed_high: float
    """Upper end of that interval."""

    __repr__ = brief_repr


@dataclass(frozen=True)
class PairedTest:
    """One method against another, subject by subject; made by `mot_fast.compare_subjects`."""

    method: str
    than: str
    difference: PopulationMean
    """Mean of the differences of the subjects' scores, method less control."""
    n_better: int
    """Number of subjects whose score is higher by the method."""
    n_subjects: int
    p_value: float
    """One-sided p-value of "the method scores higher in the mean", by flipping the signs of subjects' differences."""
    p_adjusted: float
    """The p-value adjusted for all tests of the comparison, by Holm's procedure."""

    __repr__ = brief_repr


@dataclass(frozen=True, eq=False)
class SubjectValues:
    """One figure of every subject, and how much of its mean subjects and held-out stimuli account for."""

    values: F64
    """`(n_subjects,)`: the figure."""
    contributions: F64 | None = None
    """`(n_subjects,)`: numbers with the same mean, each of which depends on one subject alone; None where the figures
    do so themselves."""
    parts: F64 | None = None
    """`(n_subjects, n_stimuli)`: change of each figure with the weight of each stimulus, to first order: with weights w
    it is ``value + parts @ (w - 1)``. None where the stimuli are no sample."""

    __repr__ = brief_repr

    def __sub__(self, other: SubjectValues) -> SubjectValues:
        return SubjectValues(
            self.values - other.values,
            _difference(self.contributions, other.contributions),
            _difference(self.parts, other.parts),
        )


def _difference(one: F64 | None, other: F64 | None) -> F64 | None:
    return None if one is None or other is None else one - other


@dataclass(frozen=True, eq=False)
class RandomEffects:
    """How subjects and held-out stimuli count as samples of all that there could be, and how means are tested."""

    n_stimuli: int
    """Number of held-out stimuli."""
    confidence: float = 0.95
    """Confidence level of the intervals."""
    n_permutations: int = 9999
    """Number of random signs in tests of more than `MOST_EXACT` subjects."""
    seed: int = 0
    """Seed of these signs."""
    block_length: int | None = None
    """Number of consecutive stimuli that may depend on each other; None where each stimulus is a draw of its own."""
    groups: Index | None = None
    """Number of the group of each stimulus, held out or not; None where there are no groups."""
    n_groups: int | None = None
    """Number of groups of the held-out stimuli."""

    __repr__ = brief_repr

    @property
    def n_draws(self) -> float:
        """Number of independent draws of stimuli: of groups, of blocks, or of single stimuli."""
        return self.n_stimuli / (self.block_length or 1) if self.n_groups is None else float(self.n_groups)

    def stimulus_variances(self, parts: F64) -> F64:
        """Variances of the sums of rows `(n, n_stimuli)` of stimuli's parts, where stimuli are drawn anew.

        It is the sum over groups of the squares of their sums; or, with blocks, the mean of these sums over all places
        of the blocks (Kuensch, Annals of Statistics 17, 1989); a single stimulus is a block of length 1.
        """
        if self.groups is not None:
            of_groups = np.array([np.bincount(self.groups, weights=row) for row in parts])
            squares = np.einsum("ij,ij->i", of_groups, of_groups)
        else:
            n, length = parts.shape[1], self.block_length or 1
            until = np.zeros((len(parts), n + 1))  # sums of the parts before each stimulus
            np.cumsum(parts, axis=1, out=until[:, 1:])
            ends = np.arange(1, n + length)
            of_blocks = until[:, np.minimum(ends, n)] - until[:, np.maximum(ends - length, 0)]
            squares = np.einsum("ij,ij->i", of_blocks, of_blocks) / length
        return np.asarray(squares * self.n_draws / (self.n_draws - 1))

    def mean(self, subjects: SubjectValues) -> PopulationMean:
        """The mean of a figure over subjects, with its error bars.

        Notes
        -----
        With subjects and stimuli crossed, a mean of ``a_s + b_t + c_st`` has the variance ``A / S + B / T + C / (S
        T)``. Subjects drawn anew show ``A / S + C / (S T)``, stimuli drawn anew ``B / T + C / (S T)``, and both at once
        ``A / S + B / T + 3 C / (S T)``, which is too much (Owen, Annals of Applied Statistics 1, 2007). The sum of the
        first two less the interaction, which both hold, is unbiased. It is twice the sum less the third, the corrected
        double bootstrap of Schuett et al. (eLife 12, 2023), who keep it above the first two, as is done here. All are
        found in closed form, without draws. Degrees of freedom are Satterthwaite's.
        """
        values, parts = subjects.values, subjects.parts
        n, mean, sd = len(values), float(values.mean()), float(values.std(ddof=1))
        contributions = values if subjects.contributions is None else subjects.contributions
        of_subjects = float(contributions.var(ddof=1)) / n
        plain = _t_interval(mean, of_subjects, n - 1.0, self.confidence)
        if parts is None or np.isnan(mean):
            return PopulationMean(mean, sd, *plain, np.nan, np.nan, np.nan)
        common = parts.mean(axis=0)
        of_stimuli = float(self.stimulus_variances(common[None])[0])
        of_both = float(self.stimulus_variances(parts - common).sum()) / (n * (n - 1))
        total = max(of_subjects + of_stimuli - of_both, of_subjects, of_stimuli)
        a, b = n - 1.0, self.n_draws - 1
        spread = of_subjects**2 / a + of_stimuli**2 / b + of_both**2 / (a * b)
        df = max(total**2 / spread, min(a, b)) if spread > 0 else min(a, b)
        standard_error, low, high = _t_interval(mean, total, df, self.confidence)
        # With few subjects the degrees of freedom may be so many more that the interval would be the shorter one.
        return PopulationMean(mean, sd, *plain, standard_error, min(low, plain[1]), max(high, plain[2]))

    def tests(self, pairs: Sequence[tuple[str, str]], subjects: Mapping[str, SubjectValues]) -> tuple[PairedTest, ...]:
        """Tests of pairs of methods, adjusted for their number.

        Parameters
        ----------
        pairs : sequence of pairs of str
            A method, and the one that it may be better than.
        subjects : mapping
            Scores of every subject, by method.
        """
        if not pairs:
            return ()
        differences = [subjects[name] - subjects[than] for name, than in pairs]
        flipped = [each.values if each.contributions is None else each.contributions for each in differences]
        p_values = sign_flip_p_values(np.array(flipped), self.n_permutations, self.seed)
        return tuple(
            PairedTest(
                method=name,
                than=than,
                difference=self.mean(difference),
                n_better=int((difference.values > TIE).sum()),
                n_subjects=len(difference.values),
                p_value=float(p_value),
                p_adjusted=float(p_adjusted),
            )
            for (name, than), difference, p_value, p_adjusted in zip(
                pairs, differences, p_values, adjust(p_values), strict=True
            )
        )


def _t_interval(mean: float, variance: float, df: float, confidence: float) -> tuple[float, float, float]:
    """Standard error, and the ends of Student's interval."""
    from scipy.special import stdtrit

    standard_error = float(np.sqrt(variance))
    reach = float(stdtrit(df, (1 + confidence) / 2)) * standard_error
    return standard_error, mean - reach, mean + reach


def sign_flip_p_values(differences: F64, n_permutations: int, seed: int) -> F64:
    """One-sided p-values of "the mean of the differences is above 0", `(n_tests,)`.

    If the two scores of a subject could be exchanged, its difference could have either sign. Up to `MOST_EXACT`
    subjects all signs are tried, and a p-value is the share of them whose mean is as large as the one observed; beyond,
    it is ``(1 + #{mean >= observed}) / (1 + n_permutations)`` over random signs.

    Parameters
    ----------
    differences : array, `(n_tests, n_subjects)`
    n_permutations : int
        Number of random signs, where not all are tried.
    seed : int
        Seed of `numpy.random.default_rng`; a sign is negative where its `random` is below 1/2.
    """
    n = differences.shape[1]
    observed = differences.mean(axis=1) - TIE
    if n <= MOST_EXACT:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
        return np.asarray(_as_large(signs, differences, observed) / len(signs))
    rng, n_as_large = np.random.default_rng(seed), np.ones(len(differences))
    step = max(1, VALUES_AT_ONCE // n)
    for first in range(0, n_permutations, step):
        is_flipped = rng.random((min(step, n_permutations - first), n)) < 0.5
        n_as_large += _as_large(np.where(is_flipped, -1.0, 1.0), differences, observed)
    return np.where(np.isnan(observed), np.nan, n_as_large / (1 + n_permutations))


def _as_large(signs: F64, differences: F64, observed: F64) -> F64:
    """How many rows of signs give each test a mean as large as the one observed."""
    means = signs @ differences.T / differences.shape[1]
    return np.where(np.isnan(observed), np.nan, (means >= observed).sum(axis=0))
