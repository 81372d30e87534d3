"""Keeps BLAS to one thread while the core's own threads call it."""

from __future__ import annotations

import threading
from typing import Any


class _OneBlasThread:
    """Each of our threads calls BLAS by itself; its own threads would only compete with ours.

    The limit holds for the whole process: of several alignments at once the first sets it and the last takes it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0
        self._limits: Any = None

    def __enter__(self) -> None:
        import scipy.linalg.cython_blas  # noqa: F401  the core's BLAS; a limit binds only what is loaded
        from threadpoolctl import threadpool_limits

        with self._lock:
            if self._n_users == 0:
                self._limits = threadpool_limits(1, user_api="blas")
            self._n_users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._limits.restore_original_limits()


one_blas_thread = _OneBlasThread()
