"""Splits of stimuli into training and held-out stimuli: at random, by whole groups, and by contiguous blocks."""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Iterable, Mapping, Set
from typing import Any

import numpy as np

from mot_fast import _dlpack, _validate
from mot_fast._validate import Index


def split(
    n_stimuli: int, test_size: float = 0.2, seed: int = 0, *, groups: Iterable[Hashable] | None = None
) -> tuple[Index, Index]:
    """Split stimuli at random into training and held-out stimuli.

    Parameters
    ----------
    n_stimuli : int
        Number of stimuli, at least 2.
    test_size : float
        Fraction of the stimuli that is held out, between 0 and 1; the number of held-out stimuli is rounded. With
        groups it is the fraction of the groups.
    seed : int
        Seed of `numpy.random.default_rng`; equal seeds give equal splits.
    groups : sequence, optional
        Group of every stimulus, such as the story, the object or the session that it belongs to: numbers or texts. Each
        group is then held out as a whole or not at all.

    Returns
    -------
    train, test : arrays of int
        Indices of the training and of the held-out stimuli, each increasing; together ``range(n_stimuli)``.

    Raises
    ------
    TypeError, ValueError
        If `n_stimuli` or `seed` is not such an integer, one side of the split would be empty, or `groups` are not one
        label for each stimulus, of two groups or more.

    Examples
    --------
    >>> train, test = split(10, test_size=0.2, seed=0)
    >>> len(train), len(test)
    (8, 2)
    >>> train, test = split(6, test_size=0.5, groups=["a", "a", "b", "c", "b", "d"])
    >>> test
    array([0, 1, 3])
    """
    n_stimuli = _validate.whole_number(n_stimuli, "n_stimuli", at_least=2)
    seed = _validate.whole_number(seed, "seed", at_least=0)
    numbered = None if groups is None else group_numbers(groups, n_stimuli)
    n, what = (n_stimuli, "stimuli") if numbered is None else (int(numbered.max()) + 1, "groups")
    n_test = _n_held_out(n, test_size, what)
    order = np.random.default_rng(seed).permutation(n)
    if numbered is None:
        return np.sort(order[n_test:]), np.sort(order[:n_test])
    is_held_out = np.isin(numbered, order[:n_test])
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def _n_held_out(n: int, test_size: float, what: str) -> int:
    """Number of stimuli or groups that are held out."""
    if isinstance(test_size, bool) or not isinstance(test_size, numbers.Real):
        raise TypeError(f"test_size: expected a number, found {test_size!r}")
    n_test = round(n * test_size) if 0 < test_size < 1 else 0
    if not 0 < n_test < n:
        raise ValueError(f"test_size: expected a fraction that leaves {what} on both sides, found {test_size} of {n}")
    return n_test


def blocked_splits(n_stimuli: int, n_splits: int = 5, gap: int = 0) -> list[tuple[Index, Index]]:
    """Split stimuli into contiguous blocks, and hold out each of them once.

    For time series and other stimuli whose neighbours are alike: a random split puts the neighbours of most held-out
    stimuli into the training stimuli, and scores are then too good (Roberts et al., Ecography 40, 2017).

    Parameters
    ----------
    n_stimuli : int
        Number of stimuli, at least 2.
    n_splits : int
        Number of blocks, at least 2. Their lengths differ by at most one stimulus; the longer ones come first.
    gap : int
        Number of stimuli on either side of the held-out block that are left out of the training stimuli. It should be
        as long as stimuli depend on each other: for fMRI the 10 to 20 seconds of the haemodynamic response, and more
        where the stimulus itself changes slowly.

    Returns
    -------
    list of (train, test)
        One pair for each block, in order: indices of the training and of the held-out stimuli, each increasing. Every
        stimulus is held out once.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such an integer, there are more blocks than stimuli, or a gap leaves no training stimuli.

    Examples
    --------
    >>> for train, test in blocked_splits(7, n_splits=3, gap=1):
    ...     print(train, test)
    [4 5 6] [0 1 2]
    [0 1 6] [3 4]
    [0 1 2 3] [5 6]
    """
    n_stimuli = _validate.whole_number(n_stimuli, "n_stimuli", at_least=2)
    n_splits = _validate.whole_number(n_splits, "n_splits", at_least=2, at_most=min(n_stimuli, _validate.MOST_REPEATS))
    gap = _validate.whole_number(gap, "gap", at_least=0)
    every = np.arange(n_stimuli)
    splits = []
    for test in np.array_split(every, n_splits):
        first, last = int(test[0]), int(test[-1])
        train = np.concatenate([every[: max(0, first - gap)], every[last + 1 + gap :]])
        if not len(train):
            raise ValueError(
                f"gap: expected one that leaves training stimuli beside every block, found {gap} beside blocks of "
                f"{len(test)} of {n_stimuli} stimuli"
            )
        splits.append((train, test))
    return splits


def group_numbers(groups: Iterable[Hashable], n_stimuli: int, at_least: int = 2) -> Index:
    """The group of every stimulus as a number; groups are numbered as they first appear, whatever their labels are.

    Raises
    ------
    TypeError, ValueError
        If they are not one label for each stimulus, or there are fewer groups than `at_least`.
    """
    if isinstance(groups, (str, bytes, Mapping, Set)) or not isinstance(groups, Iterable):
        raise TypeError(f"groups: expected one label for each stimulus, found {groups!r}")
    labels = _plain_labels(groups)
    if len(labels) != n_stimuli:
        raise ValueError(f"groups: expected one label for each of {n_stimuli} stimuli, found {len(labels)}")
    found: dict[Hashable, int] = {}
    numbered = np.empty(n_stimuli, np.int64)
    for k, label in enumerate(labels):
        if label is None or label is np.ma.masked or _is_unequal_to_itself(label):
            raise ValueError(f"groups: expected a label for every stimulus, found {label!r} first at stimulus {k}")
        try:
            numbered[k] = found.setdefault(label, len(found))
        except TypeError:
            raise TypeError(f"groups: expected numbers or texts, found {label!r} first at stimulus {k}") from None
    if len(found) < at_least:
        raise ValueError(f"groups: expected at least {at_least} groups, found {len(found)}, {labels[0]!r}")
    return numbered


def _plain_labels(groups: Iterable[Any]) -> list[Any]:
    """Labels of groups as values of Python."""
    if hasattr(groups, "__dlpack__") or hasattr(groups, "__array__"):
        is_foreign = not isinstance(groups, np.ndarray) and hasattr(groups, "__dlpack__")
        values = _dlpack.array(groups) if is_foreign else np.asanyarray(groups)
        if values.ndim != 1:
            raise ValueError(f"groups: expected one label for each stimulus, found shape {values.shape}")
        return list(values) if np.ma.is_masked(values) else list(values.tolist())
    return [_plain_label(label) for label in groups]


def _plain_label(label: Any) -> Any:
    """A label as a value of Python: arrays and tensors of one element, as lists of them have, may hash by identity."""
    is_array = getattr(label, "shape", None) == () and hasattr(label, "item") and label is not np.ma.masked
    return label.item() if is_array and not isinstance(label, np.datetime64 | np.timedelta64) else label


def _is_unequal_to_itself(label: Any) -> bool:
    """Whether a label is NaN, or what pandas has in the place of a missing label."""
    try:
        return bool(label != label)  # noqa: PLR0124
    except (TypeError, ValueError):
        return not isinstance(label, (np.ndarray, list))
