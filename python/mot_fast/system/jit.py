"""Functions compiled by numba when they are first called; a log message says so where that takes a while.

Machine code is kept in numba's cache. Where the cache is damaged, cannot be written to, or has no folder, functions are
compiled without it.
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

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

_logger = logging.getLogger("mot_fast")
_has_warned = threading.Event()


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
    """A function and the machine code that numba compiles for it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._dispatcher: Any = None
        self._ready: set[tuple[Any, ...]] = set()
        """Kinds of arguments for which machine code is ready."""

    def of(self, arguments: tuple[Any, ...]) -> Any:
        """The callable that runs the function on arguments of these types."""
        with self._lock:
            if self._dispatcher is None:
                self._dispatcher = _dispatcher(self._function)
            if self._dispatcher is self._function:
                return self._function
            kinds = tuple(map(_kind, arguments))
            if kinds not in self._ready:
                self._compile(tuple(map(self._dispatcher.typeof_pyval, arguments)))
                self._ready.add(kinds)
            return self._dispatcher

    def _compile(self, types: tuple[Any, ...]) -> None:
        """Compile before the function runs: a function that has begun may have changed its arguments."""
        try:
            self._dispatcher.compile(types)
        except Exception as error:  # a damaged cache file can raise anything
            folder = self._dispatcher.stats.cache_path
            if folder is None:
                raise
            without = _without_cache(self._function)
            without.compile(types)  # raises the error if the cache is not at fault
            self._dispatcher = without
            self._ready.clear()
            _warn_of_no_cache(f"the cache in {folder} cannot be used ({type(error).__name__}: {error})")


def _kind(argument: Any) -> Any:
    """What numba's type of an argument follows from: numba itself takes many times as long to find the type."""
    if isinstance(argument, np.ndarray):
        return type(argument), argument.dtype, argument.ndim, argument.flags.num
    return type(argument)


def _dispatcher(function: Callable[..., Any]) -> Any:
    """Numba's dispatcher, which compiles the function; the function itself where numba is switched off."""
    from numba import njit

    try:
        result = njit(cache=True, nogil=True)(function)
    except (RuntimeError, OSError) as error:  # no folder that numba could write a cache to
        _warn_of_no_cache(str(error))
        return _without_cache(function)
    if result is function:
        return function
    _add_checksums(result)
    if not _is_cached(result):
        _logger.warning("compiling %s for this machine, some seconds, once", function.__qualname__)
    return result


def _add_checksums(dispatcher: Any) -> None:
    """Let the cache keep a checksum beside machine code, and refuse code that does not match it.

    numba runs the code that it finds in its cache: where one bit has changed, the process may crash, or results differ.
    """
    from numba.core import serialize

    cache = dispatcher._cache._impl
    reduce, rebuild = cache.reduce, cache.rebuild

    def reduce_with_checksum(data: Any) -> tuple[bytes, bytes]:
        content: bytes = serialize.dumps(reduce(data))  # type: ignore[no-untyped-call]
        return hashlib.sha256(content).digest(), content

    def rebuild_checked(context: Any, stored: tuple[Any, ...]) -> Any:
        if len(stored) != 2:
            return None  # stored without a checksum: it is compiled again, and replaced
        checksum, content = stored
        if hashlib.sha256(content).digest() != checksum:
            raise ValueError("machine code is not what was written")
        return rebuild(context, pickle.loads(content))

    cache.reduce, cache.rebuild = reduce_with_checksum, rebuild_checked


def _without_cache(function: Callable[..., Any]) -> Any:
    from numba import njit

    return njit(nogil=True)(function)


def _warn_of_no_cache(reason: str) -> None:
    """Warn once in a process: whatever keeps one function from the cache keeps the others too."""
    if not _has_warned.is_set():
        _has_warned.set()
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
