"""Infers which dimension of a layer's activations holds the channels, from the operations of the model.

Maps are `(n_stimuli, n_channels, height, width)` in most models and `(n_stimuli, height, width, n_channels)` in some;
shapes alone cannot tell the two apart. The model runs on one stimulus while every torch function is observed: norms,
convolutions and products with weights have the channels of their inputs and outputs in the dimension that they work on,
and the channels are followed through functions that rearrange numbers or work element by element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from mot_fast.networks.extraction import hooks
from mot_fast.networks.extraction.hooks import HookPoint
from mot_fast.networks.extraction.inputs import Inputs

_MAPS = 4, 5
"""Numbers of dimensions of activations over pixels."""


class Evidence(IntEnum):
    """How reliably an operation shows the dimension of the channels, the least reliable first."""

    WEIGHTS_OF_UNITS = 0
    """A product or sum with one number for each entry of a dimension."""
    LINEAR = 1
    """A linear layer, which may also mix tokens."""
    CONVOLUTION = 2
    NORM = 3


class _Channels(NamedTuple):
    """The dimension of the channels of a tensor, and the evidence for it."""

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
"""Functions that only rearrange the numbers of their first argument."""
_JOINING = frozenset(("cat", "concat", "concatenate"))
_PRODUCTS = frozenset(("matmul", "__matmul__", "__rmatmul__", "bmm", "baddbmm", "einsum", "tensordot", "cdist"))
_WITH_ONE_NUMBER_A_UNIT = frozenset(
    ("mul", "__mul__", "__rmul__", "add", "__add__", "__radd__", "div", "__truediv__", "sub", "__sub__")
)


def channel_dimensions(model: torch.nn.Module, one: Inputs, hook_points: Sequence[HookPoint]) -> tuple[int | None, ...]:
    """Dimension of the channels at each hook point; None if it is unknown and not needed.

    Parameters
    ----------
    model : module
    one : Inputs
        One stimulus.
    hook_points : sequence of HookPoint

    Raises
    ------
    ValueError
        If the channels of a map are unknown.
    """
    found: dict[int, torch.Tensor] = {}
    with _ChannelTracker() as tracker:
        hooks.run(model, one, hook_points, found.__setitem__)
    return tuple(tracker.dim_of(found[k], point.label) for k, point in enumerate(hook_points))


class _ChannelTracker(TorchFunctionMode):  # type: ignore[misc]  # torch is Any to mypy
    """Observes all torch functions, and keeps the known channels of their inputs and outputs."""

    def __init__(self) -> None:
        super().__init__()
        self._known: Any = WeakIdKeyDictionary()
        self._has_maps_with_channels_last = False

    def dim_of(self, values: torch.Tensor, label: str) -> int | None:
        """Dimension of the channels of a tensor; None if it is unknown and not needed."""
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
        moved = self._followed(function, args, kwargs) if is_moving else None  # before the function may edit its input
        result = function(*args, **kwargs)
        if is_moving:
            for tensor, known in zip(_tensors(result), moved or (), strict=False):
                self._learn(tensor, known)
        else:
            self._observe(_name(function), [*_tensors(args), *_tensors(kwargs.values())], args, result)
        return result

    def _observe(self, name: str, given: list[torch.Tensor], args: Any, result: Any) -> None:
        """Learn the channels of the inputs and outputs of a function."""
        if shown_by_weights := _channels_by_weights(name, given, args, result):
            (values, of_values), (made, of_made) = shown_by_weights
            self._learn(values, of_values)
            self._note_order(values, of_values.dim)
            is_confirmed = self._known[values].dim == of_values.dim  # otherwise the function mixes tokens
            self._learn(made, of_made if is_confirmed else self._inherited(made, [values], is_joined=False))
            self._note_order(made, self._known[made].dim if made in self._known else 1)
            return
        if given and (known := _channels_by_function(name, given, args)) is not None:
            self._learn(given[0], known)
            self._note_order(given[0], known.dim)
            if isinstance(result, torch.Tensor) and result.ndim == given[0].ndim:
                is_confirmed = self._known[given[0]].dim == known.dim  # otherwise the function mixes tokens
                self._learn(result, known if is_confirmed else self._known[given[0]])
            return
        # A product of activations takes its rows from one factor and its columns from the other.
        sources = [] if name in _PRODUCTS else given
        for tensor in _tensors(result):
            self._learn(tensor, self._inherited(tensor, sources, is_joined=name in _JOINING))
            if name in _WITH_ONE_NUMBER_A_UNIT and tensor not in self._known:
                self._learn(tensor, _dim_of_factors(tensor, given))

    def _note_order(self, tensor: torch.Tensor, dim: int) -> None:
        """Note whether the model has maps whose channels come last."""
        self._has_maps_with_channels_last |= tensor.ndim in _MAPS and dim == tensor.ndim - 1

    def _inherited(self, tensor: torch.Tensor, given: Iterable[torch.Tensor], *, is_joined: bool) -> _Channels | None:
        """Channels of the inputs that have the form of a tensor; those with the best evidence."""
        known = [(each, self._known[each]) for each in given if each.ndim == tensor.ndim and each in self._known]
        same = [found for each, found in known if is_joined or each.shape[found.dim] == tensor.shape[found.dim]]
        return max(same, key=lambda found: found.evidence, default=None)

    def _learn(self, tensor: torch.Tensor, known: _Channels | None) -> None:
        """Keep the channels of a tensor, unless better evidence is known."""
        before = self._known.get(tensor)
        if known is not None and (before is None or known.evidence > before.evidence):
            self._known[tensor] = known

    def _followed(self, function: Callable[..., Any], args: Any, kwargs: Any) -> list[_Channels | None]:
        """Follow the channels through a function that rearranges, by applying it to their indices."""
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
        except RuntimeError:  # a view that the memory layout of the indices does not allow
            return []
        dims = [[d for d in range(each.ndim) if _varies(each, d)] for each in moved]
        return [_Channels(each[0], known.evidence) if len(each) == 1 else None for each in dims]


def _channels_by_weights(name: str, given: list[torch.Tensor], args: Any, result: Any) -> list[tuple[Any, _Channels]]:
    """Input and output of a product, with the channels that its weights or its notation show."""
    if not isinstance(result, torch.Tensor) or not given:
        return []
    # The function `unfold`, which cuts maps into patches, and not the view of the same name.
    if name == "unfold" and (given[0].ndim, result.ndim) == (4, 3):
        return [(given[0], _Channels(1, Evidence.CONVOLUTION)), (result, _Channels(1, Evidence.CONVOLUTION))]
    if len(given) != 2 or sorted(each.ndim <= 2 for each in given) != [False, True] or result.ndim < 3:
        return []
    weights, values = sorted(given, key=lambda each: each.ndim)
    dims = []
    if name in ("matmul", "__matmul__") and weights is given[0] and values.ndim == 3:
        dims = [(values, 1), (result, 1)]
    elif name == "einsum" and args and isinstance(args[0], str) and "." not in args[0]:
        terms, _, made = args[0].replace(" ", "").partition("->")
        of = dict(zip(map(id, given), terms.split(","), strict=False))
        summed = "".join(set(of[id(weights)]) - set(made))
        new = "".join(set(of[id(weights)]) - set(of[id(values)]))
        if len(summed) == len(new) == 1:
            dims = [(values, of[id(values)].find(summed)), (result, made.find(new))]
    return [(tensor, _Channels(dim, Evidence.LINEAR)) for tensor, dim in dims if dim > 0]


def _channels_by_function(name: str, given: list[torch.Tensor], args: Any) -> _Channels | None:
    """Channels of the first input of a function that works on one dimension."""
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
    """Dimension along which a product or sum has one number for each unit, if it is the second or the last one."""
    for factors in given:
        first = tensor.ndim - factors.ndim
        dims = [first + d for d, size in enumerate(factors.shape) if size > 1]
        if factors.ndim > 0 and len(dims) == 1 and dims[0] in (1, tensor.ndim - 1) and tensor.ndim > 2:
            return _Channels(dims[0], Evidence.WEIGHTS_OF_UNITS)
    return None


def _varies(numbers: torch.Tensor, dim: int) -> bool:
    """Whether the numbers differ along a dimension, apart from 0, which is padding."""
    if numbers.numel() == 0 or numbers.is_floating_point():
        return False
    least = torch.where(numbers == 0, torch.iinfo(numbers.dtype).max, numbers).amin(dim)
    return bool((numbers.amax(dim) > least).any())


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", ""))


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """Yield all tensors in arguments or results, also within lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)) or type(value).__name__ == "dict_values":
        for each in value:
            yield from _tensors(each)
