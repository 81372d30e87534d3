"""Whether stimuli come in an order of their own, which every model sees again, or in one that is drawn anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any

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
        If it has no order, or shuffles, or leaves out the last stimuli.
    """
    if isinstance(source, (set, frozenset)):
        raise TypeError("batches: expected stimuli in an order, found a set; give a list")
    if not isinstance(source, DataLoader) or isinstance(source.dataset, IterableDataset):
        return
    batch_sampler, sampler = source.batch_sampler, source.sampler
    if type(batch_sampler) is BatchSampler:
        sampler = batch_sampler.sampler
        n_stimuli = len(sampler) if hasattr(sampler, "__len__") else 0
        n_left_out = n_stimuli % batch_sampler.batch_size if batch_sampler.drop_last else 0
        if n_left_out:
            raise ValueError(
                f"batches: expected a loader of all stimuli, found one with drop_last=True, which leaves out the last "
                f"{n_left_out}"
            )
    elif batch_sampler is not None:
        sampler = batch_sampler
    _check_sampler(sampler)


def _check_sampler(sampler: Any) -> None:
    what = type(sampler).__name__
    shuffles = isinstance(sampler, DistributedSampler) and sampler.shuffle
    if isinstance(sampler, _RANDOM) or shuffles:
        raise ValueError(f"batches: expected a loader that does not shuffle, found one with a {what}; {_HINT}")
    if type(sampler) is SequentialSampler:
        return
    if iter(sampler) is sampler:
        raise ValueError(
            f"batches: expected a loader whose order can be looked at beforehand, found one whose {what} can be gone "
            f"through only once; {_HINT}"
        )
    numbers = list(islice(_flat(sampler), _MOST_LOOKED_AT))
    if any(_is_before(b, a) for a, b in pairwise(numbers)) or numbers != list(islice(_flat(sampler), _MOST_LOOKED_AT)):
        raise ValueError(
            f"batches: expected a loader that keeps the order of its data set, found another order by its {what}; "
            f"{_HINT}, and torch.utils.data.Subset(dataset, numbers) for another order on purpose"
        )


def _flat(sampler: Iterable[Any]) -> Iterator[Any]:
    """The stimuli's numbers, whether they come one by one or in batches."""
    for each in sampler:
        if isinstance(each, (list, tuple)):
            yield from each
        else:
            yield each


def _is_before(one: Any, other: Any) -> bool:
    """Whether the data set has it before the other; keys that are no numbers have no order."""
    return hasattr(one, "__index__") and hasattr(other, "__index__") and bool(one < other)
