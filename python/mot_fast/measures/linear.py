"""Linear predictivity: how well ridge regression predicts one network's units from the other's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mot_fast import _validate
from mot_fast._validate import F64, Array
from mot_fast.measures.score import Score, correlate_units
from mot_fast.measures.standardize import ZScores
from mot_fast.networks.load import Source, named
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.networks.summary import same_layers
from mot_fast.system import memory, optional, threads
from mot_fast.system.blas import one_blas_thread
from mot_fast.system.brief_repr import brief_repr

ALPHAS = np.logspace(-8, 8, 17)
"""Penalties of ridge regression to choose from; inputs and outputs are z-scores."""

_LARGEST_Z_SCORE = 1e100
"""Largest held-out z-score: smaller ones cannot make a prediction overflow."""


@dataclass(frozen=True, eq=False)
class LinearPredictivity:
    """Scores of ridge regressions that predict the units of each source layer from those of each target layer.

    Scores are correlations between truth and prediction, averaged over a source layer's units. Units that are constant
    over the stimuli have no correlation and are left out; the score is NaN where no unit is left.
    """

    train: F64
    """Scores on the training stimuli, each predicted from all others, `(L, M)`. They fall to -1, not to 0, where
    nothing can be predicted, since the mean of all other stimuli is lower where the stimulus left out is higher."""
    test: F64
    """Scores on the held-out stimuli, predicted from the training stimuli, `(L, M)`; a constant prediction scores 0."""
    alphas: F64
    """Penalties, `(L, M)`: for each pair of layers the one of least leave-one-out error over all units of the source
    layer."""

    __repr__ = brief_repr


def linear_predictivity(
    source_train: Source,
    target_train: Source,
    source_test: Source,
    target_test: Source,
    *,
    n_jobs: int | None = None,
) -> LinearPredictivity:
    """Predict the units of every source layer from the units of every target layer by ridge regression.

    Each pair of layers has one penalty, chosen from `ALPHAS` by the exact leave-one-out mean squared error over all
    units and training stimuli, as scikit-learn's `RidgeCV` does. Units of both networks are z-scored by their training
    means and deviations, so that the penalty is the same for each; units that are constant in training predict nothing.

    Parameters
    ----------
    source_train, target_train : Network or anything `mot_fast.load` takes
        Activations of both networks on the training stimuli.
    source_test, target_test : Network or anything `mot_fast.load` takes
        Activations of the same layers on the held-out stimuli.
    n_jobs : int, optional
        Threads, one for each target layer, as in `mot_fast.align`; fewer where memory is short. The result is the same
        to the last bit for any number.

    Returns
    -------
    LinearPredictivity

    Raises
    ------
    TypeError, ValueError
        If the networks saw different numbers of stimuli or fewer than 3, a network's training and held-out layers
        differ in labels or widths, an activation is NaN or infinite, held-out activations are of another scale
        altogether, or `n_jobs` is not a number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> target = np.random.default_rng(0).random((50, 4))
    >>> source = target @ [[1.0, 0.5], [0.0, 2.0], [3.0, 0.0], [0.0, 1.0]]
    >>> linear_predictivity([source[:40]], [target[:40]], [source[40:]], [target[40:]]).test.round(9)
    array([[1.]])
    """
    n_threads = _validate.n_threads(n_jobs)
    source_train, target_train, source_test, target_test = _networks(
        source_train, target_train, source_test, target_test
    )
    outputs = [_Layers(source_train, [l]).training for l in range(len(source_train))]
    truth = [source_test.layer(l) for l in range(len(source_test))]

    def from_target_layer(m: int, check: Callable[[], None]) -> list[tuple[float, float, float]]:
        inputs = _Layers(target_train, [m])
        regressions = _Regressions(inputs.training, inputs.held_out(target_test))
        scores = []
        for layer in zip(outputs, truth, strict=True):
            check()
            scores.append(regressions.scores(*layer))
        return scores

    n_threads = min(n_threads, max(1, memory.available() // _working_bytes(source_train, target_train)))
    with one_blas_thread:
        columns = threads.run([partial(from_target_layer, m) for m in range(len(target_train))], n_threads)
    train, test, alphas = np.array(columns).transpose(2, 1, 0)
    return LinearPredictivity(*map(np.ascontiguousarray, (train, test, alphas)))


def global_linear_predictivity(
    source_train: Source, target_train: Source, source_test: Source, target_test: Source
) -> Score:
    """Predict all units of the source network from all units of the target network, by one ridge regression.

    All layers of a network are concatenated into one. The regression, and the choice of its one penalty from `ALPHAS`,
    is scikit-learn's `RidgeCV`, which must be installed. Units are z-scored by their training means and deviations.

    Parameters
    ----------
    source_train, target_train : Network or anything `mot_fast.load` takes
        Activations of both networks on the training stimuli.
    source_test, target_test : Network or anything `mot_fast.load` takes
        Activations of the same layers on the held-out stimuli.

    Returns
    -------
    Score
        Held-out correlation of every source unit with its prediction, layer by layer: its `value` is the mean over
        layers, as that of an alignment, and `over_units` the mean over all units.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError, ValueError
        If the networks saw different numbers of stimuli or fewer than 3, a network's training and held-out layers
        differ in labels or widths, an activation is NaN or infinite, or held-out activations are of another scale
        altogether.

    Examples
    --------
    >>> import numpy as np
    >>> target = [np.random.default_rng(k).random((50, 4)) for k in range(2)]
    >>> source = [target[0] + target[1]]
    >>> round(global_linear_predictivity(source, target, source, target).value, 9)
    1.0
    """
    try:
        from sklearn.linear_model import RidgeCV
    except ImportError as error:
        raise optional.missing("global linear predictivity needs", "sklearn", error=error) from error

    source_train, target_train, source_test, target_test = _networks(
        source_train, target_train, source_test, target_test
    )
    target = _Layers(target_train, range(len(target_train)))
    held_out = target.held_out(target_test)
    # Rotating inputs or outputs changes neither a ridge regression nor its squared errors: as many columns as there are
    # stimuli are enough.
    inputs, input_basis = _narrowed(target.training)
    outputs, output_basis = _narrowed(_Layers(source_train, range(len(source_train))).training)
    ridge = RidgeCV(alphas=ALPHAS).fit(inputs, outputs)
    prediction = ridge.predict(held_out @ input_basis).reshape(len(held_out), -1) @ output_basis.T
    truth = np.hstack([source_test.layer(l).astype(np.float64) for l in range(len(source_test))])
    return Score.of_joined_layers(correlate_units(truth, prediction), source_test.widths)


def _networks(
    source_train: Source, target_train: Source, source_test: Source, target_test: Source
) -> tuple[Network, Network, Network, Network]:
    train = _pair(source_train, target_train, "train")
    test = _pair(source_test, target_test, "test")
    for side, network, held_out in zip(("source", "target"), train, test, strict=True):
        same_layers(network, held_out, f"{side}_test", f"{side}_train")
    return *train, *test


def _pair(source: Source, target: Source, part: str) -> tuple[Network, Network]:
    source, target = named(source, f"source_{part}"), named(target, f"target_{part}")
    same_stimuli([source, target])
    _validate.enough_stimuli(source.n_stimuli, f"source_{part} and target_{part}")
    return source, target


def _working_bytes(source: Network, target: Network) -> int:
    """Largest number of bytes that the regressions on one target layer take."""
    rank = min(max(target.widths), source.n_stimuli)
    return 8 * (len(ALPHAS) * rank**2 + 4 * source.n_stimuli * (rank + max(source.widths)))


class _Layers:
    """Units of some layers, side by side, as z-scores by their training means and deviations."""

    def __init__(self, network: Network, layers: Sequence[int]) -> None:
        self._layers = layers
        self._z_scores = ZScores(self._read(network))
        self.training = self._z_scores.training
        """`(n_stimuli, n_units)`; 0 for a unit that is constant."""

    def held_out(self, network: Network) -> F64:
        """Z-scores of other stimuli; 0 for a unit that is constant in training."""
        scores = self._z_scores.of(self._read(network))
        largest = np.abs(scores).max(axis=0)
        if largest.max() > _LARGEST_Z_SCORE:
            raise ValueError(
                f"network '{network.name}', {self._place(network, int(largest.argmax()))}: expected held-out "
                f"activations of the training activations' scale, found a z-score of {largest.max():.3g}"
            )
        return scores

    def _read(self, network: Network) -> F64:
        return np.hstack([network.layer(l).astype(np.float64) for l in self._layers])

    def _place(self, network: Network, unit: int) -> str:
        starts = np.cumsum([0, *(network.widths[l] for l in self._layers)])
        k = int(np.searchsorted(starts, unit, side="right")) - 1
        return f"layer '{network.labels[self._layers[k]]}', unit {unit - starts[k]}"


class _Regressions:
    """Ridge regressions of any outputs on the same inputs, for all of `ALPHAS`, from one decomposition.

    With inputs ``X = U S V^T`` of mean 0 and ``D = alpha / (S^2 + alpha)`` the residual of outputs Y is
    ``R = U D U^T Y + (Y - U U^T Y)``. A stimulus predicted without itself errs by its row of R over
    ``1 - h = 1 - 1/T - sum_k U_k^2 (1 - D_k)`` (Allen 1974). The sum of these errors' squares does not need R: it
    follows from the moments ``D U^T (1 - h)^-2 U D`` of the inputs, computed once for each alpha, and ``U^T Y Y^T U``.
    """

    def __init__(self, inputs: F64, held_out: F64) -> None:
        from scipy.linalg import svd

        n_stimuli = len(inputs)
        left, singular, right = svd(inputs, full_matrices=False, check_finite=False)
        is_none = singular <= singular[0] * max(inputs.shape) * np.finfo(np.float64).eps
        rank = min(n_stimuli - 1, int((~is_none).sum()))
        self.left = np.ascontiguousarray(left[:, :rank])
        self.held_out = held_out @ right[:rank].T
        denominators = singular[:rank] ** 2 + ALPHAS[:, None]
        self.gains = singular[:rank] / denominators
        self.shrinkage = ALPHAS[:, None] / denominators
        squares = self.left**2
        self.is_saturated = rank == n_stimuli - 1  # U and the mean span all stimuli: no residual is beyond them
        beyond = 0.0 if self.is_saturated else np.maximum(1.0 - 1.0 / n_stimuli - squares.sum(axis=1), 0.0)
        self.weights = 1.0 / (self.shrinkage @ squares.T + beyond)
        self.moments = np.empty((len(ALPHAS), rank, rank))
        for shrinkage, weights, moments in zip(self.shrinkage, self.weights, self.moments, strict=True):
            errors = self.left * shrinkage * weights[:, None]
            np.matmul(errors.T, errors, out=moments)

    def scores(self, outputs: F64, held_out: Array) -> tuple[float, float, float]:
        """Leave-one-out score and held-out score of z-scored outputs, and the alpha chosen."""
        coefficients = self.left.T @ outputs
        beyond = np.zeros_like(outputs) if self.is_saturated else outputs - self.left @ coefficients
        chosen = int(self._squared_errors(coefficients, beyond).argmin())
        errors = self.left @ (coefficients * self.shrinkage[chosen][:, None])
        errors += beyond
        errors *= self.weights[chosen][:, None]
        train = correlate_units(outputs, outputs - errors)
        test = correlate_units(held_out, self.held_out @ (coefficients * self.gains[chosen][:, None]))
        return Score.of_units([train]).value, Score.of_units([test]).value, float(ALPHAS[chosen])

    def _squared_errors(self, coefficients: F64, beyond: F64) -> F64:
        """Sums of squared leave-one-out errors over stimuli and units, one for each alpha."""
        total = np.tensordot(self.moments, coefficients @ coefficients.T)
        if not self.is_saturated:
            squared_weights = self.weights**2
            cross = self.left * (beyond @ coefficients.T)
            total += 2.0 * ((squared_weights @ cross) * self.shrinkage).sum(axis=1)
            total += squared_weights @ np.einsum("ti,ti->t", beyond, beyond)
        return np.asarray(total)


def _narrowed(values: F64) -> tuple[F64, F64]:
    """Factor and basis with ``values == factor @ basis.T``: the basis has orthonormal columns, no more than stimuli."""
    from scipy.linalg import qr

    n_stimuli, n_units = values.shape
    if n_units <= n_stimuli:
        return values, np.eye(n_units)
    basis, triangle = qr(values.T, mode="economic", check_finite=False)
    return triangle.T, basis
