"""Files of images and sounds, read as the models take them; images are skipped where Pillow is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.io import wavfile

from mot_fast.networks.extraction.images import check_image, read_image
from mot_fast.networks.extraction.sounds import read_sound

Image = pytest.importorskip("PIL.Image")

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 5, 4), dtype=np.uint8)
GRAY = PIXELS[..., 0]
SIXTEEN = GRAY.astype(np.uint16) * 257


def saved(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("name", "pixels", "expected"),
    [
        ("rgb.png", PIXELS[..., :3], PIXELS[..., :3]),
        ("rgb.bmp", PIXELS[..., :3], PIXELS[..., :3]),
        ("gray.png", GRAY, np.stack([GRAY] * 3, -1)),
        ("sixteen.png", SIXTEEN, np.stack([GRAY] * 3, -1)),
        ("sixteen.tif", SIXTEEN, np.stack([GRAY] * 3, -1)),
        ("big-endian.tif", SIXTEEN.astype(">u2"), np.stack([GRAY] * 3, -1)),
        ("rounded.png", np.where(SIXTEEN < 60000, SIXTEEN + 100, SIXTEEN), np.stack([GRAY] * 3, -1)),
        ("binary.png", GRAY > 127, np.stack([(GRAY > 127) * 255] * 3, -1)),
    ],
)
def test_images_become_rgb(name, pixels, expected, tmp_path):
    path = saved(tmp_path / name, pixels)
    check_image(path)
    image, is_transparent = read_image(path)
    assert (image.mode, is_transparent) == ("RGB", False)
    np.testing.assert_array_equal(np.asarray(image), expected)


def test_transparent_pixels_keep_their_colours_and_are_noticed(tmp_path):
    image, is_transparent = read_image(saved(tmp_path / "a.png", PIXELS))
    assert is_transparent
    np.testing.assert_array_equal(np.asarray(image), PIXELS[..., :3])
    opaque = PIXELS.copy()
    opaque[..., 3] = 255
    assert not read_image(saved(tmp_path / "b.png", opaque))[1]


def test_images_are_turned_upright(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held on its side
    image, _ = read_image(saved(tmp_path / "a.png", PIXELS[..., :3], exif=turned))
    np.testing.assert_array_equal(np.asarray(image), np.rot90(PIXELS[..., :3], -1))


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_animations_and_pages_are_refused(name, tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=f"{name}: expected a still image, found 3 frames or pages; save the one"):
        check_image(tmp_path / name)
    frames[0].save(tmp_path / name)
    check_image(tmp_path / name)


def test_without_pillow_it_is_named(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", GRAY)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match="images as stimuli need pillow: pip install pillow"):
        check_image(path)


def test_the_first_picture_of_a_camera_s_file_counts(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=frames[1:])
    check_image(tmp_path / "a.jpg")
    assert np.asarray(read_image(tmp_path / "a.jpg")[0])[0, 0, 0] > 200


@pytest.mark.parametrize(("dtype", "mode"), [(np.int32, "I"), (np.float32, "F")])
def test_numbers_of_unknown_range_are_refused(dtype, mode, tmp_path):
    path = saved(tmp_path / "a.tif", GRAY.astype(dtype))
    with pytest.raises(ValueError, match=f"a.tif: expected .* of 8 or 16 bits a channel, found mode {mode}, whose"):
        check_image(path)


def test_what_is_no_whole_image_is_refused(tmp_path):
    path = saved(tmp_path / "a.jpg", np.tile(PIXELS[..., :3], (20, 20, 1)))
    content = path.read_bytes()
    for part, message in (
        (b"", "found an empty file"),
        (b"a text", r"found another file \(cannot identify image file"),
    ):
        path.write_bytes(part)
        with pytest.raises(OSError, match=f"a.jpg: expected an image that Pillow reads, {message}"):
            check_image(path)
    path.write_bytes(content[: len(content) // 2])
    check_image(path)  # its beginning is in order
    with pytest.raises(OSError, match=r"a.jpg: expected a whole image, found one that cannot be decoded .*truncated"):
        read_image(path)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([-32768, 0, 16384], np.int16), [-1.0, 0.0, 0.5]),
        (np.array([-(2**31), 0, 2**30], np.int32), [-1.0, 0.0, 0.5]),
        (np.array([0, 128, 192], np.uint8), [-1.0, 0.0, 0.5]),
        (np.array([-0.25, 0.0, 2.0], np.float32), [-0.25, 0.0, 2.0]),
    ],
)
def test_samples_lie_between_minus_one_and_one(values, expected, tmp_path):
    wavfile.write(tmp_path / "a.wav", 8000, values)
    samples, rate = read_sound(tmp_path / "a.wav")
    assert (samples.tolist(), rate) == (expected, 8000)


def test_remarks_in_a_sound_do_not_matter(tmp_path):
    wavfile.write(tmp_path / "a.wav", 8000, np.ones(4, np.int16))
    with (tmp_path / "a.wav").open("ab") as file:
        file.write(b"what\x04\0\0\0ever")
    assert len(read_sound(tmp_path / "a.wav")[0]) == 4


def test_what_is_no_whole_sound_of_one_channel_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    for content, message in ((b"", r"expected a whole .wav file, found another \("), (b"text" * 9, "found another")):
        path.write_bytes(content)
        with pytest.raises(OSError, match=f"a.wav: .*{message}"):
            read_sound(path)
    for values, found in ((np.zeros((5, 2), np.int16), "2 channels"), (np.zeros(0, np.int16), "no samples")):
        wavfile.write(path, 8000, values)
        with pytest.raises(ValueError, match=f"a.wav: expected samples of one channel, found {found}; mix"):
            read_sound(path)
    wavfile.write(path, 8000, np.zeros(1000, np.int16))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(OSError, match=r"a.wav: expected a whole .wav file, found another \(Reached EOF prematurely"):
        read_sound(path)
