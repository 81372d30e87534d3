"""Ctrl-C ends every long computation of the core, and a thread inside the core does not keep Python from ending."""

import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

pytestmark = pytest.mark.processes

ENDLESS = """
    import sys, threading, time
    import numpy as np, scipy.sparse
    import mot_fast as mot

    rng = np.random.default_rng(0)

    def products(n, m):
        return np.outer(rng.random(n), rng.random(m))

    def transports():
        cost = products(1000, 1000)
        while True:
            mot.solve_transport(cost, rng.dirichlet(np.ones(1000)), rng.dirichlet(np.ones(1000)))

    def few_with_many():
        cost = products(2, 200_000)
        while True:
            mot.solve_transport(cost)

    def matchings():
        cost = products(1500, 1800)
        while True:
            mot.ot.linear_sum_assignment(cost)

    def sparse():
        cost = scipy.sparse.random_array((3000, 3000), density=0.05, format="csr", rng=rng)
        cost += scipy.sparse.eye_array(3000, format="csr")
        while True:
            mot.ot.emd(np.full(3000, 1 / 3000), np.full(3000, 1 / 3000), cost)

    def many_transports():
        costs, masses = [np.eye(9)] * 99 + [products(1000, 1000)] * 2, rng.dirichlet(np.ones(1000), 2)
        while True:  # two threads are long at work when the calling one has nothing left to do
            mot.solve_transports(costs, [None] * 99 + list(masses), n_jobs=3)

    def layers():
        network = [rng.standard_normal((300, 400), dtype=np.float32) for _ in range(4)]
        while True:
            mot.align(network, network, n_jobs=2, progress=True)

    def standardizing():
        layer = rng.standard_normal((5000, 1000))
        while True:
            mot._core.StandardizedLayer(layer)

    kinds = [transports, few_with_many, matchings, sparse, many_transports, layers, standardizing]
"""


def started(ending):
    """A process that runs the endless work above as `ending` says; it has begun when it says so."""
    code = textwrap.dedent(ENDLESS) + textwrap.dedent(ending)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n", process.communicate()[1]
    return process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_ctrl_c_ends_every_kind_of_work_at_random_moments():
    process = started("""
        for kind in kinds:
            print("begun", flush=True)
            try:
                kind()
            except KeyboardInterrupt:
                print("ended", flush=True)
    """)
    alarm = threading.Timer(120, process.kill)  # rather than to wait for ever
    alarm.start()
    draw = random.Random(0)
    waits = []
    for n_left in range(6, -1, -1):
        time.sleep(draw.uniform(0.05, 0.35))
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "ended\n", process.communicate()[1]
        waits.append(time.monotonic() - start)
        assert not n_left or process.stdout.readline() == "begun\n"
    assert process.wait(60) == 0
    alarm.cancel()
    process.communicate()
    assert max(waits) < 2.0


def test_threads_inside_the_core_do_not_keep_python_from_ending():
    process = started("""
        for kind in kinds:
            threading.Thread(target=kind, daemon=True).start()
        time.sleep(0.5)
        print("begun", flush=True)
    """)
    start = time.monotonic()
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 0, errors
    assert time.monotonic() - start < 10.0


def test_who_ends_python_may_still_solve():
    process = started("""
        import os

        class Last:
            def __del__(self, solve=mot._core.solve_transport, cost=np.eye(2), ones=np.ones(2), write=os.write):
                write(1, str(solve(cost, ones, ones, 1.0).cost).encode())

        mot.solve_transport(np.eye(2))  # which imports what is imported on first use
        last = Last()
        print("begun", flush=True)
    """)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert output == "0.0"
