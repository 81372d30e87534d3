"""Texts into token ids, one row a text, padded on the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from mot_fast.networks.extraction.inputs import Inputs


def tokenized(texts: Sequence[str], tokenizer: Callable[..., Any], start: int) -> Inputs:
    """The ids of each text as the tokenizer gives them, whole, with an attention mask.

    Padding needs no token of its own, which many decoders lack, as the mask leaves it out; on the right it moves no
    other token.

    Parameters
    ----------
    texts : sequence of str
    tokenizer : callable
        As those of `transformers`: of a list of texts it makes a mapping with `input_ids`, one list a text.
    start : int
        Position of the first of them among all stimuli, for messages.

    Raises
    ------
    ValueError
        If a text has no token, or more than the tokenizer says that the model takes.
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
