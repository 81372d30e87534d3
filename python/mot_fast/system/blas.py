"""One BLAS thread while alignments run: NumPy's products then leave the cores to our own threads."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any


class OneBlasThread:
    """A context in which BLAS uses one thread: each of our threads calls it, and its own threads would compete.

    The limit holds for the process. Of several alignments at once the first sets it and the last restores what was
    before, whichever threads they run in. A child that is forked meanwhile runs none of them, and restores it at once.
    No process forks while a limit is being set: the child would wait for ever for the BLAS's own lock.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may fork while its own thread sets the limit
        self._n_users = 0
        self._before: list[tuple[Any, int]] = []
        self._libraries: list[Any] = []
        self._n_modules = 0
        """Number of modules that were loaded when the libraries were looked for."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._wait_for_setting, after_in_parent=self._allow_setting, after_in_child=self._forget_users
            )

    def __enter__(self) -> None:
        import scipy.linalg.cython_blas  # noqa: F401  the core's BLAS; a limit binds only what is loaded

        with self._lock:
            if self._n_users == 0:
                self._find_libraries()
                self._before = [(library, library.num_threads) for library in self._libraries]
                for library in self._libraries:
                    _set_num_threads(library, 1)
            self._n_users += 1

    def _find_libraries(self) -> None:
        """Look for BLAS libraries, which come with modules, if others have been imported since the last time."""
        from threadpoolctl import ThreadpoolController

        if self._n_modules != len(sys.modules):
            self._libraries = ThreadpoolController().select(user_api="blas").lib_controllers
            self._n_modules = len(sys.modules)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._restore()

    def _restore(self) -> None:
        for library, n_threads in self._before:
            _set_num_threads(library, n_threads)
        self._before = []

    def _wait_for_setting(self) -> None:
        self._lock.acquire()

    def _allow_setting(self) -> None:
        self._lock.release()

    def _forget_users(self) -> None:
        self._lock = threading.RLock()  # the parent's is held
        self._n_users = 0
        self._restore()


def _set_num_threads(library: Any, n_threads: int) -> None:
    _release(library)
    library.set_num_threads(n_threads)
    _release(library)


def _release(library: Any) -> None:
    """Since threadpoolctl 3.8 the first thread to set OpenBLAS's limit owns it, and what others set is ignored."""
    if hasattr(library, "clear_controlling_thread"):
        library.clear_controlling_thread(force=True)


one_blas_thread = OneBlasThread()
