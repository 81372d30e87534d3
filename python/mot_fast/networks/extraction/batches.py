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
from mot_fast.networks.extraction.stimulus_files import StimulusFiles


@dataclass(frozen=True)
class Batch:
    """Some consecutive stimuli."""

    start: int
    """Position of the first stimulus among all stimuli."""
    identities: list[bytes]
    identity_kind: str
    """Kind of the identities: "texts", "files", "inputs", or "identities" that the caller gave."""
    read: Callable[[], Inputs]
    """Makes the inputs of the model."""


def iterate_batches(
    source: Any,
    batch_size: int,
    stimuli: Sequence[Any] | None,
    tokenizer: Callable[[], Any],
    preprocessing: Callable[[StimulusFiles, int], Inputs] | None = None,
) -> Iterator[Batch]:
    """Yield the batches of a source, and check that it yields all stimuli in a fixed order.

    Parameters
    ----------
    source : StimulusFiles, sequence of str, array, mapping of arrays, or iterable of batches
        A batch is an array, a mapping of arrays, a list of texts, or a tuple or list whose first entry is one of these.
    batch_size : int
        Number of stimuli in a batch, if `source` is not divided into batches.
    stimuli : sequence, optional
        Identities of the stimuli.
    tokenizer : callable
        Returns the tokenizer; called for texts only.
    preprocessing : callable, optional
        Makes the inputs of files, given the position of the first among all stimuli; only files need it.

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
        part = _part_of(values, source)
        first_identities = part.identities() if first_identities is None else first_identities
        if not part.n_stimuli:
            continue
        read = partial(part.read, tokenizer if part.identity_kind == "texts" else preprocessing, start)
        if stimuli is not None:
            _check_count(start + part.n_stimuli <= len(stimuli), stimuli, f"more than {len(stimuli)}")
            chosen = stimuli[start : start + part.n_stimuli]
            yield Batch(start, [stimulus_digest.identity(each, "stimuli") for each in chosen], "identities", read)
        else:
            yield Batch(start, part.identities(), part.identity_kind, read)
        start += part.n_stimuli
    if start == 0:
        raise ValueError(f"batches: expected at least one stimulus, found none in {type(source).__name__}")
    if stimuli is not None:
        _check_count(start == len(stimuli), stimuli, str(start))
    _check_repeatable(source, first_identities)


@dataclass(frozen=True)
class _Part:
    """Stimuli of a batch, in whatever form they come."""

    n_stimuli: int
    identity_kind: str
    identities: Callable[[], list[bytes]]
    """Returns the identities of the stimuli by their contents."""
    read: Callable[[Any, int], Inputs]
    """Makes the inputs of the stimuli, by a tokenizer or preprocessing; the first has a position among all stimuli."""


def _part_of(values: Any, source: Any) -> _Part:
    if isinstance(values, StimulusFiles):
        return _Part(len(values), "files", values.identities, partial(_preprocessed, values))
    texts = _texts(values)
    if texts is not None:
        return _Part(len(texts), "texts", partial(_identities_of_texts, texts), partial(_tokenized, texts))
    inputs = values if isinstance(values, Inputs) else inputs_of(values, _what(source))
    return _Part(inputs.n_stimuli, "inputs", inputs.identities, partial(_unchanged, inputs))


def _check_repeatable(source: Any, first_identities: list[bytes] | None) -> None:
    """Check that a source begins with the same batch when it is iterated over again, and so does not shuffle.

    Containers, and iterators that can be used only once, are not checked. The check comes last, since all iterations
    over a source may share a state.
    """
    kept = (StimulusFiles, Sequence, Mapping, torch.Tensor, np.ndarray)
    if isinstance(source, kept) or iter(source) is source:
        return
    again = None
    with suppress(Exception):  # some sources raise an error when they are used up
        again = _part_of(next(iter(source)), source).identities()
    if again is not None and again != first_identities:
        raise ValueError(
            f"batches: expected the same stimuli in the same order whenever they are gone through, found that "
            f"{type(source).__name__} begins with others the second time: it shuffles, or alters stimuli at random"
        )


def n_stimuli_if_known(source: Any, stimuli: Sequence[Any] | None) -> int | None:
    """Number of stimuli; None if it is unknown before the iteration."""
    if stimuli is not None:
        return len(stimuli)
    is_array = isinstance(source, (torch.Tensor, np.ndarray)) and source.ndim > 0
    is_list_of_texts = isinstance(source, Sequence) and len(source) > 0 and isinstance(source[0], str)
    is_one_collection = is_array or is_list_of_texts or isinstance(source, StimulusFiles)
    return len(source) if is_one_collection else None


def _divided(source: Any, batch_size: int) -> Iterator[Any]:
    """Yield the batches of a source, or divide it into batches."""
    if isinstance(source, StimulusFiles):
        yield from (source.select(slice(k, k + batch_size)) for k in range(0, len(source), batch_size))
        return
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


def _identities_of_texts(texts: list[str]) -> list[bytes]:
    return [stimulus_digest.identity(text, "batches") for text in texts]


def _preprocessed(files: StimulusFiles, preprocessing: Callable[[StimulusFiles, int], Inputs], start: int) -> Inputs:
    return preprocessing(files, start)


def _tokenized(texts: list[str], tokenizer: Callable[[], Any], start: int) -> Inputs:
    return inputs_of_texts(texts, tokenizer(), start)


def _unchanged(inputs: Inputs, _: Any, __: int) -> Inputs:
    return inputs


def _what(source: Any) -> str:
    return "batches" if isinstance(source, (torch.Tensor, np.ndarray)) else "batches, one of them"


def _check_count(is_right: bool, stimuli: Sequence[Any], found: str) -> None:
    if not is_right:
        raise ValueError(f"stimuli: expected one for each of the stimuli in batches, found {len(stimuli)} for {found}")
