"""What the modules of a model take in and put out as it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from mot_fast.networks.extraction.inputs import Inputs


@dataclass(frozen=True)
class Tap:
    """Where activations are taken: what one call of a module puts out, or takes in."""

    label: str
    path: str
    """Of the module in the model."""
    call: int = 0
    """Which of its calls, in one run of the model."""
    is_input: bool = False


@dataclass(frozen=True, eq=False)
class Passed:
    """A tensor, or none, as it was at one moment: what is edited in place later is another one."""

    tensor: torch.Tensor | None
    n_edits: int
    """How often it had been edited in place by then."""

    def is_same(self, other: Passed) -> bool:
        """Whether the other is this tensor, and nobody edited it between the two moments."""
        return self.tensor is not None and self.tensor is other.tensor and self.n_edits == other.n_edits


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a module, as a run of the model on one stimulus showed it."""

    path: str
    module: torch.nn.Module
    index: int
    """Which of the module's calls."""
    entering: Passed
    """The first tensor that it takes in."""
    leaving: Passed
    """The first tensor that it puts out."""
    takes_stimulus: bool
    """Whether what it takes in is the stimulus itself."""


@contextmanager
def at_rest(model: torch.nn.Module) -> Iterator[None]:
    """The model in evaluation mode and without gradients; afterwards every module trains or not as it did."""
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
    """Modules that `torch.compile` compiled run as they were written: compiled code does not tell what passes."""
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


def trace(model: torch.nn.Module, inputs: Inputs) -> list[Call]:
    """Every call of every module but the model itself, in the order in which they end."""
    given = inputs.copied()
    calls: list[Call] = []
    n_calls: Counter[str] = Counter()
    entering: dict[str, Passed] = {}

    def before(path: str, _: torch.nn.Module, values: Any) -> None:
        entering[path] = _passed(values)

    def after(path: str, module: torch.nn.Module, value: Any) -> None:
        taken = entering.pop(path, _passed(None))
        is_stimulus = any(taken.tensor is each for each in given.entries.values() if each is not None)
        calls.append(Call(path, module, n_calls[path], taken, _passed(value), is_stimulus))
        n_calls[path] += 1

    with _hooked({path: module for path, module in model.named_modules() if path}, before, after):
        given.call(model)
    return calls


def _passed(value: Any) -> Passed:
    tensor = first_tensor(value)
    # Tensors that were made in inference mode do not count their edits.
    return Passed(tensor, 0 if tensor is None or tensor.is_inference() else tensor._version)


def run(
    model: torch.nn.Module, inputs: Inputs, taps: Sequence[Tap], receive: Callable[[int, torch.Tensor], None]
) -> None:
    """Run the model, and hand on what comes to each tap, with the tap's position, the moment it is there.

    Raises
    ------
    ValueError
        If a module is called another number of times than the taps have it.
    """
    modules = dict(model.named_modules())
    positions = {(tap.path, tap.call, tap.is_input): k for k, tap in enumerate(taps)}
    n_calls: Counter[str] = Counter()

    def hand_on(path: str, is_input: bool, value: Any) -> None:
        position = positions.get((path, n_calls[path], is_input))
        if position is None:
            return
        tensor = first_tensor(value)
        if tensor is None:
            raise ValueError(f"layer '{taps[position].label}': expected a tensor, found {type(value).__name__}")
        receive(position, tensor)

    def before(path: str, _: torch.nn.Module, values: Any) -> None:
        hand_on(path, True, values)

    def after(path: str, _: torch.nn.Module, value: Any) -> None:
        hand_on(path, False, value)
        n_calls[path] += 1

    with _hooked({tap.path: modules[tap.path] for tap in taps}, before, after):
        inputs.copied().call(model)
    expected = Counter(tap.path for tap in taps if not tap.is_input)
    for path in expected:
        if n_calls[path] != expected[path]:
            raise ValueError(
                f"layer '{path}': expected {expected[path]} calls of this module whenever the model runs, found "
                f"{n_calls[path]}"
            )


def first_tensor(value: Any) -> torch.Tensor | None:
    """The first tensor of an output or of arguments: of a tuple, a mapping, or one within another."""
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
    """Both functions are told of every call of the modules, until the block ends."""
    with ExitStack() as hooks:
        for path, module in modules.items():
            hooks.callback(module.register_forward_pre_hook(_before(path, before), with_kwargs=True).remove)
            hooks.callback(module.register_forward_hook(_after(path, after)).remove)
        yield


def _before(path: str, tell: Callable[[str, torch.nn.Module, Any], None]) -> Callable[..., None]:
    def hook(module: torch.nn.Module, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        tell(path, module, (positional, named))

    return hook


def _after(path: str, tell: Callable[[str, torch.nn.Module, Any], None]) -> Callable[..., None]:
    def hook(module: torch.nn.Module, _: Any, value: Any) -> None:
        tell(path, module, value)

    return hook
