"""Held-out scores and costs when only a share of the units' mass is matched, and how much matches by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast._warnings import named_once
from mot_fast.alignment.align import align
from mot_fast.alignment.options import WholeUnitsOptions
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.autocorrelation import warn_of_autocorrelation, warn_of_shuffled_record
from mot_fast.analysis.comparison import sd_of
from mot_fast.analysis.shuffles import Shuffle, of_unknown_stimuli
from mot_fast.analysis.splits import GivenSplits, Groups, Splits
from mot_fast.display import escaping
from mot_fast.display.tables import markdown_table, with_sd
from mot_fast.measures.standardize import unit_deviations
from mot_fast.networks.load import Source, named, warn_of_rows
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.system.brief_repr import brief_text
from mot_fast.system.control_characters import printable
from mot_fast.system.progress import progress_bar
from mot_fast.transport.partial import curvature

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNIT_MASSES = tuple(np.linspace(0.1, 1.0, 10).round(1).tolist())


@dataclass(frozen=True, eq=False, repr=False)
class PartialCurve:
    """Alignments that match ever more of the units' mass, up to all of it; made by `partial_curve`.

    Costs are of each unit of mass that is matched, so that those of different masses can be compared.
    """

    unit_masses: F64
    """`(F,)`: shares of the units' mass that are matched in every pair of layers, increasing."""
    scores: F64
    """`(F, n_splits)`: held-out scores of the units that are matched."""
    costs: F64
    """`(F, n_splits)`: alignment costs on the training stimuli."""
    held_out_costs: F64
    """`(F, n_splits)`: costs of the same plans on the held-out stimuli."""
    chance_costs: F64 | None
    """`(F, n_shuffles)`: alignment costs after the target's stimuli are shuffled; None where they were not."""
    source_name: str
    target_name: str
    split_description: str = "random splits"
    """What the splits are, as the table's note says it."""
    shuffle: str = "stimuli"
    """What was shuffled: "stimuli", "circular" (the record was shifted), "blocks", or "groups"."""

    def knee(self) -> float:
        """The mass at which the curve of held-out cost against mass left behind bends most.

        The published choice (Kapoor et al. 2026, arXiv 2602.19331): the largest curvature, by differences between
        neighbouring masses, of the total cost on held-out stimuli, averaged over splits. Masses should be evenly
        spaced, and many; a curve without a bend has a knee all the same.

        Raises
        ------
        ValueError
            If there are fewer than three masses.
        """
        if len(self.unit_masses) < 3:
            raise ValueError(f"unit_masses: expected at least three for a knee, found {len(self.unit_masses)}")
        total = self.unit_masses * self.held_out_costs.mean(axis=1)
        return float(self.unit_masses[np.argmax(curvature(total, 1.0 - self.unit_masses))])

    def matched_by_chance(self) -> F64:
        """Share of the mass, `(F,)`, that networks of shuffled stimuli match at the price of each mass.

        The price of a mass is the slope of total cost there. A curve whose networks have nothing in common matches as
        much when shuffled; where the shuffled ones match next to nothing, hardly any match is an accident.

        Raises
        ------
        ValueError
            If no stimuli were shuffled.
        """
        if self.chance_costs is None:
            raise ValueError("chance_costs: expected costs of shuffled stimuli, found none; see n_shuffles")
        masses = np.concatenate([[0.0], self.unit_masses])
        total = np.concatenate([[0.0], self.unit_masses * self.costs.mean(axis=1)])
        prices = np.diff(total) / np.diff(masses)
        by_chance = np.vstack([np.zeros(self.chance_costs.shape[1]), self.unit_masses[:, None] * self.chance_costs])
        saved = prices[:, None, None] * masses[None, :, None] - by_chance[None]
        return np.asarray(masses[saved.argmax(axis=1)].mean(axis=1))

    def cells(self) -> list[list[str]]:
        """Cells of a table with one row for each mass, below its head."""
        chance = None if self.chance_costs is None else self.matched_by_chance()
        heads = ["units matched", "held-out score", "cost", "held-out cost"]
        cells = [heads if chance is None else [*heads, "matched by chance"]]
        for k, mass in enumerate(self.unit_masses):
            figures = [with_sd(float(values[k].mean()), sd_of(values[k])) for values in self._figures]
            cells.append([f"{mass:.4g}", *figures, *([] if chance is None else [f"{chance[k]:.3f}"])])
        return cells

    def notes(self) -> list[str]:
        """Notes on the table."""
        notes = [f"over {self.split_description}: {self.scores.shape[1]}; +-: sd over them; of what is matched"]
        if self.chance_costs is not None:
            n = self.chance_costs.shape[1]
            is_shifted = self.shuffle == "circular"
            what = "the record is shifted in a circle" if is_shifted else f"the {self.shuffle} are shuffled"
            notes.append(f"matched by chance: at the same price, after {what} ({n} times)")
        return notes

    def to_markdown(self) -> str:
        """A Markdown table with one row for each mass."""
        title = f"{self.source_name} from {self.target_name}, units without a counterpart left behind"
        notes = [f"- {note}" for note in self.notes()]
        return "\n".join([escaping.markdown(title), "", *markdown_table(self.cells(), n_left=1), "", *notes])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw scores, costs and the knee, and return the axes. Needs matplotlib.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.display.curves import plot_partial_curve

        return plot_partial_curve(self, ax)

    @property
    def _figures(self) -> tuple[F64, F64, F64]:
        return self.scores, self.costs, self.held_out_costs

    def __repr__(self) -> str:
        names = printable(f"'{self.source_name}' from '{self.target_name}'")
        masses = f"{len(self.unit_masses)} masses from {self.unit_masses[0]:.4g} to {self.unit_masses[-1]:.4g}"
        first, last = self.scores[[0, -1]].mean(axis=1)
        return brief_text(self, [names, masses, f"scores {first:.3f} to {last:.3f}", f"{self.scores.shape[1]} splits"])

    def __str__(self) -> str:
        return self.to_markdown()


def partial_curve(
    source: Source,
    target: Source,
    unit_masses: Sequence[float] = UNIT_MASSES,
    *,
    n_shuffles: int = 0,
    shuffle: str = "stimuli",
    block_length: int | None = None,
    splits: GivenSplits = 5,
    groups: Groups | None = None,
    test_size: float = 0.2,
    seed: int = 0,
    progress: bool = False,
    **options: Unpack[WholeUnitsOptions],
) -> PartialCurve:
    """Align again and again with ever more of the units' mass matched, and score what is matched on held-out stimuli.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order; they are read into memory.
    unit_masses : sequence of float
        Shares of the mass, above 0 and up to 1, which is the balanced alignment.
    n_shuffles : int
        Number of times that the target's stimuli are shuffled, to see how much matches by chance. This is on all
        stimuli, and the prices are of the training stimuli, which are fewer, so that a little too little matches.
    shuffle : {"stimuli", "circular", "blocks"}
        How they are shuffled, as in `mot_fast.hierarchy_null`: "circular" or "blocks" for time series.
    block_length : int, optional
        Number of stimuli in a block, for "blocks" only.
    splits, groups, test_size, seed
        How stimuli are split into training and held-out ones, as in `mot_fast.compare`; by default by five random
        splits. Groups are shuffled whole.
    progress : bool
        Show a progress bar over the alignments.
    **options
        Any other argument of `mot_fast.align` but `unit_mass` and `unit_cost`.

    Returns
    -------
    PartialCurve

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the values above, or as `mot_fast.align`.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    AutocorrelatedStimuliWarning, ConstantUnitsWarning
        As `mot_fast.subsample_curve`.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = mot.data.resnets()
    >>> curve = mot.partial_curve(source[:300], target[:300], (0.5, 1.0), splits=2)
    >>> half, everything = curve.scores.mean(axis=1)
    >>> bool(half > everything)
    True
    """
    for name in ("unit_mass", "unit_cost"):
        if name in options:
            raise TypeError(f"{name}: expected unit_masses instead, found {name}")
    masses = _validated_masses(unit_masses)
    n_shuffles = _validate.whole_number(n_shuffles, "n_shuffles", 0, _validate.MOST_REPEATS)
    source, target = named(source, "source"), named(target, "target")
    same_stimuli([source, target])
    chosen = Splits.validated(splits, source.n_stimuli, groups=groups, test_size=test_size, seed=seed)
    how = Shuffle.of(shuffle, block_length, groups, source.n_stimuli)
    warn_of_rows((source, target))
    if n_shuffles and how.name == "stimuli":
        warn_of_shuffled_record(source, target)
    source, target = source.in_memory(), target.in_memory()
    warn_of_autocorrelation((source, target), chosen)
    shape = len(masses), len(chosen.rows)
    scores, costs, held_out = np.empty(shape), np.empty(shape), np.empty(shape)
    orders = how.orders(np.arange(source.n_stimuli), n_shuffles, np.random.default_rng(seed)) if n_shuffles else []
    by_chance = np.empty((len(masses), len(orders)))
    n_alignments = len(masses) * (len(chosen.rows) + len(orders))
    with named_once(), progress_bar("alignments", is_shown=progress, total=n_alignments) as bar:
        for f, mass in enumerate(masses):
            for k, (train, test) in enumerate(chosen.rows):
                alignment = align(source[train], target[train], unit_mass=float(mass), **options)
                scores[f, k] = alignment.score(source[test], target[test]).value
                costs[f, k] = alignment.cost
                held_out[f, k] = held_out_cost(alignment, source[test], target[test])
                bar.update()
            unknown = of_unknown_stimuli(target)
            for k, order in enumerate(orders):
                by_chance[f, k] = align(source, unknown[order], unit_mass=float(mass), **options).cost
                bar.update()
    names = source.name, target.name
    return PartialCurve(
        masses, scores, costs, held_out, by_chance if orders else None, *names, chosen.description, how.name
    )


def held_out_cost(alignment: Alignment, source: Network, target: Network) -> float:
    """What the plans of an alignment cost on held-out stimuli, 1 - correlation, for each unit of mass they carry."""
    total = carried = 0.0
    deviations: list[dict[int, F64]] = [{}, {}]
    for l, m in np.argwhere(alignment.layer_plan).tolist():
        plan = alignment.unit_plans[l][m]
        for network, k, seen in zip((source, target), (l, m), deviations, strict=True):
            if k not in seen:
                seen[k] = unit_deviations(network.layer(k).astype(np.float64)).values
        x, y = deviations[0][l][:, plan.rows], deviations[1][m][:, plan.columns]
        weights = alignment.layer_plan[l, m] * plan.mass
        total += float(weights @ (1.0 - np.einsum("te,te->e", x, y)))
        carried += float(weights.sum())
    return total / carried if carried else float("nan")


def _validated_masses(values: Sequence[float]) -> F64:
    """Masses as an array, each above 0 and at most 1, increasing."""
    masses = _validate.array(values, "unit_masses")
    if masses.ndim != 1 or not len(masses):
        raise ValueError(f"unit_masses: expected a sequence of at least one number, found shape {masses.shape}")
    masses = masses.astype(np.float64)
    for mass in masses:
        if not 0 < mass <= 1:
            raise ValueError(f"unit_masses: expected shares above 0, up to 1, found {mass}")
    if (np.diff(masses) <= 0).any():
        raise ValueError(f"unit_masses: expected increasing shares, found {masses.tolist()}")
    return masses
