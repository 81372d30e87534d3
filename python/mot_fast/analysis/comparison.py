"""The result of comparing two networks by many methods, and its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.analysis.over_splits import corrected_interval
from mot_fast.display import comparison_table as table
from mot_fast.display import escaping, notebook, tables
from mot_fast.display.tables import markdown_table
from mot_fast.display.verdict import verdict
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.measures.noise_ceiling import NoiseCeiling
from mot_fast.measures.similarity import debiased_cka, linear_cka, procrustes, rsa
from mot_fast.system import optional
from mot_fast.system.brief_repr import brief_repr, brief_text
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes

ROTATED = tuple(f"{name}+r" for name in COUPLINGS)
SIMILARITIES: Mapping[str, Callable[..., F64]] = {
    "rsa": rsa,
    "cka": linear_cka,
    "debiased_cka": debiased_cka,
    "procrustes": procrustes,
}
METHODS = (*COUPLINGS, *ROTATED, "partial", "global_ot", "global_linear", "linear", *SIMILARITIES)
DEFAULT_METHODS = (*COUPLINGS, *SIMILARITIES)
"""Methods of a comparison that are neither slow nor need an optional package."""
ALL = "all"
"""Word for all methods."""


@dataclass(frozen=True, eq=False)
class MethodResult:
    """Held-out values of one method over the splits of a comparison, and the time and memory that it took."""

    scores: F64
    """`(n_splits,)`: value on the held-out stimuli of every split; higher is better."""
    hierarchies: F64
    """`(n_splits,)`: hierarchy score of the layer map; NaN without a map, or where a network has one layer."""
    seconds: F64
    """`(n_splits,)`: time that the method took."""
    peak_bytes: F64
    """`(n_splits,)`: highest memory in use over what was in use before, sampled."""
    permuted_sds: F64 | None = None
    """`(n_splits,)` for a permuted coupling: standard deviation of the value over all orders of layers."""
    layer_maps: tuple[F64, ...] | None = None
    """One array `(L, M)` for every split, for a method that maps layers: weights of layer pairs, with sum 1."""
    p_better: float | None = None
    """For "mot" and "mot+r": p-value of "scores higher than the pairwise best", over all splits."""
    permuted_hierarchy_sds: F64 | None = None
    """`(n_splits,)` for a permuted coupling: standard deviation of the hierarchy score over all orders of layers."""
    over_units: F64 | None = None
    """`(n_splits,)`: mean over all units alike, whatever their layers; None for similarities."""
    in_rotated_units: F64 | None = None
    """`(n_splits,)` for "mot+r", "single_best+r" and "pairwise_best+r": score along the rotated units, which depends on
    the target's axes and not on the source's; see `Alignment.score`."""
    p_values: Mapping[str, float] | None = None
    """For "mot" and "mot+r": p-values of "scores higher" than other methods, by their names, over all splits."""
    p_hierarchy: float | None = None
    """For "mot" and "mot+r": p-value of the map's hierarchy score among those of all orders of layers, over all splits.
    """
    p_shuffled: float | None = None
    """For "mot" and "mot+r", where it was tested: p-value of the hierarchy score of a map of all stimuli among those of
    shuffled stimuli."""
    matched: F64 | None = None
    """`(n_splits,)` for "partial": share of the source's mass that is matched, which its scores are of."""
    noise_ceilings: F64 | None = None
    """`(n_splits,)` for couplings but permuted ones, where repeats of the target are given: noise ceiling of their
    predictions, and of the source where it has repeats; see `mot_fast.noise_ceiling`."""

    __repr__ = brief_repr


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Held-out values of many methods over the same splits; made by `mot_fast.compare`.

    L and M are the numbers of source and target layers.
    """

    results: Mapping[str, MethodResult]
    """Result of each method, by its name."""
    hierarchy_ceiling: float
    """Hierarchy score of the monotone coupling, the best that the masses allow; NaN where a network has one layer."""
    noise_ceiling: NoiseCeiling | None
    """Noise ceiling from repeated measurements of the source; None where there are none."""
    source_name: str
    source_labels: tuple[str, ...]
    target_name: str
    target_labels: tuple[str, ...]
    n_splits: int
    test_size: float
    """Fraction of the stimuli, or of the groups, that is held out; the mean of given splits."""
    seed: int
    convention: str
    split_kind: str = "random"
    """"random", "grouped" (random splits of whole groups), "blocked" (contiguous blocks, each held out once), "given",
    or the class of the splitter."""
    split_description: str = "random splits"
    """What the splits are, as the table's notes say it."""
    n_train: tuple[int, ...] = ()
    """Number of training stimuli of every split; empty in results of version 0.1."""
    n_test: tuple[int, ...] = ()
    """Number of held-out stimuli of every split; empty in results of version 0.1."""
    has_target_repeats: bool = False
    """Whether repeats of the target are given, so that noise ceilings are those of each method's predictions."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order in which they were asked for."""
        return tuple(self.results)

    @property
    def scores(self) -> Mapping[str, F64]:
        """`(n_splits,)` for each method: value on the held-out stimuli of every split; higher is better."""
        return self._by_method("scores")

    @property
    def hierarchies(self) -> Mapping[str, F64]:
        """`(n_splits,)` for each method: hierarchy score of its layer map; NaN without one, or with one layer."""
        return self._by_method("hierarchies")

    @property
    def seconds(self) -> Mapping[str, F64]:
        """`(n_splits,)` for each method: time that it took."""
        return self._by_method("seconds")

    @property
    def peak_bytes(self) -> Mapping[str, F64]:
        """`(n_splits,)` for each method: highest memory in use over what was in use before, sampled."""
        return self._by_method("peak_bytes")

    @property
    def permuted_sds(self) -> Mapping[str, F64]:
        """`(n_splits,)` for each permuted coupling: standard deviation of the value over all orders of layers."""
        return self._by_method("permuted_sds")

    @property
    def layer_maps(self) -> Mapping[str, tuple[F64, ...]]:
        """For each method that maps layers, one array `(L, M)` a split: weights of layer pairs, with sum 1."""
        return self._by_method("layer_maps")

    @property
    def p_better(self) -> Mapping[str, float]:
        """For "mot" and "mot+r": p-value of "scores higher than the pairwise best", over all splits."""
        return self._by_method("p_better")

    @property
    def p_values(self) -> Mapping[str, Mapping[str, float]]:
        """For "mot" and "mot+r": p-values of "scores higher" than other methods, by their names, over all splits."""
        return self._by_method("p_values")

    @property
    def over_units(self) -> Mapping[str, F64]:
        """`(n_splits,)` for each method with predictions: mean over all units alike, whatever their layers."""
        return self._by_method("over_units")

    def verdict(self) -> list[str]:
        """Sentences that say what the tests found, for "mot" and for "mot+r", as far as their controls were asked for.

        The p-values in them are adjusted for the number of tests by Holm's procedure, without rotations and with
        rotations apart.
        """
        sentences: dict[str, None] = {}  # each once, and in order
        is_one_layer = 1 in (len(self.source_labels), len(self.target_labels))
        for best in ("mot", "mot+r"):
            result = self.results.get(best)
            if result is not None and result.p_values is not None:
                p_better = {name.removesuffix("+r"): p for name, p in result.p_values.items()}
                of_map, kind = (result.p_hierarchy, result.p_shuffled), {"is_rotated": best == "mot+r"}
                kind |= {"is_one_layer": is_one_layer, "is_over_splits": self.n_splits > 1}
                sentences |= dict.fromkeys(verdict(p_better, *of_map, n_layers=len(self.source_labels), **kind))
        return list(sentences)

    def _by_method(self, name: str) -> dict[str, Any]:
        """One attribute of the results of all methods that have it."""
        values = {method: getattr(result, name) for method, result in self.results.items()}
        return {method: value for method, value in values.items() if value is not None}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the attributes that a pickle holds; in those of version 0.1 results are by attribute, then by method."""
        attributes = dict(state)
        if "results" not in attributes:
            columns = {each.name: attributes.pop(each.name, {}) for each in fields(MethodResult)}
            attributes["results"] = {
                method: MethodResult(**{name: column.get(method) for name, column in columns.items()})
                for method in attributes.pop("methods")
            }
        self.__dict__.update(attributes)

    def mean(self, name: str) -> float:
        """Mean of a method's values over the splits."""
        return float(self.scores[_validate.choice(name, self.methods, "name")].mean())

    def sd(self, name: str) -> float:
        """Standard deviation of a method's values over the splits; NaN for one split."""
        return sd_of(self.scores[_validate.choice(name, self.methods, "name")])

    def interval(self, name: str, confidence: float = 0.95) -> tuple[float, float]:
        """Confidence interval of a method's expected value over splits, with Nadeau and Bengio's correction.

        See `mot_fast.corrected_interval`. It is NaN for one split, and for results of version 0.1.
        """
        scores = self.scores[_validate.choice(name, self.methods, "name")]
        if not self.n_train:
            return float("nan"), float("nan")
        return corrected_interval(scores, float(np.mean(self.n_train)), float(np.mean(self.n_test)), confidence)

    def noise_corrected(self, name: str) -> float:
        """Mean of a method's scores over splits, relative to the noise ceiling; NaN without one, or for similarities.

        See `mot_fast.noise_corrected`; the ceiling of the source is that of the units' mean over all stimuli. With
        repeats of the target it is the mean over splits of the method's own; only couplings that are not permuted have
        one.
        """
        ceiling = float("nan") if self.noise_ceiling is None else self.noise_ceiling.value
        if self.has_target_repeats:
            of_method = self.results[_validate.choice(name, self.methods, "name")].noise_ceilings
            ceiling = float("nan") if of_method is None else float(of_method.mean())
        return self.mean(name) / ceiling if ceiling > 0 and self.kind(name) == "score" else float("nan")

    def kind(self, name: str) -> str:
        """Kind of a method's values: "score", a held-out reconstruction score, or "similarity" of layers."""
        return "similarity" if _validate.choice(name, self.methods, "name") in SIMILARITIES else "score"

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table, one a method: mean and deviation over the splits, median time, highest peak memory."""
        nan = float("nan")
        return [
            {
                "method": name,
                "kind": self.kind(name),
                "value": float(result.scores.mean()),
                "value_sd": sd_of(result.scores),
                "hierarchy": float(result.hierarchies.mean()),
                "hierarchy_sd": sd_of(result.hierarchies),
                "seconds": float(np.median(result.seconds)),
                "peak_bytes": int(result.peak_bytes.max()),
                "p_better": nan if result.p_better is None else result.p_better,
                "over_units": nan if result.over_units is None else float(result.over_units.mean()),
                "p_mot_better": self._p_mot_better(name),
                **dict(zip(("value_low", "value_high"), self.interval(name), strict=True)),
                "noise_corrected": self.noise_corrected(name),
                "matched": 1.0 if result.matched is None else float(result.matched.mean()),
                "in_rotated_units": nan if result.in_rotated_units is None else float(result.in_rotated_units.mean()),
            }
            for name, result in self.results.items()
        ]

    def _p_mot_better(self, name: str) -> float:
        """P-value of "mot scores higher than this method"; of "mot+r" for couplings with rotations."""
        best = self.results.get("mot+r" if name in ROTATED else "mot")
        return float("nan") if best is None or best.p_values is None else best.p_values.get(name, float("nan"))

    def to_markdown(self) -> str:
        """A Markdown table with one row for each method, and notes on its columns."""
        lines = [
            escaping.markdown(table.title(self)),
            "",
            *markdown_table(table.cells(self), n_left=2),
            "",
            *(f"- {each}" for each in table.notes(self)),
        ]
        if found := self.verdict():
            lines += ["", *(f"**{sentence}**  " for sentence in found)]
        return "\n".join(lines)

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a `pandas.DataFrame`.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return optional.pandas().DataFrame(self.rows())

    def to_xarray(self) -> xarray.Dataset:
        """The values of every split, not only their means. Needs xarray.

        Returns
        -------
        xarray.Dataset
            `scores`, `hierarchies`, `seconds` and `peak_bytes`, `(n_methods, n_splits)` over `method_name` and
            `split`, which is the seed of a random split, and otherwise the number of the split, from 0 on. The
            attributes hold the convention, the fraction of held-out stimuli and the names of source and target.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        names = ("scores", "hierarchies", "seconds", "peak_bytes")
        first = self.seed if self.split_kind in ("random", "grouped") else 0
        return tables.dataset(
            # Not "method": that is an argument of xarray's `sel`.
            {"method_name": self.methods, "split": range(first, first + self.n_splits)},
            {name: np.array([getattr(result, name) for result in self.results.values()]) for name in names},
            {
                "convention": self.convention,
                "source": self.source_name,
                "target": self.target_name,
                "test_size": self.test_size,
            },
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the values as bars and return the axes. Needs matplotlib.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.display.score_plots import plot_scores

        return plot_scores(self, ax)

    def _repr_html_(self) -> str:
        marked = notebook.table(table.cells(self), n_left=2, best=table.best_cells(self))
        return notebook.block(
            f"Comparison of {table.title(self)}", self.verdict(), marked, notebook.notes(table.notes(self))
        )

    def __repr__(self) -> str:
        names = printable(f"'{self.source_name}' from '{self.target_name}'")
        means = [f"{name} {self.mean(name):.3f}" for name in self.methods]
        return brief_text(self, [names, *means, f"{self.n_splits} splits"])

    def __str__(self) -> str:
        return self.to_markdown()


def sd_of(values: F64) -> float:
    """Standard deviation of a sample; NaN for a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")
