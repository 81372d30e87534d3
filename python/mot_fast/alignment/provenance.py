"""Records how an alignment is made: when, by which versions, on what kind of machine, of which activations."""

from __future__ import annotations

import platform
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from mot_fast._version import __version__
from mot_fast.alignment.record import Run
from mot_fast.alignment.result import Alignment
from mot_fast.layer_pairs.block_store import layer_digest
from mot_fast.networks.network import Network


class Stopwatch:
    """Measures a run, which begins when the stopwatch is made."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._started = time.perf_counter()

    def run(self, n_stimuli: int, n_threads: int, memory_limit: int | None) -> Run:
        """Describe the run, which ends now; neither the machine nor its user is named."""
        seconds = time.perf_counter() - self._started
        return Run(
            began=self._began.isoformat(timespec="seconds"),
            seconds=seconds,
            n_stimuli=n_stimuli,
            n_threads=n_threads,
            memory_limit=memory_limit,
            versions=_versions(),
            platform=platform.platform(),
            machine=platform.machine(),
        )


def with_digests(alignment: Alignment, source: Network, target: Network) -> Alignment:
    """The alignment with hashes of the activations given, of which it was made."""
    source_digests, target_digests = (
        tuple(layer_digest(*network.read(l)) for l in range(len(network))) for network in (source, target)
    )
    return replace(
        alignment,
        source=replace(alignment.source, digests=source_digests),
        target=replace(alignment.target, digests=target_digests),
    )


def _versions() -> dict[str, str]:
    """Versions of the package, of Python and of the libraries that results depend on."""
    import scipy

    return {
        "mot_fast": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
