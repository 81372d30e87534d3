"""Real activations that come with the package; origin and licence in `README.md` beside them."""

from __future__ import annotations

from pathlib import Path

from mot_fast.networks.load import load
from mot_fast.networks.network import Network

_FOLDER = Path(__file__).parent


def resnets() -> tuple[Network, Network]:
    """ResNet-20 and ResNet-56 on the same 1,200 CIFAR-10 test images: spatial means of the stem and of every block.

    Returns
    -------
    resnet20, resnet56 : Network
        10 and 28 layers of 16, 32 and 64 units, float16.

    Examples
    --------
    >>> resnets()[0]
    Network('resnet20', 10 layers, 352 units, 1200 stimuli)
    """
    return load(_FOLDER / "resnet20.npz"), load(_FOLDER / "resnet56.npz")


def training_runs() -> tuple[dict[str, Network], dict[str, Network]]:
    """Two runs (seeds) of training a small GPT-NeoX, each 12 checkpoints from step 0 to 1000, on the same sentences.

    Returns
    -------
    run1, run2 : dict of Network
        By step, in the order of training: 3 of the layers, 32 of the units of each, 128 sentences, float16.

    Examples
    --------
    >>> list(training_runs()[0])[-2:]
    ['step0512', 'step1000']
    """
    return _checkpoints("training_run1.npz"), _checkpoints("training_run2.npz")


def _checkpoints(file: str) -> dict[str, Network]:
    """Layers are called `step_layer`."""
    network = load(_FOLDER / file)
    steps: dict[str, list[str]] = {}
    for label in network.labels:
        steps.setdefault(label.split("_")[0], []).append(label)
    return {step: network.select(labels) for step, labels in steps.items()}
