"""The orthogonal matrix nearest to a square matrix: its orthogonal polar factor, also where it lacks full rank."""

from __future__ import annotations

import numpy as np

from mot_fast._validate import F64

_EPSILON = float(np.finfo(np.float64).eps)


def orthogonal_factor(matrix: F64, near: F64, basis: F64 | None = None) -> tuple[F64, int]:
    """The orthogonal R that maximises ``tr(R^T basis matrix)``; where many do, the one nearest to `near`.

    From the singular value decomposition ``U S V^T`` of the matrix, ``R = U V^T`` (Schoenemann 1966, A generalized
    solution of the orthogonal Procrustes problem). Where singular values vanish, up to rounding, any rotation between
    the two null spaces does as well: R takes the rotation for which ``tr(R^T near)`` is largest, and so does not jump
    from one call to the next. (Where `near` carries no part of the one null space onto the other, all do equally well.)

    Parameters
    ----------
    matrix : array, `(n, n)`, or `(k, n)` with a basis
        Finite matrix.
    near : array, `(n, n)`
        Orthogonal matrix.
    basis : array, `(n, k)`, optional
        Orthonormal columns, for a product ``basis matrix`` of low rank, k much below n. The identity by default.

    Returns
    -------
    R : array, `(n, n)`
    rank : int
        Rank of the product; where it is below n, R depends on `near`.

    Examples
    --------
    >>> R, rank = orthogonal_factor(np.diag([2.0, 0.0]), near=np.diag([1.0, -1.0]))
    >>> R.round(12) + 0.0, rank
    (array([[ 1.,  0.],
           [ 0., -1.]]), 1)
    """
    u, s, vt = _decomposed(matrix)
    rank = int(np.count_nonzero(s > len(near) * _EPSILON * s[0]))
    if basis is not None:
        return _turned(near, vt[:rank].T, basis @ u[:, :rank]), rank
    if rank < len(s):
        u_null, _, vt_null = _decomposed(u[:, rank:].T @ near @ vt[rank:].T)
        u[:, rank:] = u[:, rank:] @ (u_null @ vt_null)
    return u @ vt, rank


def _turned(near: F64, v: F64, u: F64) -> F64:
    """The orthogonal matrix nearest to `near` that carries the few orthonormal columns of v onto those of u.

    It is ``W near``, where W is the orthogonal matrix nearest to the identity that carries ``near v`` onto u. W changes
    nothing outside the span of both.
    """
    start = near @ v
    r = v.shape[1]
    span, _ = np.linalg.qr(np.hstack([start, u]))
    start, end = span.T @ start, span.T @ u
    start_rest, end_rest = (np.linalg.qr(columns, mode="complete")[0][:, r:] for columns in (start, end))
    left, _, right = _decomposed(end_rest.T @ start_rest)
    turn = end @ start.T + end_rest @ (left @ right) @ start_rest.T
    turn.flat[:: len(turn) + 1] -= 1.0
    return np.asarray(near + span @ (turn @ (span.T @ near)))


def _decomposed(matrix: F64) -> tuple[F64, F64, F64]:
    """The thin singular value decomposition; by QR iteration where divide and conquer does not converge."""
    try:
        u, s, vt = np.linalg.svd(matrix, full_matrices=False)  # SciPy's would hold up other threads
    except np.linalg.LinAlgError:
        import scipy.linalg

        u, s, vt = scipy.linalg.svd(matrix, full_matrices=False, lapack_driver="gesvd")
    return u, s, vt
