from __future__ import annotations

import threading

import pytest

from mot_fast.system import threads


@pytest.mark.parametrize("n_threads", [1, 3])
def test_results_come_in_order_and_progress_ends_with_all(n_threads):
    reported = []
    results = threads.run([lambda _, k=k: k * k for k in range(10)], n_threads, reported.append)
    assert results == [k * k for k in range(10)]
    assert reported[-1] == 10
    assert threads.run([], n_threads) == []


class Endless:
    """A piece that ends only when it is told to."""

    def __init__(self):
        self.was_stopped = threading.Event()

    def __call__(self, check):
        try:
            while True:
                check()
        except threads.Stopped:
            self.was_stopped.set()
            raise


def test_an_interrupt_while_pieces_are_handed_in_stops_them():
    endless = Endless()

    class Interrupted(list):
        def __iter__(self):
            yield endless
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        threads.run(Interrupted([endless, endless]), 2)
    assert endless.was_stopped.wait(10)


def test_what_a_piece_raises_is_raised_and_stops_the_others():
    endless = Endless()

    def fail(_):
        raise ValueError("bad piece")

    with pytest.raises(ValueError, match="bad piece"):
        threads.run([endless, fail], 2)
    assert endless.was_stopped.wait(10)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_each_answers_in_order(n_threads):
    assert threads.map_in_order(lambda n: n * n, range(7), n_threads) == [0, 1, 4, 9, 16, 25, 36]
    with pytest.raises(KeyError, match="no such"):
        threads.map_in_order({}.__getitem__, ["no such"], n_threads)


@pytest.mark.parametrize(("n_bytes", "expected"), [(0, 1), (2**20, 1), (3 * 2**20, 3), (2**40, 4)])
def test_little_work_is_not_worth_a_thread(n_bytes, expected, monkeypatch):
    monkeypatch.setattr(threads, "_BYTES_PER_THREAD", 2**20)
    assert threads.worthwhile(4, n_bytes) == expected
