"""What stands beside extracted activations: which model, layers and stimuli they are of, and how far they have come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mot_fast.networks.files.activation_index import INDEX_FORMAT, INDEX_VERSION, ActivationIndex

_LONGEST = 200
"""Characters of a difference that are shown at most."""


@dataclass(frozen=True)
class Request:
    """What is to be extracted. Two runs of which anything but `name` and `versions` differs are not one."""

    name: str
    labels: tuple[str, ...]
    """Of the layers, in depth order."""
    widths: tuple[int, ...]
    """Units of each layer."""
    stimuli_of: str
    """What a stimulus is known by: "texts", "inputs" or "identities"."""
    model: Mapping[str, Any]
    """`class` and `digest`, and what else is to be remembered of it."""
    pooling: Mapping[str, Any]
    dtype: str
    versions: Mapping[str, str | None]


@dataclass(frozen=True)
class Progress:
    """How far an extraction has come."""

    n_stimuli: int
    digest: str
    """Of those stimuli."""
    largest: tuple[float, ...]
    """Of each layer, the largest magnitude so far."""
    checksums: tuple[int | None, ...]
    """Of each layer, CRC-32 of the numbers so far; None where an earlier version recorded none."""
    is_complete: bool


def header_of(request: Request, progress: Progress, files: tuple[str, ...]) -> dict[str, Any]:
    """The header, of which JSON can hold every value; `files` are those of the layers."""
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
        **request.versions,
    }


def progress_in(found: ActivationIndex, request: Request, where: str) -> Progress:
    """How far the extraction with this index has come, which must be of the same request.

    Raises
    ------
    ValueError
        If it is of another request.
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
    """What the index and the request do not have in common, in words."""
    model = found.fields.get("model", {})
    pairs = {
        "model class": (model.get("class"), request.model["class"]),
        "digest of the model's numbers": (model.get("digest"), request.model["digest"]),
        "layers": (_layers([(x.label, x.n_units) for x in found.layers]), _layers(_of(request))),
        "pooling": (found.fields.get("pooling"), dict(request.pooling)),
        "dtype": (found.dtype, request.dtype),
        "stimuli known by": (found.fields["stimuli"].get("of"), request.stimuli_of),
    }
    return [
        f"{what} {_shortened(there)} there, {_shortened(here)} now"
        for what, (there, here) in pairs.items()
        if there != here
    ]


def _of(request: Request) -> list[tuple[str, int]]:
    return list(zip(request.labels, request.widths, strict=True))


def _layers(layers: list[tuple[str, int]]) -> str:
    return ", ".join(f"'{label}' of {width}" for label, width in layers)


def _shortened(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
