"""`Preprocessing`, which makes a model's inputs of image and sound files, through the model's own processor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mot_fast._warnings import warn
from mot_fast.networks.extraction.images import check_image, read_image
from mot_fast.networks.extraction.inputs import Inputs, inputs_of
from mot_fast.networks.extraction.sounds import read_sound
from mot_fast.networks.extraction.stimulus_files import StimulusFiles


class Preprocessing:
    """Reads files, and makes the inputs of a model of them.

    Parameters
    ----------
    transform : callable
        A processor of `transformers`, which says with `model_input_names` that it is one; or a function from an image
        of Pillow in RGB, or from the samples and the sampling rate of a sound, to a tensor, an array or a mapping of
        these, for one stimulus.
    """

    def __init__(self, transform: Callable[..., Any]) -> None:
        self._transform = transform
        self._is_processor = hasattr(transform, "model_input_names")
        self._is_transparency_known = False

    def __call__(self, files: StimulusFiles, start: int) -> Inputs:
        """Make the inputs of some stimuli.

        Parameters
        ----------
        files : StimulusFiles
        start : int
            Position of the first file among all stimuli, for messages.

        Raises
        ------
        OSError, ValueError
            If a file cannot be read, has another sampling rate than the processor expects, or the transform fails or
            makes inputs of different shapes.

        Warns
        -----
        UserWarning
            Once, if an image has transparent pixels.
        """
        made: list[Mapping[str, Any]] = []
        for k, path in enumerate(files.paths):
            made.append(self._inputs_of_file(path, files.kind))
            expected, found = _shapes(made[0]), _shapes(made[-1])
            if found != expected:
                raise ValueError(
                    f"stimulus {start + k}: expected inputs of {expected}, as the first in its batch has, found "
                    f"{found} of {path}; batch_size=1 takes stimuli of different sizes"
                )
        return Inputs({key: torch.cat([each[key] for each in made]) for key in made[0]}, len(made))

    def _inputs_of_file(self, path: Path, kind: str) -> Mapping[str, Any]:
        given = self._image(path) if kind == "images" else self._sound(path)
        try:
            return self._one(*given)
        except Exception as error:
            if isinstance(error, MemoryError):
                raise
            raise ValueError(
                f"{path}: expected a stimulus that the model's transform takes, found one on which it fails ({error})"
            ) from error

    def _image(self, path: Path) -> tuple[Any, ...]:
        image, is_transparent = read_image(path)
        if is_transparent and not self._is_transparency_known:
            self._is_transparency_known = True
            warn(
                f"{path}: some images have transparent pixels, which are taken with the colours that the files give "
                "them, as most loaders do; if they should be seen before a background, save them with it"
            )
        return (image,)

    def _sound(self, path: Path) -> tuple[Any, ...]:
        samples, sampling_rate = read_sound(path)
        expected = getattr(self._transform, "sampling_rate", sampling_rate)
        if sampling_rate != expected:
            raise ValueError(
                f"{path}: expected a sampling rate of {expected} Hz, which is that of the model's processor, found "
                f"{sampling_rate} Hz; resample the sounds beforehand"
            )
        return samples, sampling_rate

    def _one(self, stimulus: Any, sampling_rate: int | None = None) -> Mapping[str, Any]:
        """Inputs of one stimulus, by their names, with the stimuli as first dimension."""
        if not self._is_processor:
            rate = () if sampling_rate is None else (sampling_rate,)
            made = self._transform(stimulus, *rate)
            made = {key: _with_stimuli(value) for key, value in made.items()} if isinstance(made, Mapping) else made
            return inputs_of(made if isinstance(made, Mapping) else _with_stimuli(made), "transform").entries
        if sampling_rate is None:
            made = self._transform(images=stimulus, return_tensors="pt")
        else:
            made = self._transform(stimulus, sampling_rate=sampling_rate, return_tensors="pt")
        # Nothing is padded in one stimulus alone, and masks of samples do not fit the frames that layers have.
        return {key: value for key, value in made.items() if key != "attention_mask"}

    def described(self) -> str:
        """The transform in one line, for `network.json`."""
        name = getattr(self._transform, "__qualname__", None)
        return " ".join(repr(self._transform).split()) if name is None else f"{self._transform.__module__}.{name}"


def check_files(files: StimulusFiles) -> None:
    """Check the beginnings of files that are quickly looked at, before a model runs for hours.

    Raises
    ------
    ImportError, OSError, ValueError
        If Pillow is missing, or a file is no still image.
    """
    if files.kind == "images":
        for path in files.paths:
            check_image(path)


def _with_stimuli(value: Any) -> Any:
    """One stimulus as a batch of one."""
    return value[None] if isinstance(value, torch.Tensor) else np.asarray(value)[None]


def _shapes(entries: Mapping[str, Any]) -> str:
    """Shapes of the inputs of one stimulus, by their names."""
    return ", ".join(f"{key} {tuple(value.shape[1:])}" for key, value in entries.items())
