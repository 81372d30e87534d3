"""Recognizes decoders, whose first token carries little information about the stimulus."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.linalg import vector_norm as norm

from mot_fast.networks.extraction import hooks
from mot_fast.networks.extraction.inputs import Inputs

_MIN_CHANGE = 1e-5
"""Relative change of tokens that attention to another token exceeds, and rounding does not reach."""
_TINY = 1e-30


def is_decoder(model: torch.nn.Module, one: Inputs) -> bool:
    """Whether no token depends on later tokens: a change of the last token changes no other token in any module.

    Parameters
    ----------
    model : module
    one : Inputs
        One stimulus; if it consists of tokens, without padding.
    """
    ids = one.ids
    if ids is None:
        return False
    if ids.shape[1] == 1:  # at least one earlier token is needed
        one = replace(one, entries={key: _repeated(value) for key, value in one.entries.items()})
    pairs = zip(_earlier_tokens(model, one), _earlier_tokens(model, _with_another_last_token(one)), strict=True)
    changes = [float(norm(after - before) / norm(before).clamp_min(_TINY)) for before, after in pairs]
    return bool(changes) and max(changes) < _MIN_CHANGE


def _earlier_tokens(model: torch.nn.Module, one: Inputs) -> list[torch.Tensor]:
    """Outputs of all modules for all tokens but the last."""
    found = [call.output.tensor for call in hooks.trace(model, one)]
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
