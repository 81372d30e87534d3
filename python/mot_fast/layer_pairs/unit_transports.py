"""The exact transports between the units of every pair of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mot_fast._core import Solution, StandardizedLayer, solve_pairs, solve_transport
from mot_fast._validate import F64, Array
from mot_fast.layer_pairs import packing
from mot_fast.layer_pairs.consistency import check_plans, check_proofs
from mot_fast.layer_pairs.packing import PackedPlans, in_rows
from mot_fast.layer_pairs.pairs import Batch, Layers, Part, Preparation, for_each_pair, grid
from mot_fast.layer_pairs.passed_layer import PassedLayer, costs_in_passes, needed_in_passes
from mot_fast.layer_pairs.spot_check import check_correlations
from mot_fast.networks.network import Network
from mot_fast.system import threads
from mot_fast.system.memory import ALWAYS, Budget, format_bytes, needed_by_transport
from mot_fast.transport.transport import UnitPlan

Report = Callable[[int], None] | None
UnitMasses = Sequence[F64] | None
"""Of each layer, what share of its mass each unit has; None where all have the same."""
Plans = Sequence[Sequence[UnitPlan]]


def _standardized_bytes(n_stimuli: int, n_units: int) -> int:
    return 4 * n_stimuli * n_units


UnitLayer = StandardizedLayer | PassedLayer
STANDARDIZED: Preparation[UnitLayer] = Preparation(StandardizedLayer, _standardized_bytes, "standardized")
PASSED: Preparation[UnitLayer] = Preparation(PassedLayer, PassedLayer.n_bytes, "passed", is_read_again=True)


def preparation(is_in_passes: bool) -> Preparation[UnitLayer]:
    """How layers are made ready: as unit vectors, or as what makes unit vectors of activations that are read again."""
    return PASSED if is_in_passes else STANDARDIZED


@dataclass(frozen=True, eq=False)
class UnitTransports:
    """Transports at cost 1 - correlation; the whole is their plans, `[source layer][target layer]`."""

    masses: tuple[UnitMasses, UnitMasses] = (None, None)
    is_in_passes: bool = False
    """Whether layers are not held, and read again for every pair."""

    @property
    def preparation(self) -> Preparation[UnitLayer]:
        """Unit vectors, in single precision, or what makes them."""
        return preparation(self.is_in_passes)

    def identity(self) -> dict[str, Any]:
        """The masses of units."""
        return {"work": "unit plans", "masses": masses_identity(self.masses)}

    def part(self, rows: range, columns: range) -> UnitTransports:
        """For some of the layers."""
        return replace(self, masses=masses_of(self.masses, rows, columns))

    def solve(self, layers: Layers[UnitLayer], budget: Budget, n_threads: int, report: Report) -> Plans:
        """Every plan, proven optimal."""
        source, target = (each.network for each in layers)

        def work(batch: Batch[UnitLayer], n_done: int) -> Plans:
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

    def within(
        self, networks: tuple[Network, Network], budget: Budget, wanted: int
    ) -> tuple[UnitTransports, Budget, int]:
        """On as many threads as are wanted, as what costs do not fit are computed anew.

        But where the largest two layers do not fit, standardized, all pairs are done in passes over the stimuli, on as
        many threads as there is room for.

        Raises
        ------
        ValueError
            If the largest pair of layers does not fit into the memory limit.
        """
        is_in_passes, budget, n_threads = transports_within(networks, budget, wanted, self.is_in_passes)
        return replace(self, is_in_passes=is_in_passes), budget, n_threads

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


def transports_within(
    networks: tuple[Network, Network], budget: Budget, wanted: int, is_in_passes: bool = False
) -> tuple[bool, Budget, int]:
    """Whether pairs are done in passes, the budget beside what the largest takes so in any case, and how many threads.

    They are if that is asked for, or if the largest pair does not fit otherwise.

    Raises
    ------
    ValueError
        If it fits in neither way.
    """
    source, target = networks
    l = max(range(len(source)), key=source.widths.__getitem__)
    m = max(range(len(target)), key=target.widths.__getitem__)
    held = needed_by_transport(source.n_stimuli, source.widths[l], target.widths[m])
    passed = needed_in_passes(source.widths[l], target.widths[m])
    room = max(budget.limit, ALWAYS)
    if min(held, passed) > room:
        raise ValueError(
            f"memory_limit: aligning layer '{source.labels[l]}' ({source.widths[l]} units) of '{source.name}' with "
            f"layer '{target.labels[m]}' ({target.widths[m]} units) of '{target.name}' on {source.n_stimuli} stimuli "
            f"needs about {format_bytes(min(held, passed))}, and {format_bytes(budget.limit)} may be taken; "
            "raise memory_limit, or take fewer units or stimuli"
        )
    if held <= room and not is_in_passes:
        return False, budget.less(held), wanted
    return True, budget.less(passed), max(1, min(wanted, room // passed))


def solve_batch(
    layers: Layers[UnitLayer],
    batch: Batch[UnitLayer],
    masses: tuple[UnitMasses, UnitMasses],
    budget: Budget,
    n_threads: int,
    report: Report,
) -> list[Solution]:
    """Of every pair, row by row."""
    source_masses, target_masses = masses_of(masses, batch.source_block, batch.target_block)
    source_layers, target_layers = (
        [layer for layer in some if not isinstance(layer, PassedLayer)]
        for some in (batch.source_layers, batch.target_layers)
    )
    if not source_layers:
        return _solve_in_passes(layers, batch, (source_masses, target_masses), n_threads, report)
    (source, n_stimuli), target = (layers[0].network.widths, layers[0].network.n_stimuli), layers[1].network.widths
    n, m = max(source[l] for l in batch.source_block), max(target[m] for m in batch.target_block)
    needed = [needed_by_transport(n_stimuli, source[l], target[m]) for l, m in batch.pairs]
    return solve_pairs(
        source_layers,
        target_layers,
        budget.n_threads(n_threads, n * m, n + m),
        budget.costs,
        budget.costs_of_pair(0),
        report,
        None if source_masses is None else list(source_masses),
        None if target_masses is None else list(target_masses),
        [budget.costs_of_pair(each) for each in needed],
    )


def _solve_in_passes(
    layers: Layers[UnitLayer],
    batch: Batch[UnitLayer],
    masses: tuple[UnitMasses, UnitMasses],
    n_threads: int,
    report: Report,
) -> list[Solution]:
    """The same, each pair on its whole matrix of costs; `masses` are those of the batch."""
    prepared = batch.source_layers, batch.target_layers
    blocks = batch.source_block, batch.target_block

    def solve(positions: tuple[int, int], check: Callable[[], None]) -> Solution:
        pair = [some[k] for some, k in zip(prepared, positions, strict=True)]
        source, target = (layer for layer in pair if isinstance(layer, PassedLayer))
        activations = [of.network.read(block[k]) for of, block, k in zip(layers, blocks, positions, strict=True)]
        costs, largest = costs_in_passes((source, target), (activations[0], activations[1]), check)
        del activations
        a, b = (
            np.full(n, 1.0 / n) if given is None else given[k]
            for n, given, k in zip(costs.shape, masses, positions, strict=True)
        )
        return solve_transport(costs, a, b, largest)

    pairs = [(l, m) for l in range(len(blocks[0])) for m in range(len(blocks[1]))]
    return threads.run([partial(solve, pair) for pair in pairs], n_threads, report)


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


def _unit_plan(source: str, target: str, solution: Solution) -> UnitPlan:
    return UnitPlan.from_solution(solution, transport_name(source, target), source=source, target=target)
