"""The estimator in scikit-learn's pipelines and searches, against loops without it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone
from sklearn.feature_selection import VarianceThreshold
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

import mot_fast as mot


@pytest.fixture
def networks(layers):
    return mot.load(layers([6, 5, 7], 60)), mot.load(layers([7, 4], 60, seed=2))


def test_a_step_of_a_pipeline_sees_one_layer_as_a_matrix(networks):
    x, y = (network.layer(0) for network in networks)
    with_constants = np.hstack([x, np.ones((60, 2))])
    pipeline = make_pipeline(VarianceThreshold(), mot.Aligner(coupling="mot"))
    found = clone(pipeline).fit(with_constants[:40], y[:40]).score(with_constants[40:], y[40:])
    expected = mot.align([x[:40]], [y[:40]]).score([x[40:]], [y[40:]]).value
    assert found == pytest.approx(expected, abs=1e-12)
    assert pipeline.set_params(aligner__rotate=True).fit(with_constants, y)[-1].alignment_.alternation is not None


def test_a_search_is_a_loop_over_options_and_splits(networks):
    groups = np.repeat(np.arange(12), 5)
    splitter = GroupKFold(3)
    grid = {"coupling": ["mot", "uniform"], "rotate": [False, True]}
    search = GridSearchCV(mot.Aligner(), grid, cv=splitter).fit(*networks, groups=groups)
    source, target = networks
    for params, found in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        scores = [
            mot.align(source[train], target[train], rotate=params["rotate"])
            .score(source[test], target[test], params["coupling"])
            .value
            for train, test in splitter.split(source, groups=groups)
        ]
        assert found == pytest.approx(np.mean(scores), abs=1e-12)
        estimator = mot.Aligner(**params)
        np.testing.assert_allclose(cross_val_score(estimator, *networks, groups=groups, cv=splitter), scores)
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()


def test_clusters_are_matched_as_by_scipy(rng):
    labels = rng.integers(7, size=300)
    others = np.where(rng.random(300) < 0.7, (3 * labels + 2) % 7, rng.integers(9, size=300))
    overlap = contingency_matrix(labels, others)
    rows, columns = mot.ot.linear_sum_assignment(overlap, maximize=True)
    assert overlap[rows, columns].sum() == overlap[linear_sum_assignment(overlap, maximize=True)].sum()
    assert columns[:7].tolist() == [(3 * k + 2) % 7 for k in range(7)]
