"""Alignments beside threads, forks and other alignments: the same bits, no more threads than asked for, no hang."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import mot_fast as mot
from mot_fast import _validate

MAKE_LAYERS = """
import numpy as np, mot_fast as mot

def make(widths, n_stimuli=60, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.random((n_stimuli, width)) for width in widths]

def bits(alignment):
    return b"".join(part.tobytes() for part in [alignment.layer_costs, alignment.layer_plan])
"""


def bits(alignment):
    """Everything that a solve decides, to the last bit."""
    plans = [plan for row in alignment.unit_plans for plan in row]
    parts = [alignment.layer_costs, alignment.layer_plan]
    for plan in plans:
        parts += [plan.plan.indptr, plan.plan.indices, plan.plan.data, plan.u, plan.v]
    return b"".join(part.tobytes() for part in parts)


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def run_python(program, *arguments, **environment):
    """Output of a fresh interpreter, which is killed if it hangs."""
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", MAKE_LAYERS + textwrap.dedent(program), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


@pytest.mark.parametrize("n_stimuli", [90, 1000])
def test_the_result_is_the_same_to_the_last_bit_for_any_number_of_threads(layers, n_stimuli):
    source, target = layers([40, 64, 64, 33, 130], n_stimuli), layers([64, 50, 40, 200], n_stimuli, seed=5)
    results = {n_jobs: bits(mot.align(source, target, n_jobs=n_jobs)) for n_jobs in (1, 2, 3, 8, -1, None)}
    assert len(set(results.values())) == 1


def test_more_threads_than_pairs_are_not_started(layers):
    assert mot.align(layers([5], 30), layers([5], 30), n_jobs=10**12).cost >= 0


@pytest.mark.parametrize(("n_jobs", "expected"), [(None, 8), (-1, 8), (-2, 7), (-8, 1), (-9, 1), (3, 3), (20, 20)])
def test_negative_numbers_leave_some_threads_out_as_in_joblib(n_jobs, expected, monkeypatch):
    monkeypatch.setattr(_validate, "available_threads", lambda: 8)
    assert _validate.n_threads(n_jobs) == expected


@pytest.mark.parametrize("n_jobs", [True, 2.0, "2", float("nan"), np.True_])
def test_other_things_are_no_numbers_of_threads(layers, n_jobs):
    with pytest.raises(TypeError, match="n_jobs: expected an integer, found"):
        mot.similarity_matrix([layers([3], 30), layers([4], 30)], n_jobs=n_jobs)


@pytest.mark.processes
def test_it_runs_where_there_is_one_thread():
    program = "from mot_fast import _core; print(_core.available_threads())"
    assert run_python(program, OMP_NUM_THREADS="1").strip() == "1"


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("caller", "n_jobs"), [("main", 2), ("other", 1), ("other", 2)])
def test_no_more_threads_work_than_were_asked_for(caller, n_jobs):
    """BLAS has its own threads, warm and willing; none of them gets anything to do."""
    program = """
        import pathlib, sys, threading, time

        def cpu_seconds():
            times = {}
            for task in pathlib.Path("/proc/self/task").iterdir():
                times[task.name] = int((task / "schedstat").read_text().split()[0]) / 1e9
            return times

        n_jobs = int(sys.argv[2])
        x, y = make([500] * 4, 1000), make([600] * 4, 1000, seed=1)
        mot.align([x[0][:, :5]], [y[0][:, :5]])
        import scipy.linalg.blas
        for _ in range(3):
            x[0].T @ y[0]
            scipy.linalg.blas.dgemm(1.0, x[0].T, y[0])
        time.sleep(0.5)

        def align():
            global before, after
            before = cpu_seconds()
            mot.align(x, y, n_jobs=n_jobs)
            after = cpu_seconds()

        if sys.argv[1] == "main":
            align()
        else:
            thread = threading.Thread(target=align)
            thread.start()
            thread.join()
        spent = sorted((after[task] - before.get(task, 0.0) for task in after), reverse=True)
        print(sum(spent[:n_jobs]), sum(spent[n_jobs:]))
        """
    working, idle = map(float, run_python(program, caller, str(n_jobs), OPENBLAS_NUM_THREADS="4").split())
    assert working > 0.05
    assert idle < 0.1 * working


def test_threads_align_at_once_as_one_does_alone(layers):
    """Four Python threads, each with threads of its own."""
    cases = [(layers([60, 30], 80, seed), layers([50, 70, 90], 80, seed + 10)) for seed in range(6)] * 2
    before = blas_threads()
    alone = [bits(mot.align(*case, n_jobs=1)) for case in cases]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda case: bits(mot.align(*case, n_jobs=2)), cases))
    assert together == alone
    assert blas_threads() == before


@pytest.mark.parametrize("caller_ends_first", [True, False])
def test_blas_is_limited_while_any_alignment_runs_and_restored_after_the_last(layers, caller_ends_first):
    """Also where the first to set the limit is not the last to take it back."""
    from mot_fast.system.blas import one_blas_thread

    mot.align(layers([5], 30), layers([5], 30))
    if max(blas_threads(), default=1) == 1:
        pytest.skip("this BLAS has one thread anyway")
    before = blas_threads()
    entered, left = threading.Event(), threading.Event()

    def other():
        with one_blas_thread:
            assert set(blas_threads()) == {1}
            entered.set()
            left.wait(10)

    with ThreadPoolExecutor(1) as pool:
        if caller_ends_first:
            with one_blas_thread:
                future = pool.submit(other)
                entered.wait(10)
            assert set(blas_threads()) == {1}
            left.set()
            future.result()
        else:
            future = pool.submit(other)
            entered.wait(10)
            with one_blas_thread:
                left.set()
                future.result()
                assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_blas_libraries_are_looked_for_when_modules_were_imported_since(layers, monkeypatch):
    import threadpoolctl

    source = layers([5], 30)
    n_looks = 0

    class Counting(threadpoolctl.ThreadpoolController):
        def __init__(self):
            nonlocal n_looks
            n_looks += 1
            super().__init__()

    mot.align(source, source)
    monkeypatch.setattr(threadpoolctl, "ThreadpoolController", Counting)
    mot.align(source, source)
    assert n_looks == 0
    monkeypatch.setitem(sys.modules, "a_module_with_a_blas_of_its_own", threadpoolctl)
    mot.align(source, source)
    assert n_looks == 1


def test_a_limit_of_the_caller_s_own_outlives_an_alignment(layers):
    mot.align(layers([5], 30), layers([5], 30))
    before = blas_threads()
    with threadpool_limits(1 if max(before) > 1 else 2, user_api="blas"):
        limited = blas_threads()
        mot.align(layers([5], 30), layers([5], 30))
        assert blas_threads() == limited
    assert blas_threads() == before


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_forked_children_align_too():
    """After an alignment in the parent, in the middle of one in another thread, and in a child of the child."""
    program = """
        import os, signal, threading, time

        x, y = make([30, 20]), make([25, 40, 20], seed=1)
        expected = bits(mot.align(x, y, n_jobs=2))
        from threadpoolctl import threadpool_info
        blas_threads = lambda: [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        before = blas_threads()

        def succeeds_in_a_child(generations):
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                good = bits(mot.align(x, y, n_jobs=2)) == expected and blas_threads() == before
                os._exit(not (good and (generations == 1 or succeeds_in_a_child(generations - 1))))
            return os.waitpid(child, 0)[1] == 0

        print(succeeds_in_a_child(2))
        thread = threading.Thread(target=mot.align, args=(make([400] * 4), make([500] * 4)), kwargs={"n_jobs": 2})
        thread.start()
        while thread.is_alive():
            print(succeeds_in_a_child(1))
            time.sleep(0.02)
        print(bits(mot.align(x, y, n_jobs=2)) == expected and blas_threads() == before)
        """
    answers = run_python(program).split()
    assert len(answers) >= 3
    assert set(answers) == {"True"}


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_children_are_born_while_another_thread_limits_blas_and_lifts_the_limit():
    """BLAS changes its number of threads under a lock, which a child would inherit closed."""
    program = """
        import os, signal, threading

        from mot_fast.system.blas import one_blas_thread

        x, y = make([3]), make([4], seed=1)
        mot.align(x, y)
        ended = threading.Event()

        def limit_and_lift():
            while not ended.is_set():
                with one_blas_thread:
                    pass

        thread = threading.Thread(target=limit_and_lift)
        thread.start()
        for _ in range(100):
            child = os.fork()
            if child == 0:
                mot.align(x, y)
                os._exit(0)
            print(os.waitpid(child, 0)[1] == 0)
        ended.set()
        thread.join()
        """
    assert run_python(program).split() == ["True"] * 100


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_worker_processes_align_as_their_parent_does(start_method, tmp_path):
    import multiprocessing

    if start_method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {start_method} here")
    program = """
        def work(seed):
            return bits(mot.align(make([30, 20]), make([25, 40], seed=seed), n_jobs=2))

        if __name__ == "__main__":
            import multiprocessing, sys
            expected = [work(seed) for seed in range(4)]
            with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
                print(pool.map(work, range(4)) == expected)
        """
    script = tmp_path / "workers.py"
    script.write_text(MAKE_LAYERS + textwrap.dedent(program))
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script), start_method]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert output == "True\n"
