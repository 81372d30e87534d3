"""Whether stimuli come in an order of their own, which every model sees again, or in one that is drawn anew."""

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
_MOST_LOOKED_AT = 10**6
_HINT = "row k of every layer and network is one stimulus, so give shuffle=False"


def check(source: Any) -> None:
    """The source must hold its stimuli in an order; what loads them must keep to that of its data set.

    Parameters
    ----------
    source : any
        What stimuli come in; of everything but sets and loaders the order in which it yields is its own.

    Raises
    ------
    TypeError, ValueError
        If it has no order, or shuffles, repeats stimuli, or leaves out the last ones.
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
    """A data set that only yields its stimuli tells neither their number nor their order."""
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
    """The numbers of stimuli that a sampler yields must ascend, and lack none that drop_last drops."""
    _check_sampler(sampler)
    if type(sampler) is SequentialSampler:
        return
    what = type(sampler).__name__
    if iter(sampler) is sampler:
        raise ValueError(
            f"batches: expected a loader whose order can be looked at beforehand, found one whose {what} can be gone "
            f"through only once; {_HINT}"
        )
    numbers = list(islice(_flat(sampler), _MOST_LOOKED_AT))
    if not all(map(_ascend, numbers, numbers[1:])) or numbers != list(islice(_flat(sampler), _MOST_LOOKED_AT)):
        raise ValueError(
            f"batches: expected a loader that keeps the order of its data set, found another order by its {what}; "
            f"{_HINT}, and torch.utils.data.Subset(dataset, numbers) for another order on purpose"
        )
    if len(numbers) == _MOST_LOOKED_AT or not hasattr(dataset, "__len__"):
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
    """The stimuli's numbers, whether they come one by one or in batches."""
    for each in sampler:
        numbers = each.tolist() if isinstance(each, (torch.Tensor, np.ndarray)) else each
        if isinstance(numbers, (list, tuple)):
            yield from numbers
        else:
            yield numbers


def _ascend(one: Any, other: Any) -> bool:
    """Whether the data set has the other later; keys that are no numbers have no order."""
    return not (hasattr(one, "__index__") and hasattr(other, "__index__")) or bool(one < other)
