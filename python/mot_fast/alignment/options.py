"""Keywords that others hand on to `align`, for those who check types."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from typing import TypedDict

from mot_fast._validate_masses import GivenMasses
from mot_fast.layer_pairs.alternation import Alternation


class PlainOptions(TypedDict, total=False):
    """Where rotations and the progress bar are the caller's own."""

    convention: str
    source_mass: GivenMasses | None
    target_mass: GivenMasses | None
    n_jobs: int | None
    memory_limit: int | None
    executor: Executor | None
    store: str | os.PathLike[str] | None


class RotatingOptions(PlainOptions, total=False):
    """Where the progress bar is the caller's own."""

    rotate: bool | Alternation


class Options(RotatingOptions, total=False):
    """All of them."""

    progress: bool
