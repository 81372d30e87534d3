"""The exact transports between the units of every pair of layers, with their plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mot_fast._core import Solutions
from mot_fast._validate import Array
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.consistency import check_plans, check_proofs
from mot_fast.layer_pairs.exact_transports import ExactTransports, UnitMasses, masses_of
from mot_fast.layer_pairs.goal import Goal
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.layer_pairs.packing import PackedPlans, in_rows
from mot_fast.layer_pairs.pairs import BlockResult, joined_rows
from mot_fast.layer_pairs.spot_check import check_correlations
from mot_fast.layer_pairs.transport_costs import LayerCosts, joined_costs
from mot_fast.networks.network import Network
from mot_fast.transport.transport import Certificate, UnitPlan


@dataclass(frozen=True, eq=False)
class LayerPlans(LayerCosts):
    """The plans of many transports, their costs, and the worst figures of their proofs."""

    plans: Sequence[Sequence[UnitPlan]]
    """The plan of every pair of layers, `[source layer][target layer]`."""

    @classmethod
    def of(cls, plans: PackedPlans, goal: Goal) -> LayerPlans:
        """The plans between all layers of two networks, each made when it is asked for."""
        n_target = len(plans.target_starts) - 1
        costs = goal.costs_of(plans.arrays).reshape(-1, n_target)
        return cls(costs, Certificate.worst_of(plans.arrays["certificate"]), in_rows(plans, n_target))


@dataclass(frozen=True, eq=False)
class TransportPlans(ExactTransports[LayerPlans]):
    """Exact transports at cost 1 - correlation between the units of every pair of layers; their plans are kept."""

    masses: tuple[UnitMasses, UnitMasses] = (None, None)

    @property
    def unit_masses(self) -> tuple[UnitMasses, UnitMasses]:
        """The masses of the units of both networks."""
        return self.masses

    def identity(self) -> dict[str, Any]:
        """Return what the plans depend on beside the activations: the masses of units."""
        return {"work": "unit plans", "masses": masses_identity(self.masses), **self.goal.identity}

    def for_block(self, rows: range, columns: range) -> TransportPlans:
        """Return the transports of some source layers and some target layers."""
        return replace(self, masses=masses_of(self.masses, rows, columns))

    def collect(self, source: Network, target: Network, solutions: Solutions) -> LayerPlans:
        """Pack the plans of the core's solutions."""
        arrays = packing.pack_solutions(solutions)
        return LayerPlans.of(PackedPlans(arrays, source, target, are_kept=True, are_solved=True), self.goal)

    def join(self, blocks: Iterable[BlockResult[LayerPlans]], shape: tuple[int, int]) -> LayerPlans:
        """Put the plans of blocks together."""
        blocks = list(blocks)
        plans = joined_rows(((rows, columns, block.plans) for rows, columns, block in blocks), shape)
        return LayerPlans(*joined_costs(blocks, shape), plans)

    def pack(self, result: LayerPlans) -> dict[str, Array]:
        """Return the plans as the arrays that `packing` describes."""
        return packing.pack_plans([plan for row in result.plans for plan in row])

    def unpack(self, arrays: Mapping[str, Array], source: Network, target: Network) -> LayerPlans:
        """Return the plans, each made of its arrays when it is asked for."""
        return LayerPlans.of(PackedPlans(arrays, source, target, are_kept=True), self.goal)

    def check(self, arrays: Mapping[str, Array], networks: tuple[Network, Network], budget: Budget) -> None:  # noqa: ARG002
        """Raise `ValueError` unless plans are proven, have these masses, and fit a sample of the activations."""
        packing.check_names(arrays, packing.PLANS)
        check_correlations(checked_plans(arrays, networks, self.masses, self.goal), *networks)


def checked_plans(
    arrays: Mapping[str, Array],
    networks: tuple[Network, Network],
    masses: tuple[UnitMasses, UnitMasses],
    goal: Goal,
) -> PackedPlans:
    """The plans between two networks' layers; `ValueError` unless they agree with their masses, goal and proofs."""
    packing.check_types(arrays)
    plans = PackedPlans(arrays, *networks)
    check_proofs(arrays["certificate"])
    of_units = (
        np.concatenate([np.full(n, 1.0 / n) for n in network.widths] if given is None else list(given))
        for network, given in zip(networks, masses, strict=True)
    )
    check_plans(plans, goal, *of_units)
    return plans


def masses_identity(masses: tuple[UnitMasses, UnitMasses]) -> list[Any]:
    """The masses to the last bit, as JSON holds them."""
    return [None if each is None else [layer.tobytes().hex() for layer in each] for each in masses]
