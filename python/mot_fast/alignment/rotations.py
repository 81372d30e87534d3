"""Rotations of an alignment's pairs of layers: those that it keeps, and others found again from the activations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.layer_pairs.resources import budget_of
from mot_fast.layer_pairs.rotated_transports import RotatedTransports, rotations
from mot_fast.system.blas import one_blas_thread

_ORTHONORMAL = 1e-5
"""Largest error of a product of two axes: those in single precision pass."""

if TYPE_CHECKING:
    from mot_fast.alignment.result import Alignment


def rotations_of(
    alignment: Alignment, pairs: Sequence[Sequence[int | str]], n_threads: int | None = None
) -> Mapping[tuple[int, int], F64]:
    """The rotations of many pairs of layers, by position; see `Alignment.rotations_of`."""
    if alignment.alternation is None:
        raise ValueError("rotation: expected an alignment with rotate=True, found one without rotations")
    wanted = [
        (
            _validate.position(l, alignment.source.labels, "source_layer"),
            _validate.position(m, alignment.target.labels, "target_layer"),
        )
        for l, m in pairs
    ]
    missing = [pair for pair in dict.fromkeys(wanted) if pair not in alignment.rotations]
    found = _found_again(alignment, missing, n_threads) if missing else {}
    return {pair: found[pair] if pair in found else alignment.rotations[pair] for pair in wanted}


def rotated_axes(alignment: Alignment, axes: str | Sequence[npt.ArrayLike]) -> list[F64]:
    """Axes along which source layers and their predictions are compared, one array a layer; see `Alignment.score`.

    Raises
    ------
    TypeError, ValueError
        If the axes are neither "rotated" nor orthonormal arrays for every layer, or the alignment has no rotations.
    """
    if alignment.alternation is None:
        found_axes = f"'{axes}'" if isinstance(axes, str) else type(axes).__name__
        raise ValueError(
            "axes: expected None for an alignment without rotations, whose units are matched as they are, found "
            f"{found_axes}"
        )
    if isinstance(axes, str):
        _validate.choice(axes, ("rotated",), "axes")
        pairs = [(l, int(m)) for l, m in enumerate(alignment.layer_plan.argmax(axis=1))]
        found = rotations_of(alignment, pairs)
        return [found[pair] for pair in pairs]
    widths = alignment.source.widths
    if not isinstance(axes, Sequence) or len(axes) != len(widths):
        found_axes = f"{len(axes)}" if isinstance(axes, Sequence) else type(axes).__name__
        raise ValueError(f"axes: expected 'rotated' or an array for each of {len(widths)} layers, found {found_axes}")
    return [
        _orthonormal(values, width, f"axes[{l}]") for l, (values, width) in enumerate(zip(axes, widths, strict=True))
    ]


def _orthonormal(values: npt.ArrayLike, width: int, what: str) -> F64:
    """Orthonormal columns, validated."""
    matrix = _validate.matrix(values, what)
    if matrix.shape[0] != width or not 0 < matrix.shape[1] <= width:
        raise ValueError(f"{what}: expected up to {width} columns of {width} numbers, found shape {matrix.shape}")
    error = float(np.abs(matrix.T @ matrix - np.eye(matrix.shape[1])).max())
    if not error <= _ORTHONORMAL:
        raise ValueError(f"{what}: expected orthonormal columns, found products that are off by {error:.2g}")
    return matrix


def _found_again(
    alignment: Alignment, missing: Sequence[tuple[int, int]], n_threads: int | None
) -> dict[tuple[int, int], F64]:
    """Rotations that the alignment does not keep, computed from the networks that were aligned."""
    source, target = alignment.source, alignment.target
    if alignment.training is None:
        l, m = missing[0]
        raise ValueError(
            f"rotation: that from layer '{source.labels[l]}' to '{target.labels[m]}' is not kept, as neither the layer "
            "plan nor a best layer uses it, and an alignment loaded from a file holds no activations to find it again"
        )
    assert alignment.alternation is not None
    work = RotatedTransports(alignment.convention, alignment.alternation, (source.unit_masses, target.unit_masses))
    budget = budget_of(alignment.memory_limit)
    n_threads = _validate.n_threads(n_threads)
    with one_blas_thread:
        return rotations(work, (source, target), alignment.unit_plans, missing, alignment.training, budget, n_threads)
