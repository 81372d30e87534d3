"""Types of the keyword arguments that other functions hand on to `align`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Literal, TypedDict

from mot_fast._validate_masses import GivenMasses
from mot_fast.layer_pairs.alternation import Alternation

PRICES = ("unit_cost", "layer_cost")
GOALS = ("unit_mass", "layer_mass", *PRICES)
"""Arguments of `align` that leave mass behind."""

RESOURCES = ("n_jobs", "memory_limit", "executor", "store")
"""Arguments of `align` that say how and where the work is done, and not what is found."""


def expect_none(options: Mapping[str, object], names: Sequence[str], why: str) -> None:
    """Refuse arguments of `align` that a function cannot hand on."""
    for name in names:
        if options.get(name) is not None:
            raise ValueError(f"{name}: expected None, {why}, found {options[name]!r}")


class WholeUnitsOptions(TypedDict, total=False):
    """Keyword arguments of `align` without rotations, progress bar, and how much of the units' mass is matched."""

    convention: str
    source_mass: GivenMasses | None
    target_mass: GivenMasses | None
    layer_mass: float | None
    layer_cost: float | None
    n_jobs: int | None
    memory_limit: int | None
    executor: Executor | None
    store: str | os.PathLike[str] | None


class PlainOptions(WholeUnitsOptions, total=False):
    """Keyword arguments of `align` without rotations and progress bar, which the function has itself."""

    unit_mass: float | Literal["path"] | None
    unit_cost: float | None


class RotatingOptions(PlainOptions, total=False):
    """Keyword arguments of `align` without the progress bar, which the function has itself."""

    rotate: bool | Alternation


class Options(RotatingOptions, total=False):
    """All keyword arguments of `align`."""

    progress: bool
