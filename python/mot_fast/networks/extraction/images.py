"""Reads image files with Pillow as RGB images of eight bits, and refuses what has no such form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mot_fast.system import optional

_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
_STEPS = 257
"""Quotient of the largest numbers of sixteen and of eight bits."""
_MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", *_SIXTEEN_BITS)


def check_image(path: Path) -> None:
    """Check that a file begins as a still image, without decoding it.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError, ValueError
        If the file is no image that Pillow knows, is animated or has several pages, or has numbers of unknown range.
    """
    with _opened(path) as image:
        # The second picture of an MPO file, which many cameras write, is a preview or a map of depths.
        if getattr(image, "is_animated", False) and image.format != "MPO":
            raise ValueError(
                f"{path}: expected a still image, found {image.n_frames} frames or pages; save the one that is the "
                "stimulus as a file of its own"
            )
        if image.mode not in _MODES:
            raise ValueError(
                f"{path}: expected an image of 8 or 16 bits a channel, found mode {image.mode}, whose range is "
                "unknown; save it with 8 bits a channel"
            )


def read_image(path: Path) -> tuple[Any, bool]:
    """Read an image upright, as its EXIF orientation says, in RGB.

    Parameters
    ----------
    path : Path

    Returns
    -------
    image : PIL.Image.Image
        The image in mode RGB. Gray levels are repeated, 16 bits are scaled to 8, palettes and other colour spaces are
        converted by Pillow, and transparency is dropped: transparent pixels have the colours that the file gives them.
    is_transparent : bool
        Whether any pixel was transparent.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If the file is damaged, or cut off.
    """
    from PIL import Image, ImageOps

    with _opened(path) as opened:
        try:
            image = ImageOps.exif_transpose(opened)
            is_transparent = image.has_transparency_data and _alpha(image)[0] < 255
            if image.mode in _SIXTEEN_BITS:
                image = Image.fromarray(np.rint(np.asarray(image) / _STEPS).astype(np.uint8))
            return image.convert("RGB"), is_transparent
        except Exception as error:  # decoders raise errors of many types
            if isinstance(error, MemoryError):
                raise
            raise OSError(f"{path}: expected a whole image, found one that cannot be decoded ({error})") from error


def _alpha(image: Any) -> tuple[int, int]:
    """Least and largest opacity of an image with transparency."""
    extrema: tuple[int, int] = image.convert("RGBA").getchannel("A").getextrema()
    return extrema


def _opened(path: Path) -> Any:
    """Open an image, whose pixels are not decoded yet."""
    image_module = optional.library("PIL.Image", "images as stimuli need")
    try:
        return image_module.open(path)
    except Exception as error:  # readers of headers raise errors of many types
        if isinstance(error, MemoryError):
            raise
        found = "an empty file" if path.exists() and not path.stat().st_size else f"another file ({error})"
        raise OSError(f"{path}: expected an image that Pillow reads, found {found}") from error
