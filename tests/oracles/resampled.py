"""Slow twins of what is counted over the plans of many resamples: dense plans, one loop for each definition."""

from __future__ import annotations

import itertools

import numpy as np


def mass_in_common(plans, compared=None) -> float:
    """Mean over pairs of plans of the mass that both move between the same places."""
    compared = list(itertools.combinations(range(len(plans)), 2)) if compared is None else compared
    return float(np.mean([np.minimum(plans[k], plans[other]).sum() for k, other in compared]))


def main_partners(plans, costs):
    """Most frequent main partner of each row, and how often it is; places of cost 1 or more are no partners."""
    n, m = plans[0].shape
    partners, confidence = [], []
    for i in range(n):
        counts = np.zeros(m)
        for plan, cost in zip(plans, costs, strict=True):
            for j in range(m):
                counts[j] += plan[i, j] > plan[i].max() - 1e-7 and cost[i, j] < 1 - 1e-6
        best = max(range(m), key=lambda j: (counts[j], sum(plan[i, j] for plan in plans)))
        partners.append(best if counts[best] else -1)
        confidence.append(counts[best] / len(plans))
    return np.array(partners), np.array(confidence)


def q_values(confidence, decoys):
    """Least false discovery rate over the thresholds that a unit passes."""
    found = []
    for own in confidence:
        rates = []
        for threshold in [each for each in confidence if each <= own]:
            chance = (1 + sum(decoy >= threshold for decoy in decoys)) / (1 + len(decoys))
            rates.append(chance / np.mean([each >= threshold for each in confidence]))
        found.append(min(1.0, *rates))
    return np.array(found)
