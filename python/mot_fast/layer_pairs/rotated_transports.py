"""Transports with rotations between the units of every pair of layers, and the rotations of those asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mot_fast._validate import F64, Array
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.alternation import Alternation, LayerPair, RotatedPair
from mot_fast.layer_pairs.centred_layer import CentredLayer
from mot_fast.layer_pairs.consistency import check_proofs
from mot_fast.layer_pairs.packing import PackedPlans, in_rows
from mot_fast.layer_pairs.pairs import Batch, Layers, Part, Preparation, for_each_pair, grid
from mot_fast.layer_pairs.unit_transports import (
    Report,
    UnitMasses,
    checked_plans,
    masses_identity,
    masses_of,
    transport_name,
    transport_seconds,
)
from mot_fast.networks.network import Network
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system import threads
from mot_fast.system.memory import Budget, format_bytes
from mot_fast.transport.transport import Certificate, UnitPlan

CENTRED = Preparation(CentredLayer, CentredLayer.n_bytes, "centred")

_LEAST_SHARE, _SOON = 0.25, 0.5
"""What share of a block's pairs is looked at again; and in how many seconds' worth of pairs all of them are."""
_ROUNDING = 1e-8
"""Of a residual over the whole, found again from the plan."""

Pairs = Sequence[Sequence[RotatedPair]]


@dataclass(frozen=True, eq=False)
class RotatedTransports:
    """Transports with rotations; the whole is every pair aligned, `[source layer][target layer]`, without rotations."""

    convention: str
    alternation: Alternation
    masses: tuple[UnitMasses, UnitMasses] = (None, None)
    first: tuple[int, int] = (0, 0)
    """Positions of the first layers in their networks, on which random starts depend."""

    @property
    def preparation(self) -> Preparation[CentredLayer]:
        """Centred, in double precision."""
        return CENTRED

    def identity(self) -> dict[str, Any]:
        """How they are found."""
        return {
            "work": "rotated plans",
            "masses": masses_identity(self.masses),
            "convention": self.convention,
            "alternation": asdict(self.alternation),
            "first": self.first if self.alternation.restarts else None,
        }

    def part(self, rows: range, columns: range) -> RotatedTransports:
        """For some of the layers."""
        first = self.first[0] + rows.start, self.first[1] + columns.start
        return replace(self, masses=masses_of(self.masses, rows, columns), first=first)

    def solve(self, layers: Layers[CentredLayer], budget: Budget, n_threads: int, report: Report) -> Pairs:
        """Every pair aligned."""
        networks = layers[0].network, layers[1].network

        def work(batch: Batch[CentredLayer], n_done: int) -> Pairs:
            source_layers = dict(zip(batch.source_block, batch.source_layers, strict=True))
            target_layers = dict(zip(batch.target_block, batch.target_layers, strict=True))

            def align(l: int, m: int, check: Callable[[], None]) -> RotatedPair:
                pair = self.pair(networks, l, m, source_layers[l], target_layers[m])
                return self.align(l, m, pair, check).without_rotation()

            pieces = [partial(align, *pair) for pair in batch.pairs]
            found = threads.run(pieces, n_threads, report and (lambda n: report(n_done + n)))
            return in_rows(found, len(batch.target_block))

        return self.join(for_each_pair(layers, budget, n_threads, work), (len(networks[0]), len(networks[1])))

    def join(self, parts: Iterable[Part[Pairs]], shape: tuple[int, int]) -> Pairs:
        """Rows of pairs."""
        return grid(parts, shape)

    def pack(self, whole: Pairs) -> dict[str, Array]:
        """As `packing` lays plans and traces out; `pair_certificate`, `(L M, 5)`, is of all transports on the way."""
        pairs = [pair for row in whole for pair in row]
        return {
            **packing.pack_plans([pair.plan for pair in pairs]),
            **packing.pack_traces([pair.trace for pair in pairs]),
            "pair_certificate": packing.pack_certificates([pair.certificate for pair in pairs]),
        }

    def unpack(self, arrays: Mapping[str, Array], source: Network, target: Network) -> Pairs:
        """The pairs again."""
        plans = PackedPlans(arrays, source, target)
        traces = packing.unpack_traces(arrays, len(plans))
        certificates = [Certificate(*map(float, figures)) for figures in arrays["pair_certificate"]]
        pairs = [
            RotatedPair(plan, None, trace, certificate)
            for plan, trace, certificate in zip(plans, traces, certificates, strict=True)
        ]
        return in_rows(pairs, len(target))

    def check(self, arrays: Mapping[str, Array], networks: tuple[Network, Network], budget: Budget) -> None:
        """Plans are proven and between these masses, and of some pairs the plan leaves the residual that is said.

        Rotations are not stored, so that potentials cannot be held against activations.
        """
        packing.check_names(arrays, packing.PLANS | packing.TRACES | {"pair_certificate"})
        plans = checked_plans(arrays, networks, self.masses)
        traces = packing.unpack_traces(arrays, len(plans))
        packing.check_shapes(arrays, {"pair_certificate": (len(plans), 5)})
        check_proofs(arrays["pair_certificate"])
        if (arrays["certificate"] > arrays["pair_certificate"]).any():
            raise ValueError("a pair's certificate is better than that of its plan")
        if arrays["alternations"].max() > self.alternation.max_iter:
            raise ValueError(f"it holds traces of more than {self.alternation.max_iter} alternations")
        _needed(*networks, budget)
        for p in self._some(networks):
            l, m = divmod(p, len(networks[1]))
            pair = self.pair(networks, l, m, CentredLayer(*networks[0].read(l)), CentredLayer(*networks[1].read(m)))
            residual, whole = pair.residual_of(plans[p])
            if not abs(residual - traces[p].min()) <= _ROUNDING * whole:
                raise ValueError(f"the residual of {transport_name(*plans.labels(p))} is not that of the activations")

    def _some(self, networks: tuple[Network, Network]) -> list[int]:
        """Pairs that are computed again, chosen anew each time: all of them if that is soon done."""
        n_pairs = len(networks[0]) * len(networks[1])
        sizes = [sum(self.seconds(net.n_stimuli, width) ** 0.5 for width in net.widths) for net in networks]
        share = max(_LEAST_SHARE, _SOON / (sizes[0] * sizes[1]))
        return np.flatnonzero(np.random.default_rng().random(n_pairs) < share).tolist()

    def most_bytes(self, networks: tuple[Network, Network]) -> int:
        """That packed plans and traces take."""
        return packing.most_bytes(*networks, self.alternation.max_iter)

    def within(
        self, networks: tuple[Network, Network], budget: Budget, wanted: int
    ) -> tuple[RotatedTransports, Budget, int]:
        """Threads that may align a pair each at the same time, beside the layers that are held and those that pass by.

        Raises
        ------
        ValueError
            If even one pair does not fit into the memory limit.
        """
        layers, each = _needed(*networks, budget)
        budget = budget.less(layers + each)
        return self, budget, max(1, min(wanted, 1 + budget.free // 2 // each))

    def seconds(self, n_stimuli: int, n_units: int) -> float:
        """About how long a pair of layers of so many units each takes, on one thread.

        Five alternations, each with a singular value decomposition; measured on an AMD EPYC (AVX2).
        """
        return 5 * (transport_seconds(n_stimuli, n_units) + 4e-10 * (n_units + 50) ** 3)

    def pair(
        self, networks: tuple[Network, Network], l: int, m: int, source: CentredLayer, target: CentredLayer
    ) -> LayerPair:
        """Two layers by position, ready to be aligned."""
        labels = networks[0].labels[l], networks[1].labels[m]
        masses = self._unit_masses(0, l, source), self._unit_masses(1, m, target)
        return LayerPair(source, target, labels, masses, self.convention)

    def align(self, l: int, m: int, pair: LayerPair, check: Callable[[], None]) -> RotatedPair:
        """The best of the alternations from every start."""
        starts = self.alternation.starts(len(pair.cross), (self.first[0] + l, self.first[1] + m))
        return pair.align(starts, self.alternation.tol, self.alternation.max_iter, check)

    def _unit_masses(self, which: int, l: int, layer: CentredLayer) -> F64:
        masses = self.masses[which]
        return np.full(len(layer.mean), 1.0 / len(layer.mean)) if masses is None else masses[l]


def rotations(
    work: RotatedTransports,
    sides: tuple[NetworkSummary, NetworkSummary],
    plans: Sequence[Sequence[UnitPlan]],
    pairs: Iterable[tuple[int, int]],
    networks: tuple[Network, Network],
    budget: Budget,
    n_threads: int,
) -> dict[tuple[int, int], F64]:
    """The rotations of some pairs aligned before, by positions: by one factorization where they depend on the plan."""
    pairs = list(pairs)
    layers, each = _needed(*networks, budget)
    n_threads = max(1, min(n_threads, budget.limit // (layers + each)))

    def find(l: int, m: int, check: Callable[[], None]) -> F64:
        source, target = (_aligned_layer(sides[which], networks[which], k) for which, k in ((0, l), (1, m)))
        pair = work.pair(networks, l, m, source, target)
        rotation = pair.rotation_of(plans[l][m])
        if rotation is None:
            rotation = work.align(l, m, pair, check).rotation
            assert rotation is not None
        return rotation

    return dict(zip(pairs, threads.run([partial(find, *pair) for pair in pairs], n_threads), strict=True))


def _aligned_layer(side: NetworkSummary, network: Network, k: int) -> CentredLayer:
    """One of the layers aligned, which must be what it was."""
    layer = CentredLayer(*network.read(k))
    if not (np.array_equal(layer.mean, side.means[k]) and np.array_equal(layer.deviation, side.deviations[k])):
        raise ValueError(
            f"rotation: expected the activations that were aligned, found others in layer '{side.labels[k]}' of "
            f"'{side.name}'; they were changed in the meantime"
        )
    return layer


def _needed(source: Network, target: Network, budget: Budget) -> tuple[int, int]:
    """Bytes of the two largest layers, and of what their alignment takes besides, which must fit into the limit."""
    l = max(range(len(source)), key=source.widths.__getitem__)
    m = max(range(len(target)), key=target.widths.__getitem__)
    layers = CENTRED.n_bytes(source.n_stimuli, source.widths[l]) + CENTRED.n_bytes(target.n_stimuli, target.widths[m])
    each = LayerPair.n_bytes(source.widths[l], target.widths[m])
    if layers + each > budget.limit:
        raise ValueError(
            f"rotate: aligning layer '{source.labels[l]}' ({source.widths[l]} units) of '{source.name}' with layer "
            f"'{target.labels[m]}' ({target.widths[m]} units) of '{target.name}' needs about "
            f"{format_bytes(layers + each)}, and {format_bytes(budget.limit)} may be taken; raise memory_limit, "
            "take fewer units or stimuli, or align without rotation"
        )
    return layers, each
