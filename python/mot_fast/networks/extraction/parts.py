"""Models of several parts, as an encoder and a decoder: a layer belongs to one of them, and each is given alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature

import torch

from mot_fast.networks.extraction.hooks import Tap


def check_is_one(model: torch.nn.Module) -> None:
    """A model whose layers are to be found must not encode one sequence and decode another.

    Raises
    ------
    ValueError
        If it does.
    """
    if _decodes_another(model):
        raise ValueError(
            "layers: expected names of layers for a model that encodes one sequence and decodes another, found "
            "'auto'; or give one half of it, as model.get_encoder()"
        )


def check_is_one_stream(model: torch.nn.Module, taps: Sequence[Tap]) -> None:
    """The layers that were found must not lie in several parts of the model, each with a stream of its own.

    Raises
    ------
    ValueError
        If they do.
    """
    names = _parts_by_name(model)
    if len({tap.path.partition(".")[0] for tap in taps} & set(names)) > 1:
        raise ValueError(
            "layers: expected names of layers for a model of several parts, found 'auto'; or give one of them, as "
            f"{_shown(names)}"
        )


@contextmanager
def explained(model: torch.nn.Module) -> Iterator[None]:
    """Where a model of several parts does not run on the stimuli, say that one part might.

    Raises
    ------
    ValueError
        If such a model raises anything; of others the error is their own.
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
    """Names of the parts, of which there are none or several: "text_model" and "vision_model", say."""
    names = [name for name, _ in model.named_children() if name.endswith("_model")]
    return names if len(names) > 1 else []


def _shown(names: Sequence[str]) -> str:
    return " or ".join(f"model.{name}" for name in names)
