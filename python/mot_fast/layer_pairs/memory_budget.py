"""The memory limit of an alignment, how it is divided, and the bytes that transports and scores need."""

from __future__ import annotations

from dataclasses import dataclass, replace

BYTES_PER_COST = 4
"""Bytes of one cost in single precision, by which the core counts the room for costs: screened costs take half of that,
and those in double precision, of units that are nearly alike, twice as much."""
MOST_HELD = 2**28
"""Largest number of bytes of standardized layers held: more would hardly save time, as they are quickly made."""

ALWAYS = 2**24
"""Bytes that a pair of layers may always take, however low the limit: about as much as libraries take in a process."""
ALWAYS_COSTS = 2**18
"""Number of costs of a pair of layers that are always kept, so that no limit changes how small pairs are solved."""
BYTES_PER_UNIT = 7000
"""Bytes that the candidates, their prices and the plan of a pair take for each unit of both layers: measured where most
units are copies of others; layers of networks take a quarter of it."""
LEAST_ROWS = 8
"""Least number of rows of costs in double precision that are computed at once, with copies of their units."""
_DEPTH_STEP = 64
"""The rounded values of a unit are padded to a multiple of so many stimuli, and by so many once more."""
_UNITS_PER_BLOCK = 16
"""Number of units whose rounded values are packed together."""


@dataclass(frozen=True)
class Budget:
    """A memory limit in bytes, and the shares of it that the parts of an alignment may take."""

    limit: int
    needed: int = 0
    """Bytes that the largest pair of layers takes in any case; everything else shares the rest."""

    def less(self, needed: int) -> Budget:
        """The budget of an alignment whose largest pair of layers takes `needed` bytes in any case."""
        return replace(self, needed=needed)

    @property
    def free(self) -> int:
        """Bytes beside those that the largest pair of layers takes in any case."""
        return max(0, self.limit - self.needed)

    @property
    def layers(self) -> int:
        """Bytes of prepared layers of the network that is held while the other passes by, or of both together."""
        return min(MOST_HELD, self.free // 4)

    @property
    def passing(self) -> int:
        """Bytes of prepared layers of the network that passes by, if more than one at a time are wanted."""
        return self.free // 8

    @property
    def cached(self) -> int:
        """Bytes of prepared layers that are kept for the next block of pairs."""
        return min(MOST_HELD, self.free // 8)

    @property
    def costs(self) -> int:
        """Number of costs in single precision that one of several pairs may keep, each of which one thread works on."""
        return max(ALWAYS_COSTS, self.limit // 16 // BYTES_PER_COST)

    def costs_of_pair(self, needed: int) -> int:
        """Number of costs in single precision that a pair may keep which takes `needed` bytes in any case.

        Costs of a pair that has more are computed repeatedly. The number depends neither on the other layers nor on the
        number of threads, so that the result does not either.
        """
        return max(ALWAYS_COSTS, (self.limit - needed) // 2 // BYTES_PER_COST)

    def n_threads(self, wanted: int, largest_pair: int, n_units: int = 0) -> int:
        """Number of threads that may each hold a pair of `largest_pair` costs and `n_units` units at the same time."""
        each = BYTES_PER_COST * max(1, min(2 * largest_pair, self.costs)) + BYTES_PER_UNIT * n_units
        return max(1, min(wanted, (self.free // 2 + BYTES_PER_UNIT * n_units) // each))


def standardized_bytes(n_stimuli: int, n_units: int) -> int:
    """Bytes of a standardized layer: values in single precision, and rounded to one byte, in rows and in blocks.

    Rounded values count whichever products are in use, so that a limit divides the work alike on all machines.
    """
    depth = _padded(n_stimuli, _DEPTH_STEP)
    rounded = n_units * (depth + _DEPTH_STEP) + _padded(n_units, _UNITS_PER_BLOCK) * depth
    return 4 * n_stimuli * n_units + rounded


def _padded(n: int, step: int) -> int:
    return -(-n // step) * step


def needed_by_transport(n_stimuli: int, n: int, m: int) -> int:
    """Bytes that the transport between two layers takes in any case: both layers, standardized, and the solver."""
    layers = standardized_bytes(n_stimuli, n) + standardized_bytes(n_stimuli, m)
    return layers + BYTES_PER_UNIT * (n + m) + LEAST_ROWS * (2 * BYTES_PER_COST * m + BYTES_PER_COST * n_stimuli)


def needed_by_scores(n_stimuli: int, n: int, m_all: int, n_weights: int = 1) -> int:
    """Bytes that the scores of a layer of n units take, predicted from `m_all` units by `n_weights` layer weights."""
    return 8 * n_stimuli * (m_all + (n_weights + 8) * n)
