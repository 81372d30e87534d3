from __future__ import annotations

import threading

import pytest

from mot_fast import parallel


@pytest.mark.parametrize("n_threads", [1, 3])
def test_results_come_in_order_and_progress_ends_with_all(n_threads):
    reported = []
    results = parallel.run([lambda _, k=k: k * k for k in range(10)], n_threads, reported.append)
    assert results == [k * k for k in range(10)]
    assert reported[-1] == 10
    assert parallel.run([], n_threads) == []


def test_an_interrupt_while_pieces_are_handed_in_stops_them():
    was_stopped = threading.Event()

    def wait_until_stopped(check):
        try:
            while True:
                check()
        except parallel.Stopped:
            was_stopped.set()
            raise

    class Interrupted(list):
        def __iter__(self):
            yield wait_until_stopped
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parallel.run(Interrupted([wait_until_stopped, wait_until_stopped]), 2)
    assert was_stopped.wait(10)


def test_what_a_piece_raises_is_raised_and_stops_the_others():
    was_stopped = threading.Event()

    def wait_until_stopped(check):
        try:
            while True:
                check()
        except parallel.Stopped:
            was_stopped.set()
            raise

    def fail(_):
        raise ValueError("bad piece")

    with pytest.raises(ValueError, match="bad piece"):
        parallel.run([wait_until_stopped, fail], 2)
    assert was_stopped.wait(10)
