"""Many transports on PyTorch's tensors: loaded, and torch with it, only when a tensor has come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from mot_fast._validate import F64, Array
from mot_fast.transport.torch_backend import as_array

if TYPE_CHECKING:
    from mot_fast.transport.many import Transports

_NAMES = "costs", "a", "b"


class TensorBatch:
    """The costs and masses of many problems, tensors among them; the least costs know their derivatives."""

    def __init__(self, *given: Any) -> None:
        self._given = given

    @property
    def arrays(self) -> list[Any]:
        """Costs and masses with NumPy arrays in place of the tensors."""
        return [
            [as_array(each, f"{name}[{p}]") for p, each in enumerate(values)]
            if isinstance(values, (list, tuple))
            else as_array(values, name)
            for values, name in zip(self._given, _NAMES, strict=True)
        ]

    def with_derivatives(self, transports: Transports) -> Transports:
        """The transports with their costs in a tensor of the dtype, and on the device, of the first tensor given."""
        tensors = [x for _, _, x in self._tensors()]
        like = next((x for x in tensors if x.dtype.is_floating_point), tensors[0].double())
        costs = torch.as_tensor(transports.costs, dtype=like.dtype, device=like.device)
        wanted = [(side, p, x) for side, p, x in self._tensors() if x.requires_grad]
        if wanted and torch.is_grad_enabled():
            places = [(side, p, x.shape, x.dtype, x.device) for side, p, x in wanted]
            costs = _LeastCosts.apply(costs, transports, places, *(x for _, _, x in wanted))
        return replace(transports, costs=costs)

    def _tensors(self) -> Iterator[tuple[int, int | None, torch.Tensor]]:
        """Every tensor: costs (0), a (1) or b (2), and its problem; None where it is of all problems."""
        for side, values in enumerate(self._given):
            each = enumerate(values) if isinstance(values, (list, tuple)) else [(None, values)]
            yield from ((side, p, x) for p, x in each if isinstance(x, torch.Tensor))


class _LeastCosts(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, costs: torch.Tensor, transports: Transports, places: list[Any], *_: torch.Tensor) -> Any:
        ctx.transports, ctx.places = transports, places
        return costs

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, outer: torch.Tensor) -> Any:
        weights = outer.detach().cpu().to(torch.float64).numpy()
        gradients = (
            torch.as_tensor(_gradient(ctx.transports, weights, side, p, shape), dtype=dtype, device=device)
            for side, p, shape, dtype, device in ctx.places
        )
        return None, None, None, *gradients


def _gradient(transports: Transports, weights: F64, side: int, p: int | None, shape: tuple[int, ...]) -> Array:
    """Derivative of the weighted sum of the costs by an input: of one problem, of all in a stack, or that all have."""
    if p is not None:
        return weights[p : p + 1] * _derivative(transports, side, p)
    is_stack = len(shape) == (3 if side == 0 else 2)
    gradient = np.zeros(shape)
    for q, weight in enumerate(weights):
        (gradient[q] if is_stack else gradient)[...] += weight * _derivative(transports, side, q)
    return gradient


def _derivative(transports: Transports, side: int, p: int) -> F64:
    """Derivative of the cost of one problem: the plan by its costs, and its potentials, up to a constant, by masses."""
    if side == 0:
        return transports[p].toarray()
    potentials = transports.u[p] if side == 1 else transports.v[p]
    centred: F64 = potentials - potentials.mean()
    return centred
