"""The caller's arrays, in and out again: NumPy's here, PyTorch's in `_torch` where the caller uses them."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.transport.histograms import is_sparse


class Caller(Protocol):
    """How results go back to a caller: in the library and the dtype that his arrays came in."""

    is_floating: bool
    """Whether his dtype holds fractions."""
    wants_gradients: bool
    """Whether a cost must know its derivatives."""

    def array(self, values: F64) -> Any:
        """An array of his."""

    def sparse(self, rows: Any, columns: Any, mass: F64, shape: tuple[int, int]) -> Any:
        """A sparse matrix of his."""

    def number(self, value: float) -> Any:
        """A number of his."""

    def differentiable(self, value: float, column: int | None, u: F64, v: F64, plan: Any) -> Any:
        """A cost that knows its derivatives, if he can use them; `column` says which of his masses `b` it is of."""


class NumPyCaller:
    """A caller with NumPy arrays, SciPy sparse matrices and lists."""

    wants_gradients = False

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.is_floating = dtype.kind == "f"

    def array(self, values: F64) -> npt.NDArray[Any]:
        """`values` in the caller's dtype."""
        return values.astype(self.dtype, copy=False)

    def sparse(self, rows: Any, columns: Any, mass: F64, shape: tuple[int, int]) -> Any:
        """A `scipy.sparse.coo_array` in the caller's dtype."""
        import scipy.sparse

        return scipy.sparse.coo_array((mass, (rows, columns)), shape=shape, dtype=self.dtype)

    def number(self, value: float) -> float:
        """A Python float, whatever the dtype."""
        return value

    def differentiable(self, value: float, column: int | None, u: F64, v: F64, plan: Any) -> float:  # noqa: ARG002
        """The number: NumPy knows no derivatives."""
        return value


def arguments(a: Any, b: Any, cost: Any) -> tuple[Any, Any, Any, Caller]:
    """Masses and costs as NumPy (or SciPy sparse) arrays, and the way back.

    Results have the dtype of `a`, else of `b`, else of the costs; lists take that of the first argument that is none.
    Integer costs alone say nothing about masses, which are fractions: then it is float64.
    """
    if type(a) is type(b) is type(cost) is np.ndarray and a.size:
        return a, b, cost, NumPyCaller(a.dtype)
    torch = sys.modules.get("torch")  # who has tensors has imported it
    if torch is not None and any(isinstance(values, torch.Tensor) for values in (a, b, cost)):
        from mot_fast.transport import torch_backend

        return torch_backend.arguments(a, b, cost)
    typed = [values for values in (a, b, cost) if isinstance(values, np.ndarray) or is_sparse(values)]
    of_lists = next((values.dtype for values in typed if 0 not in values.shape), np.dtype(np.float64))
    if of_lists.kind != "f":
        of_lists = np.dtype(np.float64)
    a, b = (_masses(values, of_lists, what) for values, what in ((a, "a"), (b, "b")))
    if isinstance(cost, (list, tuple)):
        cost = _validate.array(cost, "M").astype(of_lists)
    like = next((values for values in (a, b) if values is not None and values.size), a if a is not None else b)
    return a, b, cost, NumPyCaller(of_lists if like is None else like.dtype)


def _masses(values: Any, dtype: np.dtype[Any], what: str) -> Any:
    if values is None or isinstance(values, np.ndarray):
        return values
    return _validate.array(values, what).astype(dtype)
