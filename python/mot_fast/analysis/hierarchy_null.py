"""The hierarchy score of an alignment, tested against the scores that chance gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Index
from mot_fast._warnings import named_once, renamed_arguments
from mot_fast.alignment.align import align
from mot_fast.alignment.options import RotatingOptions
from mot_fast.measures.hierarchy import ceiling, hierarchy
from mot_fast.measures.p_values import TIE
from mot_fast.networks.load import Source, load, warn_of_rows
from mot_fast.networks.network import Network
from mot_fast.system.progress import progress_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class HierarchyNull:
    """The hierarchy score of an alignment beside those that chance gives; made by `mot_fast.hierarchy_null`."""

    observed: float
    """Hierarchy score of the alignment of the networks as they are."""
    ceiling: float
    """Hierarchy score of the monotone coupling, the best that uniform masses allow."""
    stimuli: F64
    """`(n_permutations,)`: scores after the target's stimuli are shuffled and the alignment is fitted again."""
    layers: F64
    """`(n_layer_permutations,)`: scores after the target's layers are shuffled."""
    p_stimuli: float
    """One-sided p-value of the observed score among `stimuli`."""
    p_layers: float
    """One-sided p-value of the observed score among `layers`."""
    stimuli_plan: F64
    """`(L, M)`: mean of the layer plans after the stimuli are shuffled, the shape that chance gives them."""

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

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order, with at least two layers each; they are read
        into memory.
    n_permutations : int
        Number of shuffles of the stimuli, each of which takes about as long as one `mot_fast.align`.
    n_layer_permutations : int
        Number of shuffles of the layers.
    seed : int
        Seed of `numpy.random.default_rng`, which shuffles.
    progress : bool
        Show a progress bar over the shuffles of the stimuli.
    **options
        Any other argument of `mot_fast.align`.

    Returns
    -------
    HierarchyNull

    Raises
    ------
    TypeError, ValueError
        If a network has fewer than two layers, an argument is none of the values above, or as `mot_fast.align`.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
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
    """
    n_permutations = _validate.whole_number(
        n_permutations, "n_permutations", at_least=1, at_most=_validate.MOST_REPEATS
    )
    n_layer_permutations = _validate.whole_number(
        n_layer_permutations, "n_layer_permutations", at_least=1, at_most=_validate.MOST_RESAMPLES
    )
    seed = _validate.whole_number(seed, "seed", at_least=0)
    stimulus_rng, layer_rng = np.random.default_rng(seed).spawn(2)
    source, target = _deep_network(source, "source").in_memory(), _deep_network(target, "target").in_memory()
    warn_of_rows((source, target))
    orders = [stimulus_rng.permutation(target.n_stimuli) for _ in range(n_permutations)]
    with named_once():
        plan = align(source, target, **options).layer_plan
        plans = _plans_after_shuffles(source, target, orders, progress, options)
    observed = hierarchy(plan)
    layers = np.array([hierarchy(plan[:, layer_rng.permutation(plan.shape[1])]) for _ in range(n_layer_permutations)])
    stimuli = np.array([hierarchy(shuffled) for shuffled in plans])
    return HierarchyNull(
        observed=observed,
        ceiling=ceiling(*plan.shape),
        stimuli=stimuli,
        layers=layers,
        p_stimuli=_p_value(observed, stimuli),
        p_layers=_p_value(observed, layers),
        stimuli_plan=np.mean(plans, axis=0),
    )


def _deep_network(source: Source, argument: str) -> Network:
    """The network, loaded; one of a single layer is an error."""
    network = load(source)
    if network.n_layers < 2:
        raise ValueError(f"{argument}: expected at least two layers, found {network.n_layers} in '{network.name}'")
    return network


def _plans_after_shuffles(
    source: Network, target: Network, orders: list[Index], progress: bool, options: RotatingOptions
) -> list[F64]:
    """Layer plans of the alignments with the target's stimuli in each of these orders."""
    shuffles = progress_bar("shuffles of the stimuli", is_shown=progress, pieces=orders)
    return [align(source, target[order], **options).layer_plan for order in shuffles]


def _p_value(observed: float, null: F64) -> float:
    """One-sided p-value of the observed score among the scores of a null."""
    return (1 + int((null >= observed - TIE).sum())) / (1 + len(null))
