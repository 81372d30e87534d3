"""Iterates over stimuli in batches, with an identity for each stimulus, whatever source they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np
import torch

from mot_fast.networks import stimulus_digest
from mot_fast.networks.extraction import stimulus_order
from mot_fast.networks.extraction.inputs import Inputs, inputs_of, inputs_of_texts


@dataclass(frozen=True)
class Batch:
    """Some consecutive stimuli."""

    start: int
    """Position of the first stimulus among all stimuli."""
    identities: list[bytes]
    identity_kind: str
    """Kind of the identities: "texts", "inputs", or "identities" that the caller gave."""
    read: Callable[[], Inputs]
    """Makes the inputs of the model."""


def iterate_batches(
    source: Any, batch_size: int, stimuli: Sequence[Any] | None, tokenizer: Callable[[], Any]
) -> Iterator[Batch]:
    """Yield the batches of a source, and check that it yields all stimuli in a fixed order.

    Parameters
    ----------
    source : sequence of str, array, mapping of arrays, or iterable of batches
        A batch is an array, a mapping of arrays, a list of texts, or a tuple or list whose first entry is one of these.
    batch_size : int
        Number of stimuli in a batch, if `source` is not divided into batches.
    stimuli : sequence, optional
        Identities of the stimuli.
    tokenizer : callable
        Returns the tokenizer; called for texts only.

    Raises
    ------
    TypeError, ValueError
        If `source` is of another type, is not in a fixed order, or has not as many stimuli as `stimuli`.
    """
    stimulus_order.check_order(source)
    n_known = n_stimuli_if_known(source, None)
    if stimuli is not None and n_known is not None:  # before the model runs for hours
        _check_count(n_known == len(stimuli), stimuli, str(n_known))
    start, first_identities = 0, None
    for values in _divided(source, batch_size):
        first_identities = _content_identities(values, source) if first_identities is None else first_identities
        texts = _texts(values)
        if texts is not None:
            n_stimuli, read = len(texts), partial(_tokenized, texts, tokenizer, start)
        else:
            inputs = values if isinstance(values, Inputs) else inputs_of(values, _what(source))
            n_stimuli, read = inputs.n_stimuli, partial(_unchanged, inputs)
        if not n_stimuli:
            continue
        if stimuli is not None:
            _check_count(start + n_stimuli <= len(stimuli), stimuli, f"more than {len(stimuli)}")
            known = [stimulus_digest.identity(each, "stimuli") for each in stimuli[start : start + n_stimuli]]
            yield Batch(start, known, "identities", read)
        elif texts is not None:
            yield Batch(start, [stimulus_digest.identity(text, "batches") for text in texts], "texts", read)
        else:
            yield Batch(start, inputs.identities(), "inputs", read)
        start += n_stimuli
    if start == 0:
        raise ValueError(f"batches: expected at least one stimulus, found none in {type(source).__name__}")
    if stimuli is not None:
        _check_count(start == len(stimuli), stimuli, str(start))
    _check_repeatable(source, first_identities)


def _content_identities(values: Any, source: Any) -> list[bytes]:
    """Identities of the stimuli of a batch by their contents."""
    texts = _texts(values)
    if texts is not None:
        return [stimulus_digest.identity(text, "batches") for text in texts]
    return (values if isinstance(values, Inputs) else inputs_of(values, _what(source))).identities()


def _check_repeatable(source: Any, first_identities: list[bytes] | None) -> None:
    """Check that a source begins with the same batch when it is iterated over again, and so does not shuffle.

    Containers, and iterators that can be used only once, are not checked. The check comes last, since all iterations
    over a source may share a state.
    """
    if isinstance(source, (Sequence, Mapping, torch.Tensor, np.ndarray)) or iter(source) is source:
        return
    again = None
    with suppress(Exception):  # some sources raise an error when they are used up
        again = _content_identities(next(iter(source)), source)
    if again is not None and again != first_identities:
        raise ValueError(
            f"batches: expected the same stimuli in the same order whenever they are gone through, found that "
            f"{type(source).__name__} begins with others the second time: it shuffles, or alters stimuli at random"
        )


def n_stimuli_if_known(source: Any, stimuli: Sequence[Any] | None) -> int | None:
    """Number of stimuli; None if it is unknown before the iteration."""
    if stimuli is not None:
        return len(stimuli)
    is_one_collection = (isinstance(source, (torch.Tensor, np.ndarray)) and source.ndim > 0) or (
        isinstance(source, Sequence) and len(source) > 0 and isinstance(source[0], str)
    )
    return len(source) if is_one_collection else None


def _divided(source: Any, batch_size: int) -> Iterator[Any]:
    """Yield the batches of a source, or divide it into batches."""
    if isinstance(source, (str, bytes)) or not isinstance(source, (Iterable, torch.Tensor)):
        raise TypeError(f"batches: expected texts, an array or an iterable of batches, found {type(source).__name__}")
    if isinstance(source, Mapping):
        inputs = inputs_of(source)
        yield from (inputs.select(slice(k, k + batch_size)) for k in range(0, inputs.n_stimuli, batch_size))
    elif isinstance(source, torch.Tensor) or (isinstance(source, np.ndarray) and source.dtype.kind not in "OSTU"):
        if source.ndim == 0:
            raise TypeError("batches: expected an array of stimuli, found one number")
        yield from (source[k : k + batch_size] for k in range(0, len(source), batch_size))
    else:
        each = iter(source)
        first = list(islice(each, 1))
        rest = chain(first, each)
        if not (first and isinstance(first[0], str)):
            yield from rest
        while texts := list(islice(rest, batch_size)):
            yield texts


def _texts(values: Any) -> list[str] | None:
    """The texts of a batch; None unless it is a list of texts, or a tuple whose first entry is one."""
    if not isinstance(values, (list, tuple)) or not values:
        return None
    if isinstance(values[0], (list, tuple)):
        return _texts(values[0])
    if not isinstance(values[0], str):
        return None
    for text in values:
        if not isinstance(text, str):
            raise TypeError(f"batches: expected texts as the first one is, found {type(text).__name__} among them")
    return list(values)


def _tokenized(texts: list[str], tokenizer: Callable[[], Any], start: int) -> Inputs:
    return inputs_of_texts(texts, tokenizer(), start)


def _unchanged(inputs: Inputs) -> Inputs:
    return inputs


def _what(source: Any) -> str:
    return "batches" if isinstance(source, (torch.Tensor, np.ndarray)) else "batches, one of them"


def _check_count(is_right: bool, stimuli: Sequence[Any], found: str) -> None:
    if not is_right:
        raise ValueError(f"stimuli: expected one for each of the stimuli in batches, found {len(stimuli)} for {found}")
