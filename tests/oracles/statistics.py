"""Slow twins of the statistics: intervals, tests, noise ceilings and nulls from their definitions.

Nothing here imports the package.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import scipy.optimize
import scipy.stats

from oracles import transports as oracles


def correlation(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Correlation of one unit with its prediction: NaN where the truth is constant, 0 where only the prediction is."""
    if np.ptp(truth) == 0:
        return np.nan
    if np.ptp(prediction) == 0:
        return 0.0
    return np.corrcoef(truth, prediction)[0, 1]


def score(truths: list[np.ndarray], predictions: list[np.ndarray]) -> float:
    """Mean over layers of the mean over units, leaving out what is undefined; NaN if all is."""
    layers = []
    for truth, prediction in zip(truths, predictions, strict=True):
        units = [correlation(truth[:, i], prediction[:, i]) for i in range(truth.shape[1])]
        if not np.isnan(units).all():
            layers.append(np.nanmean(units))
    return np.mean(layers) if layers else np.nan


def bootstrap_distribution(truths, predictions, counts: np.ndarray) -> np.ndarray:
    """The score of each resample; a row of counts says how often each stimulus is drawn."""
    scores = []
    for row in counts:
        drawn = [t for t, count in enumerate(row) for _ in range(count)]
        scores.append(score([x[drawn] for x in truths], [p[drawn] for p in predictions]))
    return np.array(scores)


def bca_interval(truths, predictions, distribution: np.ndarray, confidence: float):
    """Low, high and standard error, by scipy from a bootstrap distribution."""
    result = scipy.stats.bootstrap(
        (np.arange(len(truths[0])),),
        lambda drawn: score([x[drawn] for x in truths], [p[drawn] for p in predictions]),
        vectorized=False,
        n_resamples=0,
        confidence_level=confidence,
        bootstrap_result=SimpleNamespace(bootstrap_distribution=distribution),
    )
    return *result.confidence_interval, result.standard_error


def p_better(truths, predictions, others, is_exchanged: np.ndarray) -> float:
    """Share of exchanges, and of none, that leave a difference of scores as large as that found."""
    predictions, others = ([_z_scores(p) for p in of_layers] for of_layers in (predictions, others))

    def difference(mask):
        first = [np.where(mask[:, None], q, p) for p, q in zip(predictions, others, strict=True)]
        second = [np.where(mask[:, None], p, q) for p, q in zip(predictions, others, strict=True)]
        return score(truths, first) - score(truths, second)

    observed = difference(np.zeros(len(truths[0]), bool))
    return np.mean([True, *(difference(mask) >= observed - 1e-12 for mask in is_exchanged)])


def _z_scores(values: np.ndarray) -> np.ndarray:
    is_constant = np.ptp(values, axis=0) == 0
    scores = (values - values.mean(axis=0)) / np.where(is_constant, 1.0, values.std(axis=0))
    return np.where(is_constant, 0.0, scores.round(13))  # equal ones must stay so when they are mixed


def reliability(repeats: np.ndarray) -> float:
    """Reliability of the mean of one unit's repeats `(n_repeats, n_stimuli)`, from all splits into halves.

    By the model behind Spearman and Brown: a signal of variance 1 and, in each repeat, noise of variance s give halves
    of a and b repeats that correlate by ``1 / sqrt((1 + s / a) (1 + s / b))``. A negative correlation has the
    reliability of the positive one, with a minus.
    """
    n = len(repeats)
    if np.ptp(repeats.mean(axis=0)) == 0:
        return np.nan
    a, b = n // 2, n - n // 2
    correlations = []
    for half in itertools.combinations(range(n), a):
        other = [k for k in range(n) if k not in half]
        r = correlation(repeats[list(half)].mean(axis=0), repeats[other].mean(axis=0))
        correlations.append(0.0 if np.isnan(r) else r)
    r = np.mean(correlations)
    if r == 0:
        return 0.0
    noise = scipy.optimize.brentq(lambda s: (1 + s / a) * (1 + s / b) - 1 / r**2, 0.0, n / r**2, xtol=1e-14)
    return np.sign(r) / (1 + noise / n)


def hierarchies_of_all_layer_orders(plan: np.ndarray) -> np.ndarray:
    """The hierarchy score of the plan for every order of the target's layers."""
    return np.array([oracles.hierarchy(plan[:, list(order)]) for order in itertools.permutations(range(plan.shape[1]))])


def over_all_orders(parts: np.ndarray) -> tuple[float, float, float]:
    """Mean, standard deviation and share as large as the given order's, of the sums of parts over all orders of rows.

    In an order, row l of the table of parts is given column order[l].
    """
    n = len(parts)
    sums = [sum(parts[l, order[l]] for l in range(n)) for order in itertools.permutations(range(n))]
    return float(np.mean(sums)), float(np.std(sums)), float(np.mean(np.array(sums) >= np.trace(parts) - 1e-12))


def adjusted(p_values: np.ndarray, method: str) -> np.ndarray:
    """The least level at which a procedure for many tests, which rejects in steps, rejects each of them."""
    n = len(p_values)
    ordered = sorted(p_values)
    levels = [
        level
        for k, p in enumerate(ordered)
        for level in [p * (n - k) if method == "holm" else p * n / (k + 1)]
        if level < 1
    ]

    def rejected(level: float) -> set[float]:
        """P-values that are rejected at this level."""
        is_low = [
            p <= (1 + 1e-12) * level * (1 / (n - k) if method == "holm" else (k + 1) / n) for k, p in enumerate(ordered)
        ]
        n_rejected = next((k for k in range(n) if not is_low[k]), n) if method == "holm" else 0
        if method == "bh":
            n_rejected = max((k + 1 for k in range(n) if is_low[k]), default=0)
        return set(ordered[:n_rejected])

    return np.array([min((level for level in levels if p in rejected(level)), default=1.0) for p in p_values])


def sets_drawn(numbers: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """How often each stimulus is drawn, where each row of draws says how often each set of stimuli is."""
    counts = np.zeros((len(draws), len(numbers)), int)
    for row, of_sets in enumerate(draws):
        for t, number in enumerate(numbers):
            counts[row, t] = of_sets[number]
    return counts


def without_each_set(truths, predictions, numbers: np.ndarray) -> np.ndarray:
    """The score of all stimuli but those of one set, for each set."""
    kept = [np.flatnonzero(numbers != number) for number in np.unique(numbers)]
    return np.array([score([x[rows] for x in truths], [p[rows] for p in predictions]) for rows in kept])


def t_interval(truths, predictions, numbers: np.ndarray, confidence: float):
    """Low, high and standard error, by the jackknife that leaves out a set of stimuli, in Tukey's pseudo-values."""
    without = without_each_set(truths, predictions, numbers)
    n = len(without)
    pseudo_values = n * score(truths, predictions) - (n - 1) * without
    error = scipy.stats.sem(pseudo_values)
    low, high = scipy.stats.t(n - 1, score(truths, predictions), error).interval(confidence)
    return max(low, -1.0), min(high, 1.0), error


def p_by_t(truths, predictions, others, numbers: np.ndarray) -> float:
    """One-sided p-value of the mean of the pseudo-values of a difference, one for each set of stimuli."""
    without = without_each_set(truths, predictions, numbers) - without_each_set(truths, others, numbers)
    difference = score(truths, predictions) - score(truths, others)
    n = len(without)
    error = scipy.stats.sem(n * difference - (n - 1) * without)
    return scipy.stats.t(n - 1).sf(difference / error)


def politis_white(series: np.ndarray) -> float:
    """Block length of the circular bootstrap by the printed formulas, one lag at a time."""
    n = len(series)
    z = series - np.mean(series)

    def autocorrelation(k):
        pairs = [(z[t], z[t + k]) for t in range(n - k)]
        # The ends that a lag of one more than this leaves off are left out of the norm, as in the authors' program.
        norm = np.sqrt(sum(v**2 for v in z[k + 1 :]) * sum(v**2 for v in z[: n - k - 1]))
        return sum(a * b for a, b in pairs) / norm

    longest_lag = min(int(np.ceil(np.sqrt(n))) + 5, n - 2)
    bound = 2 * np.sqrt(np.log10(n) / n)
    m = longest_lag
    for first in range(longest_lag - 5 + 1):
        if max(abs(autocorrelation(k)) for k in range(first, first + 5)) < bound:
            m = min(2 * max(first, 1), longest_lag)
            break

    def window(k):
        return min(1.0, 2 * (1 - abs(k) / m))

    def autocovariance(k):
        return sum(z[t] * z[t + abs(k)] for t in range(n - abs(k))) / n

    g = sum(window(k) * abs(k) * autocovariance(k) for k in range(-m, m + 1))
    d = 4 / 3 * sum(window(k) * autocovariance(k) for k in range(-m, m + 1)) ** 2
    return min((2 * g**2 / d) ** (1 / 3) * n ** (1 / 3), np.ceil(min(3 * np.sqrt(n), n / 3)))


def influences(truths, predictions) -> np.ndarray:
    """Influence of each stimulus on the score, as its derivative: a little more weight is given to one at a time."""
    n, step = len(truths[0]), 1e-5

    def weighted(weights):
        layers = []
        for truth, prediction in zip(truths, predictions, strict=True):
            units = []
            for x, p in zip(truth.T, prediction.T, strict=True):
                covariance = np.cov(x, p, aweights=weights)
                units.append(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
            layers.append(np.mean(units))
        return np.mean(layers)

    changes = step * n * np.eye(n)
    return np.array([(weighted(1 - step + up) - weighted(1 + step - up)) / (2 * step) for up in changes])
