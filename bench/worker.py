"""One solver in a process of its own: it loads problems, solves them when it is told to, and times itself.

python worker.py SOLVER

A rival that hangs or crashes so ends alone, and one may live in an environment of its own: this file needs NumPy and
the solver's package. Messages are lines of JSON: {"load": FOLDER}, {"run": COUNT}, {"answer": FILE}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

POT_ITERATIONS = 10**8
"""Iterations after which POT gives up: so many that it never does."""

clock = time.process_time if time.get_clock_info("process_time").resolution < 1e-6 else time.perf_counter
"""Seconds of the processor where they are counted finely: other work on the machine then counts little."""


class Problem:
    """Costs, dense or sparse, and masses, as they lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.a, self.b = np.load(folder / "a.npy"), np.load(folder / "b.npy")
        self.is_uniform = bool((self.a == self.a[0]).all() and (self.b == self.b[0]).all())
        if (folder / "cost.npy").exists():
            self.cost = np.load(folder / "cost.npy")
        else:
            import scipy.sparse

            arrays = [np.load(folder / f"{name}.npy") for name in ("data", "indices", "indptr")]
            self.cost = scipy.sparse.csr_array(tuple(arrays), shape=(len(self.a), len(self.b)))


Solve = Callable[[Problem], Any]
Read = Callable[[Problem, Any], dict[str, Any]]


def mot_fast() -> tuple[Solve, Read]:
    """Our transport: plan, potentials and certificate."""
    import mot_fast as mot

    def solve(problem: Problem) -> Any:
        if not isinstance(problem.cost, np.ndarray):
            return mot.ot.emd(problem.a, problem.b, problem.cost)
        masses = () if problem.is_uniform else (problem.a, problem.b)
        return mot.solve_transport(problem.cost, *masses)

    def read(problem: Problem, result: Any) -> dict[str, Any]:
        if not isinstance(problem.cost, np.ndarray):
            plan, log = mot.ot.emd(problem.a, problem.b, problem.cost, log=True)
            return {**entries(plan), "u": log["u"], "v": log["v"]}
        return {name: getattr(result, name) for name in ("rows", "columns", "mass", "u", "v")}

    return solve, read


def mot_fast_assignment() -> tuple[Solve, Read]:
    """Our assignment, which is proven as well, but returns the matching alone."""
    import mot_fast as mot

    return lambda problem: mot.ot.linear_sum_assignment(problem.cost), lambda _, result: matching(result[1])


def pot() -> tuple[Solve, Read]:
    """POT's network simplex: the plan, without potentials."""
    import ot

    def solve(problem: Problem) -> Any:
        return ot.emd(problem.a, problem.b, problem.cost, numItermax=POT_ITERATIONS)

    return solve, lambda _, plan: entries(plan)


def scipy_matching() -> tuple[Solve, Read]:
    """SciPy's assignment, of dense or of sparse costs."""
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    def solve(problem: Problem) -> Any:
        is_dense = isinstance(problem.cost, np.ndarray)
        return linear_sum_assignment(problem.cost) if is_dense else min_weight_full_bipartite_matching(problem.cost)

    return solve, lambda _, result: matching(result[1])


def lap() -> tuple[Solve, Read]:
    """The package lap, which lapx would hide: both call their module `lap`."""
    assert not is_installed("lapx"), "lapx is in the same environment, and would be measured under the name of lap"
    from lap import lapjv

    return lambda problem: lapjv(problem.cost, return_cost=False), lambda _, result: matching(result[0])


def lapjv() -> tuple[Solve, Read]:
    """The package lapjv of source{d}, in single precision, which is its default and mostly its faster way."""
    from lapjv import lapjv as solve

    return lambda problem: solve(problem.cost), lambda _, result: matching(result[0])


def lap1015() -> tuple[Solve, Read]:
    """LAP1015 (Volgenant's epsilon scaling as of 2015), in the package py-lap-solver."""
    from py_lap_solver.solvers import Lap1015Solver

    solver = Lap1015Solver(use_openmp=False)
    return lambda problem: solver.solve_single(problem.cost), lambda _, columns: matching(columns)


def lapcpp() -> tuple[Solve, Read]:
    """The package lapcpp."""
    from lapcpp import lapjv as solve

    return lambda problem: solve(problem.cost, return_cost=False), lambda _, result: matching(result[1])


def lapx(function: str) -> tuple[Solve, Read]:
    """One of the solvers in the package lapx."""
    assert not is_installed("lap"), "lap is in the same environment, and one of the two hides the other"
    import lap

    solve = getattr(lap, function)
    return lambda problem: solve(problem.cost, return_cost=False), lambda _, result: matching(result[1])


SOLVERS: dict[str, tuple[str, Callable[[], tuple[Solve, Read]]]] = {
    "mot_fast": ("mot_fast", mot_fast),
    "mot_fast assignment": ("mot_fast", mot_fast_assignment),
    "POT": ("POT", pot),
    "SciPy": ("scipy", scipy_matching),
    "lap": ("lap", lap),
    "lapjv": ("lapjv", lapjv),
    "LAP1015": ("py-lap-solver", lap1015),
    "lapcpp": ("lapcpp", lapcpp),
    "lapx r": ("lapx", lambda: lapx("lapjvr")),
    "lapx h": ("lapx", lambda: lapx("lapjvh")),
}
"""Package that a solver comes from, and what loads it."""


def matching(columns: Any) -> dict[str, Any]:
    """The matching that gives every row one column, as a plan of equal masses."""
    columns = np.asarray(columns)
    return {"rows": np.arange(len(columns)), "columns": columns, "mass": np.full(len(columns), 1 / len(columns))}


def entries(plan: Any) -> dict[str, Any]:
    """Entries of a plan, dense or sparse."""
    if isinstance(plan, np.ndarray):
        rows, columns = np.nonzero(plan)
        return {"rows": rows, "columns": columns, "mass": plan[rows, columns]}
    plan = plan.tocoo()
    return {"rows": plan.row, "columns": plan.col, "mass": plan.data}


def is_installed(package: str) -> bool:
    """Whether a package is in this environment."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def serve(name: str) -> None:
    """Answer the messages of the standard input, one line each, until it ends."""
    # What a package prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def reply(**answer: Any) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    package, load = SOLVERS[name]
    try:
        solve, read = load()
        reply(version=version(package))
    except (ImportError, PackageNotFoundError, AssertionError) as error:
        reply(error=f"{type(error).__name__}: {error}")
        return
    problem, result = None, None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if "load" in message:
                problem = result = None  # freed before the next one takes its place
                problem = Problem(Path(message["load"]))
                reply()
            elif "run" in message:
                result = None  # freeing it takes time too
                started = clock()
                for _ in range(message["run"]):
                    result = solve(problem)
                reply(seconds=(clock() - started) / message["run"])
            else:
                np.savez(message["answer"], **read(problem, result))
                reply()
        except Exception as error:  # whatever a rival raises
            reply(error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    serve(sys.argv[1])
