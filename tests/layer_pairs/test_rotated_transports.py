"""Alignments with rotations, through the public functions."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import textwrap
import time
import tracemalloc

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import mot_fast as mot
from oracles.transports import orthogonal_transport, transport_by_linear_programming


@pytest.fixture
def networks(layers):
    """Two networks; some source layers are wider than some target layers."""
    return layers([7, 12, 9], 60, seed=1), layers([10, 8, 15, 9], 60, seed=2)


def test_it_agrees_with_the_slow_twin(networks):
    source, target = networks
    alignment = mot.align(source, target, rotate=True)
    pairs = [[orthogonal_transport(x, y) for y in target] for x in source]
    unique = [(l, m) for l in range(3) for m in range(4) if source[l].shape[1] <= target[m].shape[1]]
    for l, m in unique:  # for other pairs the slow twin takes an arbitrary rotation of the null space
        trace, residual, plan, rotation = pairs[l][m]
        np.testing.assert_allclose(alignment.traces[l][m], trace, rtol=1e-10)
        assert alignment.layer_costs[l, m] == pytest.approx(residual, rel=1e-10)
        np.testing.assert_allclose(alignment.unit_plan(l, m).toarray(), plan, atol=1e-12)
        np.testing.assert_allclose(alignment.rotation(l, m), rotation, atol=1e-9)
    cost, _ = transport_by_linear_programming(alignment.layer_costs)
    assert alignment.cost == pytest.approx(cost)
    assert alignment.certificate.duality_gap <= alignment.certificate.tolerance


@pytest.mark.parametrize("convention", ["standardized", "paper"])
def test_predictions_are_turned_back(networks, convention):
    source, target = networks
    alignment = mot.align(source, target, rotate=True, convention=convention)
    weights = alignment.layer_plan
    for l, prediction in enumerate(alignment.reconstruct(target)):
        expected = 0
        for m, y in enumerate(target):
            plan, inputs = alignment.unit_plan(l, m).toarray(), y
            if convention == "standardized":
                inputs = (y - y.mean(0)) / np.sqrt(y.var(axis=0).mean())
                plan = plan * len(plan)
            expected = expected + 3 * weights[l, m] * inputs @ plan.T @ alignment.rotation(l, m).T
        np.testing.assert_allclose(prediction, expected, rtol=1e-9, atol=1e-9)


def test_only_the_rotations_that_a_coupling_uses_are_kept(networks):
    alignment = mot.align(*networks, rotate=True)
    used = sum(alignment.coupling(name) for name in ("mot", "single_best", "pairwise_best"))
    assert sorted(alignment.rotations) == [tuple(pair) for pair in np.argwhere(used).tolist()]
    assert len(alignment.rotations) < 12


def test_other_rotations_are_found_again(networks, tmp_path):
    """One factorization finds a rotation again where the plan determines it; else the alternation is run again."""
    source, target = networks
    alignment = mot.align(source, target, rotate=True)
    missing = [(l, m) for l in range(3) for m in range(4) if (l, m) not in alignment.rotations]
    assert {len(source[l][0]) > len(target[m][0]) for l, m in missing} == {True, False}
    for l, m in missing:
        rotation = alignment.rotation(l, m)
        x, y = source[l] - source[l].mean(0), target[m] - target[m].mean(0)
        carried = y @ alignment.unit_plan(l, m).toarray().T
        fit = np.vdot(x @ rotation, carried) ** 2 / ((x**2).sum() * (carried**2).sum())
        assert 1 - fit == pytest.approx(alignment.layer_costs[l, m], abs=1e-12)
        np.testing.assert_allclose(rotation.T @ rotation, np.eye(len(rotation)), atol=1e-12)
    assert alignment.score(source, target, "permuted").value > 0
    alignment.save(tmp_path / "run.mot")
    loaded = mot.Alignment.load(tmp_path / "run.mot")
    l, m = missing[0]
    with pytest.raises(ValueError, match=rf"rotation: that from layer 'layer{l}' to 'layer{m}' is not kept"):
        loaded.rotation(l, m)


def test_activations_that_were_changed_are_not_taken_for_the_old_ones(networks):
    source, target = networks
    alignment = mot.align(source, target, rotate=True)
    l, m = next((l, m) for l in range(3) for m in range(4) if (l, m) not in alignment.rotations)
    target[m][3, 1] += 1.0
    with pytest.raises(
        ValueError, match=rf"rotation: .* found others in layer 'layer{m}' of 'target'; they were changed"
    ):
        alignment.rotation(l, m)


def test_what_was_aligned_on_is_held_for_rotations_alone_and_never_pickled(networks):
    assert mot.align(*networks).training is None
    alignment = mot.align(*networks, rotate=True)
    copy = pickle.loads(pickle.dumps(alignment))
    assert alignment.training is not None
    assert copy.training is None
    assert copy.score(*networks).value == alignment.score(*networks).value


def test_memory_does_not_grow_with_every_pair_s_rotation(rng):
    """With 5 x 40 layers of 100 units, the rotations of all pairs would take 16 MB, those in use less than 4."""
    source = [rng.standard_normal((30, 100)) for _ in range(5)]
    target = [rng.standard_normal((30, 8)) for _ in range(40)]
    alternation = mot.Alternation(max_iter=1)
    mot.align(source[:1], target[:1], rotate=alternation)
    tracemalloc.start()
    alignment = mot.align(source, target, rotate=alternation, n_jobs=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    kept = 8 * 100**2 * len(alignment.rotations)
    assert peak < kept + 8e6


def test_units_constant_in_training_predict_nothing(networks):
    source, target = networks
    target[1][:40, 2] = 0.0
    target[1][40:, 2] = 1e4
    with pytest.warns(UserWarning, match="some units are constant"):
        alignment = mot.align([x[:40] for x in source], [y[:40] for y in target], rotate=True)
    held_out = [y[40:].copy() for y in target]
    expected = alignment.reconstruct(held_out)
    held_out[1][:, 2] = -7.0
    for prediction, same in zip(alignment.reconstruct(held_out), expected, strict=True):
        np.testing.assert_array_equal(prediction, same)


def test_predictions_do_not_depend_on_the_threads_of_blas(layers):
    source, target = layers([90, 40], 200, seed=1), layers([80], 200, seed=2)
    alignment = mot.align(source, target, rotate=True)
    predictions = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            predictions.append(alignment.reconstruct(target))
    for one, two in zip(*predictions, strict=True):
        np.testing.assert_array_equal(one, two)


def test_it_comes_back_from_a_file(networks, tmp_path):
    alternation = mot.Alternation(tol=np.float32(0.5), max_iter=np.int64(3), seed=np.uint8(7))
    alignment = mot.align(*networks, rotate=alternation, source_mass=[1, 2, 3])
    alignment.save(tmp_path / "run.mot")
    loaded = mot.Alignment.load(tmp_path / "run.mot")
    assert loaded.alternation == mot.Alternation(tol=0.5, max_iter=3, seed=7)
    for row, expected in zip(loaded.traces, alignment.traces, strict=True):
        for trace, same in zip(row, expected, strict=True):
            np.testing.assert_array_equal(trace, same)
    assert list(loaded.rotations) == list(alignment.rotations)
    for pair, rotation in alignment.rotations.items():
        np.testing.assert_array_equal(loaded.rotations[pair], rotation)
    np.testing.assert_array_equal(loaded.source.layer_masses, [1 / 6, 2 / 6, 3 / 6])
    assert loaded.score(*networks).value == alignment.score(*networks).value


def test_threads_blocks_and_memory_change_no_bit(networks):
    source, target = networks
    expected = mot.align(source, target, rotate=True, n_jobs=1)
    smallest = 8 * ((60 + 12) * 12 + (60 + 15) * 15 + 15 * 12**2 + 3 * 12 * 15)
    for options in ({"n_jobs": 2}, {"n_jobs": 8}, {"n_jobs": 3, "memory_limit": smallest}):
        found = mot.align(source, target, rotate=True, **options)
        np.testing.assert_array_equal(found.layer_costs, expected.layer_costs)
        np.testing.assert_array_equal(found.layer_plan, expected.layer_plan)
        for pair, rotation in expected.rotations.items():
            np.testing.assert_array_equal(found.rotations[pair], rotation)
        assert found.certificate == expected.certificate


def test_more_units_than_memory_allows_say_what_they_need(networks):
    message = (
        r"rotate: aligning layer 'layer1' \(12 units\) of 'source' with layer 'layer2' \(15 units\) of 'target' needs "
        r"about 0.0358 MiB, and 0.00954 MiB may be taken; raise memory_limit, take fewer units or stimuli, or align"
    )
    with pytest.raises(ValueError, match=message):
        mot.align(*networks, rotate=True, memory_limit=10_000)


@pytest.mark.parametrize("rotate", [1, "yes", None])
def test_other_rotate_arguments_are_refused(networks, rotate):
    with pytest.raises(TypeError, match="rotate: expected True, False or an Alternation, found"):
        mot.align(*networks, rotate=rotate)


def test_without_rotations_there_are_none_to_ask_for(networks):
    with pytest.raises(ValueError, match="rotation: expected an alignment with rotate=True, found one without"):
        mot.align(*networks).rotation(0, 0)


def test_progress_is_shown(networks, capsys):
    mot.align(*networks, rotate=True, progress=True)
    assert "12/12" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_ctrl_c_stops_within_a_second_or_so():
    program = """
        import numpy as np, mot_fast as mot
        rng = np.random.default_rng(0)
        network = [rng.standard_normal((600, 400)) for _ in range(12)]
        small = [layer[:, :4] for layer in network[:2]]
        mot.align(small, small, rotate=True)
        print("ready", flush=True)
        try:
            mot.align(network, network[::-1], rotate=mot.Alternation(tol=0.0, max_iter=500))
        except KeyboardInterrupt:
            print("stopped", flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopped\n"
        assert time.monotonic() - started < 4.0  # a second on an idle machine
