"""Real activations that come with the package."""

from mot_fast.networks.bundled import resnets, training_runs

__all__ = ["resnets", "training_runs"]
