"""`LayerReader`, which runs a model on stimuli and returns the pooled activations of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from mot_fast._validate import Array
from mot_fast.networks.extraction import hooks, layer_choice, multi_part_models
from mot_fast.networks.extraction.channels import channel_dimensions
from mot_fast.networks.extraction.decoder import is_decoder
from mot_fast.networks.extraction.hooks import HookPoint, ModuleCall
from mot_fast.networks.extraction.inputs import Inputs
from mot_fast.networks.extraction.pooling import Pooling
from mot_fast.networks.extraction.request import POOLS_OVER_POSITIONS

LARGEST_FLOAT16 = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class LayerReader:
    """A model, its layers, and how they are pooled; made by `make_layer_reader`."""

    model: torch.nn.Module
    hook_points: tuple[HookPoint, ...]
    widths: tuple[int, ...]
    channels: tuple[int | None, ...]
    """Dimension of the units of each layer; None if it is unknown or not needed."""
    pooling: Pooling
    is_decoder: bool
    """Whether the model is a decoder, if `skip_first_token` depends on it; otherwise False."""
    dtype: str
    """Type of the stored activations."""

    def read(self, inputs: Inputs, start: int) -> list[Array]:
        """Run the model and return the activations `(n_stimuli, n_units)` of every layer, float32.

        Parameters
        ----------
        inputs : Inputs
        start : int
            Position of the first stimulus among all stimuli, for messages.

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

        hooks.run(self.model, inputs, self.hook_points, keep)
        return [found[k] for k in range(len(self.hook_points))]

    def pooled(self, position: int, values: torch.Tensor, inputs: Inputs, start: int) -> Array:
        """Pool and validate the activations of one layer, with the errors of `read`."""
        what = f"layer '{self.hook_points[position].label}'"
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


def make_layer_reader(
    model: torch.nn.Module,
    inputs: Inputs,
    layers: str | Sequence[str],
    *,
    pool: Any,
    skip_first_token: bool | str,
    dtype: str,
) -> LayerReader:
    """Find the layers of a model, and how to pool them, by running it on one of these stimuli.

    Raises
    ------
    ValueError
        If the model has no such layers, or they cannot be pooled in this way.
    """
    row, one = _one_of(inputs.moved_to(model))
    with multi_part_models.parts_suggested(model):
        row, one, calls = _traced(model, inputs, row, one)
    hook_points = (
        layer_choice.residual_stream(model, calls) if layers == "auto" else layer_choice.named_layers(layers, calls)
    )
    if layers == "auto":
        multi_part_models.require_one_stream(model, hook_points)
    is_over_positions = pool in POOLS_OVER_POSITIONS
    is_causal = skip_first_token == "auto" and is_over_positions and is_decoder(model, one)
    channels = channel_dimensions(model, one, hook_points) if is_over_positions else (None,) * len(hook_points)
    probe = LayerReader(model, tuple(hook_points), (), channels, Pooling(pool), is_causal, dtype)
    widths = tuple(values.shape[1] for values in probe.read(one, row))
    skips = is_causal if skip_first_token == "auto" else bool(skip_first_token)
    return replace(probe, widths=widths, pooling=Pooling(pool, skips))


def _traced(model: torch.nn.Module, inputs: Inputs, row: int, one: Inputs) -> tuple[int, Inputs, list[ModuleCall]]:
    """Trace one stimulus, or two if the model does not run on one, as models with batch statistics."""
    try:
        return row, one, hooks.trace(model, one)
    except Exception:
        if inputs.n_stimuli == 1:
            raise
        two = inputs.moved_to(model).select(slice(0, 2))
        return 0, two, hooks.trace(model, two)


def _one_of(inputs: Inputs) -> tuple[int, Inputs]:
    """Position and inputs of the shortest stimulus that has several tokens, since a trace keeps all tensors."""
    mask = _mask(inputs, 0, 1)
    if mask is None:
        return 0, inputs.select(slice(0, 1))
    lengths = mask.sum(1).tolist()
    row = lengths.index(min((length for length in lengths if length > 1), default=1))
    return row, inputs.without_padding(row)


def _mask(inputs: Inputs, start: int, at_least: int) -> torch.Tensor | None:
    """Mask of the tokens that are not padding; `ValueError` if a stimulus has fewer than `at_least`."""
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
