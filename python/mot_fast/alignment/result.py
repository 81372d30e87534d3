"""The result of `align`, and the questions that it answers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast._warnings import renamed_arguments
from mot_fast.alignment import mot_file
from mot_fast.alignment.held_out import HeldOut
from mot_fast.alignment.matched import hierarchy_ceiling, matched_share
from mot_fast.alignment.predict import layer_weights, reconstruct
from mot_fast.alignment.record import ALL_MASS, Evaluation, Goals, Run
from mot_fast.alignment.rotations import rotations_of
from mot_fast.display import notebook, tables
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.measures.coupling import coupling
from mot_fast.measures.score import Score
from mot_fast.networks.load import Source
from mot_fast.networks.network import Network
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system.control_characters import printable
from mot_fast.transport.transport import Certificate, UnitPlan

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """Two networks aligned: exact transports between the units of every pair of layers, and between the layers.

    Made by `mot_fast.align`. L and M are the numbers of source and target layers.
    """

    source: NetworkSummary
    """Layers of the source network: their labels, masses, and means and deviations of their units."""
    target: NetworkSummary
    """Layers of the target network, as those of the source."""
    convention: str
    """Convention of the reconstruction, "standardized" or "paper"; see `mot_fast.align`."""
    cost: float
    """Alignment cost: ``sum(layer_costs * layer_plan)``; of each unit of mass carried, where `layer_mass` was given,
    and with what is paid for layers left behind, where `layer_cost` was."""
    layer_costs: F64
    """Costs of the layer pairs, `(L, M)`: the least cost of carrying the units of one layer onto those of the other,
    1 - correlation each; with rotations the least residual. Of each unit of mass carried, where `unit_mass` was given,
    and with what is paid for units left behind, where `unit_cost` was."""
    layer_plan: F64
    """Plan between the layers, `(L, M)`: rows sum to the masses of the source layers, 1 / L by default, columns to the
    masses of the target layers, 1 / M; or to less, where layers may be left behind."""
    certificate: Certificate
    """Proof of optimality: the worst of every figure over all transports solved."""
    unit_plans: Sequence[Sequence[UnitPlan]]
    """Plans between the units of every pair of layers, L rows of M; with rotations the source units are the rotated
    ones."""
    alternation: Alternation | None = None
    """Options by which rotations were found; None without rotations."""
    traces: Sequence[Sequence[F64]] | None = None
    """Residuals after each alternation, one array a pair of layers, L rows of M; None without rotations."""
    rotations: Mapping[tuple[int, int], F64] = field(default_factory=dict)
    """Orthogonal matrices `(n_l, n_l)` of the pairs of layers, by position, that a coupling uses; none without
    rotations."""
    run: Run | None = None
    """Time, machine and versions of the run that made the alignment; None where they are not known."""
    evaluation: Evaluation | None = None
    """Scores on held-out stimuli, once `mot_fast.evaluate` has computed them."""
    training: tuple[Network, Network] | None = None
    """Networks that were aligned, with rotations only: rotations that are not kept are found again from them. They are
    neither saved nor pickled."""
    memory_limit: int | None = None
    """Memory limit given to `mot_fast.align`, in bytes; it holds where rotations are found again too."""
    goals: Goals = ALL_MASS
    """How much mass is carried between units and between layers: all of it by default."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "training": None}

    def unit_plan(self, source_layer: int | str, target_layer: int | str) -> UnitPlan:
        """The plan between the units of two layers, which are given by position or label.

        Raises
        ------
        IndexError, KeyError
            If there is no such layer.
        """
        l = _validate.position(source_layer, self.source.labels, "source_layer")
        m = _validate.position(target_layer, self.target.labels, "target_layer")
        return self.unit_plans[l][m]

    @property
    def matched(self) -> float:
        """Share of the source's mass that the layer plan and the units' plans carry: 1 unless some is left behind."""
        return matched_share(self, self.layer_plan)

    def hierarchy_ceiling(self) -> float:
        """Highest hierarchy score of a layer plan that carries as much mass; NaN where a network has one layer."""
        return hierarchy_ceiling(self)

    def rotation(self, source_layer: int | str, target_layer: int | str) -> F64:
        """The orthogonal R, `(n_l, n_l)`, of two layers: their plan is between the columns of ``X_l R`` and ``Y_m``.

        Rotations that a coupling uses are kept. Others are found again from the activations: by one factorization, or
        by the whole alternation where the plan leaves directions free.

        Raises
        ------
        IndexError, KeyError
            If there is no such layer.
        ValueError
            If the networks were aligned without rotations; if the rotation is not kept and the alignment was loaded
            from a file, which holds no activations.
        """
        (rotation,) = self.rotations_of([(source_layer, target_layer)]).values()
        return rotation

    @renamed_arguments(n_threads="n_jobs")
    def rotations_of(
        self, pairs: Sequence[Sequence[int | str]], n_jobs: int | None = None
    ) -> Mapping[tuple[int, int], F64]:
        """The rotations of many pairs of layers, by position; see `rotation`.

        Rotations that are not kept are found again on `n_jobs` threads; see `mot_fast.align`.
        """
        return rotations_of(self, pairs, n_jobs)

    def transpose(self) -> Alignment:
        """The target network aligned with the source network: the same transports, seen from the other side.

        Its `evaluation` is None, as scores are those of the source reconstructed from the target.

        Raises
        ------
        ValueError
            If the networks were aligned with rotations, as only the source's layers are rotated.
        """
        if self.alternation is not None:
            raise ValueError("transpose: expected an alignment without rotations, found one whose source is rotated")
        return replace(
            self,
            source=self.target,
            target=self.source,
            evaluation=None,
            layer_costs=self.layer_costs.T.copy(),
            layer_plan=self.layer_plan.T.copy(),
            unit_plans=tuple(
                tuple(plan.transpose() for plan in column) for column in zip(*self.unit_plans, strict=True)
            ),
        )

    def coupling(self, name: str = "mot", *, seed: int = 0) -> F64:
        """Layer weights `(L, M)` of the alignment or of a baseline, each row summing to its layer's mass, 1 / L.

        Parameters
        ----------
        name : {"mot", "single_best", "pairwise_best", "greedy", "uniform", "permuted"}
            "mot": the layer plan. "single_best": all of a source layer's weight on the target layer that has most of
            it in the plan, the first of several. "pairwise_best": all of it on the target layer of least cost.
            Three controls: "greedy": the weights of a source layer's row of the plan on its cheapest target layers, in
            order, so that it averages as "mot" does, but no balance of masses holds. "uniform": all target layers
            alike, without a plan between layers. "permuted": the rows of the plan in a random order.
        seed : int
            Seed of the random order, for "permuted" only.

        Raises
        ------
        ValueError
            If there is no such coupling.
        """
        return coupling(name, self.layer_plan, self.layer_costs, seed, is_all=self.goals.layers.is_all)

    def reconstruct(self, target: Source, coupling: str | npt.ArrayLike = "mot", *, seed: int = 0) -> list[F64]:
        """The source network's activations predicted from the target network's.

        ``Xhat_l = L sum_m P_lm Y_m Q_lm^T R_lm^T`` (Shah & Khosla, arXiv 2510.01706), 1 / L being the mass of layer l
        and R_lm the rotation, if there is one. In the standardized convention Y_m are z-scores by the training means
        and deviations (with rotations: centred, over the layer's root mean square) and each row of Q_lm is scaled to
        sum to 1, so predictions are in the source's z-scores, or over its layers' root mean square; in the paper's
        convention Y_m and Q_lm are raw.

        Parameters
        ----------
        target : Network or anything `mot_fast.load` takes
            Activations of the target network, with the layers aligned.
        coupling : str or array `(L, M)`
            Name of a coupling, as `Alignment.coupling` takes it, or layer weights.
        seed : int
            Seed of the random order, for "permuted" only.

        Returns
        -------
        list of arrays `(n_stimuli, n_l)`
            Predictions, one array for each source layer.

        Raises
        ------
        TypeError, ValueError
            If the network's layers are not those aligned, or activations are not finite; if a rotation is neither kept
            nor can be found again, as the alignment was loaded from a file.
        """
        return reconstruct(self, target, coupling, seed)

    def score(
        self,
        source: Source,
        target: Source,
        coupling: str | npt.ArrayLike = "mot",
        *,
        seed: int = 0,
        axes: str | Sequence[npt.ArrayLike] | None = None,
    ) -> Score:
        """Mean correlation of held-out source units with their reconstruction from the target; higher is better.

        Parameters
        ----------
        source, target : Network or anything `mot_fast.load` takes
            Activations of the networks aligned, on the same stimuli; for an honest score, not those aligned on.
        coupling : str or array `(L, M)`
            Name of a coupling, as `Alignment.coupling` takes it, or layer weights.
        seed : int
            Seed of the random order, for "permuted" only.
        axes : "rotated" or sequence of arrays `(n_l, k_l)`, optional
            With rotations only: axes in which activations and predictions are compared. By default these are the units
            as they were given, and the score is that of predictions back in them. It depends on what these axes are: a
            source that is turned has the same alignment, but for local optima (see `restarts` of `Alternation`), and
            another score. "rotated" compares along the rotated units, the columns of ``X_l R_lm`` for the target layer
            m that has most of layer l in the plan; turning the source does not change that score, turning the target
            does. Arrays with orthonormal columns, one a layer, give axes of the caller's own: if ``X_l O_l`` was
            aligned in the place of ``X_l``, ``O_l.T`` leads back.

        Returns
        -------
        Score

        Raises
        ------
        TypeError, ValueError
            If the networks' layers are not those aligned, their stimuli differ in number or are fewer than 3, or
            activations are not finite; if axes are given that are not orthonormal, or none is rotated; if a rotation is
            neither kept nor can be found again, which "permuted" may want, as the alignment was loaded from a file.

        See Also
        --------
        mot_fast.evaluate : scores of every coupling with their intervals, kept with the alignment
        mot_fast.bootstrap_score : confidence interval of a score over stimuli
        mot_fast.p_better : p-value of "one coupling scores higher than another"
        mot_fast.compare : means and standard deviations of scores over splits
        """
        held_out = HeldOut.of(self, source, target, axes=axes)
        (score,) = held_out.scores([layer_weights(self, coupling, seed)])
        return score

    @renamed_arguments(n_threads="n_jobs")
    def scores(self, source: Source, target: Source, weights: Sequence[F64], n_jobs: int | None = None) -> list[Score]:
        """Held-out scores of many layer weights `(L, M)` at once; see `score`.

        Each pair of layers is predicted from once. Rotations that are not kept are found again on `n_jobs`
        threads; see `mot_fast.align`.
        """
        return HeldOut.of(self, source, target, n_jobs).scores(weights)

    def to_pandas(self) -> pandas.DataFrame:
        """The layer plan as a table, one row for each pair of layers. Needs pandas.

        Returns
        -------
        pandas.DataFrame
            Columns `source_layer` and `target_layer`: labels, as categories in the order of depth; `cost`: the layer
            cost; `mass`: the mass that the layer plan moves; `single_best` and `pairwise_best`: the weights of these
            couplings.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> import numpy as np, mot_fast as mot
        >>> layers = [np.random.default_rng(k).random((50, 4)) for k in range(3)]
        >>> frame = mot.align(layers, layers).to_pandas()
        >>> frame.pivot(index="source_layer", columns="target_layer", values="mass").round(2).to_numpy()
        array([[0.33, 0.  , 0.  ],
               [0.  , 0.33, 0.  ],
               [0.  , 0.  , 0.33]])
        """
        return tables.pairs("layer", (self.source.labels, self.target.labels), self.layer_plan, self.layer_costs)

    def to_xarray(self) -> xarray.Dataset:
        """The layer plan and the layer costs as labelled arrays. Needs xarray.

        Returns
        -------
        xarray.Dataset
            `layer_plan` and `layer_costs`, `(L, M)` over `source_layer` and `target_layer`; among the attributes the
            alignment cost, the convention, and the names of `source` and `target`.

        Raises
        ------
        ImportError
            If xarray is not installed.

        Examples
        --------
        >>> import numpy as np, mot_fast as mot
        >>> layers = {f"block{k}": np.random.default_rng(k).random((50, 4)) for k in range(3)}
        >>> dataset = mot.align(layers, layers).to_xarray()
        >>> round(float(dataset.layer_plan.sel(source_layer="block1", target_layer="block1")), 2)
        0.33
        """
        return tables.dataset(
            {"source_layer": self.source.labels, "target_layer": self.target.labels},
            {"layer_plan": self.layer_plan, "layer_costs": self.layer_costs},
            {
                "cost": self.cost,
                "convention": self.convention,
                "source": self.source.name,
                "target": self.target.name,
            },
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the layer plan as a heat map, and return the axes. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib axes, optional
            Axes to draw on; by default those of a new figure.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.display.layer_plans import plot_layer_plan

        return plot_layer_plan(self, ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the alignment to a `.mot` file, completely or not at all.

        The file holds the rotations that the alignment keeps, but no activations.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        mot_file.save(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Alignment:
        """Read an alignment from a `.mot` file; reading cannot execute code.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is not a complete `.mot` file, or of a newer format.
        """
        return mot_file.load(path, Alignment)

    def _repr_html_(self) -> str:
        return notebook.of_alignment(self)

    def __repr__(self) -> str:
        matched = "" if self.goals.are_all else f", {self.matched:.0%} matched"
        return (
            f"Alignment('{printable(self.source.name)}', {len(self.source.labels)} layers, "
            f"to '{printable(self.target.name)}', "
            f"{len(self.target.labels)} layers, {self.convention}, cost {self.cost:.4f}{matched})"
        )
