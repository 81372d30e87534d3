from __future__ import annotations

import multiprocessing.connection
import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from mot_fast.system import executor


@pytest.mark.parametrize("has_workers", [False, True])
def test_every_order_comes_back_with_its_result(has_workers):
    with ThreadPoolExecutor(3) as pool:
        results = dict(executor.results_as_completed(abs, range(-500, 0), pool if has_workers else None))
    assert results == {order: -order for order in range(-500, 0)}


def test_results_lost_by_dask_s_executor_are_asked_for_again():
    """It unpacks as an error what its worker had found before it died."""
    here = {"__name__": "distributed.cfexecutor"}
    exec("def lose(result):\n    kind, error, trace = result", here)
    lost = []

    class Losing(ThreadPoolExecutor):
        def submit(self, function, order):
            if order % 3 == 0 and order not in lost:
                lost.append(order)
                return super().submit(here["lose"], {})
            return super().submit(function, order)

    with Losing(2) as pool:
        assert dict(executor.results_as_completed(abs, range(-9, 0), pool)) == {order: -order for order in range(-9, 0)}
    assert lost == [-9, -6, -3]
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="not enough values to unpack"):
        list(executor.results_as_completed(here["lose"], [{}], pool))


def test_no_more_orders_than_some_are_given_away_at_a_time():
    """So that neither side has to remember all of a long run."""
    taken, done = 0, 0

    def orders():
        nonlocal taken
        for order in range(1000):
            taken += 1
            assert taken - done <= executor.IN_FLIGHT + 1
            yield order

    with ThreadPoolExecutor(2) as pool:
        for _ in executor.results_as_completed(abs, orders(), pool):
            done += 1
    assert done == taken == 1000


def test_what_a_worker_raises_is_raised_and_the_others_are_called_off():
    go_on = threading.Event()

    def fail(order):
        if order == 0:
            raise ValueError("bad order")
        go_on.wait(10)
        started.append(order)

    started = []
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ValueError, match="bad order"):
            list(executor.results_as_completed(fail, range(100), pool))
        go_on.set()
    assert len(started) <= 1


def test_workers_have_one_thread_each_unless_asked_for_more():
    with ThreadPoolExecutor(1) as pool:
        assert executor.n_threads_per_task(None, pool) == 1
        assert executor.n_threads_per_task(3, pool) == 3
    assert executor.n_threads_per_task(3, None) == 3


@pytest.mark.processes
@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_that_is_shut_down_is_an_error_not_a_hang(kind):
    message = "executor: it was shut down; with a store, another run goes on"
    with kind(1) as pool:
        results = executor.results_as_completed(time.sleep, [0.0, *[0.1] * 50], pool)
        next(results)
        pool.shutdown(wait=False, cancel_futures=True)
        with pytest.raises(RuntimeError, match=message):
            list(results)
        with pytest.raises(RuntimeError, match=message):
            list(executor.results_as_completed(time.sleep, [0.0], pool))


def half_sent(_):
    """Dies in the middle of sending its result, as a process does that the system kills then."""

    def send(connection, content, write=os.write):
        write(connection.fileno(), content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    multiprocessing.connection.Connection._send = send
    return bytes(1000)


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_that_dies_while_it_sends_is_found_out(monkeypatch):
    """CPython's pool waits for the rest of the result for ever, and so does its shutdown."""
    monkeypatch.setattr(executor, "_SECONDS_PER_WAIT", 0.05)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        message = r"executor: it broke down .*; with a store, another run goes on from the finished blocks"
        with pytest.raises(RuntimeError, match=message):
            list(executor.results_as_completed(half_sent, range(3), pool))
