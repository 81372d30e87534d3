"""Checks that a source of stimuli, such as a `DataLoader`, yields all stimuli in a fixed order and does not shuffle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from torch.utils.data.distributed import DistributedSampler

_RANDOM = RandomSampler, SubsetRandomSampler, WeightedRandomSampler
_MAX_CHECKED = 10**6
"""Largest number of stimuli whose order is checked."""
_HINT = "row k of every layer and network is one stimulus, so give shuffle=False"


def check_order(source: Any) -> None:
    """Check that a source of stimuli is ordered, and that a `DataLoader` keeps the order of its data set.

    Parameters
    ----------
    source : any
        Source of stimuli; everything but sets and data loaders is taken to be ordered.

    Raises
    ------
    TypeError, ValueError
        If the source is a set, or a data loader that shuffles, repeats stimuli, or leaves out the last stimuli.
    """
    if isinstance(source, (set, frozenset)):
        raise TypeError("batches: expected stimuli in an order, found a set; give a list")
    if not isinstance(source, DataLoader):
        return
    if source.num_workers > 1 and not getattr(source, "in_order", True):
        raise ValueError(
            f"batches: expected a loader that keeps the order of its data set, found in_order=False; {_HINT}"
        )
    if isinstance(source.dataset, IterableDataset):
        _check_stream(source)
        return
    sampler = source.batch_sampler if source.batch_sampler is not None else source.sampler
    if isinstance(sampler, BatchSampler):
        _check_sampler(sampler.sampler)
    _check_numbers(sampler, source.dataset)


def _check_stream(loader: Any) -> None:
    """Check a loader of an `IterableDataset`, which has neither a length nor a sampler."""
    if loader.num_workers > 1:
        raise ValueError(
            f"batches: expected a loader that keeps the order of its data set, found num_workers={loader.num_workers} "
            "for an IterableDataset, whose workers each yield stimuli of their own, or all of them; give num_workers=1"
        )
    if loader.drop_last:
        raise ValueError(
            "batches: expected a loader of all stimuli, found one with drop_last=True, which may leave out the last"
        )


def _check_sampler(sampler: Any) -> None:
    shuffles = isinstance(sampler, DistributedSampler) and sampler.shuffle
    if isinstance(sampler, _RANDOM) or shuffles:
        raise ValueError(
            f"batches: expected a loader that does not shuffle, found one with a {type(sampler).__name__}; {_HINT}"
        )


def _check_numbers(sampler: Any, dataset: Any) -> None:
    """Check that the indices of a sampler ascend, and that none are left out by drop_last or by other processes."""
    _check_sampler(sampler)
    if type(sampler) is SequentialSampler:
        return
    what = type(sampler).__name__
    if iter(sampler) is sampler:
        raise ValueError(
            f"batches: expected a loader whose order can be looked at beforehand, found one whose {what} can be gone "
            f"through only once; {_HINT}"
        )
    numbers = list(islice(_flat(sampler), _MAX_CHECKED))
    if not all(map(_ascend, numbers, numbers[1:])) or numbers != list(islice(_flat(sampler), _MAX_CHECKED)):
        raise ValueError(
            f"batches: expected a loader that keeps the order of its data set, found another order by its {what}; "
            f"{_HINT}, and torch.utils.data.Subset(dataset, numbers) for another order on purpose"
        )
    if len(numbers) == _MAX_CHECKED or not hasattr(dataset, "__len__"):
        return
    n_left_out = len(dataset) - len(numbers)
    if n_left_out > 0 and getattr(sampler, "drop_last", False):
        raise ValueError(
            f"batches: expected a loader of all stimuli, found one with drop_last=True, which leaves out the last "
            f"{n_left_out}"
        )
    if n_left_out > 0 and isinstance(getattr(sampler, "sampler", sampler), DistributedSampler):
        raise ValueError(
            f"batches: expected a loader of all stimuli, found one with a DistributedSampler, which leaves out "
            f"{n_left_out} for other processes"
        )


def _flat(sampler: Iterable[Any]) -> Iterator[Any]:
    """Yield the indices of a sampler, single or from batches."""
    for each in sampler:
        numbers = each.tolist() if isinstance(each, (torch.Tensor, np.ndarray)) else each
        if isinstance(numbers, (list, tuple)):
            yield from numbers
        else:
            yield numbers


def _ascend(one: Any, other: Any) -> bool:
    """Whether the second index is larger than the first; keys that are not indices have no order."""
    return not (hasattr(one, "__index__") and hasattr(other, "__index__")) or bool(one < other)
