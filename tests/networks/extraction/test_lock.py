"""One extraction at a time writes to a folder."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mot_fast.networks.extraction.lock import exclusive_access

PROGRAM = """
import os, sys
from pathlib import Path
from mot_fast.networks.extraction.lock import exclusive_access
with exclusive_access(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), 9)
"""


def test_only_one_is_in(tmp_path):
    message = "folder: expected a folder that no other extraction is writing to, found one at work in"
    with exclusive_access(tmp_path), pytest.raises(BlockingIOError, match=message), exclusive_access(tmp_path):
        raise AssertionError
    with exclusive_access(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert not list(tmp_path.iterdir())


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_another_process_keeps_others_out_until_it_is_killed(tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(BlockingIOError, match="found one at work in"), exclusive_access(tmp_path):
            raise AssertionError
        process.communicate("\n")
    assert (tmp_path / ".lock").exists()
    with exclusive_access(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_without_a_place_for_a_lock_nobody_is_kept_out(tmp_path):
    with exclusive_access(tmp_path / "none"), exclusive_access(tmp_path / "none"):
        assert not list(tmp_path.iterdir())


def test_a_lock_that_was_removed_in_between_is_taken_anew(tmp_path, monkeypatch):
    from mot_fast.networks.extraction import lock

    taken = []

    def remove_first(descriptor):
        taken.append(descriptor)
        if len(taken) == 1:
            (tmp_path / ".lock").unlink()

    monkeypatch.setattr(lock, "_lock", remove_first)
    with exclusive_access(tmp_path):
        assert len(taken) == 2
        assert (tmp_path / ".lock").exists()
