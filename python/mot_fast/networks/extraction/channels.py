"""Which dimension of a layer's activations holds its channels, as the model's own operations on them tell.

Maps are `(n_stimuli, n_channels, height, width)` in most models and `(n_stimuli, height, width, n_channels)` in some;
shapes alone do not tell which. While the model runs on one stimulus, every tensor that a norm, a convolution or a
product with weights takes in or puts out is known to have its channels in the dimension that the operation works on,
and what is made of known tensors (by moving numbers about or element by element) is known in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from mot_fast.networks.extraction import hooks
from mot_fast.networks.extraction.hooks import Tap
from mot_fast.networks.extraction.inputs import Inputs

_MAPS = 4, 5
"""Dimensions of activations over pixels."""


class Evidence(IntEnum):
    """How well an operation tells the channels of its input, the worst first."""

    WEIGHTS_OF_UNITS = 0
    """It multiplies by, or adds, one number for each entry of a dimension."""
    LINEAR = 1
    """A layer of weights; it may also mix tokens."""
    CONVOLUTION = 2
    NORM = 3


class _Channels(NamedTuple):
    dim: int
    evidence: Evidence


_LAST = {
    "linear": Evidence.LINEAR,
    "matmul": Evidence.LINEAR,
    "__matmul__": Evidence.LINEAR,
    "layer_norm": Evidence.NORM,
    "rms_norm": Evidence.NORM,
}
"""Functions that work on the last dimension."""
_SECOND = {
    **{f"conv{n}d": Evidence.CONVOLUTION for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": Evidence.CONVOLUTION for n in (1, 2, 3)},
    **{f"{kind}_pool{n}d": Evidence.CONVOLUTION for kind in ("avg", "max", "lp") for n in (1, 2, 3)},
    **{f"adaptive_{kind}_pool{n}d": Evidence.CONVOLUTION for kind in ("avg", "max") for n in (1, 2, 3)},
    **dict.fromkeys(("interpolate", "pixel_shuffle", "pixel_unshuffle"), Evidence.CONVOLUTION),
    **dict.fromkeys(("batch_norm", "group_norm", "instance_norm", "local_response_norm"), Evidence.NORM),
}
"""Functions that work on the dimension behind the stimuli."""
_MOVING = frozenset(
    [
        "permute",
        "transpose",
        "swapaxes",
        "swapdims",
        "movedim",
        "moveaxis",
        "reshape",
        "view",
        "reshape_as",
        "view_as",
        "flatten",
        "unflatten",
        "squeeze",
        "unsqueeze",
        "roll",
        "flip",
        "expand",
        "repeat",
        "narrow",
        "pad",
        "chunk",
        "split",
        "unbind",
        "select",
        "__getitem__",
    ]
)
"""Functions that only move numbers about, by their arguments' first tensor."""
_JOINING = frozenset(("cat", "concat", "concatenate"))
_PRODUCTS = frozenset(("matmul", "__matmul__", "__rmatmul__", "bmm", "baddbmm", "einsum", "tensordot", "cdist"))
_WITH_ONE_NUMBER_A_UNIT = frozenset(
    ("mul", "__mul__", "__rmul__", "add", "__add__", "__radd__", "div", "__truediv__", "sub", "__sub__")
)


def channels_of(model: torch.nn.Module, one: Inputs, taps: Sequence[Tap]) -> tuple[int | None, ...]:
    """Of what comes to each tap, the dimension of the channels; None where nothing tells and nobody has to know.

    Parameters
    ----------
    model : module
    one : Inputs
        One stimulus.
    taps : sequence of Tap

    Raises
    ------
    ValueError
        If a layer is a map whose channels cannot be told.
    """
    found: dict[int, torch.Tensor] = {}
    with _Watch() as watch:
        hooks.run(model, one, taps, found.__setitem__)
    return tuple(watch.dim_of(found[k], tap.label) for k, tap in enumerate(taps))


class _Watch(TorchFunctionMode):  # type: ignore[misc]  # torch is Any to mypy
    """What is known of the tensors that functions of torch take in and put out."""

    def __init__(self) -> None:
        super().__init__()
        self._known: Any = WeakIdKeyDictionary()
        self._has_maps_with_channels_last = False

    def dim_of(self, values: torch.Tensor, label: str) -> int | None:
        """The dimension of the channels."""
        known: _Channels | None = self._known.get(values)
        if known is not None and known.dim > 0:
            return known.dim
        if values.ndim not in _MAPS:
            return None
        if self._has_maps_with_channels_last:
            raise ValueError(
                f"layer '{label}': expected norms, convolutions or weights to tell which dimension of its activations "
                f"holds the channels, found none for shape {tuple(values.shape)}; pool can be a function, such as "
                f"lambda activations, mask: activations.mean((1, 2)) for channels that come last"
            )
        return 1

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = {} if kwargs is None else kwargs
        is_moving = _name(function) in _MOVING
        moved = self._followed(function, args, kwargs) if is_moving else None  # before what may edit in place
        result = function(*args, **kwargs)
        if is_moving:
            for tensor, known in zip(_tensors(result), moved or (), strict=False):
                self._learn(tensor, known)
        else:
            self._look(_name(function), [*_tensors(args), *_tensors(kwargs.values())], args, result)
        return result

    def _look(self, name: str, given: list[torch.Tensor], args: Any, result: Any) -> None:
        """Learn what a function tells of what it took in and put out."""
        if told := _told_by_weights(name, given, args, result):
            (values, of_values), (made, of_made) = told
            self._learn(values, of_values)
            self._saw(values, of_values.dim)
            is_as_told = self._known[values].dim == of_values.dim  # otherwise it mixes tokens of known channels
            self._learn(made, of_made if is_as_told else self._inherited(made, [values], is_joined=False))
            self._saw(made, self._known[made].dim if made in self._known else 1)
            return
        if given and (known := _told_by(name, given, args)) is not None:
            self._learn(given[0], known)
            self._saw(given[0], known.dim)
            if isinstance(result, torch.Tensor) and result.ndim == given[0].ndim:
                is_as_told = self._known[given[0]].dim == known.dim  # otherwise it mixes tokens of known channels
                self._learn(result, known if is_as_told else self._known[given[0]])
            return
        # A product of activations has its rows from the one, its columns from the other.
        from_those = [] if name in _PRODUCTS else given
        for tensor in _tensors(result):
            self._learn(tensor, self._inherited(tensor, from_those, is_joined=name in _JOINING))
            if name in _WITH_ONE_NUMBER_A_UNIT and tensor not in self._known:
                self._learn(tensor, _dim_of_factors(tensor, given))

    def _saw(self, tensor: torch.Tensor, dim: int) -> None:
        self._has_maps_with_channels_last |= tensor.ndim in _MAPS and dim == tensor.ndim - 1

    def _inherited(self, tensor: torch.Tensor, given: Iterable[torch.Tensor], *, is_joined: bool) -> _Channels | None:
        """What is known of an input of the same form, best of all."""
        known = [(each, self._known[each]) for each in given if each.ndim == tensor.ndim and each in self._known]
        same = [found for each, found in known if is_joined or each.shape[found.dim] == tensor.shape[found.dim]]
        return max(same, key=lambda found: found.evidence, default=None)

    def _learn(self, tensor: torch.Tensor, known: _Channels | None) -> None:
        before = self._known.get(tensor)
        if known is not None and (before is None or known.evidence > before.evidence):
            self._known[tensor] = known

    def _followed(self, function: Callable[..., Any], args: Any, kwargs: Any) -> list[_Channels | None]:
        """Where the channels go: their numbers are moved in the place of the activations."""
        values = args[0] if args and isinstance(args[0], torch.Tensor) else None
        known = None if values is None else self._known.get(values)
        if values is None or known is None:
            return []
        shape = [1] * values.ndim
        shape[known.dim] = -1
        numbers = torch.empty_like(values, dtype=torch.int32)
        numbers.copy_(torch.arange(1, 1 + values.shape[known.dim], device=values.device).view(shape).expand_as(values))
        try:
            moved = list(_tensors(function(numbers, *args[1:], **kwargs)))
        except RuntimeError:  # a view of values that lie otherwise in memory
            return []
        dims = [[d for d in range(each.ndim) if _varies(each, d)] for each in moved]
        return [_Channels(each[0], known.evidence) if len(each) == 1 else None for each in dims]


def _told_by_weights(name: str, given: list[torch.Tensor], args: Any, result: Any) -> list[tuple[Any, _Channels]]:
    """Tensors whose channels a function tells, which has them where its weights or its way of writing products say."""
    if not isinstance(result, torch.Tensor) or not given:
        return []
    if name == "unfold" and (given[0].ndim, result.ndim) == (4, 3):  # patches, not the view of that name
        return [(given[0], _Channels(1, Evidence.CONVOLUTION)), (result, _Channels(1, Evidence.CONVOLUTION))]
    if len(given) != 2 or sorted(each.ndim <= 2 for each in given) != [False, True] or result.ndim < 3:
        return []
    weights, values = sorted(given, key=lambda each: each.ndim)
    told = []
    if name in ("matmul", "__matmul__") and weights is given[0] and values.ndim == 3:
        told = [(values, 1), (result, 1)]
    elif name == "einsum" and args and isinstance(args[0], str) and "." not in args[0]:
        terms, _, made = args[0].replace(" ", "").partition("->")
        of = dict(zip(map(id, given), terms.split(","), strict=False))
        summed = "".join(set(of[id(weights)]) - set(made))
        new = "".join(set(of[id(weights)]) - set(of[id(values)]))
        if len(summed) == len(new) == 1:
            told = [(values, of[id(values)].find(summed)), (result, made.find(new))]
    return [(tensor, _Channels(dim, Evidence.LINEAR)) for tensor, dim in told if dim > 0]


def _told_by(name: str, given: list[torch.Tensor], args: Any) -> _Channels | None:
    """What a function tells of the channels of its first input."""
    n_dims = given[0].ndim
    if name in _SECOND:
        n_spatial = int(name[-2]) if name[-2:] in ("1d", "2d", "3d") else None
        return _Channels(1, _SECOND[name]) if n_dims > 2 and n_spatial in (None, n_dims - 2) else None
    if name not in _LAST or n_dims < 3:
        return None
    if name.endswith("norm"):
        is_over_units = len(args) < 2 or isinstance(args[1], int) or len(args[1]) == 1
    else:
        is_over_units = len(given) > 1 and given[1].ndim <= 2
    return _Channels(n_dims - 1, _LAST[name]) if is_over_units else None


def _dim_of_factors(tensor: torch.Tensor, given: Iterable[torch.Tensor]) -> _Channels | None:
    """The dimension along which a product or sum has one number for each unit, if it is the second or the last."""
    for factors in given:
        first = tensor.ndim - factors.ndim
        dims = [first + d for d, size in enumerate(factors.shape) if size > 1]
        if factors.ndim > 0 and len(dims) == 1 and dims[0] in (1, tensor.ndim - 1) and tensor.ndim > 2:
            return _Channels(dims[0], Evidence.WEIGHTS_OF_UNITS)
    return None


def _varies(numbers: torch.Tensor, dim: int) -> bool:
    """Whether there are different numbers along the dimension; 0, which is padding, does not count."""
    if numbers.numel() == 0 or numbers.is_floating_point():
        return False
    least = torch.where(numbers == 0, torch.iinfo(numbers.dtype).max, numbers).amin(dim)
    return bool((numbers.amax(dim) > least).any())


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", ""))


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """All tensors of arguments or results, in lists and tuples too."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)) or type(value).__name__ == "dict_values":
        for each in value:
            yield from _tensors(each)
