"""Seeded splits of stimuli into training and held-out stimuli."""

from __future__ import annotations

import numbers

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Index


def split(n_stimuli: int, test_size: float = 0.2, seed: int = 0) -> tuple[Index, Index]:
    """Split stimuli at random into training and held-out stimuli.

    Parameters
    ----------
    n_stimuli : int
        Number of stimuli, at least 2.
    test_size : float
        Fraction of the stimuli that is held out, between 0 and 1; the number of held-out stimuli is rounded.
    seed : int
        Seed of `numpy.random.default_rng`; equal seeds give equal splits.

    Returns
    -------
    train, test : arrays of int
        Indices of the training and of the held-out stimuli, each increasing; together ``range(n_stimuli)``.

    Raises
    ------
    TypeError, ValueError
        If `n_stimuli` or `seed` is not such an integer, or one side of the split would be empty.

    Examples
    --------
    >>> train, test = split(10, test_size=0.2, seed=0)
    >>> len(train), len(test)
    (8, 2)
    """
    n_stimuli = _validate.whole_number(n_stimuli, "n_stimuli", at_least=2)
    seed = _validate.whole_number(seed, "seed", at_least=0)
    if isinstance(test_size, bool) or not isinstance(test_size, numbers.Real):
        raise TypeError(f"test_size: expected a number, found {test_size!r}")
    n_test = round(n_stimuli * test_size) if 0 < test_size < 1 else 0
    if not 0 < n_test < n_stimuli:
        raise ValueError(
            f"test_size: expected a fraction that leaves stimuli on both sides, found {test_size} of {n_stimuli}"
        )
    order = np.random.default_rng(seed).permutation(n_stimuli)
    return np.sort(order[n_test:]), np.sort(order[:n_test])
