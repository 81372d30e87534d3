"""`Stability`: the plans of many resamples of the stimuli, their mean, and how often they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Index
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.stability.unit_matches import TIE, UnitMatches
from mot_fast.display import escaping, notebook
from mot_fast.display.tables import markdown_table
from mot_fast.system import optional
from mot_fast.system.control_characters import printable
from mot_fast.transport.transport import MARGINAL_ERROR

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

_KINDS = {"bootstrap": "bootstrap resamples", "halves": "random halves", "given": "given sets of stimuli"}
_USED = "used: % of the resamples in which the pair carries mass; main: in which no other carries more of its layer's"
_UNIT_NOTES = (
    "matched: units with a q-value up to 0.05; confidence: in what share of the resamples the main partner is the same",
    "in common: share of the mass that two unit plans have in common; decoys': after the target's stimuli are shuffled",
)
"""Notes on the columns of the tables."""


@dataclass(frozen=True, eq=False, repr=False)
class Stability:
    """Alignments on many resamples of the stimuli, and how far they agree; made by `mot_fast.stability`.

    n is the number of resamples. A layer's main partner in a resample is the layer with which it shares most mass;
    several are where masses tie, as they do where one network has twice as many layers as the other.
    """

    alignment: Alignment
    """The alignment on all stimuli, whose stability this is."""
    layer_plans: F64
    """`(n, L, M)`: layer plan of every resample."""
    unit_matches: Mapping[tuple[int, int], UnitMatches]
    """Matches of units, by the positions of source and target layer; none with rotations."""
    mass_in_common: float
    """Share of the mass that the layer plans of two resamples have in common, the mean over pairs of resamples; of
    halves, over the pairs that share no stimulus. 1 if all plans are the same."""
    mass_in_common_by_chance: float
    """The same for layer plans that have nothing to do with each other: optimal ones at random costs."""
    kind: str
    """"bootstrap", "halves" or "given"."""
    drawn: str
    """What was drawn, in words: stimuli, groups or blocks."""

    @property
    def n_resamples(self) -> int:
        """Number of resamples."""
        return len(self.layer_plans)

    @cached_property
    def consensus_plan(self) -> F64:
        """`(L, M)`: mean of the layer plans, itself a plan between the same masses."""
        return np.asarray(self.layer_plans.mean(axis=0))

    @cached_property
    def sd(self) -> F64:
        """`(L, M)`: standard deviation of the layer plans over the resamples."""
        return np.asarray(self.layer_plans.std(axis=0, ddof=1))

    @cached_property
    def confidence(self) -> F64:
        """`(L, M)`: share of the resamples in which this pair of layers carries mass."""
        return np.asarray((self.layer_plans > MARGINAL_ERROR).mean(axis=0))

    @cached_property
    def source_partner(self) -> F64:
        """`(L, M)`: share of the resamples in which the target layer is the source layer's main partner."""
        return self._is_main(axis=2)

    @cached_property
    def target_partner(self) -> F64:
        """`(L, M)`: share of the resamples in which the source layer is the target layer's main partner."""
        return self._is_main(axis=1)

    def _is_main(self, axis: int) -> F64:
        largest = self.layer_plans.max(axis=axis, keepdims=True)
        return np.asarray((self.layer_plans >= largest * (1 - TIE)).mean(axis=0))

    def units(self, source_layer: int | str, target_layer: int | str) -> UnitMatches:
        """The matches between the units of two layers, which are given by position or label.

        Raises
        ------
        IndexError, KeyError
            If there is no such layer; if this pair's units were not followed, see `pairs` of `mot_fast.stability`.
        """
        l = _validate.position(source_layer, self.alignment.source.labels, "source_layer")
        m = _validate.position(target_layer, self.alignment.target.labels, "target_layer")
        if (l, m) not in self.unit_matches:
            known = ", ".join(map(str, self.unit_matches)) or "none, as units were rotated or no pairs asked for"
            raise KeyError(f"source_layer, target_layer: expected one of the pairs followed, {known}, found {(l, m)}")
        return self.unit_matches[l, m]

    def to_pandas(self, what: str = "layers") -> pandas.DataFrame:
        """A table of the pairs of layers, or of the source units in the pairs that were followed. Needs pandas.

        Parameters
        ----------
        what : {"layers", "units"}

        Returns
        -------
        pandas.DataFrame
            Columns `source_layer` and `target_layer`, categories in the order of depth. For layers also `mass` and
            `sd`, mean and standard deviation over the resamples, `confidence`, `source_partner` and `target_partner`.
            For units, those of `UnitMatches.to_pandas`.

        Raises
        ------
        ValueError
            If `what` is neither of them; if it is "units", and none were followed.
        ImportError
            If pandas is not installed.
        """
        if _validate.choice(what, ("layers", "units"), "what") == "layers":
            places = np.indices(self.consensus_plan.shape).reshape(2, -1)
            names = ("sd", "confidence", "source_partner", "target_partner")
            columns = {"mass": self.consensus_plan.ravel()} | {name: getattr(self, name).ravel() for name in names}
            return optional.pandas().DataFrame(self._label_columns(*places) | columns)
        if not self.unit_matches:
            raise ValueError("what: expected 'layers', as no units were followed, found 'units'")
        followed = [(pair, matches.to_pandas()) for pair, matches in self.unit_matches.items()]
        places = np.repeat([pair for pair, _ in followed], [len(frame) for _, frame in followed], axis=0).T
        frame = optional.pandas().concat([frame for _, frame in followed], ignore_index=True)
        for k, (name, labels) in enumerate(self._label_columns(*places).items()):
            frame.insert(k, name, labels)
        return frame

    def _label_columns(self, sources: Index, targets: Index) -> dict[str, Any]:
        """Columns of labels, of the layers at these positions."""
        sides = (("source_layer", sources, self.alignment.source), ("target_layer", targets, self.alignment.target))
        make = optional.pandas().Categorical.from_codes
        return {name: make(codes, categories=list(side.labels), ordered=True) for name, codes, side in sides}

    def to_markdown(self) -> str:
        """Markdown tables of the pairs of layers that most resamples use, and of those whose units were followed."""
        lines = [escaping.markdown(self._title()), "", *markdown_table(self._layer_cells(), n_left=2)]
        if self.unit_matches:
            lines += ["", *markdown_table(self._unit_cells(), n_left=2)]
        return "\n".join([*lines, "", *(f"- {note}" for note in self._notes())])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the consensus plan, fainter where it is less certain, and return the axes. Needs matplotlib.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.display.stability_plots import plot_stability

        return plot_stability(self, ax)

    def _title(self) -> str:
        return f"Stability of {printable(self.alignment.source.name)} to {printable(self.alignment.target.name)}"

    @property
    def description(self) -> str:
        """What the resamples are, in words."""
        text = f"{self.n_resamples:,} {_KINDS[self.kind]}"
        return text if self.drawn == "stimuli" or self.kind == "given" else f"{text}, drawn by {self.drawn}"

    def _layer_cells(self) -> list[list[str]]:
        """Rows of the table of pairs of layers, those that carry mass in half of the resamples or more."""
        cells = [["source layer", "target layer", "% of source", "sd", "% used", "% source's main", "% target's main"]]
        masses = self.alignment.source.layer_masses
        for l, m in np.argwhere(self.confidence >= 0.5):
            shares = self.consensus_plan[l, m] / masses[l], self.sd[l, m] / masses[l]
            often = self.confidence[l, m], self.source_partner[l, m], self.target_partner[l, m]
            labels = self.alignment.source.labels[l], self.alignment.target.labels[m]
            cells.append([*labels, *(f"{100 * value:.0f}" for value in (*shares, *often))])
        return cells

    def _unit_cells(self) -> list[list[str]]:
        """Rows of the table of pairs whose units were followed."""
        cells = [["source layer", "target layer", "units", "matched", "median confidence", "in common", "decoys'"]]
        for matches in self.unit_matches.values():
            has_decoys = matches.decoy_confidence.size > 0
            figures = [
                f"{len(matches.partners):,}",
                f"{len(matches.discoveries()):,}" if has_decoys else "",
                f"{np.median(matches.confidence):.2f}",
                f"{matches.mass_in_common:.2f}",
                f"{matches.decoy_mass_in_common:.2f}" if has_decoys else "",
            ]
            cells.append([matches.source, matches.target, *figures])
        return cells

    def _notes(self) -> list[str]:
        common = f"{self.mass_in_common:.2f}; plans at random costs: {self.mass_in_common_by_chance:.2f}"
        notes = [self.description, f"share of the mass that two layer plans have in common: {common}", _USED]
        left_out = (self.confidence > 0) & (self.confidence < 0.5)
        if left_out.any():
            mass = f"{self.consensus_plan[left_out].sum():.0%} of the mass on average"
            notes.append(f"pairs used in fewer than half of the resamples: {left_out.sum():,}, which carry {mass}")
        return notes + list(_UNIT_NOTES) * bool(self.unit_matches)

    def _repr_html_(self) -> str:
        names = self.alignment.source.labels, self.alignment.target.labels
        shares = self.consensus_plan / self.alignment.source.layer_masses[:, None]
        parts = [notebook.heat_map(shares, *names, form=notebook.percent)]
        if self.unit_matches:
            parts.append(notebook.table(self._unit_cells(), n_left=2, best=()))
        lines = ["mean of the layer plans, what percentage of each source layer (row) goes to which target layer:"]
        return notebook.block(self._title(), lines, *parts, notebook.notes(self._notes()))

    def __repr__(self) -> str:
        names = printable(f"'{self.alignment.source.name}' to '{self.alignment.target.name}'")
        common = f"{self.mass_in_common:.2f} of the mass in common ({self.mass_in_common_by_chance:.2f} by chance)"
        return f"Stability({names}, {self.description}, {common})"

    def __str__(self) -> str:
        return self.to_markdown()
