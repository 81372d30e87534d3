"""Checks that plans out of a file agree with their own masses, costs and proofs, without looking at activations."""

from __future__ import annotations

from reprlib import repr as shown

import numpy as np

from mot_fast._validate import F64, Array, Index
from mot_fast.layer_pairs.goal import Goal, carried_masses
from mot_fast.layer_pairs.packing import PackedPlans
from mot_fast.transport.transport import MARGINAL_ERROR, Certificate

TOLERANCE = 1e-6
"""Largest tolerance in the certificate of a transport of units."""
_LAYER_TOLERANCE = 2e-9
"""Largest tolerance in the certificate of the transport of layers, over the largest layer cost."""
ROUNDING = 2e-9
"""Largest error of sums of masses, and of costs over the largest cost: what a certificate allows, and rounding."""
_LARGEST_COST = 2.0
"""Largest cost of a pair of units, 1 - correlation; the least is 0."""


def agree(found: Array, expected: Array) -> bool:
    """Whether arrays of numbers of order one are the same up to rounding."""
    return bool((np.abs(found - expected) <= ROUNDING).all())


def check_proofs(figures: F64, worst: Certificate | None = None, largest_cost: float = 0.0) -> None:
    """Raise `ValueError` unless all transports are proven optimal, and the worst figures are no better than any.

    Parameters
    ----------
    figures : array, `(n, 5)`
        Figures of the certificates of transports of units.
    worst : Certificate, optional
        The worst figures of these certificates and of that of the transport of layers.
    largest_cost : float
        The largest layer cost.
    """
    worst_figures = np.zeros(5) if worst is None else np.array(worst.figures)
    every = np.vstack([figures, worst_figures])
    limits = np.append(np.full(len(figures), TOLERANCE), max(TOLERANCE, _LAYER_TOLERANCE * largest_cost))
    is_proven = (every[:, :3] <= every[:, 4:]).all() and (every[:, 3] <= MARGINAL_ERROR).all()
    if not (is_proven and (every >= 0).all() and (every[:, 4] <= limits).all()):
        raise ValueError("it holds transports that are not proven optimal")
    if worst is not None and (figures > worst_figures).any():
        raise ValueError("its certificate is better than that of a transport")


def check_plans(plans: PackedPlans, goal: Goal, source_masses: F64, target_masses: F64) -> None:
    """Raise `ValueError` unless plans have these masses, cost what their potentials say, and no less than any can.

    Where mass may be left behind they have no more than these masses, and carry as much as the goal says.

    Parameters
    ----------
    plans : PackedPlans
    goal : Goal
    source_masses, target_masses : arrays
        Masses of the units of all layers of a network, end to end.
    """
    a = source_masses[_positions(plans.source_starts, plans.pair_layers[0], plans.u_starts)]
    b = target_masses[_positions(plans.target_starts, plans.pair_layers[1], plans.v_starts)]
    arrays = plans.arrays
    pair = np.repeat(np.arange(len(plans)), np.diff(plans.entry_starts))
    rows, columns = arrays["row"] + plans.u_starts[pair], arrays["column"] + plans.v_starts[pair]
    for sums, starts in (
        (np.bincount(rows, arrays["mass"], len(a)) - a, plans.u_starts),
        (np.bincount(columns, arrays["mass"], len(b)) - b, plans.v_starts),
    ):
        errors = np.abs(sums) if goal.is_all else sums  # what is left behind
        for p in np.flatnonzero(~(_largest(errors, starts) <= ROUNDING))[:1]:
            raise ValueError(f"the rows or columns of {_name(plans, p)} do not sum to the masses of units")
    gap = arrays["cost"] - np.add.reduceat(a * arrays["u"], plans.u_starts[:-1])
    gap -= np.add.reduceat(b * arrays["v"], plans.v_starts[:-1])
    if not goal.is_all:
        gap += _paid_for_left_behind(plans, goal)
    for p in np.flatnonzero(~(np.abs(gap) <= arrays["certificate"][:, 2] + ROUNDING))[:1]:
        cost = float(arrays["cost"][p])
        raise ValueError(f"{_name(plans, p)} costs {cost}, which is {gap[p]} more than its potentials allow")
    highest = _largest(arrays["u"], plans.u_starts) + _largest(arrays["v"], plans.v_starts)
    for p in np.flatnonzero(~(highest <= _LARGEST_COST + TOLERANCE))[:1]:
        raise ValueError(f"{_name(plans, p)} has potentials that exceed every cost")
    tight = arrays["u"][rows] + arrays["v"][columns]
    for k in np.flatnonzero(~(tight >= -TOLERANCE))[:1]:
        raise ValueError(f"{_name(plans, pair[k])} moves mass at a cost below 0")


def _paid_for_left_behind(plans: PackedPlans, goal: Goal) -> F64:
    """What the mass that every plan leaves behind would pay at the price of mass; `ValueError` unless it is the goal's.

    Units that leave mass behind have the largest potentials, and these together are the price.
    """
    arrays = plans.arrays
    carried = carried_masses(arrays["mass"], arrays["entries"])
    prices = _largest(arrays["u"], plans.u_starts) + _largest(arrays["v"], plans.v_starts)
    if goal.price is None:
        is_met = np.abs(carried - (goal.mass or 1.0)) <= ROUNDING
    else:
        is_met = (np.abs(prices - goal.price) <= TOLERANCE) | (carried >= 1.0 - ROUNDING)
    for p in np.flatnonzero(~is_met)[:1]:
        raise ValueError(f"{_name(plans, p)} carries {carried[p]} at a price of {prices[p]}, and not {goal}")
    return np.asarray((1.0 - carried) * prices)


def _positions(layer_starts: Index, layers: Index, starts: Index) -> Index:
    """Positions of the units of each pair's layer among the units of all layers."""
    shifts = layer_starts[layers] - starts[:-1]
    return np.arange(starts[-1]) + np.repeat(shifts, np.diff(starts))


def _largest(values: F64, starts: Index) -> F64:
    """The largest value of every piece of an array, given where the pieces begin; none is empty."""
    return np.asarray(np.maximum.reduceat(values, starts[:-1]))


def _name(plans: PackedPlans, p: np.intp) -> str:
    """The plan of a pair of layers, for messages."""
    source, target = plans.labels(int(p))
    return f"the plan from layer {shown(source)} to {shown(target)}"
