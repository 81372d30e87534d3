"""Workers that a study asks for: processes of this machine, a Dask cluster, or jobs of SLURM."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from mot_fast.cli import terminal
from mot_fast.system import optional
from mot_fast.system.executor import break_pool

_SECONDS_TO_ANSWER = 10


@dataclass(frozen=True)
class Cluster:
    """Workers of a study; by default none, so that this process works."""

    n_processes: int | None = None
    """Number of processes on this machine."""
    address: str | None = None
    """Address of a Dask scheduler."""
    n_jobs: int | None = None
    """Number of jobs of SLURM, each with one Dask worker or more."""
    slurm: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of `dask_jobqueue.SLURMCluster`."""

    def check(self) -> None:
        """Raise where what the workers need is not installed, or there is no such scheduler.

        Raises
        ------
        ImportError, OSError, ValueError
            As `executor`; also if a library or the command of SLURM is missing.
        """
        if self.address is not None:
            optional.library("distributed", "cluster.address needs")
        if self.n_jobs is not None:
            optional.library("dask_jobqueue", "cluster.slurm needs")
            if shutil.which("sbatch") is None:
                raise FileNotFoundError("cluster.slurm: expected the command sbatch of SLURM, found none")
        with self._client():
            pass

    @contextmanager
    def executor(self) -> Iterator[Executor | None]:
        """An executor of the workers, which end when the block is left; None without workers.

        Raises
        ------
        OSError
            If there is no such scheduler.
        ValueError
            If dask-jobqueue does not take the arguments.
        """
        if self.n_processes is not None:
            with _processes(self.n_processes) as pool:
                yield pool
            return
        with self._client() as client:
            if client is None:
                yield None
            elif self.n_jobs is None:
                yield client.get_executor()
            else:
                yield _Jobs(client, self.n_jobs)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """A client of the scheduler at the address, or of a new one for jobs of SLURM; None without Dask."""
        if self.address is not None:
            with _client_at(self.address) as client:
                yield client
        elif self.n_jobs is not None:
            from distributed import Client

            with _slurm(self.slurm) as cluster, Client(cluster) as client:
                yield client
        else:
            yield None


class _Jobs(Executor):
    """Jobs of SLURM, which are asked for when there is something to do: a study that is finished needs none."""

    def __init__(self, client: Any, n_jobs: int) -> None:
        self._client, self._n_jobs = client, n_jobs
        self._executor: Executor | None = None

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        """Give a task to the jobs, which are submitted before the first one."""
        if self._executor is None:
            self._client.cluster.scale(jobs=self._n_jobs)
            terminal.note(f"jobs of SLURM asked for: {self._n_jobs}; the work goes on when the first one starts")
            self._executor = self._client.get_executor()
        return self._executor.submit(function, *arguments, **options)


@contextmanager
def _processes(n: int) -> Iterator[Executor]:
    """A pool of processes of this machine, which end with the block, or with this process, whatever ends it."""
    pool = ProcessPoolExecutor(n, mp_context=get_context("spawn"), initializer=_begin_work)
    with pool:
        try:
            yield pool
        except KeyboardInterrupt:  # what is under way is not waited for
            break_pool(pool)
            raise


def _begin_work() -> None:
    """Leave Ctrl-C to the process that started this worker, and end with it: a pool's own workers wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None
    Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(process: Any) -> None:
    process.join()
    os._exit(1)


def _client_at(address: str) -> Any:
    """A client of the scheduler at an address."""
    from distributed import Client

    try:
        return Client(address, timeout=_SECONDS_TO_ANSWER)
    # Also of an address that is none; another server's answer can be taken for the length of a message.
    except (OSError, ValueError, MemoryError) as error:
        raise OSError(
            f"cluster.address: expected the address of a Dask scheduler, found none that answers at {address} ({error})"
        ) from error


def _slurm(arguments: Mapping[str, Any]) -> Any:
    """A scheduler of Dask for jobs of SLURM, none of which is submitted yet."""
    from dask_jobqueue import SLURMCluster

    try:
        return SLURMCluster(**arguments)
    except (TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        raise ValueError(
            f"cluster.slurm: expected arguments of dask_jobqueue.SLURMCluster, found {dict(arguments)} ({text})"
        ) from error
