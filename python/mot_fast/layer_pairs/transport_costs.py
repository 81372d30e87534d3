"""The costs of the exact transports between every pair of layers, without their plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mot_fast._validate import F64, Array
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.consistency import TOLERANCE, check_proofs
from mot_fast.layer_pairs.pairs import Batch, Layers, Part, Preparation, PreparedNetwork, for_each_pair
from mot_fast.layer_pairs.unit_transports import (
    Report,
    UnitLayer,
    preparation,
    solve_batch,
    transport_name,
    transport_seconds,
    transports_within,
)
from mot_fast.networks.network import Network
from mot_fast.system.memory import Budget
from mot_fast.transport.transport import Certificate, require_optimal

_LEAST_SHARE, _SOON = 0.05, 0.05
"""What share of a block's pairs is solved again; and in how many seconds' worth of pairs all of them are."""


@dataclass(frozen=True, eq=False)
class LayerCosts:
    """What many transports cost, and the worst figures of their proofs."""

    costs: F64
    """`(L, M)`."""
    certificate: Certificate


@dataclass(frozen=True)
class TransportCosts:
    """Transports at cost 1 - correlation between layers whose units weigh the same; the whole is what they cost."""

    is_in_passes: bool = False
    """Whether layers are not held, and read again for every pair."""

    @property
    def preparation(self) -> Preparation[UnitLayer]:
        """Unit vectors, in single precision, or what makes them."""
        return preparation(self.is_in_passes)

    def identity(self) -> dict[str, Any]:
        """Nothing but what it is."""
        return {"work": "layer costs"}

    def part(self, rows: range, columns: range) -> TransportCosts:  # noqa: ARG002
        """The same for some of the layers."""
        return self

    def solve(self, layers: Layers[UnitLayer], budget: Budget, n_threads: int, report: Report) -> LayerCosts:
        """Every cost, proven least."""
        source, target = (each.network for each in layers)

        def work(batch: Batch[UnitLayer], n_done: int) -> LayerCosts:
            solutions = solve_batch(
                layers, batch, (None, None), budget, n_threads, report and (lambda n: report(n_done + n))
            )
            for (l, m), solution in zip(batch.pairs, solutions, strict=True):
                require_optimal(solution, transport_name(source.labels[l], target.labels[m]))
            costs = np.array([solution.cost for solution in solutions])
            certificate = Certificate.worst(Certificate.of(solution.certificate) for solution in solutions)
            return LayerCosts(costs.reshape(len(batch.source_block), -1), certificate)

        return self.join(for_each_pair(layers, budget, n_threads, work), (len(source), len(target)))

    def join(self, parts: Iterable[Part[LayerCosts]], shape: tuple[int, int]) -> LayerCosts:
        """One matrix."""
        costs = np.empty(shape)
        certificates = []
        for rows, columns, part in parts:
            costs[rows.start : rows.stop, columns.start : columns.stop] = part.costs
            certificates.append(part.certificate)
        return LayerCosts(costs, Certificate.worst(certificates))

    def pack(self, whole: LayerCosts) -> dict[str, Array]:
        """`cost`, `(L, M)`, and `certificate`, `(1, 5)`."""
        return {"cost": whole.costs, "certificate": packing.pack_certificates([whole.certificate])}

    def unpack(self, arrays: Mapping[str, Array], source: Network, target: Network) -> LayerCosts:  # noqa: ARG002
        """The costs again."""
        return LayerCosts(arrays["cost"], Certificate(*map(float, arrays["certificate"][0])))

    def check(self, arrays: Mapping[str, Array], networks: tuple[Network, Network], budget: Budget) -> None:
        """Costs are proven and such as there are, and those of some pairs are the same when they are solved again."""
        packing.check_names(arrays, {"cost", "certificate"})
        packing.check_types(arrays)
        packing.check_shapes(arrays, {"cost": (len(networks[0]), len(networks[1])), "certificate": (1, 5)})
        check_proofs(arrays["certificate"])
        costs = arrays["cost"]
        if not ((costs >= -TOLERANCE) & (costs <= 2.0 + TOLERANCE)).all():
            raise ValueError("it holds costs that are not between 0 and 2")
        for l, m in self._some(networks):
            layers = tuple(
                PreparedNetwork(network.select([k]), self.preparation, 1)
                for network, k in zip(networks, (l, m), strict=True)
            )
            again = self.solve((layers[0], layers[1]), budget, 1, None)
            if not abs(again.costs[0, 0] - costs[l, m]) <= 2 * TOLERANCE:
                name = transport_name(networks[0].labels[l], networks[1].labels[m])
                raise ValueError(f"the cost of {name} is not that of the activations")

    def _some(self, networks: tuple[Network, Network]) -> list[tuple[int, int]]:
        """Pairs that are solved again, chosen anew each time: all of them if that is soon done."""
        shape = len(networks[0]), len(networks[1])
        sizes = [sum(self.seconds(net.n_stimuli, width) ** 0.5 for width in net.widths) for net in networks]
        share = max(_LEAST_SHARE, _SOON / (sizes[0] * sizes[1]))
        return [(int(l), int(m)) for l, m in np.argwhere(np.random.default_rng().random(shape) < share)]

    def most_bytes(self, networks: tuple[Network, Network]) -> int:
        """That packed costs take, and much more."""
        return packing.most_bytes(*networks)

    def within(
        self, networks: tuple[Network, Network], budget: Budget, wanted: int
    ) -> tuple[TransportCosts, Budget, int]:
        """As for `UnitTransports`.

        Raises
        ------
        ValueError
            If the largest pair of layers does not fit into the memory limit.
        """
        is_in_passes, budget, n_threads = transports_within(networks, budget, wanted, self.is_in_passes)
        return TransportCosts(is_in_passes), budget, n_threads

    def seconds(self, n_stimuli: int, n_units: int) -> float:
        """About how long a pair of layers of so many units each takes, on one thread."""
        return transport_seconds(n_stimuli, n_units)
