"""Whether the rows that are stored are the model's own answers: some stimuli are read again, each alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mot_fast._validate import Array
from mot_fast.networks.extraction import hooks
from mot_fast.networks.extraction.inputs import Inputs
from mot_fast.networks.extraction.reading import Reader

_TOLERANCE = 1e-4
"""Of a row, relative to its length: in float32, kernels for one stimulus and for many differ by less in real models."""
_ROUNDINGS = 16
"""In coarser precisions the tolerance is so many times their rounding."""
_OF_WHAT_IS_AVERAGED = 0.1
"""The tolerance also allows for this share of itself, relative to what tokens or pixels have: their mean may cancel."""


@dataclass(frozen=True, eq=False)
class _Row:
    """What one stimulus gives in one layer."""

    pooled: Array
    rounding: float
    """Of the precision that it was computed in, relative."""
    size: float
    """Root mean square of what was averaged."""


def doubt(
    reader: Reader, inputs: Inputs, stored: Sequence[Array], start: int, *, is_of_earlier_run: bool
) -> str | None:
    """What speaks against the stored rows, in words; None if they are what the model makes of each stimulus alone.

    Parameters
    ----------
    reader : Reader
    inputs : Inputs
        Some stimuli.
    stored : sequence of array, shape (n_stimuli, n_units)
        Their rows, one array a layer.
    start : int
        Position of the first of them.
    is_of_earlier_run : bool
        Whether the rows were stored by an earlier run, of a model that may have been another one.

    Raises
    ------
    ValueError
        If the rows of an earlier run are not what this model makes of their stimuli.
    """
    inputs = inputs.moved_to(reader.model)
    for k in _looked_at(inputs):
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
        what = f"stimulus {start + k}, read alone, has other activations in layer '{reader.taps[layer].label}'"
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


def _looked_at(inputs: Inputs) -> list[int]:
    """The first two stimuli, the middle one and the last, the shortest and the longest."""
    lengths = [] if inputs.mask is None else inputs.mask.sum(1).tolist()
    extremes = [lengths.index(min(lengths)), lengths.index(max(lengths))] if lengths else []
    n = inputs.n_stimuli
    return list(dict.fromkeys([0, n - 1, min(1, n - 1), n // 2, *extremes]))


def _read(reader: Reader, one: Inputs, start: int) -> list[_Row]:
    """What one stimulus gives, read alone."""
    found: dict[int, _Row] = {}

    def keep(position: int, values: torch.Tensor) -> None:
        pooled = reader.pooled(position, values, one, start)
        size = float(values.detach().float().square().mean().sqrt())
        found[position] = _Row(pooled[0], _rounding_of(values), size)

    hooks.run(reader.model, one, reader.taps, keep)
    return [found[k] for k in range(len(reader.taps))]


def _rounding_of(values: torch.Tensor) -> float:
    if not values.is_floating_point():
        return 0.0
    # On accelerators, products of float32 may be computed in TensorFloat32, whose rounding is that of float16.
    coarse = torch.float16 if values.device.type != "cpu" else values.dtype
    return max(float(torch.finfo(values.dtype).eps), float(torch.finfo(coarse).eps))


def _differing(alone: Sequence[_Row], others: Sequence[Array]) -> int | None:
    """The first layer in which the rows differ by more than rounding."""
    return next((l for l, (row, other) in enumerate(zip(alone, others, strict=True)) if _differ(row, other)), None)


def _differ(row: _Row, other: Array) -> bool:
    stored = float(np.finfo(other.dtype).eps)
    tolerance = max(_TOLERANCE, _ROUNDINGS * row.rounding, _ROUNDINGS * stored)
    one, two = row.pooled.astype(np.float64), other.astype(np.float64)
    length = max(np.linalg.norm(one), np.linalg.norm(two))
    allowed = tolerance * (length + _OF_WHAT_IS_AVERAGED * row.size * np.sqrt(len(one)))
    return bool(np.linalg.norm(one - two) > allowed)
