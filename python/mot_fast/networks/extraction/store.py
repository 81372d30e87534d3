"""A folder to which the activations of a network are appended, and which stays usable if the run is killed.

Every layer is a `.npy` file, whose rows are written behind its header. The number of valid rows stands in
`network.json`, which is replaced in one step after the layers are on the disk: later rows are written again.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np

from mot_fast._validate import Array
from mot_fast.networks.extraction.lock import LOCK_FILE
from mot_fast.networks.extraction.request import Progress, Request, earlier_progress, index_fields
from mot_fast.networks.files.activation_index import INDEX, read_index
from mot_fast.networks.files.checksum import crc32, crc32_of_region
from mot_fast.networks.stimulus_digest import NO_STIMULI
from mot_fast.system import atomic_write
from mot_fast.system.memory import format_bytes

SECONDS_BETWEEN_RECORDS = 5.0
"""Seconds of work that a kill may cost; more frequent records would wait for the disk."""


def make_folder(folder: Path) -> None:
    """Make the folder, unless it exists.

    Raises
    ------
    OSError
        If the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"folder: expected a folder to write to, found none at {folder} ({error})") from error


class ActivationStore:
    """A folder of activations, new or continued from an earlier run of the same request; a context manager.

    The end of the `with` block completes the folder. After an error in the block, a later run can continue, or start
    anew if no activations were written.

    Parameters
    ----------
    folder : Path
        The folder, which is made unless it exists.
    request : Request

    Raises
    ------
    OSError
        If the folder cannot be written to.
    ValueError
        If the folder holds other files, an extraction of another request, or a damaged extraction.
    """

    def __init__(self, folder: Path, request: Request) -> None:
        self.folder = folder
        self.request = request
        self.files = tuple(folder / f"layer{l:03}.npy" for l in range(len(request.labels)))
        self._dtype = np.dtype(request.dtype).newbyteorder("<")
        self.was_begun = (folder / INDEX).exists()
        """Whether an earlier run began the folder."""
        # `progress` is replaced in one step, so that an interrupt cannot leave it half changed.
        n_layers = len(self.files)
        self.progress = Progress(0, NO_STIMULI, (0.0,) * n_layers, (0,) * n_layers, is_complete=False)
        if self.was_begun:
            self._continue()
        else:
            self._check_new()
            self._write_header()
            self._write_empty_layers()
        self._recorded = time.monotonic()

    def append(self, arrays: Sequence[Array], digest: str) -> None:
        """Append the activations `(n, n_units)` of the next stimuli, one array for each layer.

        Parameters
        ----------
        arrays : sequence of array
        digest : str
            Digest of all stimuli up to the last of these.

        Raises
        ------
        OSError
            If the activations cannot be written; those of earlier stimuli remain valid.
        """
        before, checksums = self.progress, []
        with self._writing():
            for l, (file, width, values) in enumerate(zip(self.files, self.request.widths, arrays, strict=True)):
                numbers = np.ascontiguousarray(values, dtype=self._dtype).data
                checksums.append(crc32(numbers, before.checksums[l] or 0))
                with file.open("r+b") as stream:
                    stream.seek(self._end(width, before.n_stimuli))
                    stream.write(numbers)
        largest = [float(max(known, np.abs(x).max())) for known, x in zip(before.largest, arrays, strict=True)]
        n_stimuli = before.n_stimuli + len(arrays[0])
        self.progress = Progress(n_stimuli, digest, tuple(largest), tuple(checksums), is_complete=False)
        if time.monotonic() - self._recorded > SECONDS_BETWEEN_RECORDS:
            with self._writing():
                self.record()

    def check_space(self, n_stimuli: int) -> None:
        """Raise where the disk has no room for the activations of all of so many stimuli.

        Raises
        ------
        OSError
            If it has not.
        """
        n_left = max(0, n_stimuli - self.progress.n_stimuli)
        needed, free = n_left * sum(self.request.widths) * self._dtype.itemsize, shutil.disk_usage(self.folder).free
        if needed > free:
            raise OSError(
                f"folder: expected room for {format_bytes(needed)}, the activations of {n_left} stimuli, found "
                f"{format_bytes(free)} free at {self.folder}"
            )

    def rows(self, start: int, stop: int) -> list[Array]:
        """Read the stored activations `(n, n_units)` of some stimuli, one array for each layer."""
        found = []
        for file, width in zip(self.files, self.request.widths, strict=True):
            with file.open("rb") as stream:
                stream.seek(self._end(width, start))
                numbers = stream.read((stop - start) * width * self._dtype.itemsize)
            found.append(np.frombuffer(numbers, self._dtype).reshape(stop - start, width))
        return found

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Name the folder, and how to continue, in the errors of writing."""
        try:
            yield
        except OSError as error:
            raise OSError(
                f"{self.folder}: the activations could not be written, and what is there is kept; the same extraction "
                f"goes on from there ({error})"
            ) from error

    def record(self) -> None:
        """Wait until the appended activations are on the disk, and record the progress in `network.json`."""
        for file in self.files:
            with file.open("r+b") as stream:
                os.fsync(stream.fileno())
        self._write_header()
        self._recorded = time.monotonic()

    def __enter__(self) -> ActivationStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.progress.is_complete:
            return
        if kind is None:
            with self._writing():
                self._finish()
            return
        with suppress(OSError):  # the error that ended the block is more informative
            # After an error without any activations, a later run may have another request.
            if isinstance(error, Exception) and not self.progress.n_stimuli:
                for file in (self.folder / INDEX, *self.files):
                    file.unlink(missing_ok=True)
                return
            for file, width in zip(self.files, self.request.widths, strict=True):
                os.truncate(file, self._end(width, self.progress.n_stimuli))  # makes room on a full disk for the record
            self.record()

    def _finish(self) -> None:
        n_stimuli = self.progress.n_stimuli
        for file, width in zip(self.files, self.request.widths, strict=True):
            with file.open("r+b") as stream:
                stream.write(self._npy_header(width, n_stimuli))
                stream.truncate(self._end(width, n_stimuli))
        self.progress = replace(self.progress, is_complete=True)
        self.record()

    def _check_new(self) -> None:
        make_folder(self.folder)
        there = [path for path in self.folder.iterdir() if path.name != LOCK_FILE]
        strangers = [path.name for path in there if not atomic_write.is_temporary(path)]
        if strangers:
            raise ValueError(
                f"folder: expected a new or empty folder or one of an earlier extraction, found {self.folder} with "
                f"'{min(strangers)}' in it"
            )
        self._remove_abandoned()

    def _continue(self) -> None:
        path = self.folder / INDEX
        self.progress = earlier_progress(read_index(path), self.request, str(path))
        self._remove_abandoned()
        if not self.progress.n_stimuli:  # the earlier run may have ended before it wrote the layers
            self._write_empty_layers()
        for file, width in zip(self.files, self.request.widths, strict=True):
            size, expected = file.stat().st_size if file.exists() else 0, self._end(width, self.progress.n_stimuli)
            if size < expected:
                raise ValueError(
                    f"{file}: expected at least {expected} bytes, as {INDEX} counts {self.progress.n_stimuli} "
                    f"stimuli, found {size}; remove the folder to extract anew"
                )
        if not self.progress.is_complete:
            self.check_numbers()

    def _remove_abandoned(self) -> None:
        """Remove temporary files of runs that were killed; the lock keeps other runs out."""
        for path in filter(atomic_write.is_temporary, self.folder.iterdir()):
            path.unlink()

    def check_numbers(self) -> None:
        """Compare the stored numbers with the recorded checksums, and record those that are missing.

        Raises
        ------
        ValueError
            If the numbers were altered or damaged.
        """
        found = []
        for file, width, expected in zip(self.files, self.request.widths, self.progress.checksums, strict=True):
            start = self._end(width, 0)
            found.append(crc32_of_region(file, start, self._end(width, self.progress.n_stimuli) - start))
            if expected not in (None, found[-1]):
                raise ValueError(
                    f"{file}: expected the numbers whose digest is in {INDEX}, found altered or damaged ones; remove "
                    "the folder to extract anew"
                )
        self.progress = replace(self.progress, checksums=tuple(found))

    def _write_empty_layers(self) -> None:
        for file, width in zip(self.files, self.request.widths, strict=True):
            file.write_bytes(self._npy_header(width, 0))

    def _write_header(self) -> None:
        names = tuple(file.name for file in self.files)
        with atomic_write.open_atomically(self.folder / INDEX) as file:
            file.write(json.dumps(index_fields(self.request, self.progress, names), indent=1).encode())

    def _npy_header(self, width: int, n_stimuli: int) -> bytes:
        """Header of a layer's file, equally long for any number of stimuli: numpy leaves room for growth."""
        stream = io.BytesIO()
        fields = {"descr": self._dtype.str, "fortran_order": False, "shape": (n_stimuli, width)}
        np.lib.format.write_array_header_1_0(stream, fields)
        return stream.getvalue()

    def _end(self, width: int, n_stimuli: int) -> int:
        """Offset in a layer's file at which the numbers of the first `n_stimuli` stimuli end."""
        return len(self._npy_header(width, n_stimuli)) + n_stimuli * width * self._dtype.itemsize
