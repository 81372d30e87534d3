"""The result of `align`, and what can be asked of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.alignment import mot_file
from mot_fast.alignment.predict import Predictor
from mot_fast.alignment.views import Views
from mot_fast.layer_pairs.rotated_transports import RotatedTransports, rotations
from mot_fast.measures.coupling import coupling
from mot_fast.measures.score import Score, correlate_with_each
from mot_fast.networks.load import Source, load, named
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.networks.summary import NetworkSummary
from mot_fast.system import memory
from mot_fast.system.blas import one_blas_thread
from mot_fast.system.control_characters import printable
from mot_fast.transport.transport import UnitPlan

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Alignment(Views):
    """Two networks aligned: exact transports between the units of every pair of layers, and between the layers.

    Made by `mot_fast.align`.
    """

    training: tuple[Network, Network] | None = None
    """With rotations: the networks aligned, neither saved nor pickled, to find rotations again that are not kept."""
    memory_limit: int | None = None
    """That of `align`, for the same."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "training": None}

    def unit_plan(self, source_layer: int | str, target_layer: int | str) -> UnitPlan:
        """The plan between the units of two layers, given by position or label.

        Raises
        ------
        IndexError, KeyError
            If there is no such layer.
        """
        l = _validate.position(source_layer, self.source.labels, "source_layer")
        m = _validate.position(target_layer, self.target.labels, "target_layer")
        return self.unit_plans[l][m]

    def rotation(self, source_layer: int | str, target_layer: int | str) -> F64:
        """The orthogonal R, `(n_l, n_l)`, of two layers: their plan is between the columns of ``X_l R`` and ``Y_m``.

        Those that a coupling uses are kept; others are found again from the activations, by one factorization or, where
        the plan leaves directions free, by the whole alternation.

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

    def rotations_of(
        self, pairs: Sequence[Sequence[int | str]], n_threads: int | None = None
    ) -> Mapping[tuple[int, int], F64]:
        """The rotations of many pairs of layers by position, on so many threads, by default all; see `rotation`."""
        if self.alternation is None:
            raise ValueError("rotation: expected an alignment with rotate=True, found one without rotations")
        wanted = [
            (
                _validate.position(l, self.source.labels, "source_layer"),
                _validate.position(m, self.target.labels, "target_layer"),
            )
            for l, m in pairs
        ]
        missing = [pair for pair in dict.fromkeys(wanted) if pair not in self.rotations]
        found: dict[tuple[int, int], F64] = {}
        if missing:
            if self.training is None:
                l, m = missing[0]
                raise ValueError(
                    f"rotation: that from layer '{self.source.labels[l]}' to '{self.target.labels[m]}' is not kept, as "
                    "no coupling uses it, and an alignment loaded from a file holds no activations to find it again"
                )
            sides = self.source, self.target
            work = RotatedTransports(
                self.convention, self.alternation, (self.source.unit_masses, self.target.unit_masses)
            )
            budget = memory.Budget(_validate.memory_limit(self.memory_limit, memory.available()))
            n_threads = _validate.n_threads(n_threads)
            with one_blas_thread:
                found = rotations(work, sides, self.unit_plans, missing, self.training, budget, n_threads)
        return {pair: found[pair] if pair in found else self.rotations[pair] for pair in wanted}

    def transpose(self) -> Alignment:
        """The target network aligned with the source network: the same transports, seen from the other side.

        It has no `evaluation`, whose scores are those of the source reconstructed from the target.

        Raises
        ------
        ValueError
            If the networks were aligned with rotations, which are those of source layers alone.
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
        name : {"mot", "single_best", "pairwise_best", "permuted"}
            The layer plan; all of a layer's weight where the plan has most of it, of several such target layers on the
            first; all on the layer of least cost; the rows of the plan in a random order.
        seed : int
            Of the random order.

        Raises
        ------
        ValueError
            If there is no such coupling.
        """
        return coupling(name, self.layer_plan, self.layer_costs, seed)

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
            A name that `Alignment.coupling` knows, or layer weights.
        seed : int
            For the permuted coupling.

        Returns
        -------
        list of arrays `(n_stimuli, n_l)`
            One for each source layer.

        Raises
        ------
        TypeError, ValueError
            If the network's layers are not those aligned, or activations are not finite; if a rotation is neither kept
            nor can be found again, as the alignment was loaded from a file.
        """
        network = _matching(target, self.target, "target")
        weights = self._weights(coupling, seed)
        predictor = Predictor(self, network, self.rotations_of)
        with one_blas_thread:  # so that no bit depends on how many there are
            return [predictor.predict(l, [weights])[0] for l in range(len(weights))]

    def score(self, source: Source, target: Source, coupling: str | npt.ArrayLike = "mot", *, seed: int = 0) -> Score:
        """How well held-out source activations are reconstructed from the target's: mean correlation, higher is better.

        Parameters
        ----------
        source, target : Network or anything `mot_fast.load` takes
            Activations of the networks aligned, on the same stimuli; for an honest score, not those aligned on.
        coupling : str or array `(L, M)`
            A name that `Alignment.coupling` knows, or layer weights.
        seed : int
            For the permuted coupling.

        Returns
        -------
        Score

        Raises
        ------
        TypeError, ValueError
            If the networks' layers are not those aligned, their stimuli differ in number or are fewer than 3, or
            activations are not finite; if a rotation is neither kept nor can be found again, which "permuted" may want,
            as the alignment was loaded from a file.

        See Also
        --------
        mot_fast.evaluate : that of every coupling with its interval, kept with the alignment
        mot_fast.bootstrap_score : its confidence interval over stimuli
        mot_fast.p_better : whether one coupling scores higher than another by chance
        mot_fast.compare : mean and standard deviation over splits
        """
        truth = _matching(source, self.source, "source")
        network = _matching(target, self.target, "target")
        same_stimuli([truth, network])
        _validate.enough_stimuli(truth.n_stimuli, "source and target")
        return self.scores(truth, network, [self._weights(coupling, seed)])[0]

    def scores(
        self, source: Source, target: Source, weights: Sequence[F64], n_threads: int | None = None
    ) -> list[Score]:
        """As `score`, for many layer weights `(L, M)` at once: each pair of layers is predicted from once.

        Rotations that are not kept are found again on `n_threads`, by default all that are allowed.
        """
        rotations_of = partial(self.rotations_of, n_threads=n_threads)
        truth, predictor = load(source), Predictor(self, load(target), rotations_of)
        units: list[list[F64]] = [[] for _ in weights]
        with one_blas_thread:
            for l in range(len(truth)):
                for k, r in enumerate(correlate_with_each(truth.layer(l), predictor.predict(l, weights))):
                    units[k].append(r)
        return [Score.of_units(per_unit) for per_unit in units]

    def _weights(self, coupling: str | npt.ArrayLike, seed: int) -> F64:
        if isinstance(coupling, str):
            return self.coupling(coupling, seed=seed)
        return _validate.layer_weights(coupling, self.layer_plan.shape, "coupling")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the layer plan as a heat map and return the axes. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib axes, optional
            Where to draw; a new figure by default.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from mot_fast.display.layer_plans import plot_layer_plan

        return plot_layer_plan(self, ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the alignment to a `.mot` file, whole or not at all; with the rotations kept, but no activations.

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
            If it is not a complete `.mot` file, or of a newer format.
        """
        record = mot_file.load(path)
        return Alignment(**{field.name: getattr(record, field.name) for field in fields(record)})

    def __repr__(self) -> str:
        return (
            f"Alignment('{printable(self.source.name)}', {len(self.source.labels)} layers, "
            f"to '{printable(self.target.name)}', "
            f"{len(self.target.labels)} layers, {self.convention}, cost {self.cost:.4f})"
        )


def _matching(source: Source, side: NetworkSummary, argument: str) -> Network:
    """The network, which must have the layers that were aligned."""
    network = named(source, argument)
    _validate.same_layers(side, network, argument, f"'{side.name}' that were aligned")
    return network
