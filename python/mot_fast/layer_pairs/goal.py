"""How much of the units' mass is carried between two layers, or of the layers' mass between two networks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mot_fast import _validate
from mot_fast._core import GREATEST_COST
from mot_fast._validate import F64, Array


@dataclass(frozen=True)
class Goal:
    """All mass by default; or else a share of it, or what costs less than a price."""

    mass: float | None = None
    """Share of the mass that is carried, above 0 and at most 1."""
    price: float | None = None
    """Price of mass left behind: pairs are used only where they cost less."""

    @classmethod
    def of(cls, mass: Any, price: Any, what: str) -> Goal:
        """The goal of two arguments of `mot_fast.align`, ``{what}_mass`` and ``{what}_cost``, validated."""
        if mass is not None and price is not None:
            raise ValueError(f"{what}_mass and {what}_cost: expected one of them, found both")
        if mass is not None:
            share = _validate.real_number(mass, f"{what}_mass")
            if not 0 < share <= 1:
                raise ValueError(f"{what}_mass: expected a share of the mass, above 0 and at most 1, found {share}")
            return cls(mass=share) if share < 1 else cls()
        if price is not None:
            number = _validate.real_number(price, f"{what}_cost")
            if not 0 < number <= GREATEST_COST:
                raise ValueError(f"{what}_cost: expected a price above 0 and at most {GREATEST_COST}, found {number}")
            return cls(price=number)
        return cls()

    @property
    def is_all(self) -> bool:
        """Whether all mass is carried."""
        return self.mass is None and self.price is None

    @property
    def for_core(self) -> tuple[float, float] | None:
        """Mass and price as the core takes them; None where all mass is carried."""
        if self.is_all:
            return None
        return math.inf if self.mass is None else self.mass, math.inf if self.price is None else self.price

    def for_pairs(self, n_pairs: int) -> F64 | None:
        """The same goal for many pairs, `(n_pairs, 2)`."""
        return None if self.is_all else np.tile(np.array(self.for_core), (n_pairs, 1))

    def cost(self, costs: F64, carried: F64) -> F64:
        """What a pair of layers costs, given the costs and masses of what is carried between their units.

        Given a share it is the cost of each unit of mass carried; given a price, what is carried and what is left
        behind cost together.
        """
        if self.mass is not None:
            return np.asarray(costs / self.mass)
        return costs if self.price is None else np.asarray(costs + self.price * (1.0 - carried))

    def costs_of(self, arrays: Mapping[str, Array]) -> F64:
        """What the pairs of layers cost, given their packed plans."""
        return self.cost(arrays["cost"], carried_masses(arrays["mass"], arrays["entries"]))

    @property
    def identity(self) -> dict[str, Any]:
        """The goal as JSON holds it to the last bit; nothing where all mass is carried."""
        given = {"mass": self.mass, "price": self.price}
        return {} if self.is_all else {f"carried {k}": each.hex() for k, each in given.items() if each is not None}

    def __str__(self) -> str:
        if self.is_all:
            return "all"
        return f"{self.mass:.6g} of the mass" if self.mass is not None else f"at a price of {self.price:.6g}"


ALL = Goal()
"""All mass is carried."""


def carried_masses(masses: F64, entries: Iterable[int]) -> F64:
    """The mass that each of many plans carries, given the masses of their entries end to end."""
    ends = np.cumsum(np.asarray(list(entries), np.int64))
    sums = np.concatenate([[0.0], np.cumsum(masses)])[np.concatenate([[0], ends])]
    return np.asarray(np.diff(sums))
