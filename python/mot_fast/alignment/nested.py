"""The result of aligning networks at three levels or more, and the questions that it answers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment import nested_file
from mot_fast.alignment.align import align
from mot_fast.alignment.mot_archive import OtherKind
from mot_fast.alignment.options import Options
from mot_fast.alignment.problem import alignment_problem
from mot_fast.alignment.record import ALL_MASS, Goals
from mot_fast.alignment.result import Alignment
from mot_fast.display import notebook, tables
from mot_fast.layer_pairs.goal import Goal
from mot_fast.layer_pairs.resources import Resources
from mot_fast.measures.coupling import coupling
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.networks.nesting import NetworkGroup
from mot_fast.networks.network import Network
from mot_fast.system.control_characters import printable
from mot_fast.transport.solve import solve_transport
from mot_fast.transport.transport import Certificate, Transport, UnitPlan

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes

    from mot_fast.display.axes import GivenAxes


@dataclass(frozen=True, eq=False, repr=False)
class NestedAlignment:
    """Two systems aligned at one level, and at all levels below it.

    Made by `mot_fast.align_trajectories`, where the parts of a system are its checkpoints, and by
    `mot_fast.align_nested`. The systems have n and m parts.
    """

    source: NetworkGroup | Network
    target: NetworkGroup | Network
    costs: F64
    """Costs of the pairs of parts, `(n, m)`: the least cost of aligning one with the other, one level below."""
    plan: F64
    """Plan between the parts, `(n, m)`: rows sum to 1 / n, columns to 1 / m."""
    cost: float
    """Alignment cost of the two systems: ``sum(costs * plan)``."""
    certificate: Certificate
    """Proof of optimality: the worst of every figure over all transports up to this level."""
    layer_costs: F64
    """Costs between all layers of both systems, the layers of all parts end to end."""
    goals: Goals = ALL_MASS
    """How much mass is carried between units and between layers; all of it at the levels above."""

    @classmethod
    def of(
        cls,
        source: NetworkGroup | Network,
        target: NetworkGroup | Network,
        layer_costs: F64,
        certificate: Certificate,
        goals: Goals = ALL_MASS,
    ) -> NestedAlignment:
        """Solve this level, given the costs of all pairs of layers and the worst figures of their certificates."""
        costs, below = _costs(source, target, layer_costs, goals.layers)
        transport, cost = _transport(source, costs, goals.layers)
        worst = Certificate.worst([certificate, *below, transport.certificate])
        return cls(source, target, costs, transport.toarray(), cost, worst, layer_costs, goals)

    @property
    def n_levels(self) -> int:
        """Number of levels of transport, including the level of units: 3 for checkpoints."""
        return 2 + (self.source.depth if isinstance(self.source, NetworkGroup) else 0)

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli that the systems were aligned on."""
        network = next(self.source.networks()) if isinstance(self.source, NetworkGroup) else self.source
        return network.n_stimuli

    @property
    def n_transports(self) -> int:
        """Number of transports that were solved, at all levels."""
        levels = zip(_sizes(self.source), _sizes(self.target), strict=True)
        return 1 + sum(n * m for n, m in levels)

    def between(self, source_part: int | str, target_part: int | str) -> NestedAlignment | UnitPlan:
        """The alignment of two parts one level below, given by position or label; for two layers, their units' plan.

        Levels above the units take next to no time; a transport between units is solved anew.

        Raises
        ------
        IndexError, KeyError, ValueError
            If there is no such part; for two layers, if activations were changed in the meantime, or the alignment is
            out of a file, which holds none.
        """
        i, j = self._positions(source_part, target_part)
        if isinstance(self.source, Network) or isinstance(self.target, Network):
            assert isinstance(self.source, Network)
            assert isinstance(self.target, Network)
            layers, goals = (self.source.select([i]), self.target.select([j])), Goals(units=self.goals.units)
            problem = alignment_problem(layers, False, "standardized", goals=goals)
            pair = problem.solve(Resources.of(1, None, None, None, None), has_progress=False)
            if abs(pair.layer_costs[0, 0] - self.layer_costs[i, j]) > 1e-9:
                raise ValueError("between: expected the activations that were aligned, found others")
            return pair.unit_plan(0, 0)
        rows, columns = (_spans(tree)[k] for tree, k in ((self.source, i), (self.target, j)))
        return NestedAlignment.of(
            self.source.children[i],
            self.target.children[j],
            self.layer_costs[rows, columns],
            self.certificate,
            self.goals,
        )

    def alignment(self, source_part: int | str, target_part: int | str, **options: Unpack[Options]) -> Alignment:
        """The alignment of two networks that are parts, made anew with all unit plans; options are those of `align`.

        Raises
        ------
        IndexError, KeyError, ValueError
            If there is no such part, or parts are not networks; if the alignment is out of a file, which holds no
            activations.
        """
        i, j = self._positions(source_part, target_part)
        parts = [
            tree.children[k] if isinstance(tree, NetworkGroup) else None
            for tree, k in ((self.source, i), (self.target, j))
        ]
        source, target = parts
        if not isinstance(source, Network) or not isinstance(target, Network):
            raise ValueError(f"alignment: expected parts that are networks, found other ones in {self!r}; see between")
        return align(source, target, **options)

    def coupling(self, name: str = "mot", *, seed: int = 0) -> F64:
        """Weights `(n, m)` of the plan or of a baseline, each row summing to 1 / n; see `Alignment.coupling`.

        Raises
        ------
        ValueError
            If there is no such coupling.
        """
        return coupling(name, self.plan, self.costs, seed)

    def hierarchy(self, name: str = "mot", *, seed: int = 0) -> float:
        """Hierarchy score of a coupling: 1 when only parts at the same relative position are coupled.

        Raises
        ------
        ValueError
            If there is no such coupling, or a side has only one part.
        """
        return hierarchy(self.coupling(name, seed=seed))

    def to_pandas(self) -> pandas.DataFrame:
        """The plan as a table, one row for each pair of parts; see `Alignment.to_pandas`. Needs pandas.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return tables.pairs("part", (self.source.labels, self.target.labels), self.plan, self.costs)

    def to_xarray(self) -> xarray.Dataset:
        """`plan` and `costs` over `source_part` and `target_part`, with the cost and both names. Needs xarray.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        return tables.dataset(
            {"source_part": self.source.labels, "target_part": self.target.labels},
            {"plan": self.plan, "costs": self.costs},
            {"cost": self.cost, "source": self.source.name, "target": self.target.name},
        )

    def plot(self, axes: GivenAxes = None) -> list[Axes]:
        """Draw the plan and the pairwise-best map side by side, as Figure 5 of the paper; see `plot_nested`."""
        from mot_fast.display.layer_plans import plot_nested

        return plot_nested(self, axes)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the alignment to a `.mot` file, completely or not at all.

        The file holds the costs of layers, and no activations: the alignments of parts follow from it, one level after
        another, down to the plans of layers. Those of units do not.

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            If there are more than 16 levels.

        Examples
        --------
        >>> import tempfile, mot_fast as mot
        >>> runs = mot.align_trajectories(*mot.data.training_runs())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     runs.save(f"{folder}/runs.mot")
        ...     again = mot.NestedAlignment.load(f"{folder}/runs.mot")
        >>> again
        NestedAlignment('source', 12 parts, to 'target', 12 parts, 3 levels, cost 0.6010)
        >>> bool((again.between("step1000", "step0512").plan == runs.between("step1000", "step0512").plan).all())
        True
        """
        nested_file.save(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> NestedAlignment:
        """Read a nested alignment from a `.mot` file; reading cannot execute code.

        The levels above the units are solved again, to check the file. Networks know their layers and widths, but no
        activations.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is not a complete `.mot` file of a nested alignment, or of a newer format.
        """
        return nested_file.load(path, NestedAlignment)

    def _positions(self, source_part: int | str, target_part: int | str) -> tuple[int, int]:
        return (
            _validate.position(source_part, self.source.labels, "source_part"),
            _validate.position(target_part, self.target.labels, "target_part"),
        )

    def _repr_html_(self) -> str:
        sides = [f"{side.name} ({len(side)} parts)" for side in (self.source, self.target)]
        return notebook.block(
            f"NestedAlignment of {sides[0]} with {sides[1]}",
            [
                f"cost {self.cost:.4f}, {self.n_levels} levels",
                notebook.proof(self.certificate),
                "what percentage of each source part (row) goes to which target part (column):",
            ],
            notebook.heat_map(
                self.plan * len(self.plan), self.source.labels, self.target.labels, form=notebook.percent
            ),
        )

    def __repr__(self) -> str:
        return (
            f"NestedAlignment('{printable(self.source.name)}', {len(self.source)} parts, "
            f"to '{printable(self.target.name)}', "
            f"{len(self.target)} parts, {self.n_levels} levels, cost {self.cost:.4f})"
        )


def _costs(
    source: NetworkGroup | Network, target: NetworkGroup | Network, layer_costs: F64, goal: Goal
) -> tuple[F64, list[Certificate]]:
    """Costs between parts, and the certificates of their transports; costs between layers are those given."""
    if isinstance(source, Network) or isinstance(target, Network):
        return layer_costs, []
    costs = np.empty((len(source), len(target)))
    certificates = []
    columns = _spans(target)
    for i, rows in enumerate(_spans(source)):
        for j, span in enumerate(columns):
            transport, costs[i, j], below = _solve(
                source.children[i], target.children[j], layer_costs[rows, span], goal
            )
            certificates.append(Certificate.worst([transport.certificate, *below]))
    return costs, certificates


def _solve(
    source: NetworkGroup | Network, target: NetworkGroup | Network, layer_costs: F64, goal: Goal
) -> tuple[Transport, float, list[Certificate]]:
    """The transport between two parts' parts, its cost, and the certificates of all levels below it."""
    costs, below = _costs(source, target, layer_costs, goal)
    return *_transport(source, costs, goal), below


def _transport(source: NetworkGroup | Network, costs: F64, goal: Goal) -> tuple[Transport, float]:
    """The transport between the parts of two systems, and what it costs; layers may be left behind."""
    if isinstance(source, NetworkGroup) or goal.is_all:
        transport = solve_transport(costs)
        return transport, transport.cost
    partial = solve_transport(costs, mass=goal.mass, unmatched_cost=goal.price)
    return partial, float(goal.cost(np.array(partial.cost), partial.mass.sum()))


def _sizes(tree: NetworkGroup | Network) -> list[int]:
    """Number of layers in a system, of the networks that hold them, and so on up to its parts."""
    parts: list[NetworkGroup | Network] = [tree]
    sizes = [len(tree)]
    while isinstance(parts[0], NetworkGroup):
        parts = [child for part in parts if isinstance(part, NetworkGroup) for child in part.children]
        sizes.insert(0, sum(map(len, parts)))
    return sizes


def _spans(tree: NetworkGroup) -> list[slice]:
    """Positions of the layers of each part among the layers of all parts."""
    spans, start = [], 0
    for child in tree.children:
        stop = start + child.n_layers
        spans.append(slice(start, stop))
        start = stop
    return spans


def load_either(path: str | os.PathLike[str]) -> Alignment | NestedAlignment:
    """Read a `.mot` file of either kind; see `Alignment.load` and `NestedAlignment.load`."""
    try:
        return Alignment.load(path)
    except OtherKind:
        return NestedAlignment.load(path)
