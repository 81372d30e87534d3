"""Arguments of public functions, validated and converted, with `_validate_masses` the only place where this is done.

Every function returns a value that the rest of the package can rely on, or raises a `TypeError` or `ValueError` that
names the argument, what was expected and what was found.
"""

from __future__ import annotations

import difflib
import numbers
import operator
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mot_fast import _dlpack
from mot_fast._core import GREATEST_COST, available_threads, first_nonfinite, largest_magnitude

Array = npt.NDArray[Any]
F64 = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Selection = slice | Sequence[int] | npt.NDArray[np.integer[Any] | np.bool_] | _dlpack.SupportsDLPack

MIN_STIMULI = 3
"""A correlation over fewer stimuli is always -1, 0 or 1."""

_LOOKED_AT_ONCE = 2**20
"""Activations that are looked at together."""
_MOST_BYTES = 2**62
_LARGEST_EXACT_INTEGER = 2**53
_CORE_FLOATS = np.float16, np.float32, np.float64
"""Types of activations that the core reads as they are; a type's name, which numpy makes anew, takes long to ask."""
_NARROW = "bfloat16", "float8_"
"""Beginnings of the names of types that numpy itself lacks and that float32 holds exactly."""
_LOADED_IN = os.getpid()
"""The process that imported this module: a forked child has another number."""


def array(values: Any, what: str) -> Array:
    """`values` as an array of real numbers of their own type; an array of numpy is not copied."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{what}: expected every number, found masked ones; choose what stands in their place")
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise TypeError(
            f"{what}: expected a dense array, found a sparse one, {type(values).__name__}; its toarray() is dense"
        )
    if not isinstance(values, np.ndarray):
        try:
            values = _dlpack.array(values) if hasattr(values, "__dlpack__") else np.asarray(values)
        except Exception as error:  # an array of another library may raise anything
            raise ValueError(
                f"{what}: expected an array of numbers, found {type(values).__name__} ({error})"
            ) from error
    if not is_readable_dtype(values.dtype):
        raise TypeError(f"{what}: expected real numbers, found {_type_shown(values.dtype)} ({_shown(values)})")
    return np.asarray(values)


def _shown(values: Array) -> str:
    return f"shape {values.shape}" if values.ndim else repr(values.item())


def is_readable_dtype(dtype: np.dtype[Any]) -> bool:
    """Whether activations of this type are accepted."""
    return dtype.kind in "fiub" or _is_narrow(dtype)


def _is_narrow(dtype: np.dtype[Any]) -> bool:
    return dtype.name.startswith(_NARROW)


def _type_shown(dtype: np.dtype[Any]) -> str:
    is_nameless = dtype.kind == "V" and dtype.names is None and dtype.name.startswith("void")
    return (
        f"{dtype}; bfloat16 and float8 are saved so, without their names: save float32" if is_nameless else str(dtype)
    )


def layer_shape(shape: Sequence[int] | None, dtype: np.dtype[Any], what: str) -> tuple[int, int]:
    """The shape of one layer's activations, which must be `(n_stimuli, n_units)` real numbers."""
    if not is_readable_dtype(dtype):
        raise TypeError(f"{what}: expected real numbers, found {_type_shown(dtype)}")
    if shape is None:
        raise ValueError(f"{what}: expected shape (n_stimuli, n_units), found an array without a shape")
    if not all(hasattr(length, "__index__") for length in shape):
        hint = "its compute_chunk_sizes() tells it"  # an array of dask after a filter
        raise ValueError(
            f"{what}: expected shape (n_stimuli, n_units), found {tuple(shape)}, of unknown length; {hint}"
        )
    if len(shape) != 2 or shape[0] < 0:
        raise ValueError(f"{what}: expected shape (n_stimuli, n_units), found {tuple(shape)}")
    if shape[1] == 0:
        raise ValueError(f"{what}: expected at least one unit, found shape {tuple(shape)}")
    return int(shape[0]), int(shape[1])


def activations(values: Array, what: str) -> Array:
    """One layer's activations in a form that the core reads: native float16, float32 or float64, in any strides.

    Integers and booleans become float64, bfloat16 and float8 become float32, exactly; wider floats are refused.
    """
    if values.dtype.type not in _CORE_FLOATS and _is_narrow(values.dtype):
        values = values.astype(np.float32)
    if values.dtype.kind in "iub":
        if values.dtype.itemsize == 8 and values.size:
            largest = max(abs(int(values.max())), abs(int(values.min())))
            if largest > _LARGEST_EXACT_INTEGER:
                raise ValueError(f"{what}: expected integers up to 2**53, which float64 holds exactly, found {largest}")
        values = values.astype(np.float64)
    if values.dtype.itemsize > 8:
        raise TypeError(f"{what}: expected float16, float32 or float64, found {values.dtype}")
    native_type = np.dtype(values.dtype.type)
    # Some libraries write the native byte order as "<": a view writes it as native, which the core expects.
    native = values.view(native_type) if values.dtype.isnative else values.astype(native_type)
    has_whole_strides = all(stride % native.itemsize == 0 for stride in native.strides)
    return native if native.flags.aligned and has_whole_strides else native.copy()


def finite(values: Array, rows: Index | None, what: str) -> None:
    """Check that activations hold neither NaN nor infinity; `rows` are the stimuli that count."""
    found = place_of_nonfinite(values, rows)
    if found is not None:
        raise ValueError(f"{what}: expected finite activations, found {found}")


def place_of_nonfinite(values: Array, rows: Index | None) -> str | None:
    """The first activation that is NaN or infinite, and its place in the layer as stored; None if all are finite."""
    found = first_nonfinite(values, rows)
    if found is None:
        return None
    stimulus, unit = found
    stimulus = stimulus if rows is None else int(rows[stimulus])
    return f"{values[stimulus, unit]} first at stimulus {stimulus}, unit {unit}"


def some_unit_has(is_such: Callable[[Array], Mask], values: Array, rows: Index | None) -> Mask:
    """Whether a function of activations is true of each unit for any of some stimuli, `(n_units,)`.

    Stimuli are looked at a few at a time, so that little memory is taken beside a layer that is mapped.
    """
    n_units = values.shape[1]
    step = max(1, _LOOKED_AT_ONCE // n_units)
    found = np.zeros(n_units, np.bool_)
    for first in range(0, len(values) if rows is None else len(rows), step):
        some = values[first : first + step] if rows is None else values[rows[first : first + step]]
        found |= is_such(some).any(axis=0)
    return found


def enough_stimuli(n_stimuli: int, what: str) -> None:
    """Check that there are enough stimuli for correlations."""
    if n_stimuli < MIN_STIMULI:
        raise ValueError(f"{what}: expected at least {MIN_STIMULI} stimuli, found {n_stimuli}")


def rows(selection: Any, n_stimuli: int) -> Index:
    """Positions of the stimuli that a slice, a mask or an array of indices selects."""
    if isinstance(selection, slice):
        return np.arange(n_stimuli, dtype=np.int64)[selection]
    if isinstance(selection, str):
        raise TypeError(
            f"stimuli: expected a slice, indices or a mask, found {selection!r}; a layer is network.layer(...)"
        )
    index = array(selection, "stimuli")
    if index.ndim != 1:
        raise ValueError(f"stimuli: expected a slice or a one-dimensional index or mask, found {_shown(index)}")
    if index.dtype.kind == "b":
        if len(index) != n_stimuli:
            raise ValueError(f"stimuli: expected a mask of length {n_stimuli}, found {len(index)}")
        return np.flatnonzero(index).astype(np.int64)
    if index.size == 0:
        return np.empty(0, np.int64)
    if index.dtype.kind not in "iu":
        raise TypeError(f"stimuli: expected integers or booleans, found {index.dtype}")
    for bad in index[(index < -n_stimuli) | (index >= n_stimuli)][:1]:
        raise IndexError(f"stimuli: expected indices below {n_stimuli}, found {bad}")
    index = index.astype(np.int64)
    return np.where(index < 0, index + n_stimuli, index)


def position(which: Any, labels: Sequence[str], what: str) -> int:
    """A layer's position, given its position or its label."""
    if isinstance(which, str):
        if which not in labels:
            raise KeyError(f"{what}: expected one of {', '.join(labels)}, found '{which}'")
        return list(labels).index(which)
    index = whole_number(which, what)
    if not -len(labels) <= index < len(labels):
        raise IndexError(f"{what}: expected a position from 0 to {len(labels) - 1}, found {index}")
    return index % len(labels)


MOST_REPEATS = 10_000
"""Largest number of splits, draws or restarts, each of which takes a list of stimuli, or a transport, of its own."""
MOST_RESAMPLES = 10**7
"""Largest number of resamples or permutations, each of which takes some numbers."""


def whole_number(value: Any, what: str, at_least: int | None = None, at_most: int | None = None) -> int:
    """An integer of Python or numpy, between two bounds; neither a boolean nor a float."""
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what}: expected an integer, found {value!r}") from None
    if at_least is not None and number < at_least:
        raise ValueError(f"{what}: expected at least {at_least}, found {number}")
    if at_most is not None and number > at_most:
        raise ValueError(f"{what}: expected at most {at_most}, found {number}")
    return number


def fraction(value: Any, what: str) -> float:
    """A number between 0 and 1, neither of them."""
    if not 0 < (number := _number(value, what)) < 1:
        raise ValueError(f"{what}: expected a number between 0 and 1, found {value}")
    return number


def real_number(value: Any, what: str) -> float:
    """A finite number of Python or numpy, or an array's or tensor's only one; no boolean."""
    number = _number(value.item() if hasattr(value, "item") and np.ndim(value) == 0 else value, what)
    if not np.isfinite(number):
        raise ValueError(f"{what}: expected a finite number, found {number}")
    return number


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{what}: expected a number, found {value!r}")
    return float(value)


def path(value: Any, what: str) -> str:
    """The path of a file or folder, as a string."""
    try:
        path = os.fsdecode(value)
    except TypeError:
        raise TypeError(f"{what}: expected a path, found {value!r}") from None
    if not path:
        raise ValueError(f"{what}: expected a path, found an empty one; the current folder is '.'")
    if "\0" in path:
        raise ValueError(f"{what}: expected a path, found {path!r}, in which the character of code 0 ends a name")
    return path


def choice(value: Any, choices: Sequence[str], what: str) -> str:
    """One of a few words, as the functions' documentation lists them."""
    if value not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(f"{what}: expected one of {known}, found {value!r}{did_you_mean(value, choices)}")
    return str(value)


def did_you_mean(value: Any, choices: Iterable[str]) -> str:
    """The end of a message about a word that is none of the choices: the nearest of them if one is near, in any case.

    Examples
    --------
    >>> did_you_mean("Pairwise", ("mot", "pairwise_best")), did_you_mean("ridge", ("mot", "pairwise_best"))
    ("; did you mean 'pairwise_best'?", '')
    """
    if not isinstance(value, str):
        return ""
    in_lower_case = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(value.lower(), in_lower_case, n=1)
    return f"; did you mean {in_lower_case[near[0]]!r}?" if near else ""


def n_threads(n_jobs: int | None) -> int:
    """The number of threads that `n_jobs` asks for.

    None and -1 mean as many as `OMP_NUM_THREADS` and the processor affinity allow.

    Other negative numbers leave some out, as in joblib: -2 means all but one, -3 all but two, and at least one is left.
    OpenMP's threads do not survive a fork: a forked child gets one.
    """
    number = -1 if n_jobs is None else whole_number(n_jobs, "n_jobs")
    if number == 0:
        raise ValueError("n_jobs: expected 1 or more, -1 for all threads, or -2 for all but one, found 0")
    number = number if number > 0 else max(1, available_threads() + 1 + number)
    return number if os.getpid() == _LOADED_IN else 1


def memory_limit(value: Any, available: int) -> int:
    """The memory limit in bytes; None means half of the available memory."""
    if value is None:
        return available // 2
    if isinstance(value, (float, np.floating)):
        raise TypeError(f"memory_limit: expected a whole number of bytes, found {value!r}")
    limit = whole_number(value, "memory_limit", at_least=1)
    if limit > _MOST_BYTES:
        raise ValueError(f"memory_limit: expected bytes, up to 2**62, found {limit}; None is half of what is left")
    return limit


def matrix(values: Any, what: str) -> F64:
    """A finite, non-empty float64 matrix."""
    result = array(values, what)
    if result.ndim != 2 or 0 in result.shape:
        raise ValueError(f"{what}: expected a non-empty matrix, found shape {result.shape}")
    result = np.ascontiguousarray(activations(result, what), dtype=np.float64)
    _largest_finite(result, what)
    return result


def _largest_finite(values: Array, what: str) -> float:
    """The largest absolute value of a matrix, which must be finite."""
    largest = largest_magnitude(values)
    if not np.isfinite(largest):
        i, j = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(f"{what}: expected finite numbers, found {values[i, j]} first at ({i}, {j})")
    return largest


def cost_matrix(values: Any, what: str = "cost") -> tuple[Array, float]:
    """A finite cost matrix, C-contiguous, and its largest absolute value; float32 stays, all else becomes float64."""
    cost = costs(values, 2, what)
    largest = _largest_finite(cost, what)
    if largest > GREATEST_COST:
        raise ValueError(f"{what}: expected costs up to {GREATEST_COST}, found {largest}")
    return cost, largest


def costs(values: Any, n_dimensions: int, what: str) -> Array:
    """A matrix of costs, or a stack of such matrices, C-contiguous, whose numbers are still to be validated."""
    cost = array(values, what)
    if cost.ndim != n_dimensions or 0 in cost.shape[-2:]:
        expected = "a non-empty matrix" if n_dimensions == 2 else "non-empty matrices, (k, n, m)"
        raise ValueError(f"{what}: expected {expected}, found shape {cost.shape}")
    dtype = np.float32 if cost.dtype == np.float32 else np.float64
    return np.ascontiguousarray(activations(cost, what), dtype=dtype)


def potentials(values: Any, shape: tuple[int, int], what: str) -> tuple[F64, F64] | None:
    """Potentials of the rows and of the columns to start from, of any value, NaN too; None stays None."""
    if values is None:
        return None
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise ValueError(f"{what}: expected two arrays, (u, v), found {type(values).__name__}")
    if len(pair := list(values)) != 2:
        raise ValueError(f"{what}: expected two arrays, (u, v), found {type(values).__name__} of length {len(pair)}")
    u, v = (array(side, f"{what}[{k}]") for k, side in enumerate(pair))
    for k, side in enumerate((u, v)):
        if side.shape != (shape[k],):
            raise ValueError(f"{what}[{k}]: expected shape ({shape[k]},), found {side.shape}")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(u, dtype=np.float64), np.ascontiguousarray(v, dtype=np.float64)


def layer_weights(values: Any, shape: tuple[int, int], what: str) -> F64:
    """Finite, non-negative weights of layer pairs, `(n_source_layers, n_target_layers)`."""
    weights = matrix(values, what)
    if weights.shape != shape:
        raise ValueError(f"{what}: expected shape {shape}, found {weights.shape}")
    if (weights < 0).any():
        i, j = np.argwhere(weights < 0)[0]
        raise ValueError(f"{what}: expected non-negative weights, found {weights[i, j]} first at ({i}, {j})")
    return weights


def is_alignment(value: Any) -> bool:
    """Whether a value has the fields of an alignment, the result of `mot_fast.align`."""
    return all(hasattr(value, field) for field in ("layer_plan", "unit_plans", "certificate"))


def check_alignment(value: Any) -> None:
    """Check that a value is an alignment, and neither its activations nor its path."""
    if not is_alignment(value):
        hint = "; mot_fast.Alignment.load reads a .mot file" if isinstance(value, (str, os.PathLike)) else ""
        raise TypeError(f"alignment: expected what mot_fast.align returns, found {type(value).__name__}{hint}")
