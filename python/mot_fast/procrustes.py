"""The orthogonal matrix nearest to a square one: its orthogonal polar factor, completed where it is rank-deficient."""

from __future__ import annotations

import numpy as np

from mot_fast._validate import F64

_EPSILON = float(np.finfo(np.float64).eps)


def orthogonal_factor(matrix: F64, near: F64) -> tuple[F64, int]:
    """The orthogonal R that maximises ``tr(R^T matrix)``; of many, the one nearest to `near`.

    From the singular value decomposition ``U S V^T`` of the matrix, ``R = U V^T`` (Schoenemann 1966, A generalized
    solution of the orthogonal Procrustes problem). Where singular values vanish, up to rounding, any rotation between
    the two null spaces does as well: R takes that on which ``tr(R^T near)`` is largest, which is deterministic and
    does not jump from one call to the next.

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
    >>> R, rank = orthogonal_factor(np.array([[0.0, -2.0], [0.0, 0.0]]), np.eye(2))
    >>> R.round(12) + 0.0, rank
    (array([[ 0., -1.],
           [ 1.,  0.]]), 1)
    """
    # NumPy's decomposition lets other threads run meanwhile, SciPy's does not.
    u, s, vt = np.linalg.svd(matrix)
    rank = int(np.count_nonzero(s > len(s) * _EPSILON * s[0]))
    if rank < len(s):
        u_null, _, vt_null = np.linalg.svd(u[:, rank:].T @ near @ vt[rank:].T)
        u[:, rank:] = u[:, rank:] @ (u_null @ vt_null)
    return u @ vt, rank
