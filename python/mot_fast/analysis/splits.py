"""The argument `splits` of an analysis: random splits, given ones or those of a splitter, validated and described."""

from __future__ import annotations

import hashlib
import itertools
import math
import operator
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Index, Selection
from mot_fast.networks.split import blocked_splits, group_numbers, split
from mot_fast.system import memory


class Splitter(Protocol):
    """Anything that splits stimuli as splitters of scikit-learn do: `KFold`, `GroupKFold`, `TimeSeriesSplit`, ..."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterable[tuple[Any, Any]]:
        """Pairs of training and held-out indices."""


GivenSplits = int | Iterable[tuple[Selection, Selection]] | Splitter
"""Splits as they are given: how many random ones, pairs of training and held-out stimuli, or a splitter."""

Groups = Iterable[Hashable]
"""Group of every stimulus."""

_EXPECTED = "expected an integer, a list of (train, test) pairs, or a splitter as those of scikit-learn"
_GROUPED = "random splits of whole groups"


@dataclass(frozen=True, eq=False)
class Splits:
    """Validated splits of stimuli, and what kind of splits they are."""

    rows: tuple[tuple[Index, Index], ...]
    """Training and held-out stimuli of every split."""
    kind: str
    """"random", "grouped" (random splits of whole groups), "blocked" (contiguous blocks, each held out once), "given",
    or the class of the splitter."""
    description: str
    """What the splits are, in the plural, as "random splits"."""
    test_size: float
    """Fraction of the stimuli that is held out: the one asked for, or the mean of given splits."""
    has_groups: bool = False
    """Whether stimuli have groups, which no split cuts in two."""

    @classmethod
    def validated(
        cls,
        splits: GivenSplits,
        n_stimuli: int,
        *,
        groups: Groups | None = None,
        test_size: float,
        seed: int,
        sides: str = "{side} stimuli of a split",
    ) -> Splits:
        """The splits that an argument asks for.

        If random splits have too few stimuli on a side, their error begins with `sides`.

        Raises
        ------
        TypeError, ValueError
            If `splits` are none that `mot_fast.compare` takes, a split leaves fewer than 3 stimuli on a side or cuts a
            group in two, or another argument is none that `mot_fast.split` takes.
        """
        seed = _validate.whole_number(seed, "seed", at_least=0)
        number = _number(splits)
        numbered = None if groups is None else group_numbers(groups, n_stimuli)
        if number is not None:
            rows = _random(number, n_stimuli, numbered, test_size, seed)
            kind, description = ("random", "random splits") if groups is None else ("grouped", _GROUPED)
            found = cls(rows, kind, description, float(test_size), numbered is not None)
        else:
            split(n_stimuli, test_size, seed)  # for its errors
            found = _given(splits, n_stimuli, numbered)
            if numbered is not None:
                _check_groups(found, numbered)
        found._check_sizes(sides)
        found._check_repeats()
        return found

    @property
    def n_train(self) -> tuple[int, ...]:
        """Number of training stimuli of every split."""
        return tuple(len(train) for train, _ in self.rows)

    @property
    def n_test(self) -> tuple[int, ...]:
        """Number of held-out stimuli of every split."""
        return tuple(len(test) for _, test in self.rows)

    @property
    def is_random(self) -> bool:
        """Whether the splits are random ones of consecutive seeds, of single stimuli or of whole groups."""
        return self.kind in ("random", "grouped")

    @property
    def are_blocks(self) -> bool:
        """Whether every split holds out stimuli in a row, without groups: those of a time series are neighbours."""
        return not (self.is_random or self.has_groups) and all(
            np.array_equal(test, np.arange(test[0], test[0] + len(test))) for _, test in self.rows
        )

    def share_with_trained_neighbours(self) -> float:
        """Share of the held-out stimuli whose neighbour, before or after, is trained on; the mean over splits."""
        shares = [np.isin(test[:, None] + [-1, 1], train).any(axis=1).mean() for train, test in self.rows]
        return float(np.mean(shares))

    def _check_repeats(self) -> None:
        """Raise if a split comes twice: what is computed over splits would count it twice."""
        first: dict[bytes, int] = {}
        for k, (train, test) in enumerate(self.rows):
            other = first.setdefault(_digest(train) + _digest(test), k)
            if other != k:
                raise ValueError(f"splits: expected each split once, found splits[{other}] again as splits[{k}]")

    def _check_sizes(self, sides: str) -> None:
        """Raise unless there are enough stimuli for correlations on both sides of every split."""
        for k, pair in enumerate(self.rows):
            what = sides if self.is_random else f"{{side}} stimuli of splits[{k}]"
            for rows, side in zip(pair, ("training", "held-out"), strict=True):
                _validate.enough_stimuli(len(rows), what.format(side=side))


def _number(splits: Any) -> int | None:
    """The number of random splits; None where splits are given in another way."""
    try:
        operator.index(splits)
    except TypeError:
        return None
    return _validate.whole_number(splits, "splits", at_least=1, at_most=_validate.MOST_REPEATS)


def _random(
    number: int, n_stimuli: int, numbered: Index | None, test_size: float, seed: int
) -> tuple[tuple[Index, Index], ...]:
    """Random splits of consecutive seeds, but for those that hold out what an earlier one does."""
    n_bytes = number * n_stimuli * np.dtype(np.int64).itemsize
    if n_bytes > memory.available():
        raise ValueError(
            f"splits: expected splits that fit into memory, found {number} of {memory.format_bytes(n_bytes)}"
        )
    groups = None if numbered is None else numbered.tolist()
    first = split(n_stimuli, test_size, seed, groups=groups)
    n = n_stimuli if numbered is None else int(numbered.max()) + 1
    n_test = len(first[1]) if numbered is None else len(np.unique(numbered[first[1]]))
    if n < 64 and number > (n_possible := math.comb(n, n_test)):  # of more there are always enough
        what = "stimuli" if numbered is None else "groups"
        raise ValueError(f"splits: expected at most {n_possible} of {n} {what}, all that there are, found {number}")
    found: dict[bytes, tuple[Index, Index]] = {}
    seeds = itertools.count(seed)
    while len(found) < number:
        train, test = split(n_stimuli, test_size, next(seeds), groups=groups)
        found.setdefault(_digest(test), (train, test))
    return tuple(found.values())


def _digest(rows: Index) -> bytes:
    """The same for the same stimuli in any order, and for no others."""
    return hashlib.sha256(np.sort(rows).tobytes()).digest()


def _given(splits: Any, n_stimuli: int, numbered: Index | None) -> Splits:
    """Pairs that the caller gave, or that the caller's splitter makes."""
    is_splitter = callable(getattr(splits, "split", None)) and not isinstance(splits, (str, bytes, np.ndarray))
    if is_splitter:
        kind = type(splits).__name__
        pairs = _pairs_of(splits, kind, n_stimuli, numbered)
        description = f"splits of {kind}"
    elif isinstance(splits, Iterable) and not isinstance(splits, (str, bytes, Mapping)):
        kind, pairs, description = "given", list(islice(splits, _validate.MOST_REPEATS + 1)), "given splits"
    else:
        raise TypeError(f"splits: {_EXPECTED}, found {splits!r}")
    if not 0 < len(pairs) <= _validate.MOST_REPEATS:
        found = "none" if not pairs else f"more than {_validate.MOST_REPEATS}"
        raise ValueError(f"splits: expected splits, at most {_validate.MOST_REPEATS}, found {found}")
    rows = tuple(
        validated_pair(pair, n_stimuli, f"splits[{k}]", "; one split is [pair]") for k, pair in enumerate(pairs)
    )
    gap = _gap_between_blocks(rows, n_stimuli)
    if kind == "given" and gap is not None:
        kind, description = "blocked", f"contiguous blocks {f'with gaps of {gap} stimuli' if gap else 'without gaps'}"
    test_size = float(np.mean([len(test) for _, test in rows]) / n_stimuli)
    return Splits(rows, kind, description, test_size, numbered is not None)


def _pairs_of(splitter: Splitter, name: str, n_stimuli: int, numbered: Index | None) -> list[Any]:
    """Pairs that a splitter makes of so many stimuli, one more than are allowed at most."""
    try:
        found = iter(splitter.split(np.zeros((n_stimuli, 1)), None, numbered))
        return list(islice(found, _validate.MOST_REPEATS + 1))
    except Exception as error:  # a splitter of the caller may raise anything
        raise ValueError(
            f"splits: expected a splitter of {n_stimuli} stimuli, found {name}, which says: {error}"
        ) from (error)


def validated_pair(pair: Any, n_stimuli: int, what: str, hint: str = "") -> tuple[Index, Index]:
    """Training and held-out stimuli of one split, in the order in which they were given."""
    is_pair = isinstance(pair, Sequence | np.ndarray) and not isinstance(pair, (str, bytes)) and len(pair) == 2
    if not is_pair or any(side is None or np.isscalar(side) for side in pair):
        raise TypeError(f"{what}: expected a pair (train, test) of stimuli, found {_shown(pair)}{hint}")
    train, test = (
        _validated_side(side, n_stimuli, f"{what}, {name}") for side, name in zip(pair, ("train", "test"), strict=True)
    )
    is_trained = np.zeros(n_stimuli, bool)
    is_trained[train] = True
    for both in test[is_trained[test]][:1]:
        raise ValueError(f"{what}: expected stimuli on one side each, found {both} in train and test")
    return train, test


def _shown(value: Any) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)


def _validated_side(side: Any, n_stimuli: int, what: str) -> Index:
    """Indices of the stimuli on one side of a split."""
    if isinstance(side, slice):
        return np.arange(n_stimuli)[side]
    index = _validate.array(side, what)
    if index.ndim != 1:
        raise ValueError(f"{what}: expected one-dimensional indices or a mask, found shape {index.shape}")
    if index.dtype.kind == "b":
        if len(index) != n_stimuli:
            raise ValueError(f"{what}: expected a mask of length {n_stimuli}, found {len(index)}")
        return np.flatnonzero(index)
    if index.size and index.dtype.kind not in "iu":
        raise TypeError(f"{what}: expected integers or booleans, found {index.dtype}")
    for bad in index[(index < 0) | (index >= n_stimuli)][:1]:
        raise ValueError(f"{what}: expected indices from 0 to {n_stimuli - 1}, found {bad}")
    index = index.astype(np.int64)
    counts = np.bincount(index, minlength=n_stimuli)
    for bad in np.flatnonzero(counts > 1)[:1]:
        raise ValueError(f"{what}: expected each stimulus once, found {bad} {counts[bad]} times")
    return index


def _check_groups(splits: Splits, numbered: Index) -> None:
    """Raise unless every group is on one side of every split, or left out of it."""
    for k, (train, test) in enumerate(splits.rows):
        for stimulus in test[np.isin(numbered[test], numbered[train])][:1]:
            raise ValueError(
                f"splits[{k}]: expected each group on one side, found that of stimulus {stimulus} in train and test"
            )


def _gap_between_blocks(rows: Sequence[tuple[Index, Index]], n_stimuli: int) -> int | None:
    """The gap with which `mot_fast.blocked_splits` makes these very splits; None where it does not make them."""
    train, test = rows[0]
    if len(rows) < 2 or not len(train) or not len(test):
        return None
    gap = int(train[0] - test[-1]) - 1
    try:
        expected = blocked_splits(n_stimuli, len(rows), gap)
    except ValueError:
        return None
    are_they = all(map(np.array_equal, _sides(rows), _sides(expected)))
    return gap if are_they else None


def _sides(rows: Iterable[tuple[Index, Index]]) -> Iterator[Index]:
    return (side for pair in rows for side in pair)
