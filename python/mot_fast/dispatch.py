"""Orders carried out here or by an executor's workers, a few at a time, their results as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from itertools import islice
from typing import Any, TypeVar

from mot_fast import _validate

Order = TypeVar("Order")
Result = TypeVar("Result")

IN_FLIGHT = 256
"""Orders that an executor is given at most: enough to keep so many workers busy, and all that it has to remember."""


def executor(value: Any) -> Executor | None:
    """An executor, or None."""
    if value is not None and not isinstance(value, Executor):
        hint = "; a Dask client's is client.get_executor()" if hasattr(value, "get_executor") else ""
        raise TypeError(f"executor: expected a concurrent.futures.Executor, found {type(value).__name__}{hint}")
    return value


def n_threads(n_jobs: int | None, workers: Executor | None) -> int:
    """Threads that work on an order; with an executor one each unless asked for more, as its workers are many."""
    return 1 if n_jobs is None and workers is not None else _validate.n_threads(n_jobs)


def completed(
    function: Callable[[Order], Result], orders: Iterable[Order], workers: Executor | None
) -> Iterator[tuple[Order, Result]]:
    """Every order with its result, in the order in which they are done; what a worker raises is raised here.

    Raises
    ------
    RuntimeError
        If the executor broke down, as a process pool does when one of its processes is killed.
    """
    if workers is None:
        yield from ((order, function(order)) for order in orders)
        return
    waiting = iter(orders)
    running: dict[Future[Result], Order] = {}
    try:
        while True:
            for order in islice(waiting, IN_FLIGHT - len(running)):
                running[workers.submit(function, order)] = order
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenExecutor as error:
        raise RuntimeError(
            f"executor: it broke down ({error}); with the same store, another run goes on from the finished blocks"
        ) from error
    finally:
        for future in running:
            future.cancel()
