"""The request and the progress of an extraction, which `network.json` records so that a later run can continue it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mot_fast.networks.files.activation_index import INDEX_FORMAT, INDEX_VERSION, ActivationIndex

POOLS = ("mean", "max", "cls", "last", "flatten", "none")
"""Names of the ways in which activations become one row for each stimulus."""
POOLS_OVER_POSITIONS = ("mean", "max")
"""Those that take all tokens or all pixels together, and may leave out the first token."""
_MAX_CHARACTERS = 200
"""Largest number of characters of a value in an error message."""


@dataclass(frozen=True)
class Request:
    """Request of an extraction; a run continues an earlier one if all fields but `name`, `versions` and
    `preprocessing` are equal.
    """

    name: str
    labels: tuple[str, ...]
    """Labels of the layers in depth order."""
    widths: tuple[int, ...]
    """Number of units of each layer."""
    stimuli_of: str
    """Kind of the identities of stimuli: "texts", "files", "inputs" or "identities"."""
    model: Mapping[str, Any]
    """The class and the digest of the model, and other facts about it."""
    pooling: Mapping[str, Any]
    dtype: str
    versions: Mapping[str, str | None]
    preprocessing: str | None = None
    """What made the inputs of files, in one line; None for other stimuli."""


@dataclass(frozen=True)
class Progress:
    """State of an extraction: the stimuli done so far."""

    n_stimuli: int
    digest: str
    """Digest of these stimuli."""
    largest: tuple[float, ...]
    """Largest magnitude in each layer so far."""
    checksums: tuple[int | None, ...]
    """CRC-32 of the numbers of each layer so far; None in an index of an early version, which recorded none."""
    is_complete: bool


def index_fields(request: Request, progress: Progress, files: tuple[str, ...]) -> dict[str, Any]:
    """Fields of `network.json`; `files` are the names of the files of the layers."""
    layers = zip(request.labels, files, request.widths, progress.largest, progress.checksums, strict=True)
    return {
        "format": INDEX_FORMAT,
        "version": INDEX_VERSION,
        "name": request.name,
        "n_stimuli": progress.n_stimuli,
        "is_complete": progress.is_complete,
        "layers": [
            {"label": label, "file": file, "n_units": width, "largest": largest, "crc32": crc32}
            for label, file, width, largest, crc32 in layers
        ],
        "stimuli": {"digest": progress.digest, "of": request.stimuli_of},
        "model": dict(request.model),
        "pooling": dict(request.pooling),
        "dtype": request.dtype,
        **({} if request.preprocessing is None else {"preprocessing": request.preprocessing}),
        **request.versions,
    }


def earlier_progress(found: ActivationIndex, request: Request, where: str) -> Progress:
    """Progress of an earlier run, from its index.

    Raises
    ------
    ValueError
        If the earlier run had another request.
    """
    progress = Progress(
        n_stimuli=found.n_stimuli,
        digest=found.digest,
        largest=tuple(0.0 if layer.largest is None else layer.largest for layer in found.layers),
        checksums=tuple(layer.crc32 for layer in found.layers),
        is_complete=found.is_complete,
    )
    if differences := _differences(found, request):
        raise ValueError(
            f"folder: expected what an earlier run began in {where}, found another request: {'; '.join(differences)}. "
            f"Give another folder, or remove this one"
        )
    return progress


def _differences(found: ActivationIndex, request: Request) -> list[str]:
    """Describe the fields in which the index and the request differ."""
    model = found.fields.get("model", {})
    pairs = {
        "model class": (model.get("class"), request.model["class"]),
        "digest of the model's numbers": (model.get("digest"), request.model["digest"]),
        "layers": (
            _layers((x.label, x.n_units) for x in found.layers),
            _layers(zip(request.labels, request.widths, strict=True)),
        ),
        "pooling": (found.fields.get("pooling"), dict(request.pooling)),
        "dtype": (found.dtype, request.dtype),
        "stimuli known by": (found.fields["stimuli"].get("of"), request.stimuli_of),
    }
    return [
        f"{what} {_shortened(there)} there, {_shortened(here)} now"
        for what, (there, here) in pairs.items()
        if there != here
    ]


def _layers(layers: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"'{label}' of {width}" for label, width in layers)


def _shortened(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]} ..."
