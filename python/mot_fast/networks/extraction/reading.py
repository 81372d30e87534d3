"""A model that is read: stimuli go in, and the pooled activations of its layers come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from mot_fast._validate import Array
from mot_fast.networks.extraction import hooks, layer_choice, parts
from mot_fast.networks.extraction.channels import channels_of
from mot_fast.networks.extraction.first_token import is_decoder
from mot_fast.networks.extraction.hooks import Call, Tap
from mot_fast.networks.extraction.inputs import Inputs
from mot_fast.networks.extraction.pooling import Pooling

LARGEST_FLOAT16 = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads the layers of a model; `reader_of` makes it."""

    model: torch.nn.Module
    taps: tuple[Tap, ...]
    widths: tuple[int, ...]
    channels: tuple[int | None, ...]
    """Of each layer, the dimension of the units, where it was looked for."""
    pooling: Pooling
    is_decoder: bool
    """Found to be one; False where nobody had to look."""
    dtype: str
    """That the activations must fit into."""

    def read(self, inputs: Inputs, start: int) -> list[Array]:
        """The activations `(n_stimuli, n_units)` of every layer, float32; `start` is the first stimulus's position.

        Raises
        ------
        ValueError
            If a stimulus has no token left, an activation is not finite or too large, or a layer has another shape
            than before.
        """
        inputs = inputs.moved_to(self.model)
        self._mask(inputs, start)  # before the model runs
        found: dict[int, Array] = {}

        def keep(position: int, values: torch.Tensor) -> None:
            found[position] = self.pooled(position, values, inputs, start)

        hooks.run(self.model, inputs, self.taps, keep)
        return [found[k] for k in range(len(self.taps))]

    def pooled(self, position: int, values: torch.Tensor, inputs: Inputs, start: int) -> Array:
        """What one layer's activations come to; the errors are those of `read`."""
        what = f"layer '{self.taps[position].label}'"
        mask = self._mask(inputs, start)
        try:
            pooled: Array = self.pooling(values, mask, inputs.n_stimuli, self.channels[position]).cpu().numpy()
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from error
        if self.widths and pooled.shape[1] != self.widths[position]:
            raise ValueError(
                f"{what}: expected {self.widths[position]} units as before, found {pooled.shape[1]} at stimulus {start}"
            )
        self._check_numbers(pooled, what, start, values.dtype)
        return pooled

    def _mask(self, inputs: Inputs, start: int) -> torch.Tensor | None:
        return _mask(inputs, start, 1 + self.pooling.skips_first_token)

    def _check_numbers(self, pooled: Array, what: str, start: int, computed_in: torch.dtype) -> None:
        if not np.isfinite(pooled).all():
            row, unit = np.argwhere(~np.isfinite(pooled))[0]
            cause = (
                f"; the model computes in float16, which ends at {LARGEST_FLOAT16:,.0f}: use bfloat16 or float32"
                if computed_in == torch.float16
                else ""
            )
            raise ValueError(
                f"{what}: expected finite activations, found {pooled[row, unit]} first at stimulus {start + row}, "
                f"unit {unit}{cause}"
            )
        if self.dtype == "float16" and np.abs(pooled).max() > LARGEST_FLOAT16:
            row, unit = np.argwhere(np.abs(pooled) > LARGEST_FLOAT16)[0]
            raise ValueError(
                f"{what}: expected activations that float16 holds, up to {LARGEST_FLOAT16:,.0f}, found "
                f"{pooled[row, unit]} at stimulus {start + row}, unit {unit}; dtype='float32' holds them"
            )


def reader_of(
    model: torch.nn.Module,
    inputs: Inputs,
    layers: str | Sequence[str],
    *,
    pool: Any,
    skip_first_token: bool | str,
    dtype: str,
) -> Reader:
    """How the model is to be read, found by running it on one of these stimuli.

    Raises
    ------
    ValueError
        If the model has no such layers, or they cannot be pooled in this way.
    """
    row, one = _one_of(inputs.moved_to(model))
    with parts.explained(model):
        row, one, calls = _traced(model, inputs, row, one)
    taps = layer_choice.residual_stream(model, calls) if layers == "auto" else layer_choice.named(layers, calls)
    if layers == "auto":
        parts.check_is_one_stream(model, taps)
    is_causal = skip_first_token == "auto" and pool == "mean" and is_decoder(model, one)
    channels = channels_of(model, one, taps) if pool == "mean" else (None,) * len(taps)
    probe = Reader(model, tuple(taps), (), channels, Pooling(pool), is_causal, dtype)
    widths = tuple(values.shape[1] for values in probe.read(one, row))
    skips = is_causal if skip_first_token == "auto" else bool(skip_first_token)
    return replace(probe, widths=widths, pooling=Pooling(pool, skips))


def _traced(model: torch.nn.Module, inputs: Inputs, row: int, one: Inputs) -> tuple[int, Inputs, list[Call]]:
    """What happens to one stimulus, or to two in a model that does not run on one, as it takes statistics."""
    try:
        return row, one, hooks.trace(model, one)
    except Exception:
        if inputs.n_stimuli == 1:
            raise
        two = inputs.moved_to(model).select(slice(0, 2))
        return 0, two, hooks.trace(model, two)


def _one_of(inputs: Inputs) -> tuple[int, Inputs]:
    """One stimulus and its position, of few tokens as all that happens to it is kept, but of several if possible."""
    mask = _mask(inputs, 0, 1)
    if mask is None:
        return 0, inputs.select(slice(0, 1))
    lengths = mask.sum(1).tolist()
    row = lengths.index(min((length for length in lengths if length > 1), default=1))
    return row, inputs.without_padding(row)


def _mask(inputs: Inputs, start: int, at_least: int) -> torch.Tensor | None:
    """Which tokens are not padding, so many in each stimulus."""
    mask = inputs.mask
    if mask is None:
        return None
    for row, length in enumerate(mask.sum(1).tolist()):
        if length < at_least:
            raise ValueError(
                f"stimulus {start + row}: expected at least {at_least} tokens, found {length}; leave the stimulus out"
                + (", or skip_first_token=False" if at_least > 1 else "")
            )
    return mask
