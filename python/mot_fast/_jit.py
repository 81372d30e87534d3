"""Compiles a function with numba at its first call, and says so when that takes a while."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_logger = logging.getLogger("mot_fast")


def compiled(function: Function) -> Function:
    """Decorator: numba is imported, and the function compiled or read from numba's cache, when it is first called."""

    @functools.cache
    def dispatcher() -> Any:
        from numba import njit

        try:
            result = njit(cache=True, nogil=True)(function)
        except RuntimeError:  # no folder that numba could write a cache to
            result = njit(nogil=True)(function)
        if not _is_cached(result):
            _logger.warning("compiling %s for this machine, some seconds, once", function.__qualname__)
        return result

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return dispatcher()(*arguments)

    return call  # type: ignore[return-value]


def _is_cached(dispatcher: Any) -> bool:
    folder = dispatcher.stats.cache_path
    function = dispatcher.py_func
    index = f"{Path(function.__code__.co_filename).stem}.{function.__qualname__}-*.nbi"
    return folder is not None and any(Path(folder).glob(index))
