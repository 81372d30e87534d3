from __future__ import annotations

import itertools

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mot_fast import memory


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(0, 30), st.integers(1, 5))
def test_blocks_take_every_item_once_and_as_many_as_fit(sizes, most, at_least):
    blocks = list(memory.blocks(sizes, most, at_least))
    assert [item for block in blocks for item in block] == list(range(len(sizes)))
    for block, following in itertools.pairwise(blocks):
        assert len(block) >= at_least
        assert sum(sizes[item] for item in block) <= most or len(block) == at_least
        assert sum(sizes[item] for item in block) + sizes[following[0]] > most


@pytest.fixture
def control_group(tmp_path, monkeypatch):
    limit, usage = tmp_path / "limit", tmp_path / "usage"
    monkeypatch.setattr(memory, "_CGROUP_FILES", ((str(limit), str(usage)),))
    return limit, usage


@pytest.mark.usefixtures("control_group")
def test_without_a_control_group_the_system_says_what_is_left():
    assert 0 < memory.available() <= psutil.virtual_memory().total


def test_a_control_group_limits_what_is_available(control_group):
    limit, usage = control_group
    limit.write_text("1000000\n")
    usage.write_text("400000\n")
    assert memory.available() == 600_000
    usage.write_text("1000001\n")
    assert memory.available() == 0
    limit.write_text("max\n")
    assert memory.available() > 600_000


def test_threads_are_as_many_as_may_hold_their_costs():
    budget = memory.Budget(2**30)
    assert budget.n_threads(8, 1000) == 8
    assert budget.n_threads(64, budget.costs) == 8
    assert budget.n_threads(64, 10 * budget.costs) == 8
    assert memory.Budget(1).n_threads(4, 10**9) >= 1
