"""Pictures of plans between layers, and between checkpoints or other parts: what share of each goes where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64, check_alignment
from mot_fast.display import plan_maps
from mot_fast.display.axes import GivenAxes
from mot_fast.display.names import method_name
from mot_fast.display.plan_maps import Plan, darkest_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mot_fast.alignment.nested import NestedAlignment
    from mot_fast.alignment.result import Alignment

Coupling: TypeAlias = str | npt.ArrayLike
Item: TypeAlias = "Alignment | tuple[Alignment, Coupling]"


def plot_layer_plan(
    alignment: Alignment,
    ax: Axes | None = None,
    *,
    coupling: Coupling = "mot",
    vmax: float | None = None,
    colorbar: bool = True,
    show_mass: bool | None = None,
) -> Axes:
    """Draw which target layers each source layer is coupled with, as shares of the source layer.

    Parameters
    ----------
    alignment : Alignment
    ax : matplotlib axes, optional
        Where to draw; a new figure by default.
    coupling : str or array `(L, M)`
        A name that `Alignment.coupling` knows ("permuted" takes the order of seed 0), or weights of pairs of layers.
    vmax : float, optional
        Share that has the darkest colour; by default 1, so that any two pictures are comparable. Colours follow the
        square root of the share, so that small shares can be seen.
    colorbar : bool
        Whether to add a colour bar.
    show_mass : bool, optional
        Whether to write at every row what share of the source network's mass it carries. By default this is written at
        every row if the layers' masses differ, and once if they are all the same.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If there is no such coupling, the weights do not fit the alignment's layers, or `vmax` is not positive.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, mot_fast as mot
    >>> layers = [np.random.default_rng(k).random((50, 4)) for k in range(3)]
    >>> ax = plot_layer_plan(mot.align(layers, layers))
    >>> print(ax.get_title())
    mot
    cost 0.00
    hierarchy 1.00 (at most 1.00)
    """
    check_alignment(alignment)
    plan = _plan(alignment, coupling, _name(alignment, coupling))
    return plan_maps.draw_one(plan, ax, darkest_share(vmax), colorbar=colorbar, show_mass=show_mass)


def plot_layer_plans(
    alignments: Sequence[Item] | Mapping[str, Item],
    axes: Sequence[Axes] | npt.NDArray[np.object_] | None = None,
    *,
    couplings: Sequence[str] | None = None,
    vmax: float | None = None,
) -> list[Axes]:
    """Draw layer plans side by side on one scale of colours; see `plot_layer_plan`.

    Parameters
    ----------
    alignments : sequence, or mapping from titles
        Alignments, or pairs of an alignment and its coupling.
    axes : sequence of matplotlib axes, optional
        Where to draw, one for each plan; a new figure by default.
    couplings : sequence of str, optional
        Each alignment that comes without a coupling is drawn with each of these; by default with "mot" alone.
    vmax : float, optional
        Share that has the darkest colour; by default 1.

    Returns
    -------
    list of matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If there is nothing to draw, or not as many axes as plans; as `plot_layer_plan`.
    ImportError
        If matplotlib is not installed.
    """
    plans = list(_plans(alignments, ["mot"] if couplings is None else couplings))
    if not plans:
        raise ValueError("alignments: expected something to draw, found nothing")
    return plan_maps.draw_strip(plans, axes, darkest_share(vmax))


def plot_nested(
    nested: NestedAlignment, axes: GivenAxes = None, *, couplings: Sequence[str] = ("mot", "pairwise_best")
) -> list[Axes]:
    """Draw plans between the parts of two systems side by side, by default that of MOT and the pairwise-best map.

    Rows are source parts, columns target parts, and colours show shares of the row on one scale. For two training
    runs, whose parts are checkpoints, this is Figure 5 of Shah & Khosla (arXiv 2510.01706).

    Parameters
    ----------
    nested : NestedAlignment
        An alignment of n source parts and m target parts.
    axes : sequence of matplotlib axes, optional
        Where to draw, one for each coupling; a new figure by default.
    couplings : sequence of str
        Names that `NestedAlignment.coupling` knows; each gives weights `(n, m)`.

    Returns
    -------
    list of matplotlib axes

    Raises
    ------
    TypeError, ValueError
        If `couplings` is no sequence of names of couplings, or there are not as many axes as couplings.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import mot_fast as mot
    >>> left, right = plot_nested(mot.align_trajectories(*mot.data.training_runs()))
    >>> print(left.get_title())
    mot
    cost 0.601
    hierarchy 0.97 (at most 1.00)
    """
    if isinstance(couplings, str):
        raise TypeError(f"couplings: expected several names, found {couplings!r}; one alone is [{couplings!r}]")
    if not len(couplings):
        raise ValueError("couplings: expected something to draw, found nothing")
    masses = nested.plan.sum(axis=1)
    part = "layer" if nested.n_levels == 2 else "part"
    plans = []
    for name in couplings:
        sides, weights = (nested.source, nested.target), nested.coupling(name)
        plans.append(Plan(method_name(name), *sides, weights, masses, nested.costs, part=part))
    return plan_maps.draw_strip(plans, axes, 1.0)


def _plans(alignments: Sequence[Item] | Mapping[str, Item], couplings: Sequence[str]) -> Iterator[Plan]:
    """Plans to draw, with their titles: one for each alignment and each of its couplings."""
    pairs = alignments.items() if isinstance(alignments, Mapping) else [(None, item) for item in alignments]
    for title, item in pairs:
        alignment, given = item if isinstance(item, tuple) and len(item) == 2 else (item, None)
        if not _validate.is_alignment(alignment):
            raise TypeError(f"alignments: expected alignments, or pairs (alignment, coupling), found {item!r}")
        own: Sequence[Coupling] = couplings if given is None else [given]
        for coupling in own:
            name = _name(alignment, coupling)
            full = name if title is None else title if len(own) == 1 else f"{title}, {name}"
            yield _plan(alignment, coupling, full)


def _plan(alignment: Alignment, coupling: Coupling, title: str) -> Plan:
    weights, masses = _weights(alignment, coupling), alignment.source.layer_masses
    what = "cost" if alignment.alternation is None else "residual"
    goal = alignment.goals.layers
    return Plan(
        title,
        alignment.source,
        alignment.target,
        weights,
        masses,
        alignment.layer_costs,
        what,
        target_masses=None if goal.is_all else alignment.target.layer_masses,
        cost=float(goal.cost((alignment.layer_costs * weights).sum(), weights.sum())),
    )


def _weights(alignment: Alignment, coupling: Coupling) -> F64:
    if isinstance(coupling, str):
        return alignment.coupling(coupling)
    return _validate.layer_weights(coupling, alignment.layer_plan.shape, "coupling")


def _name(alignment: Alignment, coupling: Coupling) -> str:
    return method_name(
        coupling if isinstance(coupling, str) else "given weights", is_rotated=alignment.alternation is not None
    )
