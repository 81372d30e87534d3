"""Arrays of other libraries (DLPack), on the CPU, as arrays of numpy in the same memory."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class SupportsDLPack(Protocol):
    """An array that other libraries can read, such as those of torch and jax."""

    def __dlpack__(self) -> Any: ...


ArrayLike = npt.ArrayLike | SupportsDLPack
"""Everything that is read as an array."""


def array(values: Any) -> npt.NDArray[Any]:
    """`values` as an array of numpy; torch's bfloat16 and float8 become float32, exactly, other types are not copied.

    Raises
    ------
    Exception
        Any exception of the library whose array cannot be read, because it is on another device, say, or takes part in
        the computation of derivatives.
    """
    torch = sys.modules.get("torch")  # a caller who has a tensor has imported it
    if torch is not None and isinstance(values, torch.Tensor):
        # DLPack would hand out a tensor that is the negative of its memory without the sign.
        is_narrow = values.dtype == torch.bfloat16 or str(values.dtype).startswith("torch.float8_")
        values = (values.float() if is_narrow else values).resolve_neg()
    try:
        return np.from_dlpack(values)
    except (BufferError, RuntimeError):
        # numpy reads jax's bfloat16, but not through DLPack; for other arrays the error itself says what is wrong.
        if not hasattr(values, "__array__"):
            raise
        return np.asarray(values)
