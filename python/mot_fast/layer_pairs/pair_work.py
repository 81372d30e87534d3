"""Three protocols of the work on pairs of layers: solving it, storing its results, the time and memory it takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self

from mot_fast._validate import Array
from mot_fast.layer_pairs.pairs import BlockResult, Layers, Preparation, Prepared, ReportProgress, Result
from mot_fast.networks.network import Network
from mot_fast.system.memory import Budget


class PairSolver(Protocol[Prepared, Result]):
    """Solves a block of pairs of layers; small, so that it can be sent to other processes."""

    @property
    def preparation(self) -> Preparation[Prepared]:
        """How layers are made ready to be solved."""

    def for_block(self, rows: range, columns: range) -> Self:
        """Return the solver of a block: of some of the source layers and some of the target layers."""

    def solve(self, layers: Layers[Prepared], budget: Budget, n_threads: int, report: ReportProgress) -> Result:
        """Solve every pair of layers; `report(n_done)` is called with the number of pairs done."""

    def join(self, blocks: Iterable[BlockResult[Result]], shape: tuple[int, int]) -> Result:
        """Put the results of blocks together, which make up so many source and target layers."""


class ResultFormat(Protocol[Result]):
    """Turns the result of a block into plain arrays, which stores keep and workers return, and back."""

    def identity(self) -> dict[str, Any]:
        """Everything that the result depends on beside the activations, as JSON holds it."""

    def pack(self, result: Result) -> dict[str, Array]:
        """Return the result as plain arrays."""

    def unpack(self, arrays: Mapping[str, Array], source: Network, target: Network) -> Result:
        """Return the result whose arrays these are; they were packed by this process, or checked."""

    def check(self, arrays: Mapping[str, Array], networks: tuple[Network, Network], budget: Budget) -> None:
        """Raise `ValueError` where arrays read from a file are not a result, as far as that can be seen cheaply."""

    def most_bytes(self, networks: tuple[Network, Network]) -> int:
        """Return the most bytes that a packed result takes."""


class ResourceNeeds(Protocol):
    """The time and the memory that the work on pairs of layers takes."""

    def within(self, networks: tuple[Network, Network], budget: Budget, n_threads: int) -> tuple[Self, Budget, int]:
        """Fit the work into the memory limit.

        Returns
        -------
        work
            The same work, done in a way that keeps to the memory limit.
        budget : Budget
            The budget less what the largest pair of layers takes in any case.
        n_threads : int
            Threads that there is memory for, at most those given.

        Raises
        ------
        ValueError
            If the largest pair does not fit in any way.
        """

    def seconds(self, n_stimuli: int, n_units: int) -> float:
        """Estimate the seconds that a pair of layers of so many units each takes, on one thread."""


class PairWork(PairSolver[Prepared, Result], ResultFormat[Result], ResourceNeeds, Protocol[Prepared, Result]):
    """Work on pairs of layers that can be solved block by block, by workers or with a store."""


def seconds_sizes(network: Network, work: ResourceNeeds) -> list[float]:
    """Sizes of the layers, such that the product of two sizes estimates the seconds that their pair takes."""
    return [math.sqrt(work.seconds(network.n_stimuli, width)) for width in network.widths]
