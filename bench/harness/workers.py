"""Solvers in processes of their own, which are told what to solve, and ended when they take too long."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any

import numpy as np

from problems.layers import Array

SCRIPT = Path(__file__).parents[1] / "worker.py"
LONGEST = 20.0
"""Seconds after which a solver is ended."""
START_SECONDS = 120.0
"""Seconds that a solver's package may take to be imported."""
BATCH_SECONDS, TOTAL_SECONDS, MAX_TURNS = 1e-3, 0.1, 10
"""Least length of a timed batch of calls; seconds after which a solver that ran twice runs no more; and turns."""


class WorkerError(RuntimeError):
    """A solver raised, crashed, or took too long."""


class Worker:
    """One solver in a process of its own; it starts again after a problem on which it had to be ended."""

    def __init__(self, solver: str, python: str = sys.executable) -> None:
        self._command = [python, str(SCRIPT), solver]
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version: str = self._reply(START_SECONDS)["version"]

    def load(self, folder: Path) -> None:
        """Load the problem of a folder."""
        if self._process.poll() is not None:
            self._start()
        self._ask({"load": str(folder)})

    def run(self, count: int) -> float:
        """Solve the problem several times; return the seconds of a call."""
        return float(self._ask({"run": count})["seconds"])

    def answer(self, file: Path) -> dict[str, Array]:
        """Arrays of the last answer: rows, columns and mass of the plan, and perhaps potentials u and v."""
        self._ask({"answer": str(file)})
        with np.load(file) as arrays:
            return dict(arrays)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended, which the reply says
        return self._reply(LONGEST)

    def _reply(self, seconds: float) -> dict[str, Any]:
        timer = Timer(seconds, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        is_late = not timer.is_alive()
        timer.cancel()
        if not line:
            code = self._process.wait()
            raise WorkerError(f"took more than {seconds:g} s" if is_late else f"ended with code {code}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply


class Workers(dict[str, Worker]):
    """Workers by the names of their solvers, which end with the block; `missing` says which are not there, and why."""

    def __init__(self, pythons: Mapping[str, str]) -> None:
        self.missing: dict[str, str] = {}
        super().__init__()
        for solver, python in pythons.items():
            try:
                self[solver] = Worker(solver, python)
            except (WorkerError, OSError) as error:
                self.missing[solver] = str(error)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self.values():
            worker.close()


def time_in_batches(workers: Mapping[str, Worker]) -> tuple[dict[str, float], dict[str, str]]:
    """Least seconds of a call of every worker, which take turns, and what went wrong with the others.

    Short calls are timed in batches, of the same length for all, and long ones twice; very long ones run once.
    """
    least: dict[str, float] = {}
    failures: dict[str, str] = {}
    spent: dict[str, float] = {}
    for turn in range(MAX_TURNS):
        for name, worker in workers.items():
            if name in failures or (turn and spent[name] > TOTAL_SECONDS * (20 if turn == 1 else 1)):
                continue
            count = max(1, int(BATCH_SECONDS / max(least[name], 1e-6))) if turn else 1
            try:
                seconds = worker.run(count)
            except WorkerError as error:
                failures[name] = str(error)
                least.pop(name, None)
                continue
            least[name] = min(seconds, least.get(name, seconds))
            spent[name] = spent.get(name, 0.0) + count * seconds
    return least, failures


def save_problem(folder: Path, cost: Any, masses: Sequence[Array]) -> None:
    """Write costs and masses as workers load them."""
    for file in folder.glob("*.np?"):
        file.unlink()
    for name, mass in zip("ab", masses, strict=True):
        np.save(folder / f"{name}.npy", mass)
    if isinstance(cost, np.ndarray):
        np.save(folder / "cost.npy", cost)
        return
    for name in ("data", "indices", "indptr"):
        np.save(folder / f"{name}.npy", getattr(cost, name))
