"""Stimuli drawn at random: resamples to align networks on, and shuffles that unpair two networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import Index
from mot_fast.analysis.splits import Groups
from mot_fast.networks.split import group_numbers

KINDS = ("bootstrap", "halves")
Resamples = str | Iterable[npt.ArrayLike]
"""A kind of resamples, or the rows of each of them."""


@dataclass(frozen=True)
class Stimuli:
    """Stimuli that are drawn one by one, or by whole groups, or by blocks of consecutive ones."""

    n: int
    """Number of stimuli."""
    groups: list[Index] | None = None
    """Positions of the stimuli of every group; None where there are no groups."""
    block_length: int | None = None
    """Number of stimuli in a block; None where there are no blocks."""

    @classmethod
    def of(cls, n: int, groups: Groups | None, block_length: int | None) -> Stimuli:
        """The stimuli, with validated groups or blocks.

        Raises
        ------
        TypeError, ValueError
            If there are both, the groups are not one label for each stimulus or are fewer than two, or the stimuli have
            no two blocks of this length.
        """
        if groups is not None and block_length is not None:
            raise ValueError("groups and block_length: expected one of them, found both")
        if block_length is not None:
            block_length = _validate.whole_number(block_length, "block_length", at_least=1, at_most=n // 2)
        if groups is None:
            return cls(n, None, block_length)
        numbers = group_numbers(groups, n)
        return cls(n, [np.flatnonzero(numbers == g) for g in range(numbers.max() + 1)])

    def __str__(self) -> str:
        if self.groups is not None:
            return f"groups of stimuli ({len(self.groups):,})"
        return "stimuli" if self.block_length is None else f"blocks of {self.block_length:,} stimuli"

    def bootstrap(self, rng: np.random.Generator) -> Index:
        """As many stimuli, groups or blocks as there are, drawn with replacement.

        Blocks may begin anywhere, and go on at the first stimulus after the last one, so that all stimuli are drawn
        equally often (circular block bootstrap; Politis & Romano 1992).
        """
        if self.groups is not None:
            drawn = rng.integers(len(self.groups), size=len(self.groups))
            return np.sort(np.concatenate([self.groups[g] for g in drawn]))
        length = self.block_length or 1
        starts = rng.integers(self.n, size=-(-self.n // length))
        return np.sort(((starts[:, None] + np.arange(length)) % self.n).ravel()[: self.n])

    def halves(self, rng: np.random.Generator) -> tuple[Index, Index]:
        """Two sets that have no stimulus in common: half of the stimuli, groups or blocks, and the others."""
        parts = self.groups
        if parts is None:
            length = self.block_length or 1
            rows = (rng.integers(self.n) + np.arange(self.n)) % self.n
            parts = np.split(rows, range(length, self.n, length))
        order = rng.permutation(len(parts))
        one, other = order[: len(parts) // 2], order[len(parts) // 2 :]
        return np.sort(np.concatenate([parts[k] for k in one])), np.sort(np.concatenate([parts[k] for k in other]))

    def unpaired(self, rng: np.random.Generator) -> Index:
        """An order of the stimuli that leaves few in their places, and groups together, or neighbours where blocks are.

        Each group takes the place of another one. Where stimuli are drawn by blocks, all are shifted in a circle, by a
        block or more in either direction.
        """
        if self.groups is not None:
            shuffled = rng.permutation(len(self.groups))
            places, others = (
                np.concatenate([self.groups[g] for g in order]) for order in (shuffled, np.roll(shuffled, 1))
            )
            order = np.empty(self.n, dtype=np.int64)
            order[places] = others
            return order
        if self.block_length is None:
            return rng.permutation(self.n)
        return np.roll(np.arange(self.n), rng.integers(self.block_length, self.n - self.block_length + 1))


def drawn_rows(stimuli: Stimuli, resamples: Resamples, n_resamples: int, rng: np.random.Generator) -> list[Index]:
    """Rows of every resample; of halves, those that belong together follow each other.

    Raises
    ------
    TypeError, ValueError
        If the resamples are neither of a known kind nor arrays of row indices, or are too few.
    """
    if not isinstance(resamples, str):
        return _given_rows(resamples, stimuli.n)
    _validate.choice(resamples, KINDS, "resamples")
    n_resamples = _validate.whole_number(n_resamples, "n_resamples", at_least=2, at_most=_validate.MOST_REPEATS)
    if resamples == "bootstrap":
        return [stimuli.bootstrap(rng) for _ in range(n_resamples)]
    if n_resamples % 2:
        raise ValueError(f"n_resamples: expected an even number of halves, found {n_resamples}")
    return [half for _ in range(n_resamples // 2) for half in stimuli.halves(rng)]


def _given_rows(resamples: Iterable[npt.ArrayLike], n_stimuli: int) -> list[Index]:
    """Validated row indices of the resamples that a caller has drawn."""
    if not isinstance(resamples, Iterable):
        raise TypeError(f"resamples: expected one of {', '.join(map(repr, KINDS))}, or arrays, found {resamples!r}")
    given = [_rows(rows, n_stimuli, f"resamples[{k}]") for k, rows in enumerate(resamples)]
    if len(given) < 2:
        raise ValueError(f"resamples: expected at least two arrays of row indices, found {len(given)}")
    return given


def _rows(values: Any, n_stimuli: int, what: str) -> Index:
    """Row indices of one resample, which may repeat."""
    index = _validate.array(values, what)
    if index.ndim != 1:
        raise ValueError(f"{what}: expected row indices in one dimension, found shape {index.shape}")
    if index.dtype.kind not in "iu":
        raise TypeError(f"{what}: expected integers, found {index.dtype}")
    _validate.enough_stimuli(len(index), what)
    for bad in index[(index < 0) | (index >= n_stimuli)][:1]:
        raise IndexError(f"{what}: expected row indices from 0 to {n_stimuli - 1}, found {bad}")
    return index.astype(np.int64)
