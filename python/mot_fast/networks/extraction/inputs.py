"""What a model is called with for some stimuli: tensors by name or one alone, and what of them is padding."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

ALONE = "input"
"""The name of a tensor that came without one, which the model gets as its only argument."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the model is called with for `n_stimuli` stimuli, which are the first dimension of its tensors."""

    entries: Mapping[str, Any]
    n_stimuli: int

    @property
    def ids(self) -> Any:
        """Token ids `(n_stimuli, n_tokens)`; None if the stimuli are no such."""
        ids = self.entries.get("input_ids")
        if ids is None and _is_integer_matrix(self.entries.get(ALONE)):
            return self.entries[ALONE]
        return ids

    @property
    def mask(self) -> torch.Tensor | None:
        """Which tokens `(n_stimuli, n_tokens)` are not padding; None where nothing says so."""
        mask = self.entries.get("attention_mask")
        if mask is None:
            return None if self.ids is None else torch.ones_like(self.ids, dtype=torch.bool)
        if mask.ndim != 2:
            raise ValueError(
                f"batches: expected an attention_mask (n_stimuli, n_tokens), found shape {tuple(mask.shape)}"
            )
        return mask != 0

    @property
    def is_padded(self) -> bool:
        """Whether some stimuli have padding."""
        mask = self.mask
        return mask is not None and not bool(mask.all())

    def select(self, rows: slice) -> Inputs:
        """Some of the stimuli."""
        entries = {key: value[rows] if self._has_stimuli(value) else value for key, value in self.entries.items()}
        return Inputs(entries, len(range(self.n_stimuli)[rows]))

    def without_padding(self, row: int) -> Inputs:
        """One stimulus as if it had come alone."""
        alone, mask = self.select(slice(row, row + 1)), self.mask
        if mask is None:
            return alone
        kept = mask[row]
        entries = {
            key: value[:, kept] if _has_tokens(value, mask[row : row + 1]) else value
            for key, value in alone.entries.items()
        }
        return replace(alone, entries=entries)

    def identities(self) -> list[bytes]:
        """What tells each stimulus from others: a hash of its entries that are not padding."""
        mask = self.mask
        masks = [None] * self.n_stimuli if mask is None else list(mask)
        digests = [hashlib.blake2b(digest_size=20) for _ in masks]
        for key, value in sorted(self.entries.items()):
            if key == "attention_mask" or not self._has_stimuli(value):
                continue
            is_masked = mask is not None and _has_tokens(value, mask)
            for digest, row, kept in zip(digests, value, masks, strict=True):
                entry = (row[kept] if is_masked else row).detach().cpu().contiguous()
                digest.update(f"{key} {entry.dtype} {tuple(entry.shape)} ".encode())
                digest.update(entry.reshape(-1).view(torch.uint8).numpy().data)
        return [digest.digest() for digest in digests]

    def moved_to(self, model: torch.nn.Module) -> Inputs:
        """The same on the model's device, and in its precision."""
        like = next((x for x in (*model.parameters(), *model.buffers()) if x.is_floating_point()), torch.empty(0))
        return replace(self, entries={key: _moved(value, like) for key, value in self.entries.items()})

    def copied(self) -> Inputs:
        """The same in memory of their own, for a model that may edit in place what it is given."""
        entries = {
            key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in self.entries.items()
        }
        return replace(self, entries=entries)

    def call(self, model: torch.nn.Module) -> Any:
        """What the model makes of them; it gets the tensors themselves."""
        # A cache would keep keys and values of all layers, which nobody asks for.
        options = {"use_cache": False} if "use_cache" in inspect.signature(model.forward).parameters else {}
        entries = dict(self.entries)
        return model(entries[ALONE], **options) if ALONE in entries else model(**{**options, **entries})

    def _has_stimuli(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor) and value.ndim > 0 and len(value) == self.n_stimuli


def inputs_of(values: Any, what: str = "batches") -> Inputs:
    """The inputs that a tensor, an array or a mapping of such holds; of a tuple or list the first entry's.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or has no stimuli.
    """
    if isinstance(values, (tuple, list)) and values:  # what a data loader yields: the stimuli, then their labels
        return inputs_of(values[0], what)
    if isinstance(values, Mapping):
        entries = {str(key): _tensor(value, f"{what}, '{key}'") for key, value in values.items()}
    else:
        entries = {ALONE: _tensor(values, what)}
    tensors = [entries[key] for key in ("input_ids", *entries) if isinstance(entries.get(key), torch.Tensor)]
    if not tensors or tensors[0].ndim == 0:
        raise TypeError(f"{what}: expected a tensor or array of stimuli, found {_shown(values)}")
    return Inputs(entries, len(tensors[0]))


def _tensor(value: Any, what: str) -> Any:
    """As a tensor where it is an array; options such as True, and None, as they are."""
    if isinstance(value, torch.Tensor) or value is None or isinstance(value, (bool, str)):
        return value
    try:
        array = np.array(value)  # a copy: torch would share memory that may be read-only
        return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what}: expected a tensor or array of numbers, found {_shown(value)} ({error})") from error


def _moved(value: Any, like: torch.Tensor) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return value.to(like.device, like.dtype if value.is_floating_point() else value.dtype)


def _has_tokens(value: Any, mask: torch.Tensor) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim > 1 and value.shape[:2] == mask.shape


def _is_integer_matrix(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim == 2 and not (value.is_floating_point() or value.is_complex())


def _shown(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"{type(value).__name__} of shape {tuple(shape)}"
