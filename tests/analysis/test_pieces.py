"""Pieces of analyses: the same results wherever they are done, each done once, and kept if a run is stopped."""

from __future__ import annotations

import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
import pytest

import mot_fast as mot
from mot_fast._warnings import ConstantUnitsWarning, DamagedBlockWarning
from mot_fast.analysis import pieces as module
from mot_fast.analysis.method_outcomes import MethodOutcome
from mot_fast.analysis.pieces import BESIDE_THE_POINT, Piece, check_shapes, fingerprint, results_of
from mot_fast.layer_pairs.layer_cache import digested
from mot_fast.layer_pairs.resources import Resources
from support.analyses import ANALYSES, of_fractions, same


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


@pytest.fixture
def networks(layers):
    return mot.load(layers([6, 5]), name="one"), mot.load(layers([7, 4, 8], seed=2), name="two")


@pytest.mark.parametrize("analysis", ANALYSES)
def test_a_store_changes_nothing_and_a_second_run_does_no_piece(analysis, networks, tmp_path, monkeypatch):
    expected = analysis(networks)
    same(analysis(networks, store=tmp_path), expected)

    def again(*_):
        raise AssertionError("a finished piece is done again")

    monkeypatch.setattr(module, "_finish", again)
    same(analysis(networks, store=tmp_path), expected)


@pytest.mark.processes
@pytest.mark.parametrize("analysis", ANALYSES)
def test_workers_find_the_same(analysis, networks, pool):
    same(analysis(networks, executor=pool), analysis(networks))


@pytest.mark.parametrize("analysis", ANALYSES)
def test_a_run_that_is_stopped_loses_one_piece(analysis, networks, tmp_path, monkeypatch):
    finish, done = module._finish, []

    def stopped(piece, store):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(piece.key())
        return finish(piece, store)

    def counted(piece, store):
        done.append(piece.key())
        return finish(piece, store)

    monkeypatch.setattr("mot_fast.analysis.shuffled_alignments.seconds_per_block", lambda seconds: seconds / 3)
    monkeypatch.setattr(module, "_finish", stopped)
    with pytest.raises(KeyboardInterrupt):
        analysis(networks, store=tmp_path)
    monkeypatch.setattr(module, "_finish", counted)
    same(analysis(networks, store=tmp_path), analysis(networks))
    assert len(done) == len(set(done)) > 2


def test_other_numbers_and_other_arguments_are_other_pieces(networks, tmp_path, monkeypatch):
    seen, finish = [], module._finish

    def counted(piece, store):
        seen.append(piece.key())
        return finish(piece, store)

    monkeypatch.setattr(module, "_finish", counted)
    options = {"methods": ["mot", "greedy"], "splits": 1, "n_resamples": 19, "store": tmp_path}
    mot.compare(*networks, **options)
    mot.compare(*networks, **options, n_jobs=2)
    assert len(seen) == 1
    for changed in ({"seed": 1}, {"convention": "paper"}, {"n_permutations": 7}, {"source_mass": [1.0, 2.0]}):
        mot.compare(*networks, **(options | changed))
    mot.compare(*networks, **(options | {"n_resamples": 29}))
    altered = [networks[0].layer(l).copy() for l in range(2)]
    altered[1][3, 2] += 1e-9
    mot.compare(mot.load(altered, name="one"), networks[1], **options)
    assert len(seen) == len(set(seen)) == 7


def test_a_release_does_not_take_the_pieces_of_another(networks, tmp_path, monkeypatch):
    first = of_fractions(networks, store=tmp_path)
    n_files = len(list(tmp_path.glob("blocks/*")))
    monkeypatch.setattr(module, "__version__", "99.0")
    same(of_fractions(networks, store=tmp_path), first)
    assert len(list(tmp_path.glob("blocks/*"))) == n_files + 8


@pytest.mark.processes
def test_warnings_of_pieces_reach_the_caller_from_workers_and_from_the_store(layers, pool, tmp_path):
    source = layers([6, 5])
    source[1][:, 2] = 1.0
    networks = mot.load(source, name="one"), mot.load(layers([7, 4], seed=2), name="two")
    for where in ({}, {"executor": pool}, {"store": tmp_path}, {"store": tmp_path}):
        with pytest.warns(ConstantUnitsWarning) as found:
            mot.compare(*networks, ["mot", "greedy"], splits=2, n_resamples=19, **where)
        assert [str(each.message).partition("; ")[2] for each in found] == [
            "their correlation with every unit counts as 0: 'one' layer 'layer1': 1 of 5"
        ]
        assert all(each.filename == __file__ for each in found)


@dataclass(frozen=True, eq=False)
class Doubled(Piece):
    """A piece that doubles numbers."""

    numbers: np.ndarray
    n_threads: int = field(metadata=BESIDE_THE_POINT)

    def run(self):
        return {"doubled": 2.0 * self.numbers}

    def check(self, arrays):
        check_shapes(arrays, {"doubled": self.numbers.shape})


def _doubled(numbers, folder, n_threads=1):
    resources = Resources.of(1, 1, None, None, folder)
    ((_, found),) = results_of({0: Doubled(np.array(numbers), n_threads)}, resources)
    return found["doubled"].tolist()


def test_what_is_beside_the_point_is_not_in_the_key():
    numbers = np.arange(3.0)
    assert Doubled(numbers, 1).key() == Doubled(numbers.copy(), 2).key()
    assert Doubled(numbers, 1).key() != Doubled(numbers + 1e-9, 1).key()
    assert Doubled(numbers, 1).key() != Doubled(numbers.astype(np.float32), 1).key()
    assert Doubled(numbers, 1).key() != Doubled(numbers[:, None], 1).key()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"doubled": np.array([2.0])}, "it lacks 'warnings'|KeyError|'warnings'"),
        ({"doubled": np.array([np.inf]), "warnings": np.zeros(0, np.int32)}, "its|Expecting value"),
        ({"doubled": np.array([2.0, 4.0]), "warnings": np.frombuffer(b"[]", np.uint8).astype(np.int32)}, "shape"),
        ({"doubled": np.array([np.inf]), "warnings": np.frombuffer(b"[]", np.uint8).astype(np.int32)}, "its 'doubled'"),
        ({"doubled": np.array([2.0]), "warnings": np.frombuffer(b"{}", np.uint8).astype(np.int32)}, "no list"),
        ({"doubled": np.array([2.0]), "warnings": np.zeros(2)}, "its warnings are float64"),
        (
            {"doubled": np.array([2.0]), "warnings": np.frombuffer(b'[["Boom", ""]]', np.uint8).astype(np.int32)},
            "none of this package",
        ),
    ],
)
def test_what_cannot_be_a_result_is_computed_again(arrays, message, tmp_path):
    assert _doubled([1.0], tmp_path) == [2.0]
    Resources.of(1, 1, None, None, tmp_path).store.put(Doubled(np.array([1.0]), 1).key(), arrays)
    with pytest.warns(DamagedBlockWarning, match=f"is computed again .*({message})"):
        assert _doubled([1.0], tmp_path) == [2.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _doubled([1.0], tmp_path) == [2.0]


def test_networks_are_told_by_their_numbers_and_names(layers):
    one, other = (digested(mot.load(layers([4, 3], seed=seed), name="one"), 1) for seed in (0, 1))
    renamed = digested(one.network.with_name("another"), 1)
    keys = [fingerprint(each) for each in (one, other, renamed)]
    assert all(keys[i] != keys[j] for i in range(3) for j in range(i))
    assert fingerprint(digested(one.network, 1)) == keys[0]


def test_values_without_an_identity_are_refused():
    assert fingerprint({"a": (1, None, "x", np.float64(0.5)), 2: [True]}) == {"a": [1, None, "x", 0.5], "2": [True]}
    with pytest.raises(TypeError, match="expected a value whose identity is known, found object"):
        fingerprint([object()])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"value": np.array(1.5)}, "its 'value' is beyond -1"),
        ({"p_better.greedy": np.array(-0.1)}, "its 'p_better.greedy' is beyond 0"),
        ({"usage": np.array([-1.0, 0.0, 0.0])}, "its 'usage' is beyond 0"),
        ({"layer_map": np.zeros((2, 2))}, "its 'layer_map' are"),
        ({"colour": np.array(0.5)}, "it holds 'colour'"),
    ],
)
def test_outcomes_that_no_method_has_are_refused(changed, message):
    outcome = MethodOutcome(
        *(0.5, 0.25, np.full((2, 3), 1 / 6)), order_sds=(0.1, 0.2), p_better={"greedy": 0.5}, p_hierarchy=0.25
    )
    arrays = outcome.packed()
    MethodOutcome.check(arrays, (2, 3), 10)
    found = MethodOutcome.unpacked(arrays)
    np.testing.assert_equal(vars(found), vars(outcome))
    with pytest.raises(ValueError, match=message):
        MethodOutcome.check(arrays | changed, (2, 3), 10)
