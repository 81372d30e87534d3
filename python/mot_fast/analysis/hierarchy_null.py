"""The hierarchy score of an alignment, tested against the scores that chance gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast._warnings import named_once, renamed_arguments
from mot_fast.alignment.options import RotatingOptions
from mot_fast.analysis.autocorrelation import warn_of_shuffled_record
from mot_fast.analysis.comparison import sd_of
from mot_fast.analysis.shuffled_alignments import SplitOrders, shuffled_alignments
from mot_fast.analysis.shuffles import WAYS, Shuffle
from mot_fast.analysis.splits import Groups
from mot_fast.display.tables import markdown_table, with_sd
from mot_fast.measures.hierarchy import hierarchy
from mot_fast.measures.p_values import share_as_extreme
from mot_fast.networks.load import Source, named, warn_of_rows
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.system.brief_repr import brief_repr

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class HierarchyNull:
    """The hierarchy score of an alignment beside those that chance gives; made by `mot_fast.hierarchy_null`."""

    observed: float
    """Hierarchy score of the alignment of the networks as they are."""
    ceiling: float
    """Hierarchy score of the monotone coupling, the best that the masses allow."""
    stimuli: F64
    """`(n_permutations,)`: scores after the target's stimuli are shuffled and the alignment is fitted again; fewer if
    there are fewer circular shifts."""
    layers: F64
    """`(n_layer_permutations,)`: scores after the target's layers are shuffled."""
    p_stimuli: float
    """One-sided p-value of the observed score among `stimuli`."""
    p_layers: float
    """One-sided p-value of the observed score among `layers`."""
    stimuli_plan: F64
    """`(L, M)`: mean of the layer plans after the stimuli are shuffled, the shape that chance gives them."""
    shuffle: str = "stimuli"
    """How the stimuli were shuffled: "stimuli", "circular", "blocks", or "groups"."""
    plan: F64 | None = None
    """`(L, M)`: layer plan of the networks as they are; None in results of version 0.1."""

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table, one for each kind of chance: its number, mean and deviation, and the p-value."""
        return [
            {
                "chance": chance,
                "n": len(scores),
                "observed": self.observed,
                "mean": float(scores.mean()),
                "sd": sd_of(scores),
                "p": p,
            }
            for chance, scores, p in (
                (WAYS[self.shuffle], self.stimuli, self.p_stimuli),
                ("shuffles of the target's layers", self.layers, self.p_layers),
            )
        ]

    def to_markdown(self) -> str:
        """A Markdown table of the observed hierarchy score beside both kinds of chance."""
        cells = [["chance", "times", "observed", "by chance", "p"]]
        for row in self.rows():
            figures = f"{row['observed']:.3f}", with_sd(row["mean"], row["sd"]), f"{row['p']:.2g}"
            cells.append([row["chance"], str(row["n"]), *figures])
        return "\n".join(
            [
                "Hierarchy score of the layer plan, against chance",
                "",
                *markdown_table(cells, n_left=1),
                "",
                f"- 1: only layers at the same relative depth are matched; these networks allow {self.ceiling:.3f}",
                "- by chance: mean and standard deviation; p: how often chance gives a score as high",
            ]
        )

    __repr__ = brief_repr

    def __str__(self) -> str:
        return self.to_markdown()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both nulls as histograms, with the observed score, and return the axes. Needs matplotlib.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.display.score_plots import plot_hierarchy_null

        return plot_hierarchy_null(self, ax)


@renamed_arguments(n_draws="n_permutations", n_layer_draws="n_layer_permutations")
def hierarchy_null(
    source: Source,
    target: Source,
    *,
    n_permutations: int = 99,
    n_layer_permutations: int = 9999,
    shuffle: str = "stimuli",
    block_length: int | None = None,
    groups: Groups | None = None,
    seed: int = 0,
    progress: bool = False,
    **options: Unpack[RotatingOptions],
) -> HierarchyNull:
    """Test the hierarchy score of an alignment's layer plan against two kinds of chance.

    `stimuli`: the target's stimuli are shuffled, in the same order for all of its layers, and the alignment is fitted
    again. Each network keeps its widths, its depth and the correlations within and between its layers, and masses
    balance as before; every relation between the networks is destroyed. If the balance of masses alone made the
    diagonal, it would make it here too. Layers of similar width are cheaper pairs even by chance: where both networks
    widen with depth, the scores of this null lie above those of the next one, and are the ones to beat.

    `layers`: the target's layers are shuffled. Every pair of layers keeps its relation, so that all costs and the
    balance of masses stay; the order of depth is destroyed. The plan of a network with its layers in another order is
    the plan with its columns in that order (where the optimum is unique), so nothing is fitted again. M layers have no
    more than M! orders: with two or three, no p-value is small.

    Both p-values are ``(1 + #{null >= observed}) / (1 + n)``.

    The first of them supposes that stimuli could have come in any order. Neighbours in a time series could not: where
    activity is autocorrelated, and the more so the deeper a layer is, networks that have nothing in common have layer
    plans with a diagonal, which shuffled stimuli have not: for simulated networks of 8 layers without a relation, whose
    autocorrelation grows from 0 to 0.97 with depth, p is 0.05 or less in 54 of 100 cases over 100 stimuli, and in 3
    with circular shifts. `shuffle` says what to do about that. The p-value over layers errs as often there, whatever
    `shuffle` is: of a time series, report the first one.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order, with at least two layers each; without
        an executor they are read into memory.
    n_permutations : int
        Number of shuffles of the stimuli, each of which takes about as long as one `mot_fast.align`.
    n_layer_permutations : int
        Number of shuffles of the layers.
    shuffle : {"stimuli", "circular", "blocks"}
        "stimuli": all stimuli in random order. "circular": the target's record is moved on by a random number of
        stimuli, 1 to T - 1, and its end becomes its beginning; no number is drawn twice, and all are tried where there
        are no more than `n_permutations`. Autocorrelation stays, but for one seam: the null for time series. "blocks":
        blocks of consecutive stimuli in random order, for time series that forget within a block.
    block_length : int, optional
        Number of stimuli in a block, at most T / 2, for "blocks" only. A rest is shared out among the blocks.
    groups : sequence, optional
        Group of every stimulus, such as its story, object or session: numbers or texts. Whole groups are then exchanged
        among those of equal size, each in its own order; groups of a size of their own stay where they are. Where few
        groups can change places, no p-value is small: k groups of one size have k! orders.
    seed : int
        Seed of `numpy.random.default_rng`, which shuffles.
    progress : bool
        Show a progress bar over the shuffles of the stimuli.
    **options
        Any other argument of `mot_fast.align` but `unit_cost` and `layer_cost`: at the price of networks that have much
        in common, shuffled ones match nothing. An executor's workers are given some shuffles at a time, and a store
        keeps what they found: a finished null computes nothing again.

    Returns
    -------
    HierarchyNull

    Raises
    ------
    TypeError, ValueError
        If a network has fewer than two layers, an argument is none of the values above, or as `mot_fast.align`; if
        there is one group, no two groups have the same size, or arguments do not go together.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    AutocorrelatedStimuliWarning
        If consecutive stimuli are much alike in both networks, and single stimuli are shuffled.
    ConstantUnitsWarning
        If units are constant over the stimuli; once, since they are constant in any order.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = (network[:200] for network in mot.data.resnets())
    >>> null = mot.hierarchy_null(source, target, n_permutations=9)
    >>> null.p_stimuli
    0.1
    >>> bool(null.p_layers < 0.001 and null.observed < null.ceiling)
    True
    >>> null
    HierarchyNull(observed=0.9524, ceiling=0.9709, stimuli=<(9,) from 0.6937 to 0.8857>,
                  layers=<(9999,) from 0.4937 to 0.8085>, p_stimuli=0.1, p_layers=0.0001,
                  stimuli_plan=<(10, 28) from 0 to 0.01905>, shuffle='stimuli',
                  plan=<(10, 28) from 0 to 0.03571>)
    """
    n_permutations = _validate.whole_number(
        n_permutations, "n_permutations", at_least=1, at_most=_validate.MOST_REPEATS
    )
    n_layer_permutations = _validate.whole_number(
        n_layer_permutations, "n_layer_permutations", at_least=1, at_most=_validate.MOST_RESAMPLES
    )
    seed = _validate.whole_number(seed, "seed", at_least=0)
    stimulus_rng, layer_rng = np.random.default_rng(seed).spawn(2)
    source, target = _deep_network(source, "source"), _deep_network(target, "target")
    same_stimuli([source, target])
    warn_of_rows((source, target))
    how = Shuffle.of(shuffle, block_length, groups, target.n_stimuli)
    if how.name == "stimuli":
        warn_of_shuffled_record(source, target)
    everything = np.arange(target.n_stimuli)
    orders = SplitOrders(everything, everything[:0], how.orders(everything, n_permutations, stimulus_rng), ())
    with named_once():
        first, shuffled = shuffled_alignments(source, target, orders, is_shown=progress, options=options)
    plan = first.layer_plan
    observed = hierarchy(plan)
    layers = np.array([hierarchy(plan[:, layer_rng.permutation(plan.shape[1])]) for _ in range(n_layer_permutations)])
    stimuli = np.array([hierarchy(each) for each in shuffled.layer_plans])
    return HierarchyNull(
        observed=observed,
        ceiling=first.hierarchy_ceiling(),
        stimuli=stimuli,
        layers=layers,
        p_stimuli=float(share_as_extreme(observed, stimuli)),
        p_layers=float(share_as_extreme(observed, layers)),
        stimuli_plan=shuffled.layer_plans.mean(axis=0),
        shuffle=how.name,
        plan=plan,
    )


def _deep_network(source: Source, argument: str) -> Network:
    """The network, loaded; one of a single layer is an error."""
    network = named(source, argument)
    if network.n_layers < 2:
        raise ValueError(f"{argument}: expected at least two layers, found {network.n_layers} in '{network.name}'")
    return network
