from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import mot_fast as mot
from mot_fast import _core
from mot_fast.networks.network import Layer, Network
from oracles.transports import Twin, assert_optimal, correlation_cost


@pytest.mark.parametrize("convention", ["standardized", "paper"])
def test_it_agrees_with_the_slow_twin(layers, convention):
    source, target = layers([7, 12, 9], 80, seed=1), layers([10, 8, 15, 9], 80, seed=2)
    source[1] *= 100  # where scales differ between layers, so do the conventions
    target[2][:, :5] += 1000
    train, test = mot.split(80, seed=3)
    alignment = mot.align([x[train] for x in source], [y[train] for y in target], convention=convention)
    twin = Twin([x[train] for x in source], [y[train] for y in target], convention)
    np.testing.assert_allclose(alignment.layer_costs, twin.layer_costs, atol=2e-8)
    np.testing.assert_allclose(alignment.layer_plan, twin.layer_plan, atol=1e-12)
    assert alignment.cost == pytest.approx(twin.cost, abs=2e-8)
    held_out = [x[test] for x in source], [y[test] for y in target]
    for coupling in ("mot", "single_best", "pairwise_best"):
        np.testing.assert_allclose(alignment.coupling(coupling), twin.coupling(coupling), atol=1e-12)
        score = alignment.score(*held_out, coupling)
        value, per_layer, per_unit = twin.score(*held_out, coupling)
        assert score.value == pytest.approx(value, abs=1e-9)
        np.testing.assert_allclose(score.per_layer, per_layer, atol=1e-9)
        for ours, theirs in zip(score.per_unit, per_unit, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)
    for ours, theirs in zip(
        alignment.reconstruct(held_out[1]), twin.reconstruct(held_out[1], twin.coupling("mot")), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_every_unit_plan_is_optimal_for_its_correlations(layers):
    source, target = layers([70, 5], 90), layers([70, 40, 130], 90, seed=9)
    alignment = mot.align(source, target)
    for l, x in enumerate(source):
        for m, y in enumerate(target):
            plan = alignment.unit_plan(l, m)
            assert (plan.source, plan.target) == (f"layer{l}", f"layer{m}")
            # Standardized values are in single precision: their correlations differ from these by less than 1e-7.
            assert_optimal(plan, correlation_cost(x, y), tolerance=1e-7)
    assert_optimal(mot.solve_transport(alignment.layer_costs), alignment.layer_costs)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_network_aligns_perfectly_with_itself(layers, dtype):
    network = layers([9, 33, 20, 64], 70, dtype=dtype)
    train, test = mot.split(70)
    network = mot.load(network)
    alignment = mot.align(network[train], network[train])
    assert alignment.cost == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(alignment.layer_plan, np.eye(4) / 4, atol=1e-15)
    for l in range(4):
        np.testing.assert_allclose(alignment.unit_plan(l, l).toarray(), np.eye(network.widths[l]) / network.widths[l])
    score = alignment.score(network[test], network[test])
    assert score.value == pytest.approx(1, abs=1e-12)
    assert mot.hierarchy(alignment.layer_plan) == 1.0


def test_permuting_units_and_layers_permutes_the_plans(layers, rng):
    source, target = layers([8, 20], 60), layers([13, 9, 11], 60, seed=5)
    units = [rng.permutation(y.shape[1]) for y in target]
    order = [2, 0, 1]
    alignment = mot.align(source, target)
    permuted = mot.align(source, [target[m][:, units[m]] for m in order])
    np.testing.assert_allclose(permuted.layer_plan, alignment.layer_plan[:, order], atol=1e-12)
    for l in range(2):
        for k, m in enumerate(order):
            expected = alignment.unit_plan(l, m).toarray()[:, units[m]]
            np.testing.assert_allclose(permuted.unit_plan(l, k).toarray(), expected, atol=1e-14)


def test_scale_and_offset_of_a_unit_change_nothing_when_standardized(layers, rng):
    source, target = layers([8, 20], 60), layers([13, 9], 60, seed=5)

    def rescaled(network):
        return [x * 10.0 ** rng.uniform(-6, 6, x.shape[1]) + 10 * rng.standard_normal(x.shape[1]) for x in network]

    alignment, other = mot.align(source, target), mot.align(rescaled(source), rescaled(target))
    np.testing.assert_allclose(other.layer_costs, alignment.layer_costs, atol=1e-7)
    for l in range(2):
        for m in range(2):
            ours, theirs = other.unit_plan(l, m).toarray(), alignment.unit_plan(l, m).toarray()
            np.testing.assert_allclose(ours, theirs, atol=1e-14)
    assert other.score(source, target).value != pytest.approx(1)


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e306])
def test_extreme_scales_change_nothing(layers, scale):
    source, target = layers([8, 6], 60), layers([7, 9], 60, seed=5)
    alignment = mot.align(source, target)
    other = mot.align([x * scale for x in source], [y * scale for y in target])
    np.testing.assert_allclose(other.layer_costs, alignment.layer_costs, atol=1e-12)
    score = other.score([x * scale for x in source], [y * scale for y in target])
    assert score.value == pytest.approx(alignment.score(source, target).value, abs=1e-9)


def test_exchanging_the_networks_transposes_costs_and_plan(layers):
    source, target = layers([8, 20, 14], 60), layers([13, 9], 60, seed=5)
    alignment, mirrored = mot.align(source, target), mot.align(target, source)
    np.testing.assert_allclose(mirrored.layer_costs, alignment.layer_costs.T, atol=1e-15)
    np.testing.assert_allclose(mirrored.layer_plan, alignment.layer_plan.T, atol=1e-14)
    assert mirrored.cost == pytest.approx(alignment.cost, abs=1e-14)


def test_constant_units_are_counted_and_cost_1(layers):
    source, target = layers([6, 5], 60), layers([4], 60, seed=5)
    source[1][:, [0, 3]] = 0.1
    target[0][:, 2] = -7.0
    with pytest.warns(UserWarning, match="constant") as caught:
        alignment = mot.align(mot.load(source, name="a"), mot.load({"v1": target[0]}, name="b"))
    assert [warning.filename for warning in caught] == [__file__]
    assert "'a' layer 'layer1': 2 of 5; 'b' layer 'v1': 1 of 4" in str(caught[0].message)
    assert_optimal(alignment.unit_plan(1, 0), correlation_cost(source[1], target[0]), tolerance=1e-7)
    assert (alignment.unit_plan(1, "v1").toarray().sum(axis=1) > 0).all()
    assert alignment.target.deviations[0][2] == 0


def test_all_units_constant_cost_1_everywhere():
    source = np.ones((10, 40)) * np.arange(40)
    with pytest.warns(UserWarning, match="40 of 40"):
        alignment = mot.align([source], [np.random.default_rng(0).random((10, 50))])
    assert alignment.cost == pytest.approx(1.0, abs=1e-12)


def test_one_layer_and_one_unit_are_networks(rng):
    alignment = mot.align([rng.random((5, 1))], [rng.random((5, 1))])
    np.testing.assert_array_equal(alignment.layer_plan, [[1.0]])
    np.testing.assert_array_equal(alignment.unit_plan(0, 0).toarray(), [[1.0]])


@pytest.mark.slow
@pytest.mark.processes
def test_a_split_of_a_memory_map_is_read_where_it_lies(tmp_path):
    """Aligning half the stimuli of mapped files needs memory for the standardized values, not for the files."""
    for network in ("a", "b"):
        (tmp_path / network).mkdir()
        for k in range(2):
            shape = (60_000, 200)
            values = np.lib.format.open_memmap(tmp_path / network / f"{k}.npy", "w+", np.float64, shape)
            values[:] = np.random.default_rng(k).random(shape)
            values.flush()
    program = textwrap.dedent(
        """
        import sys, numpy as np, psutil, threading, time
        import mot_fast as mot
        source, target = mot.load(sys.argv[1] + "/a"), mot.load(sys.argv[1] + "/b")
        rows = np.arange(0, 60_000, 60)
        mot.align(source[rows[:10]], target[rows[:10]])
        process, peak, done = psutil.Process(), 0, False

        def anonymous():
            info = process.memory_info()  # read once: pages of the files may be loaded between two readings
            return info.rss - info.shared

        def watch():
            global peak
            while not done:
                peak = max(peak, anonymous())
                time.sleep(0.001)

        before = anonymous()
        watcher = threading.Thread(target=watch)
        watcher.start()
        mot.align(source[rows], target[rows])
        done = True
        watcher.join()
        print(peak - before)
        """
    )
    output = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    one_file = 60_000 * 200 * 8
    standardized = 4 * 1000 * 200 * 4
    assert int(output) < one_file / 4
    assert int(output) < 10 * standardized + 10_000_000


@pytest.fixture(scope="module")
def worker():
    """A process that executes every line that it is sent."""
    program = textwrap.dedent(
        """
        import sys, numpy as np
        import mot_fast as mot
        rng = np.random.default_rng(0)
        source, target = [rng.random((100, 3000))] * 10, [rng.random((100, 4000))] * 10
        cost = rng.random((6000, 2)) @ rng.random((2, 6000))
        mot.align([source[0][:, :9]], [target[0][:, :9]])
        while work := sys.stdin.readline():
            print("started", flush=True)
            try:
                exec(work)
            except KeyboardInterrupt:
                print("interrupted", flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize(
    "work",
    [
        "mot.align(source, target, n_jobs=1)",
        "mot.align(source, target, n_jobs=2)",
        "mot.solve_transport(cost)",
        "mot.ot.emd([], [], cost)",
        "mot.ot.linear_sum_assignment(cost)",
    ],
)
def test_ctrl_c_stops_it_within_a_second(worker, work):
    """A real process gets a real signal in the middle of a call that takes seconds."""
    worker.stdin.write(f"{work}\n")
    worker.stdin.flush()
    assert worker.stdout.readline() == "started\n"
    time.sleep(0.5)
    assert worker.poll() is None
    sent = time.monotonic()
    worker.send_signal(signal.SIGINT)
    alarm = threading.Timer(60, worker.kill)  # so that the test never hangs
    alarm.start()
    assert worker.stdout.readline() == "interrupted\n"
    alarm.cancel()
    assert time.monotonic() - sent < 2.0  # a second, and more on a busy machine


def test_progress_goes_to_the_end(layers, capsys):
    mot.align(layers([5, 5, 5], 30), layers([5, 5], 30), progress=True)
    assert "6/6" in capsys.readouterr().err
    mot.align(layers([5, 5, 5], 30), layers([5, 5], 30))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"convention": "raw"}, ValueError, "convention: expected one of 'standardized', 'paper', found 'raw'"),
        ({"n_jobs": 0}, ValueError, "n_jobs: expected 1 or more, -1 for all threads, or -2 for all but one, found 0"),
        ({"n_jobs": [1]}, TypeError, r"n_jobs: expected an integer, found \[1\]"),
        ({"n_jobs": 1.5}, TypeError, "n_jobs: expected an integer, found 1.5"),
    ],
)
def test_bad_arguments_are_named(layers, arguments, error, message):
    with pytest.raises(error, match=message):
        mot.align(layers([4, 4]), layers([4, 4]), **arguments)


def test_networks_that_cannot_be_aligned_are_named(layers):
    a, b = mot.load(layers([4, 4], 30), name="a"), mot.load(layers([4], 31), name="b")
    with pytest.raises(ValueError, match="expected the same stimuli, found 30 in 'a' and 31 in 'b'"):
        mot.align(a, b)
    with pytest.raises(ValueError, match="networks 'a' and 'b': expected at least 3 stimuli, found 2"):
        mot.align(a[:2], b[:2])
    broken = layers([4, 4], 30)
    broken[1][17, 2] = -np.inf
    message = "network 'target', layer 'layer1': expected finite activations, found -inf first at stimulus 17, unit 2"
    with pytest.raises(ValueError, match=message):
        mot.align(a, broken)


@pytest.mark.parametrize("memory_limit", [1, 20_000, 150_000])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_little_memory_changes_no_answer(layers, memory_limit, n_jobs):
    # The limits range from one layer at a time and costs row by row up to blocks of several layers.
    narrow, wide = layers([40, 50, 35]), layers([60, 45, 70, 52, 41], seed=1)
    for source, target in ((narrow, wide), (wide, narrow)):
        expected = mot.align(source, target)
        alignment = mot.align(source, target, memory_limit=memory_limit, n_jobs=n_jobs)
        np.testing.assert_allclose(alignment.layer_costs, expected.layer_costs, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(alignment.source.means[1], expected.source.means[1])
        assert [plan.target for plan in alignment.unit_plans[1]] == list(expected.target.labels)
        again = mot.align(source, target, memory_limit=memory_limit, n_jobs=3 - n_jobs)
        np.testing.assert_array_equal(alignment.layer_costs, again.layer_costs)


def test_both_networks_are_read_at_the_same_time(layers):
    meeting = threading.Barrier(2, timeout=30)

    def network(values):
        def read():
            meeting.wait()
            return values

        return Network([Layer("x", values.shape, read)])

    (source,), (target,) = layers([4]), layers([5])
    expected = mot.align([source], [target])
    found = mot.align(network(source), network(target), n_jobs=2)
    np.testing.assert_array_equal(found.layer_costs, expected.layer_costs)


@pytest.mark.parametrize("n_jobs", [1, 2, 16])
@pytest.mark.parametrize("layers_in_limit", [4, 16, 64])
def test_standardized_layers_keep_to_their_half_of_the_limit(layers, monkeypatch, n_jobs, layers_in_limit):
    held = {"now": 0, "most": 0}

    class Counted(_core.StandardizedLayer):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            held["now"] += 1
            held["most"] = max(held["most"], held["now"])

        def __del__(self):
            held["now"] -= 1

    monkeypatch.setattr(_core, "StandardizedLayer", Counted)
    one_layer = 4 * 30 * 20
    mot.align(layers([20] * 9, 30), layers([20] * 17, 30), n_jobs=n_jobs, memory_limit=layers_in_limit * one_layer)
    assert held["now"] == 0
    assert held["most"] <= layers_in_limit // 2


@pytest.mark.parametrize(
    ("memory_limit", "error"), [(0, ValueError), (-5, ValueError), (1.5, TypeError), ("1", TypeError)]
)
def test_bad_memory_limits_are_named(layers, memory_limit, error):
    with pytest.raises(error, match="memory_limit: expected"):
        mot.align(layers([3]), layers([4]), memory_limit=memory_limit)
