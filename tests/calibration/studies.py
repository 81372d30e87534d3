"""What is simulated, how often, and what docs/calibration.md promises of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from calibration import simulations
from calibration.populations import AUTOREGRESSIVE, N_STIMULI, POPULATIONS
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
            totals = {name: each.sum() for name, each in self.judge(np.array(found), population, n_stimuli).items()}
        name = next(name for name, study in STUDIES.items() if study is self)
        return [
            Count(name, population, procedure, n_stimuli, self.nominal, len(rngs), int(total))
            for procedure, total in totals.items()
        ]


T20, T50, T200 = N_STIMULI
INDEPENDENT = "Gaussian", "heavy-tailed", "sparse"
LIKE_AND_UNLIKE = "", "unlike, "
RELATED = "unrelated", "half related"
AUTO, FIFTH = 'block_length="auto"', "block_length=T // 5"
COST_AND_SCORE = "p_cost", "p_score"
CIRCULAR = 'shuffle="circular"'

STUDIES = {
    "score_intervals": Study(
        "Coverage of `bootstrap_score`, 95 %",
        0.95,
        1000,
        simulations.score_intervals,
        {
            ("Gaussian", "default"): (T50, T200),
            **dict.fromkeys([("Gaussian", 'method="t"'), ("Gaussian", AUTO)], N_STIMULI),
            ("heavy-tailed", 'method="t"'): N_STIMULI,
            **dict.fromkeys([("AR(0.5)", AUTO), ("AR(0.5)", FIFTH)], N_STIMULI),
            **dict.fromkeys([("AR(0.9)", AUTO), ("AR(0.9)", FIFTH)], (T200,)),
            ("grouped", "groups"): N_STIMULI,
        },
    ),
    "better_tests": Study(
        "Size of `p_better` at 5 %",
        0.05,
        1000,
        simulations.better_tests,
        {
            ("Gaussian", "default"): N_STIMULI,
            **{(name, f'{kind}method="t"'): N_STIMULI for name in INDEPENDENT for kind in LIKE_AND_UNLIKE},
            **{(name, kind + AUTO): N_STIMULI for name in ("Gaussian", "AR(0.5)") for kind in LIKE_AND_UNLIKE},
            **{("AR(0.5)", kind + FIFTH): N_STIMULI for kind in LIKE_AND_UNLIKE},
            **{("AR(0.9)", kind + way): (T200,) for way in (AUTO, FIFTH) for kind in LIKE_AND_UNLIKE},
            **{("grouped", f"{kind}groups"): N_STIMULI for kind in LIKE_AND_UNLIKE},
        },
    ),
    "chance_tests": Study(
        "Size of `hierarchy_null` at 5 %",
        0.05,
        400,
        simulations.chance_tests,
        {
            **{(name, test): N_STIMULI for name in INDEPENDENT for test in ("p_stimuli", "p_layers")},
            **{(name, f"p_stimuli, {CIRCULAR}"): N_STIMULI for name in POPULATIONS},
            ("grouped", "p_stimuli, groups"): N_STIMULI,
        },
    ),
    "alignment_tests": Study(
        "Size of `alignment_null` at 5 %",
        0.05,
        200,
        simulations.alignment_tests,
        {
            **{(name, f"{p}, default"): N_STIMULI for name in INDEPENDENT for p in ("p_cost", "p_score")},
            **{
                (name, f"{p}, {CIRCULAR}"): N_STIMULI
                for name in (*INDEPENDENT, "AR(0.5)")
                for p in ("p_cost", "p_score")
            },
            **{("grouped", f"{p}, groups"): N_STIMULI for p in ("p_cost", "p_score")},
        },
    ),
    "split_intervals": Study(
        "Coverage of intervals over five random splits, 95 %",
        0.95,
        1000,
        simulations.split_scores,
        {(name, "corrected_interval"): N_STIMULI for name in INDEPENDENT},
        simulations.split_intervals,
    ),
    "order_tests": Study(
        'Size of `p_better(than="permuted")` at 5 %',
        0.05,
        400,
        simulations.order_tests,
        {
            **{(name, f"{kind}default"): N_STIMULI for name in INDEPENDENT for kind in LIKE_AND_UNLIKE},
            **{("Gaussian", kind + AUTO): N_STIMULI for kind in LIKE_AND_UNLIKE},
            **{
                (name, kind + way): N_STIMULI
                for name in AUTOREGRESSIVE
                for way in (AUTO, FIFTH)
                for kind in LIKE_AND_UNLIKE
            },
            **{("grouped", f"{kind}groups"): N_STIMULI for kind in LIKE_AND_UNLIKE},
        },
    ),
    "unit_matches": Study(
        "False discovery rate of `stability` at q = 0.1",
        simulations.FALSE_DISCOVERIES,
        200,
        simulations.unit_matches,
        {
            **{(name, f"{kind}, default"): N_STIMULI for name in INDEPENDENT for kind in RELATED},
            **{(name, f"{kind}, {FIFTH}"): N_STIMULI for name in AUTOREGRESSIVE for kind in RELATED},
            **{("grouped", f"{kind}, groups"): N_STIMULI for kind in RELATED},
        },
    ),
    "subject_intervals": Study(
        "Coverage of `compare_subjects`, 12 subjects, 95 %",
        0.95,
        400,
        simulations.subject_scores,
        {
            **{(name, "over subjects, the same stimuli"): N_STIMULI for name in POPULATIONS},
            **{("Gaussian", f"over both, {way}"): N_STIMULI for way in ("default", AUTO)},
            **{("AR(0.5)", f"over both, {way}"): N_STIMULI for way in (AUTO, FIFTH)},
            **{("AR(0.9)", f"over both, {way}"): (T200,) for way in (AUTO, FIFTH)},
            ("grouped", "over both, groups"): N_STIMULI,
        },
        simulations.subject_intervals,
    ),
}
