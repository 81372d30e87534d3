"""The model of an extraction: loaded by name if necessary, unwrapped, and identified by a digest of its parameters."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from mot_fast.system import optional


@dataclass(frozen=True, eq=False)
class Model:
    """A module, its name, and the function that returns its tokenizer."""

    module: torch.nn.Module
    name: str
    tokenizer: Callable[[], Any]

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


def resolve_model(value: Any, tokenizer: Any, device: Any) -> Model:
    """Unwrap a model that is given as a module, or load one that is given as a name, a folder or a `.gguf` file.

    Raises
    ------
    ImportError
        If a name is given and `transformers` is not installed.
    FileNotFoundError
        If a path is given and nothing is there.
    TypeError, ValueError
        If `value` is of another type; if there is no such device, or a device is given for a module.
    """
    if isinstance(value, torch.nn.Module):
        value = _unwrapped(value)
        if device is not None:
            raise ValueError(f"device: expected none, as a module runs where it is, found {device!r}; move the module")
        name = getattr(value, "name_or_path", None) or type(value).__name__
        return Model(value, Path(name).name, partial(_given, tokenizer))
    if not isinstance(value, (str, os.PathLike)):
        hint = "; give the module that it was made of" if type(value).__module__.startswith("torch.") else ""
        raise TypeError(f"model: expected a torch module, or a name or path of one, found {type(value).__name__}{hint}")
    path = Path(value)
    if not path.exists() and (isinstance(value, os.PathLike) or path.suffix == ".gguf"):
        raise FileNotFoundError(f"model: expected a folder or a .gguf file, found nothing at {path}")
    where = _usable(device)
    try:
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise optional.missing("a model given by name needs", "transformers", error=error) from error
    if path.suffix == ".gguf":
        load = partial(_loaded, str(path.parent), {"gguf_file": path.name, "local_files_only": True})
    else:
        load = partial(_loaded, str(value), {"local_files_only": path.exists()})
    own = cache(partial(load, AutoTokenizer)) if tokenizer is None else partial(_given, tokenizer)
    try:
        module = load(AutoModel).to(where)
    except ValueError as error:  # such as a model whose parts are models of their own
        raise ValueError(
            f"model: expected one that transformers loads as an AutoModel, found {value} "
            f"({str(error).splitlines()[0]}); load it by its own class and give the module, or one half of it, as "
            f"model.get_encoder()"
        ) from error
    return Model(module, path.stem if path.suffix == ".gguf" else path.name, own)


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


def _loaded(where: str, options: dict[str, Any], kind: Any) -> Any:
    return kind.from_pretrained(where, **options)


def _given(tokenizer: Any) -> Any:
    if tokenizer is None:
        raise ValueError(
            "tokenizer: expected one, as the stimuli are texts, found None; or give the model by its name or folder"
        )
    return tokenizer
