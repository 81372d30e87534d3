"""Real activations that come with the package; origin and licence in `README.md` beside them."""

from __future__ import annotations

from pathlib import Path

from mot_fast.loading import load
from mot_fast.network import Network


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
    folder = Path(__file__).parent
    return load(folder / "resnet20.npz"), load(folder / "resnet56.npz")
