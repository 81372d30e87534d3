"""Ways to shuffle stimuli for the nulls of an alignment: one by one, in circles, in blocks, or by whole groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import Index
from mot_fast.analysis.splits import Groups
from mot_fast.networks.network import Network
from mot_fast.networks.split import group_numbers

SHUFFLES = ("stimuli", "circular", "blocks")
WAYS = {
    "stimuli": "shuffles of the stimuli",
    "circular": "circular shifts of the target's record",
    "blocks": "shuffles of blocks of stimuli",
    "groups": "shuffles of whole groups of stimuli",
}
"""How tables say what was shuffled, by `Shuffle.name`."""


@dataclass(frozen=True, eq=False)
class Shuffle:
    """A way to shuffle stimuli, with validated arguments; see `mot_fast.hierarchy_null`."""

    kind: str
    block_length: int | None = None
    groups: Index | None = None
    """Number of the group of every stimulus; None where stimuli are not shuffled by whole groups."""

    @classmethod
    def of(cls, kind: str, block_length: Any, groups: Groups | None, n_stimuli: int) -> Shuffle:
        """Validate the arguments `shuffle`, `block_length` and `groups`.

        Raises
        ------
        TypeError, ValueError
            If an argument is none of the values that `mot_fast.hierarchy_null` takes, or does not go with another.
        """
        _validate.choice(kind, SHUFFLES, "shuffle")
        if groups is not None and kind != "stimuli":
            raise ValueError(f"groups: expected None, as they are shuffled where shuffle is 'stimuli', found {kind!r}")
        if kind == "blocks":
            if block_length is None:
                raise ValueError("block_length: expected a number of stimuli where shuffle is 'blocks', found None")
            block_length = _validate.whole_number(block_length, "block_length", at_least=1)
        elif block_length is not None:
            raise ValueError(f"block_length: expected None unless shuffle is 'blocks', found {block_length!r}")
        return cls(kind, block_length, None if groups is None else group_numbers(groups, n_stimuli))

    @property
    def name(self) -> str:
        """What is shuffled: the kind of shuffle, or "groups"."""
        return self.kind if self.groups is None else "groups"

    def check(self, rows: Index, what: str = "stimuli") -> None:
        """Raise unless these stimuli can be shuffled so; `what` names them in the error."""
        if self.groups is not None:
            _groups_of_equal_size(self.groups[rows], what)
        elif self.block_length is not None and 2 * self.block_length > len(rows):
            raise ValueError(
                f"block_length: expected at most half of the {len(rows)} {what}, found {self.block_length}"
            )

    def orders(self, rows: Index, n: int, rng: np.random.Generator, what: str = "stimuli") -> list[Index]:
        """Random orders of some stimuli, as positions among them: n, or all circular shifts where there are no more.

        Parameters
        ----------
        rows : array of int
            The stimuli, in the order of the record.
        n : int
        rng : numpy.random.Generator
        what : str
            Name of these stimuli in errors.

        Raises
        ------
        ValueError
            If they cannot be shuffled so.
        """
        self.check(rows, what)
        n_stimuli = len(rows)
        if self.groups is not None:
            alike = _groups_of_equal_size(self.groups[rows], what)
            return [_with_groups_exchanged(alike, n_stimuli, rng) for _ in range(n)]
        if self.kind == "circular":
            shifts = 1 + rng.permutation(n_stimuli - 1)[:n]
            return [np.roll(np.arange(n_stimuli, dtype=np.int64), shift) for shift in shifts]
        if self.block_length is not None:
            blocks = np.array_split(np.arange(n_stimuli, dtype=np.int64), n_stimuli // self.block_length)
            return [np.concatenate([blocks[k] for k in rng.permutation(len(blocks))]) for _ in range(n)]
        return [rng.permutation(n_stimuli) for _ in range(n)]


def of_unknown_stimuli(network: Network) -> Network:
    """The network without the identity of its stimuli, which would not allow them to be shuffled."""
    return Network(network.layers, network.name)


def _groups_of_equal_size(numbers: Index, what: str) -> list[Index]:
    """Positions of the stimuli of groups, one a row: an array for each size that several groups have."""
    names, sizes = np.unique(numbers, return_counts=True)
    alike = [
        np.array([np.flatnonzero(numbers == name) for name in names[sizes == size]], dtype=np.int64)
        for size in np.unique(sizes)
        if (sizes == size).sum() > 1
    ]
    if not alike:
        raise ValueError(f"groups: expected several groups of one size among the {what}, found sizes {sizes.tolist()}")
    return alike


def _with_groups_exchanged(alike: list[Index], n_stimuli: int, rng: np.random.Generator) -> Index:
    """The stimuli in their order, except that groups of equal size change places at random."""
    order = np.arange(n_stimuli, dtype=np.int64)
    for groups in alike:
        order[groups] = groups[rng.permutation(len(groups))]
    return order
