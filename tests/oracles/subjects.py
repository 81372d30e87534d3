"""Slow twins of the statistics over subjects: variances from mean squares and from draws, weighted correlations.

Nothing here imports the package.
"""

from __future__ import annotations

import itertools

import numpy as np


def crossed_variance(table: np.ndarray) -> float:
    """Variance of the mean of a table of subjects and stimuli, both of them random, from the mean squares."""
    n_subjects, n_stimuli = table.shape
    grand, rows, columns = table.mean(), table.mean(axis=1), table.mean(axis=0)
    of_subjects = n_stimuli * sum((row - grand) ** 2 for row in rows) / (n_subjects - 1)
    of_stimuli = n_subjects * sum((column - grand) ** 2 for column in columns) / (n_stimuli - 1)
    rest = sum(
        (table[s, t] - rows[s] - columns[t] + grand) ** 2 for s in range(n_subjects) for t in range(n_stimuli)
    ) / ((n_subjects - 1) * (n_stimuli - 1))
    return (of_subjects + of_stimuli - rest) / (n_subjects * n_stimuli)


def double_bootstrap_variance(subjects, n_resamples: int, rng: np.random.Generator) -> float:
    """Variance of the mean score, from draws of subjects, of stimuli, and of both, whose excess is taken off.

    Parameters
    ----------
    subjects : sequence of pairs of arrays
        Held-out activations and predictions of every subject, `(n_stimuli, n_units)`, on the same stimuli.
    """
    n, n_stimuli = len(subjects), len(subjects[0][0])
    found = []
    for draws_subjects, draws_stimuli in ((True, True), (True, False), (False, True)):
        means = []
        for _ in range(n_resamples):
            drawn = rng.integers(n, size=n) if draws_subjects else np.arange(n)
            rows = rng.integers(n_stimuli, size=n_stimuli) if draws_stimuli else np.arange(n_stimuli)
            scores = {s: _mean_correlation(*(each[rows] for each in subjects[s])) for s in set(drawn.tolist())}
            means.append(np.mean([scores[s] for s in drawn]))
        found.append(np.var(means, ddof=1))
    of_subjects, of_stimuli = n / (n - 1), n_stimuli / (n_stimuli - 1)
    both = found[0] * of_subjects * of_stimuli
    return 2 * (found[1] * of_subjects + found[2] * of_stimuli) - both


def _mean_correlation(truth: np.ndarray, prediction: np.ndarray) -> float:
    return np.mean([np.corrcoef(x, p)[0, 1] for x, p in zip(truth.T, prediction.T, strict=True)])


def every_bootstrap_mean(values: np.ndarray) -> np.ndarray:
    """Means of all n^n draws of n values."""
    return np.array([np.mean(drawn) for drawn in itertools.product(values, repeat=len(values))])


def moving_blocks_variance(parts: np.ndarray, length: int) -> float:
    """Mean square of the sums over all places of a block, those that reach beyond either end included."""
    sums = [parts[max(first, 0) : first + length].sum() for first in range(1 - length, len(parts))]
    return sum(total**2 for total in sums) / length


def weighted_score(truths, predictions, weights: np.ndarray) -> float:
    """The score where every stimulus has a weight."""
    layers = []
    for truth, prediction in zip(truths, predictions, strict=True):
        units = []
        for x, p in zip(truth.T, prediction.T, strict=True):
            covariance = np.cov(x, p, aweights=weights)
            units.append(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
        layers.append(np.mean(units))
    return np.mean(layers)


def in_common(plan: np.ndarray, other: np.ndarray) -> float:
    """Share of mass that two plans have in common."""
    return sum(min(a, b) for a, b in zip(plan.ravel(), other.ravel(), strict=True))
