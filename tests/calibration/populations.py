"""Populations of stimuli whose scores are known: layers are mixtures of independent sources of variance 1."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.signal

GROUP_SIZE = 5
"""Number of stimuli in a group of the grouped population."""
SHARE_OF_FIRING = 0.05
"""Share of the stimuli for which a sparse source fires."""


def gaussian(rng, n_stimuli, n_sources):
    """Independent normal sources."""
    return rng.standard_normal((n_stimuli, n_sources))


def heavy_tailed(rng, n_stimuli, n_sources):
    """Student's t with three degrees of freedom, whose fourth moment is infinite."""
    return rng.standard_t(3, (n_stimuli, n_sources)) / np.sqrt(3)


def sparse(rng, n_stimuli, n_sources):
    """Sources that are silent for most stimuli, and else exponential."""
    fires = rng.random((n_stimuli, n_sources)) < SHARE_OF_FIRING
    variance = 2 * SHARE_OF_FIRING - SHARE_OF_FIRING**2
    return fires * rng.exponential(size=fires.shape) / np.sqrt(variance)


def autoregressive(weight):
    """Stationary normal series, each value of which is the one before by this weight, and noise."""

    def draw(rng, n_stimuli, n_sources):
        noise = rng.standard_normal((n_stimuli, n_sources))
        noise[1:] *= np.sqrt(1 - weight**2)
        return scipy.signal.lfilter([1.0], [1.0, -weight], noise, axis=0)

    return draw


def grouped(rng, n_stimuli, n_sources):
    """Normal sources of which half the variance is common to each group of neighbouring stimuli."""
    common = np.repeat(rng.standard_normal((-(-n_stimuli // GROUP_SIZE), n_sources)), GROUP_SIZE, axis=0)[:n_stimuli]
    return np.sqrt(0.5) * (common + rng.standard_normal(common.shape))


AUTOREGRESSIVE = {"AR(0.5)": 0.5, "AR(0.9)": 0.9}
"""Weights of the value before."""
POPULATIONS = {
    "Gaussian": gaussian,
    "heavy-tailed": heavy_tailed,
    "sparse": sparse,
    **{name: autoregressive(weight) for name, weight in AUTOREGRESSIVE.items()},
    "grouped": grouped,
}
N_STIMULI = 20, 50, 200
"""Numbers of held-out stimuli."""


def exact(n_sources):
    """A few stimuli over which the sources have exactly the covariance that they have over endlessly many."""
    n = n_sources + 1
    return np.sqrt(n) * scipy.linalg.helmert(n).T


class Networks:
    """Two networks with layers in common: units carry shared sources, and each one its own noise.

    A unit of a sparse network carries a single shared source, so that it fires for few stimuli itself; other units mix
    all of them.
    """

    N_SHARED = 6

    def __init__(self, is_sparse, source_widths=(6, 5), target_widths=(5, 6, 7)):
        rng = np.random.default_rng(2026)
        widths = (*source_widths, *target_widths)
        self.n_sources, self._n_source_layers, self._mixtures = self.N_SHARED + sum(widths), len(source_widths), []
        first = self.N_SHARED
        for width in widths:
            mixture = np.zeros((self.n_sources, width))
            shared = rng.standard_normal((self.N_SHARED, width)) / np.sqrt(self.N_SHARED)
            mixture[: self.N_SHARED] = (
                np.eye(self.N_SHARED)[:, np.arange(width) % self.N_SHARED] if is_sparse else shared
            )
            mixture[np.arange(first, first + width), np.arange(width)] = 0.7
            first += width
            self._mixtures.append(mixture)

    def __call__(self, sources):
        """Activations of the layers of both networks, for the values of all sources."""
        layers = [sources @ mixture for mixture in self._mixtures]
        return layers[: self._n_source_layers], layers[self._n_source_layers :]
