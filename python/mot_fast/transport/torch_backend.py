"""PyTorch tensors into NumPy arrays and back: loaded, and torch with it, only when a tensor has come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.transport.backend import Backend

_LAYOUTS = (torch.strided, torch.sparse_coo, torch.sparse_csr)


class TorchBackend(Backend):
    """Tensors of one dtype on one device; costs know their derivatives."""

    def __init__(self, like: torch.Tensor, inputs: tuple[Any, Any, torch.Tensor]) -> None:
        self.like = like
        self.inputs = inputs
        self.is_floating = like.dtype.is_floating_point
        self.wants_gradients = any(isinstance(x, torch.Tensor) and x.requires_grad for x in inputs)

    @staticmethod
    def unpack(a: Any, b: Any, cost: Any) -> tuple[Any, Any, Any, TorchBackend]:
        """Masses and costs as arrays; lists become tensors like the first one that is not empty."""
        given = [values for values in (a, b, cost) if values is not None and not isinstance(values, (list, tuple))]
        if not all(isinstance(values, torch.Tensor) for values in given):
            raise ValueError(f"a, b, M: expected arrays of one library, found {[type(x).__name__ for x in given]}")
        for values, what in ((a, "a"), (b, "b"), (cost, "M")):
            _check(values, what)
        of_lists = next((values for values in given if values.numel()), given[0])
        of_lists = of_lists if of_lists.dtype.is_floating_point else of_lists.to(torch.float64)
        a, b, cost = (
            torch.as_tensor(_validate.array(x, what), dtype=of_lists.dtype, device=of_lists.device)
            if isinstance(x, (list, tuple))
            else x
            for x, what in ((a, "a"), (b, "b"), (cost, "M"))
        )
        a, b = (None if x is None or x.numel() == 0 else x for x in (a, b))
        like = a if a is not None else b if b is not None else of_lists
        return _numpy(a), _numpy(b), _numpy(cost), TorchBackend(like, (a, b, cost))

    def plain(self, values: Any) -> Any:
        """A tensor as a NumPy array; anything else as it is."""
        return _numpy(values) if isinstance(values, torch.Tensor) else values

    def array(self, values: Any) -> torch.Tensor:
        """`values` in the caller's dtype, on the caller's device."""
        return torch.as_tensor(values, dtype=self.like.dtype, device=self.like.device)

    def sparse(self, rows: Any, columns: Any, mass: F64, shape: tuple[int, int]) -> torch.Tensor:
        """A sparse COO tensor."""
        indices = torch.as_tensor(np.stack([rows, columns]).astype(np.int64), device=self.like.device)
        return torch.sparse_coo_tensor(indices, self.array(mass), size=shape, check_invariants=False).coalesce()

    def number(self, value: float) -> torch.Tensor:
        """A tensor without dimensions."""
        return self.array(value)

    def differentiable(self, value: float, column: int | None, u: F64, v: F64, plan: Any) -> torch.Tensor:
        """The cost with its derivatives: u and v, up to a constant, by the masses, and the plan by the costs."""
        a, b, cost = self.inputs
        if column is not None:
            b = b[:, column]
        result = self.array(value)
        if not self.wants_gradients:
            return result
        if cost.layout != torch.strided:
            plan = _with_entries_of(cost, plan)
        derivatives = (self.array(u - u.mean()), self.array(v - v.mean()), plan)
        known = [(x, d) for x, d in zip((a, b, cost), derivatives, strict=True) if isinstance(x, torch.Tensor)]
        inputs, gradients = zip(*known, strict=True)
        return _WithDerivatives.apply(result, gradients, *inputs)

    def cost_of_points(
        self,
        points: tuple[Any, Any],
        metric: str,
        value: float,
        entries: tuple[Any, Any, F64],
        potentials: tuple[F64, F64],
    ) -> torch.Tensor:
        """The cost with its derivatives: by the masses, and by coordinates those of the costs that the plan pays."""
        result = self.array(value)
        rows, columns, mass = (torch.as_tensor(each, device=self.like.device) for each in entries)
        inputs = tuple(x for x in points if isinstance(x, torch.Tensor))
        if any(x.requires_grad for x in inputs):
            paid = _costs_of_pairs(points[0][rows], points[1][columns], metric) @ mass.to(points[0].dtype)
            result = result + (paid - paid.detach()).to(result)
        for masses, of_side in zip(self.inputs[:2], potentials, strict=True):
            if isinstance(masses, torch.Tensor) and masses.requires_grad:
                result = result + ((masses - masses.detach()) @ self.array(of_side - of_side.mean()).to(masses)).to(
                    result
                )
        return result


def _costs_of_pairs(x: torch.Tensor, y: torch.Tensor, metric: str) -> torch.Tensor:
    """The cost of every pair of points, `(n, d)` and `(n, d)`."""
    if metric == "sqeuclidean":
        return ((x - y) ** 2).sum(1)
    if metric == "euclidean":
        return torch.linalg.vector_norm(x - y, dim=1)
    if metric == "cityblock":
        return (x - y).abs().sum(1)
    if metric == "inner_product":
        return -(x * y).sum(1)
    if metric == "correlation":
        x, y = x - x.mean(1, keepdim=True), y - y.mean(1, keepdim=True)
    norms = torch.linalg.vector_norm(x, dim=1) * torch.linalg.vector_norm(y, dim=1)
    return 1 - (x * y).sum(1) / norms


def _with_entries_of(cost: torch.Tensor, plan: torch.Tensor) -> torch.Tensor:
    """The plan with an entry wherever the costs have one: a derivative of zero is a derivative too."""
    entries = cost.detach().to_sparse_coo().coalesce()
    place_of = torch.tensor([cost.shape[1], 1], device=cost.device)
    places = (place_of[:, None] * entries.indices()).sum(0)
    of_plan = (place_of[:, None] * plan.indices()).sum(0)
    mass = torch.zeros_like(entries.values(), dtype=plan.dtype)
    mass[torch.searchsorted(places, of_plan)] = plan.values()
    full = torch.sparse_coo_tensor(entries.indices(), mass, size=tuple(cost.shape), check_invariants=False)
    return full.coalesce() if cost.layout == torch.sparse_coo else full.to_sparse_csr()


class _WithDerivatives(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, value: torch.Tensor, gradients: tuple[torch.Tensor, ...], *inputs: torch.Tensor) -> Any:
        ctx.gradients = [d.to(dtype=x.dtype, device=x.device) for d, x in zip(gradients, inputs, strict=True)]
        return value

    @staticmethod
    def backward(ctx: Any, outer: torch.Tensor) -> Any:
        return None, None, *(derivative * outer for derivative in ctx.gradients)


def _check(values: Any, what: str) -> None:
    if not isinstance(values, torch.Tensor):
        return
    if values.dtype.is_complex:
        raise TypeError(f"{what}: expected real numbers, found {values.dtype}")
    if values.layout not in _LAYOUTS:
        raise ValueError(f"{what}: expected a dense, COO or CSR tensor, found {values.layout}")


def as_array(values: Any, what: str) -> Any:
    """A tensor as a NumPy array, floating-point numbers as float64; anything else as it is."""
    _check(values, what)
    return _numpy(values) if isinstance(values, torch.Tensor) else values


def _numpy(tensor: torch.Tensor | None) -> Any:
    if tensor is None:
        return None
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point():
        tensor = tensor.to(torch.float64)
    if tensor.layout == torch.strided:
        return tensor.numpy()
    import scipy.sparse

    coo = tensor.to_sparse_coo().coalesce()
    return scipy.sparse.coo_array((coo.values().numpy(), coo.indices().numpy()), shape=tuple(coo.shape))
