"""The costs of the exact transports between every pair of layers, without their plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from mot_fast._core import Solutions
from mot_fast._validate import F64, Array
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.consistency import TOLERANCE, check_proofs
from mot_fast.layer_pairs.exact_transports import ExactTransports, transport_name
from mot_fast.layer_pairs.goal import carried_masses
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.layer_pairs.pairs import BlockResult, PreparedNetwork
from mot_fast.layer_pairs.spot_check import sample_of_pairs
from mot_fast.networks.network import Network
from mot_fast.transport.transport import Certificate

_LEAST_SHARE = 0.05
"""Share of a block's pairs that is solved again, to check what a store holds."""
_SOON = 0.05
"""Seconds within which all pairs of a block are solved again."""


@dataclass(frozen=True, eq=False)
class LayerCosts:
    """The costs of many transports, and the worst figures of their proofs."""

    costs: F64
    """Costs of the pairs of layers, `(L, M)`."""
    certificate: Certificate


CostsOfBlock = TypeVar("CostsOfBlock", bound=LayerCosts)


def joined_costs(blocks: Iterable[BlockResult[CostsOfBlock]], shape: tuple[int, int]) -> tuple[F64, Certificate]:
    """The costs of all pairs of layers, from those of blocks, and the worst certificate."""
    costs = np.empty(shape)
    certificates = []
    for rows, columns, block in blocks:
        costs[rows.start : rows.stop, columns.start : columns.stop] = block.costs
        certificates.append(block.certificate)
    return costs, Certificate.worst(certificates)


@dataclass(frozen=True, eq=False)
class TransportCosts(ExactTransports[LayerCosts]):
    """Exact transports at cost 1 - correlation between layers whose units have equal masses; their costs are kept."""

    def identity(self) -> dict[str, Any]:
        """Return the name of the work, and what costs depend on beside the activations: how much mass is carried."""
        return {"work": "layer costs", **self.goal.identity}

    def for_block(self, rows: range, columns: range) -> TransportCosts:  # noqa: ARG002
        """Return the same, which serves any layers."""
        return self

    def collect(self, source: Network, target: Network, solutions: Solutions) -> LayerCosts:
        """Make a matrix of the costs of the core's solutions."""
        if self.goal.is_all:
            costs = solutions.costs
        else:
            entries, _, _, mass, _, _ = solutions.take_plans()
            costs = self.goal.cost(solutions.costs, carried_masses(mass, entries))
        costs = costs.reshape(len(source), len(target))
        return LayerCosts(costs, Certificate.worst_of(solutions.certificates))

    def join(self, blocks: Iterable[BlockResult[LayerCosts]], shape: tuple[int, int]) -> LayerCosts:
        """Put the matrices of blocks together."""
        return LayerCosts(*joined_costs(blocks, shape))

    def pack(self, result: LayerCosts) -> dict[str, Array]:
        """Return the arrays `cost`, `(L, M)`, and `certificate`, `(1, 5)`."""
        return {"cost": result.costs, "certificate": packing.pack_certificates([result.certificate])}

    def unpack(self, arrays: Mapping[str, Array], source: Network, target: Network) -> LayerCosts:  # noqa: ARG002
        """Return the costs."""
        return LayerCosts(arrays["cost"], Certificate(*map(float, arrays["certificate"][0])))

    def check(self, arrays: Mapping[str, Array], networks: tuple[Network, Network], budget: Budget) -> None:
        """Raise `ValueError` unless costs are proven, from 0 to 2, and the same for a sample of pairs solved again."""
        packing.check_names(arrays, {"cost", "certificate"})
        packing.check_types(arrays)
        packing.check_shapes(arrays, {"cost": (len(networks[0]), len(networks[1])), "certificate": (1, 5)})
        check_proofs(arrays["certificate"])
        costs = arrays["cost"]
        if not ((costs >= -TOLERANCE) & (costs <= 2.0 + TOLERANCE)).all():
            raise ValueError("it holds costs that are not between 0 and 2")
        for l, m in sample_of_pairs(networks, self, _LEAST_SHARE, _SOON):
            layers = tuple(
                PreparedNetwork(network.select([k]), self.preparation, 1)
                for network, k in zip(networks, (l, m), strict=True)
            )
            again = self.solve((layers[0], layers[1]), budget, 1, None)
            if not abs(again.costs[0, 0] - costs[l, m]) <= 2 * TOLERANCE:
                name = transport_name(networks[0].labels[l], networks[1].labels[m])
                raise ValueError(f"the cost of {name} is not that of the activations")
