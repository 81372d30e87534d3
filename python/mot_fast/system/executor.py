"""Orders carried out here or by an executor's workers, a few at a time, their results as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from itertools import islice
from typing import Any, TypeVar

from mot_fast import _validate

Order = TypeVar("Order")
Result = TypeVar("Result")

_SECONDS_BETWEEN_LOOKS = 1.0
_PATIENCE = 5
"""Looks without any result, after which a pool that has lost a process does not find it out by itself."""
_MOST_LOST = 100
"""Results lost on their way, whose orders are given out again."""
IN_FLIGHT = 256
"""Orders that an executor is given at most: enough to keep so many workers busy, and all that it has to remember."""


def validated_executor(value: Any) -> Executor | None:
    """An executor, or None."""
    if value is not None and not isinstance(value, Executor):
        hint = "; a Dask client's is client.get_executor()" if hasattr(value, "get_executor") else ""
        raise TypeError(f"executor: expected a concurrent.futures.Executor, found {type(value).__name__}{hint}")
    return value


def n_threads_for(n_jobs: int | None, workers: Executor | None) -> int:
    """Threads that work on an order; with an executor one each unless asked for more, as its workers are many."""
    return 1 if n_jobs is None and workers is not None else _validate.n_threads(n_jobs)


def completed(
    function: Callable[[Order], Result], orders: Iterable[Order], workers: Executor | None
) -> Iterator[tuple[Order, Result]]:
    """Every order with its result, in the order in which they are done; what a worker raises is raised here.

    Raises
    ------
    RuntimeError
        If the executor was shut down, or broke down, as a process pool does when one of its processes is killed.
    """
    if workers is None:
        yield from ((order, function(order)) for order in orders)
        return
    waiting = iter(orders)
    running: dict[Future[Result], Order] = {}
    n_lost = 0
    is_broken = False
    n_idle = 0
    try:
        while True:
            for order in islice(waiting, IN_FLIGHT - len(running)):
                running[_submit(workers, function, order)] = order
            if not running:
                return
            # Futures that are called off by others never wake up who waits for them.
            done = wait(running, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED).done
            n_idle = 0 if done else n_idle + 1
            if n_idle >= _PATIENCE and _has_dead_process(workers):
                _bring_down(workers)
            for future in done or [future for future in running if future.cancelled()]:
                order = running.pop(future)
                if n_lost < _MOST_LOST and _is_lost(future):
                    n_lost += 1
                    running[_submit(workers, function, order)] = order
                else:
                    yield order, future.result()
    except (BrokenExecutor, CancelledError) as error:
        is_broken = isinstance(error, BrokenExecutor)
        what = "it was shut down" if isinstance(error, CancelledError) else f"it broke down ({error})"
        raise RuntimeError(f"executor: {what}; with a store, another run goes on from the finished blocks") from error
    finally:
        if not is_broken:  # else its futures fail one by one, and the pool would not survive to find one called off
            for future in running:
                future.cancel()


def _submit(workers: Executor, function: Callable[[Order], Result], order: Order) -> Future[Result]:
    try:
        return workers.submit(function, order)
    except BrokenExecutor:
        raise
    except RuntimeError as error:  # what executors say when they are shut down
        raise CancelledError from error


def _is_lost(future: Future[Any]) -> bool:
    """Whether a result was lost on its way from one of Dask's workers, which died as soon as it had it.

    Dask's executor takes the result for an error then, and fails at it in code of its own.
    """
    error = None if future.cancelled() else future.exception()
    trace = None if error is None else error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__") == "distributed.cfexecutor"


def _has_dead_process(workers: Executor) -> bool:
    """Whether it is a pool one of whose processes has ended."""
    from multiprocessing.connection import wait as ended

    processes = (getattr(workers, "_processes", None) or {}) if isinstance(workers, ProcessPoolExecutor) else {}
    return bool(ended([process.sentinel for process in list(processes.values())], 0))


def _bring_down(workers: Executor) -> None:
    """Make a pool find out that it is broken.

    A process that is killed while it sends a result leaves half of it in the pipe, and CPython's pool waits for the
    rest, through its own shutdown as well: until nobody is left who could send anything.
    """
    for process in list((getattr(workers, "_processes", None) or {}).values()):
        process.kill()
    results = getattr(workers, "_result_queue", None)
    if results is not None and not results._writer.closed:
        results._writer.close()
