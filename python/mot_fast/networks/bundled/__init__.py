"""Bundled activations of real networks; `README.md` in this folder states their origin and licence."""

from __future__ import annotations

from pathlib import Path

from mot_fast.networks.load import load
from mot_fast.networks.network import Network

_FOLDER = Path(__file__).parent


def resnets() -> tuple[Network, Network]:
    """Load ResNet-20 and ResNet-56 on the same 1,200 CIFAR-10 test images, averaged over pixels.

    Returns
    -------
    resnet20, resnet56 : Network
        The stem and every block, 10 and 28 layers of 16, 32 and 64 units, float16.

    Examples
    --------
    >>> resnets()[0]
    Network('resnet20', 10 layers, 352 units, 1200 stimuli)
    """
    return load(_FOLDER / "resnet20.npz"), load(_FOLDER / "resnet56.npz")


def training_runs() -> tuple[dict[str, Network], dict[str, Network]]:
    """Load two training runs (seeds) of a small GPT-NeoX on the same sentences, each 12 checkpoints of step 0 to 1000.

    Returns
    -------
    run1, run2 : dict of Network
        Networks by training step, in order: 3 of the layers, 32 units of each, 128 sentences, float16.

    Examples
    --------
    >>> list(training_runs()[0])[-2:]
    ['step0512', 'step1000']
    """
    return _checkpoints("training_run1.npz"), _checkpoints("training_run2.npz")


def _checkpoints(file: str) -> dict[str, Network]:
    """Group the layers of a file, whose labels are `step_layer`, by training step."""
    network = load(_FOLDER / file)
    steps: dict[str, list[str]] = {}
    for label in network.labels:
        steps.setdefault(label.split("_")[0], []).append(label)
    return {step: network.select(labels) for step, labels in steps.items()}
