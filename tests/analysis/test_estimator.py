"""Alignment by scikit-learn's own tools, and by its own checks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mot_fast as mot

pytest.importorskip("sklearn")
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score, cross_validate, train_test_split
from sklearn.utils.estimator_checks import estimator_checks_generator

NOT_ITS_OWN = {
    "check_complex_data",
    "check_dtype_object",  # objects are no activations, even if they are numbers
    "check_estimators_empty_data_messages",
    "check_fit2d_1sample",
    "check_n_features_in_after_fitting",
    "check_requires_y_none",
}
"""Those that want an error in scikit-learn's words: there is one, but in this package's."""
GRID = {"coupling": ["mot", "pairwise_best"], "convention": ["standardized", "paper"], "rotate": [False, True]}
CHECKS = list(estimator_checks_generator(mot.Aligner()))
FOLDS = KFold(3, shuffle=True, random_state=0)


@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=[check.func.__name__ for _, check in CHECKS])
def test_it_keeps_the_rules_of_estimators(estimator, check):
    if check.func.__name__ not in NOT_ITS_OWN:
        check(estimator)
        return
    with pytest.raises((AssertionError, TypeError)):
        check(estimator)


@pytest.fixture
def networks(layers):
    return mot.load(layers([5, 6], 45), "one"), mot.load(layers([7, 4, 5], 45, seed=2), "two")


def score(networks, train, test, coupling="mot", **options):
    source, target = networks
    return mot.align(source[train], target[train], **options).score(source[test], target[test], coupling).value


@pytest.mark.parametrize("kind", ["networks", "data frames"])
def test_a_search_finds_what_a_loop_over_splits_finds(networks, kind):
    if kind == "data frames":
        pytest.importorskip("pandas")
    given = networks if kind == "networks" else [network.to_pandas() for network in networks]
    search = GridSearchCV(mot.Aligner(n_jobs=1), GRID, cv=FOLDS).fit(*given)
    splits = list(FOLDS.split(np.zeros((45, 1))))
    for parameters, found in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        expected = np.mean([score(networks, *split, **parameters) for split in splits])
        assert found == pytest.approx(expected, rel=1e-12)  # frames lie otherwise in memory
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    best = search.best_estimator_
    assert {name: best.get_params()[name] for name in GRID} == search.best_params_
    expected = best.alignment_.score(*networks, search.best_params_["coupling"]).value
    assert search.score(*given) == pytest.approx(expected, rel=1e-12)
    assert best.n_features_in_ == 11


def test_scores_of_folds_are_those_of_the_stimuli_held_out(networks):
    found = cross_val_score(mot.Aligner(coupling="single_best"), *networks, cv=FOLDS)
    expected = [score(networks, *split, "single_best") for split in FOLDS.split(np.zeros((45, 1)))]
    np.testing.assert_array_equal(found, expected)


def test_networks_are_split_without_being_read(networks, tmp_path):
    np.savez(tmp_path / "net.npz", **{label: networks[0].layer(label) for label in networks[0].labels})
    network = mot.load(tmp_path / "net.npz")
    (tmp_path / "net.npz").unlink()
    train, test, _, held_out = train_test_split(network, networks[1], test_size=15, random_state=0)
    assert (train.n_stimuli, test.n_stimuli, held_out.n_stimuli) == (30, 15, 15)


def test_a_matrix_is_a_single_layer(layers):
    source, target = layers([6])[0], layers([5], seed=2)[0]
    estimator = mot.Aligner().fit(source[:40], target[:40])
    assert estimator.alignment_.layer_costs.shape == (1, 1)
    expected = mot.align([source[:40]], [target[:40]])
    assert estimator.score(source[40:], target[40:]) == expected.score([source[40:]], [target[40:]]).value
    (found,) = estimator.reconstruct(target[40:])
    np.testing.assert_array_equal(found, expected.reconstruct([target[40:]])[0])


def test_data_frames_with_plain_columns_are_single_layers(layers):
    pandas = pytest.importorskip("pandas")
    arrays = layers([6])[0], layers([5], seed=2)[0]
    found = cross_val_score(mot.Aligner(), *map(pandas.DataFrame, arrays), cv=FOLDS)
    np.testing.assert_allclose(found, cross_val_score(mot.Aligner(), *arrays, cv=FOLDS), rtol=1e-12)


def test_clones_have_the_same_parameters_and_nothing_else(networks):
    weights = np.ones((2, 3)) / 6
    how = mot.Alternation(max_iter=2)
    estimator = mot.Aligner(rotate=how, coupling=weights, memory_limit=10**9, n_jobs=2).fit(*networks)
    copy = clone(estimator)
    np.testing.assert_array_equal(copy.coupling, weights)
    assert (copy.rotate, copy.memory_limit, copy.n_jobs) == (how, 10**9, 2)
    with pytest.raises(NotFittedError, match="This Aligner instance is not fitted yet"):
        copy.score(*networks)
    with pytest.raises(NotFittedError, match="This Aligner instance is not fitted yet"):
        copy.reconstruct(networks[1])
    assert repr(mot.Aligner(coupling="single_best")) == "Aligner(coupling='single_best')"


def test_rotations_are_chosen_by_held_out_scores(networks):
    splits = [*FOLDS.split(np.zeros((45, 1)))]
    for given in (FOLDS, splits):
        estimator = mot.Aligner(rotate="auto", splits=given, coupling="single_best").fit(*networks)
        for rotate in (False, True):
            expected = [score(networks, *split, "single_best", rotate=rotate) for split in splits]
            np.testing.assert_array_equal(estimator.split_scores_[rotate], expected)
        means = {rotate: scores.mean() for rotate, scores in estimator.split_scores_.items()}
        assert estimator.rotate_ == (means[True] > means[False])
        assert estimator.alignment_.cost == mot.align(*networks, rotate=estimator.rotate_).cost
    fixed = mot.Aligner(rotate=True).fit(*networks)
    assert (fixed.rotate_, fixed.split_scores_) == (True, None)


def test_rotations_are_chosen_where_axes_differ_and_only_there(rng):
    source = rng.standard_normal((80, 6)) * np.arange(1, 7)
    turned = source @ np.linalg.qr(rng.standard_normal((6, 6)))[0]
    assert mot.Aligner(rotate="auto", splits=2).fit(source, turned).rotate_ is True
    units = rng.standard_normal((40, 20))
    noisy = units + rng.standard_normal((40, 20))  # too few stimuli for a rotation of so many units
    assert mot.Aligner(rotate="auto", splits=2).fit(units, noisy).rotate_ is False
    assert mot.Aligner(rotate="auto", splits=2).fit(units, units).rotate_ is False  # both are perfect


def test_groups_are_kept_together_in_the_choice(networks):
    groups = np.arange(45) % 9
    estimator = mot.Aligner(rotate="auto", splits=2).fit(*networks, groups=groups)
    expected = [score(networks, *mot.split(45, seed=k, groups=groups)) for k in range(2)]
    np.testing.assert_array_equal(estimator.split_scores_[False], expected)
    for options, given, message in (
        ({}, groups[1:], "groups: expected one label for each of 45 stimuli, found 44"),
        ({"splits": 0}, None, "splits: expected at least 1, found 0"),
        ({"splits": KFold(46)}, None, "splits: expected a splitter of 45 stimuli, found KFold, which says: Cannot"),
    ):
        with pytest.raises(ValueError, match=message):
            mot.Aligner(**{"rotate": "auto", **options}).fit(*networks, groups=given)
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 45 in 'one' and 40 in"):
        mot.Aligner(rotate="auto").fit(networks[0], networks[1][:40])
    with pytest.raises(TypeError, match="rotate: expected True, False or an Alternation, found 'always'"):
        mot.Aligner(rotate="always").fit(*networks)


def test_groups_reach_the_choice_through_scikit_learn(networks):
    groups, folds = np.arange(45) // 5, GroupKFold(3)
    given = {"X": networks[0], "y": networks[1], "cv": folds, "params": {"groups": groups}, "return_estimator": True}
    plain = cross_validate(mot.Aligner(rotate="auto", splits=2), **given, groups=groups)
    with config_context(enable_metadata_routing=True):
        routed = cross_validate(mot.Aligner(rotate="auto", splits=2).set_fit_request(groups=True), **given)
    np.testing.assert_array_equal(plain["test_score"], routed["test_score"])
    train, _ = next(folds.split(np.zeros(45), groups=groups))
    inner = [train[each] for each in mot.split(30, groups=groups[train])]
    assert plain["estimator"][0].split_scores_[False][0] == score(networks, *inner)


def test_the_choice_warns_once_of_what_it_is_given(networks):
    x = [np.column_stack([networks[0].layer(0), np.ones(45)])]
    with pytest.warns(mot.ConstantUnitsWarning) as caught:
        mot.Aligner(rotate="auto", splits=2).fit(mot.load(x), networks[1])
    assert [each.filename for each in caught] == [__file__]
    series = np.cumsum(np.random.default_rng(0).standard_normal((60, 5)), axis=0)
    with pytest.warns(mot.AutocorrelatedStimuliWarning) as caught:
        mot.Aligner(rotate="auto", splits=2).fit(series, series)
    assert [each.filename for each in caught] == [__file__]
    mot.Aligner(rotate="auto", splits=mot.blocked_splits(60, 2)).fit(series, series)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"convention": "mine"}, "convention: expected one of 'standardized', 'paper', found 'mine'"),
        ({"memory_limit": 0}, "memory_limit: expected at least 1, found 0"),
        ({"n_jobs": 0}, "n_jobs: expected 1 or more, -1 for all threads, or -2 for all but one, found 0"),
    ],
)
def test_parameters_are_validated_when_it_is_fitted(networks, parameters, message):
    estimator = mot.Aligner(**parameters)
    with pytest.raises(ValueError, match=message):
        estimator.fit(*networks)


def test_bad_networks_are_named(networks):
    x = np.random.default_rng(0).random((10, 3))
    with pytest.raises(ValueError, match="source and target: expected the same stimuli, found 10 in 'source' and 9"):
        mot.Aligner().fit(x, x[1:])
    with pytest.raises(ValueError, match="network 'source', layer 'layer0': expected finite activations, found nan"):
        mot.Aligner().fit(np.where(x < 0.5, np.nan, x), x)
    with pytest.raises(ValueError, match=r"layer 'layer0': expected shape \(n_stimuli, n_units\), found \(10,\)"):
        mot.Aligner().fit(x[:, 0], x)
    with pytest.raises(TypeError, match=r"network 'target': expected a mapping or a sequence of arrays, .* found None"):
        mot.Aligner().fit(x, None)
    estimator = mot.Aligner().fit(*networks)
    with pytest.raises(ValueError, match="source: expected the layers of 'one' that were aligned"):
        estimator.score(x, x)


@pytest.mark.processes
def test_without_scikit_learn_its_name_is_there_and_its_use_says_what_to_install():
    program = "\n".join(
        [
            "import sys",
            "sys.modules['sklearn'] = None",
            "from mot_fast import *",
            "try: Aligner(coupling='mot')",
            "except ImportError as error: print(error)",
        ]
    )
    output = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert output == "Aligner needs scikit-learn: pip install scikit-learn\n"
