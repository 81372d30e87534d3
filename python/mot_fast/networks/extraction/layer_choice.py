"""Which modules of a model are its layers: the blocks between which it hands on its state, or those that are named.

The blocks are the outermost modules of a class that is called several times in a run of the model, made of several
modules with weights; a stage, which only hands its input on from one such block to the next, is opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import islice, pairwise

import torch

from mot_fast.networks.extraction.hooks import Call, Tap

_N_NEAR = 5


def residual_stream(model: torch.nn.Module, calls: Sequence[Call]) -> list[Tap]:
    """What enters the first block, unless it is the stimulus itself, and what leaves every block.

    A model without such blocks has its modules with weight matrices as layers.

    Raises
    ------
    ValueError
        If it has none of these either, or if nothing runs as a module.
    """
    if isinstance(model, torch.fx.GraphModule):
        raise ValueError(
            "layers: expected names of layers for a model that was traced into a graph, whose blocks no longer run as "
            "modules, found 'auto'; or give the model that it was made of"
        )
    calls = [call for call in calls if call.leaving.tensor is not None]
    blocks = _blocks(calls)
    if not blocks:
        layers = [call for call in calls if any(w.ndim > 1 for w in call.module.parameters(recurse=False))]
        if not layers:
            raise ValueError(f"layers: expected a model of blocks or weights, found none in {type(model).__name__}")
        return _taps(layers)
    entering = blocks[0].entering.tensor
    if entering is None or blocks[0].takes_stimulus:
        return _taps(blocks)
    label = "embedding" if entering.ndim == 3 else "stem"
    return [Tap(label, blocks[0].path, blocks[0].index, is_input=True), *_taps(blocks)]


def named(layers: str | Sequence[str], calls: Sequence[Call]) -> list[Tap]:
    """What leaves the modules of these names, or else patterns, in the order in which they run.

    Raises
    ------
    ValueError
        If there is no such module, or it does not run, or puts out no tensor; if no module runs at all.
    """
    # What torch.compile puts around a module is called like it, and runs it.
    calls = [call for call in calls if call.leaving.tensor is not None and "_orig_mod" not in call.module._modules]
    if not calls:
        raise ValueError("layers: expected a model whose parts run as modules, found none, as in an exported one")
    taps, chosen = _taps(calls), set()
    for pattern in [layers] if isinstance(layers, str) else layers:
        found = [k for k, tap in enumerate(taps) if pattern in (tap.label, tap.path)]
        found = found or [k for k, tap in enumerate(taps) if _fits(_as_written(tap.path), pattern)]
        chosen.update(found)
        if not found:
            paths = list(dict.fromkeys(_as_written(call.path) for call in calls))
            near = get_close_matches(pattern, paths, n=_N_NEAR, cutoff=0.3) or paths[:_N_NEAR]
            raise ValueError(
                f"layers: expected modules that run and put out a tensor, such as "
                f"{', '.join(map(repr, near))}, found none by '{pattern}'"
            )
    return [taps[k] for k in sorted(chosen)]


def _blocks(calls: Sequence[Call]) -> list[Call]:
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
    """Whether it is made of several modules with weights; a container has no say in what they do."""
    return not _is_container(module) and len(list(islice(_with_weights(module), 2))) == 2


def _computes_itself(call: Call, calls: Sequence[Call]) -> bool:
    """Whether it has one module with weights within, and adds to what that makes, as a residual block does."""
    entering, leaving = call.entering.tensor, call.leaving.tensor
    if _is_container(call.module) or entering is None or leaving is None or entering.shape != leaving.shape:
        return False
    within = [each for each in calls if each.path.startswith(f"{call.path}.")]
    weighted = next(_with_weights(call.module), None)
    return (
        weighted is not None
        and weighted is not call.module
        and not any(each.leaving.is_same(call.leaving) for each in within)
    )


def _with_weights(module: torch.nn.Module) -> Iterator[torch.nn.Module]:
    return (each for each in module.modules() if next(each.parameters(recurse=False), None) is not None)


def _is_container(module: torch.nn.Module) -> bool:
    """Whether it only holds others, or runs them one after the other."""
    is_plain_sequence = type(module).forward is torch.nn.Sequential.forward
    return isinstance(module, (torch.nn.ModuleList, torch.nn.ModuleDict)) or is_plain_sequence


def _is_stage(kind: type[torch.nn.Module], calls: Sequence[Call], candidates: Sequence[Call]) -> bool:
    """Whether every module of the class only hands on from block to block, and one of them between two of a kind."""
    chains = [
        (call, _outermost([each for each in candidates if each.path.startswith(f"{call.path}.")]))
        for call in calls
        if type(call.module) is kind
    ]
    return all(
        chain
        and chain[-1].leaving.is_same(call.leaving)
        and all(a.leaving.is_same(b.entering) for a, b in pairwise(chain))
        for call, chain in chains
    ) and any(type(a.module) is type(b.module) for _, chain in chains for a, b in pairwise(chain))


def _outermost(calls: Sequence[Call]) -> list[Call]:
    """Those that are not within another one's module."""
    paths = {call.path for call in calls}
    return [call for call in calls if not any(outer in paths for outer in _around(call.path))]


def _around(path: str) -> list[str]:
    """Paths of the modules that hold this one."""
    parts = path.split(".")
    return [".".join(parts[:k]) for k in range(1, len(parts))]


def _taps(calls: Sequence[Call]) -> list[Tap]:
    """A module that is called several times is so many layers; one that was compiled is called what it was before."""
    n_calls = Counter(call.path for call in calls)
    labels = [_as_written(call.path) for call in calls]
    return [
        Tap(label if n_calls[call.path] == 1 else f"{label}[{call.index}]", call.path, call.index)
        for label, call in zip(labels, calls, strict=True)
    ]


def _as_written(path: str) -> str:
    """The path that a module had before any was compiled."""
    return path.replace("._orig_mod", "")


def _fits(path: str, pattern: str) -> bool:
    """Whether the pattern has as many parts as the path, each fitting its own: a `*` does not cross a dot."""
    parts, patterns = path.split("."), pattern.split(".")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))
