"""The model of an extraction: loaded by name if necessary, unwrapped, and identified by a digest of its parameters."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from mot_fast.networks.extraction.named_models import (
    library_of,
    load_from_library,
    load_with_transformers,
    transform_of_timm,
)


@dataclass(frozen=True, eq=False)
class Model:
    """A module, its name, and the function that returns what makes its inputs of stimuli."""

    module: torch.nn.Module
    name: str
    processor: Callable[[str], Callable[..., Any]]
    """Returns the tokenizer or the transform for a kind of stimuli, "texts", "images" or "sounds"."""

    def described(self) -> dict[str, Any]:
        """Fields of `network.json` that describe the model: class, origin, and digest of its parameters and buffers."""
        found = hashlib.blake2b(digest_size=20)
        for name, values in (*self.module.named_parameters(), *self.module.named_buffers()):
            found.update(f"{name} {values.dtype} {tuple(values.shape)} ".encode())
            found.update(values.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        kind = type(self.module)
        return {
            "class": f"{kind.__module__}.{kind.__qualname__}",
            "name_or_path": getattr(self.module, "name_or_path", None) or None,
            "n_parameters": sum(values.numel() for values in self.module.parameters()),
            "digest": found.hexdigest(),
        }


def resolve_model(value: Any, *, tokenizer: Any, transform: Any, device: Any, kind: str | None) -> Model:
    """Unwrap a model that is given as a module, or load one that is given as a name, a folder or a `.gguf` file.

    Parameters
    ----------
    value : module, str or path
    tokenizer : callable, optional
        Tokenizer for texts, in place of the model's own.
    transform : callable, optional
        Transform for images or sounds, in place of the model's own.
    device : str, optional
        Device of a model that is given by name.
    kind : str, optional
        Kind of the stimuli, "texts", "images" or "sounds", if it is known.

    Raises
    ------
    ImportError
        If a name is given, and `transformers`, or the library in the name, is not installed.
    FileNotFoundError
        If a path is given and nothing is there.
    TypeError, ValueError
        If `value` is of another type; if there is no such device, or a device is given for a module.
    """
    given = {"texts": tokenizer, "images": transform, "sounds": transform}
    if isinstance(value, torch.nn.Module):
        value = _unwrapped(value)
        if device is not None:
            raise ValueError(f"device: expected none, as a module runs where it is, found {device!r}; move the module")
        name = getattr(value, "name_or_path", None) or type(value).__name__
        transform_of_module = partial(transform_of_timm, value) if hasattr(value, "pretrained_cfg") else None
        own = partial(_processor_of_module, transform_of_module)
        return Model(value, Path(name).name, partial(_processor, given, own))
    if not isinstance(value, (str, os.PathLike)):
        hint = "; give the module that it was made of" if type(value).__module__.startswith("torch.") else ""
        raise TypeError(f"model: expected a torch module, or a name or path of one, found {type(value).__name__}{hint}")
    path = Path(value)
    if not path.exists() and (isinstance(value, os.PathLike) or path.suffix == ".gguf"):
        raise FileNotFoundError(f"model: expected a folder or a .gguf file, found nothing at {path}")
    where = _usable(device)
    if library_of(value) is not None:
        module, own_transform = load_from_library(str(value))
        own = partial(_processor_of_module, own_transform)
        return Model(module.to(where), str(value).partition(":")[2], partial(_processor, given, own))
    module, load = load_with_transformers(value, path, kind)
    return Model(module.to(where), path.stem if path.suffix == ".gguf" else path.name, partial(_processor, given, load))


def _unwrapped(module: torch.nn.Module) -> torch.nn.Module:
    """Remove what `torch.compile` and data parallelism put around a module; refuse modules that cannot be read."""
    while type(module).__name__ == "OptimizedModule" or isinstance(
        module, (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
    ):
        module = module._orig_mod if "_orig_mod" in module._modules else module.module
    kinds = {kind.__name__ for each in module.modules() for kind in type(each).__mro__}
    if kinds & {"FullyShardedDataParallel", "FSDPModule"}:
        raise TypeError(
            "model: expected a module with its parameters in one piece, found one that is sharded (FSDP); give the "
            "module before it was sharded, with its weights loaded"
        )
    if scripted := [(path, each) for path, each in module.named_modules() if isinstance(each, torch.jit.ScriptModule)]:
        path, each = scripted[0]
        where = f", as '{path}' in it" if path else ""
        raise TypeError(
            f"model: expected a module whose parts run in Python, found a scripted or traced one, "
            f"{type(each).__name__}{where}; give the module that it was made of"
        )
    if isinstance(module, torch.fx.GraphModule) and not any(map(_runs_a_module, module.graph.nodes)):
        raise TypeError(
            "model: expected a module whose parts run as modules, found an exported or traced graph of plain functions;"
            " give the module that it was made of"
        )
    if any(values.is_meta for values in (*module.parameters(), *module.buffers())):
        raise ValueError("model: expected parameters with numbers, found some on the device 'meta', which holds none")
    return module


def _runs_a_module(node: torch.fx.Node) -> bool:
    """Whether a step of a graph runs a module, other than the one that checks the inputs of an exported model."""
    return bool(node.op == "call_module" and node.target != "_guards_fn")


def _usable(device: Any) -> torch.device:
    """The device, after a test that tensors can be put on it."""
    try:
        where = torch.device("cpu" if device is None else device)
        torch.empty(1, device=where).cpu()
    except Exception as error:  # devices that torch was built without raise errors of any type
        raise ValueError(
            f"device: expected one that torch can use here, such as 'cpu', found {device!r} ({error})"
        ) from None
    return where


def _processor(given: Mapping[str, Any], own: Callable[[str], Any], kind: str) -> Any:
    """What the caller gives for stimuli of a kind, or else the model's own."""
    return own(kind) if given[kind] is None else given[kind]


def _processor_of_module(transform: Callable[[], Any] | None, kind: str) -> Any:
    """The transform of a vision model that brings one; otherwise an error that says what to give."""
    if transform is not None and kind == "images":
        return transform()
    argument = "tokenizer" if kind == "texts" else "transform"
    raise ValueError(
        f"{argument}: expected one, as the stimuli are {kind}, found None; or give the model by its name or folder"
    )
