"""The argument `splits`: what is given, what is random and what a splitter makes are the same to every analysis."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mot_fast as mot
from mot_fast.analysis import splits as module
from mot_fast.analysis.splits import Splits

N = 60
GROUPS = np.repeat(np.arange(12), 5)[np.random.default_rng(0).permutation(N)]


@pytest.fixture
def networks(layers):
    return mot.load(layers([5, 6, 4], N, seed=1), "one"), mot.load(layers([7, 5], N, seed=2), "two")


def validated(splits, n_stimuli=N, groups=None, test_size=0.2, seed=0):
    return Splits.validated(splits, n_stimuli, groups=groups, test_size=test_size, seed=seed)


def same_rows(found, expected):
    for one, other in zip(found.rows, expected, strict=True):
        for rows, others in zip(one, other, strict=True):
            np.testing.assert_array_equal(rows, others)
            assert rows.dtype == np.int64


def test_an_integer_is_the_list_of_random_splits():
    found = validated(3, test_size=0.25, seed=4)
    same_rows(found, [mot.split(N, 0.25, 4 + k) for k in range(3)])
    assert (found.kind, found.description, found.test_size) == ("random", "random splits", 0.25)
    assert (found.n_train, found.n_test) == ((45,) * 3, (15,) * 3)
    grouped = validated(np.int8(3), groups=GROUPS)
    same_rows(grouped, [mot.split(N, 0.2, k, groups=GROUPS) for k in range(3)])
    assert (grouped.kind, grouped.description) == ("grouped", "random splits of whole groups")


def test_pairs_are_taken_as_they_are():
    rng = np.random.default_rng(0)
    order = rng.permutation(N)
    mask = np.arange(N) % 3 == 0
    given = [(order[:40], order[50:].astype(np.uint8)), (mask, ~mask), [list(range(30)), range(40, 60)]]
    expected = [(order[:40], order[50:]), (np.flatnonzero(mask), np.flatnonzero(~mask))]
    expected += [(np.arange(30), np.arange(40, 60))]
    for splits in (given, tuple(given), iter(given)):
        found = validated(splits)
        same_rows(found, expected)
        assert (found.kind, found.description) == ("given", "given splits")
        assert found.test_size == pytest.approx((10 + 40 + 20) / 3 / N)
    same_rows(validated([(slice(30), slice(40, None))]), expected[2:])
    same_rows(validated(np.stack([np.stack([mask, ~mask])])), expected[1:2])
    with pytest.raises(ValueError, match=r"splits\[0\]: expected stimuli on one side each, found 0 in train and test"):
        validated(np.ones((1, 2, N), bool))


@pytest.mark.parametrize("gap", [0, 4])
def test_blocked_splits_are_known_again(gap):
    found = validated(mot.blocked_splits(N, 5, gap))
    same_rows(found, mot.blocked_splits(N, 5, gap))
    description = f"contiguous blocks {'with gaps of 4 stimuli' if gap else 'without gaps'}"
    assert (found.kind, found.description) == ("blocked", description)
    others = mot.blocked_splits(N, 5, gap)[:-1]
    assert validated(others).kind == "given"
    assert validated([(test, train) for train, test in others]).kind == "given"


def test_splitters_of_scikit_learn_are_the_list_of_their_pairs():
    selection = pytest.importorskip("sklearn.model_selection")
    x = np.zeros((N, 2))
    for splitter, description in (
        (selection.KFold(4), "splits of KFold"),
        (selection.ShuffleSplit(3, random_state=0), "splits of ShuffleSplit"),
        (selection.TimeSeriesSplit(3, gap=2), "splits of TimeSeriesSplit"),
        (selection.PredefinedSplit(np.arange(N) % 3), "splits of PredefinedSplit"),
    ):
        found = validated(splitter)
        same_rows(found, splitter.split(x))
        assert found.kind == type(splitter).__name__
        assert found.description == description
        same_rows(validated(splitter.split(x)), splitter.split(x))
    for splitter in (
        selection.GroupKFold(4),
        selection.LeavePGroupsOut(2),
        selection.GroupShuffleSplit(random_state=0),
    ):
        found = validated(splitter, groups=[f"group {each}" for each in GROUPS])
        for train, test in found.rows:
            assert not set(GROUPS[train]) & set(GROUPS[test])
    same_rows(validated(selection.LeaveOneGroupOut(), groups=GROUPS), named_group_splits())


@given(st.integers(4, 60), st.data())
def test_blocks_without_gaps_are_the_folds_of_scikit_learn(n_stimuli, data):
    selection = pytest.importorskip("sklearn.model_selection")
    n_splits = data.draw(st.integers(2, n_stimuli))
    for pair, fold in zip(
        mot.blocked_splits(n_stimuli, n_splits), selection.KFold(n_splits).split(np.zeros(n_stimuli)), strict=True
    ):
        np.testing.assert_equal(pair, fold)


@given(st.lists(st.integers(0, 7), min_size=24, max_size=60), st.integers(1, 3), st.integers(0, 9))
def test_no_split_has_a_group_on_both_sides(groups, number, seed):
    groups = np.array([*range(8), *groups])
    try:
        found = validated(number, len(groups), groups, test_size=0.4, seed=seed)
    except ValueError as error:
        assert "of a split: expected at least 3 stimuli" in str(error)  # noqa: PT017
        return
    for train, test in found.rows:
        assert len(set(groups[test])) == 3
        assert set(groups[train]) | set(groups[test]) == set(range(8))
        assert not set(groups[train]) & set(groups[test])


def named_group_splits():
    """Each group held out once, in the order in which groups first appear."""
    for group in dict.fromkeys(GROUPS.tolist()):
        yield np.flatnonzero(group != GROUPS), np.flatnonzero(group == GROUPS)


def test_splitters_that_cannot_say_so():
    selection = pytest.importorskip("sklearn.model_selection")
    for splitter, message in (
        (
            selection.GroupKFold(3),
            "expected a splitter of 60 stimuli, found GroupKFold, which says: The 'groups' parameter",
        ),
        (selection.StratifiedKFold(3), "expected a splitter of 60 stimuli, found StratifiedKFold, which says: "),
        (selection.KFold(61), "found KFold, which says: Cannot have number of splits n_splits=61 greater"),
        (selection.LeaveOneOut(), r"held-out stimuli of splits\[0\]: expected at least 3 stimuli, found 1"),
        (selection.LeavePOut(3), "splits: expected splits, at most 10000, found more than 10000"),
        (Nothing(), "splits: expected splits, at most 10000, found none"),
    ):
        with pytest.raises(ValueError, match=message):
            validated(splitter)
    with pytest.raises(
        ValueError, match=r"splits\[0\]: expected each group on one side, found that of stimulus \d+ in"
    ):
        validated(selection.ShuffleSplit(2, random_state=0).split(np.zeros(N)), groups=GROUPS)


class Nothing:
    def split(self, X, y=None, groups=None):  # noqa: ARG002
        return iter(())


PAIR = np.arange(40), np.arange(40, 60)


@pytest.mark.parametrize(
    ("splits", "error", "message"),
    [
        (0, ValueError, "splits: expected at least 1, found 0"),
        (10_001, ValueError, "splits: expected at most 10000, found 10001"),
        (True, TypeError, "splits: expected an integer, found True"),
        (2.0, TypeError, r"splits: expected an integer, a list of \(train, test\) pairs, or a splitter .*, found 2.0"),
        ("KFold", TypeError, r"splits: expected an integer, a list of .*, found 'KFold'"),
        (None, TypeError, r"splits: expected an integer, a list of .*, found None"),
        ({0: PAIR}, TypeError, r"splits: expected an integer, a list of .*, found {0: "),
        ([], ValueError, "splits: expected splits, at most 10000, found none"),
        (itertools.repeat(PAIR), ValueError, "splits: expected splits, at most 10000, found more than 10000"),
        (
            PAIR,
            TypeError,
            r"splits\[0\]: expected a pair \(train, test\) of stimuli, found an array of shape \(40,\); one",
        ),
        ([PAIR, (1, 2)], TypeError, r"splits\[1\]: expected a pair \(train, test\) of stimuli, found \(1, 2\)"),
        ([(PAIR[0], None)], TypeError, r"splits\[0\]: expected a pair \(train, test\) of stimuli, found \(array"),
        (["ab"], TypeError, r"splits\[0\]: expected a pair \(train, test\) of stimuli, found 'ab'"),
        ([[*PAIR, PAIR[0]]], TypeError, r"splits\[0\]: expected a pair \(train, test\) of stimuli, found \[array"),
        ([(np.eye(3), PAIR[1])], ValueError, r"splits\[0\], train: expected one-dim.* or a mask, found shape \(3, 3\)"),
        ([(PAIR[0], np.ones(59, bool))], ValueError, r"splits\[0\], test: expected a mask of length 60, found 59"),
        ([(PAIR[0] + 0.5, PAIR[1])], TypeError, r"splits\[0\], train: expected integers or booleans, found float64"),
        ([(PAIR[0], PAIR[1] + 1)], ValueError, r"splits\[0\], test: expected indices from 0 to 59, found 60"),
        ([(PAIR[0] - 1, PAIR[1])], ValueError, r"splits\[0\], train: expected indices from 0 to 59, found -1"),
        (
            [PAIR, ([1, 2, 2, 2], PAIR[1])],
            ValueError,
            r"splits\[1\], train: expected each stimulus once, found 2 3 times",
        ),
        (
            [(PAIR[0], PAIR[1] - 1)],
            ValueError,
            r"splits\[0\]: expected stimuli on one side each, found 39 in train and",
        ),
        (
            [PAIR, ([0, 1], PAIR[1])],
            ValueError,
            r"training stimuli of splits\[1\]: expected at least 3 stimuli, found 2",
        ),
        ([(PAIR[0], [])], ValueError, r"held-out stimuli of splits\[0\]: expected at least 3 stimuli, found 0"),
    ],
)
def test_bad_splits_are_named(networks, splits, error, message):
    with pytest.raises(error, match=message):
        mot.compare(*networks, ["mot"], splits=splits)


def test_other_arguments_are_validated_whatever_the_splits(networks):
    for options, message in (
        ({"groups": GROUPS[1:]}, "groups: expected one label for each of 60 stimuli, found 59"),
        ({"groups": np.zeros(N)}, "groups: expected at least 2 groups, found 1, 0.0"),
        ({"groups": np.arange(N) % 2}, r"splits\[0\]: expected each group on one side, found that of stimulus 40 in"),
        ({"test_size": 1.5}, "test_size: expected a fraction that leaves stimuli on both sides, found 1.5 of 60"),
        ({"seed": -1}, "seed: expected at least 0, found -1"),
    ):
        with pytest.raises(ValueError, match=message):
            mot.compare(*networks, ["mot"], splits=[PAIR], **options)
    with pytest.raises(ValueError, match="groups: expected a label for every stimulus, found nan first at stimulus 0"):
        mot.subsample_curve(*networks, splits=2, groups=np.full(N, np.nan))
    with pytest.raises(ValueError, match=r"test_size: expected a fraction that leaves groups on both sides, .* of 2"):
        mot.subsample_curve(*networks, splits=2, groups=np.arange(N) % 2)
    with pytest.raises(ValueError, match="held-out stimuli of a split: expected at least 3 stimuli, found 2"):
        mot.compare(*networks, ["mot"], groups=np.arange(N) // 2, test_size=0.03)


METHODS = ["mot", "pairwise_best", "permuted", "mot+r", "cka", "linear"]


def test_given_splits_are_a_loop_over_single_ones(networks):
    rng = np.random.default_rng(1)
    orders = [rng.permutation(N) for _ in range(3)]
    splits = [(order[:40], order[40 + k :]) for k, order in enumerate(orders)]
    options = {"n_permutations": 2, "n_resamples": 9, "alternation": mot.Alternation(max_iter=2)}
    found = mot.compare(*networks, METHODS, splits=splits, seed=5, **options)
    for k, pair in enumerate(splits):
        alone = mot.compare(*networks, METHODS, splits=[pair], seed=5 + k, **options)
        for name in METHODS:
            assert found.scores[name][k] == alone.scores[name][0]
            np.testing.assert_equal(found.hierarchies[name][k], alone.hierarchies[name][0])
            np.testing.assert_equal(found.layer_maps[name][k], alone.layer_maps[name][0])
    train, test = splits[2]
    alignment = mot.align(networks[0][train], networks[1][train])
    assert found.scores["mot"][2] == alignment.score(networks[0][test], networks[1][test]).value
    assert (found.n_train, found.n_test) == ((40,) * 3, (20, 19, 18))
    assert found.test_size == pytest.approx(19 / N)
    assert "- stimuli held out: 32%; given splits: 3; +-: sd over splits" in str(found)


def test_random_splits_are_the_list_of_them(networks):
    for groups in (None, GROUPS):
        one = mot.compare(*networks, ["mot", "pairwise_best"], splits=2, seed=3, groups=groups, n_resamples=19)
        splits = [mot.split(N, seed=3 + k, groups=groups) for k in range(2)]
        other = mot.compare(*networks, ["mot", "pairwise_best"], splits=splits, seed=3, groups=groups, n_resamples=19)
        for name in one.methods:
            np.testing.assert_array_equal(one.scores[name], other.scores[name])
        np.testing.assert_equal(one.p_better, other.p_better)  # NaN of few groups
        assert one.split_kind == ("random" if groups is None else "grouped")
        assert other.split_kind == "given"


def test_the_splits_of_a_table_are_named(networks):
    dataset = pytest.importorskip("xarray").Dataset
    blocks = mot.blocked_splits(N, 3, gap=2)
    for splits, groups, coordinate, note in (
        (2, None, [4, 5], "stimuli held out: 20%; random splits: 2"),
        (2, GROUPS, [4, 5], "groups held out: 20%; random splits of whole groups: 2"),
        (blocks, None, [0, 1, 2], "stimuli held out: 33%; contiguous blocks with gaps of 2 stimuli: 3"),
    ):
        found = mot.compare(*networks, ["cka"], splits=splits, groups=groups, seed=4)
        assert found.split_description in note
        assert f"{note}; +-: sd over splits" in str(found)
        assert isinstance(found.to_xarray(), dataset)
        np.testing.assert_array_equal(found.to_xarray()["split"], coordinate)


def test_curves_over_given_splits(networks):
    blocks = mot.blocked_splits(N, 3)
    curve = mot.subsample_curve(*networks, (0.5, 1.0), methods=["mot"], splits=blocks, seed=3)
    for k, (train, test) in enumerate(blocks):
        alone = mot.subsample_curve(*networks, (0.5, 1.0), methods=["mot"], splits=[(train, test)], seed=3 + k)
        np.testing.assert_array_equal(curve.scores["mot"][:, k], alone.scores["mot"][:, 0])
        alignment = mot.align(networks[0][train], networks[1][train])
        expected = alignment.score(networks[0][test], networks[1][test]).value
        assert curve.scores["mot"][1, k] == pytest.approx(expected, abs=1e-12)
    note = "- held-out scores over contiguous blocks without gaps: 3, each with its own units; +-: sd over the splits"
    assert note in str(curve)
    assert curve.split_kind == "blocked"
    pytest.importorskip("matplotlib").use("Agg")
    assert curve.plot().get_ylabel() == "held-out score (mean over splits; band: sd)"
    grouped = mot.subsample_curve(*networks, (1.0,), methods=["mot"], splits=1, groups=GROUPS)
    assert "random splits of whole groups: 1, each" in str(grouped)


def test_all_splits_together_must_fit_into_memory(networks, monkeypatch):
    monkeypatch.setattr(module.memory, "available", lambda: 1000)
    with pytest.raises(ValueError, match="splits: expected splits that fit into memory, found 3 of"):
        mot.compare(*networks, ["mot"], splits=3)


def test_random_splits_of_few_groups_are_no_two_the_same():
    groups = np.arange(N) // 12
    found = validated(5, groups=groups)
    held_out = {tuple(test) for _, test in found.rows}
    assert len(held_out) == 5
    assert found.rows[0][1].tolist() == mot.split(N, 0.2, 0, groups=groups)[1].tolist()
    with pytest.raises(ValueError, match="splits: expected at most 5 of 5 groups, all that there are, found 6"):
        validated(6, groups=groups)


def test_a_split_that_comes_twice_is_an_error(networks):
    with pytest.raises(ValueError, match=r"splits: expected each split once, found splits\[0\] again as splits\[1\]"):
        mot.compare(*networks, ["mot"], splits=[PAIR, (PAIR[0][::-1], PAIR[1])])


def test_stimuli_held_out_in_a_row_are_blocks_however_they_are_given():
    pytest.importorskip("sklearn", reason="the splitters are those of scikit-learn")
    from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit

    blocks = mot.blocked_splits(N, 5)
    for splits in (blocks, blocks[::-1], blocks[:4], KFold(5), TimeSeriesSplit(4)):
        assert validated(splits).are_blocks
    for splits in (2, KFold(5, shuffle=True), [mot.split(N, 0.2, 0)]):
        found = validated(splits)
        assert not found.are_blocks
        assert found.share_with_trained_neighbours() > 0.5
    groups = np.arange(N) // 12
    assert not validated(GroupKFold(5), groups=groups).are_blocks


def test_groups_may_be_any_iterable(networks):
    groups = np.arange(N) // 6
    expected = mot.compare(*networks, ["mot", "pairwise_best"], splits=2, groups=groups, test_size=0.4)
    found = mot.compare(*networks, ["mot", "pairwise_best"], splits=2, groups=iter(groups.tolist()), test_size=0.4)
    assert found.p_values == expected.p_values
    assert found.scores["mot"].tolist() == expected.scores["mot"].tolist()


def test_groups_that_no_shuffle_exchanges_are_refused_before_any_work(networks, monkeypatch):
    monkeypatch.setattr("mot_fast.analysis.methods.align", None)
    groups = np.repeat([0, 1, 2, 3], [5, 10, 20, 25])
    with pytest.raises(ValueError, match="groups: expected several groups of one size among the stimuli, found sizes"):
        mot.compare(*networks, ["mot"], splits=2, groups=groups, n_shuffles=3)
