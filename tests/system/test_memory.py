from __future__ import annotations

import itertools

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
