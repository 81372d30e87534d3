"""Runs a model with forward hooks, which record the inputs and outputs of its modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from mot_fast.networks.extraction.inputs import Inputs


@dataclass(frozen=True)
class HookPoint:
    """A place where activations are recorded: the output, or the input, of one call of a module."""

    label: str
    path: str
    """Path of the module in the model."""
    call: int = 0
    """Index of the call among the calls of the module in one run of the model."""
    is_input: bool = False
    """Whether the input is recorded instead of the output."""


@dataclass(frozen=True, eq=False)
class TensorSnapshot:
    """A tensor, or none, at one moment; later edits in place make it a different snapshot."""

    tensor: torch.Tensor | None
    n_edits: int
    """Number of edits in place before that moment."""

    def is_same(self, other: TensorSnapshot) -> bool:
        """Whether both are the same tensor, without edits between the two moments."""
        return self.tensor is not None and self.tensor is other.tensor and self.n_edits == other.n_edits


@dataclass(frozen=True, eq=False)
class ModuleCall:
    """One call of a module, recorded in a run of the model."""

    path: str
    module: torch.nn.Module
    index: int
    """Index of the call among the calls of the module."""
    input: TensorSnapshot
    """The first tensor of its arguments."""
    output: TensorSnapshot
    """The first tensor of its result."""
    takes_stimulus: bool
    """Whether its input is the stimulus itself, perhaps in another shape."""


@contextmanager
def evaluation_mode(model: torch.nn.Module) -> Iterator[None]:
    """Put the model into evaluation mode without gradients; restore the mode of every module when the block ends."""
    were_training = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with torch.no_grad(), _not_compiled(model):
            yield
    finally:
        for module, was_training in were_training:
            module.training = was_training


@contextmanager
def _not_compiled(model: torch.nn.Module) -> Iterator[None]:
    """Run compiled modules as they were written, since hooks do not see inside of compiled code."""
    if not any("_orig_mod" in each._modules or getattr(each, "_compiled_call_impl", None) for each in model.modules()):
        yield
        return
    if not hasattr(torch.compiler, "set_stance"):
        raise ValueError(
            "model: expected modules that are not compiled, as torch before 2.6 cannot run compiled ones otherwise, "
            "found some; give the model as it was before torch.compile"
        )
    with torch.compiler.set_stance("force_eager"):
        yield


def trace(model: torch.nn.Module, inputs: Inputs) -> list[ModuleCall]:
    """Run the model, and return all calls of all modules but the model itself, in the order in which they end."""
    given = inputs.copied()
    calls: list[ModuleCall] = []
    n_calls: Counter[str] = Counter()
    inputs_of_calls: dict[str, TensorSnapshot] = {}

    def before(path: str, _: torch.nn.Module, values: Any) -> None:
        inputs_of_calls[path] = _snapshot(values)

    def after(path: str, module: torch.nn.Module, value: Any) -> None:
        given_to_module = inputs_of_calls.pop(path, _snapshot(None))
        is_stimulus = any(_is_view(given_to_module.tensor, each) for each in given.entries.values())
        calls.append(ModuleCall(path, module, n_calls[path], given_to_module, _snapshot(value), is_stimulus))
        n_calls[path] += 1

    with _hooked({path: module for path, module in model.named_modules() if path}, before, after):
        given.call(model)
    return calls


def _is_view(tensor: torch.Tensor | None, stimulus: Any) -> bool:
    """Whether a tensor shows the numbers of a stimulus, and no copy of them."""
    if tensor is stimulus or not isinstance(tensor, torch.Tensor) or not isinstance(stimulus, torch.Tensor):
        return tensor is stimulus and tensor is not None
    is_shared = tensor.untyped_storage().data_ptr() == stimulus.untyped_storage().data_ptr()
    return bool(is_shared and tensor.numel() == stimulus.numel() > 0)


def _snapshot(value: Any) -> TensorSnapshot:
    tensor = first_tensor(value)
    # Tensors that were made in inference mode do not count their edits.
    return TensorSnapshot(tensor, 0 if tensor is None or tensor.is_inference() else tensor._version)


def run(
    model: torch.nn.Module,
    inputs: Inputs,
    hook_points: Sequence[HookPoint],
    receive: Callable[[int, torch.Tensor], None],
) -> None:
    """Run the model, and pass the activations at each hook point to `receive`, with the position of the hook point.

    Raises
    ------
    ValueError
        If a module is not called as often as the hook points require.
    """
    modules = dict(model.named_modules())
    positions = {(point.path, point.call, point.is_input): k for k, point in enumerate(hook_points)}
    n_calls: Counter[str] = Counter()

    def hand_on(path: str, is_input: bool, value: Any) -> None:
        position = positions.get((path, n_calls[path], is_input))
        if position is None:
            return
        tensor = first_tensor(value)
        if tensor is None:
            raise ValueError(f"layer '{hook_points[position].label}': expected a tensor, found {type(value).__name__}")
        receive(position, tensor)

    def before(path: str, _: torch.nn.Module, values: Any) -> None:
        hand_on(path, True, values)

    def after(path: str, _: torch.nn.Module, value: Any) -> None:
        hand_on(path, False, value)
        n_calls[path] += 1

    with _hooked({point.path: modules[point.path] for point in hook_points}, before, after):
        inputs.copied().call(model)
    expected = Counter(point.path for point in hook_points if not point.is_input)
    for path in expected:
        if n_calls[path] != expected[path]:
            raise ValueError(
                f"layer '{path}': expected {expected[path]} calls of this module whenever the model runs, found "
                f"{n_calls[path]}"
            )


def first_tensor(value: Any) -> torch.Tensor | None:
    """The first tensor in a result or in arguments, also within tuples and mappings."""
    if isinstance(value, torch.Tensor):
        return value
    within = value.values() if isinstance(value, Mapping) else value if isinstance(value, (tuple, list)) else ()
    return next((found for each in within if (found := first_tensor(each)) is not None), None)


@contextmanager
def _hooked(
    modules: Mapping[str, torch.nn.Module],
    before: Callable[[str, torch.nn.Module, Any], None],
    after: Callable[[str, torch.nn.Module, Any], None],
) -> Iterator[None]:
    """Call both functions before and after every call of the modules, until the `with` block ends."""
    with ExitStack() as hooks:
        for path, module in modules.items():
            hooks.callback(module.register_forward_pre_hook(_before(path, before), with_kwargs=True).remove)
            hooks.callback(module.register_forward_hook(_after(path, after)).remove)
        yield


def _before(path: str, report: Callable[[str, torch.nn.Module, Any], None]) -> Callable[..., None]:
    def hook(module: torch.nn.Module, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        report(path, module, (positional, named))

    return hook


def _after(path: str, report: Callable[[str, torch.nn.Module, Any], None]) -> Callable[..., None]:
    def hook(module: torch.nn.Module, _: Any, value: Any) -> None:
        report(path, module, value)

    return hook
