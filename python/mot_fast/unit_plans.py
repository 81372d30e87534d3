"""The exact transports between the units of every pair of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mot_fast import _core, packing
from mot_fast._validate import F64, Array
from mot_fast.consistency import check_plans, check_proofs
from mot_fast.layer_pairs import Batch, Layers, Part, Preparation, for_each_pair, grid
from mot_fast.memory import ALWAYS, Budget, needed_by_transport, shown
from mot_fast.network import Network
from mot_fast.packing import PackedPlans, in_rows
from mot_fast.spot_check import check_correlations
from mot_fast.transport import UnitPlan, fields_of

Report = Callable[[int], None] | None
UnitMasses = Sequence[F64] | None
"""Of each layer, what share of its mass each unit has; None where all have the same."""
Plans = Sequence[Sequence[UnitPlan]]


def _standardized_bytes(n_stimuli: int, n_units: int) -> int:
    return 4 * n_stimuli * n_units


STANDARDIZED = Preparation(_core.StandardizedLayer, _standardized_bytes, "standardized")


@dataclass(frozen=True, eq=False)
class UnitTransports:
    """Transports at cost 1 - correlation; the whole is their plans, `[source layer][target layer]`."""

    masses: tuple[UnitMasses, UnitMasses] = (None, None)

    @property
    def preparation(self) -> Preparation[_core.StandardizedLayer]:
        """Unit vectors, in single precision."""
        return STANDARDIZED

    def identity(self) -> dict[str, Any]:
        """The masses of units."""
        return {"work": "unit plans", "masses": masses_identity(self.masses)}

    def part(self, rows: range, columns: range) -> UnitTransports:
        """For some of the layers."""
        return replace(self, masses=masses_of(self.masses, rows, columns))

    def solve(self, layers: Layers[_core.StandardizedLayer], budget: Budget, n_threads: int, report: Report) -> Plans:
        """Every plan, proven optimal."""
        source, target = (each.network for each in layers)

        def work(batch: Batch[_core.StandardizedLayer], n_done: int) -> Plans:
            solutions = solve_batch(
                layers, batch, self.masses, budget, n_threads, report and (lambda n: report(n_done + n))
            )
            labels = [(source.labels[l], target.labels[m]) for l, m in batch.pairs]
            plans = [_unit_plan(*pair, solution) for pair, solution in zip(labels, solutions, strict=True)]
            return in_rows(plans, len(batch.target_block))

        return self.join(for_each_pair(layers, budget, n_threads, work), (len(source), len(target)))

    def join(self, parts: Iterable[Part[Plans]], shape: tuple[int, int]) -> Plans:
        """Rows of plans."""
        return grid(parts, shape)

    def pack(self, whole: Plans) -> dict[str, Array]:
        """As `packing` lays plans out."""
        return packing.pack_plans([plan for row in whole for plan in row])

    def unpack(self, arrays: Mapping[str, Array], source: Network, target: Network) -> Plans:
        """The plans again."""
        return in_rows(PackedPlans(arrays, source, target), len(target))

    def check(self, arrays: Mapping[str, Array], networks: tuple[Network, Network], budget: Budget) -> None:  # noqa: ARG002
        """Plans are proven, between these masses, and their potentials are right for a sample of the activations."""
        packing.check_names(arrays, packing.PLANS)
        check_correlations(checked_plans(arrays, networks, self.masses), *networks)

    def most_bytes(self, networks: tuple[Network, Network]) -> int:
        """That packed plans take."""
        return packing.most_bytes(*networks)

    def within(self, networks: tuple[Network, Network], budget: Budget, wanted: int) -> tuple[Budget, int]:
        """As many threads as are wanted: what costs do not fit are computed anew.

        Raises
        ------
        ValueError
            If the largest pair of layers does not fit into the memory limit.
        """
        return transports_within(networks, budget), wanted

    def seconds(self, n_stimuli: int, n_units: int) -> float:
        """About how long a pair of layers of so many units each takes, on one thread."""
        return transport_seconds(n_stimuli, n_units)


def checked_plans(
    arrays: Mapping[str, Array], networks: tuple[Network, Network], masses: tuple[UnitMasses, UnitMasses]
) -> PackedPlans:
    """The plans between two networks' layers, which agree with their masses and proofs; else `ValueError`."""
    packing.check_types(arrays)
    plans = PackedPlans(arrays, *networks)
    check_proofs(arrays["certificate"])
    of_units = (
        np.concatenate([np.full(n, 1.0 / n) for n in network.widths] if given is None else list(given))
        for network, given in zip(networks, masses, strict=True)
    )
    check_plans(plans, *of_units)
    return plans


def transport_seconds(n_stimuli: int, n_units: int) -> float:
    """About how long it takes to align two layers of so many units each, on one thread.

    Within a third of what was measured from 64 to 2,048 units and 500 to 8,000 stimuli on an AMD EPYC (AVX2): products
    take 2e-11 s for each stimulus and pair of units, solving as long as a thousand stimuli more.
    """
    return 2e-11 * (n_stimuli + 1000) * (n_units + 30) ** 2


def transports_within(networks: tuple[Network, Network], budget: Budget) -> Budget:
    """The budget beside what the largest pair of layers takes in any case, which must fit into it.

    Raises
    ------
    ValueError
        If it does not.
    """
    source, target = networks
    l = max(range(len(source)), key=source.widths.__getitem__)
    m = max(range(len(target)), key=target.widths.__getitem__)
    needed = needed_by_transport(source.n_stimuli, source.widths[l], target.widths[m])
    if needed > max(budget.limit, ALWAYS):
        raise ValueError(
            f"memory_limit: aligning layer '{source.labels[l]}' ({source.widths[l]} units) of '{source.name}' with "
            f"layer '{target.labels[m]}' ({target.widths[m]} units) of '{target.name}' on {source.n_stimuli} stimuli "
            f"needs about {shown(needed)}, and {shown(budget.limit)} may be taken; raise memory_limit, or take fewer "
            "units or stimuli"
        )
    return budget.less(needed)


def solve_batch(
    layers: Layers[_core.StandardizedLayer],
    batch: Batch[_core.StandardizedLayer],
    masses: tuple[UnitMasses, UnitMasses],
    budget: Budget,
    n_threads: int,
    report: Report,
) -> list[_core.Solution]:
    """Of every pair, row by row."""
    (source, n_stimuli), target = (layers[0].network.widths, layers[0].network.n_stimuli), layers[1].network.widths
    n, m = max(source[l] for l in batch.source_block), max(target[m] for m in batch.target_block)
    needed = [needed_by_transport(n_stimuli, source[l], target[m]) for l, m in batch.pairs]
    source_masses, target_masses = masses_of(masses, batch.source_block, batch.target_block)
    return _core.solve_pairs(
        batch.source_layers,
        batch.target_layers,
        budget.n_threads(n_threads, n * m, n + m),
        budget.costs,
        budget.costs_of_pair(0),
        report,
        None if source_masses is None else list(source_masses),
        None if target_masses is None else list(target_masses),
        [budget.costs_of_pair(each) for each in needed],
    )


def masses_of(masses: tuple[UnitMasses, UnitMasses], rows: range, columns: range) -> tuple[UnitMasses, UnitMasses]:
    """Those of some of the layers."""
    source, target = (
        None if each is None else tuple(each[l] for l in block)
        for each, block in zip(masses, (rows, columns), strict=True)
    )
    return source, target


def masses_identity(masses: tuple[UnitMasses, UnitMasses]) -> list[Any]:
    """The masses to the last bit, as JSON holds them."""
    return [None if each is None else [layer.tobytes().hex() for layer in each] for each in masses]


def transport_name(source: str, target: str) -> str:
    """How messages call the transport between two layers."""
    return f"the transport from layer '{source}' to layer '{target}'"


def _unit_plan(source: str, target: str, solution: _core.Solution) -> UnitPlan:
    return UnitPlan(**fields_of(solution, transport_name(source, target)), source=source, target=target)
