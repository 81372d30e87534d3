"""The alignment cost among equally many units of every layer, which does not depend on how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast._warnings import named_once
from mot_fast.alignment.align import align
from mot_fast.alignment.options import PRICES, RotatingOptions, expect_none
from mot_fast.analysis.comparison import sd_of
from mot_fast.analysis.shuffles import of_unknown_stimuli
from mot_fast.analysis.subsample import some_units
from mot_fast.networks.load import Source, pair, warn_of_rows
from mot_fast.networks.network import Network
from mot_fast.system.progress import progress_bar


@dataclass(frozen=True, eq=False, repr=False)
class EqualWidthCost:
    """Alignment costs among equally many units of every layer; made by `mot_fast.equal_width_cost`."""

    n_units: int
    """Number of units that are drawn from every layer."""
    costs: F64
    """`(n_draws,)`: the alignment cost of each draw of units."""
    null_costs: F64
    """`(n_draws,)`: the alignment cost of the same units after the target's stimuli are shuffled."""

    @property
    def value(self) -> float:
        """Mean cost over the draws."""
        return float(self.costs.mean())

    @property
    def sd(self) -> float:
        """Standard deviation over the draws; NaN for one draw."""
        return sd_of(self.costs)

    @property
    def relative(self) -> float:
        """Mean cost over the mean cost after shuffles: 0 is perfect, 1 is chance; NaN where chance costs nothing."""
        chance = float(self.null_costs.mean())
        return self.value / chance if chance > 0.0 else float("nan")

    def __repr__(self) -> str:
        found = f"{self.value:.3f} among {self.n_units} units a layer, {self.relative:.3f} relative to chance"
        return f"EqualWidthCost({found}, {len(self.costs)} draws)"


def equal_width_cost(
    source: Source,
    target: Source,
    n_units: int | None = None,
    *,
    n_draws: int = 10,
    seed: int = 0,
    progress: bool = False,
    **options: Unpack[RotatingOptions],
) -> EqualWidthCost:
    """Alignment cost among equally many units, drawn at random from every layer of both networks.

    Among many units every unit finds a better partner than among few, so that wide layers have low costs. Costs among
    equally many units can be compared between networks of any widths: a random sample of a random sample is a random
    sample, so that the expected cost among n units is the same whether all units of a layer are known or some.

    Costs also fall with the number of stimuli, as partners are found by chance. `EqualWidthCost.relative` compares the
    cost with that of the same units after the target's stimuli are shuffled; see `mot_fast.alignment_null`.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order; they are read into memory.
    n_units : int, optional
        Number of units that are drawn from every layer, at most as many as the narrowest layer has, which is the
        default. To compare several pairs of networks, give the same number for all.
    n_draws : int
        Number of draws, for each of which two alignments are fitted.
    seed : int
        Seed: ``numpy.random.default_rng([seed, k])`` permutes the units of every layer for draw k, those of the source
        first, and then the stimuli.
    progress : bool
        Show a progress bar over the draws.
    **options
        Any other argument of `mot_fast.align` but `unit_cost` and `layer_cost`; masses, if given, are one number a
        layer.

    Returns
    -------
    EqualWidthCost

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the values above, or as `mot_fast.align`.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    ConstantUnitsWarning
        If units are constant over the stimuli: once, at the end, about the first alignment that has some.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = (network[:300] for network in mot.data.resnets())
    >>> found = mot.equal_width_cost(source, target, n_units=8, n_draws=3)
    >>> found.n_units, bool(0.5 < found.value < found.relative < 0.7)
    (8, True)
    """
    expect_none(options, PRICES, "as shuffled networks match nothing at the price of networks that have much in common")
    source, target = pair(source, target)
    narrowest = min(*source.widths, *target.widths)
    n_units = narrowest if n_units is None else _validate.whole_number(n_units, "n_units", at_least=1)
    if n_units > narrowest:
        raise ValueError(f"n_units: expected at most as many as the narrowest layer has, {narrowest}, found {n_units}")
    n_draws = _validate.whole_number(n_draws, "n_draws", at_least=1, at_most=_validate.MOST_REPEATS)
    seed = _validate.whole_number(seed, "seed", at_least=0)
    warn_of_rows((source, target))
    source, target = source.in_memory(), target.in_memory()
    costs = np.empty((n_draws, 2))
    with named_once():
        for k in progress_bar("draws of units", is_shown=progress, pieces=range(n_draws)):
            rng = np.random.default_rng([seed, k])
            drawn = [_drawn(network, n_units, rng) for network in (source, target)]
            shuffled = of_unknown_stimuli(drawn[1])[rng.permutation(source.n_stimuli)]
            costs[k] = [align(drawn[0], other, **options).cost for other in (drawn[1], shuffled)]
    return EqualWidthCost(n_units, costs[:, 0].copy(), costs[:, 1].copy())


def _drawn(network: Network, n_units: int, rng: np.random.Generator) -> Network:
    """The network with so many units of every layer, drawn at random."""
    units = [np.sort(rng.permutation(width)[:n_units]) for width in network.widths]
    return network.with_layers([some_units(network, m, chosen) for m, chosen in enumerate(units)])
