"""Sets of held-out stimuli that are drawn, left out or exchanged together: single stimuli, groups or blocks."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Index
from mot_fast.alignment.held_out import VaryingUnits, mean_influences
from mot_fast.analysis.shuffles import Shuffle
from mot_fast.analysis.splits import Groups, Splits
from mot_fast.networks.split import group_numbers

BlockLength = int | Literal["auto"]

MIN_SETS = 3
"""Smallest number of sets whose scores can be said to vary."""
MIN_AUTOMATIC_BLOCKS = 5
"""Smallest number of blocks of automatic length: with fewer, no exchange of blocks has a p-value below 0.05."""
LENGTHENING = 3.0
"""Ratio of the automatic length to Politis and White's, which makes the error of the variance least; the coverage of
intervals needs longer blocks."""


@dataclass(frozen=True, eq=False)
class StimulusSets:
    """A partition of the held-out stimuli; made by `stimulus_sets`."""

    numbers: Index
    """`(n_stimuli,)`: the set of every stimulus, from 0 on; a set's first stimulus comes before that of the next set.
    """
    n: int
    """Number of sets."""
    block_length: int | None
    """Length of the blocks, if the sets are blocks of consecutive stimuli."""

    def spread(self, rows: F64) -> F64:
        """Values of the sets, `(n_rows, n_sets)`, as values of their stimuli, `(n_rows, n_stimuli)`."""
        return np.take(rows, self.numbers, axis=1)

    def sizes(self) -> Index:
        """Number of stimuli in each set."""
        return np.bincount(self.numbers).astype(np.int64)

    def sums(self, values: F64, first: int, stop: int) -> F64:
        """Sums of `values`, `(n_stimuli, n_units)`, over each of the sets from `first` to `stop`."""
        starts = np.concatenate([[0], np.cumsum(self.sizes())])[first : stop + 1]
        members = np.argsort(self.numbers, kind="stable")[starts[0] : starts[-1]]
        return np.asarray(np.add.reduceat(values[members], starts[:-1] - starts[0], axis=0))


def stimulus_sets(n_stimuli: int, groups: Groups | None, block_length: BlockLength | None) -> StimulusSets:
    """The groups, or blocks of this length, or else the single stimuli.

    A block that would be shorter than the others is shared out among them: no block is shorter than `block_length`.

    Raises
    ------
    TypeError, ValueError
        If the groups are not one label for each stimulus, the length is no such integer, or there are fewer than three
        sets.
    """
    if groups is not None:
        numbers = group_numbers(groups, n_stimuli)
        n = int(numbers.max()) + 1
        if n < MIN_SETS:
            raise ValueError(f"groups: expected at least {MIN_SETS} groups of held-out stimuli, found {n}")
        return StimulusSets(numbers, n, None)
    if block_length is None:
        return StimulusSets(np.arange(n_stimuli), n_stimuli, None)
    length = _validate.whole_number(block_length, "block_length", at_least=1)
    n = n_stimuli // length
    if n < MIN_SETS:
        raise ValueError(
            f"block_length: expected at least {MIN_SETS} blocks of the {n_stimuli} held-out stimuli, found {n} of "
            f"length {length}"
        )
    return StimulusSets(np.arange(n_stimuli) * n // n_stimuli, n, length)


def is_automatic(groups: Groups | None, block_length: Any) -> bool:
    """Whether the length of the blocks is to be found from the predictions.

    Raises
    ------
    ValueError
        If both groups and a length are given, or the length is another word.
    """
    if groups is not None and block_length is not None:
        raise ValueError(f"block_length: expected None where groups are given, found {block_length!r}")
    if isinstance(block_length, str):
        return _validate.choice(block_length, ("auto",), "block_length") == "auto"
    return False


@dataclass(frozen=True)
class Together:
    """Stimuli that are resampled together: groups, blocks of consecutive held-out stimuli, or each alone."""

    labels: Sequence[Hashable] | None
    block_length: BlockLength | None

    @classmethod
    def validated(cls, splits: Splits, groups: Groups | None, block_length: Any) -> Together:
        """The groups, or blocks of the length asked for, or of an automatic length if the splits are blocks.

        Raises
        ------
        TypeError, ValueError
            If the length is none that `mot_fast.p_better` takes for all of the held-out stimuli.
        """
        if groups is not None or (block_length is None and not splits.are_blocks):
            is_automatic(groups, block_length)  # for its errors
            return cls(None if groups is None else list(groups), None)
        length: BlockLength = "auto" if block_length is None else block_length
        if not is_automatic(None, length):
            stimulus_sets(min(splits.n_test), None, length)
        return cls(None, length)

    def shuffle(self, n_stimuli: int) -> Shuffle:
        """How all stimuli are shuffled, so that what belongs together stays together.

        Groups are shuffled as wholes, and where held-out stimuli are resampled in blocks the record is shifted.

        Raises
        ------
        ValueError
            If no two groups are of one size.
        """
        found = Shuffle.of("stimuli" if self.block_length in (None, 1) else "circular", None, self.labels, n_stimuli)
        found.check(np.arange(n_stimuli))
        return found

    def of(self, test: Index) -> Mapping[str, Any] | None:
        """Arguments of `p_value` for these held-out stimuli; None if they are of fewer than three groups."""
        if self.labels is None:
            return {"block_length": self.block_length}
        groups = [self.labels[t] for t in test]
        return {"groups": groups} if len(set(groups)) >= MIN_SETS else None


def automatic_length(series: F64) -> int:
    """Length of blocks for a mean of autocorrelated numbers, so that intervals and tests are nearly as they say.

    Three times the length of Politis and White, at least the square root of the number of stimuli, and a fifth of it at
    most. Theirs makes the error of a bootstrap's variance least, and leaves it too small (Sun, Phillips & Jin,
    Econometrica 76, 2008, on what tests need instead); these figures cover best in simulations.

    Parameters
    ----------
    series : array, `(n_stimuli,)`
        Influences of the stimuli; see `influences`.
    """
    n = len(series)
    wanted = math.ceil(max(math.sqrt(n), LENGTHENING * politis_white(series)))
    return max(1, min(wanted, n // MIN_AUTOMATIC_BLOCKS))


def politis_white(series: F64) -> float:
    """Length of blocks for the circular bootstrap of a mean that makes the error of its variance least.

    Politis & White (Econometric Reviews 23, 2004), with the correction of Patton, Politis & White (28, 2009). The
    autocovariances are weighted by a flat-top window of width 2 m, where m is the first lag from which on K
    autocorrelations are within chance.

    Parameters
    ----------
    series : array, `(n_stimuli,)`
        Numbers in the order of time, at least three of them.

    Returns
    -------
    float
        The length, at most ``min(3 * sqrt(n), n / 3)``, rounded up; 0 of a constant series.
    """
    n = len(series)
    deviations = series - series.mean()
    n_looked_at = max(5, int(math.log10(n)))
    last = min(math.ceil(math.sqrt(n)) + n_looked_at, n - 2)
    products = np.array([deviations[k:] @ deviations[: n - k] for k in range(last + 1)])
    squares = np.cumsum(deviations**2)
    norms = np.array([(squares[-1] - squares[k]) * squares[n - k - 2] for k in range(last + 1)])
    is_chance = np.abs(products) < 2 * np.sqrt(math.log10(n) / n * norms)
    m = next((k for k in range(last - n_looked_at + 1) if is_chance[k : k + n_looked_at].all()), None)
    width = last if m is None else min(2 * max(m, 1), last)
    lags = np.arange(1, width + 1)
    weights = 2 * np.minimum(1.0, 2 * (1 - lags / width)) * products[1 : width + 1] / n
    slope, variance = float(weights @ lags), float(products[0] / n + weights.sum())
    longest = math.ceil(min(3 * math.sqrt(n), n / 3))
    if slope == 0:
        return 0.0
    return float(min(longest, (1.5 * n * (slope / variance) ** 2) ** (1 / 3))) if variance else float(longest)


def influences(layers: Sequence[VaryingUnits], which: int = 0) -> F64:
    """Influence of each stimulus on the score of one of the predictions, `(n_stimuli,)`, to first order.

    It is the mean over units, then over layers; see `mean_influences`.
    """
    means = [mean_influences(layer.truth, layer.predictions[which]) for layer in layers if layer.truth.size]
    return np.asarray(np.mean(means, axis=0)) if means else np.zeros(len(layers[0].truth))
