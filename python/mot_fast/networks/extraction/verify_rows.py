"""Verifies that stored activations are the model's responses to single stimuli, by reading some stimuli again alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mot_fast._validate import Array
from mot_fast.networks.extraction import hooks
from mot_fast.networks.extraction.inputs import Inputs
from mot_fast.networks.extraction.layer_reader import LayerReader

_TOLERANCE = 1e-4
"""Largest difference between rows, relative to their length, that rounding explains in float32.

Kernels for one stimulus and for many stimuli differ by less in real models.
"""
_ROUNDINGS = 16
"""The tolerance in multiples of the rounding error, in coarser precisions than float32."""
_SHARE_OF_AVERAGED = 0.1
"""Share of the tolerance that applies to the averaged tokens or pixels, which may cancel in the mean."""


@dataclass(frozen=True, eq=False)
class _Row:
    """The activations of one stimulus in one layer."""

    pooled: Array
    rounding: float
    """Relative rounding error of the precision in which they were computed."""
    size: float
    """Root mean square of the values that were averaged."""


def discrepancy(
    reader: LayerReader, inputs: Inputs, stored: Sequence[Array], start: int, *, is_of_earlier_run: bool
) -> str | None:
    """Compare stored rows with the model's responses to single stimuli, and describe the first discrepancy.

    Parameters
    ----------
    reader : LayerReader
    inputs : Inputs
        Some stimuli.
    stored : sequence of array, shape (n_stimuli, n_units)
        The stored rows of these stimuli, one array for each layer.
    start : int
        Position of the first stimulus among all stimuli.
    is_of_earlier_run : bool
        Whether an earlier run stored the rows, perhaps from another model.

    Returns
    -------
    str or None
        A sentence for the user; None if there is no discrepancy.

    Raises
    ------
    ValueError
        If an earlier run stored rows that differ from those of this model.
    """
    inputs = inputs.moved_to(reader.model)
    for k in _verified_stimuli(inputs):
        rows = [values[k] for values in stored]
        try:
            alone = _read(reader, inputs.without_padding(k), start + k)
        except Exception as error:
            if isinstance(error, MemoryError):
                raise
            return (
                f"stimulus {start + k} cannot be read alone ({error}): rows may depend on the batch that they came in"
            )
        layer = _differing(alone, rows)
        if layer is None:
            continue
        what = f"stimulus {start + k}, read alone, has other activations in layer '{reader.hook_points[layer].label}'"
        again = _read(reader, inputs.without_padding(k), start + k)
        if _differing(again, [row.pooled for row in alone]) is not None:
            return (
                f"{what} each time: the model draws random numbers (as dropout does that stays on in evaluation) or "
                "keeps a state from run to run, so that no row is its answer to a stimulus alone"
            )
        if is_of_earlier_run and _differing(alone, [values[k] for values in reader.read(inputs, start)]) is None:
            raise ValueError(
                f"folder: expected what the model now makes of the stimuli, found an earlier model's: {what} than were "
                "stored, though its class, parameters and buffers are the same (an attribute may have changed). Give "
                "another folder, or remove this one"
            )
        return (
            f"{what} than in its batch: rows depend on the batch that they come in (as with statistics of the batch, "
            "or padding that no mask leaves out); batch_size=1 gives each stimulus's own"
        )
    return None


def _verified_stimuli(inputs: Inputs) -> list[int]:
    """Positions of the first two stimuli, the middle one and the last, the shortest and the longest."""
    lengths = [] if inputs.mask is None else inputs.mask.sum(1).tolist()
    extremes = [lengths.index(min(lengths)), lengths.index(max(lengths))] if lengths else []
    n = inputs.n_stimuli
    return list(dict.fromkeys([0, n - 1, min(1, n - 1), n // 2, *extremes]))


def _read(reader: LayerReader, one: Inputs, start: int) -> list[_Row]:
    """Read one stimulus alone."""
    found: dict[int, _Row] = {}

    def keep(position: int, values: torch.Tensor) -> None:
        pooled = reader.pooled(position, values, one, start)
        size = float(values.detach().float().square().mean().sqrt())
        found[position] = _Row(pooled[0], _rounding_of(values), size)

    hooks.run(reader.model, one, reader.hook_points, keep)
    return [found[k] for k in range(len(reader.hook_points))]


def _rounding_of(values: torch.Tensor) -> float:
    """Relative rounding error of the precision in which values were computed."""
    if not values.is_floating_point():
        return 0.0
    # Accelerators may compute products of float32 in TensorFloat32, which rounds like float16.
    coarse = torch.float16 if values.device.type != "cpu" else values.dtype
    return max(float(torch.finfo(values.dtype).eps), float(torch.finfo(coarse).eps))


def _differing(alone: Sequence[_Row], others: Sequence[Array]) -> int | None:
    """Index of the first layer whose rows differ by more than rounding; None if there is none."""
    return next((l for l, (row, other) in enumerate(zip(alone, others, strict=True)) if _differ(row, other)), None)


def _differ(row: _Row, other: Array) -> bool:
    """Whether two rows differ by more than rounding."""
    stored = float(np.finfo(other.dtype).eps)
    tolerance = max(_TOLERANCE, _ROUNDINGS * row.rounding, _ROUNDINGS * stored)
    one, two = row.pooled.astype(np.float64), other.astype(np.float64)
    length = max(np.linalg.norm(one), np.linalg.norm(two))
    allowed = tolerance * (length + _SHARE_OF_AVERAGED * row.size * np.sqrt(len(one)))
    return bool(np.linalg.norm(one - two) > allowed)
