"""The extension by itself: it refuses what `_validate` would have mended, and never copies."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mot_fast import _core

UNIFORM = np.full(3, 1 / 3)


@pytest.mark.parametrize(
    "cost",
    [np.zeros((3, 3), np.float16), np.zeros((3, 3), int), np.zeros((3, 3), ">f8"), np.zeros((3, 6))[:, ::2]],
)
def test_costs_are_never_converted(cost):
    with pytest.raises(TypeError, match="incompatible function arguments"):
        _core.solve_transport(cost, UNIFORM, UNIFORM, 1.0)


@pytest.mark.parametrize(
    ("cost", "a"), [(np.zeros((2, 3)), UNIFORM), (np.zeros(3), UNIFORM), (np.zeros((3, 3)), np.ones((3, 1)))]
)
def test_shapes_must_fit(cost, a):
    with pytest.raises(ValueError, match=r"cost must be \(n, m\), a \(n,\), b \(m,\)"):
        _core.solve_transport(cost, a, UNIFORM, 1.0)


def test_methods_have_names():
    with pytest.raises(ValueError, match="method must be 'automatic', 'simplex' or 'assignment', found 'magic'"):
        _core.solve_transport(np.zeros((3, 3)), UNIFORM, UNIFORM, 1.0, "magic")


@pytest.mark.parametrize("take", [_core.StandardizedLayer, _core.first_nonfinite])
def test_activations_are_never_converted(take):
    for values in (np.zeros((4, 2), int), np.zeros((4, 2), ">f4"), np.zeros((4, 2), np.longdouble)):
        with pytest.raises(TypeError, match="activations must be native float16, float32 or float64"):
            take(values)
    with pytest.raises(ValueError, match="activations must be two-dimensional and rows one-dimensional"):
        take(np.zeros(4))
    with pytest.raises(IndexError, match="rows out of range"):
        take(np.zeros((4, 2)), np.array([0, 4]))
    padded = np.zeros(4, dtype=[("pad", "u1"), ("x", "f4", 2)])["x"]
    with pytest.raises(ValueError, match="strides must be whole elements"):
        take(padded)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_means_and_deviations_are_numpy_s(dtype, layout, rng):
    values = (5 + 3 * rng.standard_normal((101, 17))).astype(dtype)
    if layout == "F":
        values = np.asfortranarray(values)
    elif layout == "strided":
        values = np.repeat(np.repeat(values, 2, 0), 3, 1)[::2, ::3]
    rows = rng.permutation(101)[:70]
    layer = _core.StandardizedLayer(values, rows)
    expected = values[rows].astype(np.float64)
    np.testing.assert_allclose(layer.mean, expected.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(layer.deviation, expected.std(axis=0), rtol=1e-12)


def test_constant_units_have_deviation_zero_whatever_their_value(rng):
    values = np.column_stack([np.full(50, 0.1), np.full(50, -1e300), np.zeros(50), rng.random(50)])
    deviation = _core.StandardizedLayer(values).deviation
    assert (deviation[:3] == 0).all()
    assert deviation[3] > 0


def test_layers_of_different_stimuli_are_not_paired(rng):
    layers = [_core.StandardizedLayer(rng.random((n, 4))) for n in (10, 11)]
    with pytest.raises(ValueError, match="layers must have the same number of stimuli"):
        _core.solve_pairs(layers[:1], layers[1:], 1, 2**62, 2**62)
    with pytest.raises(ValueError, match="most_costs_of_pairs must be one number for each pair of layers"):
        _core.solve_pairs(layers[:1], layers[:1], 1, 2**62, 2**62, most_costs_of_pairs=[1, 2])


def test_pairs_that_are_chosen_are_solved_like_all_pairs_and_their_plans_come_end_to_end(rng):
    layers = [_core.StandardizedLayer(rng.random((40, width))) for width in (7, 1, 12)]
    chosen = [(l, m) for l in range(3) for m in range(3)][::-1]
    sources, targets = (np.array(each) for each in zip(*chosen, strict=True))
    found = _core.solve_chosen_pairs(layers, sources, targets, np.full(9, 2**62), 2, 2**62, 2**62)
    expected = list(_core.solve_pairs(layers, layers, 1, 2**62, 2**62))[::-1]
    assert len(found) == 9
    assert found.first_unproven() is None
    assert found.costs.tolist() == [each.cost for each in expected]
    figures = ("dual_violation", "slackness", "duality_gap", "marginal_error", "tolerance")
    assert found.certificates.tolist() == [[getattr(each.certificate, name) for name in figures] for each in expected]
    assert found[8].is_optimal
    with pytest.raises(IndexError, match="no such pair"):
        found[9]
    arrays = [each.take_arrays() for each in expected]
    entries, *joined = found.take_plans()
    assert entries.tolist() == [len(rows) for rows, *_ in arrays]
    for one, others in zip(joined, zip(*arrays, strict=True), strict=True):
        np.testing.assert_array_equal(one, np.concatenate(others))


def test_pairs_that_are_chosen_must_be_of_layers_given(rng):
    layers = [_core.StandardizedLayer(rng.random((n, 4))) for n in (10, 11)]

    def solve(sources, targets, most_costs):
        return _core.solve_chosen_pairs(layers, *map(np.array, (sources, targets, most_costs)), 1, 2**62, 2**62)

    assert len(_core.solve_chosen_pairs(layers, *[np.empty(0, np.int64)] * 3, 1, 2**62, 2**62)) == 0
    for bad in (([0], [0], [1, 2]), ([0], [0, 0], [1]), ([[0]], [[0]], [[1]])):
        with pytest.raises(ValueError, match="sources, targets and most_costs_of_pairs must have one number for each"):
            solve(*bad)
    for bad in (2, -1):
        with pytest.raises(IndexError, match="no such layer"):
            solve([0], [bad], [1])
    with pytest.raises(ValueError, match="layers must have the same number of stimuli"):
        solve([0], [1], [1])
    with pytest.raises(TypeError, match="incompatible function arguments"):
        solve([0.0], [0], [1])


@pytest.mark.parametrize("kept", [2**62, 0])
@pytest.mark.parametrize("given", [("source",), ("target",), ("source", "target")])
def test_layers_carry_masses_of_their_own(rng, given, kept):
    sources = [rng.random((80, width)) for width in (13, 20)]
    targets = [rng.random((80, width)) for width in (20, 1, 17)]
    masses = {}
    for side, layers in (("source", sources), ("target", targets)):
        of_side = [rng.integers(0, 4, x.shape[1]) + np.eye(1, x.shape[1])[0] for x in layers]
        masses[side] = [2 * mass / mass.sum() for mass in of_side]
    solutions = _core.solve_pairs(
        [_core.StandardizedLayer(x) for x in sources],
        [_core.StandardizedLayer(y) for y in targets],
        2,
        kept,
        kept,
        **{f"{side}_masses": masses[side] for side in given},
    )
    for side, layers in (("source", sources), ("target", targets)):
        if side not in given:
            masses[side] = [np.full(x.shape[1], 2 / x.shape[1]) for x in layers]
    pairs = [(l, m) for l in range(len(sources)) for m in range(len(targets))]
    for (l, m), found in zip(pairs, solutions, strict=True):
        width = sources[l].shape[1]
        cost = np.ascontiguousarray(1 - np.corrcoef(sources[l].T, targets[m].T)[:width, width:])
        expected = _core.solve_transport(cost, masses["source"][l], masses["target"][m], 2.0)
        assert found.is_optimal
        assert found.cost == pytest.approx(expected.cost, abs=1e-7)
        plan = found.dense_plan()
        np.testing.assert_allclose(plan.sum(axis=1), masses["source"][l], atol=1e-14)
        np.testing.assert_allclose(plan.sum(axis=0), masses["target"][m], atol=1e-14)
        assert (plan * cost).sum() == pytest.approx(expected.cost, abs=1e-6)


@pytest.mark.parametrize("given", [("source_masses",), ("target_masses",), ("source_masses", "target_masses")])
def test_equal_masses_of_all_units_are_the_same_as_none(rng, given):
    layers = [_core.StandardizedLayer(rng.random((60, width))) for width in (8, 12, 12)]
    masses = [np.full(width, 1 / width) for width in (8, 12, 12)]
    with_masses = _core.solve_pairs(layers, layers, 1, 2**62, 2**62, **dict.fromkeys(given, masses))
    without = _core.solve_pairs(layers, layers, 1, 2**62, 2**62)
    for found, expected in zip(with_masses, without, strict=True):
        assert found.cost == pytest.approx(expected.cost, rel=1e-14, abs=1e-14)
        np.testing.assert_allclose(found.dense_plan(), expected.dense_plan(), rtol=1e-14)


@pytest.mark.parametrize("side", ["source_masses", "target_masses"])
def test_masses_must_fit_their_layers_and_are_never_converted(rng, side):
    layers = [_core.StandardizedLayer(rng.random((10, width))) for width in (3, 4)]
    good = [np.full(3, 1 / 3), np.full(4, 1 / 4)]

    def solve(masses):
        return _core.solve_pairs(layers, layers, 1, 2**62, 2**62, **{side: masses})

    assert all(solution.is_optimal for solution in solve(good))
    misshapen = [np.full((4, 1), 1 / 4), np.array(1.0), good[0]]
    for bad in ([], good[:1], [*good, good[0]], *([good[0], mass] for mass in misshapen)):
        with pytest.raises(ValueError, match=rf"{side} must be one \(n_units,\) for each layer"):
            solve(bad)
    for bad in (np.ones(4, np.float32), np.ones(4, int), np.ones(4, ">f8"), np.ones(8)[::2], [1.0] * 4, None):
        with pytest.raises(TypeError, match="incompatible function arguments"):
            solve([good[0], bad])


def test_an_error_in_the_progress_callback_comes_out(rng):
    layers = [_core.StandardizedLayer(rng.random((50, 250))) for _ in range(6)]  # many times 50 ms of work in all

    def fail(n_done):
        raise RuntimeError(f"callback at {n_done}")

    with pytest.raises(RuntimeError, match="callback at"):
        _core.solve_pairs(layers * 5, layers * 5, 1, 2**62, 2**62, fail)


def test_a_callback_that_failed_is_not_called_again(rng):
    layers = [_core.StandardizedLayer(rng.random((100, width))) for width in (500, 600, 700)] * 4
    calls = []

    def fail(n_done):
        calls.append(n_done)
        time.sleep(0.06)
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        _core.solve_pairs(layers, layers, 2, 2**62, 2**62, fail)
    assert len(calls) == 1


SPARSE = {"row_starts": [0, 1, 3], "columns": [0, 0, 1], "costs": [1.0, 2.0, 3.0]}


@pytest.mark.parametrize(
    "change",
    [
        {"row_starts": [0, 3]},
        {"row_starts": [1, 1, 3]},
        {"row_starts": [0, 4, 3]},
        {"row_starts": [0, 1, 2]},
        {"columns": [0, 1, 0]},
        {"columns": [0, 1, 1]},
        {"columns": [0, -1, 1]},
        {"columns": [0, 0, 2]},
        {"costs": [1.0, 2.0]},
    ],
)
def test_sparse_rows_are_looked_over(change):
    def solve(row_starts, columns, costs):
        half = np.full(2, 0.5)
        return _core.solve_sparse_transport(
            np.array(row_starts), np.array(columns, np.int32), np.array(costs), half, half
        )

    assert solve(**SPARSE).is_optimal
    with pytest.raises(ValueError, match="must be rows of increasing columns"):
        solve(**{**SPARSE, **change})


def test_assignment_takes_a_matrix_of_doubles():
    with pytest.raises(ValueError, match=r"cost must be \(n, m\)"):
        _core.assign(np.zeros(3), False)
    with pytest.raises(TypeError, match="incompatible function arguments"):
        _core.assign(np.zeros((3, 3), np.float32), False)


def test_figures_are_none_where_anything_wants_a_second_look():
    cost, half = np.zeros((2, 2)), np.full(2, 0.5)
    assert _core.figures_of(half, half + 0.25, cost - 3) == (0.5, 3.0)
    unaligned = np.zeros(33, np.uint8)[1:].view(np.float64).reshape(2, 2)
    for bad in [cost.T[::-1], cost.astype(">f8"), cost[:1], cost.astype(np.float32), None, "no", unaligned]:
        assert _core.figures_of(half, half, bad) is None
    for value in (np.nan, np.inf, -np.inf, 1e301):
        assert _core.figures_of(half, half, cost + value) is None
    for mass in ([-0.5, 1.5], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]):
        assert _core.figures_of(np.array(mass), half, cost) is None
        assert _core.figures_of(half, np.array(mass), cost) is None


def test_only_what_needs_no_second_look_is_solved_as_it_is():
    cost, half = np.eye(2), np.full(2, 0.5)
    for a, b in [(half, half), (None, half), (half, None), (None, None)]:
        found = _core.solve_plain_transport(cost, a, b)
        assert found is not None
        assert (found.is_optimal, found.cost) == (True, 0.0)
    for bad in [
        cost.T[::-1],
        cost.astype(">f8"),
        cost.astype(np.float32),
        cost.tolist(),
        None,
        cost[:0],
        cost + np.nan,
    ]:
        assert _core.solve_plain_transport(bad, half, half) is None
    for mass in ([0.4, 0.5], [-0.5, 1.5], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [1.0], [[0.5, 0.5]]):
        assert _core.solve_plain_transport(cost, np.array(mass), half) is None
        assert _core.solve_plain_transport(cost, half, np.array(mass)) is None
