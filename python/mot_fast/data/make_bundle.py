"""Makes the bundled activations: a seeded subset of the images of the full recordings.

    python -m mot_fast.data.make_resnets FOLDER

FOLDER holds `resnet20_cifar2000.npz` and `resnet56_cifar2000.npz`, each one `(2000, n_units)` array a layer.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

N_IMAGES = 1200
SEED = 0


def main(folder: str) -> None:
    """Write `resnet20.npz` and `resnet56.npz` beside this file."""
    rows = np.sort(np.random.default_rng(SEED).permutation(2000)[:N_IMAGES])
    for name in ("resnet20", "resnet56"):
        with np.load(Path(folder) / f"{name}_cifar2000.npz") as full:
            np.savez_compressed(Path(__file__).parent / f"{name}.npz", **{layer: full[layer][rows] for layer in full})


if __name__ == "__main__":
    main(*sys.argv[1:])
