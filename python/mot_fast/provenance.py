"""When, on what and by what something is computed."""

from __future__ import annotations

import platform
import time
from datetime import UTC, datetime

import numpy as np

from mot_fast.record import Run


class Stopwatch:
    """Runs from the moment it is made."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._started = time.perf_counter()

    def run(self, n_stimuli: int, n_threads: int, memory_limit: int | None) -> Run:
        """What there is to say of a run that ends now; neither the machine nor its user is named."""
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


def _versions() -> dict[str, str]:
    import scipy

    import mot_fast

    return {
        "mot_fast": mot_fast.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
