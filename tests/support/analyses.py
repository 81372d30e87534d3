"""Analyses whose pieces workers can do and a store can keep, and what they find as values to compare."""

from __future__ import annotations

import numpy as np

import mot_fast as mot

METHODS = ("mot", "greedy", "permuted", "mot+r", "partial", "cka", "linear", "global_ot")


def compared(networks, **where):
    """What a comparison finds, but for times and memory."""
    found = mot.compare(*networks, METHODS, splits=2, n_resamples=49, n_shuffles=3, **where)
    of_methods = {
        name: [
            *(each.scores, each.hierarchies, each.layer_maps, each.p_values, each.p_hierarchy, each.p_shuffled),
            *(each.over_units, each.in_rotated_units, each.matched, each.permuted_sds, each.permuted_hierarchy_sds),
        ]
        for name, each in found.results.items()
    }
    return of_methods, found.hierarchy_ceiling


def evaluated(networks, **where):
    train, test = mot.split(60)
    alignment = mot.align(networks[0][train], networks[1][train])
    return mot.evaluate(alignment, networks[0][test], networks[1][test], n_resamples=49, **where).evaluation


def of_fractions(networks, **where):
    return mot.subsample_curve(*networks, (0.5, 1.0), methods=("mot", "uniform", "mot+r"), splits=2, **where).scores


def shuffled(networks, **where):
    null = mot.hierarchy_null(*networks, n_permutations=7, n_layer_permutations=9, **where)
    return null.observed, null.stimuli, null.stimuli_plan, null.p_stimuli


def shuffled_on_splits(networks, **where):
    null = mot.alignment_null(*networks, n_permutations=7, rotate=True, **where)
    return null.null_costs, null.null_scores, null.null_hierarchies, null.null_layer_costs, null.p_layer_costs


ANALYSES = (compared, evaluated, of_fractions, shuffled, shuffled_on_splits)


def same(found, expected):
    """Compare nested results to the last bit."""
    np.testing.assert_equal(found, expected)
