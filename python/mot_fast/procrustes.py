"""The orthogonal matrix nearest to a square one: its orthogonal polar factor, completed where it is rank-deficient."""

from __future__ import annotations

import numpy as np

from mot_fast._validate import F64

_EPSILON = float(np.finfo(np.float64).eps)


def orthogonal_factor(matrix: F64, near: F64) -> tuple[F64, int]:
    """The orthogonal R that maximises ``tr(R^T matrix)``; of many, the one nearest to `near`.

    From the singular value decomposition ``U S V^T`` of the matrix, ``R = U V^T`` (Schoenemann 1966, A generalized
    solution of the orthogonal Procrustes problem). Where singular values vanish, up to rounding, any rotation between
    the two null spaces does as well: R takes that on which ``tr(R^T near)`` is largest, and so does not jump from one
    call to the next. (Where `near` carries no part of the one null space onto the other, all do equally well.)

    Parameters
    ----------
    matrix : array, `(n, n)`
        Finite.
    near : array, `(n, n)`
        Orthogonal.

    Returns
    -------
    R : array, `(n, n)`
    rank : int
        Of the matrix; below n, R depends on `near`.

    Examples
    --------
    >>> R, rank = orthogonal_factor(np.diag([2.0, 0.0]), near=np.diag([1.0, -1.0]))
    >>> R.round(12) + 0.0, rank
    (array([[ 1.,  0.],
           [ 0., -1.]]), 1)
    """
    u, s, vt = _decomposed(matrix)
    rank = int(np.count_nonzero(s > len(s) * _EPSILON * s[0]))
    if rank < len(s):
        u_null, _, vt_null = _decomposed(u[:, rank:].T @ near @ vt[rank:].T)
        u[:, rank:] = u[:, rank:] @ (u_null @ vt_null)
    return u @ vt, rank


def _decomposed(matrix: F64) -> tuple[F64, F64, F64]:
    """Singular value decomposition; by QR iteration where divide and conquer does not converge."""
    try:
        u, s, vt = np.linalg.svd(matrix)  # SciPy's would hold up other threads
    except np.linalg.LinAlgError:
        import scipy.linalg

        u, s, vt = scipy.linalg.svd(matrix, lapack_driver="gesvd")
    return u, s, vt
