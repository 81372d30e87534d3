"""The inputs of a model for some stimuli, made from arrays or from texts: named tensors or one tensor, and padding."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

UNNAMED = "input"
"""Name of a tensor that was given without one; the model gets it as its only argument."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """The arguments of a model for `n_stimuli` stimuli, which are the first dimension of the tensors."""

    entries: Mapping[str, Any]
    n_stimuli: int

    @property
    def ids(self) -> Any:
        """Token ids `(n_stimuli, n_tokens)`; None if the stimuli are not tokens."""
        ids = self.entries.get("input_ids")
        if ids is None and _is_integer_matrix(self.entries.get(UNNAMED)):
            return self.entries[UNNAMED]
        return ids

    @property
    def mask(self) -> torch.Tensor | None:
        """Mask `(n_stimuli, n_tokens)` of the tokens that are not padding; None if the stimuli are not tokens."""
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
        """Whether any stimulus has padding."""
        mask = self.mask
        return mask is not None and not bool(mask.all())

    def select(self, rows: slice) -> Inputs:
        """Select some of the stimuli."""
        entries = {key: value[rows] if self._has_stimuli(value) else value for key, value in self.entries.items()}
        return Inputs(entries, len(range(self.n_stimuli)[rows]))

    def without_padding(self, row: int) -> Inputs:
        """One stimulus as it would be without the others: its padding is removed."""
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
        """Hashes of the stimuli without their padding, which identify them."""
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
        """The same inputs on the device and in the precision of a model."""
        like = next((x for x in (*model.parameters(), *model.buffers()) if x.is_floating_point()), torch.empty(0))
        return replace(self, entries={key: _moved(value, like) for key, value in self.entries.items()})

    def copied(self) -> Inputs:
        """A copy of the inputs, for a model that may edit its inputs in place."""
        entries = {
            key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in self.entries.items()
        }
        return replace(self, entries=entries)

    def call(self, model: torch.nn.Module) -> Any:
        """Run the model on the inputs, which are not copied."""
        # A cache would keep the keys and values of all layers for nothing.
        options = {"use_cache": False} if "use_cache" in inspect.signature(model.forward).parameters else {}
        entries = dict(self.entries)
        return model(entries[UNNAMED], **options) if UNNAMED in entries else model(**{**options, **entries})

    def _has_stimuli(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor) and value.ndim > 0 and len(value) == self.n_stimuli


def inputs_of(values: Any, what: str = "batches") -> Inputs:
    """Make inputs of a tensor, an array or a mapping of these; the first entry of a tuple or list counts.

    Raises
    ------
    TypeError, ValueError
        If `values` is of another type, or has no stimuli.
    """
    if isinstance(values, (tuple, list)) and values:  # a data loader yields stimuli, then their labels
        return inputs_of(values[0], what)
    if isinstance(values, Mapping):
        entries = {str(key): _tensor(value, f"{what}, '{key}'") for key, value in values.items()}
    else:
        entries = {UNNAMED: _tensor(values, what)}
    tensors = [entries[key] for key in ("input_ids", *entries) if isinstance(entries.get(key), torch.Tensor)]
    if not tensors or tensors[0].ndim == 0:
        raise TypeError(f"{what}: expected a tensor or array of stimuli, found {_shown(values)}")
    return Inputs(entries, len(tensors[0]))


def inputs_of_texts(texts: Sequence[str], tokenizer: Callable[..., Any], start: int) -> Inputs:
    """Tokenize texts completely, and pad them on the right, with an attention mask.

    The mask excludes the padding, so that the tokenizer needs no padding token, which many decoders lack.

    Parameters
    ----------
    texts : sequence of str
    tokenizer : callable
        A tokenizer like those of `transformers`: it maps a list of texts to `input_ids`, one list for each text.
    start : int
        Position of the first text among all stimuli, for messages.

    Raises
    ------
    ValueError
        If a text has more tokens than the model accepts, by its tokenizer.
    """
    columns = {key: rows for key, rows in tokenizer(list(texts)).items() if key != "attention_mask"}
    lengths = [len(ids) for ids in columns["input_ids"]]
    longest = getattr(tokenizer, "model_max_length", None)
    for row, length in enumerate(lengths):
        if longest is not None and length > longest:
            raise ValueError(
                f"stimulus {start + row}: expected at most {longest} tokens, which is what the tokenizer says that the "
                f"model takes, found {length}; shorten the text, or give tokenized batches"
            )
    filler = getattr(tokenizer, "pad_token_id", None) or 0
    width = max(lengths)
    entries = {
        key: torch.tensor([[*row, *[filler if key == "input_ids" else 0] * (width - len(row))] for row in rows])
        for key, rows in columns.items()
    }
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    return Inputs({**entries, "attention_mask": mask.long()}, len(texts))


def _tensor(value: Any, what: str) -> Any:
    """Convert an array to a tensor; return None and options such as True unchanged."""
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
