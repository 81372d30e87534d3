"""Loads models by their names from transformers, timm and torchvision, with what makes inputs of stimuli for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch

from mot_fast._warnings import warn
from mot_fast.system import optional

LIBRARIES = ("timm", "torchvision")
"""Libraries whose models are named with the library and a colon in front: "timm:resnet18.a1_in1k"."""
_MAX_CHARACTERS = 160
"""Largest number of characters that are shown of a message of another library."""
_PROCESSORS = {
    "texts": ("AutoTokenizer", "a tokenizer"),
    "images": ("AutoImageProcessor", "an image processor"),
    "sounds": ("AutoFeatureExtractor", "a feature extractor"),
}
"""Class of transformers that makes a model's inputs of stimuli of a kind, and how messages call it."""
_PARTS = {"texts": "text_model", "images": "vision_model", "sounds": "audio_model"}
"""Names that models of several parts, such as CLIP, give to the part that takes stimuli of a kind."""


def library_of(name: Any) -> str | None:
    """Library that a model's name begins with, as in "timm:NAME"; None if there is none."""
    library = str(name).partition(":")[0]
    return library if library in LIBRARIES and ":" in str(name) else None


def load_from_library(name: str) -> tuple[torch.nn.Module, Callable[[], Any]]:
    """Load a model of timm or torchvision with its trained weights, and the function that returns its transform.

    Parameters
    ----------
    name : str
        "timm:NAME" or "torchvision:NAME", in the second with a dot and the weights if they are not the newest:
        "torchvision:resnet50.IMAGENET1K_V1".

    Raises
    ------
    ImportError
        If the library is not installed.
    ValueError
        If it has no such model, or no weights for it that can be had.
    """
    kind, _, rest = name.partition(":")
    try:
        library = optional.library(kind, f"a model named '{name}' needs")
        if kind == "timm":
            module = library.create_model(rest, pretrained=True)
            return module, partial(transform_of_timm, module)
        architecture, _, weights = rest.partition(".")
        trained = library.models.get_model_weights(architecture)
        if weights and weights not in trained.__members__:
            raise ValueError(f"its weights are {', '.join(trained.__members__)}")
        chosen = trained[weights] if weights else trained.DEFAULT
        return library.models.get_model(architecture, weights=chosen), chosen.transforms
    except Exception as error:  # of downloads, unknown names, models without weights, torchvision for another torch
        if isinstance(error, (ImportError, MemoryError)):
            raise
        raise ValueError(
            f"model: expected a trained model that {kind} loads, found '{rest}' ({_reason(error)})"
        ) from error


def transform_of_timm(module: torch.nn.Module) -> Any:
    """The transform with which a model of timm was evaluated."""
    data = optional.library("timm.data", "the transform of a model of timm needs")
    return data.create_transform(**data.resolve_model_data_config(module), is_training=False)


def load_with_transformers(
    value: Any, path: Path, kind: str | None
) -> tuple[torch.nn.Module, Callable[[str], Callable[..., Any]]]:
    """Load a model of `transformers`, and the function that returns its tokenizer or processor for a kind of stimuli.

    Parameters
    ----------
    value : str or path
        Name, folder or `.gguf` file of the model.
    path : Path
        The same as a path.
    kind : str, optional
        Kind of the stimuli. Of a model with a part for every kind, such as CLIP, the part for this kind is returned.

    Raises
    ------
    ImportError
        If `transformers` is not installed, or cannot import what the model needs.
    OSError
        If there is no such model, or it cannot be read.
    ValueError
        If the model is none that can be loaded as an `AutoModel`.

    Warns
    -----
    UserWarning
        If the model is a masked autoencoder, which is made to see all patches of an image.
    """
    transformers = optional.library("transformers", "a model given by name needs")
    if path.suffix == ".gguf":
        load = partial(_loaded, str(path.parent), {"gguf_file": path.name, "local_files_only": True})
    else:
        load = partial(_loaded, str(value), {"local_files_only": path.exists()})
    try:
        module = load(transformers.AutoModel)
    except ImportError as error:  # as of torchvision for another torch
        raise ImportError(
            f"model: expected packages that transformers can import for {value}, found one that fails "
            f"({_reason(_first_error(error))})"
        ) from error
    except OSError as error:  # there is nothing of the name, or the hub is not reached
        raise OSError(
            f"model: expected a folder or .gguf file of transformers, a name on its hub, or timm:NAME or "
            f"torchvision:NAME, found '{value}' ({_reason(error)})"
        ) from error
    except ValueError as error:  # such as a model whose parts are models of their own
        raise ValueError(
            f"model: expected one that transformers loads as an AutoModel, found {value} "
            f"({str(error).splitlines()[0]}); load it by its own class and give the module, or one half of it, as "
            f"model.get_encoder()"
        ) from error

    @cache
    def processor(kind: str) -> Any:
        name, what = _PROCESSORS[kind]
        try:
            return load(getattr(transformers, name))
        except (ImportError, OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"model: expected one with {what}, as the stimuli are {kind}, found none that transformers loads for "
                f"{value} ({_reason(error)})"
            ) from error

    _show_all_patches(module)
    return _part(module, kind), processor


def _show_all_patches(module: torch.nn.Module) -> None:
    """Let a masked autoencoder see whole images, where it would leave out patches at random, as in training."""
    if module.config.model_type == "vit_mae" and (share := module.config.mask_ratio):
        module.config.mask_ratio = 0.0
        warn(f"the model leaves out {share:.0%} of the patches at random (mask_ratio); here it sees all of them")


def _reason(error: BaseException) -> str:
    """The beginning of the first line of a message of another library, which may be very long."""
    return shorten(next(iter(str(error).splitlines()), "") or type(error).__name__, _MAX_CHARACTERS, placeholder=" ...")


def _first_error(error: BaseException) -> BaseException:
    """The error from which others were raised one after another, and which the last of them may not name."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _part(module: torch.nn.Module, kind: str | None) -> torch.nn.Module:
    """The part of a model of several parts that takes stimuli of a kind; other models are returned whole."""
    children = dict(module.named_children())
    has_several = sum(name in _PARTS.values() for name in children) > 1
    return children.get(_PARTS.get(str(kind), ""), module) if has_several else module


def _loaded(where: str, options: dict[str, Any], kind: Any) -> Any:
    return kind.from_pretrained(where, **options)
