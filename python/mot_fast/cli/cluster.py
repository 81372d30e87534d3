"""Workers that a study asks for: processes of this machine, a Dask cluster, or jobs of SLURM."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from mot_fast.cli import terminal
from mot_fast.system import optional

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
        """Raise where what the workers need is not installed."""
        if self.address is not None:
            optional.library("distributed", "cluster.address needs")
        if self.n_jobs is not None:
            optional.library("dask_jobqueue", "cluster.slurm needs")
            if shutil.which("sbatch") is None:
                raise FileNotFoundError("cluster.slurm: expected the command sbatch of SLURM, found none")

    @contextmanager
    def executor(self) -> Iterator[Executor | None]:
        """An executor of the workers, which end when the block is left; None without workers.

        Raises
        ------
        OSError
            If there is no such scheduler.
        """
        if self.n_processes is not None:
            with ProcessPoolExecutor(self.n_processes, mp_context=get_context("spawn")) as pool:
                yield pool
        elif self.address is not None:
            with _client(self.address) as client:
                yield client.get_executor()
        elif self.n_jobs is not None:
            from dask_jobqueue import SLURMCluster
            from distributed import Client

            with SLURMCluster(**self.slurm) as cluster, Client(cluster) as client:
                cluster.scale(jobs=self.n_jobs)
                terminal.note(f"jobs of SLURM asked for: {self.n_jobs}; the work goes on when the first one starts")
                yield client.get_executor()
        else:
            yield None


def _client(address: str) -> Any:
    """A client of the scheduler at an address."""
    from distributed import Client

    try:
        return Client(address, timeout=_SECONDS_TO_ANSWER)
    except (OSError, ValueError) as error:  # also of an address that is none
        raise OSError(
            f"cluster.address: expected the address of a Dask scheduler, found none that answers at {address} ({error})"
        ) from error
