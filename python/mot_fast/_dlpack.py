"""Arrays of other libraries, on the CPU, as arrays of numpy in the same memory."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class SupportsDLPack(Protocol):
    """An array that other libraries can read, as torch's and jax's."""

    def __dlpack__(self) -> Any: ...


ArrayLike = npt.ArrayLike | SupportsDLPack
"""What is read as an array."""


def array(values: Any) -> npt.NDArray[Any]:
    """`values` without a copy where numpy has their type; torch's bfloat16 and float8 become float32, exactly.

    Raises
    ------
    Exception
        Whatever a library raises whose array cannot be read: because it is on another device, say, or derivatives are
        to be taken of it.
    """
    torch = sys.modules.get("torch")  # whoever has a tensor has loaded it
    if torch is not None and isinstance(values, torch.Tensor):
        # A tensor that stands for the negative of its memory is handed out without the sign.
        is_narrow = values.dtype == torch.bfloat16 or str(values.dtype).startswith("torch.float8_")
        values = (values.float() if is_narrow else values).resolve_neg()
    try:
        return np.from_dlpack(values)
    except (BufferError, RuntimeError):
        # jax's bfloat16 has a type in numpy, though not in its DLPack; others say better what is wrong.
        if not hasattr(values, "__array__"):
            raise
        return np.asarray(values)
