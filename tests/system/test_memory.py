from __future__ import annotations

import itertools
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mot_fast as mot
from mot_fast.analysis.method_memory import threads_within
from mot_fast.networks.network import Layer, Network
from mot_fast.system import memory


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(0, 30), st.integers(1, 5), st.integers(0, 40))
def test_blocks_take_every_item_once_and_as_many_as_fit(sizes, enough, wanted, most):
    blocks = list(memory.blocks(sizes, enough, wanted, most))
    assert [item for block in blocks for item in block] == list(range(len(sizes)))
    for block, following in itertools.zip_longest(blocks, blocks[1:]):
        total = sum(sizes[item] for item in block)
        assert total <= most or len(block) == 1
        assert total <= enough or len(block) <= wanted
        if following is None:
            continue
        total += sizes[following[0]]
        assert total > most or (total > enough and len(block) >= wanted)


class ControlGroups:
    """A tree of files as the system shows it."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        monkeypatch.setattr(memory, "_GROUPS", folder)
        monkeypatch.setattr(memory, "_PROCESS_GROUPS", folder / "groups")

    def hold_this_process(self, *lines):
        (self.folder / "groups").write_text("".join(f"{line}\n" for line in lines))

    def write(self, path, version, limit, usage, cached=0):
        names = memory._GROUP_FILES[version]
        group = self.folder / path
        group.mkdir(parents=True, exist_ok=True)
        (group / names[0]).write_text(f"{limit}\n")
        (group / names[1]).write_text(f"{usage}\n")
        (group / "memory.stat").write_text(f"anon 17\n{names[2]} {cached}\nunevictable 5\n")


@pytest.fixture
def groups(tmp_path, monkeypatch):
    return ControlGroups(tmp_path, monkeypatch)


def test_without_a_control_group_the_system_says_what_is_left(groups):
    assert 0 < memory.available() <= psutil.virtual_memory().total
    groups.hold_this_process("4:memory:/gone", "0::/gone/too")
    assert 0 < memory.available() <= psutil.virtual_memory().total


def test_a_control_group_limits_what_is_available(groups):
    groups.hold_this_process("7:pids:/", "0::/job")
    groups.write("job", 2, 1_000_000, 400_000)
    assert memory.available() == 600_000
    groups.write("job", 2, 1_000_000, 400_000, cached=300_000)
    assert memory.available() == 900_000
    groups.write("job", 2, 1_000_000, 1_000_001)
    assert memory.available() == 0
    groups.write("job", 2, "max", 400_000)
    assert memory.available() > 900_000


def test_a_group_further_out_may_limit_more(groups):
    groups.hold_this_process("0::/slurm/job")
    groups.write("slurm/job", 2, "max", 400_000)
    groups.write("slurm", 2, 900_000, 400_000)
    assert memory.available() == 500_000


def test_control_groups_of_the_first_version_count_too(groups):
    groups.hold_this_process("5:devices:/", "4:cpu,memory:/job", "0::/")
    groups.write("memory", 1, 9223372036854771712, 500_000)
    assert memory.available() > 700_000
    groups.write("memory/job", 1, 700_000, 500_000, cached=100_000)
    assert memory.available() == 300_000


def test_threads_are_as_many_as_may_hold_their_costs():
    budget = memory.Budget(2**30)
    assert budget.n_threads(8, 1000) == 8
    assert budget.n_threads(64, budget.costs) == 8
    assert budget.n_threads(64, 10 * budget.costs) == 8
    assert budget.n_threads(64, 1000, n_units=10_000) < 16
    assert memory.Budget(1).n_threads(4, 10**9) >= 1


@given(st.integers(1, 2**40), st.integers(3, 10**6), st.integers(1, 10**5), st.integers(1, 10**5), st.integers(1, 64))
def test_shares_and_what_a_pair_needs_keep_to_the_limit(limit, n_stimuli, n, m, wanted):
    needed = memory.needed_by_transport(n_stimuli, n, m)
    budget = memory.Budget(limit).less(needed)
    threads = budget.n_threads(wanted, n * m, n + m)
    each = memory.BYTES_PER_UNIT * (n + m) + memory.BYTES_PER_COST * min(2 * n * m, budget.costs)
    of_threads = threads * each - memory.BYTES_PER_UNIT * (n + m) if threads > 1 else 0
    of_pair = memory.BYTES_PER_COST * (budget.costs_of_pair(needed) - memory.ALWAYS_COSTS)
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
            r"on 100000 stimuli needs about 93.7 MiB, and 48 MiB may be taken; raise memory_limit, or take fewer"
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
    within = partial(threads_within, networks=networks, n_held_out=200, n_permutations=20, n_threads=16)
    assert within(2**40, ["mot", "linear", "rsa"]) == {"mot": 16, "linear": 16, "rsa": 16}
    assert within(2**26, ["linear", "rsa"]) == {"linear": 10, "rsa": 1}


@pytest.mark.slow
@pytest.mark.processes
def test_memory_stays_within_the_limit():
    """In a fresh process, over the inputs: many stimuli, very many, many units, units that are nearly alike."""
    code = """
        import numpy as np, mot_fast as mot
        from mot_fast.system.resource_usage import measure_usage
        mot.align([np.random.default_rng(2).random((50, 5))], [np.random.default_rng(3).random((50, 5))], n_jobs=1)
        draw = np.random.default_rng(0).standard_normal
        cases = [((20_000, 60), 0), ((100_000, 60), 0), ((30, 2000), 0), ((60, 900), 1e4)]
        for (shape, outlier), limit in zip(cases, (30, 18, 32, 24)):
            x, y = (draw(shape, dtype=np.float32) for _ in range(2))
            x[7] += outlier
            y[7] += outlier
            with measure_usage() as usage:
                mot.align([x], [y], memory_limit=limit * 2**20, n_jobs=1)
            print(usage.peak_bytes / 2**20, limit)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        peak, limit = map(float, line.split())
        assert peak <= limit
