"""Rotations of an alignment's pairs of layers: those that it keeps, and others found again from the activations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.layer_pairs.rotated_transports import RotatedTransports, rotations
from mot_fast.system import memory
from mot_fast.system.blas import one_blas_thread

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


def _found_again(
    alignment: Alignment, missing: Sequence[tuple[int, int]], n_threads: int | None
) -> dict[tuple[int, int], F64]:
    """Rotations that the alignment does not keep, computed from the networks that were aligned."""
    source, target = alignment.source, alignment.target
    if alignment.training is None:
        l, m = missing[0]
        raise ValueError(
            f"rotation: that from layer '{source.labels[l]}' to '{target.labels[m]}' is not kept, as "
            "no coupling uses it, and an alignment loaded from a file holds no activations to find it again"
        )
    assert alignment.alternation is not None
    work = RotatedTransports(alignment.convention, alignment.alternation, (source.unit_masses, target.unit_masses))
    budget = memory.Budget(_validate.memory_limit(alignment.memory_limit, memory.available()))
    n_threads = _validate.n_threads(n_threads)
    with one_blas_thread:
        return rotations(work, (source, target), alignment.unit_plans, missing, alignment.training, budget, n_threads)
