"""Slow twins of the baselines, written from the definitions with numpy, scipy and scikit-learn alone.

Nothing here imports the package.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.spatial.distance
import scipy.stats
from sklearn.linear_model import Ridge, RidgeCV

ALPHAS = np.logspace(-8, 8, 17)


def rsa(x: np.ndarray, y: np.ndarray, compare: str = "spearman") -> float:
    """Correlation of the dissimilarities, 1 - Pearson correlation over units, of all pairs of stimuli."""
    correlate = {
        "spearman": scipy.stats.spearmanr,
        "pearson": scipy.stats.pearsonr,
        "kendall": scipy.stats.kendalltau,
    }[compare]
    dissimilarities = [scipy.spatial.distance.pdist(z.astype(np.float64), "correlation") for z in (x, y)]
    return float(correlate(*dissimilarities).statistic)


def linear_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Normalized Hilbert-Schmidt independence criterion of the centred linear kernels of the stimuli."""
    n = len(x)
    centre = np.eye(n) - np.ones((n, n)) / n

    def hsic(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.trace(centre @ (a @ a.T) @ centre @ (b @ b.T)))

    return hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))


def unbiased_hsic(x: np.ndarray, y: np.ndarray) -> float:
    """The estimator of Song et al. (2012), equation 5, from the full kernels of the stimuli with empty diagonals."""
    n, ones = len(x), np.ones(len(x))
    k, l = (z @ z.T * (1 - np.eye(n)) for z in (x, y))
    return (
        np.trace(k @ l)
        + (ones @ k @ ones) * (ones @ l @ ones) / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (ones @ k @ l @ ones)
    ) / (n * (n - 3))


def debiased_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Normalized unbiased estimator of the Hilbert-Schmidt independence criterion."""
    return unbiased_hsic(x, y) / np.sqrt(unbiased_hsic(x, x) * unbiased_hsic(y, y))


def procrustes(x: np.ndarray, y: np.ndarray) -> float:
    """Inner product of one layer with the other, best rotated, both centred, of norm 1 and padded to equal widths."""
    width = max(x.shape[1], y.shape[1])

    def padded(z: np.ndarray) -> np.ndarray:
        z = z - z.mean(axis=0)
        return np.pad(z / np.linalg.norm(z), ((0, 0), (0, width - z.shape[1])))

    rotation, _ = scipy.linalg.orthogonal_procrustes(padded(x), padded(y))
    return float(np.sum(padded(x) @ rotation * padded(y)))


def z_scores(training: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values by the training means and deviations; 0 for a unit that is constant in training."""
    is_constant = training.min(axis=0) == training.max(axis=0)
    deviation = np.where(is_constant, 1.0, training.std(axis=0))
    return np.where(is_constant, 0.0, (values - training.mean(axis=0)) / deviation)


def ridge(source: np.ndarray, target: np.ndarray, held_out: np.ndarray):
    """Alpha, predictions of the z-scored source from held-out targets, by scikit-learn."""
    outputs, inputs = z_scores(source, source), z_scores(target, target)
    model = RidgeCV(alphas=ALPHAS, gcv_mode="svd").fit(inputs, outputs)
    return model.alpha_, model.predict(z_scores(target, held_out)).reshape(len(held_out), -1)


def leave_one_out_predictions(source: np.ndarray, target: np.ndarray, alpha: float) -> np.ndarray:
    """Z-scored source activations at each stimulus, by a regression fitted on all other stimuli."""
    outputs, inputs = z_scores(source, source), z_scores(target, target)
    predictions = np.empty_like(outputs)
    for t in range(len(outputs)):
        others = np.arange(len(outputs)) != t
        model = Ridge(alpha=alpha, solver="svd").fit(inputs[others], outputs[others])
        predictions[t] = model.predict(inputs[[t]]).ravel()
    return predictions


def mean_correlation(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Mean over units of the correlation of truth and prediction; 0 for constant predictions, no constant truth."""
    r = []
    for x, z in zip(truth.T, prediction.T, strict=True):
        if np.ptp(x) > 0:
            r.append(np.corrcoef(x, z)[0, 1] if np.ptp(z) > 0 else 0.0)
    return float(np.mean(r))
