"""The problems: pairs of recorded layers, and synthetic ones that need no recordings.

A recording is a `.npz` file with one `(n_stimuli, n_units)` array a layer, in depth order. Layers are numbered as they
stand in the file, and only the first 2,042 stimuli are used: the training share of 2,552.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import mot_fast as mot

Array = npt.NDArray[Any]
F64 = npt.NDArray[np.float64]

N_STIMULI = 2042
N_LATENT = 50
NOISE = 3.0

SMOLLM2 = "smollm2_135m_stsb2552.npz"
GEMMA3 = "gemma3_270m_stsb2552.npz"
MINILM = "minilm_l6_stsb2552.npz"


@dataclass(frozen=True)
class Recorded:
    """Two groups of recorded layers, the layers of a group side by side."""

    name: str
    source: tuple[str, tuple[int, ...]]
    target: tuple[str, tuple[int, ...]]


RECORDED = (
    Recorded("SmolLM2 7 x Gemma-3 5", (SMOLLM2, (7,)), (GEMMA3, (5,))),
    Recorded("SmolLM2 7 x MiniLM 3", (SMOLLM2, (7,)), (MINILM, (3,))),
    Recorded("SmolLM2 3 x 13, far apart", (SMOLLM2, (3,)), (SMOLLM2, (13,))),
    Recorded("SmolLM2 7 x 8, adjacent", (SMOLLM2, (7,)), (SMOLLM2, (8,))),
    Recorded("SmolLM2 2,6,9,13 x Gemma-3 2,4,6,8", (SMOLLM2, (2, 6, 9, 13)), (GEMMA3, (2, 4, 6, 8))),
    Recorded("SmolLM2 1,3,5,7 x 8,10,12,14, far apart", (SMOLLM2, (1, 3, 5, 7)), (SMOLLM2, (8, 10, 12, 14))),
    Recorded("SmolLM2 2,6,9,13 x 3,7,10,14, adjacent", (SMOLLM2, (2, 6, 9, 13)), (SMOLLM2, (3, 7, 10, 14))),
)


@dataclass(frozen=True)
class Case:
    """A cost matrix to be made when its turn comes; a small one has one layer a side."""

    name: str
    is_small: bool
    cost: Callable[[], F64]


def cases(folder: Path | None) -> Iterator[Case]:
    """Every solver case; without a folder of recordings, those that need none."""
    for target_layer in (14, 20):
        yield Case(f"ResNet-20 5 x ResNet-56 {target_layer}", True, partial(_resnet_cost, 5, target_layer))
    for pair in RECORDED if folder else ():
        is_small = len(pair.source[1]) == 1
        yield Case(pair.name, is_small, partial(_recorded_cost, folder, pair))
    for n_target in (2048, 3072):
        yield Case(f"synthetic, {N_LATENT} latent dimensions", False, partial(_synthetic_cost, 2048, n_target))


def network_names(folder: Path | None) -> tuple[str, str]:
    """Names of the two networks that are aligned whole."""
    return ("SmolLM2", "Gemma-3") if folder else ("ResNet-20", "ResNet-56")


def networks(folder: Path | None) -> tuple[list[Array], list[Array]]:
    """Layers of the two networks that are aligned whole, in memory, in the type that they were stored in."""
    if folder:
        return read_layers(folder / SMOLLM2), read_layers(folder / GEMMA3)
    source, target = mot.data.resnets()
    return [source.layer(l) for l in source.labels], [target.layer(m) for m in target.labels]


@functools.cache
def read_layers(path: Path) -> list[Array]:
    """The first stimuli of every layer of a recording."""
    with np.load(path, allow_pickle=False) as archive:
        return [archive[label][:N_STIMULI].copy() for label in archive.files]


def standardized(activations: Array, dtype: npt.DTypeLike) -> Array:
    """Columns of mean 0 and length 1, so that products of columns are correlations; a constant one becomes 0."""
    deviations = activations.astype(dtype)
    is_constant = (deviations == deviations[0]).all(axis=0)
    deviations -= deviations.mean(axis=0)
    deviations /= np.where(is_constant, 1, np.linalg.norm(deviations, axis=0)).astype(dtype)
    deviations[:, is_constant] = 0
    return deviations


def correlation_cost(source: Array, target: Array) -> F64:
    """1 - r of every pair of units, in double precision."""
    return np.ascontiguousarray(1.0 - standardized(source, np.float64).T @ standardized(target, np.float64))


def _recorded_cost(folder: Path, pair: Recorded) -> F64:
    source, target = (
        np.hstack([read_layers(folder / file)[l].astype(np.float64) for l in layers])
        for file, layers in (pair.source, pair.target)
    )
    return correlation_cost(source, target)


def _resnet_cost(source_layer: int, target_layer: int) -> F64:
    source, target = mot.data.resnets()
    return correlation_cost(source.layer(source_layer), target.layer(target_layer))


def _synthetic_cost(n_source: int, n_target: int) -> F64:
    """Units that mix the same latent signals, each with noise of its own."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((N_STIMULI, N_LATENT))
    source, target = (
        latent @ rng.standard_normal((N_LATENT, n)) + NOISE * rng.standard_normal((N_STIMULI, n))
        for n in (n_source, n_target)
    )
    return correlation_cost(source, target)
