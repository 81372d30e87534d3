"""Transports with rotations between the units of every pair of layers, and rotations found again for some pairs."""

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
from mot_fast.layer_pairs.exact_transports import UnitMasses, masses_of, transport_name, transport_seconds
from mot_fast.layer_pairs.goal import ALL, Goal
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.layer_pairs.packing import PackedPlans, in_rows
from mot_fast.layer_pairs.pairs import (
    BlockResult,
    Layers,
    PairBatch,
    Preparation,
    ReportProgress,
    for_each_pair,
    joined_rows,
    pair_in_words,
    widest_pair,
)
from mot_fast.layer_pairs.spot_check import sample_of_pairs
from mot_fast.layer_pairs.transport_plans import checked_plans, masses_identity
from mot_fast.networks.network import Network
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system import threads
from mot_fast.system.memory import format_bytes
from mot_fast.transport.transport import Certificate, UnitPlan

CENTRED = Preparation(CentredLayer, CentredLayer.n_bytes, "centred")

_LEAST_SHARE = 0.25
"""Share of a block's pairs whose residual is computed again, to check what a store holds."""
_SOON = 0.5
"""Seconds within which the residuals of all pairs of a block are computed again."""
_ROUNDING = 1e-8
"""Rounding error of a residual computed again from its plan, over the residual without any plan."""

RotatedPairs = Sequence[Sequence[RotatedPair]]
"""The result of transports with rotations: every pair of layers, `[source layer][target layer]`."""


@dataclass(frozen=True, eq=False)
class RotatedTransports:
    """Transports with rotations between the units of every pair of layers; the rotations themselves are not kept."""

    convention: str
    alternation: Alternation
    masses: tuple[UnitMasses, UnitMasses] = (None, None)
    goal: Goal = ALL
    """How much of the units' mass is carried."""
    first: tuple[int, int] = (0, 0)
    """Positions of the first source and target layer in their networks, on which random starts depend."""

    @property
    def preparation(self) -> Preparation[CentredLayer]:
        """The preparation of layers: centred, in double precision."""
        return CENTRED

    def identity(self) -> dict[str, Any]:
        """Return what the result depends on beside the activations: masses, convention and alternation."""
        return {
            "work": "rotated plans",
            "masses": masses_identity(self.masses),
            "convention": self.convention,
            "alternation": asdict(self.alternation),
            "first": self.first if self.alternation.restarts else None,
            **self.goal.identity,
        }

    def for_block(self, rows: range, columns: range) -> RotatedTransports:
        """Return the transports of some source layers and some target layers."""
        first = self.first[0] + rows.start, self.first[1] + columns.start
        return replace(self, masses=masses_of(self.masses, rows, columns), first=first)

    def solve(
        self, layers: Layers[CentredLayer], budget: Budget, n_threads: int, report: ReportProgress
    ) -> RotatedPairs:
        """Align every pair of layers."""
        networks = layers[0].network, layers[1].network

        def work(batch: PairBatch[CentredLayer], n_done: int) -> RotatedPairs:
            source_layers = dict(zip(batch.source_block, batch.source_layers, strict=True))
            target_layers = dict(zip(batch.target_block, batch.target_layers, strict=True))

            def align(l: int, m: int, check: Callable[[], None]) -> RotatedPair:
                pair = self.pair(networks, l, m, source_layers[l], target_layers[m])
                return self.align(l, m, pair, check).without_rotation()

            pieces = [partial(align, *pair) for pair in batch.pairs]
            found = threads.run(pieces, n_threads, report and (lambda n: report(n_done + n)))
            return in_rows(found, len(batch.target_block))

        return self.join(for_each_pair(layers, budget, n_threads, work), (len(networks[0]), len(networks[1])))

    def join(self, blocks: Iterable[BlockResult[RotatedPairs]], shape: tuple[int, int]) -> RotatedPairs:
        """Put the rows of pairs of blocks together."""
        return joined_rows(blocks, shape)

    def pack(self, result: RotatedPairs) -> dict[str, Array]:
        """Return the plans and traces as the arrays that `packing` describes, and the certificates of the pairs.

        The array `pair_certificate`, `(L M, 5)`, has the worst figures of all transports on a pair's way.
        """
        pairs = [pair for row in result for pair in row]
        return {
            **packing.pack_plans([pair.plan for pair in pairs]),
            **packing.pack_traces([pair.trace for pair in pairs]),
            "pair_certificate": packing.pack_certificates([pair.certificate for pair in pairs]),
        }

    def unpack(self, arrays: Mapping[str, Array], source: Network, target: Network) -> RotatedPairs:
        """Return the pairs, without rotations."""
        plans = PackedPlans(arrays, source, target)
        traces = packing.unpack_traces(arrays, len(plans))
        certificates = [Certificate(*map(float, figures)) for figures in arrays["pair_certificate"]]
        pairs = [
            RotatedPair(plan, None, trace, certificate)
            for plan, trace, certificate in zip(plans, traces, certificates, strict=True)
        ]
        return in_rows(pairs, len(target))

    def check(self, arrays: Mapping[str, Array], networks: tuple[Network, Network], budget: Budget) -> None:
        """Raise `ValueError` unless plans are proven, have these masses, and a sample leaves the residuals stored.

        Rotations are not stored, so that potentials cannot be compared with the activations.
        """
        packing.check_names(arrays, packing.PLANS | packing.TRACES | {"pair_certificate"})
        plans = checked_plans(arrays, networks, self.masses, self.goal)
        traces = packing.unpack_traces(arrays, len(plans))
        packing.check_shapes(arrays, {"pair_certificate": (len(plans), 5)})
        check_proofs(arrays["pair_certificate"])
        if (arrays["certificate"] > arrays["pair_certificate"]).any():
            raise ValueError("a pair's certificate is better than that of its plan")
        if arrays["alternations"].max() > self.alternation.max_iter:
            raise ValueError(f"it holds traces of more than {self.alternation.max_iter} alternations")
        _needed(*networks, budget)
        for l, m in sample_of_pairs(networks, self, _LEAST_SHARE, _SOON):
            p = l * len(networks[1]) + m
            pair = self.pair(networks, l, m, CentredLayer(*networks[0].read(l)), CentredLayer(*networks[1].read(m)))
            residual, largest = pair.residual_of(plans[p])
            if not abs(residual - traces[p].min()) <= _ROUNDING * largest:
                raise ValueError(f"the residual of {transport_name(*plans.labels(p))} is not that of the activations")

    def most_bytes(self, networks: tuple[Network, Network]) -> int:
        """Return the most bytes that packed plans and traces take."""
        return packing.most_bytes(*networks, self.alternation.max_iter)

    def within(
        self, networks: tuple[Network, Network], budget: Budget, n_threads: int
    ) -> tuple[RotatedTransports, Budget, int]:
        """Fit the transports into the memory limit, on as many threads as there is memory for; see `ResourceNeeds`.

        Raises
        ------
        ValueError
            If even one pair does not fit into the memory limit.
        """
        layers, each = _needed(*networks, budget)
        budget = budget.less(layers + each)
        return self, budget, max(1, min(n_threads, 1 + budget.free // 2 // each))

    def seconds(self, n_stimuli: int, n_units: int) -> float:
        """Estimate the seconds that a pair of layers of so many units each takes, on one thread.

        Five alternations, each with a singular value decomposition; measured on an AMD EPYC (AVX2).
        """
        return 5 * (transport_seconds(n_stimuli, n_units) + 4e-10 * (n_units + 50) ** 3)

    def pair(
        self, networks: tuple[Network, Network], l: int, m: int, source: CentredLayer, target: CentredLayer
    ) -> LayerPair:
        """Return two layers, given by position, ready to be aligned."""
        labels = networks[0].labels[l], networks[1].labels[m]
        masses = self._unit_masses(0, l, source), self._unit_masses(1, m, target)
        return LayerPair(source, target, labels, masses, self.convention, self.goal)

    def align(self, l: int, m: int, pair: LayerPair, check: Callable[[], None]) -> RotatedPair:
        """Return the best result of the alternations from every start."""
        starts = self.alternation.starts(len(pair.cross), (self.first[0] + l, self.first[1] + m))
        return pair.align(starts, self.alternation, check)

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
    """Find again the rotations of some pairs that were aligned before.

    One factorization finds a rotation that depends on the plan alone; else the whole alternation is run again.

    Parameters
    ----------
    work : RotatedTransports
        The transports by which the pairs were aligned.
    sides : two NetworkSummary
        The networks as the alignment remembers them.
    plans : rows of UnitPlan
        The plan of every pair of layers.
    pairs : pairs of int
        Positions of the layers whose rotations are wanted.
    networks : two Network
        The networks that were aligned.
    budget : Budget
    n_threads : int

    Returns
    -------
    dict
        The rotations by positions of the layers.
    """
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
    """Read a layer that was aligned, and check that its means and deviations are still the same."""
    layer = CentredLayer(*network.read(k))
    if not (np.array_equal(layer.mean, side.means[k]) and np.array_equal(layer.deviation, side.deviations[k])):
        raise ValueError(
            f"rotation: expected the activations that were aligned, found others in layer '{side.labels[k]}' of "
            f"'{side.name}'; they were changed in the meantime"
        )
    return layer


def _needed(source: Network, target: Network, budget: Budget) -> tuple[int, int]:
    """Bytes of the widest two layers, and of what their alignment takes besides; together they must fit the limit."""
    l, m = widest_pair(source, target)
    layers = CENTRED.n_bytes(source.n_stimuli, source.widths[l]) + CENTRED.n_bytes(target.n_stimuli, target.widths[m])
    each = LayerPair.n_bytes(source.widths[l], target.widths[m])
    if layers + each > budget.limit:
        raise ValueError(
            f"rotate: aligning {pair_in_words(source, target, l, m)} needs about {format_bytes(layers + each)}, and "
            f"{format_bytes(budget.limit)} may be taken; raise memory_limit, take fewer units or stimuli, or align "
            "without rotation"
        )
    return layers, each
