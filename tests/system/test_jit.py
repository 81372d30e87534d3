from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading

import numba
import numpy as np
import pytest

import mot_fast as mot
from mot_fast.system import jit


def raise_by_one(values):
    total = 0.0
    for i in range(len(values)):
        values[i] += 1.0
        total += values[i]
    return total


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """numba's cache of a process that has said nothing yet."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(jit, "_has_warned", threading.Event())
    return tmp_path / "cache"


def assert_it_runs_once(function):
    values = np.arange(4.0)
    assert function(values) == 10.0
    np.testing.assert_array_equal(values, [1.0, 2.0, 3.0, 4.0])


def messages(caplog):
    found = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return found


def test_machine_code_is_kept_and_read_again(cache, caplog):
    assert_it_runs_once(jit.compiled(raise_by_one))
    assert messages(caplog) == ["compiling raise_by_one for this machine, some seconds, once"]
    kept = {file: file.read_bytes() for file in cache.rglob("*.nb?")}
    assert {file.suffix for file in kept} == {".nbi", ".nbc"}
    again = jit.compiled(raise_by_one)
    assert_it_runs_once(again)
    assert again(np.arange(3, dtype=np.float32)) == 6.0  # types that come later are compiled too
    assert messages(caplog) == []
    assert all(file.read_bytes() == content for file, content in kept.items() if file.suffix == ".nbc")


def empty(_):
    return b""


def cut(content):
    return content[: len(content) // 2]


def garbage(content):
    return np.random.default_rng(0).bytes(len(content))


def a_class_that_is_gone(_):
    return b"cno_such_module\nThing\n."


def one_bit_changed(content):
    return content[:-900] + bytes([content[-900] ^ 4]) + content[-899:]


DAMAGES = [empty, cut, garbage, a_class_that_is_gone, one_bit_changed]


@pytest.mark.parametrize(
    ("suffix", "damage"), [*((".nbi", damage) for damage in DAMAGES[:4]), *((".nbc", damage) for damage in DAMAGES)]
)
def test_a_damaged_cache_is_told_once_and_is_no_error(cache, caplog, suffix, damage):
    assert_it_runs_once(jit.compiled(raise_by_one))
    (file,) = cache.rglob(f"*{suffix}")
    file.write_bytes(damage(file.read_bytes()))
    messages(caplog)
    for _ in range(2):
        assert_it_runs_once(jit.compiled(raise_by_one))
    (message,) = messages(caplog)
    assert message.startswith(f"numba compiles anew in every process, some seconds: the cache in {file.parent}")
    assert "remove what is damaged there" in message


def test_machine_code_without_a_checksum_is_compiled_again(cache, caplog):
    numba.njit(cache=True, nogil=True)(raise_by_one)(np.arange(4.0))
    (file,) = cache.rglob("*.nbc")
    without = file.read_bytes()
    assert_it_runs_once(jit.compiled(raise_by_one))
    assert file.read_bytes() != without
    assert messages(caplog) == []


@pytest.mark.usefixtures("cache")
def test_a_full_disk_is_told_and_is_no_error(caplog, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "_save_data", full)
    assert_it_runs_once(jit.compiled(raise_by_one))
    assert "No space left on device" in messages(caplog)[-1]


@pytest.mark.usefixtures("cache")
def test_no_folder_for_a_cache_is_told_and_is_no_error(caplog, monkeypatch):
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
    for _ in range(2):
        assert_it_runs_once(jit.compiled(raise_by_one))
    (message,) = messages(caplog)
    assert "no locator available" in message
    assert "set NUMBA_CACHE_DIR to a folder that can be written to" in message


@pytest.mark.usefixtures("cache")
def test_what_numba_cannot_compile_is_no_fault_of_the_cache(caplog):
    with pytest.raises(numba.TypingError):
        jit.compiled(raise_by_one)(object())
    assert all("anew" not in message for message in messages(caplog))


@pytest.mark.processes
def test_everything_runs_without_numba(tmp_path):
    rng = np.random.default_rng(0)
    source, target = ([rng.random((30, n)) for n in widths] for widths in ((3, 4), (5, 2)))
    np.savez(tmp_path / "layers.npz", *source, *target)
    code = (
        "import sys, numpy as np, mot_fast as mot; a, b, c, d = np.load(sys.argv[1]).values()\n"
        "alignment = mot.align([a, b], [c, d], rotate=True)\n"
        "print(mot.hierarchy(np.eye(3)), alignment.cost, alignment.score([a, b], [c, d]).value)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "layers.npz"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    alignment = mot.align(source, target, rotate=True)
    expected = [1.0, alignment.cost, alignment.score(source, target).value]
    np.testing.assert_allclose([float(number) for number in result.stdout.split()], expected, rtol=1e-12)
