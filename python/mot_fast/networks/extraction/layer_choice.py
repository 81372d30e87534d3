"""Chooses the layers of a model: the residual stream between its blocks, or modules that are named.

Blocks are the outermost modules of a class that is called several times in a run of the model, and consists of several
modules with weights; a stage that only chains such blocks is divided into them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import islice, pairwise

import torch

from mot_fast.networks.extraction.hooks import HookPoint, ModuleCall

_N_SUGGESTIONS = 5


def residual_stream(model: torch.nn.Module, calls: Sequence[ModuleCall]) -> list[HookPoint]:
    """The input of the first block, unless it is the stimulus itself, and the outputs of all blocks.

    The layers of a model without blocks are its modules with weight matrices.

    Raises
    ------
    ValueError
        If the model has neither blocks nor weight matrices, or if nothing runs as a module.
    """
    if isinstance(model, torch.fx.GraphModule):
        raise ValueError(
            "layers: expected names of layers for a model that was traced into a graph, whose blocks no longer run as "
            "modules, found 'auto'; or give the model that it was made of"
        )
    calls = [call for call in calls if call.output.tensor is not None]
    blocks = _blocks(calls)
    if not blocks:
        layers = [call for call in calls if any(w.ndim > 1 for w in call.module.parameters(recurse=False))]
        if not layers:
            raise ValueError(f"layers: expected a model of blocks or weights, found none in {type(model).__name__}")
        return _hook_points(layers)
    first_input = blocks[0].input.tensor
    if first_input is None or blocks[0].takes_stimulus:
        return _hook_points(blocks)
    label = "embedding" if first_input.ndim == 3 else "stem"
    return [HookPoint(label, blocks[0].path, blocks[0].index, is_input=True), *_hook_points(blocks)]


def named_layers(layers: str | Sequence[str], calls: Sequence[ModuleCall]) -> list[HookPoint]:
    """The outputs of the modules that have these names or match these patterns, in the order in which they run.

    Raises
    ------
    ValueError
        If a name or pattern has no module that runs and returns a tensor, or if no module runs at all.
    """
    # torch.compile wraps a module in another one of the same name, which is left out.
    calls = [call for call in calls if call.output.tensor is not None and "_orig_mod" not in call.module._modules]
    if not calls:
        raise ValueError("layers: expected a model whose parts run as modules, found none, as in an exported one")
    hook_points, chosen = _hook_points(calls), set()
    for pattern in [layers] if isinstance(layers, str) else layers:
        found = [k for k, point in enumerate(hook_points) if pattern in (point.label, point.path)]
        found = found or [k for k, point in enumerate(hook_points) if _fits(_as_written(point.path), pattern)]
        chosen.update(found)
        if not found:
            paths = list(dict.fromkeys(_as_written(call.path) for call in calls))
            near = get_close_matches(pattern, paths, n=_N_SUGGESTIONS, cutoff=0.3) or paths[:_N_SUGGESTIONS]
            raise ValueError(
                f"layers: expected modules that run and put out a tensor, such as "
                f"{', '.join(map(repr, near))}, found none by '{pattern}'"
            )
    return [hook_points[k] for k in sorted(chosen)]


def _blocks(calls: Sequence[ModuleCall]) -> list[ModuleCall]:
    """Calls of the blocks, found as the module's docstring defines them."""
    n_calls = Counter(type(call.module) for call in calls)
    kinds = {type(call.module) for call in calls if _is_composite(call.module) or _computes_itself(call, calls)}
    candidates = [call for call in calls if n_calls[type(call.module)] > 1 and type(call.module) in kinds]
    while True:
        outermost = _outermost(candidates)
        stages = {kind for kind in {type(call.module) for call in outermost} if _is_stage(kind, outermost, candidates)}
        if not stages:
            return outermost
        candidates = [call for call in candidates if type(call.module) not in stages]


def _is_composite(module: torch.nn.Module) -> bool:
    """Whether a module, other than a container, consists of several modules with weights."""
    return not _is_container(module) and len(list(islice(_with_weights(module), 2))) == 2


def _computes_itself(call: ModuleCall, calls: Sequence[ModuleCall]) -> bool:
    """Whether a module contains one with weights and changes its output, as a residual connection does."""
    before, after = call.input.tensor, call.output.tensor
    if _is_container(call.module) or before is None or after is None or before.shape != after.shape:
        return False
    within = [each for each in calls if each.path.startswith(f"{call.path}.")]
    weighted = next(_with_weights(call.module), None)
    return (
        weighted is not None
        and weighted is not call.module
        and not any(each.output.is_same(call.output) for each in within)
    )


def _with_weights(module: torch.nn.Module) -> Iterator[torch.nn.Module]:
    return (each for each in module.modules() if next(each.parameters(recurse=False), None) is not None)


def _is_container(module: torch.nn.Module) -> bool:
    """Whether a module only holds other modules, or runs them one after the other."""
    is_plain_sequence = type(module).forward is torch.nn.Sequential.forward
    return isinstance(module, (torch.nn.ModuleList, torch.nn.ModuleDict)) or is_plain_sequence


def _is_stage(kind: type[torch.nn.Module], calls: Sequence[ModuleCall], candidates: Sequence[ModuleCall]) -> bool:
    """Whether all modules of a class only chain blocks, and one of them chains two blocks of the same class."""
    chains = [
        (call, _outermost([each for each in candidates if each.path.startswith(f"{call.path}.")]))
        for call in calls
        if type(call.module) is kind
    ]
    return all(
        chain and chain[-1].output.is_same(call.output) and all(a.output.is_same(b.input) for a, b in pairwise(chain))
        for call, chain in chains
    ) and any(type(a.module) is type(b.module) for _, chain in chains for a, b in pairwise(chain))


def _outermost(calls: Sequence[ModuleCall]) -> list[ModuleCall]:
    """Calls whose modules are not inside the module of another call."""
    paths = {call.path for call in calls}
    return [call for call in calls if not any(outer in paths for outer in _outer_paths(call.path))]


def _outer_paths(path: str) -> list[str]:
    """Paths of the modules that contain a module."""
    parts = path.split(".")
    return [".".join(parts[:k]) for k in range(1, len(parts))]


def _hook_points(calls: Sequence[ModuleCall]) -> list[HookPoint]:
    """Hook points at the outputs of calls; the labels count the calls of a module that is called several times."""
    n_calls = Counter(call.path for call in calls)
    labels = [_as_written(call.path) for call in calls]
    return [
        HookPoint(label if n_calls[call.path] == 1 else f"{label}[{call.index}]", call.path, call.index)
        for label, call in zip(labels, calls, strict=True)
    ]


def _as_written(path: str) -> str:
    """Path of a module before torch.compile wrapped any module."""
    return path.replace("._orig_mod", "")


def _fits(path: str, pattern: str) -> bool:
    """Whether a path matches a pattern, in which a `*` does not match a dot."""
    parts, patterns = path.split("."), pattern.split(".")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))
