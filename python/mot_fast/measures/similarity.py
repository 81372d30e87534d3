"""Pairwise similarity of layers, without a plan between their units: RSA, linear CKA and Procrustes similarity.

By chance alone, layers of few stimuli and many units look alike to CKA and Procrustes similarity, but not to the
debiased CKA and to RSA: each docstring says by how much.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from mot_fast import _validate
from mot_fast._validate import F64
from mot_fast.measures.standardize import centre, is_constant, order_one, unit_layer, unit_vector
from mot_fast.networks.load import Source, pair
from mot_fast.networks.network import Network
from mot_fast.system import memory, threads
from mot_fast.system.blas import one_blas_thread

COMPARISONS = ("spearman", "pearson", "kendall")

_DECIMALS = 12
"""Decimals of dissimilarities that are kept: rounding blurs them at 1e-15, and ranks of equal ones would be noise."""

MIN_STIMULI_DEBIASED = 4
"""Fewest stimuli of the debiased CKA: the estimator divides by ``T (T - 3)``."""

_LEAST_DEBIASED = 1e-12
"""Share of the squared norm of a layer's kernel that is left without its bias; less than that is rounding."""

_WORKING_VECTORS = 12
"""Largest number of vectors as long as a layer's dissimilarities in memory while they are computed or ranked."""


def rsa(source: Source, target: Source, *, compare: str = "spearman", n_jobs: int | None = None) -> F64:
    """Representational similarity analysis: correlation of two layers' dissimilarities between stimuli.

    The dissimilarity of two stimuli is 1 - Pearson correlation over the units of a layer; the dissimilarities of all
    pairs of stimuli are compared between layers (Kriegeskorte, Mur & Bandettini 2008).

    Chance needs no correction here: over all orders of one network's stimuli, the mean is exactly 0 for every way to
    compare, as each dissimilarity then stands against every other equally often. Noise still lowers the values.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order.
    compare : {"spearman", "pearson", "kendall"}
        Rank correlation, linear correlation, or Kendall's tau-b, which takes about ten times as long.
    n_jobs : int, optional
        Threads, as in `mot_fast.align`; fewer where memory is short. The result is the same for any number.

    Returns
    -------
    array, `(L, M)`
        Similarities in [-1, 1], higher is more alike.

    Raises
    ------
    TypeError, ValueError
        If the networks saw different numbers of stimuli or fewer than 3, an activation is NaN or infinite, an argument
        has none of the values above, a stimulus has the same activation in all units of a layer (as in any layer of one
        unit) and so no correlation, all dissimilarities of a layer are equal, or the dissimilarities do not fit in
        memory.

    Examples
    --------
    >>> import numpy as np
    >>> layer = np.random.default_rng(0).random((20, 5))
    >>> rsa([layer], [layer, 1 - 3 * layer]).round(9)
    array([[1., 1.]])
    """
    _validate.choice(compare, COMPARISONS, "compare")
    n_threads = _validate.n_threads(n_jobs)
    source, target = pair(source, target)
    n_threads = _threads_that_fit(source.n_stimuli, min(len(source), len(target)), n_threads)
    if compare == "kendall":
        return _all_pairs(source, target, _dissimilarities, _kendall, n_threads)
    prepare = _standardized_ranks if compare == "spearman" else _standardized_dissimilarities
    return np.clip(_all_pairs(source, target, prepare, np.dot, n_threads), -1.0, 1.0)


def linear_cka(source: Source, target: Source, *, debiased: bool = False, n_jobs: int | None = None) -> F64:
    """Linear centred kernel alignment of every pair of layers.

    ``|X^T Y|_F^2 / (|X^T X|_F |Y^T Y|_F)`` of layers whose units are centred (Kornblith et al. 2019). A layer that is
    constant over the stimuli has similarity 0 to every layer.

    Few stimuli bias it upwards: independent normal layers of n units each have a CKA of about ``n / (n + T)`` over T
    stimuli, 0.83 for 500 units and 100 stimuli. `debiased` removes that.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order.
    debiased : bool
        Whether to return the debiased CKA; see `debiased_cka`.
    n_jobs : int, optional
        Threads, as in `mot_fast.align`. The result is the same for any number.

    Returns
    -------
    array, `(L, M)`
        Similarities in [0, 1], higher is more alike; 1 where one layer is a rotated, scaled and shifted copy of the
        other. If `debiased`, in [-1, 1].

    Raises
    ------
    TypeError, ValueError
        If the networks saw different numbers of stimuli or fewer than 3 (4 if `debiased`), an activation is NaN or
        infinite, or an argument is none of the values above.

    Examples
    --------
    >>> linear_cka([[[1, 0], [0, 1], [0, 0]]], [[[3, 0], [0, -3], [0, 0]]]).round(9)
    array([[1.]])
    """
    if not isinstance(debiased, (bool, np.bool_)):
        raise TypeError(f"debiased: expected True or False, found {debiased!r}")
    if debiased:
        return debiased_cka(source, target, n_jobs=n_jobs)
    n_threads = _validate.n_threads(n_jobs)
    similarity = _all_pairs(*pair(source, target), _centred_for_cka, _squared_norm_of_product, n_threads)
    return np.minimum(similarity, 1.0)


def debiased_cka(source: Source, target: Source, *, n_jobs: int | None = None) -> F64:
    """Linear centred kernel alignment of every pair of layers, without the bias of few stimuli.

    ``HSIC(X, Y) / sqrt(HSIC(X, X) HSIC(Y, Y))`` with the unbiased estimator of the Hilbert-Schmidt independence
    criterion (Song et al., Journal of Machine Learning Research 13, 2012), as Nguyen, Raghu & Kornblith (2021) and
    Murphy, Zylberberg & Fyshe (2024) use it. For linear kernels of T stimuli with centred units,

    ``T (T - 3) HSIC(X, Y) = |X^T Y|_F^2 - T / (T - 2) sum_t d_t e_t + sum_t d_t sum_t e_t / ((T - 1) (T - 2))``,

    where d_t and e_t are the squared norms of stimulus t in both layers. Its mean over all orders of the target's
    stimuli is exactly 0. A layer whose stimuli are all equally similar, such as a constant one, has similarity 0 to
    every layer.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order, at least 4 of them.
    n_jobs : int, optional
        Threads, as in `mot_fast.align`. The result is the same for any number.

    Returns
    -------
    array, `(L, M)`
        Similarities in [-1, 1], 0 on average between unrelated layers; 1 where one layer is a rotated, scaled and
        shifted copy of the other.

    Raises
    ------
    TypeError, ValueError
        If the networks saw different numbers of stimuli or fewer than 4, an activation is NaN or infinite, or `n_jobs`
        is not a number of threads.

    Examples
    --------
    >>> x, y = np.random.default_rng(0).standard_normal((2, 100, 500))
    >>> linear_cka([x], [y]).round(2), debiased_cka([x], [x, y]).round(2)
    (array([[0.83]]), array([[1., 0.]]))
    """
    n_threads = _validate.n_threads(n_jobs)
    source, target = pair(source, target)
    if source.n_stimuli < MIN_STIMULI_DEBIASED:
        raise ValueError(
            f"networks '{source.name}' and '{target.name}': expected at least {MIN_STIMULI_DEBIASED} stimuli for the "
            f"debiased CKA, found {source.n_stimuli}"
        )
    similarity = _all_pairs(source, target, _centred_for_debiased_cka, _debiased_product, n_threads)
    return np.clip(similarity, -1.0, 1.0)


def procrustes(source: Source, target: Source, *, n_jobs: int | None = None) -> F64:
    """Procrustes similarity of every pair of layers: how well the best rotation carries one onto the other.

    ``|X^T Y|_* / (|X|_F |Y|_F)`` of layers whose units are centred, ``|.|_*`` being the sum of singular values: the
    cosine of the angular Procrustes distance of Williams et al. (2021). A layer that is constant over the stimuli has
    similarity 0 to every layer.

    Few stimuli bias it upwards, and no unbiased estimator is known. Independent normal layers of n units each have a
    similarity over T stimuli that depends on n / T alone, about:

    ===========  ====  ====  ====  ====  ====  ====  ====
    n / T        0.01  0.1   0.25  0.5   1     2     5
    similarity   0.08  0.27  0.41  0.57  0.75  0.87  0.95
    ===========  ====  ====  ====  ====  ====  ====  ====

    So 500 units seen 100 times are 0.95 alike, whatever they do: compare values of equal n and T only.

    Parameters
    ----------
    source, target : Network or anything `mot_fast.load` takes
        Activations of both networks on the same stimuli in the same order.
    n_jobs : int, optional
        Threads, as in `mot_fast.align`. The result is the same for any number.

    Returns
    -------
    array, `(L, M)`
        Similarities in [0, 1], higher is more alike; 1 where one layer is a rotated, scaled and shifted copy of the
        other.

    Raises
    ------
    TypeError, ValueError
        If the networks saw different numbers of stimuli or fewer than 3, an activation is NaN or infinite, or `n_jobs`
        is not a number of threads.

    Examples
    --------
    >>> procrustes([[[1, 0], [0, 1], [0, 0]]], [[[1, 0], [0, -1], [0, 0]]]).round(9)
    array([[1.]])
    """
    n_threads = _validate.n_threads(n_jobs)
    similarity = _all_pairs(*pair(source, target), _centred, _nuclear_norm_of_product, n_threads)
    return np.minimum(similarity, 1.0)


def greedy_map(similarity: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """The most similar target layer of every source layer, each for itself; ties go to the earlier.

    Parameters
    ----------
    similarity : array, `(L, M)`

    Returns
    -------
    array of int, `(L,)`

    Raises
    ------
    TypeError, ValueError
        If the similarities are not a finite, non-empty matrix.

    Examples
    --------
    >>> greedy_map([[0.2, 0.9, 0.9], [0.5, 0.1, 0.3]])
    array([1, 0])
    """
    return np.asarray(_validate.matrix(similarity, "similarity").argmax(axis=1))


def _all_pairs(
    source: Network,
    target: Network,
    prepare: Callable[[Network, int], F64],
    similarity: Callable[[F64, F64], float],
    n_threads: int,
) -> F64:
    """A symmetric similarity of every source layer with every target layer, `(L, M)`.

    Every layer is prepared once: the layers of the network that has fewer are held while the other's pass by.
    """
    is_target_held = len(target) <= len(source)
    held, passing = (target, source) if is_target_held else (source, target)

    def hold(l: int, check: Callable[[], None]) -> F64:
        check()
        return prepare(held, l)

    def compare_with_held(l: int, check: Callable[[], None]) -> list[float]:
        layer, similarities = prepare(passing, l), []
        for other in held_layers:
            check()
            similarities.append(similarity(layer, other))
        return similarities

    with one_blas_thread:
        held_layers = threads.run([partial(hold, l) for l in range(len(held))], n_threads)
        rows = threads.run([partial(compare_with_held, l) for l in range(len(passing))], n_threads)
    result = np.array(rows, dtype=np.float64)
    return result if is_target_held else np.ascontiguousarray(result.T)


def _threads_that_fit(n_stimuli: int, n_held: int, n_threads: int) -> int:
    """Number of threads whose working memory fits beside the dissimilarities of `n_held` layers."""
    one_layer = 8 * (n_stimuli * (n_stimuli - 1) // 2)
    available = memory.available()
    room = available - n_held * one_layer
    if room < _WORKING_VECTORS * one_layer:
        needed = (n_held + _WORKING_VECTORS) * one_layer
        raise ValueError(
            f"source and target: expected dissimilarities between stimuli that fit in memory, found {n_stimuli:,} "
            f"stimuli, which need {memory.format_bytes(needed)} of the {memory.format_bytes(available)} available; "
            "select fewer: network[rows]"
        )
    return min(n_threads, room // (_WORKING_VECTORS * one_layer))


def _dissimilarities(network: Network, l: int) -> F64:
    """1 - Pearson correlation over units of every pair of stimuli, `(n_stimuli (n_stimuli - 1) / 2,)`, row by row."""
    stored, rows = network.read(l)
    values = (stored if rows is None else stored[rows]).astype(np.float64)
    values, _ = order_one(values, axis=1)  # no correlation notices the scale
    is_flat = is_constant(values, axis=1)
    if is_flat.any():
        first = int(is_flat.argmax())
        first = first if rows is None else int(rows[first])  # its position in the layer as stored
        raise ValueError(
            f"network '{network.name}', layer '{network.labels[l]}': expected activations that differ between units at "
            f"every stimulus, since RSA correlates stimuli over units, found all {network.widths[l]} equal first at "
            f"stimulus {first}"
        )
    centre(values, axis=1)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    r = values @ values.T
    result: F64 = r[~np.tri(len(r), dtype=bool)]
    np.subtract(1.0, result, out=result)
    np.round(result, _DECIMALS, out=result)
    if np.ptp(result) == 0.0:
        raise ValueError(
            f"network '{network.name}', layer '{network.labels[l]}': expected dissimilarities that differ between "
            f"pairs of stimuli, found all {result[0]:g}"
        )
    return result


def _standardized_dissimilarities(network: Network, l: int) -> F64:
    return unit_vector(_dissimilarities(network, l))


def _standardized_ranks(network: Network, l: int) -> F64:
    from scipy.stats import rankdata

    return unit_vector(np.asarray(rankdata(_dissimilarities(network, l)), dtype=np.float64))


def _kendall(x: F64, y: F64) -> float:
    from scipy.stats import kendalltau

    return float(kendalltau(x, y).statistic)


def _centred(network: Network, l: int) -> F64:
    """A layer with centred units and of Frobenius norm 1, or all zero where it is constant.

    A layer with more units than stimuli is rotated into as many columns as there are stimuli, which changes neither
    ``X X^T`` nor the singular values of any ``X^T Y``.
    """
    values = unit_layer(network.layer(l).astype(np.float64))
    n_stimuli, n_units = values.shape
    return values if n_units <= n_stimuli else np.ascontiguousarray(np.asarray(np.linalg.qr(values.T, mode="r")).T)


def _centred_for_cka(network: Network, l: int) -> F64:
    """A centred layer, scaled so that ``|X^T X|_F`` is 1."""
    values = _centred(network, l)
    norm = np.linalg.norm(values.T @ values)
    return values / np.sqrt(norm) if norm > 0.0 else values


def _centred_for_debiased_cka(network: Network, l: int) -> F64:
    """A centred layer, scaled so that its debiased product with itself is 1, or all zero where that vanishes."""
    values = _centred_for_cka(network, l)
    product = _debiased_product(values, values)
    return values / product**0.25 if product > _LEAST_DEBIASED else np.zeros_like(values)


def _debiased_product(x: F64, y: F64) -> float:
    """The unbiased estimator of the criterion of two layers with centred units, times ``T (T - 3)``."""
    n = len(x)
    d, e = (np.einsum("ti,ti->t", each, each) for each in (x, y))
    bias = n / (n - 2) * (d @ e) - d.sum() * e.sum() / ((n - 1) * (n - 2))
    return _squared_norm_of_product(x, y) - float(bias)


def _squared_norm_of_product(x: F64, y: F64) -> float:
    return float(np.linalg.norm(x.T @ y) ** 2)


def _nuclear_norm_of_product(x: F64, y: F64) -> float:
    from scipy.linalg import svdvals

    return float(svdvals(x.T @ y, check_finite=False).sum())
