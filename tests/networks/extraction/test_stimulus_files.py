"""What a path or a list of stimuli holds, in which order, and by which identities the stimuli are known."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from mot_fast.networks.extraction.stimulus_files import files_in, find_stimuli


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def test_a_folder_is_taken_in_the_order_of_its_sorted_paths(tmp_path):
    put(tmp_path, "b.png", "a/2.JPEG", "a/10.tif", "a-b/1.gif", "Z.webp", ".hidden.png", ".checkpoints/c.png")
    found = find_stimuli(tmp_path)
    assert found.kind == "images"
    expected = [path for path in sorted(tmp_path.rglob("*")) if path.is_file() and "/." not in path.as_posix()]
    assert list(found.paths) == expected
    assert found.names == ("Z.webp", "a/10.tif", "a/2.JPEG", "a-b/1.gif", "b.png")


def test_a_list_keeps_its_order_and_names_files_by_their_deepest_common_folder(tmp_path):
    put(tmp_path, "images/b.png", "images/a/c.png", "other.txt")
    listed = tmp_path / "list.txt"
    listed.write_text("images/b.png \nimages/a/c.png\nimages/b.png\n")
    found = find_stimuli(listed)
    assert found.names == ("b.png", "a/c.png", "b.png")
    names = [tmp_path / "images" / name for name in found.names]
    assert found.paths == tuple(names)
    for paths in (names, list(map(str, names)), tuple(names), found):
        assert files_in(paths) == found
    assert set(find_stimuli(tmp_path / "images").identities()) == set(found.identities())


def test_texts_are_texts(tmp_path):
    (tmp_path / "texts.txt").write_bytes(b"\xef\xbb\xbfone\r\nthen a.png\n")
    assert find_stimuli(tmp_path / "texts.txt") == ["one", "then a.png"]
    for values in (["one", "then a.png"], [], [3.0], "a.png", None, {"a": 1}):
        assert files_in(values) is None


def test_names_and_contents_identify_files(tmp_path):
    put(tmp_path, "a.wav", "b.wav")
    found = find_stimuli(str(tmp_path))
    assert found.kind == "sounds"
    before = found.identities()
    assert before == [n.encode() + b"\0" + hashlib.blake2b(n.encode(), digest_size=20).digest() for n in found.names]
    assert found.select(slice(1, None)).identities() == before[1:]
    (tmp_path / "a.wav").write_bytes(b"other")
    assert [one == two for one, two in zip(find_stimuli(tmp_path).identities(), before, strict=True)] == [False, True]
    (tmp_path / "b.wav").rename(tmp_path / "c.wav")
    assert find_stimuli(tmp_path).identities()[1] != before[1]


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        ((), ValueError, r"expected images \(.jpg, .png, .tif, ...\) or sounds \(.wav\), found none in the folder"),
        (("a.png", "labels.csv"), ValueError, "found .*labels.csv; name those that are stimuli in a text file"),
        (("a.png", "b.wav"), ValueError, "expected images as .*a.png is one of them, found .*b.wav"),
    ],
)
def test_folders_of_other_things_are_refused(names, error, message, tmp_path):
    put(tmp_path, *names)
    with pytest.raises(error, match=message):
        find_stimuli(tmp_path)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("a.png\nb.png\n", FileNotFoundError, "list.txt, line 2: expected a file at .*b.png, found nothing"),
        ("a.png\nc.png\n", FileNotFoundError, "list.txt, line 2: expected a file at .*c.png, found a folder"),
        ("a.png\na text\n", ValueError, r"list.txt, line 2: expected images .*, found .*a text$"),
        ("a.png\n\n", ValueError, "list.txt: expected one text a line, found line 2 empty"),
    ],
)
def test_lists_of_other_things_are_refused(text, error, message, tmp_path):
    put(tmp_path, "a.png", "c.png/d.png")
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(error, match=message):
        find_stimuli(tmp_path / "list.txt")


def test_other_paths_are_refused(tmp_path):
    put(tmp_path, "a.png")
    with pytest.raises(
        FileNotFoundError, match=r"nothing: expected a text file, or a folder of images .* found nothing"
    ):
        find_stimuli(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"a.png: expected a folder of images .*, or a text file .*, found one file"):
        find_stimuli(tmp_path / "a.png")
    with pytest.raises(TypeError, match="batches: expected paths as the first one is, found int among them"):
        files_in([tmp_path / "a.png", 3])
    with pytest.raises(ValueError, match=r"batches: expected images .*, found b.txt$"):
        files_in([tmp_path / "a.png", "b.txt"])


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_followed_but_not_round_in_circles(tmp_path):
    put(tmp_path, "images/a.png", "elsewhere/b.png")
    (tmp_path / "images" / "linked").symlink_to(tmp_path / "elsewhere")
    assert find_stimuli(tmp_path / "images").names == ("a.png", "linked/b.png")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "images")
    with pytest.raises(ValueError, match="found a link to a folder that it is in"):
        find_stimuli(tmp_path / "images")
    (tmp_path / "elsewhere" / "back").unlink()
    (tmp_path / "images" / "gone.png").symlink_to(tmp_path / "nothing.png")
    with pytest.raises(FileNotFoundError, match=r"expected a file at .*gone.png, found nothing"):
        find_stimuli(tmp_path / "images")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything can be read here")
def test_what_cannot_be_read_is_named(tmp_path):
    put(tmp_path, "a.png", "b/c.png")
    found = find_stimuli(tmp_path)
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(OSError, match=r"a.png: expected a file that can be read, found Permission denied"):
        found.identities()
    (tmp_path / "b").chmod(0)
    with pytest.raises(OSError, match=r"b: expected a folder of images .*, found one that cannot be read"):
        find_stimuli(tmp_path)


def test_files_that_are_gone_are_named(tmp_path):
    put(tmp_path, "a.png")
    found = find_stimuli(tmp_path)
    Path(tmp_path / "a.png").unlink()
    with pytest.raises(OSError, match=r"a.png: expected a file that can be read, found No such file"):
        found.identities()
