"""A script that makes the bundled activations, seeded subsets of full recordings.

    python -m mot_fast.networks.bundled.make_bundle FOLDER

FOLDER holds `resnet20_cifar2000.npz` and `resnet56_cifar2000.npz`, with one `(2000, n_units)` array for each layer, and
`neox6x128_seed1_trajectory.npz` and `neox6x128_seed2_trajectory.npz`, with `(512, 128)` arrays `stepSSSS_layerK`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

SEED = 0
N_IMAGES = 1200
N_SENTENCES = 128
N_UNITS = 32
LAYERS = ("layer1", "layer3", "layer5")

HERE = Path(__file__).parent


def main(folder: str) -> None:
    """Write `resnet20.npz`, `resnet56.npz`, `training_run1.npz` and `training_run2.npz` beside this file."""
    images = np.sort(np.random.default_rng(SEED).permutation(2000)[:N_IMAGES])
    for name in ("resnet20", "resnet56"):
        with np.load(Path(folder) / f"{name}_cifar2000.npz") as full:
            np.savez_compressed(HERE / f"{name}.npz", **{layer: full[layer][images] for layer in full})
    sentences = np.sort(np.random.default_rng(SEED).permutation(512)[:N_SENTENCES])
    for run in (1, 2):
        units = np.sort(np.random.default_rng([SEED, run]).permutation(128)[:N_UNITS])
        with np.load(Path(folder) / f"neox6x128_seed{run}_trajectory.npz") as full:
            kept = {key: full[key][np.ix_(sentences, units)] for key in full if key.endswith(LAYERS)}
        np.savez_compressed(HERE / f"training_run{run}.npz", **kept)


if __name__ == "__main__":
    main(*sys.argv[1:])
