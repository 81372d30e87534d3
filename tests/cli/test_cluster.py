"""Processes of a study, which end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from mot_fast.cli.cluster import Cluster

KILLED = """
import os, signal
from mot_fast.cli.cluster import Cluster

if __name__ == "__main__":
    with Cluster(n_processes=1).executor() as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def is_running(process):
    """Whether there is such a process; one that has ended and that nobody has waited for is none."""
    command = ["ps", "-o", "stat=", "-p", str(process)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() not in ("", "Z", "Z+")


def wait_for_end(process):
    for _ in range(600):
        if not is_running(process):
            return
        time.sleep(0.1)
    os.kill(process, signal.SIGKILL)
    pytest.fail("a worker outlived the process that started it")


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing is killed by a signal here")
def test_workers_end_with_a_process_that_is_killed(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    # Not to a pipe, which the worker would hold open.
    with (tmp_path / "out").open("w") as out:
        ended = subprocess.run([sys.executable, script], stdout=out, check=False)
    assert ended.returncode == -signal.SIGKILL
    wait_for_end(int((tmp_path / "out").read_text()))


@pytest.mark.processes
def test_an_interrupt_does_not_wait_for_what_is_under_way():
    worker = []

    def interrupted():
        with Cluster(n_processes=1).executor() as pool:
            worker.append(pool.submit(os.getpid).result())
            pool.submit(time.sleep, 10**6)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    wait_for_end(worker[0])
