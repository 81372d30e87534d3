"""Errors for models of several parts, such as an encoder and a decoder, which must be extracted one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature

import torch

from mot_fast.networks.extraction.hooks import HookPoint


def require_one_part(model: torch.nn.Module) -> None:
    """Check that a model with layers="auto" does not encode one sequence and decode another.

    Raises
    ------
    ValueError
        If the model does.
    """
    if _decodes_another(model):
        raise ValueError(
            "layers: expected names of layers for a model that encodes one sequence and decodes another, found "
            "'auto'; or give one half of it, as model.get_encoder()"
        )


def require_one_stream(model: torch.nn.Module, hook_points: Sequence[HookPoint]) -> None:
    """Check that the layers that were found lie in one part of the model.

    Raises
    ------
    ValueError
        If the layers lie in several parts, each of which has its own residual stream.
    """
    names = _parts_by_name(model)
    if len({point.path.partition(".")[0] for point in hook_points} & set(names)) > 1:
        raise ValueError(
            "layers: expected names of layers for a model of several parts, found 'auto'; or give one of them, as "
            f"{_shown(names)}"
        )


@contextmanager
def parts_suggested(model: torch.nn.Module) -> Iterator[None]:
    """Suggest a part of the model in the error if a model of several parts does not run on the stimuli.

    Raises
    ------
    ValueError
        If a model of several parts raises any error; the errors of other models are not changed.
    """
    try:
        yield
    except Exception as error:
        children = dict(model.named_children())
        if _decodes_another(model):
            parts = "model.get_encoder()"
        elif names := _parts_by_name(model):
            parts = _shown(names)
        elif {"encoder", "decoder"} <= children.keys():
            parts = "model.encoder"
        else:
            raise
        raise ValueError(
            f"model: expected one that runs on these stimuli alone, found {type(model).__name__}, which has several "
            f"parts and does not ({error}); give one of them, as {parts}"
        ) from error


def _decodes_another(model: torch.nn.Module) -> bool:
    return any(name.startswith("decoder_input") for name in signature(model.forward).parameters)


def _parts_by_name(model: torch.nn.Module) -> list[str]:
    """Names of the parts, such as "text_model" and "vision_model"; empty unless there are several."""
    names = [name for name, _ in model.named_children() if name.endswith("_model")]
    return names if len(names) > 1 else []


def _shown(names: Sequence[str]) -> str:
    return " or ".join(f"model.{name}" for name in names)
