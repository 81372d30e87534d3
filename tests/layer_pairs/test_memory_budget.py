from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mot_fast as mot
from mot_fast import _core
from mot_fast.analysis.method_memory import threads_within
from mot_fast.layer_pairs import memory_budget
from mot_fast.layer_pairs.memory_budget import Budget
from mot_fast.networks.network import Layer, Network


def test_threads_are_as_many_as_may_hold_their_costs():
    budget = Budget(2**30)
    assert budget.n_threads(8, 1000) == 8
    assert budget.n_threads(64, budget.costs) == 8
    assert budget.n_threads(64, 10 * budget.costs) == 8
    assert budget.n_threads(64, 1000, n_units=10_000) < 16
    assert Budget(1).n_threads(4, 10**9) >= 1


@given(st.integers(1, 2**40), st.integers(3, 10**6), st.integers(1, 10**5), st.integers(1, 10**5), st.integers(1, 64))
def test_shares_and_what_a_pair_needs_keep_to_the_limit(limit, n_stimuli, n, m, wanted):
    needed = memory_budget.needed_by_transport(n_stimuli, n, m)
    budget = Budget(limit).less(needed)
    threads = budget.n_threads(wanted, n * m, n + m)
    each = memory_budget.BYTES_PER_UNIT * (n + m) + memory_budget.BYTES_PER_COST * min(2 * n * m, budget.costs)
    of_threads = threads * each - memory_budget.BYTES_PER_UNIT * (n + m) if threads > 1 else 0
    of_pair = memory_budget.BYTES_PER_COST * (budget.costs_of_pair(needed) - memory_budget.ALWAYS_COSTS)
    shares = budget.layers + budget.passing + budget.cached + max(0, of_threads, of_pair)
    assert shares + (needed if limit >= needed else 0) <= limit


NOT_BYTES = [
    (0, ValueError, "memory_limit: expected at least 1, found 0"),
    (-1, ValueError, "memory_limit: expected at least 1, found -1"),
    (2**70, ValueError, "memory_limit: expected bytes, up to 2\\*\\*62, found 1180591620717411303424"),
    (float("inf"), TypeError, "memory_limit: expected a whole number of bytes, found inf"),
    (np.float64("nan"), TypeError, "memory_limit: expected a whole number of bytes, found .*nan"),
    (1e9, TypeError, "memory_limit: expected a whole number of bytes, found 1000000000.0"),
    (True, TypeError, "memory_limit: expected an integer, found True"),
    ("1GB", TypeError, "memory_limit: expected an integer, found '1GB'"),
]


@pytest.mark.parametrize(("limit", "error", "message"), NOT_BYTES)
def test_a_limit_that_is_no_number_of_bytes_is_named_at_every_door(layers, limit, error, message):
    network = mot.load(layers([3, 4], 30), name="one")
    other = mot.load(layers([4], 30, seed=1), name="other")
    for call in (
        lambda: mot.align(network, other, memory_limit=limit),
        lambda: mot.align(network, other, rotate=True, memory_limit=limit),
        lambda: mot.compare(network, other, ["cka"], memory_limit=limit),
        lambda: mot.similarity_matrix([network, other], memory_limit=limit),
        lambda: mot.align_trajectories([network], [other], memory_limit=limit),
        lambda: mot.align_nested([network], [other], memory_limit=limit),
        lambda: mot.Aligner(memory_limit=limit).fit(network, other),
    ):
        with pytest.raises(error, match=message):
            call()


class OnPaper:
    """A layer that nobody may read: what it would take is known from its shape."""

    def __init__(self, n_stimuli, n_units):
        self.shape = n_stimuli, n_units

    def network(self, name):
        def read():
            raise AssertionError("read before it was refused")

        return Network([Layer("deep", self.shape, read), Layer("narrow", (self.shape[0], 2), read)], name)


@pytest.mark.parametrize("way", ["plain", "store", "executor"])
def test_layers_that_exceed_the_limit_are_refused_before_they_are_read(way, tmp_path):
    long, wide = OnPaper(100_000, 3000).network("long"), OnPaper(100_000, 2000).network("wide")
    with ThreadPoolExecutor(1) as pool:
        options = {"plain": {}, "store": {"store": tmp_path / "store"}, "executor": {"executor": pool}}[way]
        options |= {"memory_limit": 48 * 2**20, "n_jobs": 1}
        message = (
            r"memory_limit: aligning layer 'deep' \(3000 units\) of 'long' with layer 'deep' \(2000 units\) of 'wide' "
            r"on 100000 stimuli needs about 88.9 MiB, and 48 MiB may be taken; raise memory_limit, or take fewer"
        )
        with pytest.raises(ValueError, match=message):
            mot.align(long, wide, **options)
        with pytest.raises(ValueError, match=r"memory_limit: .* on 100000 stimuli needs about"):
            mot.align_trajectories([long], [wide], **options)
        with pytest.raises(ValueError, match=r"memory_limit: .* on 80000 stimuli needs about"):
            mot.similarity_matrix([long, wide], **options)


def test_scores_that_exceed_the_limit_are_refused_before_anything_is_read():
    networks = [OnPaper(100_000, 60).network(name) for name in ("one", "other")]
    message = (
        "memory_limit: scores of 'one', reconstructed from 'one' on 90000 stimuli, need about 0.404 GiB, and 0.25 GiB"
    )
    with pytest.raises(ValueError, match=message):
        mot.similarity_matrix(networks, test_size=0.9, memory_limit=2**28)


@pytest.mark.parametrize("method", ["mot", "mot+r", "permuted", "global_ot", "global_linear", "linear", "cka", "rsa"])
def test_methods_that_exceed_the_limit_are_refused_before_anything_is_read(method):
    networks = [OnPaper(20_000, 800).network(name) for name in ("one", "other")]
    message = (
        rf"memory_limit: method '{re.escape(method)}' on 16000 stimuli, with 4000 held out, needs about .* 20 MiB may"
    )
    with pytest.raises(ValueError, match=message):
        mot.compare(*networks, [method], memory_limit=20 * 2**20, n_jobs=1)


def test_methods_get_the_threads_that_keep_to_the_limit():
    networks = tuple(OnPaper(1000, 100).network(name) for name in ("one", "other"))
    within = partial(threads_within, networks=networks, size=(networks[0].n_stimuli - 200, 200), n_threads=16)
    assert within(2**40, ["mot", "linear", "rsa"]) == {"mot": 16, "linear": 16, "rsa": 16}
    assert within(2**26, ["linear", "rsa"]) == {"linear": 10, "rsa": 1}


def printed_by(code, **environment):
    """What a program prints that runs in a fresh process."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize("products", _core.available_products())
@pytest.mark.parametrize(("n_stimuli", "n_units"), [(5000, 2000), (193, 40_001)])
def test_a_standardized_layer_takes_what_is_counted(products, n_stimuli, n_units):
    """Less in single precision alone, which has no rounded values; large pages are taken as a whole."""
    code = f"""
        import numpy as np, psutil
        from mot_fast import _core
        resident = lambda: psutil.Process().memory_info().rss
        values = np.random.default_rng(0).standard_normal(({n_stimuli}, {n_units}), dtype=np.float32)
        _core.StandardizedLayer(values[:, :20])
        before = resident()
        layer = _core.StandardizedLayer(values)
        print(resident() - before)
    """
    taken = int(printed_by(code, MOT_FAST_PRODUCTS=products))
    expected = memory_budget.standardized_bytes(n_stimuli, n_units)
    if products == "float32":
        expected = 4 * n_stimuli * n_units
    assert taken == pytest.approx(expected, rel=0.05, abs=4 * 2**20)


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize("products", _core.available_products()[:1] + _core.available_products()[-1:])
def test_memory_stays_within_the_limit(products):
    """In a fresh process, over the inputs: many stimuli, very many, many units, nearly alike ones, copies."""
    code = """
        import numpy as np, mot_fast as mot
        from mot_fast.system.resource_usage import measure_usage
        mot.align([np.random.default_rng(2).random((50, 5))], [np.random.default_rng(3).random((50, 5))], n_jobs=1)
        rng = np.random.default_rng(0)
        draw = rng.standard_normal

        def align(x, y, limit, n_jobs):
            with measure_usage() as usage:
                mot.align([x], [y], memory_limit=limit * 2**20, n_jobs=n_jobs)
            print(usage.peak_bytes / 2**20, limit)

        cases = [((20_000, 60), 0, 30), ((100_000, 60), 0, 18), ((30, 2000), 0, 32), ((60, 900), 1e4, 24)]
        for n_jobs in (1, 2):
            for shape, outlier, limit in cases:
                x, y = (draw(shape, dtype=np.float32) for _ in range(2))
                x[7] += outlier
                y[7] += outlier
                align(x, y, limit, n_jobs)
            causes = draw((110, 150), dtype=np.float32)
            align(causes[:, rng.integers(0, 150, 3000)], causes[:, rng.integers(0, 150, 1000)], 32, n_jobs)
    """
    for line in printed_by(code, MOT_FAST_PRODUCTS=products).splitlines():
        peak, limit = map(float, line.split())
        assert peak <= limit
