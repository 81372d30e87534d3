"""Results as tables of pandas and xarray."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import mot_fast as mot
from oracles import transports as oracles

pandas = pytest.importorskip("pandas")
xarray = pytest.importorskip("xarray")

DEEP = [4] * 12


@pytest.fixture
def runs(layers):
    return mot.align_trajectories([layers([4, 5], seed=k) for k in range(2)], [layers([3], seed=k) for k in range(3)])


@pytest.fixture
def matrix(layers):
    return mot.similarity_matrix({"a": layers([5, 6]), "b": layers([7], seed=2)})


@pytest.fixture
def comparison(layers):
    return mot.compare(layers([5, 6]), layers([7], seed=2), ["mot", "cka"], splits=2, seed=4)


def test_a_layer_plan_has_a_row_for_every_pair_of_layers(alignment):
    frame = alignment.to_pandas()
    columns = ["source_layer", "target_layer", "cost", "mass", "single_best", "pairwise_best"]
    assert list(frame) == columns
    assert len(frame) == 2 * 3
    for row in frame.itertuples():
        l, m = (int(label.removeprefix("layer")) for label in (row.source_layer, row.target_layer))
        assert (row.cost, row.mass) == (alignment.layer_costs[l, m], alignment.layer_plan[l, m])
        assert row.single_best == alignment.coupling("single_best")[l, m]
        assert row.pairwise_best == alignment.coupling("pairwise_best")[l, m]
    assert (frame.cost * frame.mass).sum() == pytest.approx(alignment.cost)


def test_layers_keep_their_depth_when_they_are_sorted(layers):
    alignment = mot.align(layers(DEEP), layers(DEEP, seed=2))
    grid = alignment.to_pandas().pivot(index="source_layer", columns="target_layer", values="mass")
    np.testing.assert_array_equal(grid.to_numpy(), alignment.layer_plan)
    assert list(grid.columns)[-2:] == ["layer10", "layer11"]


def test_labelled_arrays_are_found_by_their_labels(alignment):
    dataset = alignment.to_xarray()
    assert dict(dataset.sizes) == {"source_layer": 2, "target_layer": 3}
    place = {"source_layer": "layer1", "target_layer": "layer2"}
    assert dataset.layer_plan.sel(place) == alignment.layer_plan[1, 2]
    assert dataset.layer_costs.sel(place) == alignment.layer_costs[1, 2]
    expected = {"cost": alignment.cost, "convention": "standardized", "source": "one", "target": "two"}
    assert dataset.attrs == expected


def test_tables_are_copies(alignment):
    plan = alignment.layer_plan.copy()
    alignment.to_xarray().layer_plan[:] = 0
    frame = alignment.to_pandas()
    frame.loc[:, "mass"] = 0.0
    np.testing.assert_array_equal(alignment.layer_plan, plan)
    units = alignment.unit_plan(0, 0)
    assert not np.shares_memory(units.to_pandas()["mass"].to_numpy(), units.mass)


def test_a_transport_has_a_row_for_every_pair_that_carries_mass(rng):
    cost = rng.random((7, 5))
    transport = mot.solve_transport(cost)
    frame = transport.to_pandas()
    assert list(frame) == ["source_unit", "target_unit", "mass", "cost"]
    assert len(frame) == transport.nnz
    np.testing.assert_allclose(frame.cost, cost[frame.source_unit, frame.target_unit], atol=1e-12)
    assert (frame.cost * frame.mass).sum() == pytest.approx(transport.cost)
    assert transport.toarray()[frame.source_unit, frame.target_unit] == pytest.approx(frame.mass.to_numpy())


def test_matched_units_have_their_correlation(layers):
    source, target = layers([6], 50), layers([7], 50, seed=2)
    frame = mot.align(source, target).unit_plan(0, 0).to_pandas()
    assert list(frame) == ["source_unit", "target_unit", "mass", "cost", "correlation"]
    expected = 1 - oracles.correlation_cost(source[0], target[0])
    np.testing.assert_allclose(frame.correlation, expected[frame.source_unit, frame.target_unit], atol=1e-6)


def test_parts_are_pairs_too(runs):
    frame, dataset = runs.to_pandas(), runs.to_xarray()
    assert list(frame)[:4] == ["source_part", "target_part", "cost", "mass"]
    assert (frame.cost * frame.mass).sum() == pytest.approx(runs.cost)
    assert dataset.plan.sel(source_part="1", target_part="2") == runs.plan[1, 2]
    assert dataset.costs.sel(source_part="0", target_part="1") == runs.costs[0, 1]
    assert dataset.attrs == {"cost": runs.cost, "source": "source", "target": "target"}


def test_many_networks_are_labelled_both_ways(matrix):
    dataset = matrix.to_xarray()
    place = {"source_network": "a", "target_network": "b"}
    for name in ("costs", "scores", "distances"):
        assert dataset[name].sel(place) == getattr(matrix, name)[0, 1]
    assert dataset.attrs == {"n_train": 48, "n_test": 12}
    assert matrix.to_pandas().loc[("a", "b"), "cost"] == matrix.costs[0, 1]


def test_a_comparison_has_every_split(comparison):
    dataset = comparison.to_xarray()
    assert list(dataset.split) == [4, 5]
    np.testing.assert_array_equal(dataset.scores.sel(method_name="cka"), comparison.scores["cka"])
    np.testing.assert_array_equal(dataset.peak_bytes.sel(method_name="mot"), comparison.peak_bytes["mot"])
    assert float(dataset.scores.mean("split").sel(method_name="mot")) == pytest.approx(comparison.mean("mot"))
    assert dataset.attrs == {"convention": "standardized", "source": "source", "target": "target", "test_size": 0.2}


def test_a_missing_library_is_named(alignment, runs, matrix, comparison, monkeypatch):
    for library, message in (("pandas", "data frames need pandas"), ("xarray", "datasets need xarray")):
        monkeypatch.setitem(sys.modules, library, None)
        for found in (alignment, runs, matrix, comparison):
            with pytest.raises(ImportError, match=rf"{message}: pip install {library}"):
                getattr(found, f"to_{library}")()
    with pytest.raises(ImportError, match="data frames need pandas"):
        alignment.unit_plan(0, 0).to_pandas()
