"""Arrays of the caller's library, into NumPy's and back: NumPy's own here, PyTorch's tensors in `torch_backend`."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.transport.problem import is_sparse


class Backend(ABC):
    """The way of results back to the caller: into the library and the dtype that the caller's arrays came in."""

    is_floating: bool
    """Whether the caller's dtype holds fractions."""
    wants_gradients: bool
    """Whether a cost must know its derivatives."""

    @staticmethod
    def unpack(a: Any, b: Any, cost: Any) -> tuple[Any, Any, Any, Backend]:
        """Masses and costs as NumPy arrays (or SciPy sparse matrices), and the backend that they came from."""
        if type(a) is type(b) is type(cost) is np.ndarray and a.size:
            return a, b, cost, NumPyBackend(a.dtype)
        torch = sys.modules.get("torch")  # a caller who has tensors has imported it
        if torch is not None and any(isinstance(values, torch.Tensor) for values in (a, b, cost)):
            from mot_fast.transport.torch_backend import TorchBackend

            return TorchBackend.unpack(a, b, cost)
        return NumPyBackend.unpack(a, b, cost)

    @abstractmethod
    def plain(self, values: Any) -> Any:
        """An array of the caller's library as one that is validated further, away from its device and derivatives."""

    @abstractmethod
    def array(self, values: F64) -> Any:
        """An array of the caller's library."""

    @abstractmethod
    def sparse(self, rows: Any, columns: Any, mass: F64, shape: tuple[int, int]) -> Any:
        """A sparse matrix of the caller's library."""

    @abstractmethod
    def number(self, value: float) -> Any:
        """A number as the caller's library returns it."""

    @abstractmethod
    def differentiable(self, value: float, column: int | None, u: F64, v: F64, plan: Any) -> Any:
        """A cost that knows its derivatives, if the library has any.

        `column` is the column of the masses `b` that the cost belongs to, where `b` holds many.
        """

    @abstractmethod
    def cost_of_points(
        self,
        points: tuple[Any, Any],
        metric: str,
        value: float,
        entries: tuple[Any, Any, F64],
        potentials: tuple[F64, F64],
    ) -> Any:
        """The cost of a transport between points, which knows its derivatives if the library has any.

        `entries` are rows, columns and masses of the plan.
        """


class NumPyBackend(Backend):
    """NumPy arrays, SciPy sparse matrices and lists."""

    wants_gradients = False

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.is_floating = dtype.kind == "f"

    @staticmethod
    def unpack(a: Any, b: Any, cost: Any) -> tuple[Any, Any, Any, NumPyBackend]:
        """Masses and costs as arrays; lists take the dtype of the first argument that is no list.

        Results have the dtype of `a`, else of `b`, else of the costs. Integer costs alone say nothing about masses,
        which are fractions: then it is float64.
        """
        typed = [values for values in (a, b, cost) if isinstance(values, np.ndarray) or is_sparse(values)]
        of_lists = next((values.dtype for values in typed if 0 not in values.shape), np.dtype(np.float64))
        if of_lists.kind != "f":
            of_lists = np.dtype(np.float64)
        a, b = (_masses(values, of_lists, what) for values, what in ((a, "a"), (b, "b")))
        if isinstance(cost, (list, tuple)):
            cost = _validate.array(cost, "M").astype(of_lists)
        like = next((values for values in (a, b) if values is not None and values.size), a if a is not None else b)
        return a, b, cost, NumPyBackend(of_lists if like is None else like.dtype)

    def plain(self, values: Any) -> Any:
        """`values` themselves."""
        return values

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
        """The number itself: NumPy knows no derivatives."""
        return value

    def cost_of_points(
        self,
        points: tuple[Any, Any],  # noqa: ARG002
        metric: str,  # noqa: ARG002
        value: float,
        entries: tuple[Any, Any, F64],  # noqa: ARG002
        potentials: tuple[F64, F64],  # noqa: ARG002
    ) -> float:
        """The number itself."""
        return value


def _masses(values: Any, dtype: np.dtype[Any], what: str) -> Any:
    if values is None or isinstance(values, np.ndarray):
        return values
    return _validate.array(values, what).astype(dtype)
