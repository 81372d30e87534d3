"""Reads .wav files as one channel of numbers between -1 and 1."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from mot_fast._validate import F64, Array


def read_sound(path: Path) -> tuple[F64, int]:
    """Read the samples of a .wav file, and its sampling rate in Hz.

    Parameters
    ----------
    path : Path

    Returns
    -------
    samples : array of shape (n_samples,)
        Integers are divided by the magnitude of the most negative one, as usual; numbers in floating point stay.
    sampling_rate : int

    Raises
    ------
    OSError, ValueError
        If the file is no .wav file or is cut off, or has several channels or no samples.
    """
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ".*EOF", wavfile.WavFileWarning)
            warnings.filterwarnings("ignore", "Chunk", wavfile.WavFileWarning)  # remarks of the program that wrote it
            sampling_rate, values = wavfile.read(path)
    except Exception as error:  # the reader raises errors of many types on damaged files
        if isinstance(error, MemoryError):
            raise
        raise OSError(f"{path}: expected a whole .wav file, found another ({error})") from error
    if values.ndim != 1 or not values.size:
        found = "no samples" if not values.size else f"{values.shape[1]} channels"
        raise ValueError(f"{path}: expected samples of one channel, found {found}; mix the channels beforehand")
    return _scaled(values), int(sampling_rate)


def _scaled(values: Array) -> F64:
    """Samples between -1 and 1."""
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    if values.dtype == np.uint8:  # eight bits have no sign
        return (values.astype(np.float64) - 128) / 128
    return values.astype(np.float64) / -float(np.iinfo(values.dtype).min)
