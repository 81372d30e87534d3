"""Files are written completely or not at all, wherever they are and whatever was there before."""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import stat

import numpy as np
import pytest

import mot_fast as mot
from mot_fast.cli import arguments, output
from mot_fast.system import atomic_write

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links, modes and pipes")


@pytest.fixture(scope="module")
def alignment():
    rng = np.random.default_rng(0)
    return mot.align([rng.random((20, 4))], [rng.random((20, 3))])


@functools.cache
def drawn(alignment):
    return alignment.plot()


WRITERS = {
    "alignment": lambda alignment, path: alignment.save(path),
    "report": mot.write_report,
    "picture": lambda alignment, path: output.save_picture(drawn(alignment), path),
    "text": lambda _, path: output.write_text(path, "text"),
}


@pytest.fixture(params=WRITERS)
def write(request, alignment):
    return lambda path: WRITERS[request.param](alignment, path)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_links_stay_and_files_keep_their_modes(write, tmp_path):
    """Through links of links, whether the file is there already or not."""
    (tmp_path / "real").mkdir()
    real, link, first = tmp_path / "real" / "x.png", tmp_path / "link.png", tmp_path / "first.png"
    link.symlink_to("real/x.png")
    first.symlink_to("link.png")
    before = os.umask(0o027)
    try:
        write(first)
    finally:
        os.umask(before)
    assert mode(real) == 0o640
    for kept in (0o604, 0o777):
        real.chmod(kept)
        write(first)
        assert mode(real) == kept
        assert first.is_symlink()
        assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["first.png", "link.png", "real", "x.png"]


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "é" * 125 + "n.png", "層" * 83 + "nn.png"], ids=["n", "é", "層"])
def test_names_may_be_as_long_as_the_disk_takes_them(write, tmp_path, name):
    write(tmp_path / name)
    write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_cannot_be_written_is_named(write, tmp_path):
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(OSError, match=r"loop.png: .*could not be written.*Too many levels of symbolic links"):
        write(tmp_path / "loop.png")
    (tmp_path / "gone.png").symlink_to("no/x.png")
    with pytest.raises(OSError, match=r"gone.png: .*could not be written.*No such file"):
        write(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "pipe")
    for name, place in (("pipe.png", "pipe"), ("null.png", "/dev/null"), ("folder.png", ".")):
        (tmp_path / name).symlink_to(place)
        with pytest.raises(OSError, match=rf"{name}: .*could not be written.*it is no file"):
            write(tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 6


def test_commands_tell_what_cannot_be_written_before_the_work(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("no/x.mot")
    for name in ("pipe", "loop", "gone", 256 * "n"):
        with pytest.raises(
            OSError, match=rf"{name}: expected a file to write to, found none that can be written \(.+\)"
        ):
            output.check_file(tmp_path / name)
    (tmp_path / "good").symlink_to("new.mot")
    output.check_file(tmp_path / "good")
    with pytest.raises(argparse.ArgumentTypeError, match=r"expected a path, found 'a\\x00'"):
        arguments.path("a\0")


def test_paths_that_no_disk_takes_are_named(alignment, tmp_path):
    for use in (alignment.save, mot.Alignment.load, lambda path: mot.write_report(alignment, path)):
        with pytest.raises(ValueError, match=r"path: expected a path, found '.*a\\x00b', in which"):
            use(f"{tmp_path}/a\0b")
        with pytest.raises(ValueError, match="path: expected a path, found an empty one"):
            use("")


def test_a_file_that_may_not_be_written_to_is_not_replaced(write, tmp_path, monkeypatch):
    (tmp_path / "x.png").write_text("kept")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write to everything
    with pytest.raises(OSError, match=r"x.png: .*could not be written.*it may not be written to"):
        write(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_text() == "kept"


def interrupted_first(function, n_times=2):
    """The function, whose first calls are interrupted."""
    calls = []

    def call(*arguments, **options):
        calls.append(arguments)
        if len(calls) <= n_times:
            raise KeyboardInterrupt
        return function(*arguments, **options)

    return call


def test_interrupts_while_cleaning_up_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "rmtree", interrupted_first(shutil.rmtree))
    monkeypatch.setattr(atomic_write, "_unlink", interrupted_first(atomic_write._unlink))
    with pytest.raises(KeyboardInterrupt), atomic_write.temporary_folder("some-") as folder:
        (folder / "x").write_text("")
    with pytest.raises(KeyboardInterrupt), atomic_write.open_atomically(tmp_path / "file") as file:
        raise OSError(file.name)
    assert list(tmp_path.iterdir()) == []
