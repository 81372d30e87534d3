"""Tasks run by an executor's workers, or in this thread without one, with results as they are completed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from itertools import islice
from typing import Any, TypeVar

from mot_fast import _validate

Task = TypeVar("Task")
Result = TypeVar("Result")

_SECONDS_PER_WAIT = 1.0
"""Longest wait for a result before the executor is looked at."""
_MOST_IDLE_WAITS = 5
"""Waits without any result, after which a process pool is checked for dead processes."""
_MOST_LOST = 100
"""Largest number of results lost in transit whose tasks are submitted again."""
IN_FLIGHT = 256
"""Largest number of tasks submitted at once: enough to keep so many workers busy, and little to hold in memory."""


def validated_executor(value: Any) -> Executor | None:
    """The argument `executor`, which must be an executor or None."""
    if value is not None and not isinstance(value, Executor):
        hint = "; a Dask client's is client.get_executor()" if hasattr(value, "get_executor") else ""
        raise TypeError(f"executor: expected a concurrent.futures.Executor, found {type(value).__name__}{hint}")
    return value


def n_threads_per_task(n_jobs: int | None, workers: Executor | None) -> int:
    """Number of threads that work on a task: with an executor, whose workers are many, one unless asked for more."""
    return 1 if n_jobs is None and workers is not None else _validate.n_threads(n_jobs)


def results_as_completed(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: Executor | None
) -> Iterator[tuple[Task, Result]]:
    """Every task with its result, in the sequence in which they are completed; a worker's exception is raised here.

    Raises
    ------
    RuntimeError
        If the executor was shut down, or broke down, as a process pool does when one of its processes is killed.
    """
    if workers is None:
        yield from ((task, function(task)) for task in tasks)
        return
    waiting = iter(tasks)
    running: dict[Future[Result], Task] = {}
    n_lost = 0
    is_broken = False
    try:
        while True:
            for task in islice(waiting, IN_FLIGHT - len(running)):
                running[_submit(workers, function, task)] = task
            if not running:
                return
            for future in _wait_for_some(running, workers):
                task = running.pop(future)
                if n_lost < _MOST_LOST and _is_lost(future):
                    n_lost += 1
                    running[_submit(workers, function, task)] = task
                else:
                    yield task, future.result()
    except (BrokenExecutor, CancelledError) as error:
        is_broken = isinstance(error, BrokenExecutor)
        what = "it was shut down" if isinstance(error, CancelledError) else f"it broke down ({error})"
        raise RuntimeError(f"executor: {what}; with a store, another run goes on from the finished blocks") from error
    finally:
        if not is_broken:  # futures of a broken pool fail one by one, and the pool fails if it finds one cancelled
            for future in running:
                future.cancel()


def _wait_for_some(running: Collection[Future[Result]], workers: Executor) -> Collection[Future[Result]]:
    """The futures that are done, once there are any; a process pool that hangs since it lost a process is broken."""
    n_waits = 0
    while True:
        # A future that somebody else has cancelled does not end the wait for it.
        done = wait(running, _SECONDS_PER_WAIT, FIRST_COMPLETED).done
        if done := done or {future for future in running if future.cancelled()}:
            return done
        n_waits += 1
        if n_waits >= _MOST_IDLE_WAITS and _has_dead_process(workers):
            break_pool(workers)


def _submit(workers: Executor, function: Callable[[Task], Result], task: Task) -> Future[Result]:
    try:
        return workers.submit(function, task)
    except BrokenExecutor:
        raise
    except RuntimeError as error:  # the error of an executor that is shut down
        raise CancelledError from error


def _is_lost(future: Future[Any]) -> bool:
    """Whether a result was lost on its way from a Dask worker that died as soon as it had computed it.

    Dask's executor then takes the result for an error, and fails in code of its own.
    """
    error = None if future.cancelled() else future.exception()
    trace = None if error is None else error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__") == "distributed.cfexecutor"


def _has_dead_process(workers: Executor) -> bool:
    """Whether the executor is a process pool one of whose processes has ended."""
    pools = sys.modules.get("concurrent.futures.process")  # a caller who has a process pool has imported it
    if pools is None or not isinstance(workers, pools.ProcessPoolExecutor):
        return False
    from multiprocessing.connection import wait as ended

    processes = list((getattr(workers, "_processes", None) or {}).values())
    return bool(ended([process.sentinel for process in processes], 0))


def break_pool(workers: Executor) -> None:
    """End the processes of a process pool, and make it notice that it is broken.

    A process that is killed while it sends a result leaves half of it in the pipe, and CPython's pool waits for the
    rest, even while it shuts down, until no process is left that could send anything.
    """
    for process in list((getattr(workers, "_processes", None) or {}).values()):
        process.kill()
    results = getattr(workers, "_result_queue", None)
    if results is not None and not results._writer.closed:
        results._writer.close()
