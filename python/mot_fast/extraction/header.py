"""What stands beside extracted activations: which model, layers and stimuli they are of, and how far they have come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mot_fast.formats import INDEX_FORMAT, INDEX_VERSION

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
    is_complete: bool


def header_of(request: Request, progress: Progress, files: tuple[str, ...]) -> dict[str, Any]:
    """The header, of which JSON can hold every value; `files` are those of the layers."""
    layers = zip(request.labels, files, request.widths, progress.largest, strict=True)
    return {
        "format": INDEX_FORMAT,
        "version": INDEX_VERSION,
        "name": request.name,
        "n_stimuli": progress.n_stimuli,
        "is_complete": progress.is_complete,
        "layers": [
            {"label": label, "file": file, "n_units": width, "largest": largest}
            for label, file, width, largest in layers
        ],
        "stimuli": {"digest": progress.digest, "of": request.stimuli_of},
        "model": dict(request.model),
        "pooling": dict(request.pooling),
        "dtype": request.dtype,
        **request.versions,
    }


def progress_in(found: Any, request: Request, where: str) -> Progress:
    """How far the extraction with this header has come, which must be of the same request.

    Raises
    ------
    ValueError
        If it is of another request, or no such header, or one of another version.
    """
    try:
        version = (found["format"], found["version"])
        if version != (INDEX_FORMAT, INDEX_VERSION):
            raise ValueError(f"'{version[0]}' of version {version[1]}")
        differences = _differences(found, request)
        progress = Progress(
            n_stimuli=int(found["n_stimuli"]),
            digest=bytes.fromhex(found["stimuli"]["digest"]).hex(),
            largest=tuple(float(layer["largest"]) for layer in found["layers"]),
            is_complete=bool(found["is_complete"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{where}: expected '{INDEX_FORMAT}' of version {INDEX_VERSION}, found one that is damaged or of another "
            f"kind ({error!r})"
        ) from error
    if differences:
        raise ValueError(
            f"store: expected what an earlier run began in {where}, found another request: {'; '.join(differences)}. "
            f"Give another folder, or remove this one"
        )
    return progress


def _differences(found: Mapping[str, Any], request: Request) -> list[str]:
    """What the header and the request do not have in common, in words."""
    pairs = {
        "model class": (found["model"]["class"], request.model["class"]),
        "digest of the model's numbers": (found["model"]["digest"], request.model["digest"]),
        "layers": (_layers([(x["label"], x["n_units"]) for x in found["layers"]]), _layers(_of(request))),
        "pooling": (dict(found["pooling"]), dict(request.pooling)),
        "dtype": (found["dtype"], request.dtype),
        "stimuli known by": (found["stimuli"]["of"], request.stimuli_of),
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
