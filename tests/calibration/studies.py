"""What is simulated, how often, and what docs/calibration.md promises of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from calibration import simulations
from calibration.table import Count


@dataclass(frozen=True)
class Study:
    """Simulations of one kind for every population and number of stimuli."""

    title: str
    nominal: float
    """Share of the simulations in which an interval covers, or a test rejects, if it does as it says."""
    n: int
    """Number of simulations."""
    simulate: Callable
    """One simulation: for each procedure, whether it covers or rejects; or a list of numbers for `judge`."""
    promises: Mapping[tuple[str, str], tuple[int, ...]]
    """Numbers of stimuli for which a population's procedure is promised to do as it says, or to be on the safe side."""
    judge: Callable | None = None
    """Whether each procedure covers in each of all simulations, from their numbers."""

    def counts(self, population, n_stimuli, rngs):
        """Counts of all procedures over a simulation for each random generator."""
        found = [self.simulate(population, n_stimuli, rng) for rng in rngs]
        if self.judge is None:
            totals = {name: sum(each[name] for each in found) for name in found[0]}
        else:
            totals = {name: each.sum() for name, each in self.judge(np.array(found), n_stimuli).items()}
        name = next(name for name, study in STUDIES.items() if study is self)
        return [
            Count(name, population, procedure, n_stimuli, self.nominal, len(rngs), int(total))
            for procedure, total in totals.items()
        ]


STUDIES = {
    "score_intervals": Study(
        "Coverage of `bootstrap_score`, 95 %", 0.95, 1000, simulations.score_intervals, {}
    ),
    "better_tests": Study("Size of `p_better` at 5 %", 0.05, 1000, simulations.better_tests, {}),
    "chance_tests": Study("Size of `hierarchy_null` at 5 %", 0.05, 400, simulations.chance_tests, {}),
    "split_intervals": Study(
        "Coverage of intervals over five random splits, 95 %", 0.95, 1000, simulations.split_scores, {},
        simulations.split_intervals,
    ),
}  # fmt: skip
