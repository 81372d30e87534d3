"""Cost, score and hierarchy of an alignment, and the cost of every pair of layers, tested against chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64, Index
from mot_fast._warnings import named_once
from mot_fast.alignment.options import RotatingOptions
from mot_fast.analysis.autocorrelation import warn_of_shuffled_record
from mot_fast.analysis.comparison import sd_of
from mot_fast.analysis.shuffled_alignments import SplitOrders, shuffled_alignments
from mot_fast.analysis.shuffles import WAYS, Shuffle, of_unknown_stimuli
from mot_fast.analysis.splits import Groups, validated_pair
from mot_fast.display import escaping
from mot_fast.display.tables import markdown_table, with_sd
from mot_fast.measures import p_values
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.measures.p_values import share_as_extreme
from mot_fast.networks.load import Source, pair, warn_of_rows
from mot_fast.networks.split import split as random_split
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL = 0.05
"""Level at which tables count pairs of layers."""
_ADJUSTED = {"bh": "Benjamini and Hochberg", "holm": "Holm"}


@dataclass(frozen=True, eq=False, repr=False)
class AlignmentNull:
    """An alignment beside those that chance gives; made by `mot_fast.alignment_null`.

    L and M are the numbers of source and target layers, n that of the shuffles.
    """

    cost: float
    """Alignment cost on the training stimuli."""
    score: float
    """Held-out score of the layer plan."""
    hierarchy: float
    """Hierarchy score of the layer plan; NaN where a network has one layer."""
    layer_costs: F64
    """`(L, M)`: costs of the pairs of layers on the training stimuli."""
    null_costs: F64
    """`(n,)`: alignment costs after shuffles."""
    null_scores: F64
    """`(n,)`: held-out scores after shuffles, fitted to shuffled training stimuli."""
    null_hierarchies: F64
    """`(n,)`: hierarchy scores after shuffles."""
    null_layer_costs: F64
    """`(n, L, M)`: costs of the pairs of layers after shuffles."""
    p_cost: float
    """One-sided p-value of the cost: how often chance gives one as low."""
    p_score: float
    """One-sided p-value of the held-out score: how often chance gives one as high."""
    p_hierarchy: float
    """One-sided p-value of the hierarchy score; NaN where a network has one layer."""
    p_layer_costs: F64
    """`(L, M)`: one-sided p-values of the layer costs, adjusted for their number."""
    adjust: str
    """How they are adjusted: "bh" or "holm"."""
    shuffle: str
    """How the stimuli were shuffled: "stimuli", "circular", "blocks", or "groups"."""
    source_name: str
    target_name: str

    @property
    def relative_cost(self) -> float:
        """Alignment cost over its mean after shuffles: 0 is perfect, 1 is chance; NaN where chance costs nothing."""
        return float(_over_mean(self.cost, self.null_costs))

    @property
    def relative_layer_costs(self) -> F64:
        """Layer costs over their means after shuffles, `(L, M)`."""
        return _over_mean(self.layer_costs, self.null_layer_costs)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table: cost, score and hierarchy, each with the mean and deviation that chance gives, and p."""
        return [
            {"what": name, "observed": observed, "chance": float(null.mean()), "chance_sd": sd_of(null), "p": p}
            for name, observed, null, p in self._rows()
        ]

    def to_markdown(self) -> str:
        """A Markdown table of cost, score and hierarchy beside chance, and what the layer costs say."""
        cells = [["", "observed", "chance", "p"]]
        for row in self.rows():
            chance = with_sd(row["chance"], row["chance_sd"])
            cells.append([row["what"], f"{row['observed']:.3f}", chance, f"{row['p']:.2g}"])
        n = len(self.null_costs)
        least = f"; p is at least {1 / (1 + n):.2g}"
        n_below, n_pairs = int((self.p_layer_costs <= LEVEL).sum()), self.layer_costs.size
        adjusted = f", adjusted by {_ADJUSTED[self.adjust]}"
        return "\n".join(
            [
                escaping.markdown(f"{self.source_name} from {self.target_name}, against chance"),
                "",
                *markdown_table(cells, n_left=1),
                "",
                f"- cost relative to chance: {self.relative_cost:.3f}",
                f"- layer costs below chance: {n_below} of {n_pairs} pairs of layers at level {LEVEL:g}{adjusted}",
                f"- chance: mean and standard deviation over {n} {WAYS[self.shuffle]}{least}",
            ]
        )

    def plot(self, axes: Sequence[Axes] | npt.NDArray[np.object_] | None = None) -> list[Axes]:
        """Draw cost, score and hierarchy among those of chance, and return the axes. Needs matplotlib.

        Parameters
        ----------
        axes : sequence of matplotlib axes, optional
            Three axes, or two where a network has one layer and so no hierarchy; those of a new figure by default.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are too many or too few axes.
        """
        from mot_fast.display.score_plots import plot_alignment_null

        return plot_alignment_null(self, axes)

    def _rows(self) -> list[tuple[str, float, F64, float]]:
        """Names, values observed, those of chance, and p-values, of what is defined."""
        rows = [
            ("cost", self.cost, self.null_costs, self.p_cost),
            ("score", self.score, self.null_scores, self.p_score),
            ("hierarchy", self.hierarchy, self.null_hierarchies, self.p_hierarchy),
        ]
        return [row for row in rows if not np.isnan(row[1])]

    def __repr__(self) -> str:
        names = printable(f"'{self.source_name}' from '{self.target_name}'")
        lines = [f"AlignmentNull({names}, {len(self.null_costs)} {WAYS[self.shuffle]}"]
        lines += [
            f"  {name} {observed:.3f}, by chance {null.mean():.3f}, p = {p:.2g}"
            for name, observed, null, p in self._rows()
        ]
        return ",\n".join(lines) + ")"

    def __str__(self) -> str:
        return self.to_markdown()


def alignment_null(
    source: Source,
    target: Source,
    *,
    n_permutations: int = 99,
    shuffle: str = "stimuli",
    block_length: int | None = None,
    groups: Groups | None = None,
    split: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    test_size: float = 0.2,
    adjust: str = "bh",
    seed: int = 0,
    progress: bool = False,
    **options: Unpack[RotatingOptions],
) -> AlignmentNull:
    """Test an alignment's cost, held-out score and hierarchy, and the cost of every pair of layers, against chance.

    The target's stimuli are shuffled, in the same order for all of its layers, and the alignment is fitted again. Each
    network keeps its widths, its depth and the correlations within and between its layers; every relation between the
    networks is destroyed. Training and held-out stimuli are shuffled among themselves, so that nothing that was held
    out is fitted, and the score after a shuffle is that of a fit without a relation on stimuli without one.

    All p-values are one-sided, ``(1 + #{chance at least as good}) / (1 + n)``: no smaller than ``1 / (1 + n)``. Those
    of the L x M layer costs are one family, adjusted for their number. Holm's smallest is ``L M / (1 + n)``, which
    needs many shuffles; Benjamini and Hochberg's does well with few.

    Circular shifts are nearly fair only: they have a seam, and the record as it is has none. Simulated networks without
    a relation, whose stimuli are autocorrelated by 0.9, have a p-value of their cost of 0.05 or less in 20, 14, 10 and
    6 of 100 cases, for 35, 70, 140 and 350 training stimuli, and of their score in 11, 12, 9 and 6; where they are
    autocorrelated by 0.5, in about 5. After shuffles of single stimuli it is nearly all of them, at 0.9. Be careful
    where the memory of a record is more than a fiftieth of it.

    Costs depend on the number of stimuli and of units: over few stimuli, and among many units, a partner is found by
    chance. `AlignmentNull.relative_cost` is the cost over its mean by chance, which makes different numbers of stimuli
    comparable. It does little about the number of units, since many units also hold better partners than few:
    `mot_fast.equal_width_cost` compares equal numbers. Two language models, SmolLM2 and MiniLM on 2,552 sentences, with
    16 and with 384 units of every layer: cost 0.81 and 0.73, relative to chance 0.84 and 0.77, cost among 16 units
    drawn from either 0.81 and 0.81.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order; without an executor they are read into
        memory.
    n_permutations : int
        Number of shuffles, each of which takes about as long as one `mot_fast.align`.
    shuffle, block_length, groups
        How the stimuli are shuffled; see `mot_fast.hierarchy_null`. For time series take "circular", for stimuli that
        belong together `groups`. Training and held-out stimuli are shuffled apart: there are at most as many circular
        shifts as training stimuli less one, a block has at most half of the held-out stimuli, and on both sides there
        must be groups of equal size.
    split : (train, test), optional
        Indices of the training and of the held-out stimuli. By default ``mot_fast.split(n_stimuli, test_size, seed,
        groups=groups)``; for "circular" and "blocks" the last stimuli are held out. There the held-out stimuli must
        stand in a row, and so must the training stimuli, but for the place of those held out.
    test_size : float
        Fraction of the stimuli that is held out.
    adjust : {"bh", "holm"}
        How the p-values of the layer costs are adjusted: by Benjamini and Hochberg, whose pairs below alpha hold a
        share of alpha false ones, or by Holm, whose pairs below alpha hold any false one with probability alpha.
    seed : int
        Seed of the split and of `numpy.random.default_rng`, which shuffles.
    progress : bool
        Show a progress bar over the shuffles.
    **options
        Any other argument of `mot_fast.align` but `unit_cost` and `layer_cost`: at the price of networks that have much
        in common, shuffled ones match nothing. An executor's workers are given some shuffles at a time, and a store
        keeps what they found: a finished null computes nothing again.

    Returns
    -------
    AlignmentNull

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the values above, or as `mot_fast.align` and `mot_fast.hierarchy_null`; if a stimulus
        or a group is on both sides of the split.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    AutocorrelatedStimuliWarning
        If consecutive stimuli are much alike in both networks, and single stimuli are shuffled.
    ConstantUnitsWarning
        If units are constant over the training stimuli; once, since they are constant in any order.

    See Also
    --------
    mot_fast.hierarchy_null : the hierarchy score against shuffled layers as well

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = (network[:300] for network in mot.data.resnets())
    >>> null = mot.alignment_null(source, target, n_permutations=9)
    >>> null.p_cost, null.p_score
    (0.1, 0.1)
    >>> bool(null.relative_cost < 0.6 and null.score > 0.5 > null.null_scores.max())
    True
    """
    n_permutations = _validate.whole_number(
        n_permutations, "n_permutations", at_least=1, at_most=_validate.MOST_REPEATS
    )
    _validate.choice(adjust, p_values.ADJUSTMENTS, "adjust")
    seed = _validate.whole_number(seed, "seed", at_least=0)
    source, target = pair(source, target)
    how = Shuffle.of(shuffle, block_length, groups, source.n_stimuli)
    train, test = _sides(split, how, source.n_stimuli, test_size, seed)
    if how.name == "stimuli":
        warn_of_shuffled_record(source, target)
    orders = _orders(how, train, test, n_permutations, seed)
    warn_of_rows((source, target))
    with named_once():
        observed, shuffled = shuffled_alignments(source, target, orders, is_shown=progress, options=options)
    score = observed.score(of_unknown_stimuli(source)[test], of_unknown_stimuli(target)[test]).value
    has_hierarchy = min(len(source), len(target)) > 1
    plans = observed.layer_plan, *shuffled.layer_plans
    hierarchies = np.array([hierarchy(plan) if has_hierarchy else np.nan for plan in plans])
    costs, scores = np.append(observed.cost, shuffled.costs), np.append(score, shuffled.scores)
    layer_costs = np.concatenate([observed.layer_costs[None], shuffled.layer_costs])
    return AlignmentNull(
        cost=float(costs[0]),
        score=float(scores[0]),
        hierarchy=float(hierarchies[0]),
        layer_costs=layer_costs[0],
        null_costs=costs[1:],
        null_scores=scores[1:],
        null_hierarchies=hierarchies[1:],
        null_layer_costs=layer_costs[1:],
        p_cost=float(_p_values(-costs)),
        p_score=float(_p_values(scores)),
        p_hierarchy=float(_p_values(hierarchies)),
        p_layer_costs=p_values.adjust(_p_values(-layer_costs), adjust),
        adjust=adjust,
        shuffle=how.name,
        source_name=source.name,
        target_name=target.name,
    )


def _orders(how: Shuffle, train: Index, test: Index, n: int, seed: int) -> SplitOrders:
    """Random orders of the stimuli on both sides of a split, independent of each other."""
    train_rng, test_rng = np.random.default_rng(seed).spawn(2)
    train_orders = how.orders(train, n, train_rng, "training stimuli")
    test_orders = how.orders(test, n, test_rng, "held-out stimuli")
    # There may be fewer circular shifts of the held-out stimuli, which then recur.
    return SplitOrders(train, test, train_orders, list(islice(cycle(test_orders), len(train_orders))))


def _sides(
    given: tuple[npt.ArrayLike, npt.ArrayLike] | None, how: Shuffle, n_stimuli: int, test_size: float, seed: int
) -> tuple[Index, Index]:
    """Training and held-out stimuli: those given, or the last ones for shuffles that need a record, or random ones."""
    is_record = how.kind != "stimuli"
    if given is None:
        groups = None if how.groups is None else how.groups.tolist()
        train, test = random_split(n_stimuli, test_size, seed, groups=groups)
        if is_record:
            train, test = np.split(np.arange(n_stimuli), [len(train)])
    else:
        train, test = validated_pair(given, n_stimuli, "split")
        if how.groups is not None and np.isin(how.groups[test], how.groups[train]).any():
            raise ValueError("split: expected each group on one side, found one in train and test")
        if is_record and not (_is_in_a_row(test, n_gaps=0) and _is_in_a_row(train, n_gaps=1)):
            raise ValueError(
                f"split: expected held-out stimuli in a row, and training stimuli in a row but for their place, as "
                f"shuffle is '{how.kind}'"
            )
    for side, what in ((train, "training"), (test, "held-out")):
        _validate.enough_stimuli(len(side), f"{what} stimuli of the split")
    return train, test


def _is_in_a_row(rows: Index, n_gaps: int) -> bool:
    """Whether stimuli are in the order of the record and follow each other, but for some gaps."""
    steps = np.diff(rows)
    return bool((steps > 0).all() and (steps > 1).sum() <= n_gaps)


def _p_values(figures: F64) -> F64:
    """One-sided p-values of the first of some figures, of which large ones speak against chance, among the others."""
    return share_as_extreme(figures[0], figures[1:])


def _over_mean(observed: F64 | float, null: F64) -> F64:
    """A cost over its mean by chance; NaN where that is 0."""
    mean = null.mean(axis=0)
    return np.where(mean > 0.0, observed / np.where(mean > 0.0, mean, 1.0), np.nan)
