"""Layers of activations: recorded, bundled with mot_fast, or synthetic.

A recording is a `.npz` file with one `(n_stimuli, n_units)` array for every layer, in the order of depth. Layers are
numbered in the order of the file, and only the first 2,042 stimuli are used, the training share of 2,552.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import mot_fast as mot

Array = npt.NDArray[Any]
F64 = npt.NDArray[np.float64]
Networks = tuple[list[Array], list[Array]]

N_STIMULI = 2042
N_LATENT = 50
NOISE = 3.0

SMOLLM2 = "smollm2_135m_stsb2552.npz"
GEMMA3 = "gemma3_270m_stsb2552.npz"
MINILM = "minilm_l6_stsb2552.npz"


@functools.cache
def recorded(path: Path) -> list[Array]:
    """First stimuli of every layer of a recording, in the type of the file."""
    with np.load(path, allow_pickle=False) as archive:
        return [archive[label][:N_STIMULI].copy() for label in archive.files]


def side_by_side(path: Path, layers: Sequence[int]) -> F64:
    """Several layers of a recording as one layer."""
    return np.hstack([recorded(path)[l].astype(np.float64) for l in layers])


def resnets() -> Networks:
    """Layers of the bundled networks."""
    source, target = mot.data.resnets()
    return [source.layer(l) for l in source.labels], [target.layer(m) for m in target.labels]


def synthetic(widths: Sequence[int], n_stimuli: int, dtype: npt.DTypeLike) -> Iterator[Array]:
    """Layers of units that mix the same latent signals, each with noise of its own."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((n_stimuli, N_LATENT), dtype)
    for width in widths:
        layer = rng.standard_normal((n_stimuli, width), dtype)
        layer *= NOISE
        mixing = rng.standard_normal((N_LATENT, width), dtype)
        for t in range(n_stimuli):  # one row at a time, as a second layer in memory would change the peak
            layer[t] += latent[t] @ mixing
        yield layer


def standardized(activations: Array, dtype: npt.DTypeLike) -> Array:
    """Columns of mean 0 and length 1, so that products of columns are correlations; a constant one becomes 0."""
    deviations = activations.astype(dtype)
    is_constant = (deviations == deviations[0]).all(axis=0)
    deviations -= deviations.mean(axis=0)
    deviations /= np.where(is_constant, 1, np.linalg.norm(deviations, axis=0)).astype(dtype)
    deviations[:, is_constant] = 0
    return deviations


def correlation_cost(source: Array, target: Array) -> F64:
    """Cost 1 - r of every pair of units, in double precision."""
    return np.ascontiguousarray(1.0 - standardized(source, np.float64).T @ standardized(target, np.float64))
