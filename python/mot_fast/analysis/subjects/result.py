"""The result of comparing methods over many subjects: its tables and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.analysis.comparison import sd_of
from mot_fast.analysis.subjects.random_effects import (
    MOST_EXACT,
    PairedTest,
    PopulationMean,
    RandomEffects,
    SubjectValues,
)
from mot_fast.analysis.subjects.scores import GROUP, GroupBounds, SubjectResult
from mot_fast.display import escaping, notebook, tables
from mot_fast.display.tables import markdown_table, with_sd
from mot_fast.system import optional
from mot_fast.system.brief_repr import brief_text
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class SubjectComparison:
    """Held-out scores of many subjects by several couplings of layers; made by `mot_fast.compare_subjects`."""

    results: Mapping[str, SubjectResult]
    """Figures of each method on every subject, by its name."""
    subjects: tuple[str, ...]
    """Names of the subjects."""
    tests: tuple[PairedTest, ...]
    """Tests of "mot" against every other coupling of a subject's own, and of "mot+r" against those with rotations."""
    plans: Mapping[str, GroupBounds]
    """By "mot" and "mot+r": share of mass that each subject's layer plan has in common with those of the group; empty
    where the subjects' layers are not alike."""
    ceiling: GroupBounds | None
    """Group ceiling of the scores: those of each subject's units from their own means over the group; None unless units
    are common."""
    source_labels: tuple[str, ...] | None
    """Labels of the subjects' layers; None where they are not alike."""
    target_name: str | None
    """Name of the network that predicts every subject; None where the other subjects predict each."""
    target_labels: tuple[str, ...]
    effects: RandomEffects
    """How subjects and held-out stimuli count as samples."""
    n_splits: int
    split_description: str
    """What the splits are, in the plural, as "random splits"."""
    has_common_units: bool
    convention: str

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods."""
        return tuple(self.results)

    @property
    def scores(self) -> Mapping[str, F64]:
        """`(n_subjects,)` for each method: held-out scores, means over the splits."""
        return {name: result.scores.mean(axis=1) for name, result in self.results.items()}

    @property
    def hierarchies(self) -> Mapping[str, F64]:
        """`(n_subjects,)` for each method: hierarchy scores of the layer weights, means over the splits."""
        return {name: result.hierarchies.mean(axis=1) for name, result in self.results.items()}

    def score(self, name: str) -> PopulationMean:
        """Mean score of a method over the subjects, with its error bars.

        Raises
        ------
        ValueError
            If there is no such method.
        """
        return self.effects.mean(self._result(name).values)

    def hierarchy(self, name: str) -> PopulationMean:
        """Mean hierarchy score of a method over the subjects, with its error bars over subjects.

        Raises
        ------
        ValueError
            If there is no such method.
        """
        return self.effects.mean(SubjectValues(self._result(name).hierarchies.mean(axis=1)))

    def difference(self, name: str, than: str) -> PairedTest:
        """The paired test of any two methods; its p-value is not adjusted for others.

        Raises
        ------
        ValueError
            If there is no such method.
        """
        return self.effects.tests([(name, than)], {each: self._result(each).values for each in (name, than)})[0]

    def group_plan(self, name: str = "mot") -> tuple[F64, F64]:
        """Mean over subjects of a method's layer weights, and their standard deviation, `(L, M)` each.

        Raises
        ------
        ValueError
            If there is no such method, or the subjects' layers are not alike.
        """
        maps = self._result(name).layer_maps
        if self.source_labels is None:
            raise ValueError("group_plan: expected subjects whose layers are alike, found others")
        return np.mean(maps, axis=0), np.std(maps, axis=0, ddof=1)

    def _result(self, name: str) -> SubjectResult:
        return self.results[_validate.choice(name, self.methods, "name")]

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table, one a method: means over the subjects, with their error bars."""
        rows = []
        for name in self.methods:
            score, hierarchy = self.score(name), self.hierarchy(name)
            rows.append(
                {
                    "method": name,
                    **{"score" if key == "value" else f"score_{key}": value for key, value in vars(score).items()},
                    "hierarchy": hierarchy.value,
                    "hierarchy_sd": hierarchy.sd,
                    "hierarchy_low": hierarchy.low,
                    "hierarchy_high": hierarchy.high,
                }
            )
        return rows

    def to_markdown(self) -> str:
        """Two Markdown tables, of the methods and of the paired tests, and notes on them."""
        parts = [escaping.markdown(self._title()), "", *markdown_table(self._cells(), n_left=1), ""]
        if self.tests:
            parts += [*markdown_table(self._test_cells(), n_left=2), ""]
        return "\n".join([*parts, *(f"- {each}" for each in self._notes())])

    def _title(self) -> str:
        if self.target_name is not None:
            origin = f"from {printable(self.target_name)}"
        else:
            origin = "each from the mean of the others" if self.has_common_units else "each from all others' units"
        return f"{len(self.subjects)} subjects {origin}, {self.convention}"

    def _cells(self) -> list[list[str]]:
        level = f"{100 * self.effects.confidence:.4g} %"
        head = ["method", "held-out score", f"{level} over subjects", f"{level} over both", "hierarchy"]
        cells = [head]
        for name in self.methods:
            score, depth = self.score(name), self.hierarchy(name)
            intervals = _interval(score.low, score.high), _interval(score.crossed_low, score.crossed_high)
            cells.append([name, with_sd(score.value, score.sd), *intervals, with_sd(depth.value, depth.sd)])
        return cells

    def _test_cells(self) -> list[list[str]]:
        level = f"{100 * self.effects.confidence:.4g} %"
        cells = [["method", "higher than", "difference", f"{level} over both", "in subjects", "p", "p adjusted"]]
        for test in self.tests:
            difference = test.difference
            shown = with_sd(difference.value, difference.sd), _interval(difference.crossed_low, difference.crossed_high)
            share = f"{test.n_better} of {test.n_subjects}"
            cells.append([test.method, test.than, *shown, share, f"{test.p_value:.3g}", f"{test.p_adjusted:.3g}"])
        return cells

    def _verdicts(self) -> list[str]:
        """Sentences on each method that is tested: which others it scores higher than, and which not."""
        level = 1 - self.effects.confidence
        sentences = []
        for name in dict.fromkeys(test.method for test in self.tests):
            for is_higher, what in ((True, "scores higher than"), (False, "is not shown to score higher than")):
                others = [
                    test.than
                    for test in self.tests
                    if test.method == name and not np.isnan(test.p_adjusted) and (test.p_adjusted <= level) == is_higher
                ]
                if others:
                    sentences.append(f"{name} {what} {', '.join(others)}")
        return sentences

    def _notes(self) -> list[str]:
        effects = self.effects
        drawn = "" if effects.block_length is None else f", in blocks of {effects.block_length}"
        if effects.n_groups is not None:
            drawn = f", of {effects.n_groups} groups"
        notes = [
            *self._verdicts(),
            f"means over {self.n_splits} {self.split_description}; held-out stimuli: {effects.n_stimuli}{drawn}",
            "+-: sd over subjects; intervals over subjects: for other subjects, over both: other stimuli as well",
        ]
        if self.target_name is None:
            notes.append("intervals and p: from contributions, as subjects are in each other's targets")
        if any(name.removesuffix("+r") == "permuted" for name in self.methods):
            notes.append("permuted: the layers of the plan in random order, the exact mean over all orders")
        for suffix in ("", "+r"):
            own, group = f"mot{suffix}", f"{GROUP}{suffix}"
            if group in self.methods:
                notes.append(f"{group}: by the mean of the others' layer plans")
                if own in self.methods:
                    gain = self.difference(own, group).difference
                    notes[-1] += f"; a subject's own less the group's {gain.value:z.3f}"
                    notes[-1] += f" ({_interval(gain.crossed_low, gain.crossed_high)} over both)"
        if self.tests:
            n, kind = len(self.subjects), f"{self.effects.n_permutations} random signs"
            if n <= MOST_EXACT:
                kind = f"all signs: p is at least {0.5**n:.2g}"
            notes.append(f"p: one-sided, by flipping the signs of subjects' differences ({kind}); adjusted: Holm")
            notes.append(f"higher: adjusted p at most {1 - effects.confidence:.3g}")
        if self.ceiling is not None:
            lower, upper = (f"{each.mean():.3f}" for each in (self.ceiling.lower, self.ceiling.upper))
            notes.append(f"group ceiling of the scores: from the mean of the others {lower}, of all {upper}")
        for name, bounds in self.plans.items():
            lower = with_sd(float(bounds.lower.mean()), sd_of(bounds.lower))
            notes.append(f"{name}: layer plans have {lower} of their mass in common with the mean of the others")
            if bounds.chance is not None:
                notes[-1] += f", {bounds.chance.mean():.3f} in random order"
        if self.source_labels is None:
            notes.append("the subjects' layers are not alike: no group plan, and no method by the others' plans")
        return notes

    def to_pandas(self) -> pandas.DataFrame:
        """A `pandas.DataFrame` with one row for each method and subject, for models of one's own.

        Returns
        -------
        pandas.DataFrame
            Columns `method`, `subject`, `score` and `hierarchy`, the latter two means over the splits.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        n = len(self.subjects)
        return optional.pandas().DataFrame(
            {
                "method": np.repeat(self.methods, n),
                "subject": list(self.subjects) * len(self.methods),
                "score": np.concatenate([*self.scores.values()]),
                "hierarchy": np.concatenate([*self.hierarchies.values()]),
            }
        )

    def to_xarray(self) -> xarray.Dataset:
        """Scores and hierarchy scores of every split. Needs xarray.

        Returns
        -------
        xarray.Dataset
            `scores` and `hierarchies`, `(n_methods, n_subjects, n_splits)` over `method_name`, `subject` and `split`.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        names = ("scores", "hierarchies")
        return tables.dataset(
            {"method_name": self.methods, "subject": self.subjects, "split": range(self.n_splits)},
            {name: np.array([getattr(result, name) for result in self.results.values()]) for name in names},
            {"convention": self.convention, "target": self.target_name or "other subjects"},
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a dot for each subject and method, and the means with their intervals; see `mot_fast.plot`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.display.subject_plots import plot_subjects

        return plot_subjects(self, ax)

    def _repr_html_(self) -> str:
        parts = [notebook.table(self._cells(), n_left=1, best=())]
        if self.tests:
            parts.append(notebook.table(self._test_cells(), n_left=2, best=()))
        return notebook.block(f"SubjectComparison of {self._title()}", [], *parts, notebook.notes(self._notes()))

    def __repr__(self) -> str:
        means = {name: self.effects.mean(result.values) for name, result in self.results.items()}
        values = [f"{name} {mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f})" for name, mean in means.items()]
        return brief_text(self, [self._title(), *values, f"{self.n_splits} splits"])

    def __str__(self) -> str:
        return self.to_markdown()


def _interval(low: float, high: float) -> str:
    """An interval as a table shows it; an empty text where there is none."""
    return "" if np.isnan(low) else f"{low:z.3f} to {high:z.3f}"
