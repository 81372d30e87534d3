"""Counts that nobody can mean are refused before anything is done so many times."""

from __future__ import annotations

import pytest

import mot_fast as mot

MANY = 10**12


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("splits", lambda x, y: mot.compare(x, y, ["mot"], splits=MANY)),
        ("n_permutations", lambda x, y: mot.compare(x, y, ["mot"], n_permutations=MANY)),
        ("n_resamples", lambda x, y: mot.compare(x, y, ["mot"], n_resamples=MANY)),
        ("splits", lambda x, y: mot.subsample_curve(x, y, splits=MANY)),
        ("n_permutations", lambda x, y: mot.hierarchy_null(x, y, n_permutations=MANY)),
        ("n_permutations", lambda x, y: mot.alignment_null(x, y, n_permutations=MANY)),
        ("n_draws", lambda x, y: mot.equal_width_cost(x, y, n_draws=MANY)),
        ("n_layer_permutations", lambda x, y: mot.hierarchy_null(x, y, n_layer_permutations=MANY)),
        ("n_splits", lambda x, _: mot.noise_ceiling([x, x], n_splits=MANY)),
        ("n_resamples", lambda x, y: mot.evaluate(mot.align(x, y), x, y, n_resamples=MANY)),
        ("n_resamples", lambda x, y: mot.bootstrap_score(mot.align(x, y), x, y, n_resamples=MANY)),
        ("n_resamples", lambda x, y: mot.p_better(mot.align(x, y), x, y, n_resamples=MANY)),
        ("restarts", lambda *_: mot.Alternation(restarts=MANY)),
    ],
)
def test_more_than_anybody_can_wait_for_is_refused(layers, name, call):
    with pytest.raises(ValueError, match=rf"{name}: expected at most \d+, found {MANY}"):
        call(layers([3, 4]), layers([4, 5], seed=2))
