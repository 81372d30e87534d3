from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.analysis import joint_figures, joint_scores, network_pairs
from mot_fast.analysis.joint_figures import TrainTest, groups_that_fit
from mot_fast.layer_pairs.layer_cache import digested
from oracles import transports as oracles

SPLIT = {"test_size": 0.4, "seed": 3}


@pytest.fixture
def networks(layers):
    return {"a": layers([5, 6], 50), "b": layers([7], 50, seed=2), "c": layers([4, 5, 6], 50, seed=3)}


@pytest.fixture
def matrix(networks):
    return mot.similarity_matrix(networks, **SPLIT)


def test_costs_and_scores_are_those_of_the_slow_twin(networks, matrix):
    train, test = mot.split(50, 0.4, 3)
    for i, source in enumerate(networks.values()):
        for j, target in enumerate(networks.values()):
            twin = oracles.Twin([x[train] for x in source], [y[train] for y in target])
            score, *_ = twin.score([x[test] for x in source], [y[test] for y in target])
            assert matrix.costs[i, j] == pytest.approx(twin.cost, abs=1e-7)
            assert matrix.scores[i, j] == pytest.approx(score, abs=1e-6)
    assert (matrix.labels, matrix.n_train, matrix.n_test) == (("a", "b", "c"), 30, 20)


def test_it_is_symmetric_where_the_mathematics_is(matrix):
    np.testing.assert_array_equal(matrix.costs, matrix.costs.T)
    np.testing.assert_allclose(np.diag(matrix.costs), 0, atol=1e-12)
    np.testing.assert_allclose(np.diag(matrix.scores), 1, atol=1e-12)
    assert not np.allclose(matrix.scores, matrix.scores.T)


@pytest.mark.parametrize("convention", ["standardized", "paper"])
def test_with_rotations_each_pair_is_aligned_both_ways(networks, convention):
    matrix = mot.similarity_matrix(networks, rotate=True, convention=convention, **SPLIT)
    train, test = mot.split(50, 0.4, 3)
    for i, source in enumerate(networks.values()):
        for j, target in enumerate(networks.values()):
            x, y = mot.load(source), mot.load(target)
            alignment = mot.align(x[train], y[train], rotate=True, convention=convention)
            assert matrix.costs[i, j] == alignment.cost
            assert matrix.scores[i, j] == alignment.score(x[test], y[test]).value
    np.testing.assert_array_equal(matrix.distances, matrix.distances.T)


def test_the_other_way_is_the_transposed_alignment(layers):
    x, y = mot.load(layers([5, 6], 40)), mot.load(layers([7, 4, 6], 40, seed=2))
    forth, back = mot.align(x, y), mot.align(y, x)
    turned = forth.transpose()
    assert turned.cost == pytest.approx(back.cost, abs=1e-12)
    np.testing.assert_allclose(turned.layer_costs, back.layer_costs, atol=1e-12)
    np.testing.assert_allclose(turned.layer_plan, back.layer_plan, atol=1e-12)
    np.testing.assert_allclose(turned.unit_plan(2, 1).toarray(), back.unit_plan(2, 1).toarray(), atol=1e-12)
    assert turned.unit_plan(2, 1).source == back.unit_plan(2, 1).source == "layer2"
    assert turned.score(y, x).value == pytest.approx(back.score(y, x).value, abs=1e-12)
    assert repr(turned.transpose()) == repr(forth)
    with pytest.raises(ValueError, match="transpose: expected an alignment without rotations"):
        mot.align(x, y, rotate=True).transpose()


def test_distances_are_sides_of_triangles(rng):
    """The square root of twice the cost is a Wasserstein distance, at both levels."""
    networks = [[rng.standard_normal((30, 4)) * rng.random(4) for _ in range(2)] for _ in range(8)]
    distances = mot.similarity_matrix(networks).distances
    for i in range(8):
        assert (distances[i][:, None] <= distances[i] + distances + 1e-9).all()


def test_the_embedding_has_the_distances_where_it_can():
    points = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [-1.0, 2.0]])
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    matrix = mot.SimilarityMatrix(tuple("abcd"), distances**2 / 2, np.zeros((4, 4)), 5, 5)
    np.testing.assert_allclose(matrix.distances, distances)
    found = matrix.embedding()
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), distances)
    np.testing.assert_allclose(matrix.embedding(4)[:, 2:], 0, atol=1e-6)
    assert matrix.linkage().shape == (3, 4)
    with pytest.raises(ValueError, match=r"method: expected one of 'average', .*, found 'ward'"):
        matrix.linkage("ward")
    for n_dimensions, error, message in (
        (5, ValueError, "n_dimensions: expected at most 4, the number of networks, found 5"),
        (0, ValueError, "n_dimensions: expected at least 1, found 0"),
        (1.5, TypeError, "n_dimensions: expected an integer, found 1.5"),
    ):
        with pytest.raises(error, match=message):
            matrix.embedding(n_dimensions)


def test_networks_alike_are_joined_first(layers, rng):
    x = layers([8, 8])
    networks = {
        "x": x,
        "y": layers([8, 8], seed=7),
        "x with noise": [each + 0.1 * rng.random(each.shape) for each in x],
    }
    first = mot.similarity_matrix(networks).linkage()[0]
    assert sorted(first[:2]) == [0, 2]


def range_of(values):
    """The least and the largest number off the diagonal of a matrix."""
    others = [values[i, j] for i, j in np.ndindex(values.shape) if i != j]
    return f"{min(others):.3f} to {max(others):.3f}"


def test_tables_hold_costs_and_scores(matrix):
    pytest.importorskip("pandas")
    table = matrix.to_pandas()
    assert table.loc[("a", "c"), "cost"] == matrix.costs[0, 2]
    assert table.loc[("c", "a"), "score"] == matrix.scores[2, 0]
    text = matrix.to_markdown()
    assert text.startswith("| cost | ")
    assert f"| a    | {matrix.costs[0, 0]:.3f} | {matrix.costs[0, 1]:.3f} |" in text
    assert " ".join(repr(matrix).split()) == (
        f"SimilarityMatrix(a, b, c, costs {range_of(matrix.costs)}, scores {range_of(matrix.scores)}, "
        "30 training stimuli, 20 held out)"
    )


def test_threads_and_a_store_change_nothing(networks, matrix, tmp_path):
    for way in ({"n_jobs": 1}, {"store": tmp_path}, {"store": tmp_path}, {"memory_limit": 20_000}):
        found = mot.similarity_matrix(networks, **SPLIT, **way)
        np.testing.assert_array_equal(found.costs, matrix.costs)
        np.testing.assert_array_equal(found.scores, matrix.scores)


def test_the_store_holds_pairs_so_that_another_network_costs_only_its_own(networks, tmp_path):
    some = {name: networks[name] for name in "ab"}
    mot.similarity_matrix(some, store=tmp_path, **SPLIT)
    assert len(list((tmp_path / "blocks").iterdir())) == 3
    mot.similarity_matrix(networks, store=tmp_path, **SPLIT)
    assert len(list((tmp_path / "blocks").iterdir())) == 6
    mot.similarity_matrix(networks, store=tmp_path, test_size=0.4, seed=4)
    assert len(list((tmp_path / "blocks").iterdir())) == 12


def test_progress_is_shown(networks, capsys):
    mot.similarity_matrix(networks, progress=True)
    assert "network pairs: 100%" in capsys.readouterr().err


def test_names_come_from_networks_files_or_positions(layers, tmp_path):
    np.savez(tmp_path / "second.npz", x=layers([4])[0])
    found = mot.similarity_matrix([layers([3]), str(tmp_path / "second.npz"), mot.load(layers([5]), name="third")])
    assert found.labels == ("network 0", "second", "third")


def test_constant_units_are_named_once(networks):
    networks["b"][0][:, 1] = 3.0
    with pytest.warns(UserWarning, match="some units are constant .*: 'b' layer 'layer0': 1 of 7$") as caught:
        matrix = mot.similarity_matrix(networks, **SPLIT)
    assert [warning.filename for warning in caught] == [__file__]
    assert matrix.costs[1, 1] == pytest.approx(1 / 7)
    assert matrix.distances[1, 1] == 0


@pytest.mark.parametrize(
    ("networks", "error", "message"),
    [
        (5, TypeError, "networks: expected a sequence or a mapping, found int"),
        ("folder", TypeError, "networks: expected a sequence or a mapping, found str"),
        ([[np.eye(9)]], ValueError, "networks: expected at least two, found 1"),
        (
            {"a": [np.eye(9)], "b": [np.eye(8)]},
            ValueError,
            "networks: expected the same stimuli, found 9 in 'a' and 8",
        ),
        (
            [mot.load([np.eye(9)], name="a")] * 2,
            ValueError,
            "networks: expected distinct names, found 'a' twice",
        ),
        (
            {"a": [np.eye(3)], "b": [np.eye(3)]},
            ValueError,
            "networks: of training and of held-out stimuli: expected",
        ),
        (
            [[np.full((20, 2), np.nan)], [np.ones((20, 2))]],
            ValueError,
            "network 'network 0', layer 'layer0': .*nan",
        ),
    ],
)
def test_bad_input_is_refused(networks, error, message):
    with pytest.raises(error, match=message):
        mot.similarity_matrix(networks)


@pytest.mark.parametrize(
    ("step", "options"),
    [
        ((joint_figures, "solve_between"), {}),
        ((mot.Alignment, "score"), {"memory_limit": 20_000}),
    ],
    ids=["together", "pair by pair"],
)
def test_held_out_stimuli_that_change_in_mid_run_are_an_error(networks, monkeypatch, step, options):
    before = getattr(*step)

    def change(*arguments):
        networks["b"][0][:] += 1.0
        return before(*arguments)

    monkeypatch.setattr(*step, change)
    with pytest.raises(ValueError, match="expected the activations that the run began with, found others"):
        mot.similarity_matrix(networks, **SPLIT, **options)


@pytest.mark.parametrize("convention", ["standardized", "paper"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_pairs_aligned_together_are_the_same_bits_as_one_after_another(rng, monkeypatch, convention, n_jobs):
    """Layers of one unit, of one width and of many, with constant units, of all types, by chunks and at once."""
    types = (np.float16, np.float32, np.float64)
    networks = {
        f"network {k}": [rng.standard_normal((60, n)).astype(types[k % 3]) for n in rng.integers(1, 5, k % 4 + 1)]
        for k in range(6)
    }
    networks["network 1"][0][:, 0] = 2.0
    networks["network 2"][1][24:, -1] = networks["network 2"][1][24, -1]
    monkeypatch.setattr(joint_scores, "_BYTES_AT_ONCE", 2000)
    options = {"convention": convention, "n_jobs": n_jobs, "test_size": 0.3}
    with pytest.warns(mot.ConstantUnitsWarning):
        found = mot.similarity_matrix(networks, **options)
    train, test = mot.split(60, 0.3)
    loaded = [mot.load(layers, name) for name, layers in networks.items()]
    for i, source in enumerate(loaded):
        for j, target in enumerate(loaded[i:], i):
            with warnings.catch_warnings(action="ignore", category=mot.ConstantUnitsWarning):
                alignment = mot.align(source[train], target[train], convention=convention)
            assert found.costs[i, j] == found.costs[j, i] == alignment.cost
            back = alignment.transpose().score(target[test], source[test]).value
            np.testing.assert_array_equal(found.scores[i, j], alignment.score(source[test], target[test]).value)
            np.testing.assert_array_equal(found.scores[j, i], back if i < j else found.scores[i, j])


def test_groups_of_pairs_fit_into_memory(layers):
    networks = {k: mot.load(layers([20, 30], 40, seed=k), f"network {k}") for k in range(4)}
    scanned = {k: TrainTest(digested(each[:30], 1), digested(each[30:], 1)) for k, each in networks.items()}
    pairs = [(i, j) for i in range(4) for j in range(i, 4)]
    cuts = {most: list(groups_that_fit(pairs, scanned, most, 1)) for most in (0, 2**22 + 2**17, 2**30)}
    for groups in cuts.values():
        assert [pair for group, _ in groups for pair in group] == pairs
    assert all(len(group) == 1 and not is_fitting for group, is_fitting in cuts[0])
    assert 1 < len(cuts[2**22 + 2**17]) < len(pairs)
    assert cuts[2**30] == [(pairs, True)]
    wide = TrainTest(*(digested(mot.load(layers([5000, 5000], n), "wide"), 1) for n in (30, 10)))
    groups = list(groups_that_fit([(0, 1), (0, 9), (1, 9), (1, 2)], {**scanned, 9: wide}, 2**22 + 2**18, 1))
    assert groups == [([(0, 1)], True), ([(0, 9)], False), ([(1, 9)], False), ([(1, 2)], True)]


def test_a_transport_that_is_not_proven_is_named(networks, monkeypatch):
    class Unproven:
        certificate = mot.solve_transport([[0.0]]).certificate
        is_optimal = False
        cost = 1.0

    class Solutions(list):
        def first_unproven(self):
            return 4

    monkeypatch.setattr(joint_figures, "solve_between", lambda *_: Solutions([Unproven()] * 9))
    with pytest.raises(mot.SolverError, match="the transport from layer 'layer0' to layer 'layer0' could not be"):
        mot.similarity_matrix(networks, **SPLIT)


@pytest.mark.parametrize("rotate", [False, mot.Alternation(max_iter=2)], ids=["plain", "rotated"])
def test_over_several_splits_it_is_the_mean_of_single_ones(networks, rotate, tmp_path):
    order = np.random.default_rng(0).permutation(50)
    splits = [(order[:30], order[30:]), *mot.blocked_splits(50, 2, gap=3)]
    alone = [mot.similarity_matrix(networks, splits=[pair], rotate=rotate) for pair in splits]
    for way in ({"n_jobs": 1}, {"store": tmp_path}, {"store": tmp_path}, {"memory_limit": 20_000})[
        : 2 if rotate else 4
    ]:
        found = mot.similarity_matrix(networks, splits=splits, rotate=rotate, **way)
        for name in ("costs", "scores"):
            values = np.array([getattr(each, name) for each in alone])
            np.testing.assert_array_equal(getattr(found, name), values.mean(axis=0))
            np.testing.assert_array_equal(getattr(found, f"{name}_sd"), values.std(axis=0, ddof=1))
    assert (alone[0].costs_sd, alone[0].scores_sd, alone[0].n_splits) == (None, None, 1)
    assert (found.n_train, found.n_test, found.n_splits, found.split_kind) == (22, 20, 3, "given")


def test_workers_find_the_same_over_several_splits(networks):
    alone = mot.similarity_matrix(networks, splits=2)
    with ThreadPoolExecutor(2) as workers:
        found = mot.similarity_matrix(networks, splits=2, executor=workers, n_jobs=1)
    np.testing.assert_array_equal(found.costs, alone.costs)
    np.testing.assert_array_equal(found.scores_sd, alone.scores_sd)


def test_tables_over_several_splits_hold_deviations(networks, capsys):
    found = mot.similarity_matrix(networks, splits=3, groups=np.arange(50) // 5, seed=2, progress=True)
    assert "18/18" in capsys.readouterr().err
    alone = [mot.similarity_matrix(networks, groups=np.arange(50) // 5, seed=2 + k) for k in range(3)]
    np.testing.assert_array_equal(found.scores, np.mean([each.scores for each in alone], axis=0))
    assert f"| {found.scores[0, 1]:.3f} +- {found.scores_sd[0, 1]:.3f} |" in found.to_markdown()
    stimuli = "40 training stimuli, 10 held out; means over random splits of whole groups: 3"
    assert " ".join(repr(found).split()).endswith(f"scores {range_of(found.scores)}, {stimuli})")
    assert stimuli in found._repr_html_()
    pytest.importorskip("pandas")
    assert found.to_pandas().loc[("a", "c"), "score_sd"] == found.scores_sd[0, 2]
    pytest.importorskip("xarray")
    np.testing.assert_array_equal(found.to_xarray().costs_sd, found.costs_sd)
    assert set(alone[0].to_xarray()) == {"costs", "scores", "distances"}


def test_constant_units_are_named_once_over_all_splits(networks):
    networks["b"][0][:, 1] = 3.0
    with pytest.warns(mot.ConstantUnitsWarning) as caught:
        mot.similarity_matrix(networks, splits=3)
    assert [warning.filename for warning in caught] == [__file__]


def test_bad_splits_are_refused(networks):
    for options, message in (
        ({"splits": 0}, "splits: expected at least 1, found 0"),
        ({"splits": [([0, 1, 2], [2, 3, 4])]}, r"splits\[0\]: expected stimuli on one side each, found 2 in"),
        ({"splits": [([0, 1, 2], [3, 4])]}, r"held-out stimuli of splits\[0\]: expected at least 3 stimuli, found 2"),
        ({"groups": np.zeros(50)}, "groups: expected at least 2 groups, found 1, 0.0"),
    ):
        with pytest.raises(ValueError, match=message):
            mot.similarity_matrix(networks, **options)


@pytest.mark.parametrize("are_both_ways", [False, True])
def test_consecutive_pairs_are_of_few_networks(are_both_ways):
    pairs = network_pairs._pairs_in_tiles(70, are_both_ways=are_both_ways)
    assert sorted(pairs) == [(i, j) for i in range(70) for j in range(70) if i <= j or are_both_ways]
    assert max(len({k for pair in pairs[at : at + 200] for k in pair}) for at in range(len(pairs) - 200)) <= 64 + 32
