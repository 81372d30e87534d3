"""How stable an alignment is: alignments on resamples of the stimuli, and on decoys whose stimuli are shuffled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack, cast

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Index
from mot_fast._warnings import named_once
from mot_fast.alignment.align import align
from mot_fast.alignment.options import GOALS, RotatingOptions, expect_none
from mot_fast.alignment.problem import alternation_of
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.autocorrelation import warn_of_shuffled_record
from mot_fast.analysis.shuffles import of_unknown_stimuli
from mot_fast.analysis.splits import Groups
from mot_fast.analysis.stability.result import Stability
from mot_fast.analysis.stability.row_draws import Resamples, Stimuli, drawn_rows
from mot_fast.analysis.stability.unit_matches import SumOfPlans, UnitMatches, mass_in_common
from mot_fast.networks.load import Source, pair, warn_of_rows
from mot_fast.networks.network import Network
from mot_fast.system.progress import progress_bar
from mot_fast.transport.many import solve_transports
from mot_fast.transport.transport import MARGINAL_ERROR

Pair = tuple[int, int]
Sums = Mapping[Pair, SumOfPlans]

_N_CHANCE_PLANS = 200
"""Layer plans at random costs, between any two of which mass in common by chance is measured."""


def stability(
    source: Source,
    target: Source,
    *,
    resamples: Resamples = "bootstrap",
    n_resamples: int = 50,
    groups: Groups | None = None,
    block_length: int | None = None,
    pairs: Iterable[Sequence[int | str]] | None = None,
    n_decoys: int = 5,
    seed: int = 0,
    progress: bool = False,
    **options: Unpack[RotatingOptions],
) -> Stability:
    """Align two networks on many resamples of the stimuli, and count how often layers and units are matched alike.

    Layers: the mean of the layer plans (consensus plan), how often each pair of layers carries mass (confidence), and
    what share of the mass two plans have in common.

    Units: for some pairs of layers, the target unit that most often is a source unit's main partner, and how often it
    is (confidence). Even unrelated units are matched alike again and again, since resamples share stimuli. Decoys show
    how often: the target's stimuli are shuffled once, and the same resamples aligned again. A unit's q-value is the
    false discovery rate among all units of its layer that are as confident; see `UnitMatches.q_values`. A discovery is
    a match that chance does not make so often, and not proof of the same cell or feature: units that are alike in their
    responses are exchanged for each other.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order; they are read into memory.
    resamples : {"bootstrap", "halves"} or iterable of arrays of row indices
        "bootstrap": as many stimuli as there are, drawn with replacement (Efron 1979). "halves": random halves, two of
        which share no stimulus and are compared with each other: how far would a second experiment agree? Or the rows
        of each resample, as ``[train for train, test in splits]``.
    n_resamples : int
        Number of resamples, at least 2; even for halves. It has no meaning where rows are given.
    groups : sequence, optional
        Label of each stimulus's group: subjects, sessions, repeats of an image. Whole groups are drawn, and change
        places in decoys.
    block_length : int, optional
        For time series: blocks of so many consecutive stimuli are drawn. Choose them longer than the autocorrelation
        lasts. In decoys, the target is shifted against the source in a circle, and keeps its autocorrelation.
    pairs : iterable of pairs of int or str, optional
        Pairs of layers, by position or label, whose units are followed; by default those that carry mass in the plan
        of the alignment on all stimuli.
    n_decoys : int
        Number of shuffles of the target's stimuli. Each takes as many alignments as there are resamples, but only of
        the pairs followed. Without any, there are no q-values.
    seed : int
        Seed of `numpy.random.default_rng`.
    progress : bool
        Show a progress bar over the alignments.
    **options
        Any other argument of `mot_fast.align` but those that leave units or layers behind. With `rotate`, no units are
        followed: each resample has rotated units of its own, among which none is the same one again.

    Returns
    -------
    Stability

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the values above, or as `mot_fast.align`.
    IndexError, KeyError
        If there is no such layer; if a row index is none of a stimulus.
    SolverError
        As `mot_fast.align`.

    Warns
    -----
    ConstantUnitsWarning
        If units are constant over all stimuli or those of a resample: once, about the first such alignment.
    AutocorrelatedStimuliWarning
        If consecutive stimuli are much alike in both networks, and single stimuli are shuffled for decoys.

    Notes
    -----
    Of every pair of layers followed, the at most ``n_l + n_m - 1`` entries of each resample's plan are kept, and no
    dense plan.

    Examples
    --------
    >>> import mot_fast as mot
    >>> source, target = (network[:400] for network in mot.data.resnets())
    >>> stability = mot.stability(source, target, n_resamples=10, pairs=[(2, 7)], n_decoys=2)
    >>> stability
    Stability('resnet20' to 'resnet56', 10 bootstrap resamples, 0.91 of the mass in common (0.10 by chance))
    >>> stability.units(2, 7)
    UnitMatches('layer02_s1b1' to 'layer07_s1b6', 16 x 16, median confidence 1.00, 14 matched at q <= 0.05)
    """
    expect_none(options, GOALS, "as stability is that of plans which carry all mass")
    source, target = pair(source, target)
    stimuli = Stimuli.of(source.n_stimuli, groups, block_length)
    n_decoys = _validate.whole_number(n_decoys, "n_decoys", at_least=0, at_most=_validate.MOST_REPEATS)
    seed = _validate.whole_number(seed, "seed", at_least=0)
    for_rows, for_decoys, for_costs = np.random.default_rng(seed).spawn(3)
    kind = resamples if isinstance(resamples, str) else "given"
    rows = drawn_rows(stimuli, resamples, n_resamples, for_rows)
    given = _given_pairs(pairs, (source, target), is_rotated=alternation_of(options.get("rotate", False)) is not None)
    n_decoys = 0 if given == [] else n_decoys
    warn_of_rows((source, target))
    if n_decoys and groups is None and block_length is None:
        warn_of_shuffled_record(source, target, "q-values", "draw blocks (block_length) or whole groups (groups)")
    networks = source.in_memory(), target.in_memory()
    with named_once(), progress_bar("alignments", is_shown=progress, total=(1 + n_decoys) * len(rows)) as bar:
        alignment = align(*networks, **options)
        followed = _used_pairs(alignment) if given is None else given
        fits = _Fits(networks, rows, followed, 2 if kind == "halves" else None, options, bar)
        plans, observed = fits.observed()
        decoys = [fits.decoy(stimuli.unpaired(for_decoys)) for _ in range(n_decoys)]
    return Stability(
        alignment=alignment,
        layer_plans=plans,
        unit_matches={
            each: UnitMatches.of(
                alignment.unit_plans[each[0]][each[1]], observed[each], [decoy[each] for decoy in decoys]
            )
            for each in followed
        },
        mass_in_common=_in_common(plans, fits.n_together),
        mass_in_common_by_chance=_in_common(_plans_at_random_costs(alignment, for_costs)),
        kind=kind,
        drawn=str(stimuli),
    )


@dataclass(frozen=True)
class _Fits:
    """Alignments on every resample, of two networks as they are, or with the target's stimuli in another order."""

    networks: tuple[Network, Network]
    rows: Sequence[Index]
    pairs: Sequence[Pair]
    n_together: int | None
    options: RotatingOptions
    bar: Any

    def observed(self) -> tuple[F64, Sums]:
        """Layer plan of every resample, `(n, L, M)`, and the plans between units of the pairs followed."""
        sums = {each: SumOfPlans(self.n_together) for each in self.pairs}
        plans = []
        for rows in self.rows:
            alignment = align(self.networks[0][rows], self.networks[1][rows], **self.options)
            plans.append(alignment.layer_plan)
            for l, m in self.pairs:
                sums[l, m].add(alignment.unit_plans[l][m])
            self.bar.update()
        return np.array(plans), sums

    def decoy(self, order: Index) -> Sums:
        """The plans between units after the target's stimuli take this order; only pairs followed are aligned."""
        sums = {each: SumOfPlans(self.n_together) for each in self.pairs}
        parts = [(l, [m for k, m in self.pairs if k == l]) for l in dict.fromkeys(l for l, _ in self.pairs)]
        source, target = self.networks[0], of_unknown_stimuli(self.networks[1])[order]
        for rows in self.rows:
            for l, layers in parts:
                options = _options_of_layers(self.options, [l], layers)
                alignment = align(source.select([l])[rows], target.select(layers)[rows], **options)
                for m, plan in zip(layers, alignment.unit_plans[0], strict=True):
                    sums[l, m].add(plan)
            self.bar.update()
        return sums


def _options_of_layers(options: RotatingOptions, *layers: Sequence[int]) -> RotatingOptions:
    """Arguments of `align` for some layers of the source and of the target: of masses, theirs."""
    chosen: dict[str, Any] = dict(options)
    for name, positions in zip(("source_mass", "target_mass"), layers, strict=True):
        if chosen.get(name) is not None:
            chosen[name] = [chosen[name][k] for k in positions]
    return cast("RotatingOptions", chosen)


def _given_pairs(
    pairs: Iterable[Sequence[int | str]] | None, networks: tuple[Network, Network], *, is_rotated: bool
) -> list[Pair] | None:
    """Positions of the pairs of layers whose units are followed; None stands for those that the plan uses."""
    if is_rotated and pairs is not None:
        raise ValueError("pairs: expected none with rotations, by which each resample has units of its own; found some")
    if pairs is None:
        return [] if is_rotated else None
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise TypeError(f"pairs: expected pairs of a source and a target layer, found {pairs!r}")
    found = []
    for each in pairs:
        if isinstance(each, str) or not isinstance(each, Sequence | np.ndarray) or len(each) != 2:
            raise ValueError(f"pairs: expected pairs of a source and a target layer, found {each!r}")
        l, m = (
            _validate.position(layer, network.labels, "pairs") for layer, network in zip(each, networks, strict=True)
        )
        found.append((l, m))
    return list(dict.fromkeys(found))


def _used_pairs(alignment: Alignment) -> list[Pair]:
    """Positions of the pairs of layers that carry mass."""
    return [(int(l), int(m)) for l, m in np.argwhere(alignment.layer_plan > MARGINAL_ERROR)]


def _plans_at_random_costs(alignment: Alignment, rng: np.random.Generator) -> F64:
    """Layer plans between the masses of an alignment that have nothing to do with each other."""
    costs = rng.random((_N_CHANCE_PLANS, *alignment.layer_plan.shape))
    masses = alignment.source.layer_masses, alignment.target.layer_masses
    return np.asarray(solve_transports(costs, *masses).toarray())


def _in_common(plans: F64, n_together: int | None = None) -> float:
    """Share of the mass that two layer plans have in common; see `unit_matches.mass_in_common`."""
    flat = plans.reshape(len(plans), -1)
    keys = [np.flatnonzero(plan) for plan in flat]
    return mass_in_common(keys, [plan[key] for plan, key in zip(flat, keys, strict=True)], n_together)
