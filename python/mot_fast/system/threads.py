"""Independent pieces of Python work on several threads of this process, with progress reports.

Ctrl-C is heard here: the calling thread waits in short steps, so that a KeyboardInterrupt reaches it, and tells the
other threads to stop. The loops of the compiled core listen for themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_SECONDS_BETWEEN_REPORTS = 0.05
_BYTES_PER_THREAD = 2**20
"""Bytes of activations that take several times as long to work on as a thread takes to start."""


class Stopped(Exception):
    """The piece of work that this is raised in is no longer wanted."""


def run(
    pieces: Sequence[Callable[[Callable[[], None]], Result]],
    n_threads: int,
    report: Callable[[int], None] | None = None,
) -> list[Result]:
    """The results of all pieces, in order.

    Each piece is called with a function that it should call now and then: it raises `Stopped` once the work is no
    longer wanted, because the caller was interrupted or another piece has raised. What a piece raises is raised here.

    Parameters
    ----------
    pieces : sequence of functions
    n_threads : int
    report : function, optional
        Called in the calling thread with the number of pieces that are done.
    """
    is_stopped = threading.Event()

    def check() -> None:
        if is_stopped.is_set():
            raise Stopped

    pool = ThreadPoolExecutor(min(n_threads, max(1, len(pieces))))
    is_complete = False
    try:
        futures = [pool.submit(piece, check) for piece in pieces]
        open_futures = set(futures)
        while open_futures:
            done, open_futures = wait(open_futures, _SECONDS_BETWEEN_REPORTS, FIRST_EXCEPTION)
            for future in done:
                future.result()
            if report:
                report(len(futures) - len(open_futures))
        is_complete = True
        return [future.result() for future in futures]
    finally:
        is_stopped.set()
        # A piece may be in the middle of a long product: it ends by itself, and is not waited for.
        pool.shutdown(wait=is_complete, cancel_futures=True)


def worthwhile(n_threads: int, n_bytes: int) -> int:
    """The number of threads, at most those given, that work on so many bytes of activations is worth starting."""
    return max(1, min(n_threads, n_bytes // _BYTES_PER_THREAD))


def map_in_order(function: Callable[[Item], Result], items: Sequence[Item], n_threads: int) -> list[Result]:
    """The results of a function for every item, in order; a single thread is the calling one."""
    if n_threads == 1:
        return [function(item) for item in items]

    def piece(item: Item, check: Callable[[], None]) -> Result:
        check()
        return function(item)

    return run([partial(piece, item) for item in items], n_threads)
