"""The problem that `align` solves: two networks, their masses and a convention, without rotations or with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np

from mot_fast import _validate, _validate_masses
from mot_fast._validate import F64
from mot_fast._validate_masses import GivenMasses
from mot_fast.alignment.record import ALL_MASS, CONVENTIONS, Goals
from mot_fast.alignment.result import Alignment
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.layer_pairs.centred_layer import CentredLayer
from mot_fast.layer_pairs.exact_transports import UnitLayer, UnitMasses
from mot_fast.layer_pairs.layer_cache import StoredNetwork, check_unchanged, ready
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.layer_pairs.pair_work import PairWork
from mot_fast.layer_pairs.pairs import Prepared, Result, Statistics
from mot_fast.layer_pairs.resources import Resources
from mot_fast.layer_pairs.rotated_transports import RotatedPairs, RotatedTransports
from mot_fast.layer_pairs.run import solve_pairs_of_layers
from mot_fast.layer_pairs.transport_plans import LayerPlans, TransportPlans
from mot_fast.measures.coupling import FAVOURITES
from mot_fast.networks.network import Network
from mot_fast.networks.summary import NetworkSummary
from mot_fast.transport.solve import solve_transport
from mot_fast.transport.transport import Certificate, UnitPlan


@dataclass(frozen=True)
class NetworkMasses:
    """Masses of a network's layers, and of the units in them."""

    layers: F64
    """Masses of the layers, `(n_layers,)`, with sum 1."""
    units: UnitMasses
    """Masses of every layer's units, with sum 1 in each layer; None where all units of a layer have the same mass."""


@dataclass(frozen=True)
class AlignmentProblem(ABC, Generic[Prepared, Result]):
    """Two networks to be aligned, with validated arguments.

    `Result` is the type of what is found for the pairs of layers: see `PlainProblem` and `RotatedProblem`.
    """

    networks: tuple[Network, Network]
    convention: str
    masses: tuple[NetworkMasses, NetworkMasses]
    goals: Goals

    @property
    @abstractmethod
    def work(self) -> PairWork[Prepared, Result]:
        """The work that is done on every pair of layers."""

    @abstractmethod
    def alignment(self, statistics: tuple[Statistics, Statistics], result: Result, n_threads: int) -> Alignment:
        """Make the alignment of the result for the pairs of layers; `n_threads` find rotations that couplings use."""

    def solve(self, resources: Resources, *, has_progress: bool) -> Alignment:
        """Align the networks, and warn of constant units; a progress bar is shown if `has_progress`."""
        statistics, result = solve_pairs_of_layers(self.networks, self.work, resources, has_progress=has_progress)
        return self.alignment(statistics, result, resources.n_threads)

    def solve_stored(self, source: StoredNetwork, target: StoredNetwork, budget: Budget, n_threads: int) -> Alignment:
        """Align the networks in this process, where activations must have the digests given.

        Raises
        ------
        ValueError
            If activations have changed.
        """
        work, budget, n_threads = self.work.within(self.networks, budget, n_threads)
        layers = ready((source, target), work.preparation, budget, n_threads)
        statistics = layers[0].scan(budget), layers[1].scan(budget)
        alignment = self.alignment(statistics, work.solve(layers, budget, n_threads, None), n_threads)
        del layers
        if work.preparation.is_read_again:
            for network in (source, target):
                check_unchanged(network, n_threads)
        return alignment

    @property
    def unit_masses(self) -> tuple[UnitMasses, UnitMasses]:
        """The masses of the units of both networks."""
        return self.masses[0].units, self.masses[1].units

    def _between_layers(
        self,
        statistics: tuple[Statistics, Statistics],
        layer_costs: F64,
        unit_plans: Sequence[Sequence[UnitPlan]],
        certificates: Sequence[Certificate],
    ) -> Alignment:
        """Solve the transport between the layers, and put the alignment together."""
        source, target = (
            NetworkSummary(
                name=network.name,
                labels=network.labels,
                means=seen.means,
                deviations=seen.deviations,
                layer_masses=masses.layers,
                unit_masses=masses.units,
                digests=seen.digests,
                kept=network.kept_units if any(units is not None for units in network.kept_units) else None,
            )
            for network, seen, masses in zip(self.networks, statistics, self.masses, strict=True)
        )
        goal = self.goals.layers
        between_layers = solve_transport(
            layer_costs, source.layer_masses, target.layer_masses, mass=goal.mass, unmatched_cost=goal.price
        )
        cost = float(goal.cost(np.array(between_layers.cost), between_layers.mass.sum()))
        return Alignment(
            source=source,
            target=target,
            convention=self.convention,
            goals=self.goals,
            cost=cost,
            layer_costs=layer_costs,
            layer_plan=between_layers.toarray(),
            certificate=Certificate.worst([between_layers.certificate, *certificates]),
            unit_plans=unit_plans,
        )


@dataclass(frozen=True)
class PlainProblem(AlignmentProblem[UnitLayer, LayerPlans]):
    """An alignment without rotations, whose result is the plans between the units of every pair of layers."""

    @property
    def work(self) -> TransportPlans:
        """The exact transports between units."""
        return TransportPlans(masses=self.unit_masses, goal=self.goals.units)

    def alignment(self, statistics: tuple[Statistics, Statistics], result: LayerPlans, n_threads: int) -> Alignment:  # noqa: ARG002
        """Make the alignment of the plans; layer costs are their costs."""
        return self._between_layers(statistics, result.costs, result.plans, [result.certificate])


@dataclass(frozen=True)
class RotatedProblem(AlignmentProblem[CentredLayer, RotatedPairs]):
    """An alignment with rotations, whose result is plans and residuals for every pair of layers."""

    alternation: Alternation
    memory_limit: int | None

    @property
    def work(self) -> RotatedTransports:
        """The alternations between transport and rotation."""
        return RotatedTransports(self.convention, self.alternation, self.unit_masses, self.goals.units)

    def alignment(self, statistics: tuple[Statistics, Statistics], result: RotatedPairs, n_threads: int) -> Alignment:
        """Make the alignment of the pairs; layer costs are residuals, and rotations that couplings use are kept."""
        alignment = self._between_layers(
            statistics,
            layer_costs=np.array([[pair.residual for pair in row] for row in result]),
            unit_plans=tuple(tuple(pair.plan for pair in row) for row in result),
            certificates=[pair.certificate for row in result for pair in row],
        )
        alignment = replace(
            alignment,
            alternation=self.alternation,
            traces=tuple(tuple(pair.trace for pair in row) for row in result),
            training=self.networks,
            memory_limit=self.memory_limit,
        )
        used = sum(alignment.coupling(name) for name in FAVOURITES)
        return replace(alignment, rotations=alignment.rotations_of(np.argwhere(used).tolist(), n_threads))


def alignment_problem(
    networks: tuple[Network, Network],
    rotate: bool | Alternation,
    convention: str,
    masses: tuple[GivenMasses | None, GivenMasses | None] = (None, None),
    memory_limit: int | None = None,
    goals: Goals = ALL_MASS,
) -> PlainProblem | RotatedProblem:
    """Validate the arguments of `mot_fast.align`, and return the problem that they state."""
    alternation = alternation_of(rotate)
    _validate.choice(convention, CONVENTIONS, "convention")
    source, target = (
        NetworkMasses(*_validate_masses.network_masses(values, network.widths, what))
        for values, network, what in zip(masses, networks, ("source_mass", "target_mass"), strict=True)
    )
    if alternation is None:
        return PlainProblem(networks, convention, (source, target), goals)
    return RotatedProblem(networks, convention, (source, target), goals, alternation, memory_limit)


def alternation_of(rotate: bool | Alternation) -> Alternation | None:
    """The alternation that the argument `rotate` asks for; None where nothing is rotated."""
    if isinstance(rotate, Alternation):
        return rotate
    if not isinstance(rotate, (bool, np.bool_)):
        raise TypeError(f"rotate: expected True, False or an Alternation, found {rotate!r}")
    return Alternation() if rotate else None
