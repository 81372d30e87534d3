"""Layers that do not fit into memory, standardized, are read in pieces of stimuli, with the same results."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mot_fast as mot
from mot_fast import _core
from mot_fast.layer_pairs import exact_transports
from mot_fast.layer_pairs.passed_layer import PassedLayer, costs_in_passes
from mot_fast.system.threads import Stopped
from oracles import transports as oracles

N_STIMULI = 3000
LIMIT = 300_000
"""Bytes: less than two layers of about eight units take if they are standardized, more than they take in passes."""


@pytest.fixture
def small_pieces(monkeypatch):
    """Make small layers behave like long ones: pieces are small, and no memory is allowed beside the limit."""
    monkeypatch.setattr("mot_fast.layer_pairs.passed_layer._VALUES_AT_ONCE", 1)
    monkeypatch.setattr(exact_transports, "ALWAYS", 0)


@pytest.fixture
def in_passes(small_pieces, monkeypatch):  # noqa: ARG001
    """The options of an alignment in passes; the functions that standardize whole layers are taken away."""
    monkeypatch.setattr(_core, "solve_pairs", None)
    return {"memory_limit": LIMIT}


def slow_costs(source, target, masses=((None,) * 9,) * 2):
    """Costs of every pair of layers, by dense linear programs."""
    found = np.empty((len(source), len(target)))
    for l, m in np.ndindex(found.shape):
        cost = oracles.correlation_cost(source[l], target[m])
        found[l, m], _ = oracles.transport_by_linear_programming(cost, masses[0][l], masses[1][m])
    return found


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int16])
def test_costs_are_those_of_linear_programs_on_correlations(layers, in_passes, dtype):
    source, target = layers([5, 7], N_STIMULI), layers([7, 4, 6], N_STIMULI, seed=1)
    if dtype is np.int16:
        source, target = ([100 * layer for layer in some] for some in (source, target))
    source, target = ([layer.astype(dtype) for layer in some] for some in (source, target))
    found = [mot.align(source, target, n_jobs=n_jobs, **in_passes) for n_jobs in (1, 2)]
    np.testing.assert_allclose(found[0].layer_costs, slow_costs(source, target), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found[0].layer_costs, found[1].layer_costs)
    for l, m in np.ndindex(2, 3):
        plans = [alignment.unit_plan(l, m) for alignment in found]
        for field in ("rows", "columns", "mass", "u", "v"):
            np.testing.assert_array_equal(getattr(plans[0], field), getattr(plans[1], field))


@pytest.mark.usefixtures("small_pieces")
def test_all_else_is_as_if_layers_were_held(layers, tmp_path, monkeypatch):
    """Stimuli are selected, units have masses, some are constant; scores on held-out stimuli and the file agree."""
    source, target = layers([5, 7], 2 * N_STIMULI), layers([7, 4], 2 * N_STIMULI, seed=1)
    source[0][:, 2] = 1e3 + 1 / 3
    source, target = (mot.load(some, name=name) for some, name in ((source, "one"), (target, "two")))
    train, test = np.arange(0, 2 * N_STIMULI, 2), np.arange(1, 2 * N_STIMULI, 2)
    rng = np.random.default_rng(0)
    masses = [[rng.random(width) + 0.1 for width in network.widths] for network in (source, target)]
    options = {"source_mass": masses[0], "target_mass": masses[1]}
    with pytest.warns(UserWarning, match="'one' layer 'layer0': 1 of 5"):
        held = mot.align(source[train], target[train], **options)
    monkeypatch.setattr(_core, "solve_pairs", None)
    with pytest.warns(UserWarning, match="'one' layer 'layer0': 1 of 5"):
        passed = mot.align(source[train], target[train], memory_limit=LIMIT, **options)
    np.testing.assert_allclose(passed.layer_costs, held.layer_costs, rtol=0, atol=1e-9)
    shares = [[mass / mass.sum() for mass in some] for some in masses]
    arrays = [[network.layer(l)[train] for l in range(2)] for network in (source, target)]
    np.testing.assert_allclose(passed.layer_costs, slow_costs(*arrays, shares), rtol=0, atol=1e-12)
    for side, other in ((passed.source, held.source), (passed.target, held.target)):
        for found, expected in zip(side.means + side.deviations, other.means + other.deviations, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    scores = [alignment.score(source[test], target[test]).value for alignment in (passed, held)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-9)
    passed.save(tmp_path / "passed.mot")
    np.testing.assert_array_equal(mot.Alignment.load(tmp_path / "passed.mot").layer_costs, passed.layer_costs)


def test_stores_executors_and_files_give_the_same_bits(layers, in_passes, tmp_path):
    source, target = layers([5, 7], N_STIMULI, dtype=np.float32), layers([7, 4, 6], N_STIMULI, seed=1)
    for name, some in (("source", source), ("target", target)):
        (tmp_path / name).mkdir()
        for k, layer in enumerate(some):
            np.save(tmp_path / name / f"{k}.npy", layer)
    expected = mot.align(source, target, **in_passes).layer_costs
    files = tmp_path / "source", tmp_path / "target"
    with ThreadPoolExecutor(2) as pool:
        for networks, options in (
            (files, {}),
            ((source, target), {"store": tmp_path / "store"}),
            ((source, target), {"store": tmp_path / "store"}),
            (files, {"executor": pool}),
        ):
            found = mot.align(*networks, **in_passes, **options).layer_costs
            np.testing.assert_array_equal(found, expected)


def test_higher_levels_and_many_networks_go_in_passes_too(layers, in_passes, tmp_path):
    one, other = (layers([5, 7], N_STIMULI, seed=seed) for seed in (0, 1))
    costs = mot.align(one, other, **in_passes).cost
    assert mot.align_trajectories([one], [other], **in_passes).costs[0, 0] == pytest.approx(costs, abs=1e-12)
    for _ in range(2):  # the second time from the store, some of whose costs are solved again to check them
        found = mot.align_nested([one], [other], store=tmp_path / "store", **in_passes)
        assert found.cost == pytest.approx(costs, abs=1e-12)
    matrix = mot.similarity_matrix({"one": one, "other": other}, test_size=0.02, **in_passes)
    train = mot.split(N_STIMULI, 0.02, 0)[0]
    expected = mot.align([layer[train] for layer in one], [layer[train] for layer in other], **in_passes).cost
    assert matrix.costs[0, 1] == expected


def test_infinite_activations_are_refused_with_their_place(layers, in_passes):
    source = layers([5], N_STIMULI)
    source[0][2000, 3] = np.inf
    with pytest.raises(ValueError, match="expected finite activations, found inf first at stimulus 2000, unit 3"):
        mot.align(source, source, **in_passes)


def test_activations_that_change_on_the_way_are_seen(layers, in_passes, tmp_path, monkeypatch):
    source, target = layers([7], N_STIMULI), layers([7], N_STIMULI, seed=1)

    def meddle(*arguments):
        source[0][7, 3] += 1
        return costs_in_passes(*arguments)

    monkeypatch.setattr(exact_transports, "costs_in_passes", meddle)
    with pytest.raises(ValueError, match="expected the activations that the run began with, found others"):
        mot.align(source, target, store=tmp_path / "store", **in_passes)
    with pytest.raises(ValueError, match="expected the activations that the run began with, found others"):
        mot.similarity_matrix({"one": source, "other": target}, test_size=0.02, **in_passes)


@pytest.mark.usefixtures("small_pieces")
def test_it_stops_between_two_pieces(layers):
    (x,) = layers([5], N_STIMULI)
    layer, n_pieces = PassedLayer(x), []

    def check():
        n_pieces.append(1)
        if len(n_pieces) == 3:
            raise Stopped

    with pytest.raises(Stopped):
        costs_in_passes((layer, layer), ((x, None), (x, None)), check)
    assert len(n_pieces) == 3


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    ("scale", "offset"), [(1, 0), (1e300, 0), (1.7e308, 0), (1e-310, 0), (5e-324, 0), (1e-3, 1e9), (1, 1e15)]
)
def test_statistics_are_those_of_the_core_at_any_scale(scale, offset):
    rng = np.random.default_rng(0)
    x = np.clip(rng.standard_normal((500, 6)), -1, 1).round(0 if scale == 5e-324 else 3) * scale + offset
    x[:, 3] = x[0, 3]
    x[0] = x.max()  # the first stimulus, from which differences are taken, is far from the mean
    x[0, 3] = x[1, 3]
    part = 16 if scale > 1e308 else 1  # the difference of two doubles may overflow
    layer, expected = PassedLayer(x), _core.StandardizedLayer(x / part)
    assert (layer.deviation == 0).tolist() == [False, False, False, True, False, False]
    np.testing.assert_allclose(layer.mean, expected.mean * part, rtol=1e-12, atol=1e-13 * scale)
    np.testing.assert_allclose(layer.deviation, expected.deviation * part, rtol=1e-12)
    costs, largest = costs_in_passes((layer, layer), ((x, None), (x, None)), lambda: None)
    assert largest == costs.max()
    np.testing.assert_allclose(np.diag(costs), [0, 0, 0, 1, 0, 0], atol=1e-12)
