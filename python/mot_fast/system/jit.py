"""Compiles a function with numba at its first call, and says so when that takes a while.

Machine code is kept in numba's cache. Functions are compiled without it where it cannot be used, because it is damaged,
cannot be written to, or has no folder.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_logger = logging.getLogger("mot_fast")
_has_said = threading.Event()


def compiled(function: Function) -> Function:
    """Decorator: numba is imported, and the function compiled or read from numba's cache, when it is first called.

    Where ``NUMBA_DISABLE_JIT`` is set, the function runs as it is written.
    """
    code = _MachineCode(function)

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return code.of(arguments)(*arguments)

    return call  # type: ignore[return-value]


class _MachineCode:
    """A function and what numba makes of it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._dispatcher: Any = None
        self._ready: set[tuple[Any, ...]] = set()
        """Types of arguments that there is machine code for."""

    def of(self, arguments: tuple[Any, ...]) -> Any:
        """What runs the function on arguments of these types."""
        with self._lock:
            if self._dispatcher is None:
                self._dispatcher = _dispatcher(self._function)
            if self._dispatcher is self._function:
                return self._function
            types = tuple(map(self._dispatcher.typeof_pyval, arguments))
            if types not in self._ready:
                self._compile(types)
                self._ready.add(types)
            return self._dispatcher

    def _compile(self, types: tuple[Any, ...]) -> None:
        """Compile before the function runs: one that has begun may have changed its arguments."""
        try:
            self._dispatcher.compile(types)
        except Exception as error:  # a damaged file raises whatever it was damaged into
            folder = self._dispatcher.stats.cache_path
            if folder is None:
                raise
            without = _without_cache(self._function)
            without.compile(types)  # raises what is no fault of the cache
            self._dispatcher = without
            self._ready.clear()
            _say_that_nothing_is_kept(f"the cache in {folder} cannot be used ({type(error).__name__}: {error})")


def _dispatcher(function: Callable[..., Any]) -> Any:
    """What compiles the function; the function itself where numba is switched off."""
    from numba import njit

    try:
        result = njit(cache=True, nogil=True)(function)
    except (RuntimeError, OSError) as error:  # no folder that numba could write a cache to
        _say_that_nothing_is_kept(str(error))
        return _without_cache(function)
    if result is function:
        return function
    _hold_to_checksums(result)
    if not _is_cached(result):
        _logger.warning("compiling %s for this machine, some seconds, once", function.__qualname__)
    return result


def _hold_to_checksums(dispatcher: Any) -> None:
    """Let the cache keep a checksum beside machine code, and refuse other code, which might do anything.

    numba runs what it finds in its cache: where one bit has changed, the process may end, or numbers be others.
    """
    from numba.core import serialize

    kept = dispatcher._cache._impl
    reduce, rebuild = kept.reduce, kept.rebuild

    def reduce_with_checksum(data: Any) -> tuple[bytes, bytes]:
        content: bytes = serialize.dumps(reduce(data))  # type: ignore[no-untyped-call]
        return hashlib.sha256(content).digest(), content

    def rebuild_what_was_kept(context: Any, stored: tuple[Any, ...]) -> Any:
        if len(stored) != 2:
            return None  # kept without a checksum: it is compiled again, and replaced
        checksum, content = stored
        if hashlib.sha256(content).digest() != checksum:
            raise ValueError("machine code is not what was written")
        return rebuild(context, pickle.loads(content))

    kept.reduce, kept.rebuild = reduce_with_checksum, rebuild_what_was_kept


def _without_cache(function: Callable[..., Any]) -> Any:
    from numba import njit

    return njit(nogil=True)(function)


def _say_that_nothing_is_kept(reason: str) -> None:
    """Once in a process, as what keeps one function from the cache keeps the others too."""
    if not _has_said.is_set():
        _has_said.set()
        _logger.warning(
            "numba compiles anew in every process, some seconds: %s; remove what is damaged there, "
            "or set NUMBA_CACHE_DIR to a folder that can be written to",
            reason,
        )


def _is_cached(dispatcher: Any) -> bool:
    folder = dispatcher.stats.cache_path
    function = dispatcher.py_func
    index = f"{Path(function.__code__.co_filename).stem}.{function.__qualname__}-*.nbi"
    return folder is not None and any(Path(folder).glob(index))
