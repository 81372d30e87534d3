"""Whether a model is a decoder, whose first token says little of the stimulus."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.linalg import vector_norm as norm

from mot_fast.networks.extraction import hooks
from mot_fast.networks.extraction.inputs import Inputs

_LEAST_CHANGE = 1e-5
"""Of what other tokens are, relative to their length: rounding changes them less, attention to a new token more."""
_TINY = 1e-30


def is_decoder(model: torch.nn.Module, one: Inputs) -> bool:
    """Whether no token knows of later ones: with another last token, all others stay the same in every module.

    Parameters
    ----------
    model : module
    one : Inputs
        A stimulus, of tokens without padding if it is of tokens.
    """
    ids = one.ids
    if ids is None:
        return False
    if ids.shape[1] == 1:  # there must be others to look at
        one = replace(one, entries={key: _repeated(value) for key, value in one.entries.items()})
    pairs = zip(_earlier_tokens(model, one), _earlier_tokens(model, _with_another_last_token(one)), strict=True)
    changes = [float(norm(after - before) / norm(before).clamp_min(_TINY)) for before, after in pairs]
    return bool(changes) and max(changes) < _LEAST_CHANGE


def _earlier_tokens(model: torch.nn.Module, one: Inputs) -> list[torch.Tensor]:
    """What every module puts out for all tokens but the last."""
    found = [call.leaving.tensor for call in hooks.trace(model, one)]
    over_tokens = [
        values for values in found if values is not None and values.ndim == 3 and values.shape[:2] == one.ids.shape
    ]
    return [values[:, :-1].float() for values in over_tokens]


def _with_another_last_token(one: Inputs) -> Inputs:
    ids = one.ids.clone()
    last = int(ids[0, -1])
    ids[0, -1] = last - 1 if last else 1
    return replace(one, entries={key: ids if value is one.ids else value for key, value in one.entries.items()})


def _repeated(value: Any) -> Any:
    is_of_tokens = isinstance(value, torch.Tensor) and value.shape[:2] == (1, 1)
    return torch.cat([value, value], 1) if is_of_tokens else value
