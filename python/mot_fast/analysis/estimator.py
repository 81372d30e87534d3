"""A scikit-learn estimator of alignments, which is fitted on some stimuli and scored on others."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mot_fast._dlpack import SupportsDLPack
from mot_fast._validate import F64, Array
from mot_fast._warnings import named_once
from mot_fast.alignment.align import align
from mot_fast.alignment.result import Alignment
from mot_fast.analysis.autocorrelation import warn_of_autocorrelation
from mot_fast.analysis.splits import GivenSplits, Groups, Splits
from mot_fast.layer_pairs.alternation import Alternation
from mot_fast.networks import frames
from mot_fast.networks.load import Source, named, warn_of_rows
from mot_fast.networks.network import Network, same_stimuli
from mot_fast.system import optional

Samples = Source | Array | SupportsDLPack

try:
    from sklearn.base import BaseEstimator
except ImportError:

    class BaseEstimator:  # type: ignore[no-redef]
        """Base class where scikit-learn is missing, so that the public name exists all the same."""

        def __new__(cls, **_: Any) -> Any:
            """Raise the error that says how to install scikit-learn."""
            raise optional.missing(f"{cls.__name__} needs", "sklearn")


class Aligner(BaseEstimator):  # type: ignore[misc]
    """`mot_fast.align` as a scikit-learn estimator, whose score is the held-out score of the alignment.

    It is made for `GridSearchCV`, `cross_val_score` and others that split samples, which are the stimuli here. `X` is
    the source network, and `y` the target network, from which the source is reconstructed. Needs scikit-learn.

    Parameters
    ----------
    rotate : bool, Alternation or "auto"
        See `mot_fast.align`. With "auto", `fit` chooses: on every one of `splits` of its stimuli it aligns the training
        stimuli without rotations and with them, and scores both on the held-out ones. It takes rotations if their mean
        score is higher, and then aligns all of its stimuli in the way chosen. The scores by which it chose are too
        good for the better of the two; `score` on stimuli that `fit` did not see is not.
    convention, memory_limit, n_jobs
        See `mot_fast.align`.
    coupling : str or array `(L, M)`
        Layer weights of scores and reconstructions, or the name of a coupling; see `Alignment.coupling`.
    splits : int, list of (train, test), or splitter
        Splits by which rotations are chosen, as in `mot_fast.compare`; used with ``rotate="auto"`` alone. An integer is
        a number of random splits that hold out 20 %, of the seeds 0, 1, ...

    Attributes
    ----------
    alignment_ : Alignment
        Alignment of the networks that were fitted.
    n_features_in_ : int
        Number of units of the source network, in all of its layers.
    rotate_ : bool or Alternation
        How the networks were aligned.
    split_scores_ : dict or None
        With ``rotate="auto"`` the held-out scores without rotations (under False) and with them (under True), an array
        `(n_splits,)` each.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.

    Examples
    --------
    >>> import mot_fast as mot
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> source, target = mot.data.resnets()
    >>> layers = [0, 3, 6, 9]
    >>> grid = {"coupling": ["mot", "single_best", "permuted"]}
    >>> search = GridSearchCV(mot.Aligner(), grid, cv=KFold(3)).fit(source.select(layers), target.select(layers))
    >>> search.best_params_
    {'coupling': 'mot'}
    >>> estimator = mot.Aligner(rotate="auto", splits=2).fit(source[:500].select([0, 9]), target[:500].select([0, 9]))
    >>> estimator.rotate_
    True
    """

    alignment_: Alignment
    n_features_in_: int
    rotate_: bool | Alternation
    split_scores_: dict[bool, F64] | None

    def __init__(
        self,
        *,
        rotate: bool | Alternation | Literal["auto"] = False,
        convention: str = "standardized",
        coupling: str | npt.ArrayLike = "mot",
        splits: GivenSplits = 5,
        memory_limit: int | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.rotate = rotate
        self.convention = convention
        self.coupling = coupling
        self.splits = splits
        self.memory_limit = memory_limit
        self.n_jobs = n_jobs

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes that a pickle holds; those of version 0.1 do not have all of them."""
        was_fitted = {"rotate_": state.get("rotate"), "split_scores_": None} if "alignment_" in state else {}
        super().__setstate__({"splits": 5} | was_fitted | state)

    def fit(self, X: Samples, y: Samples, *, groups: Groups | None = None) -> Aligner:
        """Align the source network `X` with the target network `y`.

        Parameters
        ----------
        X, y : Network, data frame, array `(n_stimuli, n_units)`, or anything `mot_fast.load` takes
            Activations on the same stimuli in the same order. An array, or a data frame with plain columns, is a single
            layer. scikit-learn can select stimuli of networks, data frames and arrays; it cannot select those of lists
            and mappings of layers.
        groups : sequence, optional
            Group of every stimulus, for the splits by which rotations are chosen; see `mot_fast.split`.

        Returns
        -------
        Aligner
            The estimator itself.

        Raises
        ------
        TypeError, ValueError, SolverError
            As `mot_fast.align`, and as `mot_fast.compare` of splits.
        """
        source, target = _network(X, "source"), _network(y, "target")
        self.split_scores_ = None
        if self.rotate != "auto":
            self.rotate_ = self.rotate
            self.alignment_ = self._align(source, target, self.rotate_)
        else:
            same_stimuli([source, target])
            chosen = Splits.validated(self.splits, source.n_stimuli, groups=groups, test_size=0.2, seed=0)
            warn_of_rows((source, target))
            warn_of_autocorrelation((source, target), chosen)
            with named_once():
                self.split_scores_ = self._split_scores(source, target, chosen)
                self.rotate_ = bool(self.split_scores_[True].mean() > self.split_scores_[False].mean())
                self.alignment_ = self._align(source, target, self.rotate_)
        self.n_features_in_ = source.shape[1]
        return self

    def _split_scores(self, source: Network, target: Network, splits: Splits) -> dict[bool, F64]:
        """Held-out scores of every split, without rotations and with them."""
        scores = {rotate: np.empty(len(splits.rows)) for rotate in (False, True)}
        for k, (train, test) in enumerate(splits.rows):
            for rotate, of_splits in scores.items():
                alignment = self._align(source[train], target[train], rotate)
                of_splits[k] = alignment.score(source[test], target[test], self.coupling).value
        return scores

    def _align(self, source: Network, target: Network, rotate: bool | Alternation) -> Alignment:
        """Align two networks."""
        return align(
            source,
            target,
            rotate=rotate,
            convention=self.convention,
            memory_limit=self.memory_limit,
            n_jobs=self.n_jobs,
        )

    def score(self, X: Samples, y: Samples) -> float:
        """Score of the reconstruction of `X` from `y`: mean correlation over the units of a layer, and over layers.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        TypeError, ValueError
            As `Alignment.score`.
        """
        alignment = self._fitted()
        return alignment.score(_network(X, "source"), _network(y, "target"), self.coupling).value

    def reconstruct(self, y: Samples) -> list[F64]:
        """Each source layer `(n_stimuli, n_l)` predicted from the target network's activations `y`.

        Raises
        ------
        NotFittedError
            If nothing was fitted.
        TypeError, ValueError
            As `Alignment.reconstruct`.
        """
        return self._fitted().reconstruct(_network(y, "target"), self.coupling)

    def _fitted(self) -> Alignment:
        """The alignment; an error where nothing was fitted."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "alignment_")
        return self.alignment_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.single_output = False
        tags.target_tags.multi_output = True
        return tags


def _network(values: Samples, argument: str) -> Network:
    """The network that the values hold; a matrix is a network of a single layer."""
    is_matrix = not isinstance(values, Network) and not frames.is_network(values) and hasattr(values, "shape")
    source: Any = [values] if is_matrix else values
    return named(source, argument)
