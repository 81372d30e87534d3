"""Units of two networks by the price at which they are matched: which have a counterpart, and which are one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment.predict import aligned_network
from mot_fast.alignment.result import Alignment
from mot_fast.alignment.unit_path import UnitCurve, UnitPath, unit_paths
from mot_fast.networks.load import Source
from mot_fast.networks.network import same_stimuli
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system import optional
from mot_fast.system.control_characters import printable

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class UnitRanking:
    """Prices at which the units of two aligned networks are matched; made by `rank_units`.

    A price is a cost, 1 - correlation: what the last mass costs that has to be carried for the unit to be matched as a
    whole. Units of low prices have good counterparts that no other unit wants more.
    """

    source: NetworkSummary
    target: NetworkSummary
    source_prices: tuple[F64, ...]
    """Price of every unit, one array `(n_l,)` a source layer: the mean over the target layers that the layer plan
    couples it with, by their weights; NaN in layers that it leaves behind."""
    target_prices: tuple[F64, ...]
    """The same for the target layers, one array `(n_m,)` each."""
    curve: UnitCurve
    """Least cost of matching every share of the units, the mean over pairs of layers by the layer plan."""

    def to_pandas(self) -> pandas.DataFrame:
        """The units as a table, in the order of networks and layers. Needs pandas.

        Returns
        -------
        pandas.DataFrame
            Columns `network` ("source" or "target"), `layer`: label, `unit`: position in its layer, `price`, and
            `rank` among the units of its layer, 1 for the lowest price; both are missing in layers left behind.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        frames = optional.pandas()
        sides = (("source", self.source, self.source_prices), ("target", self.target, self.target_prices))
        parts = [
            frames.DataFrame({"network": side, "layer": label, "unit": np.arange(len(prices)), "price": prices})
            for side, summary, of_layers in sides
            for label, prices in zip(summary.labels, of_layers, strict=True)
        ]
        table = frames.concat(parts, ignore_index=True)
        # A price that differs by rounding alone is the same one.
        rounded = table["price"].round(12)
        table["rank"] = rounded.groupby([table["network"], table["layer"]]).rank(method="min").astype("Int64")
        return table

    def __repr__(self) -> str:
        names = printable(f"'{self.source.name}' and '{self.target.name}'")
        n_units = sum(map(len, self.source_prices)), sum(map(len, self.target_prices))
        return f"UnitRanking({names}, {n_units[0]} and {n_units[1]} units, knee at {self.curve.knee():.2f} of the mass)"


def rank_units(alignment: Alignment, source: Source, target: Source, *, n_jobs: int | None = None) -> UnitRanking:
    """Find the price at which every unit of two aligned networks is matched.

    For every pair of layers that the layer plan couples, ever more of the units' mass is matched at least cost, from
    none to all of it (`mot_fast.partial_path`). Which units of an alignment that matches all of them are well matched
    does not follow from its plan: a unit may have to take what others leave.

    Parameters
    ----------
    alignment : Alignment
        An alignment without rotations; its plans between units may carry all mass or less.
    source, target : Network or anything `mot_fast.load` takes
        Activations of the networks aligned, on the same stimuli.
    n_jobs : int, optional
        Number of threads, as for `mot_fast.align`. Each holds the costs of one pair of layers in double precision.

    Returns
    -------
    UnitRanking

    Raises
    ------
    TypeError, ValueError
        If the alignment has rotations, whose units are mixtures; if the networks' layers are not those aligned, or
        their stimuli differ in number or are fewer than 3.
    SolverError
        As `mot_fast.partial_path`.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> rng = np.random.default_rng(0)
    >>> common = rng.standard_normal((100, 4))
    >>> source = [np.hstack([common, rng.standard_normal((100, 2))])]
    >>> target = [np.hstack([common + rng.standard_normal((100, 4)) / 4, rng.standard_normal((100, 2))])]
    >>> ranking = mot.rank_units(mot.align(source, target), source, target)
    >>> ranking.source_prices[0].round(2)
    array([0.04, 0.03, 0.02, 0.02, 0.82, 1.14])
    """
    _validate.check_alignment(alignment)
    if alignment.alternation is not None:
        raise ValueError("alignment: expected one without rotations, found one whose source is rotated")
    networks = aligned_network(source, alignment.source, "source"), aligned_network(target, alignment.target, "target")
    same_stimuli(networks)
    _validate.enough_stimuli(networks[0].n_stimuli, "source and target")
    masses = alignment.source.unit_masses, alignment.target.unit_masses
    paths = unit_paths(networks, masses, alignment.layer_plan, _validate.n_threads(n_jobs))
    return UnitRanking(
        alignment.source,
        alignment.target,
        _prices(paths, alignment.layer_plan, alignment.source.widths, side=0),
        _prices(paths, alignment.layer_plan, alignment.target.widths, side=1),
        UnitCurve.of(paths, alignment.layer_plan),
    )


def _prices(paths: dict[tuple[int, int], UnitPath], plan: F64, widths: tuple[int, ...], side: int) -> tuple[F64, ...]:
    """Prices of the units of one network's layers, by the weights of the plan."""
    prices = []
    for k, width in enumerate(widths):
        used = [pair for pair in paths if pair[side] == k]
        of_pairs = [(paths[pair].source, paths[pair].target)[side].all for pair in used]
        weights = [plan[pair] for pair in used]
        prices.append(np.average(of_pairs, axis=0, weights=weights) if used else np.full(width, np.nan))
    return tuple(prices)
